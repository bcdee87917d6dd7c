//! Labels, which this version calls shipments: bought for orders and without, found, priced and voided.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::super::access;
use super::super::super::catalog::{CATALOG, Carrier, Package, Service};
use super::super::super::labels::{self, Purchase};
use super::super::super::rates::{self, Load};
use super::super::super::wire::address::{Address, Dimensions, Weight};
use super::super::super::wire::label::Label;
use super::super::super::wire::money::Money;
use super::super::super::wire::order::{self, Members, Order};
use super::super::super::wire::{self, LABEL, STORE, WAREHOUSE, date};
use super::super::dialect::{message, null_reference};
use super::super::listing::{self, SHIPMENTS};
use super::create;
use crate::base::json::Written;
use crate::carrier::Location;
use crate::carrier::print::{Format, Paper};
use crate::carrier::rating::Options;
use crate::engine::{Cx, Json, Outcome, Refusal, Reply};

/// The number that a test label has instead of one.
const TEST: i64 = -1;
const TEST_NUMBER: &str = "99999999999999999999";

/// A label as this version shows it, with the decimals that were recorded.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shipment {
    shipment_id: i64,
    order_id: Option<u64>,
    order_key: Option<String>,
    user_id: Option<String>,
    customer_email: Option<String>,
    order_number: Option<String>,
    create_date: Option<String>,
    ship_date: Option<Date>,
    shipment_cost: Option<Written>,
    insurance_cost: Option<Written>,
    tracking_number: Option<String>,
    is_return_label: bool,
    batch_number: Option<String>,
    carrier_code: Option<&'static str>,
    service_code: Option<String>,
    package_code: Option<String>,
    confirmation: Option<String>,
    warehouse_id: Option<u64>,
    voided: bool,
    void_date: Option<String>,
    marketplace_notified: bool,
    notify_error_message: Option<String>,
    ship_to: Option<Address>,
    weight: Option<ShownWeight>,
    dimensions: Option<ShownSize>,
    insurance_options: Option<Insurance>,
    advanced_options: Value,
    shipment_items: Value,
    label_data: Option<String>,
    form_data: Option<String>,
}

#[derive(Serialize)]
struct ShownWeight {
    value: Written,
    units: String,
    #[serde(rename = "WeightUnits")]
    unit: usize,
}

#[derive(Serialize)]
struct ShownSize {
    units: String,
    length: Written,
    width: Written,
    height: Written,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Insurance {
    provider: Value,
    insure_shipment: bool,
    insured_value: Written,
}

/// What the purchase for an order is answered with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bought {
    shipment_id: i64,
    shipment_cost: Option<Written>,
    insurance_cost: Option<Written>,
    tracking_number: Option<String>,
    label_data: Option<String>,
    form_data: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rate {
    service_name: String,
    service_code: &'static str,
    shipment_cost: Written,
    other_cost: Written,
}

impl Shipment {
    fn of(label: Label, shows_items: bool) -> Self {
        let fact = |name: &str| label.more.get(name).cloned().unwrap_or_default();
        Self {
            shipment_id: label.id.try_into().unwrap_or_default(),
            // What version 2 sold without an order has none.
            order_id: label.order.filter(|_| label.order_number.is_some()),
            user_id: label.user,
            create_date: Some(date::stamp(label.created)),
            ship_date: Some(label.ship_date),
            shipment_cost: Some(label.cost.scaled(2)),
            insurance_cost: Some(label.insurance_cost.scaled(2)),
            tracking_number: Some(label.tracking_number),
            is_return_label: label.is_return,
            batch_number: fact("batchNumber").as_str().map(str::to_owned),
            carrier_code: CATALOG.carrier_of(label.carrier).map(|carrier| carrier.code.as_str()),
            service_code: Some(label.service),
            package_code: label.package,
            confirmation: label.confirmation,
            warehouse_id: label.warehouse,
            voided: label.voided.is_some(),
            void_date: label.voided.map(date::stamp),
            ship_to: Some(Address { residential: None, address_verified: None, ..label.to }),
            weight: label.weight.map(|weight| {
                let unit = create::UNITS.iter().position(|unit| *unit == weight.units).unwrap_or(1);
                ShownWeight { value: weight.value.scaled(2), units: weight.units, unit }
            }),
            dimensions: label.dimensions.map(|size| ShownSize {
                units: size.units,
                length: size.length.scaled(2),
                width: size.width.scaled(2),
                height: size.height.scaled(2),
            }),
            insurance_options: Some(Insurance {
                provider: fact("insuranceOptions")["provider"].clone(),
                insure_shipment: fact("insuranceOptions")["insureShipment"] == true,
                insured_value: Money::from(fact("insuranceOptions")["insuredValue"].clone()).scaled(1),
            }),
            advanced_options: Some(fact("advancedOptions")).filter(Value::is_object).unwrap_or_else(|| billing(&Value::Null, label.store)),
            shipment_items: if shows_items { fact("shipmentItems") } else { Value::Null },
            order_key: label.order_key,
            order_number: label.order_number,
            customer_email: label.customer_email,
            ..Self::default()
        }
    }
}

/// Whether the number of a carrier, in a stored label, is that of a code.
pub(in crate::vendors::shipstation::v1) fn is_of_carrier(id: &Value, code: &str) -> bool {
    CATALOG.carrier(code).is_some_and(|carrier| *id == carrier.id)
}

/// Labels that pass all filters, voided ones too; their lines only when they are asked for.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let shows_items = listing::is_asked(cx.call, "includeShipmentItems");
    let page = SHIPMENTS.read(cx.call)?.documents(&cx.docs, LABEL)?.read().map(|label| Shipment::of(label, shows_items));
    Ok(listing::page("shipments", page, listing::is_short(cx.call)))
}

