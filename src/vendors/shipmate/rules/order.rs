//! A request for a consignment, judged and read in one walk. What comes out borrows from the body.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::packaging::PackagingRules;
use super::{custom_fields, customs, labels};
use crate::base::time::Timestamp;
use crate::engine::{Cx, Docs, Refusal};
use crate::vendors::shipmate::catalog::{CATALOG, Location, PackagingType, Service, Size};
use crate::vendors::shipmate::countries;
use crate::vendors::shipmate::dialect;
use crate::vendors::shipmate::validation::{self, Fault, Field, Report};
use crate::vendors::shipmate::version::Version;
use crate::vendors::shipmate::wire::{self, Address, CONSIGNMENT, Format, PARCEL_REFERENCE};

/// A consignment that may be booked, if a service takes it.
pub struct Order<'v> {
    pub reference: &'v str,
    pub order_reference: Option<&'v str>,
    /// The service that was asked for; routing chooses one otherwise.
    pub service: Option<&'static Service>,
    pub despatch: Option<Timestamp>,
    pub to: Address<'v>,
    pub location: Option<&'static Location>,
    pub format: Format,
    pub parcels: Vec<Parcel<'v>>,
    pub instructions: &'v str,
}

/// What a request is read for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be booked: its references have to be free.
    Booking,
    /// To be priced.
    Quoting,
}

/// One of its parcels.
pub struct Parcel<'v> {
    pub reference: &'v str,
    /// In grams, with the packaging.
    pub weight: i64,
    pub size: Size,
    pub value: Option<f64>,
    pub attributes: Option<&'v Map<String, Value>>,
}

const LINE: usize = 40;

/// Reads the request of a call; everything that is wrong with it is reported at once.
pub fn read<'v>(cx: &Cx<'_>, body: &'v Value, purpose: Purpose) -> Result<Order<'v>, Refusal> {
    let version = Version::of(cx);
    let (mut report, root) = (Report::default(), Field::root(body));
    let report = &mut report;
    let reference = root.member(version.reference());
    let text = report.required_text(reference);
    let booking = purpose == Purpose::Booking;
    if booking && !text.is_empty() && cx.docs.has(CONSIGNMENT, text) {
        report.add(&reference.path, Fault::Taken);
    }
    let order_reference = report.text(&root.member("order_reference"));
    let service = service(report, &root, version);
    let despatch = despatch(report, &root.member("despatch_date"));
    let (to, country) = address(report, &root.member("to_address"));
    let location = report.choice(&root.member("location_code"), |code| CATALOG.location(code));
    let format = report.choice(&root.member("format"), Format::find).unwrap_or_default();
    let list = report.needed(root.member("parcels"));
    let abroad = !country.is_empty() && countries::is_outside_mainland(country, &to.postcode);
    let rules = PackagingRules::of(&cx.credential);
    let rows = report.list(&list);
    let twice = twice(rows);
    let mut parcels: Vec<Parcel<'v>> = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let field = list.element(place, row);
        let reference = parcel_reference(report, &field, &twice, booking.then_some(&cx.docs));
        let (weight, size) = measure(report, &field, &rules);
        let value = report.amount(&field.member("value"));
        customs::check(report, &field, abroad, &cx.docs, version);
        let attributes = match version {
            Version::V1_1 => attributes(report, &field),
            Version::V1_2 => custom_fields::check(report, &field, "PARCEL", cx),
        };
        parcels.push(Parcel { reference, weight, size, value, attributes });
    }
    let instructions = report.text(&root.member("delivery_instructions")).unwrap_or_default();
    if version == Version::V1_2 {
        custom_fields::check(report, &root, "SHIPMENT", cx);
        customs::declaration(report, &root.member("customs_declaration"));
        for name in ["recipient_vat_number", "recipient_eori_number"] {
            report.text(&root.member(name));
        }
        let (print, user) = (root.member("print_labels"), root.member("print_to_user"));
        if user.value.is_some() && print.value.is_none() {
            report.add(&print.path, Fault::RequiredWith(user.path));
        }
        let asked = report.flag(&print);
        if user.value.is_some() && asked == Some(false) {
            report.add(&print.path, Fault::NotAccepted);
        }
        labels::user(report, &user, cx);
    }
    dialect::settle(report)?;
    Ok(Order { reference: text, order_reference, service, despatch, to, location, format, parcels, instructions })
}

