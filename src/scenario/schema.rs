//! The JSON Schemas of scenario files and of conversations, which editors use to complete and explain members. Each is a file of its
//! own, kept by hand for the sake of its descriptions; closed lists of words are added from what the reader knows, and the members of
//! `accounts`, operations, events and business failures from the vendors. Tests compare the schemas with the reader, and every shipped
//! scenario with its schema.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::carrier::{Status, library};
use crate::engine::{AccountRows, FieldSpec, FieldType};
use crate::scenario::check::{VendorWords, Vocabulary};
use crate::scenario::parse::wire_faults;
use crate::world::Note;

/// Names of operations with `*` in them, in front of the point or behind it.
const GLOB: &str = r"^([^.*]*\*[^.]*\..+|[^.]+\.[^*]*\*.*)$";

/// The schema without any vendor (draft 2020-12).
///
/// # Panics
/// Never: a test reads the file.
#[must_use]
pub fn skeleton() -> Value {
    let mut schema: Value = serde_json::from_str(include_str!("scenario.v1.json")).expect("the schema file is JSON");
    let parts = &mut schema["$defs"];
    parts["status"]["enum"] = Status::ALL.iter().map(|status| status.word()).collect();
    parts["timeline"]["properties"]["use"]["enum"] = library::names().map(|(name, _)| name).collect();
    parts["wire_fault"]["enum"] = wire_faults().collect();
    parts["note"]["enum"] = Note::CODES.iter().map(|(code, _)| *code).collect();
    schema
}

/// The schema of conversations.
///
/// # Panics
/// Never: a test reads the file.
#[must_use]
pub fn conversation() -> Value {
    serde_json::from_str(include_str!("conversation.v1.json")).expect("the schema file is JSON")
}

/// The schema, with the operations, events, accounts and business failures of these vendors.
#[must_use]
pub fn of(vocabulary: &dyn Vocabulary) -> Value {
    let mut schema = skeleton();
    // What rows of every mount have is written once in the skeleton, and stands in each mount's rows.
    let row = schema["$defs"].as_object_mut().and_then(|parts| parts.shift_remove("account")).unwrap_or_default();
    let mounts = vocabulary.mounts().into_iter().map(|(mount, rows)| (mount.to_owned(), accounts(rows, row.clone())));
    let failures: BTreeSet<_> = vocabulary.failures().map(|(_, row)| row.name).collect();
    schema["$defs"]["business_failure"]["enum"] = failures.into_iter().collect();
    schema["$defs"]["accounts"]["properties"] = mounts.collect::<Map<_, _>>().into();
    add_operations(&mut schema["$defs"], vocabulary);
    add_words(&mut schema["$defs"], &vocabulary.words());
    if let Some(notes) = schema["$defs"]["note"]["enum"].as_array_mut() {
        notes.extend(vocabulary.notes().into_iter().map(Value::from));
    }
    add_codes(&mut schema["$defs"], &vocabulary.codes());
    schema
}

/// The names of operations, alone and as members of `given`.
fn add_operations(parts: &mut Value, vocabulary: &dyn Vocabulary) {
    let whole = vocabulary.vendors().map(|vendor| format!("{vendor}.*"));
    let names = std::iter::once("*".to_owned()).chain(whole).chain(vocabulary.operations().map(str::to_owned));
    parts["operation"]["anyOf"] = json!([{"enum": names.collect::<Vec<_>>()}, {"description": "Those whose names fit.", "pattern": GLOB}]);
    parts["vendor"]["enum"] = vocabulary.vendors().collect();
    if let Some(given) = parts["given"]["properties"].as_object_mut() {
        let body = json!({"description": "The body of the request, in the vendor's own shape."});
        given.extend(vocabulary.operations().map(|name| (name.to_owned(), body.clone())));
    }
}

