//! What a vendor's published document says, as a digest of facts: `tests/published/<vendor>.yaml` has every operation with its
//! answers, and the types that they refer to.
//!
//! A type is a word with what limits it (`text date-time`, `text 1..35`, `integer`, `any`), `@Name` for one that is written elsewhere,
//! or a mapping: `members` of an object (`name?` may be missing, and `needs` names some that have no type), the type of all `others`,
//! of `each` element of a list, the `words` that are allowed, or types of which `all` or exactly `one` has to fit.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

pub struct Digest {
    pub operations: Map<String, Value>,
    types: Value,
}

/// What does not fit, with its place: names of members, and `*` for any position in a list.
pub type Faults = Vec<(String, String)>;

impl Digest {
    pub fn of(vendor: &str) -> Self {
        let mut digest = Self::read(vendor);
        let operations = digest["operations"].as_object().cloned().unwrap_or_default();
        Self { operations, types: digest["types"].take() }
    }

    /// The whole file.
    pub fn read(vendor: &str) -> Value {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/published/{vendor}.yaml"));
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// Everything in a value that a type does not allow. Of a `closed` type objects have no other members than those it names.
    pub fn faults(&self, wanted: &Value, value: &Value, place: &str, closed: bool) -> Faults {
        let mut faults = Vec::new();
        let mut fault = |what: String| faults.push((place.to_owned(), what));
        if let Some(text) = wanted.as_str() {
            if let Some(name) = text.strip_prefix('@') {
                return self.faults(&self.types[name], value, place, closed);
            }
            if !fits(text, value) {
                fault(format!("{value} is no {text}"));
            }
            return faults;
        }
        if wanted["words"].as_array().is_some_and(|words| !words.contains(value)) {
            fault(format!("{value} is none of the words"));
        }
        if let Some(one) = wanted["one"].as_array()
            && one.iter().filter(|wanted| self.faults(wanted, value, place, closed).is_empty()).count() != 1
        {
            fault(format!("{value} does not fit exactly one type"));
        }
        let is_list = value.is_array() || wanted["each"].is_null();
        let is_object = value.is_object() || wanted["members"].is_null();
        if !is_list || !is_object {
            fault(format!("{value} is no {}", if is_list { "object" } else { "list" }));
        }
        for wanted in wanted["all"].as_array().into_iter().flatten() {
            faults.extend(self.faults(wanted, value, place, closed));
        }
        for value in value.as_array().into_iter().flatten().filter(|_| !wanted["each"].is_null()) {
            faults.extend(self.faults(&wanted["each"], value, &format!("{place}.*"), closed));
        }
        if let (Some(members), Some(found)) = (wanted["members"].as_object(), value.as_object()) {
            faults.extend(self.members(members, wanted, found, place, closed));
        }
        faults
    }

    fn members(&self, members: &Map<String, Value>, wanted: &Value, found: &Map<String, Value>, place: &str, closed: bool) -> Faults {
        let mut faults = Vec::new();
        let needs = wanted["needs"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for name in members.keys().map(String::as_str).filter(|name| !name.ends_with('?')).chain(needs) {
            if !found.contains_key(name) {
                faults.push((place.to_owned(), format!("`{name}` is missing")));
            }
        }
        for (name, value) in found {
            let wanted = members.get(name).or_else(|| members.get(&format!("{name}?"))).or_else(|| wanted.get("others"));
            match wanted {
                Some(wanted) => faults.extend(self.faults(wanted, value, &format!("{place}.{name}"), closed)),
                None if closed && !members.is_empty() => faults.push((place.to_owned(), format!("`{name}` is not known"))),
                None => {}
            }
        }
        faults
    }
}

/// Whether a value is what a word with its limits says.
fn fits(wanted: &str, value: &Value) -> bool {
    let mut words = wanted.split(' ');
    let is_kind = match words.next().unwrap_or_default() {
        "text" => value.is_string(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "any" => true,
        other => panic!("`{other}` is no type"),
    };
    let text = value.as_str().unwrap_or_default();
    is_kind
        && words.all(|limit| match limit.split_once("..") {
            None if limit == "date" => text.parse::<jiff::civil::Date>().is_ok(),
            None => text.parse::<jiff::Timestamp>().is_ok(),
            Some((least, most)) => {
                let length = text.chars().count();
                least.parse().is_ok_and(|least: usize| least <= length) && most.parse().map_or(true, |most: usize| length <= most)
            }
        })
}
