//! Prices, held against those that are known: `prices.yaml` has them with their evidence.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, Method};
use seatrial::engine::{Answer, Machine, Options, Request};
use seatrial::vendors;
use serde::Deserialize;
use serde_json::Value;

use crate::made_up;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    about: String,
    #[serde(rename = "evidence")]
    _evidence: String,
    call: String,
    headers: BTreeMap<String, String>,
    json: Value,
    /// Where rates stand in the answer, and what they are called and cost there.
    rows: String,
    name: String,
    package: Option<String>,
    amount: String,
    prices: BTreeMap<String, f64>,
    marks: Option<BTreeMap<String, String>>,
    days: Option<BTreeMap<String, Value>>,
}

impl Known {
    fn ask(&self, machine: &Machine, body: &Value) -> Vec<Value> {
        let (method, path) = self.call.split_once(' ').expect("a method and a path");
        let mut request: Request =
            made_up::request(Method::POST, path, &[("host", "127.0.0.1:7447"), ("content-type", "application/json")], &body.to_string());
        assert_eq!(method, "POST");
        for (name, value) in &self.headers {
            let (name, value) = (HeaderName::try_from(name).expect("a name"), HeaderValue::try_from(value).expect("a value"));
            request.headers.insert(name, value);
        }
        let answer: Answer = machine.handle(&request, made_up::start());
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let rows = body.pointer(&self.rows).and_then(Value::as_array).cloned();
        rows.unwrap_or_else(|| panic!("{}: {} {body}", self.about, answer.status))
    }

    /// What a rate is called: its service, and its package where that is told.
    fn name(&self, row: &Value) -> String {
        let text = |path: &str| row.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let package = self.package.as_deref().and_then(text).map(|package| format!(" {package}"));
        text(&self.name).unwrap_or_default() + &package.unwrap_or_default()
    }

    fn amount(&self, row: &Value) -> f64 {
        let amount = row.pointer(&self.amount);
        amount.and_then(|amount| amount.as_f64().or_else(|| amount.as_str()?.parse().ok())).expect("every rate has an amount")
    }

    fn amounts(&self, rows: &[Value]) -> BTreeMap<String, f64> {
        rows.iter().map(|row| (self.name(row), self.amount(row))).collect()
    }
}

fn known() -> Vec<Known> {
    serde_saphyr::from_str(include_str!("prices.yaml")).expect("the known prices are YAML")
}

fn machine() -> Machine {
    made_up::machine(vendors::all(), Options::default())
}

#[test]
fn prices_are_within_a_tenth_of_those_that_are_known() {
    let machine = machine();
    for known in known() {
        let rows = known.ask(&machine, &known.json);
        let found = known.amounts(&rows);
        let mut sorted: Vec<(&String, f64, f64)> = known
            .prices
            .iter()
            .map(|(name, price)| (name, *price, *found.get(name).unwrap_or_else(|| panic!("{}: no {name}: {found:?}", known.about))))
            .collect();
        sorted.sort_by(|one, other| one.1.total_cmp(&other.1));
        for (name, price, found) in &sorted {
            assert!((found / price - 1.0).abs() <= 0.1, "{}: {name} is {found}, known {price}", known.about);
        }
        assert!(sorted.is_sorted_by(|one, other| one.2 <= other.2 || one.1 >= other.1), "{}: {sorted:?}", known.about);
        for (mark, name) in known.marks.iter().flatten().filter(|(mark, _)| *mark != "at") {
            let at = &known.marks.as_ref().expect("there are marks")["at"];
            let marked = rows.iter().filter(|row| row.pointer(at).is_some_and(|marks| marks.to_string().contains(mark)));
            assert_eq!(marked.map(|row| known.name(row)).collect::<Vec<_>>(), [name.as_str()], "{}: {mark}", known.about);
        }
        for (name, days) in known.days.iter().flatten().filter(|(name, _)| *name != "at") {
            let at = known.days.as_ref().and_then(|days| days["at"].as_str()).expect("days stand somewhere");
            let row = rows.iter().find(|row| known.name(row) == **name).expect("it is quoted");
            assert_eq!(row.pointer(at), Some(days), "{}: {name}", known.about);
        }
    }
}

/// The same shipment costs the same in another machine, a heavier one not less; and what is called cheapest is.
#[test]
fn quotes_are_the_same_again_and_rise_with_the_weight() {
    let (one, other) = (machine(), machine());
    for known in known() {
        let rows = known.ask(&one, &known.json);
        assert_eq!(known.amounts(&rows), known.amounts(&known.ask(&other, &known.json)), "{}", known.about);
        let mut before = known.amounts(&rows);
        for times in [2.0, 5.0, 10.0] {
            let rows = known.ask(&one, &heavier(&known.json, times));
            let now = known.amounts(&rows);
            for (name, amount) in &now {
                assert!(*amount > 0.0 && before.get(name).is_none_or(|before| before <= amount), "{}: {name} {times}", known.about);
            }
            before.extend(now);
            let cheapest = rows.iter().find(|row| row.to_string().contains("CHEAPEST"));
            let least = rows.iter().map(|row| known.amount(row)).fold(f64::MAX, f64::min);
            assert!(cheapest.is_none_or(|row| known.amount(row) <= least), "{}: {times}", known.about);
        }
    }
}

/// The request with every weight so many times as heavy.
fn heavier(request: &Value, times: f64) -> Value {
    match request {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), weighed(name, value, times))).collect(),
        Value::Array(rows) => rows.iter().map(|row| heavier(row, times)).collect(),
        other => other.clone(),
    }
}

fn weighed(name: &str, value: &Value, times: f64) -> Value {
    let is_weight = name == "weight";
    match value {
        Value::Number(number) if is_weight => (number.as_f64().unwrap_or_default() * times).into(),
        Value::String(text) if is_weight => Value::String((text.parse::<f64>().unwrap_or_default() * times).to_string()),
        Value::Object(weight) if is_weight && weight.contains_key("value") => weight
            .iter()
            .map(|(name, value)| (name.clone(), if name == "value" { weighed("weight", value, times) } else { value.clone() }))
            .collect(),
        other => heavier(other, times),
    }
}
