//! What is printed: labels, return labels and picking lists, as PDF.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::base::time::Timestamp;
use crate::carrier::document::{Document, Drawing};
use crate::carrier::label::{Address, Fact, Label};
use crate::carrier::print::{Format, Paper};
use crate::carrier::sheet::customs::{self, Declaration, Item};
use crate::carrier::sheet::{Column, Sheet};
use crate::carrier::{Parcel, countries};
use crate::engine::Cx;
use crate::vendors::shiptheory::catalog::CATALOG;
use crate::vendors::shiptheory::wire::{self, Enclosed, SHIPMENT, Shipment};

/// The label of a booked shipment: a page for each parcel, the customs declaration of what leaves the country, and the return labels that
/// travel in the box. The same shipment always gives the same bytes, so nothing has to be kept.
pub(super) fn outgoing(shipment: &Shipment, tracking_number: &str) -> Drawing {
    let label = label(shipment, tracking_number);
    let mut documents: Vec<Document> =
        (1..=label.pieces).map(|piece| Document::Label(Box::new(Label { piece, ..label.clone() }))).collect();
    if label.from.country != label.to.country && !shipment.products.is_empty() {
        documents.push(Document::Sheet(Box::new(customs::postal(&label, &declaration(shipment)))));
    }
    documents.extend(shipment.enclosed.iter().map(|enclosed| Document::Label(Box::new(back(shipment, enclosed, None)))));
    pdf(documents)
}

/// The label of a parcel: that of its shipment, or one that brings it back.
pub(super) fn of(cx: &mut Cx<'_>, parcel: &Parcel) -> Option<Label> {
    let shipment: Shipment = cx.docs.get(SHIPMENT, &parcel.subject)?;
    let enclosed = shipment.enclosed.iter().find(|enclosed| enclosed.tracking_number == parcel.tracking_number);
    Some(enclosed.map_or_else(|| label(&shipment, &parcel.tracking_number), |enclosed| back(&shipment, enclosed, None)))
}

/// The label of the first parcel of a shipment.
fn label(shipment: &Shipment, tracking_number: &str) -> Label {
    let service = shipment.service.as_ref().map_or("", |service| service.name.as_str());
    let carrier = shipment.carrier.as_deref().unwrap_or_default();
    let parcels = u32::try_from(shipment.parcels().min(200)).unwrap_or(200);
    Label {
        carrier: carrier.to_owned(),
        carrier_name: carrier.to_owned(),
        service: service.to_owned(),
        tracking_number: tracking_number.to_owned(),
        from: sender(shipment),
        to: address(&shipment.recipient),
        grams: grams(shipment.parcel_weight()),
        date: Some(day(shipment)),
        pieces: parcels,
        facts: vec![Fact::new("Reference", &shipment.reference), Fact::new("Order", &shipment.reference2)],
        instructions: wire::text(&shipment.detail, "instructions").to_owned(),
        ..Label::default()
    }
}

/// A return label on its own.
pub(super) fn returning(shipment: &Shipment, enclosed: &Enclosed, expiry: &str) -> Drawing {
    pdf([Document::Label(Box::new(back(shipment, enclosed, Some(expiry))))])
}

/// A picking list: what to fetch for each shipment, on a page of its own.
pub(super) fn picking_list<'a>(shipments: impl Iterator<Item = &'a Shipment>, now: Timestamp) -> Drawing {
    let page = |shipment: &Shipment| {
        let row = |line: &Value| {
            let count = line["qty"].as_i64().unwrap_or(1);
            let text = |name: &str| wire::text(line, name).to_owned();
            vec![count.to_string(), text("sku"), text("name"), String::new()]
        };
        Document::Sheet(Box::new(Sheet {
            title: "Picking list".to_owned(),
            subtitle: format!("Shipment {}", shipment.reference),
            parties: vec![("Deliver to".to_owned(), address(&shipment.recipient))],
            facts: vec![
                Fact::new("Printed", wire::stamp(now)),
                Fact::new("Order", &shipment.reference2),
                Fact::new("Weight", format!("{} kg", shipment.detail["weight"])),
            ],
            columns: vec![
                Column::number("Qty", 8.0),
                Column::text("SKU", 26.0),
                Column::text("Product", 54.0),
                Column::text("Picked", 12.0),
            ],
            rows: shipment.products.iter().map(row).collect(),
            ..Sheet::default()
        }))
    };
    Drawing::new(shipments.map(page), Format::pdf(Paper::A4))
}

