//! What is kept of a label, and of the documents that belong to it, so that they can be drawn when somebody downloads them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::carrier;
use crate::carrier::document::{Document, Drawing};
use crate::carrier::label::{self, Fact, Label};
use crate::carrier::print::{Format, Language, Paper};
use crate::carrier::sheet::customs::{self, Declaration, Item};
use crate::carrier::sheet::{Column, Sheet};
use crate::engine::Cx;
use crate::vendors::shippo::catalog::CATALOG;
use crate::vendors::shippo::wire::address::Address;
use crate::vendors::shippo::wire::decimal;
use crate::vendors::shippo::wire::parcel::Parcel;
use crate::vendors::shippo::wire::shipment::{Rate, Shipment};
use crate::vendors::shippo::wire::transaction::Transaction;
use crate::vendors::shippo::wire::{CUSTOMS_DECLARATION, CUSTOMS_ITEM, LABEL_FILE, Moment, PARCEL};

/// What a file is made of: a label, labels that have files of their own, or a sheet.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(in super::super) struct Printed {
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<Label>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    merged: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<Sheet>,
    format: Format,
}

/// Keeps what the label of a transaction says.
pub(in super::super) fn keep(cx: &mut Cx<'_>, transaction: &Transaction, rate: &Rate, shipment: &Shipment, [from, to]: [&Address; 2]) {
    let carrier = CATALOG.carrier(&rate.carrier);
    let parcel = cx.docs.get::<Parcel>(PARCEL, &transaction.parcel);
    let extra = |name: &str| shipment.extra.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_return = shipment.extra.get("is_return").and_then(Value::as_bool) == Some(true);
    // A return is described as the parcel that went out.
    let [from, to] = if is_return { [to, from] } else { [from, to] };
    let sides = |parcel: &Parcel| {
        let [length, width, height] = [&parcel.length, &parcel.width, &parcel.height]
            .map(|side| decimal::parse(side, decimal::MEASURE).map(decimal::shortest).unwrap_or_default());
        format!("{length} x {width} x {height} {}", parcel.distance_unit)
    };
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let label = Label {
        carrier: rate.carrier.clone(),
        carrier_name: carrier.name.clone(),
        service: carrier.service(&rate.service).map_or_else(String::new, |service| service.name.clone()),
        tracking_number: transaction.tracking_number.clone(),
        from: address(from),
        to: address(to),
        grams: parcel.as_ref().map_or(0, |parcel| u32::try_from((parcel.measures().weight + 500_000) / 1_000_000).unwrap_or(u32::MAX)),
        dimensions: parcel.as_ref().map(sides).unwrap_or_default(),
        date: Some(shipment.shipment_date.0.max(cx.now).to_zoned(jiff::tz::TimeZone::UTC).date()),
        piece: shipment.parcels.iter().position(|part| part.id() == transaction.parcel).map_or(1, |index| count(index + 1)),
        pieces: count(shipment.parcels.len()),
        facts: ["reference_1", "reference_2"]
            .map(|name| Fact::new("Reference", extra(name)))
            .into_iter()
            .filter(|fact| !fact.text.is_empty())
            .collect(),
        is_return,
        ..Label::default()
    };
    let label = Label { customs: transaction.invoice.then(|| Box::new(declaration(cx, shipment))), ..label };
    let format = Format { language: transaction.file, paper: transaction.paper, ..Format::png(transaction.paper, 300) };
    let format = if format.language == Language::Zpl { Format::zpl(203) } else { format };
    let printed = Printed { label: Some(label), format, ..Printed::default() };
    cx.docs.shared().put(LABEL_FILE, &transaction.object_id, &printed);
}

/// Keeps of which labels a file is made, a page for each; the name of the file.
pub(in super::super) fn keep_merged(cx: &mut Cx<'_>, stem: &str, labels: &[String], format: Format) -> String {
    // Pictures have one page; what is merged is a PDF.
    let format = if format.language == Language::Png { Format::pdf(format.paper) } else { format };
    cx.docs.shared().put(LABEL_FILE, stem, &Printed { merged: labels.to_vec(), format, ..Printed::default() });
    format!("{stem}.{}", format.language.extension())
}

