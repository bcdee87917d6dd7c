//! Replicas over a ledger in memory: any of them may be asked, and all are one. What a fleet is on a real database is tried by
//! `tests/fleet/check.py`.

mod budgets;
mod claims;
mod deeds;
mod ends;
mod epochs;
mod history;
mod memory;
mod network;
mod parts;
mod refusals;
mod served;
mod several;
mod simulation;

use std::sync::Arc;

use http::Method;
use jiff::SignedDuration;
use seatrial::base::time;
use seatrial::carrier::Parcel;
use seatrial::engine::webhooks::Subscription;
use seatrial::engine::{Happening, Machine, Options, Request, Sandbox, Start};
use seatrial::fleet::{Fleet, JoinError, Ledger, Reach, Undone};
use seatrial::scenario::Scenario;
use seatrial::world::Deed;
use seatrial::{scenario, vendors};
use serde_json::{Value, json};

use crate::advance::advance;
use crate::made_up::request;
use crate::verdicts;
use memory::{Failing, Memory};

fn wall() -> jiff::Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn machine() -> Arc<Machine> {
    Arc::new(Machine::new(vendors::all(), Options::default(), Start::plain(wall())))
}

/// A process of the fleet.
struct Replica {
    machine: Arc<Machine>,
    fleet: Arc<Fleet>,
}

impl Replica {
    async fn join(ledger: &Memory) -> Self {
        Self::join_at(Arc::new(ledger.clone())).await
    }

    async fn join_at(ledger: Arc<dyn Ledger>) -> Self {
        let machine = machine();
        let fleet = Fleet::join(Arc::clone(&machine), ledger, "plain".to_owned(), true).await.expect("it may join");
        Self { machine, fleet }
    }

    fn sandbox(&self, name: &str) -> Arc<Sandbox> {
        self.machine.sandbox(name).expect("there is such a sandbox")
    }

    async fn try_call(&self, name: &str, method: Method, path: &str, body: &Value) -> Result<(u16, String), Undone> {
        let (machine, request) = (Arc::clone(&self.machine), Arc::new(call(name, method, path, body)));
        let act = move || {
            let answer = machine.handle(&request, wall());
            (answer.status.as_u16(), String::from_utf8_lossy(&answer.body).into_owned())
        };
        self.fleet.call(&self.sandbox(name), act).await
    }

    async fn call(&self, name: &str, method: Method, path: &str, body: &Value) -> (u16, String) {
        self.try_call(name, method, path, body).await.expect("it is answered")
    }

    /// Makes a sandbox.
    async fn open(&self, name: &str) -> bool {
        let machine = &self.machine;
        let open = |_: &_| {
            let staged = scenario::run::stage(machine, name, &Scenario::plain(), None, wall()).expect("nothing is wrong with it");
            machine.open(staged).is_ok()
        };
        self.fleet.run(&Reach::list(Some(name)), open).await.expect("the ledger is there")
    }

    /// What a sandbox has: its documents, its time and its journal.
    async fn told(&self, name: &str) -> String {
        self.fleet.catch_up(name).await.expect("the ledger is there");
        let sandbox = self.sandbox(name);
        let state = sandbox.lock();
        let mut told = format!("{:?} {:?}\n", state.world.clock(), state.world.agenda().next());
        for (account, id, body) in state.rows(seatrial::world::Kind::new("address")) {
            told.push_str(&format!("{} {id} {body}\n", account.name));
        }
        drop(state);
        let journal = sandbox.journal();
        let entries = journal.iter().map(|entry| format!("{} {} {:?}\n", entry.number, entry.id, entry.status));
        told + &entries.collect::<String>() + &format!("{} {} {:?}", journal.written, journal.lost(), journal.removed)
    }
}

fn call(name: &str, method: Method, path: &str, body: &Value) -> Request {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("host", "127.0.0.1:7447"), ("authorization", "ShippoToken shippo_test_seatrial")];
    request(method, &format!("/@{name}/shippo{path}"), &headers, &body)
}

