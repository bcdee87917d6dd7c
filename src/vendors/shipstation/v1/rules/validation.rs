//! Addresses that orders are shipped to are rewritten by the address check, those in the United States at least.

use std::sync::LazyLock;

use super::super::super::catalog::CATALOG;
use super::super::super::wire::address::Address;
use crate::base::entropy;

const VALIDATED: &str = "Address validated successfully";
const FAILED: &str = "Address validation failed";
const NOT_YET: &str = "Address not yet validated";

/// An address as the check leaves it. Recorded: upper case, the abbreviations of the post, a postal code of nine digits, and `residential`
/// told anew; what fails keeps its spelling and is not residential.
pub(super) fn checked(sent: Address) -> Address {
    let is_blank = |member: &Option<String>| member.as_deref().is_none_or(|text| text.trim().is_empty());
    let verified = |address, text: &str| Address { address_verified: Some(text.to_owned()), ..address };
    if sent.country.as_deref() != Some("US") {
        return verified(sent, NOT_YET);
    }
    let zip = sent.postal_code.as_deref().unwrap_or_default().trim();
    let is_zip =
        zip.len() >= 5 && zip.bytes().enumerate().all(|(index, byte)| if index == 5 { byte == b'-' } else { byte.is_ascii_digit() });
    if !is_zip || [&sent.street1, &sent.city, &sent.state].into_iter().any(is_blank) {
        return verified(Address { residential: Some(false), ..sent }, FAILED);
    }
    let own = format!("{}{zip}", sent.street1.as_deref().unwrap_or_default().to_uppercase());
    let plus_four = if zip.len() > 5 { zip.to_owned() } else { format!("{zip}-{:04}", 1 + entropy::fingerprint(own.as_bytes()) % 9_899) };
    let residential = Some(is_blank(&sent.company));
    let upper = |member: Option<String>| member.map(|text| abbreviated(&text));
    let address = Address {
        street1: upper(sent.street1),
        street2: upper(sent.street2),
        street3: upper(sent.street3),
        city: sent.city.map(|city| city.trim().to_uppercase()),
        state: sent.state.map(|state| state.trim().to_uppercase()),
        postal_code: Some(plus_four),
        residential,
        ..sent
    };
    verified(address, VALIDATED)
}

/// A line in upper case, its words as the post abbreviates them.
fn abbreviated(line: &str) -> String {
    static SHORT: LazyLock<Vec<(&str, &str)>> =
        LazyLock::new(|| CATALOG.abbreviations.iter().map(|(word, short)| (word.as_str(), short.as_str())).collect());
    let word = |word: &str| {
        let word = word.trim_end_matches([',', '.']).to_uppercase();
        SHORT.iter().find(|(long, _)| *long == word).map_or(word, |(_, short)| (*short).to_owned())
    };
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_abbreviated_as_the_post_does() {
        let check = |line: &str, expected: &str| assert_eq!(abbreviated(line), expected);
        check("123 Example Street,  Suite 2", "123 EXAMPLE ST STE 2");
        check("100 w. Example Avenue", "100 W EXAMPLE AVE");
        check("", "");
    }
}
