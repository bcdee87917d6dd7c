//! The same seed and calls give the same bytes, whatever happens in between in other accounts.

use http::Method;
use proptest::prelude::*;
use seatrial::engine::{Machine, Options};
use seatrial::vendors;

use crate::made_up::{self, request, set_scenario, start};

const SCENARIO: &str = "
name: two-accounts
clock: {start: 2026-01-05T09:00:00Z, mode: frozen}
accounts:
  shipmate:
    - {account: one, api_key: key-one, username: one@example.com, password: one, token: '11111111111111111111111111111111'}
    - {account: two, api_key: key-two, username: two@example.com, password: two, token: '22222222222222222222222222222222'}
  shippo:
    - {account: one, token: shippo_test_one, mode: test}
    - {account: two, token: shippo_test_two, mode: test}
  shiptime:
    - {account: one, username: one, password: one}
    - {account: two, username: two, password: two}
  shiptheory:
    - {account: one, email: one@example.com, password: one, token: permanent-one}
    - {account: two, email: two@example.com, password: two, token: permanent-two}
";

fn machine() -> Machine {
    let machine = made_up::machine(vendors::all(), Options::default());
    set_scenario(&machine, SCENARIO).expect("the scenario is fine");
    machine
}

/// What an account can do, by number; `count` makes references new.
fn call(machine: &Machine, second: bool, action: u8, count: usize) -> String {
    let (name, number) = if second { ("two", "2") } else { ("one", "1") };
    let token = number.repeat(32);
    let key = format!("key-{name}");
    let shippo = format!("ShippoToken shippo_test_{name}");
    let bearer = format!("Bearer permanent-{name}");
    let basic = if second { "Basic dHdvOnR3bw==" } else { "Basic b25lOm9uZQ==" };
    let shipmate: &[(&str, &str)] = &[("x-shipmate-api-key", &key), ("x-shipmate-token", &token)];
    let reference = format!("{name}-{count}");
    let consignment = format!(
        r#"{{"consignment_reference":"{reference}","service_key":"DPDNEXT","to_address":{{"name":"A","line_1":"1 Street","city":"Derby","postcode":"DE1 1EE","country":"GB"}},"parcels":[{{"reference":"{reference}-1","weight":300,"width":2,"length":1,"depth":1}}]}}"#
    );
    let (method, path, headers, body): (_, _, &[(&'static str, &str)], &str) = match action % 7 {
        0 => (Method::POST, "/shipmate/v1.1/consignments", shipmate, &consignment),
        1 => (Method::POST, "/shipmate/v1.1/consignments", shipmate, "{}"),
        2 => (Method::GET, "/shipmate/v1.1/skus", shipmate, ""),
        3 => (Method::POST, "/shippo/addresses", &[("authorization", &shippo)], r#"{"name":"Ada","country":"US"}"#),
        4 => (Method::GET, "/shippo/addresses", &[("authorization", &shippo)], ""),
        5 => (Method::GET, "/shiptheory/v1/services", &[("authorization", &bearer), ("accept", "application/json")], ""),
        _ => (Method::GET, "/shiptime/rest/shipments", &[("authorization", basic)], ""),
    };
    let headers = [headers, &[("host", "127.0.0.1:7447")]].concat();
    let answer = machine.handle(&request(method, path, &headers, body), start());
    format!("{} {:?} {}", answer.status, answer.headers, String::from_utf8_lossy(&answer.body))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn interleaving_two_accounts_changes_neither(steps in prop::collection::vec((any::<bool>(), 0_u8..7), 1..40)) {
        let (together, alone) = (machine(), [machine(), machine()]);
        for (count, (second, action)) in steps.into_iter().enumerate() {
            let expected = call(&alone[usize::from(second)], second, action, count);
            prop_assert!(!expected.starts_with('5') && !expected.starts_with("401"), "{}", expected);
            prop_assert_eq!(call(&together, second, action, count), expected);
        }
    }
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    let run = || {
        let machine = machine();
        (0..70).map(|count| call(&machine, count % 3 == 0, u8::try_from(count % 7).unwrap_or(0), count)).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}
