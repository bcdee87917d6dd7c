//! What customs wants to know of a parcel that leaves mainland UK: every item is described in full, or
//! has a number that is in the inventory.

use crate::engine::Docs;
use crate::engine::fields::{Field, Report};
use crate::spec::Rule;
use crate::vendors::shipmate::catalog::CATALOG;
use crate::vendors::shipmate::wire::SKU_NUMBER;

/// What has to be said of an item.
const NEEDED: [&str; 6] = ["short_description", "full_description", "country_of_origin", "harmonised_code", "item_value", "item_quantity"];

/// Reports what is missing of the items of a parcel. Of one whose number is in the inventory nothing is, whatever that leaves blank.
pub fn check(report: &mut Report<'_>, parcel: &Field<'_, '_>, docs: &Docs<'_>) {
    let items = parcel.member("items");
    if items.value.is_none_or(|value| value.as_array().is_some_and(Vec::is_empty)) {
        report.add(&items, Rule::Required);
    }
    for item in items.elements().filter(|item| item.member("sku").text().is_none_or(|number| !docs.has(SKU_NUMBER, number))) {
        for field in NEEDED.map(|name| item.member(name)).iter().filter(|field| field.value.is_none()) {
            report.add(field, Rule::Required);
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
