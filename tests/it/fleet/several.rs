//! A fleet on several databases: where names are, what is written where, and what goes on without one of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::Method;
use proptest::prelude::*;
use seatrial::fleet::{Append, Birth, Commit, Death, Ledger, Mark, Reach, Several, Since, place_of};
use seatrial::scenario;
use seatrial::scenario::run::MachineVocabulary;
use serde_json::Value;

use super::memory::{Failing, Memory};
use super::{Replica, address, block_on, wall};

proptest! {
    /// One place more takes names from the others, and moves none between them.
    #[test]
    fn another_place_moves_only_what_it_gets(name in "[a-z0-9_-]{1,64}", places in 1_usize..12) {
        let (before, after) = (place_of(&name, places), place_of(&name, places + 1));
        prop_assert!(before < places);
        prop_assert!(after == before || after == places, "from {before} to {after} of {}", places + 1);
    }
}

#[test]
fn places_have_equal_shares() {
    for places in [2_usize, 3, 5] {
        let mut counts = vec![0_usize; places];
        (0..30_000).for_each(|number| counts[place_of(&format!("s{number}"), places)] += 1);
        let share = 30_000 / places;
        assert!(counts.iter().all(|count| count.abs_diff(share) < share / 20), "{counts:?}");
    }
}

/// Names have to be found where an earlier version put them.
#[test]
fn places_are_the_same_for_ever() {
    let places = ["default", "one", "mine", "s1", "s2"].map(|name| [2, 3, 5].map(|places| place_of(name, places)));
    assert_eq!(places, [[1, 1, 4], [0, 2, 2], [0, 0, 0], [1, 2, 3], [1, 2, 2]]);
}

/// A ledger over three, and those.
pub fn three() -> (Arc<dyn Ledger>, [Memory; 3]) {
    let memories = [0; 3].map(|_| Memory::default());
    let boxed = memories.iter().enumerate().map(|(place, memory)| (format!("db{place}"), Box::new(memory.clone()) as Box<dyn Ledger>));
    (Arc::new(Several::new(boxed)), memories.clone())
}

#[test]
fn each_sandbox_is_in_its_database() {
    block_on(async {
        let (ledger, memories) = three();
        let replicas = [Replica::join_at(Arc::clone(&ledger)).await, Replica::join_at(Arc::clone(&ledger)).await];
        for name in ["mine", "one", "s1"] {
            assert!(replicas[0].open(name).await && !replicas[1].open(name).await, "a name is given once");
        }
        let mut found = BTreeSet::new();
        for (place, memory) in memories.iter().enumerate() {
            for head in memory.heads(0, 0).await.expect("it is there") {
                assert_eq!(place_of(&head.name, 3), place, "{}", head.name);
                assert!(found.insert(head.name.to_string()));
            }
        }
        assert_eq!(found, ["default", "mine", "one", "s1"].map(str::to_owned).into());
        let mut lives: Vec<i64> = replicas[1].fleet.refresh().await.expect("all are there").iter().map(|head| head.mark.life).collect();
        lives.sort_unstable();
        assert_eq!(lives, [1, 2, 3, 4], "lives are counted in one place");
        for name in ["default", "mine", "one"] {
            let path = "/addresses/";
            replicas[0].call(name, Method::POST, path, &address("Ada")).await;
            assert_eq!(replicas[1].told(name).await, replicas[0].told(name).await);
        }
    });
}

#[test]
fn without_one_database_the_sandboxes_of_the_others_go_on() {
    block_on(async {
        let (ledger, memories) = three();
        let replica = Replica::join_at(Arc::clone(&ledger)).await;
        assert!(replica.open("mine").await && replica.open("one").await);
        memories[place_of("one", 3)].is_away(true);
        for name in ["default", "mine"] {
            replica.call(name, Method::GET, "/addresses/", &Value::Null).await;
            assert!(replica.fleet.catch_up(name).await.is_ok_and(|found| found.is_some()));
        }
        let why = replica.fleet.catch_up("one").await.expect_err("it is away").to_string();
        assert!(why.contains("db2"), "{why}");
        // Who asks for all of them is not told of some, and nobody is said not to be there who is.
        assert!(replica.fleet.refresh().await.is_err() && replica.fleet.learn().await.is_err());
        assert_eq!(replica.machine.sandboxes().len(), 3);
        memories[place_of("one", 3)].is_away(false);
        replica.call("one", Method::GET, "/addresses/", &Value::Null).await;
    });
}

