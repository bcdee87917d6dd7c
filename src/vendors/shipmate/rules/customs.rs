//! What customs wants to know of a parcel that leaves mainland UK: every item is described in full, by the request or, where its
//! number is in the inventory, by that.

use super::skus;
use crate::engine::Docs;
use crate::engine::fields::{Field, Report};
use crate::spec::Rule;
use crate::vendors::shipmate::catalog::CATALOG;

/// Members of items, and those of a SKU that stand for them.
const NEEDED: [(&str, &[&str]); 6] = [
    ("short_description", &["description_short", "tariff_description"]),
    ("full_description", &["description_full"]),
    ("country_of_origin", &["country_of_origin"]),
    ("harmonised_code", &["tariff_code"]),
    ("item_value", &["value_ex_vat"]),
    ("item_quantity", &["sku"]),
];

/// Reports what is missing of the items of a parcel.
pub fn check(report: &mut Report<'_>, parcel: &Field<'_, '_>, docs: &Docs<'_>) {
    let items = parcel.member("items");
    if items.value.is_none_or(|value| value.as_array().is_some_and(Vec::is_empty)) {
        report.add(&items, Rule::Required);
    }
    for item in items.elements() {
        let sku = item.member("sku").text().and_then(|number| skus::look_up(docs, number));
        for (name, sources) in NEEDED {
            let (field, is_known) = (item.member(name), |name: &&str| sku.as_ref().is_some_and(|sku| !sku[*name].is_null()));
            if field.value.is_none() && !sources.iter().any(is_known) {
                report.add(&field, Rule::Required);
            }
        }
    }
}

/// Whether a parcel to there needs a customs declaration.
pub fn is_outside_mainland(country: &str, postcode: &str) -> bool {
    let area = postcode.get(..2).unwrap_or_default();
    let districts = CATALOG.offshore.iter().find(|(other, _)| other.eq_ignore_ascii_case(area)).map(|(_, districts)| districts);
    let lies_in = |[first, last]: &[u32; 2]| (*first..=*last).contains(&district(postcode));
    country != "GB" || districts.is_some_and(|districts| districts.iter().any(lies_in))
}

/// The number of a post code's district: the digits behind the area, without the one that begins the last three characters.
fn district(postcode: &str) -> u32 {
    let outward = postcode.split_once(' ').map_or_else(
        || postcode.len().checked_sub(3).filter(|end| *end > 2).and_then(|end| postcode.get(..end)).unwrap_or(postcode),
        |(outward, _)| outward,
    );
    let digits = outward.get(2..).unwrap_or_default().chars().map_while(|letter| letter.to_digit(10));
    digits.take(2).fold(0, |number, digit| number * 10 + digit)
}
