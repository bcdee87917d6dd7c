//! Customs declarations and their items: made on their own, or brought along by a shipment.

use serde_json::{Map, Value, json};

use super::addresses::ADDRESSES;
use super::stored::{self, CONVENTIONS};
use crate::engine::resource::{self, Resource};
use crate::engine::{Cx, Refusal};
use crate::vendors::shippo::dialect::fields::{Fields, below, not_found};
use crate::vendors::shippo::dialect::page::{FIVES, LISTING};
use crate::vendors::shippo::wire::decimal;
use crate::vendors::shippo::wire::{CUSTOMS_DECLARATION, CUSTOMS_ITEM};

const CONTENTS: [&str; 7] = ["DOCUMENTS", "GIFT", "SAMPLE", "MERCHANDISE", "HUMANITARIAN_DONATION", "RETURN_MERCHANDISE", "OTHER"];
const RETURNS: [&str; 2] = ["ABANDON", "RETURN"];
const EXEMPTIONS: [&str; 5] = ["NOEEI_30_37_a", "NOEEI_30_37_h", "NOEEI_30_37_f", "NOEEI_30_36", "AES_ITN"];
const INCOTERMS: [&str; 5] = ["DDP", "DDU", "FCA", "DAP", "eDAP"];
const FILINGS: [&str; 3] = ["FILED_ELECTRONICALLY", "SUMMARY_REPORTING", "NOT_REQUIRED"];
const PAYORS: [&str; 3] = ["SENDER", "RECIPIENT", "THIRD_PARTY"];
const TAX_IDS: [&str; 4] = ["EIN", "VAT", "IOSS", "ARN"];

/// Weights are kept with four places and values with two; the answer to the creation shows them as they were sent.
pub(crate) static ITEMS: Resource = Resource {
    kind: CUSTOMS_ITEM,
    read: None,
    judge: resource::agreed,
    schema: "CustomsItem",
    finish: resource::unchanged,
    listing: &LISTING,
    conventions: &CONVENTIONS,
};

/// Items are named by id or brought along; the answer names them by id.
pub(crate) static DECLARATIONS: Resource = Resource {
    kind: CUSTOMS_DECLARATION,
    read: Some(read_declaration),
    judge: resource::agreed,
    schema: "CustomsDeclaration",
    finish: resource::unchanged,
    listing: &FIVES,
    conventions: &CONVENTIONS,
};

/// The id of the declaration that a shipment names or brings along.
pub(crate) fn resolve(cx: &mut Cx<'_>, given: &Value) -> Result<String, Value> {
    named_or_stored(cx, given, &DECLARATIONS, "CustomsDeclaration")
}

/// The id of what is named, or brought along and stored.
fn named_or_stored(cx: &mut Cx<'_>, given: &Value, resource: &Resource, noun: &str) -> Result<String, Value> {
    let operation = if noun == "CustomsItem" { "CreateCustomsItem" } else { "CreateCustomsDeclaration" };
    match given {
        Value::String(id) if cx.docs.has(resource.kind.clone(), id) => Ok(id.clone()),
        Value::String(id) => Err(json!([not_found(noun, id)])),
        inline => stored::brought(cx, resource, operation, inline).map(|stored| stored.id).map_err(below),
    }
}

fn read_declaration(cx: &mut Cx<'_>, body: &Value) -> Result<Map<String, Value>, Refusal> {
    let mut fields = Fields::of(body)?;
    fields.needed("certify_signer");
    fields.flag("certify");
    for (name, words) in [("non_delivery_option", &RETURNS[..]), ("contents_type", &CONTENTS)] {
        fields.choice(name, words);
        fields.require(name);
    }
    match fields.value("items") {
        Some(Value::Array(rows)) if !rows.is_empty() => {
            let mut items: Vec<String> = Vec::new();
            for row in rows {
                match named_or_stored(cx, row, &ITEMS, "CustomsItem") {
                    Ok(id) => items.push(id),
                    Err(faults) => fields.put("items", faults),
                }
            }
            fields.keep("items", items);
        }
        Some(Value::Array(_)) => fields.fault("items", "This list may not be empty."),
        _ => fields.require("items"),
    }
    for name in ["contents_explanation", "exporter_reference", "importer_reference", "invoice", "license", "certificate", "notes"] {
        fields.text(name);
    }
    for name in ["aes_itn", "disclaimer", "b13a_number"] {
        fields.text(name);
    }
    for (name, words) in [("eel_pfc", &EXEMPTIONS[..]), ("incoterm", &INCOTERMS), ("b13a_filing_option", &FILINGS)] {
        fields.choice(name, words);
    }
    fields.flag("commercial_invoice");
    fields.flag("is_vat_collected");
    fields.metadata();
    match fields.value("address_importer") {
        None => {}
        Some(Value::String(id)) => fields.keep("address_importer", id.as_str()),
        Some(inline) => match stored::brought(cx, &ADDRESSES, "CreateAddress", inline) {
            Ok(address) => fields.keep("address_importer", address.id),
            Err(refusal) => fields.put("address_importer", below(refusal)),
        },
    }
    fields.nested("duties_payor", |payor| _ = payor.choice("type", &PAYORS));
    fields.nested("exporter_identification", |exporter| {
        exporter.nested("tax_id", |tax| _ = tax.choice("type", &TAX_IDS));
    });
    fields.nested("invoiced_charges", |charges| {
        charges.needed("currency");
        for name in ["total_shipping", "total_taxes", "total_duties", "other_fees"] {
            decimal::member(charges, name);
        }
    });
    fields.into_read()
}
