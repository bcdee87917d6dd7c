//! Three replicas, some clients, a database that is slow and lossy, and replicas that are stopped, cut off and killed: all of it by
//! chance from a seed, on a clock that only waiting moves. Afterwards `history.rs` judges whether one process can have answered so.
//!
//! `SIMULATIONS=10000` tries so many seeds; `SIMULATION=17` is the one of that number, and says how it went.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use jiff::{SignedDuration, Timestamp};
use seatrial::engine::webhooks::{AttemptResult, Outbound};
use seatrial::engine::{Machine, Sandbox};
use seatrial::fleet::{Fleet, Lane, Reach, Undone, place_of};
use seatrial::world::Mode;
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{Instant, sleep, timeout};

use super::deeds::{Deed, Done, call, later, machine, perform, purchase, told};
use super::network::{Database, Health, Link, ledger, now};
use super::{address, wall};

const REPLICAS: u64 = 3;
const CLIENTS: u64 = 5;
/// How much each client asks for.
const TURNS: u64 = 9;
const SANDBOXES: [&str; 3] = ["default", "one", "mine"];
/// How long a client waits for an answer.
const WAIT: Duration = Duration::from_secs(60);
const SEEDS: u64 = 200;

struct Replica {
    machine: Arc<Machine>,
    fleet: Arc<Fleet>,
    link: Arc<Link>,
    began: Instant,
    /// How far its clock is from the others'.
    skew: SignedDuration,
    /// The turns to send the webhooks of sandboxes.
    sending: Mutex<BTreeMap<Arc<str>, Arc<AsyncMutex<()>>>>,
}

struct Simulation {
    database: Arc<Database>,
    replicas: Mutex<Vec<Arc<Replica>>>,
    began: Instant,
}

impl Simulation {
    async fn join(&self) -> Arc<Replica> {
        loop {
            let (link, machine) = (self.database.link(), machine());
            let Ok(fleet) = Fleet::join(Arc::clone(&machine), ledger(&link), "simulation".to_owned(), true).await else { continue };
            let skew = SignedDuration::from_millis(self.database.chance.below(3_000).cast_signed());
            let replica = Arc::new(Replica { machine, fleet, link, began: self.began, skew, sending: Mutex::default() });
            tokio::spawn(Arc::clone(&replica.fleet).follow(|| {}));
            tokio::spawn(tick(Arc::clone(&self.database), Arc::clone(&replica)));
            return replica;
        }
    }

    fn replicas(&self) -> Vec<Arc<Replica>> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replica(&self, place: u64) -> Arc<Replica> {
        Arc::clone(&self.replicas()[usize::try_from(place).expect("there are few")])
    }

    /// Asks for one thing after the other.
    async fn client(self: Arc<Self>, number: u64) {
        let chance = &self.database.chance;
        for turn in 0..TURNS {
            chance.pause(500).await;
            let (replica, name) = (self.replica(chance.below(REPLICAS)), SANDBOXES[chance.below(3) as usize]);
            let asked = ask(&self.database, &replica, name, number * TURNS + turn);
            tokio::select! {
                biased;
                () = replica.link.died() => {}
                _ = timeout(WAIT, asked) => {}
            }
        }
    }

    /// Has things happen to replicas and to the database, for ever.
    async fn harm(self: Arc<Self>) {
        let chance = &self.database.chance;
        loop {
            chance.pause(3_000).await;
            let place = chance.below(REPLICAS);
            let replica = self.replica(place);
            match chance.below(10) {
                0..4 => {
                    replica.link.set(Health::Stopped);
                    chance.pause(8_000).await;
                    replica.link.set(Health::Well);
                }
                4..7 => {
                    replica.link.cuts(1 + chance.below((1 << self.database.places()) - 1));
                    chance.pause(8_000).await;
                    replica.link.set(Health::Well);
                }
                7..9 => {
                    replica.link.set(Health::Dead);
                    let next = self.join().await;
                    let mut replicas = self.replicas.lock().unwrap_or_else(PoisonError::into_inner);
                    replicas[usize::try_from(place).expect("there are few")] = next;
                }
                _ => self.database.crash(chance.below(self.database.places()), chance.below(2_000)).await,
            }
        }
    }
}