/// Whoever comes first has a credential, in whatever order replicas hear of sandboxes.
#[test]
fn the_first_sandbox_with_a_credential_has_it_everywhere() {
    block_on(async {
        let (ledger, _) = three();
        let replica = Replica::join_at(Arc::clone(&ledger)).await;
        // The first database is read first.
        let names = ["one", "mine"];
        assert_eq!(names.map(|name| place_of(name, 3)), [2, 0]);
        for name in names {
            let machine = &replica.machine;
            let text = "accounts: {shippo: [{token: shippo_test_shared}]}";
            let scenario = Arc::new(scenario::load(text, "shared.yaml", &MachineVocabulary(machine)).expect("it is right"));
            let open = |_: &_| {
                let staged = scenario::run::stage(machine, name, &scenario, None, wall()).expect("nothing is wrong with it");
                machine.open(staged).is_ok()
            };
            assert!(replica.fleet.run(&Reach::list(Some(name)), open).await.expect("the ledger is there"));
        }
        let later = Replica::join_at(Arc::clone(&ledger)).await;
        for replica in [&replica, &later] {
            let headers = [("host", "127.0.0.1:7447"), ("authorization", "ShippoToken shippo_test_shared")];
            let request = crate::made_up::request(Method::GET, "/shippo/addresses", &headers, "");
            let addressee = replica.machine.addressee(&request).sandbox.expect("somebody has it");
            assert_eq!(&*addressee.name, "one");
        }
    });
}

fn commit(token: i64) -> Commit {
    let mark = Mark { life: 1, version: 1, token: 1 };
    let appends = ["mine", "default", "one"].map(|name| (name.into(), mark, Append::default()));
    Commit { token, appends: appends.into(), ..Commit::default() }
}

/// What decides whether a commit counts: where something is made or removed, and otherwise what is written last.
#[test]
fn a_commit_is_looked_for_where_it_is_decided() {
    let (ledger, _) = three();
    let decides = |commit: &Commit| ledger.receipt(commit).map(|receipt| (place_of(&receipt.name, 3), receipt.token));
    assert_eq!(decides(&commit(7)), Some((2, 7)));
    let birth = Birth { name: "third".into(), life: 5, append: Append::default() };
    assert_eq!(decides(&Commit { births: vec![birth], ..commit(7) }), Some((0, 7)));
    let death = Death { name: "default".into(), life: 5 };
    assert_eq!(decides(&Commit { deaths: vec![death], ..commit(7) }), Some((1, 7)));
    assert_eq!(decides(&Commit { used: vec![("mine".into(), 9)], ..Commit::default() }), None);
}

/// All sandboxes are changed together: where that fails half-way, it is done again.
#[test]
fn what_fails_in_one_database_is_done_again_in_all() {
    block_on(async {
        let (ledger, memories) = three();
        let replicas = [Replica::join_at(Arc::clone(&ledger)).await, Replica::join_at(Arc::clone(&ledger)).await];
        let names = ["default", "mine", "one"];
        assert!(replicas[0].open("mine").await && replicas[0].open("one").await);
        replicas[1].fleet.learn().await.expect("the ledger is there");
        for (place, how) in (0..3).flat_map(|place| [Failing::Before, Failing::After].map(|how| (place, how))) {
            for name in names {
                replicas[1].call(name, Method::POST, "/addresses/", &address("Ada")).await;
            }
            memories[place].fail(&[how]);
            let reset = |_: &_| replicas[0].machine.sandboxes().iter().for_each(|sandbox| sandbox.reset());
            replicas[0].fleet.run(&Reach::all(), reset).await.expect("the ledger is there");
            for name in names {
                let told = replicas[1].told(name).await;
                assert!(!told.contains("Ada"), "{place} {how:?} {name}: {told}");
                assert_eq!(replicas[0].told(name).await, told);
            }
        }
        // One that is made counts as made where it is, whatever becomes of the rest.
        memories[place_of("s1", 3)].fail(&[Failing::After]);
        let fork = |_: &_| {
            let source = replicas[0].sandbox("mine");
            source.lock().world.set_mode(seatrial::world::Mode::Frozen, wall());
            replicas[0].machine.fork(&source, "s1", wall()).is_ok()
        };
        assert!(replicas[0].fleet.run(&Reach::list(Some("mine")), fork).await.expect("the ledger is there"));
        assert!(replicas[1].fleet.catch_up("s1").await.is_ok_and(|found| found.is_some()));
        assert!(ledger.news("s1".into(), Since { mark: None, written: 0 }).await.is_ok_and(|news| news.is_some()));
    });
}
