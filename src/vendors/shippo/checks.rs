//! Requests as a Django REST framework reads them, and what is wrong with them in its words: texts by field, nested as the request is.
//! What the document cannot say is told by the rules, as [`complaint`]s.

use serde_json::{Map, Value, json};

use super::catalog::CATALOG;
use super::dialect::page;
use super::wire::decimal;
use super::wire::{Moment, is_object_id};
use crate::base::time::Timestamp;
use crate::engine::Refusal;
use crate::engine::fields::{Field, Report};
use crate::spec::reading;
use crate::spec::{EmptyBody, JsonType, LONGEST_VALUE, Reading, Rule, Step, Violation};

/// What the framework takes for what. The services that are written in Go take as much, but for those whose types are strict.
pub(super) const READING: Reading = Reading {
    text: reading::digits,
    integer: |value| value.as_str()?.trim().parse().ok(),
    flag,
    trims: true,
    null_is_missing: true,
    empty_body: EmptyBody::Null,
    formats: &[
        ("text", |text| !text.contains('\0')),
        ("phone", |text| !text.contains('\0')),
        ("country", |text| text.is_empty() || CATALOG.country(text).is_some()),
        ("country-code", |text| CATALOG.country(text).is_some()),
        ("carrier", |text| CATALOG.known_carrier(text).is_some()),
        ("currency", |text| text.is_empty() || CATALOG.currencies.per_dollar.contains_key(text)),
        ("currency-code", is_currency_code),
        ("amount", |text| decimal::parse(text, decimal::AMOUNT).is_ok()),
        ("measure", |text| decimal::parse(text, decimal::MEASURE).is_ok()),
        ("measure-or-blank", |text| text.is_empty() || decimal::parse(text, decimal::MEASURE).is_ok()),
        ("weight", |text| decimal::parse(text, decimal::WEIGHT).is_ok()),
        ("email-address", |text| text.contains('@')),
        ("moment", |text| text.is_empty() || moment(text).is_some()),
        ("object-id", is_object_id),
        ("object-text", |text| serde_json::from_str::<Map<String, Value>>(text).is_ok()),
        ("pickup-place", |text| CATALOG.pickup_places.iter().any(|place| place.eq_ignore_ascii_case(text))),
        ("price", |text| decimal::parse(text, decimal::WEIGHT).is_ok()),
        ("url", |text| text.parse::<http::Uri>().is_ok_and(|url| url.scheme().is_some() && url.host().is_some())),
        ("parcel-template", |text| text.is_empty() || CATALOG.template(text).is_some()),
    ],
    spellings: &[
        ("country", |text| CATALOG.country(text).filter(|code| *code != text).map(str::to_owned)),
        ("moment", |text| Some(Moment(moment(text)?).text()).filter(|stored| stored != text)),
        ("phone", telephone),
        ("price", shortest),
    ],
    checks_path: true,
    ..Reading::STRICT
};

pub(super) const REQUIRED: &str = "This field is required.";
const WRONG_DATE: &str = "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";

/// The rule behind a text of a rule's own.
pub(super) fn complaint(text: impl Into<String>) -> Rule {
    let mut text = text.into();
    text.truncate(text.floor_char_boundary(LONGEST_VALUE));
    Rule::Vendor("complaint", Value::String(text))
}

/// What an id of nothing gets.
pub(super) fn not_found(noun: &str, id: &str) -> String {
    format!("{noun} with supplied object_id {id} not found.")
}

/// What the token of no service level gets; nothing for one that some carrier has.
pub(super) fn unknown_service(token: &str) -> Option<String> {
    let text = || format!("Servicelevel {token} not found. See https://api.goshippo.com/docs for supported servicelevels.");
    (!CATALOG.has_service(token)).then(text)
}

/// What a word that is none of the choices gets.
pub(super) fn not_a_choice(text: &str) -> String {
    format!("\"{text}\" is not a valid choice.")
}

/// A refusal for one member of the body.
pub(super) fn refused(name: &str, text: impl Into<String>) -> Refusal {
    Refusal::invalid(name, complaint(text))
}

/// Asks for a member that only some requests have to have; whether it is there.
pub(super) fn require(report: &mut Report<'_>, field: &Field<'_, '_>) -> bool {
    let is_there = field.value.is_some_and(|value| value != "");
    if !is_there && report.is_fine(field) {
        report.add(field, Rule::Required);
    }
    is_there
}

/// An instant, or a day of UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| page::instant(text))
}

