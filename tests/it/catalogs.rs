//! The catalogs in `specs/`: what a row names exists, and what has to be unique is. Their shapes are those of the vendors' types, which read
//! them when a machine is made.

use std::collections::BTreeSet;

use serde_json::Value;

const CATALOGS: [(&str, &str); 4] = [
    ("shipmate", include_str!(concat!(env!("OUT_DIR"), "/shipmate/catalog.json"))),
    ("shippo", include_str!(concat!(env!("OUT_DIR"), "/shippo/catalog.json"))),
    ("shiptheory", include_str!(concat!(env!("OUT_DIR"), "/shiptheory/catalog.json"))),
    ("shiptime", include_str!(concat!(env!("OUT_DIR"), "/shiptime/catalog.json"))),
];

fn catalog(vendor: &str) -> Value {
    let (_, source) = CATALOGS.into_iter().find(|(name, _)| *name == vendor).expect("a vendor with a catalog");
    serde_json::from_str(source).expect("the build writes JSON")
}

/// The values at a path of a vendor's catalog, as text. `*` stands for every element or member, and values may be joined by commas.
fn values(vendor: &str, path: &str) -> Vec<String> {
    let step = |rows: Vec<Value>, step: &str| -> Vec<Value> {
        let inside = |row: Value| match row {
            Value::Array(rows) if step == "*" => rows,
            Value::Object(members) if step == "*" => members.into_iter().map(|(_, value)| value).collect(),
            Value::Array(rows) => step.parse::<usize>().ok().and_then(|index| rows.get(index).cloned()).into_iter().collect(),
            row => row.get(step).cloned().into_iter().collect(),
        };
        rows.into_iter().flat_map(inside).collect()
    };
    let found = path.split('.').fold(vec![catalog(vendor)], step);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let found: Vec<String> = found.iter().flat_map(|value| text(value).split(',').map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(!found.is_empty(), "{vendor}: there is no {path}");
    found
}

#[test]
fn what_is_named_exists() {
    let names = [
        ("shipmate", "services.*.carrier", "carriers.*.code"),
        ("shipmate", "routing.*.service", "services.*.key"),
        ("shipmate", "users.*.location", "locations.*.code"),
        ("shippo", "accounts.*.*.carrier", "carriers.*.token"),
        ("shiptheory", "rules.*.then.book", "carriers.*.services.*.id"),
        ("shiptheory", "rules.*.then.approve", "carriers.*.services.*.id"),
        ("shiptheory", "rules.*.then.returns.*", "returns.*.services.*.id"),
        ("shiptime", "cities.*.state", "countries.*.states"),
    ];
    let names = names.map(|(vendor, path, target)| (vendor, path.to_owned(), target.to_owned()));
    let own = |index| {
        let carrier = format!("carriers.{index}");
        ("shiptheory", format!("{carrier}.services.*.increments.*"), format!("{carrier}.increments.*"))
    };
    let carriers = values("shiptheory", "carriers.*.name").len();
    for (vendor, path, target) in names.into_iter().chain((0..carriers).map(own)) {
        let known: BTreeSet<String> = values(vendor, &target).into_iter().collect();
        let unknown: Vec<String> = values(vendor, &path).into_iter().filter(|name| !known.contains(name)).collect();
        assert!(unknown.is_empty(), "{vendor}: {path} has {unknown:?}, which {target} lacks");
    }
}

#[test]
fn ids_are_unique() {
    for (vendor, path) in [("shippo", "accounts.*.*.object_id"), ("shiptheory", "carriers.*.services.*.id"), ("shipmate", "services.*.key")]
    {
        let ids = values(vendor, path);
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{vendor}: {path}");
    }
}

#[test]
fn what_rules_rely_on_holds() {
    assert!(values("shipmate", "services.*.conditions.*.2").iter().all(|bound| bound.parse::<i64>().is_ok()));
    assert_eq!(values("shipmate", "locations.*.default").iter().filter(|default| *default == "true").count(), 1);
    assert!(values("shippo", "accounts.*.*.object_id").iter().all(|id| id.len() == 32));
    let (rules, then) =
        (values("shiptheory", "rules.*.importance").len(), |what| values("shiptheory", &format!("rules.*.then.{what}")).len());
    assert_eq!(rules, then("book") + then("approve"), "a rule either books or has somebody approve");
}

#[test]
fn every_price_of_shiptime_has_its_weight_and_time() {
    let catalog = catalog("shiptime");
    let carriers = catalog["carriers"].as_array().into_iter().flatten();
    for service in carriers.flat_map(|carrier| carrier["services"].as_array().into_iter().flatten()) {
        let zones = |member: &str| service[member].as_object().into_iter().flatten().map(|(zone, _)| zone).collect::<BTreeSet<_>>();
        assert_eq!(zones("price"), zones("per_kg"), "{service}");
        let is_timed = ["minutes", "days_max"].iter().any(|member| service[member].is_number());
        assert!(is_timed || zones("price").is_subset(&zones("days")), "{service}");
    }
}