/// What both ways to a label are told.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::vendors::shipstation::v1) struct Wanted {
    #[serde(default, deserialize_with = "wire::id_or_none")]
    order_id: Option<u64>,
    carrier_code: String,
    service_code: String,
    package_code: Option<String>,
    confirmation: Option<String>,
    ship_date: String,
    weight: Option<Value>,
    dimensions: Option<Value>,
    ship_from: Option<Address>,
    ship_to: Option<Address>,
    insurance_options: Option<Value>,
    international_options: Option<Value>,
    advanced_options: Option<Value>,
    test_label: Option<bool>,
}

/// The label of an open order, which is shipped by it. A test label costs nothing, and nothing is stored.
pub fn create_for_order(cx: &mut Cx<'_>, Json(wanted): Json<Wanted>) -> Outcome {
    let order = order::find(cx, wanted.order_id.unwrap_or_default())?;
    if !create::is_open(&order.order_status.clone().into(), false) {
        return Err(message(format!("Order is {} and cannot be shipped.", order.order_status)));
    }
    let is_test = wanted.test_label == Some(true);
    let shipment = bought(cx, wanted, Some(&order))?;
    let id = if is_test { TEST } else { shipment.shipment_id };
    Ok(Reply::ok(Bought {
        shipment_id: id,
        shipment_cost: shipment.shipment_cost,
        insurance_cost: shipment.insurance_cost,
        tracking_number: shipment.tracking_number,
        label_data: shipment.label_data,
        form_data: shipment.form_data,
    }))
}

/// A label without an order.
pub fn create(cx: &mut Cx<'_>, Json(wanted): Json<Wanted>) -> Outcome {
    Ok(Reply::ok(bought(cx, wanted, None)?))
}