/// Violations as texts by field. Of a list only its last bad element is told, of a field the first fault.
pub(super) fn fields(violations: &[Violation], text: fn(&Violation) -> String) -> Map<String, Value> {
    let mut fields = Map::new();
    for (index, violation) in violations.iter().enumerate() {
        let is_superseded = |later: &Violation| {
            let parting = violation.path.iter().zip(&later.path).find(|(own, other)| own != other);
            matches!(parting, Some((Step::Element(_), Step::Element(_))))
        };
        if !violations[index + 1..].iter().any(is_superseded) {
            put(&mut fields, &violation.path, || text(violation));
        }
    }
    fields
}

fn put(fields: &mut Map<String, Value>, path: &[Step], text: impl FnOnce() -> String) {
    let mut names = path.iter().map(Step::name).filter(|name| !name.is_empty());
    let name = names.next().unwrap_or("non_field_errors");
    let is_nested = names.next().is_some();
    match fields.get_mut(name) {
        None if !is_nested => drop(fields.insert(name.to_owned(), json!([text()]))),
        None => {
            let mut inner = Map::new();
            put(&mut inner, below(path), text);
            fields.insert(name.to_owned(), json!([inner]));
        }
        Some(faults) => {
            if let Some(inner) = faults[0].as_object_mut().filter(|_| is_nested) {
                put(inner, below(path), text);
            }
        }
    }
}

/// What follows the first name of a path.
fn below(path: &[Step]) -> &[Step] {
    let first = path.iter().position(|step| !step.name().is_empty());
    first.map_or(&[], |first| &path[first + 1..])
}

/// What stands at a path of a body.
fn sent<'v>(body: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(body, |value, step| if let Step::Element(index) = step { value.get(index) } else { value.get(step.name()) })
}

/// What a value gets that is neither an object nor the text of an id; nothing for a text.
pub(super) fn not_an_object(body: &[u8], path: &[Step]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let value = sent(&body, path).filter(|value| !value.is_string())?;
    Some(format!("Invalid data. Expected a dictionary, but got {}.", python(value)))
}

/// Violations of members that are null, which count as missing until they are worded.
pub(super) fn with_nulls(body: &[u8], violations: &[Violation]) -> Vec<Violation> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let told = violations.iter().map(|row| match sent(&body, &row.path) {
        Some(Value::Null) if row.value.is_none() && !matches!(row.rule, Rule::Vendor(..)) && !row.path.is_empty() => {
            Violation { value: Some(Value::Null), ..row.clone() }
        }
        _ => row.clone(),
    });
    told.collect()
}

pub(super) fn text(violation: &Violation) -> String {
    let value = match (&violation.rule, &violation.value) {
        (Rule::Vendor(_, text), _) => return text.as_str().unwrap_or_default().to_owned(),
        (_, None) => return REQUIRED.to_owned(),
        (_, Some(Value::Null)) => return "This field may not be null.".to_owned(),
        (_, Some(value)) => value,
    };
    let sent = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
    if matches!(violation.path.last().map(Step::name), Some("extra" | "parameters")) {
        return format!("Expected a dictionary of items but got type \"{}\".", python(value));
    }
    let misfit = |digits| decimal::parse(&sent, digits).err().unwrap_or("A valid number is required.".into()).into_owned();
    match &violation.rule {
        Rule::Type(JsonType::String) => "Not a valid string.".to_owned(),
        Rule::Type(JsonType::Boolean) => "Must be a valid boolean.".to_owned(),
        Rule::Type(JsonType::Integer) => "A valid integer is required.".to_owned(),
        Rule::Type(JsonType::Number) => "A valid number is required.".to_owned(),
        Rule::Type(JsonType::Array) => format!("Expected a list of items but got type \"{}\".", python(value)),
        Rule::Type(JsonType::Object) | Rule::AnyOf => format!("Invalid data. Expected a dictionary, but got {}.", python(value)),
        Rule::MinLength(_) => "This field may not be blank.".to_owned(),
        Rule::MaxLength(limits) => format!("Ensure this field has no more than {} characters.", limits.max.unwrap_or_default()),
        Rule::MinItems(_) => "This list may not be empty.".to_owned(),
        Rule::MaxItems(limits) => format!("Ensure this field has no more than {} elements.", limits.max.unwrap_or_default()),
        Rule::Minimum(_) => "Ensure this value is greater than or equal to 0.".to_owned(),
        Rule::Enum(_) if sent.is_empty() => REQUIRED.to_owned(),
        Rule::Format(format) => match format.as_str() {
            "amount" => misfit(decimal::AMOUNT),
            "measure" | "measure-or-blank" => misfit(decimal::MEASURE),
            "price" | "weight" => misfit(decimal::WEIGHT),
            _ if !value.is_string() && !value.is_number() => "Not a valid string.".to_owned(),
            "text" | "phone" => "Null characters are not allowed.".to_owned(),
            "moment" => WRONG_DATE.to_owned(),
            "carrier" => format!("Invalid value specified for provider '{sent}'"),
            "country" | "country-code" => format!("Invalid value specified for country '{sent}'"),
            "currency" => format!("Currency with supplied object_id {sent} not found."),
            "email-address" => "Enter a valid email address.".to_owned(),
            "url" => "Enter a valid URL.".to_owned(),
            _ => not_a_choice(&sent),
        },
        _ => not_a_choice(&sent),
    }
}

