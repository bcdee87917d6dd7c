//! Budgets of a fleet: what made room for others is the same whichever replica is asked, and so is what that depends on.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use seatrial::engine::{Machine, Options, Start};
use seatrial::fleet::{Common, Fleet, JoinError, Reach};
use seatrial::vendors;

use super::memory::Memory;
use super::{Replica, address, block_on, wall};

async fn join(ledger: &Memory, journals_bytes: usize) -> Replica {
    join_with(ledger, Options { journals_bytes, ..Options::default() }).await
}

async fn join_with(ledger: &Memory, options: Options) -> Replica {
    let machine = Arc::new(Machine::new(vendors::all(), options, Start::plain(wall())));
    let fleet = Fleet::join(Arc::clone(&machine), Arc::new(ledger.clone()), "plain".to_owned(), true).await.expect("it may join");
    Replica { machine, fleet }
}

#[test]
fn calls_that_made_room_for_others_are_gone_for_all_replicas() {
    const NAMES: [&str; 3] = ["default", "a", "b"];
    let paused = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    paused.expect("a runtime can start").block_on(async {
        for budget in [48 << 10, 4 << 10] {
            let ledger = Memory::default();
            let mut replicas = Vec::new();
            for _ in 0..3 {
                replicas.push(join(&ledger, budget).await);
            }
            for name in &NAMES[1..] {
                assert!(replicas[0].open(name).await);
            }
            for replica in &replicas {
                replica.fleet.learn().await.expect("the ledger is there");
            }
            for round in 0..40 {
                for (place, name) in NAMES.iter().enumerate() {
                    let street = "x".repeat(place * 40 + 1);
                    replicas[(round * 2 + place) % 3].call(name, Method::POST, "/addresses", &address(&street)).await;
                }
                if round == 25 {
                    let checkpoint = |_: &_| replicas[1].sandbox("a").try_checkpoint();
                    replicas[1].fleet.run(&Reach::one("a"), checkpoint).await.expect("the ledger is there");
                }
            }
            replicas.push(join(&ledger, budget).await);
            all_tell_the_same(&replicas, &NAMES).await;
            let dropped = NAMES.map(|name| replicas[3].sandbox(name).journal().dropped());
            assert!(dropped.iter().sum::<u64>() > 20, "{dropped:?}");
            // With further sandboxes the share of each becomes smaller.
            for number in 0..9 {
                assert!(replicas[number % 4].open(&format!("s{number}")).await);
            }
            for replica in &replicas {
                tokio::spawn(Arc::clone(&replica.fleet).follow(|| {}));
            }
            replicas[2].fleet.learn().await.expect("the ledger is there");
            replicas[2].call("s1", Method::POST, "/addresses", &address("one more")).await;
            tokio::time::sleep(Duration::from_secs(5)).await;
            all_tell_the_same(&replicas, &NAMES).await;
            let held = replicas[0].machine.total_usage().journals;
            assert!(held <= budget, "{held} of {budget}");
        }
    });
}

/// What an exchange takes is counted by each replica by itself, and need not be the same; here it is as if the others counted much less.
#[test]
fn what_does_not_fit_into_a_journal_is_decided_by_the_replica_that_commits() {
    block_on(async {
        let ledger = Memory::default();
        let options = |journal_bytes| Options { journal_bytes, ..Options::default() };
        let mut replicas = Vec::new();
        for journal_bytes in [8 << 10, 1 << 20, 2 << 10] {
            replicas.push(join_with(&ledger, options(journal_bytes)).await);
        }
        for round in 0..40 {
            replicas[0].call("default", Method::POST, "/addresses", &address(&"x".repeat(round))).await;
            if round % 9 == 0 {
                replicas[1].fleet.catch_up("default").await.expect("the ledger is there");
            }
        }
        replicas.push(join_with(&ledger, options(1 << 20)).await);
        replicas.push(join_with(&ledger, options(2 << 10)).await);
        all_tell_the_same(&replicas, &["default"]).await;
        let dropped = replicas[1].sandbox("default").journal().dropped();
        assert!(dropped > 10, "{dropped}");
    });
}

async fn all_tell_the_same(replicas: &[Replica], names: &[&str]) {
    for name in names {
        let told = replicas[0].told(name).await;
        for other in &replicas[1..] {
            assert_eq!(other.told(name).await, told, "{name}");
        }
    }
}

#[test]
fn replicas_have_the_same_flags_where_verdicts_depend_on_them() {
    let common = |rows: &[(&str, &str)]| Common(rows.iter().map(|(flag, value)| ((*flag).to_owned(), (*value).to_owned())).collect());
    let (usual, nothing) = (common(&[("conform", "sampled"), ("journal-bytes", "16")]), Common::default());
    block_on(async {
        let ledger = Memory::default();
        let first = Common::agree(&ledger, &usual, &nothing).await.expect("there is nothing yet");
        assert_eq!(first, usual);
        // Nobody has begun, so that the next one is free.
        let second = Common::agree(&ledger, &usual, &common(&[("journal-bytes", "8")])).await.expect("nobody is there");
        assert_eq!(second, common(&[("conform", "sampled"), ("journal-bytes", "8")]));
        assert!(matches!(first.hold(&ledger).await, Err(JoinError::Option { .. })) && second.hold(&ledger).await.is_ok());
        let replica = Replica::join(&ledger).await;
        assert_eq!(Common::agree(&ledger, &usual, &nothing).await.expect("it takes what there is"), second);
        assert_eq!(Common::agree(&ledger, &usual, &common(&[("journal-bytes", "8")])).await.expect("it is the same"), second);
        let refused = Common::agree(&ledger, &usual, &common(&[("journal-bytes", "16")])).await.expect_err("there is another replica");
        assert_eq!(refused.to_string(), "the fleet has `--journal-bytes 8`, and this one is to have `16`");
        // Of what the first replica did not know, the next one decides, whoever is there.
        let vendor = |name| common(&[("vendor", name)]);
        let later = Common::agree(&ledger, &usual, &vendor("acme=1")).await.expect("nobody has said anything of it");
        assert_eq!(later, common(&[("conform", "sampled"), ("journal-bytes", "8"), ("vendor", "acme=1")]));
        let refused = Common::agree(&ledger, &usual, &vendor("none")).await.expect_err("one replica has said so");
        assert_eq!(refused.to_string(), "the fleet has `--vendor acme=1`, and this one is to have `none`");
        ledger.loses(replica.fleet.id());
        let alone = Common::agree(&ledger, &usual, &common(&[("journal-bytes", "16")])).await.expect("nobody is there any more");
        assert_eq!(alone, common(&[("conform", "sampled"), ("journal-bytes", "16"), ("vendor", "acme=1")]));
    });
}