/// The events that a subscription can have, by its vendor, and what expressions can look at.
fn add_words(parts: &mut Value, words: &[VendorWords<'_>]) {
    let events: BTreeSet<_> = words.iter().flat_map(|vendor| vendor.events).copied().collect();
    parts["event"]["enum"] = events.into_iter().collect();
    let with_webhooks = || words.iter().filter(|vendor| !vendor.events.is_empty());
    parts["subscription"]["properties"]["vendor"]["enum"] = with_webhooks().map(|vendor| vendor.id).collect();
    let own = |vendor: &VendorWords<'_>| {
        let events: Vec<_> = std::iter::once(&"*").chain(vendor.events).collect();
        let events = json!({"properties": {"events": {"items": {"enum": events}}}});
        json!({"if": {"required": ["vendor"], "properties": {"vendor": {"const": vendor.id}}}, "then": events})
    };
    let rows: Vec<Value> = with_webhooks().map(own).collect();
    // The keyword takes at least one schema.
    if !rows.is_empty() {
        parts["subscription"]["allOf"] = rows.into();
    }
    let listed = |of: &dyn Fn(&VendorWords<'_>) -> String| {
        let rows = words.iter().map(|vendor| (vendor.id, of(vendor))).filter(|(_, names)| !names.is_empty());
        rows.map(|(id, names)| format!("{id}: {names}")).collect::<Vec<_>>().join("; ")
    };
    let states = listed(&|vendor| vendor.state.join(", "));
    let carriers = listed(&|vendor| vendor.carriers.join(", "));
    let tell = |description: &mut Value, more: String| *description = format!("{} {more}", description.as_str().unwrap_or_default()).into();
    tell(&mut parts["condition"]["description"], format!("Members of `$state` are, by vendor: {states}."));
    tell(&mut parts["for"]["properties"]["when"]["description"], format!("Its `carrier` is one of these, by vendor: {carriers}."));
}

/// The codes that steps of timelines may have: those of all vendors, or of the one that a timeline is for.
fn add_codes(parts: &mut Value, codes: &[(&str, Vec<&str>)]) {
    let rows = codes.iter().map(|(id, own)| {
        let is_own = json!({"properties": {"vendor": {"const": id}}, "required": ["vendor"]});
        let code = json!({"enum": own.iter().collect::<BTreeSet<_>>()});
        let then = json!({"properties": {"steps": {"items": {"properties": {"code": code}}}}});
        json!({"if": {"properties": {"for": is_own}, "required": ["for"]}, "then": then})
    });
    let rows: Vec<Value> = rows.collect();
    if rows.is_empty() {
        return;
    }
    parts["timeline"]["allOf"] = rows.into();
    let all = json!({"not": {"properties": {"for": {"properties": {"vendor": true}, "required": ["vendor"]}}, "required": ["for"]}});
    let code = json!({"enum": codes.iter().flat_map(|(_, own)| own).collect::<BTreeSet<_>>()});
    let then = json!({"properties": {"steps": {"items": {"properties": {"code": code}}}}});
    if let Some(rows) = parts["timeline"]["allOf"].as_array_mut() {
        rows.push(json!({"if": all, "then": then}));
    }
}

/// The schema of one mount's rows, from what all rows have.
fn accounts(rows: &AccountRows, mut row: Value) -> Value {
    let mut members = properties(rows.fields());
    members.extend(row["properties"].as_object().cloned().unwrap_or_default());
    row["properties"] = members.into();
    let names = |set: &[FieldSpec]| set.iter().map(|spec| spec.name).collect::<Vec<_>>();
    if let [only] = rows.credentials {
        row["required"] = names(only).into();
    } else {
        row["anyOf"] = rows.credentials.iter().map(|set| json!({"required": names(set)})).collect();
        let is_shared = |name: &str| rows.credentials.iter().filter(|set| set.iter().any(|spec| spec.name == name)).count() > 1;
        let whole = rows.credentials.iter().flat_map(|set| {
            let names = names(set);
            let others = |name: &str| names.iter().copied().filter(|other| *other != name).collect::<Vec<_>>();
            names.iter().map(|name| ((*name).to_owned(), others(name))).collect::<Vec<_>>()
        });
        let whole: Map<String, Value> =
            whole.filter(|(name, others)| !others.is_empty() && !is_shared(name)).map(|(name, others)| (name, others.into())).collect();
        row["dependentRequired"] = whole.into();
    }
    json!({"description": rows.about, "type": "array", "items": row})
}

fn properties<'f>(specs: impl IntoIterator<Item = &'f FieldSpec>) -> Map<String, Value> {
    specs.into_iter().map(|spec| (spec.name.to_owned(), property(spec))).collect()
}