/// What the second address service says, which is none of the framework's.
pub(super) fn text_of_book(violation: &Violation) -> String {
    match &violation.rule {
        Rule::Required => "field is required".to_owned(),
        Rule::MinLength(_) if violation.value.as_ref().is_some_and(|value| value == "") => "field is required".to_owned(),
        Rule::MinLength(limits) => format!("must have at least {} characters", limits.min.unwrap_or_default()),
        Rule::MaxLength(limits) => format!("must have at most {} characters", limits.max.unwrap_or_default()),
        Rule::Type(JsonType::String) => "must be a string".to_owned(),
        Rule::Format(_) => "is not a country".to_owned(),
        Rule::Enum(_) => "is not a type of address".to_owned(),
        _ => text(violation),
    }
}

/// One text for each field, where only texts are shown.
pub(super) fn flat(refusal: &Refusal) -> Vec<String> {
    let Refusal::Invalid(violations) = refusal else { return vec!["Not found.".to_owned()] };
    let texts = |rows: &Value| {
        let rows = rows.as_array().into_iter().flatten();
        rows.map(|row| row.as_str().map_or_else(|| row.to_string(), str::to_owned)).collect::<Vec<_>>().join(" ")
    };
    fields(violations, text).iter().map(|(name, rows)| format!("{name}: {}", texts(rows))).collect()
}

/// The name that Python has for a JSON type.
fn python(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// A boolean as forms spell it.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Number(number) => number.as_i64().filter(|number| matches!(number, 0 | 1)).map(|number| number == 1),
        Value::String(text) => match text.as_str() {
            "true" | "True" | "TRUE" | "t" | "T" | "1" => Some(true),
            "false" | "False" | "FALSE" | "f" | "F" | "0" | "" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn is_currency_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Observed 2026: prices lose the zeros at their end.
fn shortest(text: &str) -> Option<String> {
    Some(decimal::shortest(decimal::parse(text, decimal::WEIGHT).ok()?)).filter(|short| short != text)
}

/// A leading plus becomes two zeros, blanks vanish.
fn telephone(text: &str) -> Option<String> {
    let bare: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let number = bare.strip_prefix('+').map(|number| format!("00{number}")).unwrap_or(bare);
    Some(number).filter(|number| number != text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Limits, ParameterIn, Path};

    fn at(path: &Path<'_>, value: Value, rule: Rule) -> Violation {
        Violation { location: ParameterIn::Body, path: path.to_steps(), value: Some(value).filter(|value| !value.is_null()), rule }
    }

    #[test]
    fn violations_nest_as_the_framework_nests_them() {
        let list = Path::Member(&Path::Root, "parcels");
        let (first, second) = (Path::Element(&list, 0), Path::Element(&list, 1));
        let unit = |row| at(&Path::Member(row, "mass_unit"), Value::Null, Rule::Required);
        let weight = at(&Path::Member(&second, "weight"), "two".into(), Rule::Format("measure".to_owned()));
        let told = |violations: &[Violation]| Value::Object(fields(violations, text));
        assert_eq!(told(&[unit(&first)]), json!({"parcels": [{"mass_unit": [REQUIRED]}]}));
        let last = json!({"parcels": [{"mass_unit": [REQUIRED], "weight": ["A valid number is required."]}]});
        assert_eq!(told(&[unit(&first), unit(&second), weight]), last);
        let long = Rule::MaxLength(Limits { min: None, max: Some(1) });
        let blank = Rule::MinLength(Limits { min: Some(1), max: None });
        assert_eq!(told(&[at(&list, "".into(), blank), at(&list, "".into(), long)]), json!({"parcels": ["This field may not be blank."]}));
        let whole = at(&Path::Root, json!([]), Rule::Type(JsonType::Object));
        assert_eq!(told(&[whole]), json!({"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}));
    }

    #[test]
    fn telephones_are_stored_without_plus_and_blanks() {
        assert_eq!(telephone("+1 555 010 0199").as_deref(), Some("0015550100199"));
        assert_eq!(telephone("5550100100"), None);
    }
}