fn bought(cx: &mut Cx<'_>, wanted: Wanted, order: Option<&Order>) -> Result<Shipment, Refusal> {
    let (carrier, service, package) = offer(cx, &wanted, order)?;
    let manual = cx.docs.all::<Members>(STORE).into_iter().find(|store| store["marketplaceId"] == 0 && store["active"] == true);
    // Documented: without an active manual store no label can be bought.
    let manual = manual.ok_or_else(null_reference)?;
    let is_test = wanted.test_label == Some(true);
    let mut advanced = wanted.advanced_options.unwrap_or_default();
    if advanced.is_null() {
        advanced = order.map_or(json!({}), |order| order.advanced_options.clone());
    }
    // Who says where it comes from needs no warehouse.
    let warehouse =
        warehouse(cx, advanced["warehouseId"].as_u64()).or_else(|none| wanted.ship_from.as_ref().map(|_| Value::Null).ok_or(none))?;
    let origin = serde_json::from_value(warehouse["originAddress"].clone()).unwrap_or_default();
    let weight = wanted.weight.and_then(|weight| read_weight(&weight)).or_else(|| order.and_then(|order| order.weight.clone()));
    let weight = weight.ok_or_else(|| labels::refused("The weight of the shipment is required."))?;
    let dimensions = wanted.dimensions.filter(|size| !size.is_null()).map(|size| cx.completed("Dimensions", &size, &[]));
    let dimensions =
        dimensions.and_then(|size| serde_json::from_value(size).ok()).or_else(|| order.and_then(|order| order.dimensions.clone()));
    let to = wanted.ship_to.or_else(|| order.map(|order| order.ship_to.clone())).unwrap_or_default();
    let from = wanted.ship_from.unwrap_or(origin);
    if [&to.name, &from.name].iter().any(|name| name.as_deref().is_none_or(str::is_empty)) {
        return Err(message("'Ship Name' must not be empty."));
    }
    if [&to.country, &from.country].into_iter().flatten().any(|code| !code.is_empty() && code.len() != 2) {
        return Err(message(create::COUNTRY));
    }
    let store =
        order.map_or(advanced["storeId"].as_u64(), |order| order.advanced_options["storeId"].as_u64()).or(manual["storeId"].as_u64());
    let mut more = Map::new();
    let insurance = cx.completed("Insurance", &wanted.insurance_options.unwrap_or_default(), &[]);
    more.insert("insuranceOptions".to_owned(), if insurance.is_null() { cx.completed("Insurance", &json!({}), &[]) } else { insurance });
    more.insert("advancedOptions".to_owned(), billing(&advanced, store));
    if let Some(order) = order {
        more.insert("shipmentItems".to_owned(), order.items.clone().into());
    }
    let customs = wanted.international_options.filter(Value::is_object);
    let customs = customs.or_else(|| order.map(|order| order.international_options.clone())).unwrap_or_default();
    if let Some(rows) = customs["customsItems"].as_array() {
        more.insert("customsCountries".to_owned(), rows.iter().map(|row| row["countryOfOrigin"].clone()).collect());
    }
    let [start, end] = [&from, &to].map(|end| carrier.country(end.country.as_deref().unwrap_or_default()));
    let is_abroad = start != end;
    let is_declared =
        order.is_some() || customs["contents"] == "documents" || customs["customsItems"].as_array().is_some_and(|rows| !rows.is_empty());
    if is_abroad && !is_declared {
        return Err(labels::refused("Customs items are required for international shipments."));
    }
    if is_abroad {
        more.insert("customs".to_owned(), customs);
    }
    let pieces = vec![rates::piece(&weight, dimensions.as_ref())];
    let options = Options {
        residential: to.residential == Some(true),
        signature: rates::signature(wanted.confirmation.as_deref()),
        insured: rates::insured(&more["insuranceOptions"]),
        ..Options::default()
    };
    let purchase = Purchase {
        carrier,
        service,
        package,
        confirmation: wanted.confirmation.filter(|word| !word.is_empty()),
        ship_date: date::read(&wanted.ship_date).map_or_else(|| wire::pacific(cx.now).date(), |at| at.date()),
        from,
        to,
        weight,
        dimensions,
        pieces,
        options,
        is_return: false,
        warehouse: warehouse["warehouseId"].as_u64(),
        store,
        order,
        shipment: None,
        more,
    };
    if is_test {
        let label = labels::sample(cx, purchase, TEST_NUMBER)?;
        let zero = Some(Money::default().scaled(1));
        return Ok(Shipment {
            shipment_id: TEST,
            shipment_cost: zero.clone(),
            insurance_cost: zero,
            tracking_number: Some(TEST_NUMBER.to_owned()),
            label_data: Some(data(&label)),
            ..Shipment::default()
        });
    }
    let label = labels::buy(cx, purchase)?;
    let label_data = Some(data(&label));
    let form_data = labels::forms(std::slice::from_ref(&label)).map(|form| STANDARD.encode(form));
    Ok(Shipment { label_data, form_data, ..Shipment::of(label, false) })
}

fn data(label: &Label) -> String {
    STANDARD.encode(labels::draw(std::slice::from_ref(label), Format::pdf(Paper::Inch4x6)))
}

/// What a shipment shows of advanced options: who pays, and the store.
fn billing(advanced: &Value, store: Option<u64>) -> Value {
    let fact = |name: &str| advanced.get(name).cloned().unwrap_or_default();
    json!({
        "billToParty": fact("billToParty"), "billToAccount": fact("billToAccount"), "billToPostalCode": fact("billToPostalCode"),
        "billToCountryCode": fact("billToCountryCode"), "storeId": store,
    })
}

/// What is asked for, of what the account has. Recorded: a carrier or a service that it does not have is found out by an exception.
fn offer(cx: &Cx<'_>, wanted: &Wanted, order: Option<&Order>) -> Result<(&'static Carrier, &'static Service, &'static Package), Refusal> {
    let carrier = wire::carrier(cx, &wanted.carrier_code).ok_or_else(null_reference)?;
    let service = carrier.service(wanted.service_code.trim()).ok_or_else(null_reference)?;
    let code = wanted.package_code.as_deref().filter(|code| !code.is_empty());
    let code = code.or_else(|| order.and_then(|order| order.package_code.as_deref())).unwrap_or("package");
    let package = carrier.package(code).ok_or_else(|| labels::refused("Invalid packageCode"))?;
    Ok((carrier, service, package))
}

fn read_weight(sent: &Value) -> Option<Weight> {
    let units = sent["units"].as_str().unwrap_or("ounces").to_lowercase();
    sent.get("value").filter(|value| !value.is_null()).map(|value| Weight { value: Money::from(value.clone()), units })
}