/// Keeps a document that is no label, for paper of an office.
pub(in super::super) fn keep_sheet(cx: &mut Cx<'_>, stem: &str, sheet: Sheet) {
    let printed = Printed { sheet: Some(sheet), format: Format::pdf(Paper::Letter), ..Printed::default() };
    cx.docs.shared().put(LABEL_FILE, stem, &printed);
}

/// The label of a parcel, by its transaction.
pub(in super::super) fn of(cx: &mut Cx<'_>, parcel: &carrier::Parcel) -> Option<Label> {
    cx.docs.shared().get::<Printed>(LABEL_FILE, &parcel.subject)?.label
}

impl Printed {
    /// The file of that name, with its kind.
    pub(in super::super) fn file(cx: &mut Cx<'_>, name: &str) -> Option<(&'static str, Drawing)> {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let (stem, part) = [("_invoice", Which::Invoice), ("_qr_code", Which::QrCode)]
            .into_iter()
            .find_map(|(end, part)| Some((stem.strip_suffix(end)?, part)))
            .unwrap_or((stem, Which::Label));
        let mut read = |stem: &str| cx.docs.shared().get::<Self>(LABEL_FILE, stem);
        let Self { label, merged, sheet, format } = read(stem)?;
        let labels = label.into_iter().chain(merged.iter().filter_map(|id| read(id)?.label));
        let drawing = match part {
            Which::Label => {
                let labels = labels.map(|label| Document::Label(Box::new(label)));
                Drawing::new(labels.chain(sheet.map(|sheet| Document::Sheet(Box::new(sheet)))), format)
            }
            Which::QrCode => Drawing::new(labels.map(|label| Document::QrCode(Box::new(label))), Format::pdf(format.paper)),
            Which::Invoice => {
                let sheets = labels.filter_map(|label| Some(customs::beside(&label, label.customs.as_deref()?))).flatten();
                Drawing::new(sheets.map(|sheet| Document::Sheet(Box::new(sheet))), Format::pdf(Paper::Letter))
            }
        };
        let format = drawing.format();
        if drawing.is_empty() || extension != format.language.extension() {
            return None;
        }
        let kind = match format.language {
            Language::Pdf => "application/pdf",
            Language::Png => "image/png",
            Language::Zpl => "application/octet-stream",
        };
        Some((kind, drawing))
    }
}

/// Which of the files of a label a name asks for.
enum Which {
    Label,
    Invoice,
    QrCode,
}

/// An address as it is printed.
fn address(address: &Address) -> label::Address {
    let street = format!("{} {}", address.street_no, address.street1).trim().to_owned();
    label::Address {
        name: address.name.clone(),
        company: address.company.clone(),
        lines: vec![street, address.street2.clone(), address.street3.clone().unwrap_or_default()],
        city: address.city.clone(),
        state: address.state.clone(),
        zip: address.zip.clone(),
        country: address.country.clone(),
        phone: address.phone.clone(),
        email: address.email.clone(),
        ..label::Address::default()
    }
}

