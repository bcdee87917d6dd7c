//! What ShipTime checks once a body could be read: every fault of one pass, in a fixed order.
//!
//! Recorded: the faults of addresses, their order, the phone that is listed twice, and that a missing city shows only
//! where it disagrees with the postal code. The checks of everything else are inferred from the published limits.

use jiff::civil::{Date, Time, Weekday};
use serde_json::{Map, Value};

use super::catalog::{CATALOG, Carrier};

/// One thing wrong with a request: where, and what.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    /// What the message begins with, such as `RateRequest/From Phone`.
    pub(super) at: String,
    pub(super) problem: Problem,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Problem {
    Empty,
    Invalid,
    /// None of these.
    NotOneOf(String),
    /// The text does not match the pattern.
    Mismatch {
        text: String,
        pattern: &'static str,
    },
    /// The city is not the one of the postal code.
    OtherCity {
        given: Option<String>,
        postal_code: String,
        right: &'static str,
    },
    Longer(usize),
    Shorter(usize),
    NotPositive,
    NoBusinessDay,
    Past,
    /// The pickup's window is shorter than the carrier's interval.
    Narrow(&'static str),
    /// The pickup ends after the carrier's cutoff.
    Late(&'static str),
}

pub(super) const CANADIAN: &str = "^(?!.*[DFIOQU])[A-VXY][0-9][A-Z] ?[0-9][A-Z][0-9]$";
pub(super) const AMERICAN: &str = "^[0-9]{5}(-[0-9]{4})?$";

/// The faults of one object of a body.
struct Checker<'a> {
    at: String,
    members: &'a Map<String, Value>,
    faults: Vec<Fault>,
}

impl<'a> Checker<'a> {
    fn new(at: impl Into<String>, members: &'a Map<String, Value>) -> Self {
        Self { at: at.into(), members, faults: Vec::new() }
    }

    fn text(&self, member: &str) -> Option<&'a str> {
        self.members.get(member).and_then(Value::as_str)
    }

    fn filled(&self, member: &str) -> Option<&'a str> {
        self.text(member).filter(|text| !text.trim().is_empty())
    }

    fn object(&self, member: &str) -> Option<&'a Map<String, Value>> {
        self.members.get(member).and_then(Value::as_object)
    }

    fn list(&self, member: &str) -> &'a [Value] {
        self.members.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, member: &str, problem: Problem) {
        let at = format!("{} {}", self.at, capital(member));
        self.faults.push(Fault { at, problem });
    }

    /// A member of a payload rather than of a model: joined by a slash.
    fn add_part(&mut self, member: &str, problem: Problem) {
        let at = format!("{}/{}", self.at, capital(member));
        self.faults.push(Fault { at, problem });
    }

    fn required(&mut self, member: &str, longest: usize) {
        match self.filled(member) {
            None => self.add(member, Problem::Empty),
            Some(_) => self.short_enough(member, longest),
        }
    }

    fn short_enough(&mut self, member: &str, longest: usize) {
        if self.text(member).is_some_and(|text| text.chars().count() > longest) {
            self.add(member, Problem::Longer(longest));
        }
    }
}

/// The faults of a rate request; `at` is `RateRequest`, or `ShipRequest/RateRequest`.
pub(super) fn rate_request(at: &str, request: &Map<String, Value>) -> Vec<Fault> {
    let mut checker = Checker::new(at, request);
    for (member, name) in [("from", "From"), ("to", "To")] {
        match checker.object(member) {
            None => checker.add_part(member, Problem::Empty),
            Some(members) => checker.faults.extend(address(&format!("{at}/{name}"), members)),
        }
    }
    if checker.text("packageType").is_none() {
        checker.add_part("packageType", Problem::Empty);
    }
    let items = checker.list("lineItems");
    if items.is_empty() {
        checker.add_part("lineItems", Problem::Empty);
    }
    for (place, item) in items.iter().enumerate() {
        let members = item.as_object().into_iter();
        checker.faults.extend(members.flat_map(|members| line_item(&format!("{at}/LineItems[{place}]"), members)));
    }
    for member in ["unitOfMeasurement", "shipDate"] {
        if checker.text(member).is_none() {
            checker.add_part(member, Problem::Empty);
        }
    }
    if let Some(invoice) = checker.object("customsInvoice") {
        checker.faults.extend(customs_invoice(&format!("{at}/CustomsInvoice"), invoice));
    }
    checker.faults
}