/// The guide of version 1.1 names the service in three ways; `service_key` counts first.
fn service(report: &mut Report, root: &Field<'_, '_>, version: Version) -> Option<&'static Service> {
    for name in version.service_keys() {
        let key = root.member(name);
        if key.value.is_some() {
            return report.choice(&key, |key| CATALOG.service(key));
        }
    }
    if version == Version::V1_2 {
        return None;
    }
    let id = root.member("delivery_service");
    let found = validation::whole(id.value?).and_then(|id| CATALOG.services.iter().find(|row| row.id == id));
    if found.is_none() {
        report.add(&id.path, Fault::NotChosen);
    }
    found
}

fn despatch(report: &mut Report, field: &Field<'_, '_>) -> Option<Timestamp> {
    let instant = wire::instant(field.value?.as_str().unwrap_or_default().trim());
    if instant.is_none() {
        report.add(&field.path, Fault::NotDateTime);
    }
    instant
}

/// The address, and its country's code when that is a good one. Members of an address that is missing are reported, too.
fn address<'v>(report: &mut Report, field: &Field<'v, '_>) -> (Address<'v>, &'static str) {
    let field = &report.needed(*field);
    report.map(field);
    let name = report.required_text(field.member("name"));
    let company = report.text(&field.member("company_name")).unwrap_or_default();
    report.text(&field.member("telephone"));
    let email = field.member("email_address");
    if email.value.is_some_and(|value| !value.as_str().is_some_and(is_email)) {
        report.add(&email.path, Fault::NotEmail);
    }
    let first = report.needed(field.member("line_1"));
    let line_1 = report.short_text(&first, LINE);
    let line_2 = report.short_text(&field.member("line_2"), LINE);
    let line_3 = report.short_text(&field.member("line_3"), LINE);
    let city = report.required_text(field.member("city"));
    let county = report.text(&field.member("county")).unwrap_or_default();
    let postcode = report.required_text(field.member("postcode"));
    let code = report.needed(field.member("country"));
    let country = report.code(&code, countries::by_code).map_or("", |(code, _)| code);
    let [name, company, line_1, line_2, line_3, city, county, postcode, code] =
        [name, company, line_1, line_2, line_3, city, county, postcode, country].map(Cow::Borrowed);
    (Address { name, company, line_1, line_2, line_3, city, county, postcode, country: code }, country)
}

fn is_email(text: &str) -> bool {
    let text = text.trim();
    let whole = |(name, host): (&str, &str)| !name.is_empty() && !host.is_empty() && !host.starts_with('.') && !host.ends_with('.');
    text.rsplit_once('@').is_some_and(whole) && !text.contains(char::is_whitespace)
}

/// References that more than one parcel of the request has.
fn twice(rows: &[Value]) -> BTreeSet<&str> {
    if rows.len() < 2 {
        return BTreeSet::new();
    }
    let mut seen = BTreeSet::new();
    let references = rows.iter().filter_map(|row| row.get("reference")?.as_str()).map(str::trim);
    references.filter(|reference| !seen.insert(*reference)).collect()
}

/// A parcel's reference, which no other parcel may have, be it in this request or booked earlier.
fn parcel_reference<'v>(report: &mut Report, parcel: &Field<'v, '_>, twice: &BTreeSet<&str>, docs: Option<&Docs<'_>>) -> &'v str {
    let field = parcel.member("reference");
    let reference = report.required_text(field);
    if twice.contains(reference) {
        report.add(&field.path, Fault::Duplicate);
    } else if !reference.is_empty() && docs.is_some_and(|docs| docs.has(PARCEL_REFERENCE, reference)) {
        report.add(&field.path, Fault::Taken);
    }
    reference
}

