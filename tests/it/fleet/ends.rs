//! What callers received, whose credential is whose, and what is said of sandboxes that end: the same whichever replica is asked.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use seatrial::engine::Fault;
use seatrial::fleet::{Reach, Section};
use seatrial::scenario;
use seatrial::world::{End, Entry, OnWire, Sent};
use serde_json::{Value, json};

use super::memory::Failing;
use super::served::Served;
use super::{Replica, address, block_on, fleet, wall};

/// What a replica says that the caller of the newest call received.
async fn wire(replica: &Replica) -> Sent {
    newest(replica, "default").await.get()
}

async fn newest(replica: &Replica, name: &str) -> OnWire {
    replica.fleet.catch_up(name).await.expect("the ledger is there");
    let sandbox = replica.sandbox(name);
    let journal = sandbox.journal();
    journal.iter().next_back().expect("there is a call").wire.clone()
}

/// On a clock that only waiting moves.
fn paused<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime can start").block_on(test)
}

/// Has a sandbox of a replica hold answers.
async fn slow(replica: &Replica, name: &str) {
    let (machine, sandbox) = (&replica.machine, replica.sandbox(name));
    let wanted = json!({"on": "shippo.CreateAddress", "latency": "2s"});
    let vocabulary = scenario::run::MachineVocabulary(machine);
    let loaded = scenario::load_override(&wanted.to_string(), "fault", &vocabulary).expect("it is an override");
    let fault = Fault::new("slow".into(), wanted, scenario::run::runtime(loaded));
    let switch = |_: &_| sandbox.switch_on(fault.clone(), wall());
    assert!(replica.fleet.run(&Reach::one(name), switch).await.expect("the ledger is there"));
}

/// A call whose answer is held.
async fn held(replica: &Replica, name: &str) -> Arc<Entry> {
    let (own, sandbox) = (Arc::clone(&replica.machine), replica.sandbox(name));
    let token = sandbox.lock().world.accounts().credentials("shippo").first().map(|row| row.text("token").to_owned());
    let token = format!("ShippoToken {}", token.expect("there is one"));
    let headers = [("host", "127.0.0.1:7447"), ("authorization", &*token)];
    let asked = crate::made_up::request(Method::POST, &format!("/@{name}/shippo/addresses"), &headers, &address("Ada").to_string());
    let act = move || own.try_handle(&asked, wall(), &|| true).and_then(|answer| answer.entry);
    replica.fleet.call(&sandbox, act).await.expect("it is answered").expect("it is in the journal")
}

#[test]
fn all_replicas_know_how_an_answer_ended_that_was_held() {
    block_on(async {
        let (ledger, replicas) = fleet(2).await;
        let machine = &replicas[0].machine;
        slow(&replicas[0], "default").await;
        for end in [End::Sent, End::Abandoned] {
            let entry = held(&replicas[0], "default").await;
            assert_eq!((wire(&replicas[0]).await.end, wire(&replicas[1]).await.end), (End::UnderWay, End::UnderWay));
            let journal =
                |replica: &Replica| replica.sandbox("default").journal().iter().next_back().map(|entry| entry.wire.is_elsewhere());
            assert_eq!((journal(&replicas[0]), journal(&replicas[1])), (Some(false), Some(true)));
            if end == End::Sent {
                entry.wire.arrive()
            } else {
                entry.wire.abandon()
            }
            machine.answered(&entry);
            for _ in 0..10_000 {
                if wire(&replicas[1]).await.end != End::UnderWay {
                    break;
                }
                tokio::task::yield_now().await;
            }
            let later = Replica::join(&ledger).await;
            let said = wire(&replicas[0]).await;
            assert_eq!((said.end, wire(&replicas[1]).await, wire(&later).await), (end, said, said));
        }
    });
}

#[test]
fn an_end_is_told_when_the_database_is_back_and_before_the_replica_has_left() {
    paused(async {
        let (ledger, replicas) = fleet(2).await;
        slow(&replicas[0], "default").await;
        for silence in [0, 3, 60] {
            let entry = held(&replicas[0], "default").await;
            assert_eq!(wire(&replicas[1]).await.end, End::UnderWay);
            ledger.is_away(silence > 0);
            entry.wire.arrive();
            replicas[0].machine.answered(&entry);
            tokio::time::sleep(Duration::from_secs(silence)).await;
            ledger.is_away(false);
            replicas[0].fleet.ends_are_told().await;
            assert_eq!(wire(&replicas[1]).await.end, End::Sent, "{silence} s");
        }
        // One that comes too late is not that of the next sandbox of the name.
        assert!(replicas[0].open("a").await);
        slow(&replicas[0], "a").await;
        let entry = held(&replicas[0], "a").await;
        ledger.is_away(true);
        entry.wire.arrive();
        replicas[0].machine.answered(&entry);
        tokio::time::sleep(Duration::from_millis(5_500)).await;
        ledger.is_away(false);
        let remove = |_: &Section| replicas[1].machine.remove("a");
        assert!(replicas[1].fleet.run(&Reach::list(Some("a")), remove).await.expect("the ledger is there"));
        assert!(replicas[1].open("a").await);
        slow(&replicas[1], "a").await;
        let other = held(&replicas[1], "a").await;
        assert_eq!(other.id, entry.id);
        replicas[0].fleet.ends_are_told().await;
        assert!(newest(&replicas[0], "a").await.is_under_way());
    });
}

