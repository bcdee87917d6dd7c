//! The embedding API as tests use it: several sandboxes on the one server of this binary.

use seatrial::carrier::Status;
use seatrial::testing::Sandbox;
use serde_json::{Value, json};

/// Buys a label without HTTP; its tracking number.
async fn buy(sandbox: &Sandbox) -> String {
    let address =
        json!({"name": "A", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"});
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let shipment = json!({"address_from": address, "address_to": address, "parcels": [parcel], "async": false});
    let shipment = sandbox.perform("shippo.CreateShipment", shipment).await;
    let rate = shipment["rates"].as_array().and_then(|rates| rates.iter().find(|rate| rate["provider"] == "USPS"));
    let bought = json!({"rate": rate.expect("there is a rate")["object_id"], "async": false});
    let label = sandbox.perform("shippo.CreateTransaction", bought).await;
    label["tracking_number"].as_str().map(str::to_owned).unwrap_or_else(|| panic!("{label}"))
}

#[tokio::test]
async fn a_test_has_time_parcels_and_a_verdict_in_its_hand() {
    let sandbox = Sandbox::setup().frozen_at("2026-01-05T09:00:00Z").start().await;
    let number = buy(&sandbox).await;
    let parcel = sandbox.parcels().get(&number).await.expect("the label has a parcel");
    assert_eq!((parcel.vendor.as_str(), sandbox.parcels().all().await), ("shippo", vec![parcel.clone()]));
    sandbox.snapshot("bought").await;
    sandbox.clock().advance("240h").await;
    let later = sandbox.parcels().get(&number).await.expect("it is still there");
    assert_eq!(later.status, Status::Delivered);
    sandbox.restore("bought").await;
    assert_eq!(sandbox.parcels().get(&number).await, Some(parcel));
    assert_eq!(sandbox.clock().now().await.to_string(), "2026-01-05T09:00:00Z");
    assert_eq!(sandbox.parcels().event(&number, Status::Lost).await.status, Status::Lost);
    assert_eq!(sandbox.parcels().get("none").await, None);
    sandbox.expect(json!([{"order": ["shippo.CreateShipment", "shippo.CreateTransaction"]}])).await;
    let report = sandbox.verify(json!([{"never": "shippo.CreateTransaction"}])).await;
    assert!(!report.passed());
}

#[tokio::test]
async fn a_parcel_names_the_version_that_it_was_booked_with_wherever_it_is_shown() {
    let sandbox = Sandbox::start().await;
    let address =
        json!({"name": "Alex Example", "line_1": "1 Example Street", "city": "Exampletown", "postcode": "EX4 5LE", "country": "GB"});
    let parcel = json!({"reference": "P-1", "value": "12.00", "weight": 30, "width": 20, "length": 10, "depth": 10});
    let shipment = json!({"shipment_reference": "S-1", "delivery_service_key": "DEMO", "to_address": address, "parcels": [parcel]});
    let booked = sandbox.perform("shipmate_v1_2.createShipment", shipment).await;
    let number = booked["data"][0]["tracking_reference"].as_str().unwrap_or_else(|| panic!("{booked}"));
    let one = sandbox.parcels().get(number).await.expect("the shipment has a parcel");
    assert_eq!((one.vendor.as_str(), sandbox.parcels().all().await), ("shipmate_v1_2", vec![one.clone()]));
    assert_eq!(sandbox.parcels().next(number).await.vendor, "shipmate_v1_2");
}

#[tokio::test]
async fn sandboxes_do_not_see_each_other_and_end_with_their_handle() {
    let (one, two) = (Sandbox::start().await, Sandbox::start().await);
    buy(&one).await;
    assert_eq!((one.parcels().all().await.len(), two.parcels().all().await.len()), (1, 0));
    assert_ne!(one.credential("shippo", "token"), two.credential("shippo", "token"));
    let copy = one.fork().await;
    assert_eq!(copy.parcels().all().await.len(), 1);
    let name = one.name().to_owned();
    drop(one);
    let again = Sandbox::setup().name(&name).start().await;
    assert!(again.parcels().all().await.is_empty());
}

#[tokio::test]
async fn what_a_scenario_expects_is_judged_at_the_end() {
    let scenario = "expect: [{call: shippo.CreateShipment, count: 1}]";
    let sandbox = Sandbox::setup().scenario(scenario).start().await;
    buy(&sandbox).await;
    let fault = sandbox.fault("never", json!({"on": "shippo.CreateRefund", "fault": 503})).await;
    fault.off().await;
    let report = sandbox.finish().await;
    let unused: Vec<String> = report.unused.iter().map(ToString::to_string).collect();
    assert_eq!(unused, ["fault `never` had no effect: it was switched off before any call met it"]);
}

#[test]
fn tests_on_many_threads_share_one_server() {
    let hosts: Vec<String> = std::thread::scope(|scope| {
        let one = || {
            // Each with a runtime of its own, as tests have.
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(async {
                let sandbox = Sandbox::start().await;
                let number = buy(&sandbox).await;
                assert_eq!(sandbox.parcels().all().await.len(), 1, "{number}");
                sandbox.url("shippo").split("/@").next().unwrap_or_default().to_owned()
            })
        };
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().expect("the test passes")).collect()
    });
    assert!(hosts.iter().all(|host| *host == hosts[0]), "{hosts:?}");
    // The server's thread and the two workers of its runtime, however many tests there are.
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    assert!(names.filter(|name| name.trim() == "seatrial").count() <= 3);
}

#[test]
fn the_same_seed_and_calls_give_the_same_bytes() {
    let run = || {
        let sandbox = Sandbox::setup().name("twin").seed(9).frozen_at("2026-01-05T09:00:00Z").start_blocking();
        sandbox.block_on(async {
            buy(&sandbox).await;
            let fault = sandbox.fault("busy", json!({"on": "shippo.*", "fault": 503})).await;
            fault.off().await;
            let calls = sandbox.calls("").await;
            calls.into_iter().map(|call| call.answer).collect::<Vec<Value>>()
        })
    };
    let first = run();
    assert_eq!(first.len(), 2);
    assert_eq!(first, run());
}