/// Weight and sizes, as the packaging rules have it: the request's own, else those of the packaging type.
fn measure(report: &mut Report, parcel: &Field<'_, '_>, rules: &PackagingRules) -> (i64, Size) {
    let key = parcel.member("packaging_type_key");
    let named = report.choice(&key, |key| CATALOG.packaging.find(key));
    let packaging = if key.value.is_some() { named } else { rules.default };
    if !rules.allow_override {
        if key.value.is_none() && packaging.is_none() {
            report.add(&key.path, Fault::Required);
        }
        let Some(packaging) = packaging else {
            return (0, Size::default());
        };
        return boxed(packaging, rules, Size::default());
    }
    let bare = key.value.is_none() && packaging.is_none();
    let mut read = |name| {
        let field = parcel.member(name);
        if bare && field.value.is_none() {
            report.add(&field.path, Fault::RequiredWithout(key.path));
        }
        report.whole(&field, 1)
    };
    let size = Size { weight: read("weight"), width: read("width"), length: read("length"), depth: read("depth") };
    match packaging {
        Some(packaging) => {
            // The limit is on what goes into the box: a default weight may be as large as the limit itself.
            if size.weight.is_some_and(|weight| weight > packaging.max_weight) {
                report.add(&parcel.member("weight").path, Fault::Above(packaging.max_weight));
            }
            boxed(packaging, rules, size)
        }
        None => (size.weight.unwrap_or_default(), size),
    }
}

/// What a box and its contents come to.
fn boxed(packaging: &PackagingType, rules: &PackagingRules, own: Size) -> (i64, Size) {
    let contents = own.weight.unwrap_or(packaging.default_weight);
    let weight = if rules.net_weight { contents.saturating_add(packaging.packaging_weight) } else { contents };
    let size = Size {
        weight: Some(weight),
        width: own.width.or(Some(packaging.width)),
        length: own.length.or(Some(packaging.height)),
        depth: own.depth.or(Some(packaging.depth)),
    };
    (weight, size)
}

/// The attributes that routing looks at. Unknown ones, and values that do not fit the type, are reported.
fn attributes<'v>(report: &mut Report, parcel: &Field<'v, '_>) -> Option<&'v Map<String, Value>> {
    let field = parcel.member("attributes");
    let value = field.value?;
    report.map(&field);
    let members = value.as_object()?;
    for (name, value) in members {
        let known = CATALOG.attribute(name);
        if !value.is_null() && !known.is_some_and(|attribute| fits(attribute.r#type, &attribute.values, value)) {
            report.add(&field.key(name).path, Fault::NotChosen);
        }
    }
    Some(members)
}

pub fn fits(kind: u8, values: &[String], value: &Value) -> bool {
    let text = word(value);
    let text = text.as_deref();
    match kind {
        1 => validation::number(value).is_some(),
        2 => text.is_some(),
        3 => value.is_boolean() || text.is_some_and(|text| ["true", "false"].contains(&text)),
        4 => text.is_some_and(|text| ["yes", "no"].iter().any(|word| word.eq_ignore_ascii_case(text))),
        5 => value.is_boolean() || text.is_some_and(|text| ["1", "0"].contains(&text)),
        _ => text.is_some_and(|text| values.iter().any(|word| word == text)),
    }
}

/// A scalar as text.
pub fn word(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text.trim())),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(true) => Some(Cow::Borrowed("1")),
        Value::Bool(false) => Some(Cow::Borrowed("0")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(kind: u8, value: Value, expected: bool) {
        assert_eq!(fits(kind, &["Books".to_owned(), "2".to_owned()], &value), expected, "{kind} {value}");
    }

    #[test]
    fn attributes_are_checked_by_type() {
        check(1, json!("1.5"), true);
        check(1, json!("many"), false);
        check(2, json!(["a"]), false);
        check(3, json!(true), true);
        check(3, json!("yes"), false);
        check(4, json!("Yes"), true);
        check(5, json!(0), true);
        check(5, json!(2), false);
        check(6, json!("Books"), true);
        check(6, json!(2), true);
        check(6, json!("Toys"), false);
    }
}
