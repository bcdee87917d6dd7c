//! Files of sandboxes: the same state gives the same bytes, whatever way led to it.

use jiff::Timestamp;
use seatrial::base::name::Name;
use seatrial::persist::{Contents, SandboxFile};
use seatrial::world::{Clock, Count, Counter, Kind, Mode, World};
use serde_json::json;

const LABEL: Kind = Kind::new("label");
const ADDRESS: Kind = Kind::new("address");

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn put(world: &mut World, kind: &Kind, id: &str) {
    let account = world.open_account("acme", "test");
    world.put(account, kind, id, |out| out.extend_from_slice(b"{\"a\":1.50}"));
}

fn contents(world: World) -> Contents {
    Contents {
        world,
        scenario: "name: counted".to_owned(),
        given: vec!["acme".into()],
        seeded: false,
        faults: vec![("slow".into(), json!({"on": "*"}))],
    }
}

fn written(contents: &Contents) -> String {
    let file = contents.write(wall()).and_then(|file| file.to_bytes()).expect("documents are JSON");
    String::from_utf8(file).expect("JSON is text")
}

#[test]
fn copies_of_a_world_that_came_to_the_same_have_the_same_file() {
    let mut one = World::new(42, Clock::new(Mode::Frozen, None, wall()));
    put(&mut one, &LABEL, "l");
    put(&mut one, &ADDRESS, "a");
    let mut other = World::new(42, Clock::new(Mode::Frozen, None, wall()));
    let savepoint = other.savepoint();
    put(&mut other, &Kind::new("parcel"), "p");
    put(&mut other, &ADDRESS, "b");
    other.roll_back(savepoint);
    put(&mut other, &ADDRESS, "a");
    put(&mut other, &LABEL, "l");
    let (one, other) = (written(&contents(one)), written(&contents(other)));
    assert!(one.contains("1.50") && !other.contains("parcel"));
    assert_eq!(one, other);
}

#[test]
fn a_file_reads_back_with_all_that_was_counted_and_is_written_the_same_again() {
    let mut world = World::new(42, Clock::new(Mode::Frozen, None, wall()));
    put(&mut world, &LABEL, "l");
    let account = world.accounts().find("acme", "test");
    for owner in [Name::default(), Name::new("slow")] {
        let (_, mut tally) = world.tally(owner);
        tally.add(Counter::Calls(account, "acme.getLabel".into()));
        tally.add(Counter::Calls(None, "acme.getLabel".into()));
        tally.add(Counter::Matched(3));
        tally.add(Counter::Effects(3));
        tally.add(Counter::Parcels("late".into()));
        tally.set(Counter::Window(3, account), Some(Count { began: Some(wall()), calls: 7 }));
    }
    let counters = world.counters().clone();
    let file = written(&contents(world));
    let read =
        SandboxFile::parse(file.as_bytes()).and_then(|file| file.read(&["acme".into()], wall(), usize::MAX)).expect("it was just written");
    assert_eq!(*read.world.counters(), counters);
    assert_eq!((read.scenario.as_str(), &read.given[..]), ("name: counted", &[Name::new("acme")][..]));
    assert_eq!(written(&read), file);
    assert_eq!(written(&read), file);
}