fn address(at: &str, members: &Map<String, Value>) -> Vec<Fault> {
    let mut checker = Checker::new(at, members);
    let country = checker.filled("countryCode");
    checker.required("companyName", 40);
    checker.required("streetAddress", 50);
    checker.short_enough("streetAddress2", 35);
    checker.required("attention", 40);
    if checker.filled("attention").is_some_and(|text| text.chars().count() < 2) {
        checker.add("attention", Problem::Shorter(2));
    }
    // Recorded: an empty phone is listed once here and once after the state; two checks find it.
    if checker.filled("phone").is_none() {
        checker.add("phone", Problem::Empty);
    }
    match country {
        None => checker.add("countryCode", Problem::Empty),
        Some(code) if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            checker.add("countryCode", Problem::Invalid)
        }
        Some(_) => {}
    }
    state(&mut checker, country);
    match checker.filled("phone") {
        None => checker.add("phone", Problem::Empty),
        Some(phone) if !is_phone(phone) => checker.add("phone", Problem::Invalid),
        Some(_) => {}
    }
    postal_code(&mut checker, country);
    checker.short_enough("city", 40);
    checker.short_enough("email", 40);
    checker.short_enough("instructions", 60);
    checker.faults
}

fn state(checker: &mut Checker<'_>, country: Option<&str>) {
    let known: Vec<&str> = match country {
        Some("CA") => CATALOG.provinces.iter().map(|province| province.code.as_str()).collect(),
        Some("US") => CATALOG.states.split(' ').collect(),
        _ => return,
    };
    match checker.filled("state") {
        None => checker.add("state", Problem::Empty),
        Some(state) if !known.contains(&state) => checker.add("state", Problem::NotOneOf(known.join(","))),
        Some(_) => {}
    }
}

fn postal_code(checker: &mut Checker<'_>, country: Option<&str>) {
    let Some(code) = checker.filled("postalCode") else {
        checker.add("postalCode", Problem::Empty);
        return;
    };
    match country {
        Some("CA") if !is_canadian(code) => {
            checker.add("postalCode", Problem::Mismatch { text: code.to_owned(), pattern: CANADIAN });
        }
        Some("US") if !is_american(code) => {
            checker.add("postalCode", Problem::Mismatch { text: code.to_owned(), pattern: AMERICAN });
        }
        Some("CA") => {
            let given = checker.text("city");
            let city = CATALOG.city(code).filter(|city| !given.is_some_and(|given| city.is(given)));
            if let Some(city) = city {
                let given = given.map(str::to_owned);
                checker.add("postalCode", Problem::OtherCity { given, postal_code: code.to_owned(), right: &city.city });
            }
        }
        _ => checker.short_enough("postalCode", 10),
    }
}

fn line_item(at: &str, members: &Map<String, Value>) -> Vec<Fault> {
    let mut checker = Checker::new(at, members);
    for member in ["length", "width", "height", "weight"] {
        match members.get(member).and_then(Value::as_f64) {
            None => checker.add(member, Problem::Empty),
            Some(size) if size <= 0.0 => checker.add(member, Problem::NotPositive),
            Some(_) => {}
        }
    }
    if let Some(value) = checker.object("declaredValue") {
        let mut inner = Checker::new(format!("{at}/DeclaredValue"), value);
        for member in ["currency", "amount"] {
            if !value.contains_key(member) {
                inner.add(member, Problem::Empty);
            }
        }
        checker.faults.extend(inner.faults);
    }
    checker.faults
}

/// Recorded: neither the contact's postal code nor the words for origin and province are checked.
fn customs_invoice(at: &str, members: &Map<String, Value>) -> Vec<Fault> {
    let mut checker = Checker::new(at, members);
    match checker.object("dutiesAndTaxes") {
        None => checker.add_part("dutiesAndTaxes", Problem::Empty),
        Some(duties) if !duties.contains_key("dutiable") => checker.add_part("dutiesAndTaxes Dutiable", Problem::Empty),
        Some(_) => {}
    }
    for (place, item) in checker.list("invoiceItems").iter().enumerate() {
        let Some(item) = item.as_object() else {
            continue;
        };
        let mut inner = Checker::new(format!("{at}/InvoiceItems[{place}]"), item);
        if !item.contains_key("quantity") {
            inner.add("quantity", Problem::Empty);
        }
        inner.required("code", 10);
        if inner.filled("code").is_some_and(|code| code.chars().count() < 6) {
            inner.add("code", Problem::Shorter(6));
        }
        inner.required("description", 50);
        for member in ["origin", "provinceOrState"] {
            if inner.filled(member).is_none() {
                inner.add(member, Problem::Empty);
            }
        }
        if !item.contains_key("unitPrice") {
            inner.add("unitPrice", Problem::Empty);
        }
        checker.faults.extend(inner.faults);
    }
    checker.faults
}

/// What a pickup is checked against.
pub(super) struct Window<'a> {
    /// Today in Toronto.
    pub(super) today: Date,
    pub(super) carrier: Option<&'static Carrier>,
    /// Whether the carrier's cutoff counts. Recorded: while a shipment is booked it does not.
    pub(super) cutoff: bool,
    pub(super) detail: &'a Map<String, Value>,
}

