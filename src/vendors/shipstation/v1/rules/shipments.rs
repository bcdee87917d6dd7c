//! Labels, which this version calls shipments: bought for orders and without, found, priced and voided.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::super::access;
use super::super::super::catalog::{CATALOG, Carrier, Package, Service};
use super::super::super::labels::{self, Purchase};
use super::super::super::rates::{self, Load};
use super::super::super::wire::address::{Address, Dimensions, Weight};
use super::super::super::wire::label::Label;
use super::super::super::wire::money::{Money, Priced};
use super::super::super::wire::order::Members;
use super::super::super::wire::{self, LABEL, STORE, WAREHOUSE, date};
use super::super::dialect::{message, null_reference};
use super::super::listing::{self, SHIPMENTS};
use super::{create, orders};
use crate::base::json::Written;
use crate::carrier::Location;
use crate::carrier::print::{Format, Paper};
use crate::carrier::rating::Options;
use crate::engine::{Cx, Outcome, Refusal, Reply};

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

impl Shipment {
    fn of(label: Label, shows_items: bool) -> Self {
        let (more, insurance) = (&label.more, &label.more["insuranceOptions"]);
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
            batch_number: more["batchNumber"].as_str().map(str::to_owned),
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
                provider: insurance["provider"].clone(),
                insure_shipment: insurance["insureShipment"] == true,
                insured_value: Money::from(insurance["insuredValue"].clone()).scaled(1),
            }),
            advanced_options: if more["advancedOptions"].is_object() {
                more["advancedOptions"].clone()
            } else {
                billing(&Value::Null, label.store)
            },
            shipment_items: if shows_items { more["shipmentItems"].clone() } else { Value::Null },
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

/// The label of an open order, which is shipped by it. A test label costs nothing, and nothing is stored.
pub fn create_for_order(cx: &mut Cx<'_>) -> Outcome {
    let (_, order) = orders::named(cx)?;
    orders::require_open(&order, "shipped")?;
    let Shipment { shipment_id, shipment_cost, insurance_cost, tracking_number, label_data, form_data, .. } = bought(cx, Some(&order))?;
    Ok(Reply::ok(Bought { shipment_id, shipment_cost, insurance_cost, tracking_number, label_data, form_data }))
}

/// A label without an order.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(bought(cx, None)?))
}