fn address(name: &str) -> Value {
    json!({"name": name, "street1": "1 Main St", "city": "Chicago", "state": "IL", "zip": "60601", "country": "US"})
}

fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can start").block_on(test)
}

async fn fleet(size: usize) -> (Memory, Vec<Replica>) {
    let ledger = Memory::default();
    let mut replicas = Vec::new();
    for _ in 0..size {
        replicas.push(Replica::join(&ledger).await);
    }
    (ledger, replicas)
}

#[test]
fn all_replicas_sign_with_one_secret() {
    block_on(async {
        let (_, replicas) = fleet(2).await;
        let (_, others) = fleet(1).await;
        assert_eq!(replicas[0].fleet.secret(), replicas[1].fleet.secret());
        assert_ne!(replicas[0].fleet.secret(), others[0].fleet.secret());
    });
}

#[test]
fn replicas_in_turn_answer_as_one_process() {
    block_on(async {
        let (ledger, replicas) = fleet(3).await;
        let alone = machine();
        for number in 0..30 {
            let name = format!("Ada {number}");
            let answered = replicas[number % 3].call("default", Method::POST, "/addresses/", &address(&name)).await;
            let expected = alone.handle(&call("default", Method::POST, "/addresses/", &address(&name)), wall());
            assert_eq!(answered, (expected.status.as_u16(), String::from_utf8_lossy(&expected.body).into_owned()), "call {number}");
        }
        let told = replicas[0].told("default").await;
        assert!(told.contains("30 default"), "{told}");
        assert_eq!(replicas[1].told("default").await, told);
        assert_eq!(Replica::join(&ledger).await.told("default").await, told);
    });
}

