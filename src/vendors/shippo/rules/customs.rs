//! Customs declarations and their items: made on their own, or brought along by a shipment.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::access::Mode;
use super::super::accounts;
use super::super::catalog::CATALOG;
use super::super::dialect::fields::{Fields, REQUIRED, below, not_a_choice, not_found};
use super::super::dialect::version;
use super::super::wire::decimal::{self, Decimal};
use super::super::wire::{self, CUSTOMS_DECLARATION, CUSTOMS_ITEM, Moment};
use super::addresses;
use crate::engine::{Cx, Json, Outcome, Refusal};

const CONTENTS: [&str; 7] = ["DOCUMENTS", "GIFT", "SAMPLE", "MERCHANDISE", "HUMANITARIAN_DONATION", "RETURN_MERCHANDISE", "OTHER"];
const RETURNS: [&str; 2] = ["ABANDON", "RETURN"];
const EXEMPTIONS: [&str; 5] = ["NOEEI_30_37_a", "NOEEI_30_37_h", "NOEEI_30_37_f", "NOEEI_30_36", "AES_ITN"];
const INCOTERMS: [&str; 5] = ["DDP", "DDU", "FCA", "DAP", "eDAP"];
const FILINGS: [&str; 3] = ["FILED_ELECTRONICALLY", "SUMMARY_REPORTING", "NOT_REQUIRED"];
const PAYORS: [&str; 3] = ["SENDER", "RECIPIENT", "THIRD_PARTY"];
const TAX_IDS: [&str; 4] = ["EIN", "VAT", "IOSS", "ARN"];
const MASS_UNITS: [&str; 4] = ["g", "kg", "lb", "oz"];

/// The answer echoes decimals as they were sent; later reads show four places of the weight and two of the value.
pub(crate) fn create_item(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let (mut document, [weight, value]) = store_item(cx, &body)?;
    document["net_weight"] = weight.into();
    document["value_amount"] = value.into();
    Ok(version::reply(cx.call, StatusCode::CREATED, document))
}

/// Items are named by id or brought along; the answer names them by id.
pub(crate) fn create(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let id = declare(cx, &body)?;
    let document: Value = cx.docs.require(CUSTOMS_DECLARATION, &id)?;
    Ok(version::reply(cx.call, StatusCode::CREATED, document))
}

/// The id of the declaration that a shipment names or brings along.
pub(crate) fn resolve(cx: &mut Cx<'_>, given: &Value) -> Result<String, Value> {
    match given {
        Value::String(id) if cx.docs.has(CUSTOMS_DECLARATION, id) => Ok(id.clone()),
        Value::String(id) => Err(json!([not_found("CustomsDeclaration", id)])),
        inline => declare(cx, inline).map_err(below),
    }
}

fn declare(cx: &mut Cx<'_>, body: &Value) -> Result<String, Refusal> {
    let mut fields = Fields::of(body)?;
    let signer = fields.needed("certify_signer");
    let certify = fields.flag("certify").unwrap_or(false);
    let non_delivery = required_choice(&mut fields, "non_delivery_option", &RETURNS);
    let contents = required_choice(&mut fields, "contents_type", &CONTENTS);
    let mut items = Vec::new();
    match fields.value("items") {
        Some(Value::Array(rows)) if !rows.is_empty() => {
            for row in rows {
                match item(cx, row) {
                    Ok(id) => items.push(id),
                    Err(faults) => fields.put("items", faults),
                }
            }
        }
        Some(Value::Array(_)) => fields.fault("items", "This list may not be empty."),
        _ => fields.fault("items", REQUIRED),
    }
    let mut text = |name: &str| Value::from(fields.text(name));
    let texts: Map<String, Value> =
        ["contents_explanation", "exporter_reference", "importer_reference", "invoice", "license", "certificate", "notes"]
            .into_iter()
            .chain(["aes_itn", "disclaimer", "b13a_number"])
            .map(|name| (name.to_owned(), text(name)))
            .collect();
    let [eel_pfc, incoterm] = [("eel_pfc", &EXEMPTIONS[..]), ("incoterm", &INCOTERMS[..])].map(|(name, words)| fields.choice(name, words));
    let option = fields.choice("b13a_filing_option", &FILINGS);
    let commercial_invoice = fields.flag("commercial_invoice").unwrap_or(false);
    let is_vat_collected = fields.flag("is_vat_collected").unwrap_or(false);
    let metadata = fields.metadata();
    let importer = match fields.value("address_importer") {
        None => None,
        Some(Value::String(id)) => Some(id.clone()),
        Some(inline) => match addresses::store(cx, inline) {
            Ok(address) => Some(address.object_id),
            Err(refusal) => {
                fields.put("address_importer", below(refusal));
                None
            }
        },
    };
    let payor = fields.nested("duties_payor", |payor| _ = payor.choice("type", &PAYORS));
    let exporter = fields.nested("exporter_identification", |exporter| {
        exporter.nested("tax_id", |tax| _ = tax.choice("type", &TAX_IDS));
    });
    let charges = fields.nested("invoiced_charges", |charges| {
        charges.needed("currency");
        for name in ["total_shipping", "total_taxes", "total_duties", "other_fees"] {
            decimal::member(charges, name);
        }
    });
    fields.done()?;
    let id = wire::new_id(cx);
    let document = json!({
        "object_created": Moment(cx.now), "object_updated": Moment(cx.now), "object_id": id, "object_owner": accounts::owner(cx),
        "object_state": "VALID", "certify_signer": signer, "certify": certify, "items": items, "non_delivery_option": non_delivery,
        "contents_type": contents, "contents_explanation": texts["contents_explanation"],
        "exporter_reference": texts["exporter_reference"], "importer_reference": texts["importer_reference"],
        "invoice": texts["invoice"], "commercial_invoice": commercial_invoice, "license": texts["license"],
        "certificate": texts["certificate"], "notes": texts["notes"], "eel_pfc": eel_pfc, "aes_itn": texts["aes_itn"],
        "disclaimer": texts["disclaimer"], "incoterm": incoterm, "b13a_filing_option": option,
        "b13a_number": texts["b13a_number"], "duties_payor": payor, "exporter_identification": exporter, "invoiced_charges": charges,
        "is_vat_collected": is_vat_collected, "address_importer": importer, "metadata": metadata, "test": Mode::of(cx).is_test(),
    });
    cx.docs.put(CUSTOMS_DECLARATION, &id, &document);
    Ok(id)
}

