//! Customs declarations and their items: made on their own, or brought along by a shipment.

use serde_json::Value;

use super::addresses::ADDRESSES;
use super::stored::{self, CONVENTIONS};
use crate::engine::fields::{Field, Report};
use crate::engine::resource::{Members, Resource};
use crate::engine::{Cx, Refusal};
use crate::vendors::shippo::dialect::page::{FIVES, LISTING};
use crate::vendors::shippo::wire::{CUSTOMS_DECLARATION, CUSTOMS_ITEM};

/// Weights are kept with four places and values with two; the answer to the creation shows them as they were sent.
pub(crate) static ITEMS: Resource = Resource::new(CUSTOMS_ITEM, "CustomsItem", &LISTING, &CONVENTIONS);

/// Items are named by id or brought along; the answer names them by id.
pub(crate) static DECLARATIONS: Resource =
    Resource::new(CUSTOMS_DECLARATION, "CustomsDeclaration", &FIVES, &CONVENTIONS).with_parts(parts).finished(finish);

/// Recorded 2022: terms that are blank stay so.
fn finish(_: &mut Cx<'_>, read: &Members, document: &mut Members) -> Result<(), Refusal> {
    for name in ["incoterm", "eel_pfc"].into_iter().filter(|name| read.get(*name).is_some_and(|value| value == "")) {
        document.insert(name.to_owned(), "".into());
    }
    Ok(())
}

fn parts(cx: &mut Cx<'_>, body: &Value, report: &mut Report<'_>) -> Result<Vec<(&'static str, Value)>, Refusal> {
    let whole = Field::root(body);
    let (rows, importer) = (whole.member("items"), whole.member("address_importer"));
    let mut items = Vec::new();
    for row in rows.elements() {
        items.extend(stored::part(cx, &row, &ITEMS, "CustomsItem", report)?);
    }
    let address = if importer.text() == Some("") { None } else { stored::part(cx, &importer, &ADDRESSES, "Address", report)? };
    Ok([("items", items.into())].into_iter().chain(address.map(|address| ("address_importer", address.into()))).collect())
}
