//! Labels, which this version calls shipments: bought for orders and without, found, priced and voided.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::access;
use super::super::super::catalog::{CATALOG, Carrier, Package, Service};
use super::super::super::labels::{self, Purchase};
use super::super::super::rates::{self, Load};
use super::super::super::wire::address::{Address, Dimensions, Weight};
use super::super::super::wire::label::Label;
use super::super::super::wire::money::{Money, Priced};
use super::super::super::wire::order::{self, Members};
use super::super::super::wire::{self, LABEL, STORE, WAREHOUSE, date};
use super::super::dialect::{message, null_reference};
use super::super::listing::{self, SHIPMENTS};
use super::{Decimals, create, orders, scaled, scaled_as};
use crate::base::json;
use crate::carrier::Location;
use crate::carrier::print::{Format, Paper};
use crate::carrier::rating::Options;
use crate::engine::scales::Scales;
use crate::engine::{Cx, Enclosed, Outcome, Refusal, Reply};

/// The number that a test label has instead of one.
const TEST: i64 = -1;
const TEST_NUMBER: &str = "99999999999999999999";

/// Recorded: how many decimals the numbers of labels have.
const DECIMALS: Decimals = &[
    ("/shipmentCost", 2),
    ("/insuranceCost", 2),
    ("/weight/value", 2),
    ("/dimensions/length", 2),
    ("/dimensions/width", 2),
    ("/dimensions/height", 2),
    ("/insuranceOptions/insuredValue", 1),
];

/// What a test label says of itself, and what the purchase for an order is answered with.
const OF_TEST: [&str; 3] = ["isReturnLabel", "voided", "marketplaceNotified"];
const OF_ORDER: [&str; 6] = ["shipmentId", "shipmentCost", "insuranceCost", "trackingNumber", "labelData", "formData"];

/// A label as this version shows it.
fn to_json(label: Label, shows_items: bool) -> Members {
    let (more, insurance) = (&label.more, &label.more["insuranceOptions"]);
    let own = Some(&more["advancedOptions"]).filter(|own| own.is_object());
    let to = Address { residential: None, address_verified: None, ..label.to.clone() };
    let shown = json!({
        // What version 2 sold without an order has none.
        "shipmentId": label.id, "orderId": label.order.filter(|_| label.order_number.is_some()), "orderKey": label.order_key,
        "userId": label.user, "customerEmail": label.customer_email, "orderNumber": label.order_number,
        "createDate": date::stamp(label.created), "shipDate": label.ship_date, "shipmentCost": label.cost,
        "insuranceCost": label.insurance_cost, "trackingNumber": label.tracking_number, "isReturnLabel": label.is_return,
        "batchNumber": more["batchNumber"].as_str(), "carrierCode": CATALOG.carrier_of(label.carrier).map(|carrier| &carrier.code),
        "serviceCode": label.service, "packageCode": label.package, "confirmation": label.confirmation, "warehouseId": label.warehouse,
        "voided": label.voided.is_some(), "voidDate": label.voided.map(date::stamp), "marketplaceNotified": false,
        "notifyErrorMessage": null, "shipTo": to, "weight": label.weight.as_ref().map(Weight::numbered), "dimensions": label.dimensions,
        "insuranceOptions": {
            "provider": insurance["provider"], "insureShipment": insurance["insureShipment"] == true,
            "insuredValue": Money::from(insurance["insuredValue"].clone()),
        },
        "advancedOptions": own.cloned().unwrap_or_else(|| billing(&Value::Null, label.store)),
        "shipmentItems": shows_items.then(|| json::read::<Value>(&label.lines())), "labelData": null, "formData": null,
    });
    shown.into()
}

/// Whether the number of a carrier, in a stored label, is that of a code.
pub(in crate::vendors::shipstation::v1) fn is_of_carrier(id: &Value, code: &str) -> bool {
    CATALOG.carrier(code).is_some_and(|carrier| *id == carrier.id)
}

/// Labels that pass all filters, voided ones too; their lines only when they are asked for.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let shows_items = listing::is_asked(cx.call, "includeShipmentItems");
    let page = SHIPMENTS.read(cx.call)?.documents(&cx.docs, LABEL)?.read().map(|label: Label| {
        let lines = if shows_items { format!(r#"{{"shipmentItems":{}}}"#, label.lines()) } else { String::new() };
        scaled_as(Scales::of(lines.as_bytes()), to_json(label, shows_items), DECIMALS)
    });
    Ok(listing::page("shipments", page, listing::is_short(cx.call)))
}

/// The label of an open order, which is shipped by it. A test label costs nothing, and nothing is stored.
pub fn create_for_order(cx: &mut Cx<'_>) -> Outcome {
    let (_, order) = orders::named(cx)?;
    orders::require_open(&order, "shipped")?;
    let (shown, decimals, files) = bought(cx, Some(&order))?;
    let told: Members = OF_ORDER.map(|name| (name.to_owned(), shown[name].clone())).into_iter().collect();
    Ok(Reply::enclosing(told, files, move |shown| scaled(shown, decimals)))
}

/// A label without an order.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    let (shown, decimals, files) = bought(cx, None)?;
    Ok(Reply::enclosing(shown, files, move |shown| scaled(shown, decimals)))
}

/// A label that was bought, how its numbers are written, and its files.
fn bought(cx: &mut Cx<'_>, order: Option<&Members>) -> Result<(Members, Decimals, Vec<Enclosed>), Refusal> {
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
        more["shipmentItems"] = order::lines(cx, wire::id(&order["orderId"]));
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
        let files = vec![data(&label)];
        let mut shown = to_json(label, false);
        shown.iter_mut().filter(|(name, _)| !OF_TEST.contains(&&***name)).for_each(|(_, value)| *value = Value::Null);
        let own = [("shipmentId", TEST.into()), ("trackingNumber", TEST_NUMBER.into()), ("labelData", "".into())];
        own.into_iter().chain([("shipmentCost", 0.0.into()), ("insuranceCost", 0.0.into())]).for_each(|(name, value)| shown[name] = value);
        return Ok((shown, &[], files));
    }
    let label = labels::buy(cx, purchase)?;
    let form = labels::forms(std::slice::from_ref(&label)).map(|form| Enclosed::new("/formData", form));
    let files = [data(&label)].into_iter().chain(form).collect();
    Ok((to_json(label, false), DECIMALS, files))
}

fn data(label: &Label) -> Enclosed {
    Enclosed::new("/labelData", labels::draw(std::slice::from_ref(label), Format::pdf(Paper::Inch4x6)))
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
    labels::weighs(Some(&weight))?;
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