fn property(spec: &FieldSpec) -> Value {
    let text = json!(["string", "number"]);
    let mut schema = match spec.field_type {
        FieldType::Text => json!({"type": text}),
        FieldType::Texts => json!({"type": "array", "items": {"type": text}}),
        FieldType::Amount => json!({"type": text, "minimum": 0, "pattern": r"^(-?0*\.?0*|\d*\.?\d*)$"}),
        FieldType::Flag => json!({"type": "boolean"}),
        FieldType::UpTo(most) => json!({"type": "integer", "minimum": 1, "maximum": most}),
        FieldType::Duration => json!({"$ref": "#/$defs/duration"}),
        FieldType::OneOf(words) => json!({"enum": words}),
        FieldType::SomeOf(words) => json!({"type": "array", "items": {"enum": words}}),
        FieldType::Settings(specs) => json!({"type": "object", "additionalProperties": false, "properties": properties(specs)}),
    };
    schema["description"] = spec.about.into();
    schema
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scenario::error::Source;
    use crate::scenario::node;
    use crate::scenario::parse::members;

    const PACKAGING: &[FieldSpec] = &[FieldSpec::flag("net_weight", "Net.")];

    const ROWS: AccountRows = AccountRows {
        about: "Somebody.",
        credentials: &[&[FieldSpec::text("user", "User."), FieldSpec::text("password", "Password.")], &[FieldSpec::text("key", "Key.")]],
        identifiers: &[],
        absent: &[("plan", "there is one plan")],
        others: &[
            FieldSpec::new("balance", FieldType::Amount, "Balance."),
            FieldSpec::new("addons", FieldType::Texts, "More."),
            FieldSpec::new("mode", FieldType::OneOf(&["test", "live"]), "Mode."),
            FieldSpec::new("rights", FieldType::SomeOf(&["read", "write"]), "Rights."),
            FieldSpec::new("days", FieldType::UpTo(31), "Days."),
            FieldSpec::new("delay", FieldType::Duration, "Delay."),
            FieldSpec::new("packaging", FieldType::Settings(PACKAGING), "Packaging."),
        ],
        account: (&["user"], ""),
    };

    /// One mount, whose rows have every form that a member can have.
    struct Somebody;

    impl Vocabulary for Somebody {
        fn vendors(&self) -> Box<dyn Iterator<Item = &str> + '_> {
            Box::new(std::iter::empty())
        }

        fn operations(&self) -> Box<dyn Iterator<Item = &str> + '_> {
            Box::new(std::iter::empty())
        }

        fn events(&self) -> Vec<&str> {
            Vec::new()
        }

        fn mounts(&self) -> Vec<(&str, &AccountRows)> {
            vec![("somebody", &ROWS)]
        }
    }

    fn names(object: &Value) -> Vec<&str> {
        let properties = object.get("properties").and_then(Value::as_object).expect("the definition has properties");
        assert_eq!(object.get("additionalProperties"), Some(&Value::Bool(false)), "{object}");
        properties.keys().map(String::as_str).collect()
    }

    #[test]
    fn schema_and_reader_know_the_same_members_of_conversations() {
        let schema = conversation();
        for (name, members) in members::CONVERSATIONS {
            let definition = if name == "conversation" { &schema } else { &schema["$defs"][name] };
            assert_eq!(names(definition), members, "{name}");
        }
    }

    #[test]
    fn schema_and_reader_know_the_same_members() {
        let schema = skeleton();
        let mut closed = 1;
        for (name, members) in members::ALL {
            let definition = if name == "scenario" { &schema } else { &schema["$defs"][name] };
            assert_eq!(names(definition), members, "{name}");
        }
        for definition in schema["$defs"].as_object().expect("it has definitions").values() {
            closed += usize::from(definition.get("properties").is_some());
        }
        assert_eq!(closed, members::ALL.len() + 1, "a definition that no list of members stands for, beside `accounts`");
    }

    #[test]
    fn schema_and_reader_agree_on_accounts() {
        let schema = of(&Somebody);
        let validator = jsonschema::validator_for(&schema).expect("the schema is valid");
        let check = |row: &str, expected: bool| {
            let text = format!("accounts: {{somebody: [{row}]}}");
            let read = crate::scenario::load(&text, "x", &Somebody);
            let source = Arc::new(Source::new("x", text));
            let value = node::load(&source).0.map(|node| node.to_json()).expect("the row is YAML");
            assert_eq!((validator.is_valid(&value), read.is_ok()), (expected, expected), "{row}: {read:?}");
        };
        check("{key: a, account: b, expires: '2026-01-05T09:00:00Z', revoked: true}", true);
        for told in ["b", "7", "{key: b}"] {
            check(&format!("{{key: a, balance: 12.50, rotates_to: {told}}}"), true);
        }
        check("{user: a, password: 1, addons: [x], rights: [write], mode: live, days: 31, delay: 2d, packaging: {net_weight: true}}", true);
        for wrong in [
            "",
            "user: a",
            "password: a",
            "key: a, user: b",
            "key: a, days: 32",
            "key: a, mode: x",
            "key: a, addons: x",
            "key: a, rights: [raed]",
            "key: a, balance: x",
            "key: a, balance: -1",
            "key: a, rotates_to: {}",
            "key: a, rotates_to: [b]",
        ] {
            check(&format!("{{{wrong}}}"), false);
        }
        check("{key: a, packaging: {gross_weight: true}}", false);
        check("{key: a, colour: red}", false);
    }
}