/// The warehouse with that number, or the default one.
fn warehouse(cx: &Cx<'_>, id: Option<u64>) -> Result<Value, Refusal> {
    let all: Vec<Members> = cx.docs.all(WAREHOUSE);
    let named = id.filter(|id| *id > 0).and_then(|id| all.iter().find(|row| row["warehouseId"] == id));
    named.or_else(|| all.iter().find(|row| row["isDefault"] == true)).or(all.first()).cloned().map(Value::from).ok_or_else(null_reference)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::vendors::shipstation::v1) struct Asked {
    carrier_code: String,
    service_code: Option<String>,
    package_code: Option<String>,
    from_postal_code: String,
    from_city: Option<String>,
    from_state: Option<String>,
    from_warehouse_id: Option<String>,
    to_state: Option<String>,
    to_country: String,
    to_postal_code: String,
    to_city: Option<String>,
    weight: Value,
    dimensions: Option<Value>,
    confirmation: Option<String>,
    residential: Option<bool>,
}

/// Recorded: no surcharges are `0.0`, with one decimal.
fn other(cost: Money) -> Written {
    cost.scaled(if cost == Money::default() { 1 } else { 4 })
}

/// A row for each service and package of one carrier. Recorded: prices have four decimals, and surcharges one.
pub fn rates(cx: &mut Cx<'_>, Json(asked): Json<Asked>) -> Outcome {
    let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let carrier = wire::carrier(cx, &asked.carrier_code);
    let carrier = carrier.ok_or_else(|| labels::refused(format!("Invalid carrierCode: {}", asked.carrier_code)))?;
    if access::is_failing(&cx.credential, carrier) {
        return Err(labels::refused(access::login_refused(carrier)));
    }
    let (service, package) = (named(&asked.service_code), named(&asked.package_code));
    if service.as_deref().is_some_and(|code| carrier.service(code).is_none()) {
        return Err(labels::refused("One or more providers reported an error: the service is not available."));
    }
    if package.as_deref().is_some_and(|code| carrier.package(code).is_none()) {
        return Err(labels::refused("Invalid packageCode"));
    }
    if asked.to_country.trim().len() != 2 {
        return Err(message(create::COUNTRY));
    }
    let to_state = asked.to_state.clone().unwrap_or_default();
    if carrier.code.starts_with("ups") && to_state.is_empty() && asked.to_country.eq_ignore_ascii_case("US") {
        return Err(labels::refused("One or more providers reported an error: the state of the recipient is required."));
    }
    let origin = warehouse(cx, asked.from_warehouse_id.and_then(|id| id.parse().ok())).unwrap_or_default();
    let country = origin["originAddress"]["country"].as_str().unwrap_or("US").to_owned();
    let (city, state) = (asked.from_city.unwrap_or_default(), asked.from_state.unwrap_or_default());
    let from = Location { city, state, zip: asked.from_postal_code, country };
    let to = Location {
        city: asked.to_city.unwrap_or_default(),
        state: to_state,
        zip: asked.to_postal_code,
        country: asked.to_country.trim().to_uppercase(),
    };
    let sizes: Option<Dimensions> = asked.dimensions.and_then(|sizes| serde_json::from_value(sizes).ok());
    let weight = read_weight(&asked.weight).unwrap_or(Weight { value: Money::default(), units: String::new() });
    let options = Options {
        residential: asked.residential.unwrap_or_default(),
        signature: rates::signature(asked.confirmation.as_deref()),
        ..Options::default()
    };
    let load = Load::of(carrier, [&from, &to], vec![rates::piece(&weight, sizes.as_ref())], options);
    let row = |quote: rates::Quote| Rate {
        service_name: format!("{} - {}", quote.service.name, quote.package.quoted_name()),
        service_code: &quote.service.code,
        shipment_cost: quote.cost.shipping.scaled(4),
        other_cost: other(quote.cost.total() - quote.cost.shipping),
    };
    Ok(Reply::ok(rates::quote(1, carrier, service.as_deref(), package.as_deref(), &load).into_iter().map(row).collect::<Vec<_>>()))
}

#[derive(Deserialize)]
pub(in crate::vendors::shipstation::v1) struct Voided {
    #[serde(rename = "shipmentId")]
    id: i64,
}

/// A label is voided once, before its parcel is scanned and while it is new, and a test label never: the answer says so with 200.
pub fn void(cx: &mut Cx<'_>, Json(Voided { id }): Json<Voided>) -> Outcome {
    let answer = |approved: bool, message: &str| Ok(Reply::ok(json!({"approved": approved, "message": message})));
    if id == TEST {
        return answer(false, "Test labels cannot be voided");
    }
    let label: Label = cx.docs.require(LABEL, &id.to_string())?;
    if let Some((reason, text)) = labels::void_fault(cx, &label) {
        return answer(false, if reason == "label_already_voided" { "Label has already been voided" } else { text });
    }
    labels::void(cx, label);
    answer(true, "Label voided successfully")
}
