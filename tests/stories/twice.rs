//! Conversations in which each call is made, rolled back and made again, while another copy of the sandbox follows by redo records, as
//! they are written and read. A third one begins from a checkpoint at the end.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::Failed;
use seatrial::engine::{Answer, Machine, Record, Sandbox, ScenarioRuntime, Sink};
use seatrial::persist::Contents;
use seatrial::scenario::Story;
use seatrial::scenario::conversation::Player;
use seatrial::store::{self, Compile, Compiler};
use serde_json::Value;

use crate::play;

/// The records that the copy has not applied yet.
#[derive(Default)]
struct Records(Mutex<Vec<Record>>);

impl Sink for Records {
    fn sealed(&self, records: &mut Vec<Record>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).append(records);
    }
}

/// Plays a conversation file of a vendor's folder in that way.
pub fn run(file: &Path, vendor: &str) -> Result<(), Failed> {
    let text = std::fs::read_to_string(file)?;
    let story = play::read(&text, "twice").map_err(|problems| play::told(&problems))?;
    play_twice(&story, vendor)
}

fn play_twice(story: &Arc<Story>, folder: &str) -> Result<(), Failed> {
    let mount = folder.split('_').next().unwrap_or(folder);
    let (machine, other) = (play::staged(story.scenario.clone()), play::staged(story.scenario.clone()));
    let (sandbox, copy) = (machine.default_sandbox(), other.default_sandbox());
    let records = Arc::new(Records::default());
    let beginning = sandbox.replicate(Arc::<Records>::clone(&records));
    copy.apply(&[Record::Whole(Box::new(beginning))])?;
    let mut player = Player::new(&machine, sandbox, mount, story);
    loop {
        let before = exported(sandbox)?;
        let savepoint = sandbox.lock().world.savepoint();
        let Some(step) = player.play(play::wall()) else {
            sandbox.lock().world.release(savepoint);
            break;
        };
        let Some((request, answer)) = &step.exchange else {
            sandbox.lock().world.release(savepoint);
            play::deliver_until(&machine, sandbox, step.until);
            continue;
        };
        sandbox.lock().world.roll_back(savepoint);
        same(&before, &exported(sandbox)?, &format!("after {} was rolled back", request.path))?;
        let again = machine.handle_in(sandbox, request, play::wall());
        same(&said(answer), &said(&again), &format!("when {} was made again", request.path))?;
        play::deliver_until(&machine, sandbox, step.until);
    }
    let records = std::mem::take(&mut *records.0.lock().unwrap_or_else(PoisonError::into_inner));
    copy.apply(&as_stored(&other, sandbox, &records)?)?;
    same(&exported(sandbox)?, &exported(copy)?, "in the copy")?;
    let kept = Arc::new(Records::default());
    sandbox.attach(Arc::<Records>::clone(&kept), true);
    let checkpoint = std::mem::take(&mut *kept.0.lock().unwrap_or_else(PoisonError::into_inner));
    let last = play::staged(None);
    let revived = last.default_sandbox();
    revived.apply(&as_stored(&last, sandbox, &checkpoint)?)?;
    same(&exported(sandbox)?, &exported(revived)?, "in what was revived from a checkpoint")?;
    let bytes = |sandbox: &Sandbox| sandbox.lock().world.accounts().bytes();
    same(&bytes(sandbox).to_string(), &bytes(revived).to_string(), "in the count of its bytes")?;
    [sandbox, revived].iter().for_each(|sandbox| sandbox.reset());
    same(&exported(sandbox)?, &exported(revived)?, "after both were reset")
}

/// Records of a sandbox as they come back from the disk.
fn as_stored(machine: &Machine, sandbox: &Sandbox, records: &[Record]) -> Result<Vec<Record>, Failed> {
    let compile = Known(Compiler(machine), Arc::clone(&sandbox.lock().scenario));
    Ok(store::read(&store::write(records, Vec::new())?, &compile)?)
}

/// Knows the scenario, which is a part of the file of its conversation.
struct Known<'m>(Compiler<'m>, Arc<dyn ScenarioRuntime>);

impl Compile for Known<'_> {
    fn scenario(&self, text: &str) -> Result<Arc<dyn ScenarioRuntime>, String> {
        if text == self.1.source() { Ok(Arc::clone(&self.1)) } else { self.0.scenario(text) }
    }

    fn fault(&self, wanted: &Value) -> Result<Arc<dyn ScenarioRuntime>, String> {
        self.0.fault(wanted)
    }
}

fn exported(sandbox: &Sandbox) -> Result<String, Failed> {
    let state = sandbox.lock().clone();
    let faults = state.faults().iter().map(|fault| (fault.name.clone(), fault.wanted.clone())).collect();
    let (scenario, seeded) = (state.scenario.source().to_owned(), state.seeded);
    let contents = Contents { scenario, given: state.scenario_mounts, seeded, faults, world: state.world };
    Ok(String::from_utf8(contents.to_bytes(play::wall())?)?)
}

fn said(answer: &Answer) -> String {
    format!("{} {:?} {:?} {:?}\n{}", answer.status, answer.delay, answer.wire, answer.headers, String::from_utf8_lossy(&answer.body))
}

fn same(expected: &str, found: &str, place: &str) -> Result<(), Failed> {
    let Some(index) = expected
        .bytes()
        .zip(found.bytes())
        .position(|(one, other)| one != other)
        .or_else(|| (expected.len() != found.len()).then_some(expected.len().min(found.len())))
    else {
        return Ok(());
    };
    let part = |text: &str| String::from_utf8_lossy(&text.as_bytes()[index.saturating_sub(200)..text.len().min(index + 200)]).into_owned();
    Err(format!("{place}, it is different\nexpected: {}\nfound:    {}", part(expected), part(found)).into())
}
