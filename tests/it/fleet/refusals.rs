//! What a replica refuses, and how soon: a ledger that is silent, and sandboxes that it cannot read.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use seatrial::fleet::{Fault, Fleet, JoinError, Ledger, Reach, place_of};
use tokio::time::{Instant, timeout};

use super::memory::{Failing, Memory};
use super::several::three;
use super::{Replica, address, block_on, fleet, machine};

#[test]
fn a_sandbox_that_has_the_name_of_one_that_was_removed_is_learnt_of_by_others() {
    block_on(async {
        let (_, replicas) = fleet(3).await;
        assert!(replicas[0].open("again").await);
        replicas[2].fleet.learn().await.expect("the ledger is there");
        let before = replicas[2].sandbox("again");
        let remove = |_: &_| replicas[0].machine.remove("again");
        assert!(replicas[0].fleet.run(&Reach::list(Some("again")), remove).await.expect("the ledger is there"));
        assert!(replicas[1].open("again").await);
        // As for a call with a credential that is not known here.
        replicas[2].fleet.learn().await.expect("the ledger is there");
        let after = replicas[2].sandbox("again");
        assert!(!Arc::ptr_eq(&before, &after), "the copy is of the one that was removed");
        replicas[2].fleet.learn().await.expect("the ledger is there");
        assert!(Arc::ptr_eq(&after, &replicas[2].sandbox("again")), "it is read once");
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "time is paused")]
fn nobody_waits_for_a_silent_ledger_longer_because_others_do() {
    let paused = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    paused.expect("a runtime can start").block_on(async {
        let ledger = Memory::default();
        let replica = Arc::new(Replica::join(&ledger).await);
        ledger.falls_silent();
        let begun = Instant::now();
        let waiting: Vec<_> = (0..12)
            .map(|number| {
                let replica = Arc::clone(&replica);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(number)).await;
                    let fleet = &replica.fleet;
                    match number % 4 {
                        0 => fleet.run(&Reach::one("default"), |_| ()).await,
                        1 => fleet.run(&Reach::list(None), |_| ()).await,
                        2 => fleet.catch_up("default").await.map(drop),
                        _ => fleet.refresh().await.map(drop),
                    }
                })
            })
            .collect();
        for waiting in waiting {
            let refused = timeout(Duration::from_secs(9), waiting).await.expect("it is refused").expect("nothing panics");
            assert!(matches!(&refused, Err(Fault::Away(_))), "{refused:?}");
        }
        assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    });
}

#[test]
fn a_sandbox_that_cannot_be_read_is_refused_and_not_said_to_be_missing() {
    block_on(async {
        let (ledger, replicas) = fleet(1).await;
        assert!(replicas[0].open("mine").await);
        ledger.damage("mine");
        let other = Replica::join(&ledger).await;
        let is_refused = |refused: Result<(), Fault>| {
            assert!(matches!(&refused, Err(Fault::Damaged(why)) if why.contains("sandbox `mine` cannot be read here")), "{refused:?}");
        };
        is_refused(other.fleet.catch_up("mine").await.map(drop));
        is_refused(other.fleet.run(&Reach::one("mine"), |_| ()).await);
        is_refused(other.fleet.run(&Reach::list(Some("mine")), |_| ()).await);
        // A credential that nobody knows may be its own.
        is_refused(other.fleet.are_read());
        assert!(other.fleet.catch_up("default").await.is_ok_and(|found| found.is_some()));
        assert!(other.fleet.catch_up("nobody").await.is_ok_and(|found| found.is_none()));
        let remove = |_: &_| replicas[0].machine.remove("mine");
        assert!(replicas[0].fleet.run(&Reach::list(Some("mine")), remove).await.expect("the ledger is there"));
        other.fleet.refresh().await.expect("the ledger is there");
        assert!(other.fleet.are_read().is_ok());
        assert!(other.fleet.catch_up("mine").await.is_ok_and(|found| found.is_none()));
    });
}

