//! Addresses that orders are shipped to are rewritten by the address check, those in the United States at least.

use super::super::super::wire::address::Address;
use crate::carrier::address::{self, Fault, Kind};

const VALIDATED: &str = "Address validated successfully";
const FAILED: &str = "Address validation failed";
const NOT_YET: &str = "Address not yet validated";

/// An address as the check leaves it. Recorded: upper case, the abbreviations of the post, a postal code of nine digits, and `residential`
/// told anew; what fails keeps its spelling and is not residential.
pub(super) fn checked(sent: Address) -> Address {
    let is_blank = |member: &Option<String>| member.as_deref().is_none_or(|text| text.trim().is_empty());
    let verified = |address, text: &str| Address { address_verified: Some(text.to_owned()), ..address };
    if sent.country.as_deref().is_none_or(|code| !code.eq_ignore_ascii_case("US")) {
        return verified(sent, NOT_YET);
    }
    let text = |member: &'_ Option<String>| member.clone().unwrap_or_default();
    let [company, street, second, city, state, code] =
        [&sent.company, &sent.street1, &sent.street2, &sent.city, &sent.state, &sent.postal_code].map(text);
    let address =
        address::Address { company: &company, street: &street, second: &second, city: &city, state: &state, code: &code, country: "US" };
    // A street without a number is delivered to, and a state that is missing is not.
    if is_blank(&sent.state) || address.faults().iter().any(|fault| *fault != Fault::Number) {
        return verified(Address { residential: Some(false), ..sent }, FAILED);
    }
    let plus_four = address.nine_digits();
    let residential = Some(is_blank(&sent.company) && address.kind() != Kind::Business);
    let upper = |member: Option<String>| member.map(|text| address::capitals(&text));
    let address = Address {
        street1: upper(sent.street1),
        street2: upper(sent.street2),
        street3: upper(sent.street3),
        city: sent.city.map(|city| city.trim().to_uppercase()),
        state: sent.state.map(|state| state.trim().to_uppercase()),
        postal_code: Some(plus_four),
        country: Some("US".to_owned()),
        residential,
        ..sent
    };
    verified(address, VALIDATED)
}