fn bought(cx: &mut Cx<'_>, order: Option<&Members>) -> Result<Shipment, Refusal> {
    let sent = &cx.call.body;
    let (carrier, service, package) = offer(cx, order)?;
    let manual = cx.docs.all::<Members>(STORE).into_iter().find(|store| store["marketplaceId"] == 0 && store["active"] == true);
    // Documented: without an active manual store no label can be bought.
    let manual = manual.ok_or_else(null_reference)?;
    // What is not sent is that of the order.
    let said = |name: &str| Some(&sent[name]).filter(|value| !value.is_null()).or_else(|| Some(&order?[name])).unwrap_or(&Value::Null);
    let read = |address: &Value| Address::deserialize(address).unwrap_or_default();
    let advanced = said("advancedOptions");
    // Who says where it comes from needs no warehouse.
    let warehouse =
        warehouse(cx, advanced["warehouseId"].as_u64()).or_else(|none| sent["shipFrom"].as_object().map(|_| Value::Null).ok_or(none))?;
    let weight = read_weight(&sent["weight"]).or_else(|| Weight::deserialize(&order?["weight"]).ok());
    let weight = weight.ok_or_else(|| labels::refused("The weight of the shipment is required."))?;
    let sizes = |value: &Value| Dimensions::deserialize(value).ok();
    let dimensions = sizes(&cx.completed("Dimensions", &sent["dimensions"], &[])).or_else(|| sizes(&order?["dimensions"]));
    let to = read(said("shipTo"));
    let from = read(if sent["shipFrom"].is_null() { &warehouse["originAddress"] } else { &sent["shipFrom"] });
    if [&to.name, &from.name].iter().any(|name| name.as_deref().is_none_or(str::is_empty)) {
        return Err(message("'Ship Name' must not be empty."));
    }
    create::check_countries([&json!(to), &json!(from)])?;
    let store = order.map_or(&advanced["storeId"], |order| &order["advancedOptions"]["storeId"]).as_u64().or(manual["storeId"].as_u64());
    let mut more = Members::default();
    let insurance = Some(&sent["insuranceOptions"]).filter(|insurance| insurance.is_object()).cloned().unwrap_or_else(|| json!({}));
    more["insuranceOptions"] = cx.completed("Insurance", &insurance, &[]);
    more["advancedOptions"] = billing(advanced, store);
    if let Some(order) = order {
        more["shipmentItems"] = order["items"].clone();
    }
    let customs = if sent["internationalOptions"].is_object() {
        &sent["internationalOptions"]
    } else {
        order.map_or(&Value::Null, |order| &order["internationalOptions"])
    };
    if let Some(rows) = customs["customsItems"].as_array() {
        more["customsCountries"] = rows.iter().map(|row| row["countryOfOrigin"].clone()).collect();
    }
    let [start, end] = [&from, &to].map(|end| carrier.country(end.country.as_deref().unwrap_or_default()));
    if start != end {
        let is_described = customs["contents"] == "documents" || customs["customsItems"].as_array().is_some_and(|rows| !rows.is_empty());
        if order.is_none() && !is_described {
            return Err(labels::refused("Customs items are required for international shipments."));
        }
        more["customs"] = customs.clone();
    }
    let confirmation = sent["confirmation"].as_str();
    let purchase = Purchase {
        carrier,
        service,
        package,
        pieces: vec![rates::piece(&weight, dimensions.as_ref())],
        options: Options {
            residential: to.residential == Some(true),
            signature: rates::signature(confirmation),
            insured: rates::insured(&more["insuranceOptions"]),
            ..Options::default()
        },
        order,
        label: Label {
            confirmation: confirmation.filter(|word| !word.is_empty()).map(str::to_owned),
            ship_date: sent["shipDate"].as_str().and_then(date::read).unwrap_or_else(|| wire::pacific(cx.now)).date(),
            from,
            to,
            weight: Some(weight),
            dimensions,
            warehouse: warehouse["warehouseId"].as_u64(),
            store,
            more,
            ..Label::default()
        },
    };
    if sent["testLabel"] == true {
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
    json!({
        "billToParty": advanced["billToParty"], "billToAccount": advanced["billToAccount"],
        "billToPostalCode": advanced["billToPostalCode"], "billToCountryCode": advanced["billToCountryCode"], "storeId": store,
    })
}

/// What is asked for, of what the account has. Recorded: a carrier or a service that it does not have is found out by an exception.
fn offer(cx: &Cx<'_>, order: Option<&Members>) -> Result<(&'static Carrier, &'static Service, &'static Package), Refusal> {
    let text = |name: &str| cx.call.body[name].as_str().unwrap_or_default();
    let carrier = wire::carrier(cx, text("carrierCode")).ok_or_else(null_reference)?;
    let service = carrier.service(text("serviceCode").trim()).ok_or_else(null_reference)?;
    let code = Some(text("packageCode")).filter(|code| !code.is_empty()).or_else(|| order?["packageCode"].as_str());
    let package = carrier.package(code.unwrap_or("package")).ok_or_else(|| labels::refused("Invalid packageCode"))?;
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

/// A row for each service and package of one carrier. Recorded: prices have four decimals, and no surcharges are `0.0`.
pub fn rates(cx: &mut Cx<'_>) -> Outcome {
    let asked = &cx.call.body;
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let named = |name: &str| asked[name].as_str().filter(|text| !text.is_empty());
    let carrier = wire::carrier(cx, &text("carrierCode"));
    let carrier = carrier.ok_or_else(|| labels::refused(format!("Invalid carrierCode: {}", text("carrierCode"))))?;
    if access::is_failing(&cx.credential, carrier) {
        return Err(labels::refused(access::login_refused(carrier)));
    }
    let (service, package) = (named("serviceCode"), named("packageCode"));
    if service.is_some_and(|code| carrier.service(code).is_none()) {
        return Err(labels::refused("One or more providers reported an error: the service is not available."));
    }
    if package.is_some_and(|code| carrier.package(code).is_none()) {
        return Err(labels::refused("Invalid packageCode"));
    }
    let country = text("toCountry").trim().to_uppercase();
    if country.len() != 2 {
        return Err(message(create::COUNTRY));
    }
    if carrier.code.starts_with("ups") && named("toState").is_none() && country == "US" {
        return Err(labels::refused("One or more providers reported an error: the state of the recipient is required."));
    }
    let origin = warehouse(cx, named("fromWarehouseId").and_then(|id| id.parse().ok())).unwrap_or_default();
    let origin = origin["originAddress"]["country"].as_str().unwrap_or("US").to_owned();
    let from = Location { city: text("fromCity"), state: text("fromState"), zip: text("fromPostalCode"), country: origin };
    let to = Location { city: text("toCity"), state: text("toState"), zip: text("toPostalCode"), country };
    let sizes = Dimensions::deserialize(&asked["dimensions"]).ok();
    let weight = read_weight(&asked["weight"]).unwrap_or(Weight { value: Money::default(), units: String::new() });
    let options = Options {
        residential: asked["residential"] == true,
        signature: rates::signature(asked["confirmation"].as_str()),
        ..Options::default()
    };
    let load = Load::of(carrier, [&from, &to], vec![rates::piece(&weight, sizes.as_ref())], options);
    let row = |quote: rates::Quote| {
        let (name, cost) = (format!("{} - {}", quote.service.name, quote.package.quoted_name()), quote.cost);
        let [shipment, other] = [cost.shipping, cost.total() - cost.shipping].map(Money::number);
        json!({ "serviceName": name, "serviceCode": quote.service.code, "shipmentCost": shipment, "otherCost": other })
    };
    let value = rates::quote(1, carrier, service, package, &load).into_iter().map(row).collect();
    Ok(Reply::ok(Priced { value, is_price: |name| name.ends_with("Cost") }))
}

/// A label is voided once, before its parcel is scanned and while it is new, and a test label never: the answer says so with 200.
pub fn void(cx: &mut Cx<'_>) -> Outcome {
    let id = &cx.call.body["shipmentId"];
    let answer = |approved: bool, message: &str| Ok(Reply::ok(json!({"approved": approved, "message": message})));
    if *id == TEST {
        return answer(false, "Test labels cannot be voided");
    }
    let label: Label = cx.docs.require(LABEL, &id.to_string())?;
    if let Some((reason, text)) = labels::void_fault(cx, &label) {
        return answer(false, if reason == "label_already_voided" { "Label has already been voided" } else { text });
    }
    labels::void(cx, label);
    answer(true, "Label voided successfully")
}
