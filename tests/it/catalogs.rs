//! The catalogs in `specs/`: what a row names exists, and what has to be unique is. Their shapes are those of the vendors' types, which read
//! them when a machine is made.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use seatrial::engine::Options;
use seatrial::vendors;
use serde_json::Value;

use crate::made_up;

/// The catalogs of all vendors that have one.
static CATALOGS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let file = |vendor: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("specs/{vendor}/catalog.yaml"));
    let read = |vendor: String| {
        let text = fs::read_to_string(file(&vendor)).ok()?;
        Some((vendor, serde_saphyr::from_str(&text).expect("the build reads it")))
    };
    vendors::all().iter().filter_map(|vendor| read(vendor.id.to_string())).collect()
});

/// What names something: vendor, path, and where the names are, which may be the catalog of another version.
const NAMES: &[(&str, &str, &str)] = &[
    ("shipmate", "services.*.carrier", "carriers.*.code"),
    ("shipmate", "routing.*.service", "services.*.key"),
    ("shipmate", "users.*.location", "locations.*.code"),
    ("shippo", "accounts.*.*.carrier", "carriers.*.token"),
    ("shiptheory", "rules.*.then.book", "carriers.*.services.*.id"),
    ("shiptheory", "rules.*.then.approve", "carriers.*.services.*.id"),
    ("shiptheory", "rules.*.then.returns.*", "returns.*.services.*.id"),
    ("shiptime", "cities.*.state", "countries.*.states"),
    ("shipstation_v1", "stores.*.marketplaceId", "marketplaces.*.marketplaceId"),
    ("shipstation_v2", "carriers.@", "shipstation_v1/carriers.*.code"),
    ("shipstation_v2", "display_schemes.@", "shipstation_v1/carriers.*.services.*.code"),
    ("shipstation_v2", "no_returns.*", "shipstation_v1/carriers.*.services.*.code"),
    ("shipstation_v2", "arrivals.@", "shipstation_v1/carriers.*.services.*.code"),
    ("shipstation_v2", "package_descriptions.@", "shipstation_v1/carriers.*.packages.*.code"),
    ("shipstation_v2", "tracking.*.*.detail", "details.@"),
];

/// What has to be unique.
const UNIQUE: &[(&str, &str)] = &[
    ("shippo", "accounts.*.*.object_id"),
    ("shiptheory", "carriers.*.services.*.id"),
    ("shipmate", "services.*.key"),
    ("shipstation_v1", "carriers.*.id"),
    ("shipstation_v1", "carriers.*.code"),
    ("shipstation_v1", "marketplaces.*.marketplaceId"),
    ("shipstation_v1", "stores.*.storeId"),
    ("shipstation_v1", "tags.*.tagId"),
    ("shipstation_v1", "warehouses.*.warehouseId"),
];

fn catalog(vendor: &str) -> &'static Value {
    CATALOGS.get(vendor).expect("a vendor with a catalog")
}

/// The values at a path of a vendor's catalog, as text. `*` stands for every element or member, `@` for the
/// name of every member, and values may be joined by commas.
fn values(vendor: &str, path: &str) -> Vec<String> {
    let step = |rows: Vec<Value>, step: &str| -> Vec<Value> {
        let inside = |row: Value| match row {
            Value::Array(rows) if step == "*" => rows,
            Value::Object(members) if step == "@" => members.into_iter().map(|(name, _)| name.into()).collect(),
            Value::Object(members) if step == "*" => members.into_iter().map(|(_, value)| value).collect(),
            Value::Array(rows) => step.parse::<usize>().ok().and_then(|index| rows.get(index).cloned()).into_iter().collect(),
            row => row.get(step).cloned().into_iter().collect(),
        };
        rows.into_iter().flat_map(inside).collect()
    };
    let found = path.split('.').fold(vec![catalog(vendor).clone()], step);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let found: Vec<String> = found.iter().flat_map(|value| text(value).split(',').map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(!found.is_empty(), "{vendor}: there is no {path}");
    found
}

#[test]
fn what_is_named_exists() {
    let names = NAMES.iter().map(|(vendor, path, target)| (*vendor, (*path).to_owned(), (*target).to_owned()));
    let within = |vendor, list: &'static str, path: &'static str, target: &'static str| {
        let own = move |index| (vendor, format!("{list}.{index}.{path}"), format!("{list}.{index}.{target}"));
        let rows = catalog(vendor)[list].as_array().map_or(0, Vec::len);
        (0..rows).map(own)
    };
    let increments = within("shiptheory", "carriers", "services.*.increments.*", "increments.*");
    for (vendor, path, target) in names.chain(increments) {
        let (other, target) = target.split_once('/').unwrap_or((vendor, &target));
        let known: BTreeSet<String> = values(other, target).into_iter().collect();
        let unknown: Vec<String> = values(vendor, &path).into_iter().filter(|name| !known.contains(name)).collect();
        assert!(unknown.is_empty(), "{vendor}: {path} has {unknown:?}, which {target} lacks");
    }
}

#[test]
fn ids_are_unique() {
    for (vendor, path) in UNIQUE {
        let ids = values(vendor, path);
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{vendor}: {path}");
    }
}

#[test]
fn every_catalog_is_looked_into() {
    for vendor in CATALOGS.keys() {
        let is_known = NAMES.iter().any(|(own, ..)| own == vendor) || UNIQUE.iter().any(|(own, _)| own == vendor);
        assert!(is_known, "{vendor}: nothing says what its names refer to");
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

#[test]
fn business_failures_are_of_operations_and_each_operation_fails_in_one_way_by_a_name() {
    let machine = made_up::machine(vendors::all(), Options::default());
    let mut problems = Vec::new();
    for loaded in machine.vendors().loaded() {
        let vendor = &loaded.vendor;
        assert!(!vendor.failures.named.is_empty(), "{} cannot be made to say no", vendor.id);
        let mut seen = BTreeSet::new();
        for row in vendor.failures.named {
            for id in row.operations {
                // Versions may share their failures, and name operations of one of them.
                let is_there = machine.vendors().loaded().iter().any(|other| {
                    std::ptr::eq(other.vendor.failures.named, vendor.failures.named) && other.catalog().operation(id).is_some()
                });
                if !is_there || !seen.insert((row.name, *id)) {
                    problems.push(format!("{}: {} of {id}", vendor.id, row.name));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{problems:?}");
}
