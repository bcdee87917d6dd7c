//! What is printed of labels: themselves, the forms that cross a border with them, and the sheet that a carrier scans for many.

use std::borrow::Borrow;

use serde_json::Value;

use super::is_abroad;
use crate::base::json;
use crate::carrier::Parcel;
use crate::carrier::document::{Document, Drawing};
use crate::carrier::label::{self, Fact};
use crate::carrier::print::{self, Format, Paper};
use crate::carrier::sheet::Sheet;
use crate::carrier::sheet::customs::{self, Declaration, Item};
use crate::engine::Cx;
use crate::vendors::shipstation::catalog::CATALOG;
use crate::vendors::shipstation::wire::LABEL;
use crate::vendors::shipstation::wire::address::{Address, Weight};
use crate::vendors::shipstation::wire::label::Label;
use crate::vendors::shipstation::wire::money::Money;

/// Labels as one document, a page each; a picture shows the first. Documented: letters that are not of the Latin alphabet are question
/// marks.
pub(crate) fn draw(labels: impl IntoIterator<Item: Borrow<Label>>, format: print::Format) -> Drawing {
    Drawing::new(labels.into_iter().map(|label| Document::Label(Box::new(printed(label.borrow())))), format)
}

/// The label of a parcel, which may be one of several that travel together.
pub(crate) fn of(cx: &mut Cx<'_>, parcel: &Parcel) -> Option<label::Label> {
    let label: Label = cx.docs.get(LABEL, &parcel.subject)?;
    Some(label::Label { tracking_number: parcel.tracking_number.clone(), ..printed(&label) })
}

/// A code for which a counter prints a label.
pub(crate) fn qr_code(label: &Label, format: print::Format) -> Drawing {
    Drawing::new([Document::QrCode(Box::new(printed(label)))], format)
}

/// What customs want to see of labels: for each that crosses a border its forms, for paper of an office. Nothing where none does.
pub(crate) fn forms(labels: &[Label]) -> Option<Drawing> {
    let abroad = labels.iter().filter(|label| is_abroad(label));
    let sheets = abroad.flat_map(|label| customs::forms(&printed(label), &declaration(label)));
    let drawing = Drawing::new(sheets.map(|sheet| Document::Sheet(Box::new(sheet))), Format::pdf(Paper::Letter));
    (!drawing.is_empty()).then_some(drawing)
}

/// The sheet that a carrier scans for all labels of a day.
pub(crate) fn manifest(number: &str, labels: &[Label]) -> Drawing {
    let first = labels.first();
    let carrier = first.and_then(|label| CATALOG.carrier_of(label.carrier)).map_or("", |carrier| &carrier.name);
    let day = first.map_or_else(String::new, |label| label.ship_date.to_string());
    let rows = labels.iter().map(|label| (label.tracking_number.clone(), printed(label)));
    let sheet = Sheet {
        title: if carrier == "Stamps.com" { "SCAN Form" } else { "Manifest" }.to_owned(),
        subtitle: format!("{carrier} end of day manifest"),
        parties: first.map(|label| ("Shipper".to_owned(), address(&label.from))).into_iter().collect(),
        ..Sheet::manifest(number, day, rows)
    };
    Drawing::new([Document::Sheet(Box::new(sheet))], Format::pdf(Paper::Letter))
}

/// What is printed of a label.
fn printed(label: &Label) -> label::Label {
    let carrier = CATALOG.carrier_of(label.carrier);
    let service = carrier.and_then(|carrier| carrier.service(&label.service));
    let dimensions = label.dimensions.as_ref();
    let [piece, pieces] = label.piece;
    label::Label {
        carrier: carrier.map(|carrier| carrier.code.clone()).unwrap_or_default(),
        service: service.map(|service| service.name.clone()).unwrap_or_default(),
        tracking_number: label.tracking_number.clone(),
        from: address(&label.from),
        to: address(&label.to),
        grams: label.weight.as_ref().map_or(0, Weight::grams),
        dimensions: dimensions.map(|size| format!("{} x {} x {} {}", size.length, size.width, size.height, size.units)).unwrap_or_default(),
        date: Some(label.ship_date),
        piece,
        pieces,
        facts: label.order_number.as_deref().into_iter().chain(messages(label)).map(|text| Fact::new("REF", text)).collect(),
        customs: is_abroad(label).then(|| Box::new(declaration(label))),
        is_return: label.is_return,
        is_latin: true,
        ..label::Label::default()
    }
}

/// What the sender wants to read on a package; a label of one of several has that one alone.
fn messages(label: &Label) -> impl Iterator<Item = &str> {
    let sent = &label.more["v2"]["packages"][0]["label_messages"];
    ["reference1", "reference2", "reference3"].into_iter().filter_map(|name| sent[name].as_str()).filter(|text| !text.is_empty())
}

/// What is declared of a label: the goods that were named for customs, or else the lines of its order, or else something.
fn declaration(label: &Label) -> Declaration {
    let stored = &label.more["customs"];
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let item = |row: &Value, is_line: bool| {
        let quantity = row["quantity"].as_u64().and_then(|quantity| u32::try_from(quantity).ok()).unwrap_or(1);
        let (pieces, amount) = (i64::from(quantity), |name: &str| Money::from(row[name].clone()).0 / 100);
        let weight: Option<Weight> = serde_json::from_value(row["weight"].clone()).ok();
        Item {
            description: [text(row, "description"), text(row, "name")].into_iter().find(|text| !text.is_empty()).unwrap_or_default(),
            quantity,
            grams: weight.map_or(0, |weight| weight.grams().saturating_mul(quantity)),
            // The value of goods is that of the line, the price of a line of an order that of a piece.
            value: if is_line { amount("unitPrice").saturating_mul(pieces) } else { amount("value") },
            tariff: text(row, "harmonizedTariffCode"),
            origin: text(row, "countryOfOrigin"),
        }
    };
    let rows = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut items: Vec<Item> = rows(&stored["customsItems"]).iter().map(|row| item(row, false)).collect();
    if items.is_empty() {
        items = rows(&json::read(&label.lines())).iter().filter(|row| row["adjustment"] != true).map(|row| item(row, true)).collect();
    }
    if items.is_empty() {
        let grams = label.weight.as_ref().map_or(0, Weight::grams);
        items.push(Item { description: "Merchandise".to_owned(), quantity: 1, grams, ..Item::default() });
    }
    let word = |name: &str, usual: &str| Some(text(stored, name)).filter(|word| !word.is_empty()).unwrap_or_else(|| usual.to_owned());
    Declaration {
        reason: word("contents", "merchandise"),
        // Documented: what label calls take for granted.
        non_delivery: word("nonDelivery", "return_to_sender"),
        invoice_number: label.order_number.clone().unwrap_or_default(),
        currency: "USD".to_owned(),
        items,
        ..Declaration::default()
    }
}

fn address(address: &Address) -> label::Address {
    let text = |member: &Option<String>| member.clone().unwrap_or_default();
    label::Address {
        name: text(&address.name),
        company: text(&address.company),
        lines: [&address.street1, &address.street2, &address.street3].map(text).into(),
        city: text(&address.city),
        state: text(&address.state),
        zip: text(&address.postal_code),
        country: text(&address.country),
        phone: text(&address.phone),
        ..label::Address::default()
    }
}