/// The faults of a pickup's details.
pub(super) fn pickup(at: &str, window: &Window<'_>) -> Vec<Fault> {
    let mut checker = Checker::new(at, window.detail);
    match checker.text("location") {
        None => checker.add("location", Problem::Empty),
        Some("Other") if checker.filled("otherLocation").is_none() => checker.add("otherLocation", Problem::Empty),
        Some(_) => {}
    }
    checker.short_enough("otherLocation", 40);
    match checker.text("pickupDate").and_then(|date| date.parse::<Date>().ok()) {
        None => checker.add("pickupDate", Problem::Empty),
        Some(date) if date < window.today => checker.add("pickupDate", Problem::Past),
        Some(date) if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) => checker.add("pickupDate", Problem::NoBusinessDay),
        Some(_) => {}
    }
    let mut times = [None, None];
    for (slot, member) in times.iter_mut().zip(["readyTime", "closeTime"]) {
        match checker.filled(member) {
            None => checker.add(member, Problem::Empty),
            Some(text) => {
                *slot = minutes(text);
                if slot.is_none() {
                    checker.add(member, Problem::Invalid);
                }
            }
        }
    }
    if let ([Some(ready), Some(close)], Some(carrier)) = (times, window.carrier) {
        let needed = minutes(&carrier.interval).unwrap_or(120);
        let cutoff = carrier.cutoff.as_deref().filter(|_| window.cutoff);
        if close - ready < needed {
            checker.add("closeTime", Problem::Narrow(&carrier.interval));
        } else if let Some(cutoff) = cutoff.filter(|cutoff| minutes(cutoff).is_some_and(|last| close > last)) {
            checker.add("closeTime", Problem::Late(cutoff));
        }
    }
    checker.faults
}

/// A fault of a payload's own member.
pub(super) fn part(at: &str, problem: Problem) -> Fault {
    Fault { at: at.to_owned(), problem }
}

/// Minutes since midnight, of `HH:mm` or `H:mm`.
fn minutes(text: &str) -> Option<i32> {
    let (hours, minutes) = text.split_once(':')?;
    if minutes.len() != 2 || hours.is_empty() || hours.len() > 2 {
        return None;
    }
    let time = Time::new(hours.parse().ok()?, minutes.parse().ok()?, 0, 0).ok()?;
    Some(i32::from(time.hour()) * 60 + i32::from(time.minute()))
}

/// Recorded: ten and eleven bare digits and `1-NNN-NNN-NNNN` all pass, whatever the published format says.
fn is_phone(phone: &str) -> bool {
    let digits = phone.bytes().filter(u8::is_ascii_digit).count();
    (10..=15).contains(&phone.chars().count()) && digits >= 10
}

pub(super) fn is_canadian(code: &str) -> bool {
    let bytes: Vec<u8> = code.bytes().collect();
    let compact: Vec<u8> = match bytes.as_slice() {
        [a, b, c, b' ', d, e, f] | [a, b, c, d, e, f] => vec![*a, *b, *c, *d, *e, *f],
        _ => return false,
    };
    let shaped = compact
        .iter()
        .enumerate()
        .all(|(place, byte)| if place % 2 == 0 { byte.is_ascii_uppercase() && !b"DFIOQU".contains(byte) } else { byte.is_ascii_digit() });
    shaped && !matches!(compact.first(), Some(b'W' | b'Z'))
}

pub(super) fn is_american(code: &str) -> bool {
    let (five, four) = code.split_once('-').map_or((code, None), |(five, four)| (five, Some(four)));
    let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(five, 5) && four.is_none_or(|four| digits(four, 4))
}

fn capital(member: &str) -> String {
    let mut letters = member.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postal_codes_have_their_shape() {
        for (code, fits) in
            [("V2R 4H1", true), ("M5S2C6", true), ("k6h5l6", false), ("W1A1A1", false), ("M5O2C6", false), ("M5S-2C6", false)]
        {
            assert_eq!(is_canadian(code), fits, "{code}");
        }
        for (code, fits) in [("14202", true), ("14202-1234", true), ("1420", false), ("14202-1", false)] {
            assert_eq!(is_american(code), fits, "{code}");
        }
    }

    #[test]
    fn times_are_read() {
        assert_eq!((minutes("12:15"), minutes("2:00"), minutes("25:00"), minutes("9am")), (Some(735), Some(120), None, None));
    }

    #[test]
    fn recorded_phones_pass() {
        assert!(["1-604-555-0100", "6045550101", "14165550100", "416 555 0100"].into_iter().all(is_phone));
        assert!(!is_phone("555 0100"));
    }
}