#[test]
fn calls_that_come_together_are_committed_together() {
    block_on(async {
        let (ledger, replicas) = fleet(2).await;
        let before = ledger.commits();
        let body = address("Ada");
        let calls = (0..64).map(|_| replicas[0].call("default", Method::POST, "/addresses/", &body));
        let mut all = Box::pin(async {
            let mut running: Vec<_> = calls.map(Box::pin).collect();
            std::future::poll_fn(|cx| {
                running.retain_mut(|call| call.as_mut().poll(cx).is_pending());
                if running.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
        });
        all.as_mut().await;
        assert!(ledger.commits() - before < 32, "{} commits", ledger.commits() - before);
        assert_eq!(replicas[1].told("default").await, replicas[0].told("default").await);
        assert_eq!(replicas[1].sandbox("default").journal().written, 64);
    });
}

#[test]
fn what_fails_is_taken_back_and_what_nobody_heard_of_is_not_repeated() {
    block_on(async {
        let (ledger, replicas) = fleet(2).await;
        let alone = machine();
        for how in [&[Failing::Before][..], &[Failing::After], &[Failing::Before, Failing::Before, Failing::After]] {
            ledger.fail(how);
            let answered = replicas[0].call("default", Method::POST, "/addresses/", &address("Ada")).await;
            let expected = alone.handle(&call("default", Method::POST, "/addresses/", &address("Ada")), wall());
            assert_eq!(answered.1, String::from_utf8_lossy(&expected.body), "{how:?}");
        }
        let told = replicas[1].told("default").await;
        assert_eq!(replicas[0].told("default").await, told);
        assert_eq!(replicas[1].sandbox("default").journal().written, 3);
    });
}

#[test]
fn what_is_done_outside_of_a_section_is_taken_back() {
    block_on(async {
        let (_, replicas) = fleet(2).await;
        let told = replicas[0].told("default").await;
        replicas[0].machine.handle(&call("default", Method::POST, "/addresses/", &address("Ada")), wall());
        assert_eq!(replicas[0].told("default").await, told);
        assert_eq!(replicas[1].told("default").await, told);
    });
}

#[test]
fn sandboxes_are_made_and_removed_for_all() {
    block_on(async {
        let (ledger, replicas) = fleet(3).await;
        assert!(replicas[0].open("mine").await);
        assert!(!replicas[1].open("mine").await, "the name is taken");
        assert_eq!(replicas[1].call("mine", Method::GET, "/addresses/", &Value::Null).await.0, 401);
        // One whose birth fails is not there; one whose birth nobody heard of is.
        ledger.fail(&[Failing::Before]);
        assert!(replicas[0].open("second").await);
        ledger.fail(&[Failing::After]);
        assert!(replicas[0].open("third").await);
        for replica in &replicas {
            replica.fleet.refresh().await.expect("the ledger is there");
            let names: Vec<String> = replica.machine.sandboxes().iter().map(|sandbox| sandbox.name.to_string()).collect();
            assert_eq!(names, ["default", "mine", "second", "third"]);
        }
        let before = replicas[2].sandbox("mine");
        let remove = |_: &_| replicas[0].machine.remove("mine");
        assert!(replicas[0].fleet.run(&Reach::list(Some("mine")), remove).await.expect("the ledger is there"));
        let gone = replicas[2].try_call("mine", Method::GET, "/addresses/", &Value::Null).await;
        assert!(matches!(gone, Err(Undone::Gone)) && before.is_removed());
        // The name is free, and the next one of it is another.
        assert!(replicas[1].open("mine").await);
        replicas[2].fleet.refresh().await.expect("the ledger is there");
        assert!(!Arc::ptr_eq(&before, &replicas[2].sandbox("mine")));
    });
}

#[test]
fn acts_on_the_whole_reach_other_copies() {
    block_on(async {
        let (_, replicas) = fleet(2).await;
        let run = async |replica: &Replica, act: &dyn Fn(&Sandbox)| {
            let sandbox = replica.sandbox("default");
            replica.fleet.run(&Reach::one("default"), |_| act(&sandbox)).await.expect("the ledger is there");
        };
        replicas[0].call("default", Method::POST, "/addresses/", &address("Ada")).await;
        run(&replicas[1], &|sandbox| assert!(sandbox.snapshot("before", wall()).is_some())).await;
        let before = replicas[0].told("default").await;
        replicas[0].call("default", Method::POST, "/addresses/", &address("Eve")).await;
        let epoch = replicas[0].sandbox("default").epoch();
        run(&replicas[1], &|sandbox| assert!(sandbox.restore("before", wall()))).await;
        let after = replicas[0].told("default").await;
        assert!(!after.contains("Eve") && after.lines().next() == before.lines().next(), "{after}");
        assert!(replicas[0].sandbox("default").epoch() > epoch, "what was begun before ends without effect");
        run(&replicas[1], &|sandbox| sandbox.retain_in_journal(|entry| entry.number != 1)).await;
        assert_eq!(replicas[0].told("default").await, replicas[1].told("default").await);
        run(&replicas[0], &|sandbox| sandbox.reset_with(Some(7))).await;
        replicas[0].call("default", Method::POST, "/addresses/", &address("Mia")).await;
        let told = replicas[1].told("default").await;
        assert!(!told.contains("Ada") && told.contains("Mia") && told.ends_with("3 0 {}"), "{told}");
        assert_eq!(replicas[0].told("default").await, told);
    });
}

#[test]
fn evidence_that_was_removed_is_missed_by_whoever_reads_the_sandbox_later() {
    block_on(async {
        let (ledger, replicas) = fleet(2).await;
        let run = async |act: &dyn Fn(&Sandbox)| {
            let sandbox = replicas[0].sandbox("default");
            replicas[0].fleet.run(&Reach::one("default"), |_| act(&sandbox)).await.expect("the ledger is there");
        };
        let lost = |replica: &Replica| {
            let sandbox = replica.sandbox("default");
            let journal = sandbox.journal();
            (journal.lost(), journal.dropped(), journal.removed.clone())
        };
        let verdict_on = |replica: &Replica, operation: &str| {
            let report = verdicts::judge(&replica.machine, &replica.sandbox("default"), &format!("{{never: {operation}}}"));
            report.findings[0].verdict.word()
        };
        let verdict = |replica: &Replica| verdict_on(replica, "shippo.CreateAddress");
        for numbers in [&[2][..], &[1, 2], &[4], &[5, 7, 8]] {
            let (missing, ..) = lost(&replicas[0]);
            let last = *numbers.last().expect("some are removed");
            while replicas[0].sandbox("default").journal().written < last {
                replicas[0].call("default", Method::POST, "/addresses/", &address("Ada")).await;
            }
            run(&|sandbox| sandbox.retain_in_journal(|entry| !numbers.contains(&entry.number))).await;
            assert!(lost(&replicas[0]).0 > missing, "{numbers:?}");
            // One that followed late, and one that begins.
            replicas[1].fleet.catch_up("default").await.expect("the ledger is there");
            assert_eq!(lost(&replicas[1]), lost(&replicas[0]), "{numbers:?}");
            assert_eq!(lost(&Replica::join(&ledger).await), lost(&replicas[0]), "{numbers:?}");
            run(&|sandbox| sandbox.try_checkpoint()).await;
            assert_eq!(lost(&Replica::join(&ledger).await), lost(&replicas[0]), "{numbers:?}");
        }
        assert_eq!(replicas[0].sandbox("default").journal().iter().map(|entry| entry.number).collect::<Vec<_>>(), [3, 6]);
        run(&|sandbox| sandbox.retain_in_journal(|_| false)).await;
        run(&|sandbox| sandbox.try_checkpoint()).await;
        assert_eq!(verdict(&Replica::join(&ledger).await), "unknown");
        assert_eq!(verdict(&replicas[0]), "unknown");
        // Nothing is missing of what nobody removed.
        assert_eq!((lost(&replicas[0]).1, verdict_on(&replicas[0], "shiptime.*")), (0, "passed"));
        assert_eq!(verdict_on(&Replica::join(&ledger).await, "shiptime.*"), "passed");
        replicas[1].fleet.catch_up("default").await.expect("the ledger is there");
        assert_eq!(verdict_on(&replicas[1], "shiptime.*"), "passed");
    });
}

#[test]
fn checkpoints_stand_for_what_was_before() {
    block_on(async {
        let (ledger, replicas) = fleet(2).await;
        let long = "x".repeat(4_000);
        for number in 0..200 {
            let mut body = address(&format!("Ada {number}"));
            body["metadata"] = long[..90].into();
            body["street2"] = long[..50].into();
            replicas[0].call("default", Method::POST, "/addresses/", &body).await;
        }
        assert!(ledger.records("default") < 200, "{} records", ledger.records("default"));
        let told = replicas[0].told("default").await;
        assert_eq!(replicas[1].told("default").await, told, "a copy that was behind");
        assert_eq!(Replica::join(&ledger).await.told("default").await, told, "a new copy");
    });
}

#[test]
fn what_was_done_besides_calls_is_known_to_all() {
    block_on(async {
        let (ledger, replicas) = fleet(2).await;
        let run = async |replica: &Replica, act: &dyn Fn(&Sandbox)| {
            let sandbox = replica.sandbox("default");
            replica.fleet.run(&Reach::one("default"), |_| act(&sandbox)).await.expect("the ledger is there");
        };
        let lines = async |replica: &Replica| {
            replica.told("default").await;
            let lines = replica.sandbox("default").deeds.all().into_iter();
            lines.map(|line| (line.number, line.after, line.name.unwrap_or_default())).collect::<Vec<_>>()
        };
        run(&replicas[0], &|sandbox| sandbox.note(wall(), Deed::FaultOn, Some("one"), None)).await;
        replicas[1].call("default", Method::POST, "/addresses/", &address("Ada")).await;
        ledger.fail(&[Failing::Before, Failing::After]);
        run(&replicas[1], &|sandbox| sandbox.note(wall(), Deed::FaultOn, Some("two"), None)).await;
        let expected = [(1, 0, "one".to_owned()), (2, 1, "two".to_owned())];
        assert_eq!(lines(&replicas[0]).await, expected, "what another replica did");
        assert_eq!(lines(&replicas[1]).await, expected, "what was done again is there once");
        run(&replicas[0], &|sandbox| sandbox.try_checkpoint()).await;
        assert_eq!(lines(&Replica::join(&ledger).await).await, expected, "a new copy");
    });
}

#[test]
fn a_replica_that_wants_another_beginning_does_not_join() {
    block_on(async {
        let (ledger, _) = fleet(1).await;
        let other = Fleet::join(machine(), Arc::new(ledger.clone()), "another".to_owned(), true).await;
        assert!(matches!(other, Err(JoinError::Other)));
        assert!(Fleet::join(machine(), Arc::new(ledger), "another".to_owned(), false).await.is_ok());
    });
}

/// Who watches a sandbox at one replica sees what happens at another.
#[test]
fn scans_and_deliveries_of_other_replicas_are_seen() {
    block_on(async {
        let (_, replicas) = fleet(2).await;
        let watching = &replicas[1];
        let seen = watching.sandbox("default").happenings.watch();
        let machine = Arc::clone(&replicas[0].machine);
        let prepare = |_: &_| {
            let prepared = machine.as_account(machine.default_sandbox(), "shippo", None, wall(), |cx| {
                let id = cx.subscribe(Subscription::new("http://127.0.0.1:9/hook", vec!["transaction_created".to_owned()], cx.now));
                cx.create_parcel(Parcel { tracking_number: "SEA1".to_owned(), created: cx.now, ..Parcel::default() });
                cx.send_test(&id, "transaction_created")
            });
            assert!(prepared.expect("there is an account").is_some());
        };
        replicas[0].fleet.run(&Reach::one("default"), prepare).await.expect("the ledger is there");
        watching.fleet.catch_up("default").await.expect("the ledger is there");
        assert_eq!(watching.sandbox("default").happenings.after(seen).0, [], "nothing has happened to them yet");
        let later = time::shift(wall(), SignedDuration::from_hours(240));
        let act = |_: &_| advance(&machine, machine.default_sandbox(), later, wall()).1;
        replicas[0].fleet.run(&Reach::one("default"), act).await.expect("the ledger is there");
        watching.fleet.catch_up("default").await.expect("the ledger is there");
        let (happened, written) = watching.sandbox("default").happenings.after(seen);
        let delivery = watching.sandbox("default").deliveries()[0].id.clone();
        let count = |wanted: Happening| happened.iter().filter(|happening| **happening == wanted).count();
        assert!(count(Happening::Scan("SEA1".into())) > 0 && count(Happening::Delivery(delivery.into())) == 1, "{happened:?}");
        watching.fleet.catch_up("default").await.expect("the ledger is there");
        assert_eq!(watching.sandbox("default").happenings.after(written).0, [], "it is told once");
    });
}

#[test]
fn only_what_is_committed_is_shown_to_those_who_watch() {
    block_on(async {
        let (_, replicas) = fleet(2).await;
        let (replica, sandbox) = (&replicas[0], replicas[0].sandbox("default"));
        let shown = || replica.fleet.shown(&sandbox, || sandbox.journal().written);
        assert_eq!(shown().await, Some(0));
        let section = replica.fleet.section(&Reach::one("default")).await.expect("the ledger is there");
        replica.machine.handle(&call("default", Method::POST, "/addresses/", &address("Ada")), wall());
        let mut look = std::pin::pin!(shown());
        assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(look.as_mut().poll(cx))).await.is_pending(), "it is under way");
        assert_eq!(sandbox.journal().written, 1);
        drop(section);
        assert_eq!(look.await, None, "it is taken back");
        replica.fleet.catch_up("default").await.expect("the ledger is there");
        assert_eq!(shown().await, Some(0));
        replica.call("default", Method::POST, "/addresses/", &address("Ada")).await;
        assert_eq!(shown().await, Some(1));
    });
}