#[test]
fn a_credential_that_another_replica_gave_a_sandbox_is_known_when_it_is_asked_for() {
    for silence in [0, 29, 90] {
        credential_known_after(Duration::from_secs(silence));
    }
}

fn credential_known_after(silence: Duration) {
    paused(async {
        let (_, replicas) = fleet(2).await;
        assert!(replicas[0].open("a").await);
        replicas[1].fleet.learn().await.expect("the ledger is there");
        let sandbox = replicas[0].sandbox("a");
        let rows = sandbox.lock().world.accounts().credentials("shippo");
        let token = rows.first().expect("there are some").text("token").to_owned();
        // Its credentials are those of nobody for a while.
        let give = |rows: Vec<_>| {
            let (machine, sandbox) = (&replicas[0].machine, &sandbox);
            move |_: &Section| {
                sandbox.lock().world.set_credentials("shippo", rows.clone());
                machine.reindex(sandbox);
            }
        };
        let reach = Reach::one("a");
        replicas[0].fleet.run(&reach, give(Vec::new())).await.expect("the ledger is there");
        replicas[1].fleet.catch_up("a").await.expect("the ledger is there");
        let headers = [("host", "127.0.0.1:7447"), ("authorization", &*format!("ShippoToken {token}"))];
        let asked = crate::made_up::request(Method::GET, "/shippo/addresses", &headers, "");
        let addressee = || {
            let found = replicas[1].machine.addressee(&asked);
            (found.is_unknown, found.sandbox.map(|sandbox| sandbox.name.to_string()))
        };
        assert_eq!(addressee(), (true, Some("default".to_owned())));
        replicas[0].fleet.run(&reach, give(rows.to_vec())).await.expect("the ledger is there");
        tokio::time::advance(silence).await;
        replicas[1].fleet.learn().await.expect("the ledger is there");
        assert_eq!(addressee(), (false, Some("a".to_owned())));
    });
}

#[test]
fn a_verdict_is_told_once_whatever_commits_fail() {
    let served = Served::start();
    let scenario = json!({"name": "judged", "expect": [{"call": "shippo.CreateAddress"}]});
    let tries = [&[Failing::Before][..], &[Failing::After], &[Failing::Before, Failing::Before, Failing::After]];
    let told = |name: &str| {
        let (status, told) = served.ask("GET", "/verdicts", &Value::Null);
        assert_eq!(status, 200, "{told}");
        told["verdicts"].as_array().map_or(0, |rows| rows.iter().filter(|row| row["sandbox"] == name).count())
    };
    for (number, how) in tries.iter().enumerate() {
        let name = format!("judged{number}");
        let (status, made) = served.ask("POST", "/sandboxes", &json!({"name": name, "scenario": scenario}));
        assert_eq!(status, 201, "{made}");
        served.ledger.fail(how);
        let (status, verdict) = served.ask("DELETE", &format!("/sandboxes/{name}"), &Value::Null);
        assert_eq!((status, &verdict["verdict"], told(&name)), (200, &json!("failed"), 1), "{how:?} {verdict}");
    }
    // Who asked is told that nobody knows; the verdict is told when somebody does.
    let (status, made) = served.ask("POST", "/sandboxes", &json!({"name": "late", "scenario": scenario}));
    assert_eq!(status, 201, "{made}");
    served.ledger.fail(&[Failing::Garbled]);
    assert_eq!(served.ask("DELETE", "/sandboxes/late", &Value::Null).0, 503);
    while told("late") == 0 {}
    assert_eq!(told("late"), 1);
    // Nobody had called it, so that the first reset tells no failure, however often it is tried.
    let (status, put) = served.ask("PUT", "/sandboxes/default/scenario", &scenario);
    assert_eq!((status, told("default")), (200, 0), "{put}");
    served.ledger.fail(&[Failing::Before, Failing::Before]);
    assert_eq!(served.ask("POST", "/sandboxes/default/reset", &json!({})).0, 200);
    let (_, told) = served.ask("GET", "/verdicts", &Value::Null);
    let row = told["verdicts"].as_array().into_iter().flatten().find(|row| row["sandbox"] == "default");
    assert!(row.is_some_and(|row| row["verdict"] == "unknown" && !row["skipped"].is_null()), "{told}");
}
