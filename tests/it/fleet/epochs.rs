//! Copies that are read again: what was begun in a sandbox goes on, unless it was reset or replaced meanwhile.

use http::Method;
use seatrial::engine::Sandbox;
use seatrial::fleet::Reach;

use super::memory::Failing;
use super::{Replica, address, block_on, fleet, wall};

async fn run(replica: &Replica, act: &dyn Fn(&Sandbox)) {
    let sandbox = replica.sandbox("default");
    replica.fleet.run(&Reach::one("default"), |_| act(&sandbox)).await.expect("the ledger is there");
}

/// Makes a call after which the copy is read again.
async fn lose(replica: &Replica, how: &[Failing], ledger: &super::memory::Memory) {
    ledger.fail(how);
    assert_ne!(replica.call("default", Method::POST, "/addresses/", &address("Ada")).await.0, 503);
}

async fn epoch(replica: &Replica) -> u64 {
    replica.fleet.catch_up("default").await.expect("the ledger is there");
    replica.sandbox("default").epoch()
}

#[test]
fn a_copy_that_is_read_again_goes_on() {
    block_on(async {
        let (ledger, replicas) = fleet(2).await;
        // A reset that every copy has seen is among what is read again.
        run(&replicas[1], &Sandbox::reset).await;
        let before = epoch(&replicas[0]).await;
        for how in [&[Failing::After][..], &[Failing::Before], &[Failing::Before, Failing::Before, Failing::After]] {
            lose(&replicas[0], how, &ledger).await;
            replicas[1].call("default", Method::POST, "/addresses/", &address("Eve")).await;
            assert_eq!(epoch(&replicas[0]).await, before, "{how:?}");
            assert_eq!(replicas[0].told("default").await, replicas[1].told("default").await, "{how:?}");
        }
        // A checkpoint that this copy has made itself, or nobody.
        ledger.fail(&[Failing::After]);
        run(&replicas[0], &Sandbox::try_checkpoint).await;
        lose(&replicas[0], &[Failing::After], &ledger).await;
        assert_eq!(epoch(&replicas[0]).await, before);
        assert_eq!(replicas[0].told("default").await, replicas[1].told("default").await);
    });
}

#[test]
fn a_copy_that_is_read_again_after_a_reset_begins_anew() {
    block_on(async {
        let (ledger, replicas) = fleet(2).await;
        run(&replicas[0], &|sandbox| assert!(sandbox.snapshot("before", wall()).is_some())).await;
        epoch(&replicas[1]).await;
        let acts: [&dyn Fn(&Sandbox); 4] = [
            &Sandbox::reset,
            &|sandbox| sandbox.reset_with(Some(7)),
            &|sandbox| assert!(sandbox.restore("before", wall())),
            // What a checkpoint stands for is not known.
            &|sandbox| {
                sandbox.reset();
                sandbox.try_checkpoint();
            },
        ];
        for (number, act) in acts.iter().enumerate() {
            let before = epoch(&replicas[0]).await;
            lose(&replicas[0], &[Failing::After], &ledger).await;
            run(&replicas[1], act).await;
            let now = epoch(&replicas[0]).await;
            assert!(now > before, "act {number}");
            assert_eq!(epoch(&replicas[0]).await, now);
            assert_eq!(replicas[0].told("default").await, replicas[1].told("default").await, "act {number}");
        }
        let before = epoch(&replicas[0]).await;
        lose(&replicas[0], &[Failing::After], &ledger).await;
        run(&replicas[1], &Sandbox::reset).await;
        run(&replicas[1], &Sandbox::try_checkpoint).await;
        assert!(epoch(&replicas[0]).await > before, "what a checkpoint stands for is not known");
    });
}