/// A rolling upgrade: replicas of the new version write what the old ones read, until there are none.
#[test]
fn a_later_format_is_written_when_all_read_it() {
    let paused = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    paused.expect("a runtime can start").block_on(async {
        let ledger = Memory::default();
        let join = async |reads: u8| {
            let machine = machine();
            let own = Arc::new(ledger.clone());
            let fleet = Fleet::join_reading(Arc::clone(&machine), own, "plain".to_owned(), true, reads).await?;
            Ok::<_, JoinError>(Replica { machine, fleet })
        };
        let call = async |replica: &Replica| replica.call("default", Method::POST, "/addresses/", &address("Ada")).await;
        let (old, new) = (join(1).await.expect("it may join"), join(2).await.expect("it may join"));
        call(&old).await;
        call(&new).await;
        assert_eq!(old.told("default").await, new.told("default").await);
        let behind = ledger.upgrade(2).await.expect("the ledger is there");
        assert_eq!(behind.iter().map(|row| (row.id, row.reads)).collect::<Vec<_>>(), [(old.fleet.id(), 1)]);
        assert_eq!((ledger.format(2).await.ok(), ledger.formats("default")), (Some(1), [1].into()));
        // One that is not heard of is not asked for; what is written then it does not take for something else.
        ledger.loses(old.fleet.id());
        assert!(ledger.upgrade(2).await.is_ok_and(|behind| behind.is_empty()));
        // When it is there again it says that it is out of service, and does not say of what it writes that it is of that format.
        let following = tokio::spawn(Arc::clone(&old.fleet).follow(|| {}));
        tokio::time::sleep(std::time::Duration::from_millis(8_500)).await;
        following.abort();
        assert!(old.fleet.is_away() && old.fleet.away()[0].contains("writes format 2"), "{:?}", old.fleet.away());
        assert_eq!(old.fleet.out_of_service(), ["the sandboxes are out of service"]);
        call(&old).await;
        assert_eq!((old.fleet.format(), ledger.formats("default")), (1, [1].into()));
        let newer = join(2).await.expect("it may join");
        assert_eq!((old.fleet.format(), newer.fleet.format()), (1, 2));
        call(&newer).await;
        assert_eq!(ledger.formats("default"), [1, 2].into());
        assert_eq!(new.told("default").await, newer.told("default").await);
        let refused = old.try_call("default", Method::GET, "/addresses/", &Value::Null).await;
        assert!(matches!(&refused, Err(Undone::Fault(fault)) if fault.to_string().contains("format 2")), "{refused:?}");
        assert!(matches!(join(1).await, Err(JoinError::Later(2))));
        let told = new.told("default").await;
        assert!(told.ends_with("4 0 {}") && join(3).await.expect("it may join").told("default").await == told, "{told}");
    });
}

#[test]
fn one_replica_at_a_time_sends_the_webhooks_of_a_sandbox() {
    block_on(async {
        let (_, replicas) = fleet(2).await;
        let [one, other] = [&replicas[0], &replicas[1]].map(|replica| replica.sandbox("default"));
        let lane = replicas[0].fleet.lane(&one).await.expect("the ledger is there").expect("nobody has it");
        assert!(replicas[1].fleet.lane(&other).await.expect("the ledger is there").is_none());
        let is_own = |section: &seatrial::fleet::Section| lane.is(section.courier());
        assert!(replicas[0].fleet.run(&Reach::one("default"), is_own).await.expect("the ledger is there"));
        drop(lane);
        assert!(replicas[1].fleet.wait_for_lane(&other).await.expect("the ledger is there").is_some());
    });
}