fn pdf(documents: impl IntoIterator<Item = Document>) -> Drawing {
    Drawing::new(documents, Format::pdf(Paper::Inch4x6))
}

/// A label that brings a parcel back.
fn back(shipment: &Shipment, enclosed: &Enclosed, expiry: Option<&str>) -> Label {
    let mut facts = vec![Fact::new("Return of", &shipment.reference)];
    facts.extend(expiry.map(|expiry| Fact::new("Use before", expiry)));
    Label {
        carrier: enclosed.carrier.clone(),
        carrier_name: enclosed.carrier.clone(),
        service: enclosed.service.clone(),
        tracking_number: enclosed.tracking_number.clone(),
        from: address(&shipment.recipient),
        to: sender(shipment),
        facts,
        is_return: true,
        ..Label::default()
    }
}

fn declaration(shipment: &Shipment) -> Declaration {
    let item = |line: &Value| {
        let quantity = line["qty"].as_u64().and_then(|quantity| u32::try_from(quantity).ok()).unwrap_or(1);
        let text = |name: &str| wire::text(line, name).to_owned();
        #[expect(clippy::cast_possible_truncation, reason = "an amount with two decimals")]
        let value = (wire::number(line, "value") * 100.0).round() as i64;
        Item {
            description: Some(text("commodity_description")).filter(|text| !text.is_empty()).unwrap_or_else(|| text("name")),
            quantity,
            grams: grams(wire::number(line, "weight") * f64::from(quantity)),
            value: value.saturating_mul(i64::from(quantity)),
            tariff: text("commodity_code"),
            origin: text("commodity_manucountry"),
        }
    };
    let currency = Some(wire::text(&shipment.detail, "currency")).filter(|currency| !currency.is_empty()).unwrap_or("GBP");
    Declaration {
        reason: "Sale of goods".to_owned(),
        incoterm: wire::text(&shipment.detail, "incoterms").to_owned(),
        currency: currency.to_owned(),
        items: shipment.products.iter().map(item).collect(),
        ..Declaration::default()
    }
}

/// The day on which it is sent: the one that was asked for, or that of the booking.
fn day(shipment: &Shipment) -> Date {
    let asked = wire::text(&shipment.detail, "ship_date").get(..10).and_then(|day| day.parse().ok());
    asked.unwrap_or_else(|| shipment.created.to_zoned(TimeZone::UTC).date())
}

fn grams(kilograms: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a parcel's weight, which is not negative")]
    let grams = (kilograms * 1_000.0).round().max(0.0) as u32;
    grams
}

fn sender(shipment: &Shipment) -> Address {
    address(shipment.sender.as_ref().unwrap_or(&CATALOG.sender))
}

fn address(sent: &Value) -> Address {
    let text = |name: &str| wire::text(sent, name).to_owned();
    let country = text("country");
    Address {
        name: format!("{} {}", text("firstname"), text("lastname")).trim().to_owned(),
        company: text("company"),
        lines: ["address_line_1", "address_line_2", "address_line_3"].map(text).into(),
        city: text("city"),
        state: text("county"),
        zip: text("postcode"),
        country: countries::find(&country).map_or(country, |country| country.alpha2.to_owned()),
        phone: text("telephone"),
        email: text("email"),
        tax_id: text("tax_number"),
        ..Address::default()
    }
}