/// Follows the ledger for so many seconds.
async fn follow(replica: &Replica, seconds: u64) {
    let following = tokio::spawn(Arc::clone(&replica.fleet).follow(|| {}));
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    following.abort();
}

#[test]
fn a_replica_whose_commits_fail_is_out_of_service() {
    let paused = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    paused.expect("a runtime can start").block_on(async {
        let ledger = Memory::default();
        let replica = Replica::join(&ledger).await;
        let call = async || replica.try_call("default", Method::POST, "/addresses/", &address("Ada")).await;
        // One that fails by chance is nothing.
        ledger.fail(&[Failing::Before]);
        assert!(call().await.is_ok());
        follow(&replica, 2).await;
        assert_eq!(replica.fleet.away(), [""; 0]);
        ledger.fail(&[Failing::Before; 3]);
        assert!(call().await.is_ok());
        follow(&replica, 2).await;
        assert_eq!(replica.fleet.away(), [""; 0]);
        ledger.fail(&[Failing::Before; 1_000]);
        assert!(call().await.is_err());
        follow(&replica, 3).await;
        assert!(replica.fleet.is_away() && replica.fleet.away()[0].contains("it fails"), "{:?}", replica.fleet.away());
        // After a while it is tried whether they succeed.
        follow(&replica, 10).await;
        assert_eq!(replica.fleet.away(), [""; 0]);
    });
}

#[test]
fn a_database_that_takes_nothing_is_told_of_by_every_replica() {
    let paused = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    paused.expect("a runtime can start").block_on(async {
        let (ledger, memories) = three();
        let replica = Replica::join_at(Arc::clone(&ledger)).await;
        for (place, memory) in memories.iter().enumerate() {
            memory.is_read_only(true);
            follow(&replica, 5).await;
            let away = replica.fleet.away();
            assert_eq!(away.len(), 1, "{away:?}");
            assert!(away[0].contains(&format!("db{place}: it is read-only")), "{away:?}");
            memory.is_read_only(false);
            follow(&replica, 5).await;
            assert_eq!(replica.fleet.away(), [""; 0]);
        }
    });
}

#[test]
fn who_fails_before_a_fleet_has_its_first_sandbox_has_begun_nothing() {
    block_on(async {
        let (several, memories) = three();
        let alone = Memory::default();
        let one: Arc<dyn Ledger> = Arc::new(alone.clone());
        for (ledger, failing) in [(one, alone), (several, memories[place_of("default", 3)].clone())] {
            let join = async |begins: &str| Fleet::join(machine(), Arc::clone(&ledger), begins.to_owned(), true).await;
            failing.fail(&[Failing::Before]);
            assert!(matches!(join("one").await, Err(JoinError::Fault(_))));
            assert!(join("other").await.is_ok());
            assert!(matches!(join("one").await, Err(JoinError::Other)));
            assert!(join("other").await.is_ok());
        }
    });
}

#[test]
fn other_replicas_hear_of_the_use_of_a_sandbox_before_they_think_that_nobody_uses_it() {
    block_on(async {
        let (_, replicas) = fleet(2).await;
        let used = async |ttl: u64, later: i64| {
            let name = format!("kept{ttl}");
            assert!(replicas[0].open(&name).await);
            let own = replicas[0].sandbox(&name);
            let keep = |_: &_| own.set_ttl(Some(Duration::from_secs(ttl)));
            replicas[0].fleet.run(&Reach::one(&*name), keep).await.expect("the ledger is there");
            replicas[1].fleet.catch_up(&name).await.expect("the ledger is there");
            let before = replicas[1].sandbox(&name).last_used();
            own.touch(jiff::Timestamp::from_second(before + later).expect("a near time"));
            replicas[0].fleet.tell_of_use().await;
            replicas[1].fleet.catch_up(&name).await.expect("the ledger is there");
            replicas[1].sandbox(&name).last_used() - before
        };
        assert_eq!((used(5, 1).await, used(60, 6).await, used(61, 7).await, used(10_000, 11).await), (1, 0, 7, 11));
    });
}
