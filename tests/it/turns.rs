//! Which turn a call is for an override: counts of each object, and times and calls that it waits for.

use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::client::{JSON, admin, send};
use crate::explain::{row, rules, under};
use crate::given::{SHIPPO_LABEL, SHIPSTATION_V2};

#[test]
fn turns_of_each_object_are_told_and_go_with_a_file() {
    let server = under(
        "clock: {start: 2026-01-05T09:00:00Z, mode: frozen}
overrides:
  - {on: shippo.GetAddress, per: $request.parameters.AddressId, skip: 1, times: 1, fault: 503}
  - {on: shippo.GetAddress, after: 1h..2h, fault: 502}
  - {on: shippo.GetAddress, after: shippo.ListAddresses, fault: 429}
",
    );
    let made = |name: &str| {
        let body = json!({"name": name, "country": "US"}).to_string();
        send(&server, "POST", "/shippo/addresses", &SHIPPO, &body).json()["object_id"].as_str().unwrap_or_default().to_owned()
    };
    let (one, other) = (made("Ada"), made("Bob"));
    let get = |id: &str| send(&server, "GET", &format!("/shippo/addresses/{id}"), &SHIPPO, "").status;
    assert_eq!([&one, &one, &one, &other].map(|id| get(id)), [200, 503, 200, 200]);
    let last = |index: usize| {
        let list = admin(&server, "GET", "/sandboxes/default/requests", &Value::Null);
        let rows = list["requests"].as_array().cloned().unwrap_or_default();
        let id = rows[rows.len() - index]["id"].as_str().unwrap_or_default().to_owned();
        rules(&admin(&server, "GET", &format!("/requests/{id}/explain"), &Value::Null))
    };
    let waits = [
        row(4, "passed_over", "the call matches, but `after: 1h..2h` had not come yet"),
        row(5, "passed_over", "the call matches, but `after: shippo.ListAddresses` had not come yet"),
    ];
    let skipped = "the call matches, but `skip: 1` leaves the first calls of each `$request.parameters.AddressId` alone";
    let ended = "the call matches, but `times: 1` ends it for this one of each `$request.parameters.AddressId`";
    assert_eq!(last(1), [&[row(3, "passed_over", skipped)], &waits[..]].concat());
    assert_eq!(last(2), [&[row(3, "passed_over", ended)], &waits[..]].concat());
    // Half an hour later it goes on elsewhere: with its counts, and with when it began.
    admin(&server, "POST", "/sandboxes/default/clock/advance", &json!({"by": "30m"}));
    let file = send(&server, "GET", "/_seatrial/sandboxes/default/export", &[], "").body;
    let read = send(&server, "POST", "/_seatrial/sandboxes/default/import", &[JSON], &file);
    assert_eq!(read.status, 200, "{}", read.body);
    assert_eq!([&one, &other, &other].map(|id| get(id)), [200, 503, 200]);
    admin(&server, "POST", "/sandboxes/default/clock/advance", &json!({"by": "30m"}));
    assert_eq!(get(&one), 502);
    admin(&server, "POST", "/sandboxes/default/clock/advance", &json!({"by": "1h"}));
    assert_eq!(get(&one), 200);
    assert_eq!(last(1)[1], row(4, "passed_over", "the call matches, but `after: 1h..2h` was over"));
    send(&server, "GET", "/shippo/addresses", &SHIPPO, "");
    assert_eq!(get(&one), 429);
}

#[test]
fn a_fault_counts_time_from_when_it_was_switched_on() {
    let server = under("clock: {start: 2026-01-05T09:00:00Z, mode: frozen}");
    let advance = || admin(&server, "POST", "/sandboxes/default/clock/advance", &json!({"by": "1h"}));
    let list = || send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status;
    advance();
    admin(&server, "PUT", "/sandboxes/default/faults/late", &json!({"on": "shippo.ListAddresses", "after": "1h", "fault": 503}));
    assert_eq!(list(), 200);
    advance();
    assert_eq!(list(), 503);
}

#[test]
fn a_step_that_parcels_wait_for_in_vain_is_told() {
    let timeline = "timelines:
  sent-back:
    for: {vendor: shippo}
    steps:
      - {at: +0s, status: pre_transit}
      - {on: shippo.CreateRefund, status: cancelled}
";
    let server = under(&format!("{timeline}given:{SHIPPO_LABEL}"));
    let verdict = admin(&server, "POST", "/sandboxes/default/verify", &json!({"expect": []}));
    let unused = verdict["unused"].as_array().cloned().unwrap_or_default();
    let told: Vec<_> = unused.iter().map(|rule| json!([rule["what"], rule["name"], rule["line"], rule["detail"]])).collect();
    let waits = "1 parcel waits for a call of `shippo.CreateRefund` about it";
    assert_eq!(told, [json!(["step of timeline", "sent-back", 6, waits])], "{verdict}");
}

/// The call that cancels it is what one of these waits for, and the other one is over by it.
#[test]
fn a_cancelled_parcel_waits_for_no_call() {
    for (on, status) in [("CreateRefund", "exception"), ("GetTrack", "cancelled")] {
        let timeline = format!("timelines: {{moved: {{for: {{vendor: shippo}}, steps: [{{on: shippo.{on}, status: exception}}]}}}}");
        let refund = "  - shippo.CreateRefund: {transaction: \"{{ $given.bought.object_id }}\", async: false}";
        let server = under(&format!("{timeline}\ngiven:{SHIPPO_LABEL}\n{refund}\n"));
        let verdict = admin(&server, "POST", "/sandboxes/default/verify", &json!({"expect": []}));
        assert_eq!(verdict["unused"].as_array().map_or(0, Vec::len), 0, "{verdict}");
        let parcels = admin(&server, "GET", "/sandboxes/default/parcels", &Value::Null);
        assert_eq!(parcels["parcels"][0]["status"], status, "{parcels}");
    }
}

/// A call alone closes a manifest of Shippo's; that of ShipStation, which no call announces, comes at the end of the day.
#[test]
fn a_manifest_that_parcels_wait_for_in_vain_is_told() {
    let steps = "steps: [{at: +0s, status: pre_transit}, {at: +1h, from: manifest, status: collected}]";
    let other = SHIPSTATION_V2.replace("as: bought", "as: other").replace("office", "home");
    let timelines =
        format!("timelines:\n  closed: {{for: {{vendor: shippo}}, {steps}}}\n  by-itself: {{for: {{vendor: shipstation_v2}}, {steps}}}");
    let server = under(&format!("clock: {{start: 2026-01-05T09:00:00Z, mode: frozen}}\n{timelines}\ngiven:{SHIPPO_LABEL}{other}"));
    let told = || {
        let verdict = admin(&server, "POST", "/sandboxes/default/verify", &json!({"expect": []}));
        verdict["unused"].as_array().into_iter().flatten().map(|rule| json!([rule["name"], rule["detail"]])).collect::<Vec<_>>()
    };
    let waits = [json!(["closed", "1 parcel waits for the `manifest` that a call brings it"])];
    assert_eq!(told(), waits);
    admin(&server, "POST", "/sandboxes/default/clock/advance", &json!({"by": "72h"}));
    assert_eq!(told(), waits);
}