impl Replica {
    /// What its clock shows.
    fn wall(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.began.elapsed()).expect("it is not long");
        wall() + passed + self.skew
    }

    fn sending(&self, name: &Arc<str>) -> Arc<AsyncMutex<()>> {
        Arc::clone(self.sending.lock().unwrap_or_else(PoisonError::into_inner).entry(Arc::clone(name)).or_default())
    }

    /// Does something in a section, as the server does what is no call. `None` if it was not done, or nobody knows.
    async fn run(
        &self,
        database: &Database,
        sandbox: &Arc<Sandbox>,
        epoch: Option<u64>,
        lane: Option<&Lane>,
        deed: Deed,
    ) -> Option<(usize, Done)> {
        let number = database.history.asks(self.link.number, &sandbox.name, deed.clone());
        let act = |section: &seatrial::fleet::Section| {
            let is_own = lane.is_none_or(|lane| lane.is(section.courier())) && epoch.is_none_or(|epoch| epoch == sandbox.epoch());
            (section.holds(sandbox) && is_own).then(|| self.does(number, &sandbox.name, &sandbox.name, &deed))
        };
        let done = self.fleet.run(&Reach::one(Arc::clone(&sandbox.name)), act).await;
        self.link.awake().await;
        let done = done.ok().flatten()?;
        database.history.answers(number, done.text.clone());
        Some((number, done))
    }

    fn does(&self, number: usize, held: &str, name: &str, deed: &Deed) -> Done {
        let wall = self.wall();
        self.link.does(held, number, wall);
        perform(&self.machine, name, deed, wall)
    }

    /// Makes a call, as the server does.
    async fn call(self: &Arc<Self>, database: &Database, name: &str, deed: Deed) {
        let Deed::Call(request) = &deed else { return };
        let number = database.history.asks(self.link.number, name, deed.clone());
        for _ in 0..20 {
            let mut addressee = self.machine.addressee(request);
            if addressee.is_unknown {
                if self.fleet.learn().await.is_err() {
                    return;
                }
                addressee = self.machine.addressee(request);
            }
            let Some(sandbox) = addressee.sandbox else { return };
            let (own, meant, deed) = (Arc::clone(self), Arc::clone(&sandbox), deed.clone());
            let act = move || {
                let is_meant = own.machine.sandbox(&meant.name).is_some_and(|now| Arc::ptr_eq(&now, &meant));
                is_meant.then(|| own.does(number, &meant.name, &meant.name, &deed))
            };
            let done = self.fleet.call(&sandbox, act).await;
            self.link.awake().await;
            match done {
                Ok(Some(done)) => return database.history.answers(number, done.text),
                Ok(None) | Err(Undone::Gone) => {}
                Err(Undone::Fault(_)) => return,
            }
        }
    }

    /// Makes or removes a sandbox.
    async fn list(&self, database: &Database, name: &str, deed: Deed) {
        let number = database.history.asks(self.link.number, name, deed.clone());
        let held = if let Deed::Fork(source) = &deed { source } else { name };
        let done = self.fleet.run(&Reach::list(Some(held)), |_| self.does(number, "", name, &deed)).await;
        self.link.awake().await;
        if let Ok(done) = done {
            database.history.answers(number, done.text);
        }
    }

    /// Looks at a sandbox, as the admin API does.
    async fn look(&self, database: &Database, name: &str) -> bool {
        let from = database.history.position();
        for _ in 0..3 {
            let Ok(before) = self.fleet.catch_up(name).await else { return false };
            // Meanwhile the next section may be under way, and come to nothing.
            database.chance.pause(6).await;
            let seen = self.machine.sandbox(name).map(|sandbox| told(&sandbox));
            let after = self.fleet.settled(name).await;
            self.link.awake().await;
            if before == after {
                database.history.tells(name, from, seen);
                return true;
            }
        }
        false
    }

    /// Sends deliveries, and reports what came of them.
    async fn deliver(&self, database: &Database, sandbox: &Arc<Sandbox>, lane: &Lane, number: usize, outbound: Vec<Outbound>) -> bool {
        let Some(epoch) = outbound.first().map(|row| row.epoch) else { return true };
        let mut rows = Vec::new();
        for row in outbound {
            database.chance.pause(20).await;
            self.link.awake().await;
            let status = if database.chance.says(85) { 200 } else { 503 };
            rows.push((row, AttemptResult::Answered { status, body: String::new() }));
        }
        let reported = self.run(database, sandbox, Some(epoch), Some(lane), Deed::Report(Arc::new(rows))).await;
        if reported.is_some() {
            database.history.reported(number);
        }
        reported.is_some()
    }

    /// Sends what is due, as the server does when it looks around.
    async fn deliver_due(self: &Arc<Self>, database: &Database, sandbox: &Arc<Sandbox>) {
        let Ok(_turn) = self.sending(&sandbox.name).try_lock_owned() else { return };
        let Ok(Some(lane)) = self.fleet.lane(sandbox).await else { return };
        for _ in 0..10 {
            let Some((number, due)) = self.run(database, sandbox, None, Some(&lane), Deed::Due).await else { return };
            if due.outbound.is_empty() || !self.deliver(database, sandbox, &lane, number, due.outbound).await {
                return;
            }
        }
    }

    /// Moves a clock, as the server does.
    async fn advance(self: &Arc<Self>, database: &Database, sandbox: &Arc<Sandbox>, hours: u64) {
        let Ok(Some(lane)) = self.fleet.wait_for_lane(sandbox).await else { return };
        if self.fleet.catch_up(&sandbox.name).await.is_err() {
            return;
        }
        let (epoch, to) = (sandbox.epoch(), later(sandbox, self.wall(), hours));
        let _turn = self.sending(&sandbox.name).lock_owned().await;
        for _ in 0..40 {
            let Some((number, done)) = self.run(database, sandbox, Some(epoch), Some(&lane), Deed::Advance(to)).await else { return };
            if done.is_over || !self.deliver(database, sandbox, &lane, number, done.outbound).await {
                return;
            }
        }
    }
}

