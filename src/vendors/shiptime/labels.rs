//! What a label and a customs invoice say.

use serde_json::Value;

use super::rules::SHIPMENT;
use super::rules::shipments::Shipment;
use super::wire;
use crate::carrier::Parcel;
use crate::carrier::document::{Document, Drawing};
use crate::carrier::label::{Address, Fact, Label};
use crate::carrier::print::{Format, Paper};
use crate::carrier::sheet::customs::{self, Declaration, Item};
use crate::engine::Cx;

/// How many pieces have their labels in one file at most.
pub(super) const PIECES: usize = 200;

/// The labels, a page for each piece.
pub(super) fn labels(shipment: &Shipment) -> Drawing {
    let mut customs = declaration(shipment);
    customs.iter_mut().for_each(Declaration::shorten);
    let label = |index| Document::Label(Box::new(Label { customs: customs.clone().map(Box::new), ..label(shipment, index) }));
    Drawing::new((0..shipment.booked.tracking_numbers.len().min(PIECES)).map(label), Format::pdf(Paper::Inch4x6))
}

/// The label of a parcel, by its shipment.
pub(super) fn of(cx: &mut Cx<'_>, parcel: &Parcel) -> Option<Label> {
    let shipment: Shipment = cx.docs.get(SHIPMENT, &parcel.subject)?;
    let index = shipment.booked.tracking_numbers.iter().position(|number| *number == parcel.tracking_number)?;
    let customs = || declaration(&shipment).map(Box::new);
    shipment.detail.shipment_items.get(index).is_some().then(|| Label { customs: customs(), ..label(&shipment, index) })
}

/// The customs invoice of a shipment that has one.
pub(super) fn invoice(shipment: &Shipment) -> Option<Drawing> {
    let sheets = customs::beside(&label(shipment, 0), &declaration(shipment)?);
    Some(Drawing::new(sheets.into_iter().map(|sheet| Document::Sheet(Box::new(sheet))), Format::pdf(Paper::Letter)))
}

fn declaration(shipment: &Shipment) -> Option<Declaration> {
    let invoice = shipment.customs_invoice.as_ref()?;
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let item = |row: &Value| {
        let quantity = row["quantity"].as_u64().and_then(|quantity| u32::try_from(quantity).ok()).unwrap_or(1);
        let grams = grams(shipment, row["weight"].as_f64().unwrap_or_default() * f64::from(quantity));
        let value = row["unitPrice"].as_i64().unwrap_or_default().saturating_mul(i64::from(quantity));
        Item { description: text(row, "description"), quantity, grams, value, tariff: text(row, "code"), origin: text(row, "origin") }
    };
    let currency = Some(text(invoice, "currency")).filter(|currency| !currency.is_empty()).unwrap_or_else(|| "CAD".to_owned());
    Some(Declaration {
        reason: text(invoice, "reasonForExport"),
        currency,
        items: invoice["invoiceItems"].as_array().into_iter().flatten().map(item).collect(),
        importer: invoice.get("iorContact").or_else(|| invoice.get("invoiceContact")).filter(|contact| contact.is_object()).map(address),
        ..Declaration::default()
    })
}

/// The label of a piece, without what it says to customs.
fn label(shipment: &Shipment, index: usize) -> Label {
    let (booked, detail) = (&shipment.booked, &shipment.detail);
    let item = &detail.shipment_items[index];
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let side = |name: &str| item[name].as_f64().map(|side| side.to_string());
    let unit = if is_imperial(shipment) { "in" } else { "cm" };
    let sides = side("length").zip(side("width")).zip(side("height"));
    Label {
        carrier: detail.carrier_name.clone(),
        carrier_name: detail.carrier_name.clone(),
        service: detail.service_name.clone(),
        tracking_number: booked.tracking_numbers.get(index).cloned().unwrap_or_default(),
        from: address(&detail.from),
        to: address(&detail.to),
        grams: grams(shipment, item["weight"].as_f64().unwrap_or_default()),
        dimensions: sides.map(|((length, width), height)| format!("{length} x {width} x {height} {unit}")).unwrap_or_default(),
        date: detail.ship_date.as_str().and_then(wire::day),
        piece: count(index + 1),
        pieces: count(booked.tracking_numbers.len()),
        facts: vec![
            Fact::new("Shipment", booked.ship_id.to_string()),
            Fact::new("Reference", text(&detail.ref1)),
            Fact::new("Reference 2", text(&detail.ref2)),
        ],
        instructions: shipment.text("to", "instructions").to_owned(),
        ..Label::default()
    }
}

fn is_imperial(shipment: &Shipment) -> bool {
    shipment.detail.units == "IMPERIAL"
}

/// A weight in the shipment's unit, in grams.
fn grams(shipment: &Shipment, weight: f64) -> u32 {
    let grams = if is_imperial(shipment) { weight * 453.592_37 } else { weight * 1_000.0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a parcel's weight, which is not negative")]
    let grams = grams.round().max(0.0) as u32;
    grams
}

fn address(sent: &Value) -> Address {
    let text = |name: &str| sent[name].as_str().unwrap_or_default().to_owned();
    Address {
        name: text("attention"),
        company: text("companyName"),
        lines: vec![text("streetAddress"), text("streetAddress2")],
        city: text("city"),
        state: text("state"),
        zip: text("postalCode"),
        country: text("countryCode"),
        phone: text("phone"),
        email: text("email"),
        ..Address::default()
    }
}
