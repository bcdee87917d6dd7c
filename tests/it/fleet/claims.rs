//! Whose a credential is that several sandboxes have: all replicas say the same, at once.

use std::sync::Arc;

use rand::Rng as _;
use seatrial::base::entropy;
use seatrial::fleet::{Ledger, Reach};
use serde_json::json;

use super::memory::{Failing, Memory};
use super::served::Served;
use super::several::three;
use super::{Replica, block_on};
use crate::claims::{Model, TOKENS, with};

/// Whose calls with a credential are, as a replica makes one.
async fn owner(replica: &Replica, token: &str) -> Option<String> {
    let request = with(token);
    loop {
        let mut found = replica.machine.addressee(&request);
        let mut is_asked = !found.is_unknown && replica.fleet.knows(found.since);
        while !is_asked {
            replica.fleet.learn().await.expect("the ledger is there");
            found = replica.machine.addressee(&request);
            is_asked = replica.fleet.knows(found.since);
        }
        if found.is_unknown {
            return None;
        }
        let (machine, request, since) = (Arc::clone(&replica.machine), with(token), found.since);
        let sandbox = found.sandbox.expect("it is known");
        let meant = Arc::clone(&sandbox);
        let act = move || {
            let now = machine.addressee(&request);
            now.since == since && now.sandbox.is_some_and(|now| Arc::ptr_eq(&now, &meant))
        };
        if replica.fleet.call(&sandbox, act).await.unwrap_or_default() {
            return Some(sandbox.name.to_string());
        }
    }
}

async fn agree(ledger: Arc<dyn Ledger>, memory: &Memory, seed: u64) {
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(Replica::join_at(Arc::clone(&ledger)).await);
    }
    let mut rng = entropy::stream(seed, &["claims", "fleet"], 0);
    let (mut model, mut done) = (Model::new(), Vec::new());
    for step in 0..60 {
        let act = model.next(&mut rng);
        let at = usize::try_from(rng.next_u64() % 3).unwrap_or_default();
        match rng.next_u64() % 8 {
            0 => memory.fail(&[Failing::Before]),
            1 => memory.fail(&[Failing::After]),
            _ => {}
        }
        let replica = &replicas[at];
        let run = |_: &_| act.run(&replica.machine);
        replica.fleet.run(&Reach::list(Some(act.name())), run).await.expect("the ledger is there");
        model.follow(&act);
        done.push((at, act));
        if step % 20 == 19 {
            replicas[at] = Replica::join_at(Arc::clone(&ledger)).await;
        }
        // Some are not asked for a while, and one has heard of a single sandbox.
        let asked = usize::try_from(rng.next_u64() % 3).unwrap_or_default();
        let name = done.last().map_or("default", |(_, act)| act.name());
        replicas[asked].fleet.catch_up(name).await.expect("the ledger is there");
        for (token, text) in TOKENS.iter().enumerate() {
            assert_eq!(owner(&replicas[asked], text).await.as_deref(), model.owner(token), "seed {seed}, {text} at {asked} after {done:?}");
        }
    }
}

#[test]
fn all_replicas_lead_a_credential_to_the_first_that_had_it() {
    for seed in 0..3 {
        block_on(async {
            let memory = Memory::default();
            agree(Arc::new(memory.clone()), &memory, seed).await;
            let (ledger, memories) = three();
            agree(ledger, &memories[0], seed).await;
        });
    }
}

/// Two get a credential by other means than by being made.
#[test]
fn who_gets_a_credential_later_is_warned_whichever_replica_is_asked() {
    let one = Served::start();
    let served = [&one, &Served::join(&one.ledger)];
    let shared = json!({"accounts": {"shippo": [{"token": TOKENS[0]}]}});
    for name in ["earlier", "later"] {
        assert_eq!(served[0].ask("POST", "/sandboxes", &json!({"name": name})).0, 201);
    }
    let put = |at: usize, name: &str| {
        let (status, view) = served[at].ask("PUT", &format!("/sandboxes/{name}/scenario"), &shared);
        assert_eq!(status, 200, "{view}");
        view["warnings"].as_array().map_or(0, Vec::len)
    };
    assert_eq!((put(1, "later"), put(0, "earlier"), put(0, "later"), put(1, "earlier")), (0, 1, 0, 1));
}