/// What the customs declaration of a shipment says.
fn declaration(cx: &Cx<'_>, shipment: &Shipment) -> Declaration {
    let stored = shipment.customs_declaration.as_ref().and_then(|part| cx.docs.get::<Value>(CUSTOMS_DECLARATION, part.id()));
    let stored = stored.unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let ids = stored["items"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let items: Vec<Value> = ids.filter_map(|id| cx.docs.get(CUSTOMS_ITEM, id)).collect();
    let currency = items.first().map(|item| text(&item["value_currency"])).unwrap_or_default();
    Declaration {
        reason: text(&stored["contents_type"]),
        incoterm: text(&stored["incoterm"]),
        invoice_number: text(&stored["invoice"]),
        currency,
        items: items.iter().map(item).collect(),
        non_delivery: text(&stored["non_delivery_option"]),
        signer: text(&stored["certify_signer"]),
        ..Declaration::default()
    }
}

fn item(stored: &Value) -> Item {
    let text = |name: &str| stored[name].as_str().unwrap_or_default().to_owned();
    let decimal = |name: &str| decimal::parse(&text(name), decimal::WEIGHT).unwrap_or(0);
    // Ten-thousandths of a unit, in grams.
    let grams = match stored["mass_unit"].as_str() {
        Some("lb") => 453.592_37,
        Some("oz") => 28.349_523,
        Some("kg") => 1_000.0,
        _ => 1.0,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a few digits, never negative"
    )]
    let grams = (decimal("net_weight") as f64 / 10_000.0 * grams).round() as u32;
    let quantity = stored["quantity"].as_u64().and_then(|quantity| u32::try_from(quantity).ok()).unwrap_or(1);
    // The vendor's amounts and weights are those of the whole line.
    let value = decimal("value_amount") / 100;
    Item { description: text("description"), quantity, grams, value, tariff: text("tariff_number"), origin: text("origin_country") }
}

/// The slip that goes into the box of an order.
pub(in super::super) fn packing_slip(order: &Value) -> Sheet {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let ends = [("Ship from", &order["from_address"]), ("Ship to", &order["to_address"])];
    let read = |(caption, value): (&str, &Value)| {
        let stored: Address = serde_json::from_value(value.clone()).ok()?;
        Some((caption.to_owned(), address(&stored)))
    };
    let row = |item: &Value| {
        let quantity = item["quantity"].to_string();
        vec![quantity, text(&item["sku"]), text(&item["title"]), text(&item["total_price"])]
    };
    Sheet {
        title: "Packing slip".to_owned(),
        subtitle: format!("Order {}", text(&order["order_number"])),
        parties: ends.into_iter().filter_map(read).collect(),
        facts: vec![
            Fact::new("Placed", text(&order["placed_at"]).chars().take(10).collect::<String>()),
            Fact::new("Shipping method", text(&order["shipping_method"])),
            Fact::new("Currency", text(&order["currency"])),
        ],
        columns: vec![Column::number("Qty", 8.0), Column::text("SKU", 22.0), Column::text("Item", 50.0), Column::number("Price", 16.0)],
        rows: order["line_items"].as_array().into_iter().flatten().map(row).collect(),
        totals: vec![
            Fact::new("Subtotal", text(&order["subtotal_price"])),
            Fact::new("Shipping", text(&order["shipping_cost"])),
            Fact::new("Tax", text(&order["total_tax"])),
            Fact::new("Total", text(&order["total_price"])),
        ],
        notes: Some(text(&order["notes"])).filter(|notes| !notes.is_empty()).into_iter().collect(),
        ..Sheet::default()
    }
}

/// The sheet that a carrier scans for all its labels.
pub(in super::super) fn manifest(
    cx: &mut Cx<'_>,
    number: &str,
    from: &Address,
    provider: &str,
    day: Moment,
    labels: &[Transaction],
) -> Sheet {
    let is_postal = provider == "usps";
    let printed = |label: &Transaction| {
        let printed = cx.docs.shared().get::<Printed>(LABEL_FILE, &label.object_id).and_then(|printed| printed.label);
        (label.tracking_number.clone(), printed.unwrap_or_default())
    };
    Sheet {
        title: if is_postal { "SCAN Form".to_owned() } else { format!("{} manifest", CATALOG.carrier_name(provider)) },
        subtitle: if is_postal { "USPS Shipment Confirmation Acceptance Notice".to_owned() } else { String::new() },
        parties: vec![("Shipper".to_owned(), address(from))],
        ..Sheet::manifest(number, day.0.strftime("%Y-%m-%d").to_string(), labels.iter().map(printed))
    }
}