/// What the server does by itself, for ever.
async fn tick(database: Arc<Database>, replica: Arc<Replica>) {
    loop {
        sleep(Duration::from_millis(200) + Duration::from_millis(database.chance.below(100))).await;
        replica.link.awake().await;
        for sandbox in replica.machine.sandboxes() {
            if replica.machine.time_until_work(&sandbox, replica.wall()) == Some(Duration::ZERO) {
                replica.deliver_due(&database, &sandbox).await;
            }
        }
    }
}

/// Asks a replica for something.
async fn ask(database: &Database, replica: &Arc<Replica>, name: &str, number: u64) {
    let chance = &database.chance;
    replica.link.awake().await;
    let kind = chance.below(100);
    match kind {
        0..22 => return replica.call(database, name, call(name, Method::POST, "/addresses", &address(&format!("Ada {number}")))).await,
        22..32 => return replica.call(database, name, purchase(name)).await,
        32..42 => return replica.call(database, name, call(name, Method::GET, "/addresses", &Value::Null)).await,
        42..58 => {
            replica.look(database, name).await;
            return;
        }
        58..66 => return replica.list(database, name, Deed::Open).await,
        66..70 => return replica.list(database, name, Deed::Remove).await,
        70..73 => return replica.list(database, name, Deed::Fork(SANDBOXES[chance.below(3) as usize].into())).await,
        _ => {}
    }
    let Some(sandbox) = replica.machine.sandbox(name) else { return };
    let deed = match kind {
        73..83 => return replica.advance(database, &sandbox, chance.below(48)).await,
        83..86 => Deed::Mode(Mode::Speed(36_000.0)),
        86..88 => Deed::Mode(Mode::Frozen),
        88..91 => Deed::Snapshot,
        91..94 => Deed::Restore,
        94..95 => Deed::Reset,
        95..96 => Deed::Forget,
        96..97 => Deed::Retain,
        _ => Deed::Checkpoint,
    };
    replica.run(database, &sandbox, None, None, deed).await;
}

