//! The filters of search and list: equality with a member of the shipment, all of them at once.
//!
//! The database behind Shiptheory compares texts without their case; the guide names the status and the carrier name as
//! exceptions. Names carry a literal dot, so they are read from the raw query rather than as PHP would.

use serde_json::Value;

use crate::engine::listing::{Filter, Test};
use crate::vendors::shiptheory::wire;

pub(super) const SHIPMENTS: [Filter; 27] = [
    filter("created", "/created", Test::By(is_day)),
    filter("modified", "/modified", Test::By(is_day)),
    filter("status", "/status", Test::Equal),
    filter("channel_name", "", Test::By(|_, name| name.eq_ignore_ascii_case("api"))),
    filter("channel_reference_id", "/reference", Test::Caseless),
    filter("channel_reference_id_2", "/reference2", Test::Caseless),
    filter("ShipmentDetails.parcels", "/detail/parcels", NUMBER),
    filter("ShipmentDetails.weight", "/detail/weight", NUMBER),
    filter("ShipmentDetails.value", "/detail/value", NUMBER),
    filter("ShipmentDetails.duty_tax_number", "/detail/duty_tax_number", Test::Caseless),
    filter("ShipmentDetails.duty_tax_number_type", "/detail/duty_tax_number_type", Test::Caseless),
    filter("ShipmentDetails.channel_reference_id_3", "/detail/reference3", Test::Caseless),
    filter("Couriers.couriername", "/carrier", Test::Equal),
    filter("Countries.code", "/recipient/country", Test::By(is_country)),
    filter("DeliveryAddress.address_line_1", "/recipient/address_line_1", Test::Caseless),
    filter("DeliveryAddress.address_line_2", "/recipient/address_line_2", Test::Caseless),
    filter("DeliveryAddress.address_line_3", "/recipient/address_line_3", Test::Caseless),
    filter("DeliveryAddress.city", "/recipient/city", Test::Caseless),
    filter("DeliveryAddress.county", "/recipient/county", Test::Caseless),
    filter("DeliveryAddress.postcode", "/recipient/postcode", Test::Caseless),
    filter("DeliveryAddress.telephone", "/recipient/telephone", Test::Caseless),
    filter("DeliveryAddress.email", "/recipient/email", Test::Caseless),
    filter("DeliveryAddress.company", "/recipient/company", Test::Caseless),
    filter("DeliveryAddress.firstname", "/recipient/firstname", Test::Caseless),
    filter("DeliveryAddress.lastname", "/recipient/lastname", Test::Caseless),
    filter("DeliveryAddress.tax_number", "/recipient/tax_number", Test::Caseless),
    filter("DeliveryAddress.what_3_words", "/recipient/what3words", Test::Caseless),
];

/// Numbers are kept with three decimals at most.
const NUMBER: Test = Test::Near(0.000_5);

/// A filter by a member.
pub(super) const fn filter(name: &'static str, member: &'static str, test: Test) -> Filter {
    Filter { name, member, test }
}

/// The day of a stored time.
pub(super) fn day(time: &Value) -> &str {
    time.as_str().and_then(|time| time.get(..10)).unwrap_or_default()
}

fn is_day(time: &Value, wanted: &str) -> bool {
    day(time) == wanted
}

fn is_country(country: &Value, wanted: &str) -> bool {
    wire::alpha3(country.as_str().unwrap_or_default()) == wanted.to_uppercase()
}
