//! What customs wants to know of a parcel. Outside mainland UK every item is described in full, by the request or, where
//! its number is in the inventory, by that; inside, everything is optional.

use super::skus;
use crate::engine::Docs;
use crate::vendors::shipmate::countries;
use crate::vendors::shipmate::validation::{self, Fault, Field, Report};
use crate::vendors::shipmate::version::Version;

/// Clients disagree on this limit; it is the larger one.
const COMMENTS: usize = 10_000;

/// Judges the items and the declaration of a parcel.
pub fn check(report: &mut Report, parcel: &Field<'_, '_>, abroad: bool, docs: &Docs<'_>, version: Version) {
    let items = parcel.member("items");
    let items = if abroad { report.needed(items) } else { items };
    for (place, row) in report.list(&items).iter().enumerate() {
        let field = items.element(place, row);
        item(report, &field, abroad, docs);
        if version == Version::V1_2 {
            report.text(&field.member("item_line_id"));
            report.whole(&field.member("item_weight"), 0);
        }
    }
    let own = parcel.member("customs_declaration");
    match version {
        Version::V1_2 => declaration(report, &own),
        Version::V1_1 if own.value.is_some() => purpose(report, &own),
        Version::V1_1 => {}
    }
}

/// Judges a declaration: of a parcel, or since version 1.2 of the whole shipment, with what that adds.
pub fn declaration(report: &mut Report, declaration: &Field<'_, '_>) {
    if declaration.value.is_none() {
        return;
    }
    purpose(report, declaration);
    let duty = declaration.member("duty_method");
    report.choice(&duty, |word| ["DAP", "DDP"].contains(&word).then_some(()));
    for name in ["insurance_value", "freight_value", "packing_value", "handling_value"] {
        report.amount(&declaration.member(name));
    }
    let other = declaration.member("other_value");
    if other.value.is_some_and(|value| validation::number(value).is_none()) {
        report.add(&other.path, Fault::NotNumber);
    }
    for name in ["commercial_invoice_number", "currency_code", "export_license_number", "export_certificate_number"] {
        report.text(&declaration.member(name));
    }
    report.short_text(&declaration.member("other_export_comments"), COMMENTS);
}

fn item(report: &mut Report, item: &Field<'_, '_>, abroad: bool, docs: &Docs<'_>) {
    let found = report.text(&item.member("sku")).filter(|_| abroad).and_then(|number| skus::look_up(docs, number));
    let inventory = |known: fn(&skus::Sku) -> bool| found.as_ref().is_some_and(known);
    let mut need = |name, filled: bool| {
        let field = item.member(name);
        let field = if abroad && !filled { report.needed(field) } else { field };
        match name {
            "item_value" => _ = report.amount(&field),
            "item_quantity" => _ = report.whole(&field, 1),
            "country_of_origin" => _ = report.choice(&field, countries::find),
            _ => _ = report.text(&field),
        }
    };
    need("short_description", inventory(|sku| sku.description_short.is_some() || sku.tariff_description.is_some()));
    need("full_description", inventory(|sku| sku.description_full.is_some()));
    need("country_of_origin", inventory(|sku| sku.country_of_origin.is_some()));
    need("harmonised_code", inventory(|sku| sku.tariff_code.is_some()));
    need("item_value", inventory(|sku| sku.value_ex_vat.is_some()));
    need("item_quantity", found.is_some());
}

fn purpose(report: &mut Report, declaration: &Field<'_, '_>) {
    report.map(declaration);
    let purpose = declaration.member("export_purpose");
    report.map(&purpose);
    for name in ["gift", "documents", "sale_of_goods", "commercial_sample", "returned_goods"] {
        report.flag(&purpose.member(name));
    }
    let other = purpose.member("other");
    if other.value.is_some_and(|value| !value.is_string()) {
        report.add(&other.path, Fault::NotText);
    }
}