/// What cannot have happened in one process, and how much happened.
fn simulate(seed: u64, places: usize) -> (Vec<String>, [usize; 4]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime can start");
    let database = Database::new(seed, !seed.is_multiple_of(5), places);
    runtime.block_on(async {
        let simulation = Arc::new(Simulation { database: Arc::clone(&database), replicas: Mutex::default(), began: now() });
        for _ in 0..REPLICAS {
            let replica = simulation.join().await;
            simulation.replicas.lock().unwrap_or_else(PoisonError::into_inner).push(replica);
        }
        let clients: Vec<_> = (0..CLIENTS).map(|number| tokio::spawn(Arc::clone(&simulation).client(number))).collect();
        let harm = (seed % 5 > 1).then(|| tokio::spawn(Arc::clone(&simulation).harm()));
        for client in clients {
            client.await.expect("no client panics");
        }
        if let Some(harm) = harm {
            harm.abort();
        }
        // All is well again, and all replicas say the same, those that are new as well.
        database.is_lossy.store(false, Ordering::Relaxed);
        for place in 0..database.places() {
            database.crash(place, 0).await;
        }
        let mut replicas = simulation.replicas();
        replicas.iter().filter(|replica| !replica.link.is(Health::Dead)).for_each(|replica| replica.link.set(Health::Well));
        sleep(Duration::from_secs(15)).await;
        replicas.push(simulation.join().await);
        for replica in replicas.iter().filter(|replica| !replica.link.is(Health::Dead)) {
            for name in SANDBOXES {
                if !replica.look(&database, name).await && !replica.look(&database, name).await {
                    database.history.accuse(format!("replica {} cannot show `{name}`", replica.link.number));
                }
            }
        }
    });
    drop(runtime);
    let [answered, seen, sent] = database.history.figures();
    (database.history.faults(), [answered, seen, sent, database.checkpoints.load(Ordering::Relaxed)])
}

/// What there is to say of the simulation of a seed, if one process cannot have done so.
fn judged(seed: u64, places: usize) -> Result<[usize; 4], String> {
    let (faults, figures) = simulate(seed, places);
    if faults.is_empty() {
        return Ok(figures);
    }
    let rest = faults.len().saturating_sub(3);
    let faults: Vec<String> = faults.into_iter().take(3).collect();
    let again = format!("SIMULATION={seed} cargo test --test it fleet::simulation");
    Err(format!("seed {seed}: {}\n({rest} more; this one alone: {again})", faults.join("\n")))
}

#[test]
fn a_fleet_is_like_one_process_whatever_befalls_it() {
    simulate_all(1, 1);
}

#[test]
fn so_is_one_on_several_databases() {
    assert_eq!(SANDBOXES.map(|name| place_of(name, 3)), [1, 2, 0], "each has one");
    simulate_all(3, 4);
}

/// Simulates a share of all seeds.
fn simulate_all(places: usize, share: u64) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("it is a number"));
    if let Some(seed) = number("SIMULATION") {
        println!("answers, sights, deliveries and checkpoints: {:?}", judged(seed, places).unwrap_or_else(|faults| panic!("{faults}")));
        return;
    }
    let (seeds, next) = (number("SIMULATIONS").unwrap_or(SEEDS) / share, AtomicU64::new(0));
    let work = || {
        let mut all = (Vec::new(), [0; 4]);
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return all;
            }
            match judged(seed, places) {
                Ok(figures) => all.1 = [0, 1, 2, 3].map(|index| all.1[index] + figures[index]),
                Err(faults) => all.0.push(faults),
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let done = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("no simulation panics")).collect::<Vec<_>>()
    });
    let faults: Vec<&String> = done.iter().flat_map(|(faults, _)| faults).collect();
    assert!(faults.is_empty(), "{} of {seeds} seeds\n{}", faults.len(), faults.into_iter().take(5).cloned().collect::<Vec<_>>().join("\n"));
    let figures = [0, 1, 2, 3].map(|index| done.iter().map(|(_, figures)| figures[index]).sum::<usize>() as u64);
    let [answered, seen, sent, checkpoints] = figures;
    assert!(answered > seeds * 15 && seen > seeds * 12 && sent > seeds / 2 && checkpoints > 0, "too little happened: {figures:?}");
}

#[test]
fn a_seed_repeats_itself() {
    for (seed, places) in [(7, 1), (29, 1), (57, 1), (7, 3), (58, 3)] {
        assert_eq!(simulate(seed, places), simulate(seed, places), "seed {seed}");
    }
}