/// The id of an item that is named or brought along.
fn item(cx: &mut Cx<'_>, given: &Value) -> Result<String, Value> {
    match given {
        Value::String(id) if cx.docs.has(CUSTOMS_ITEM, id) => return Ok(id.clone()),
        Value::String(id) => return Err(json!([not_found("CustomsItem", id)])),
        _ => {}
    }
    let (document, _) = store_item(cx, given).map_err(below)?;
    Ok(document["object_id"].as_str().unwrap_or_default().to_owned())
}

/// Stores an item from a body; also its weight and value as they were sent.
fn store_item(cx: &mut Cx<'_>, body: &Value) -> Result<(Value, [String; 2]), Refusal> {
    let mut fields = Fields::of(body)?;
    let value_amount = required_decimal(&mut fields, "value_amount");
    let mass_unit = required_choice(&mut fields, "mass_unit", &MASS_UNITS);
    let description = fields.needed("description");
    let net_weight = required_decimal(&mut fields, "net_weight");
    let quantity = fields.quantity("quantity");
    if quantity.is_none() && fields.is_fine("quantity") {
        fields.fault("quantity", REQUIRED);
    }
    let value_currency = fields.needed("value_currency");
    if fields.is_fine("value_currency") && !(value_currency.len() == 3 && value_currency.bytes().all(|byte| byte.is_ascii_alphabetic())) {
        fields.fault("value_currency", not_a_choice(&value_currency));
    }
    let mut origin_country = fields.needed("origin_country");
    match CATALOG.country(&origin_country) {
        Some(code) => code.clone_into(&mut origin_country),
        None if fields.is_fine("origin_country") => fields.fault("origin_country", not_a_choice(&origin_country)),
        None => {}
    }
    let mut or_null = |name: &str| Some(fields.text(name)).filter(|text| !text.is_empty());
    let (hs_code, sku_code, eccn) = (or_null("hs_code"), or_null("sku_code"), or_null("eccn_ear99"));
    let (tariff_number, metadata) = (fields.text("tariff_number"), fields.metadata());
    fields.done()?;
    let id = wire::new_id(cx);
    let mut document = json!({
        "object_created": Moment(cx.now), "object_updated": Moment(cx.now), "object_id": id, "object_owner": accounts::owner(cx),
        "object_state": "VALID", "description": description, "quantity": quantity, "net_weight": net_weight.stored(),
        "mass_unit": mass_unit, "value_amount": value_amount.scaled(2), "value_currency": value_currency,
        "origin_country": origin_country, "tariff_number": tariff_number, "hs_code": hs_code, "sku_code": sku_code,
        "metadata": metadata, "test": Mode::of(cx).is_test(),
    });
    if let Some(eccn) = eccn {
        document["eccn_ear99"] = eccn.into();
    }
    cx.docs.put(CUSTOMS_ITEM, &id, &document);
    Ok((document, [net_weight.text, value_amount.text]))
}

/// A decimal that has to be there.
fn required_decimal(fields: &mut Fields<'_>, name: &str) -> Decimal {
    let found = decimal::member(fields, name);
    if found.is_none() && fields.is_fine(name) {
        fields.fault(name, REQUIRED);
    }
    found.unwrap_or_default()
}

fn required_choice(fields: &mut Fields<'_>, name: &str, words: &[&str]) -> String {
    let word = fields.choice(name, words);
    if word.is_none() && fields.is_fine(name) {
        fields.fault(name, REQUIRED);
    }
    word.unwrap_or_default()
}
