//! Conversations whose sandbox is written into a file after each step and goes on from there: a file keeps all that answers depend on.

use std::path::Path;

use libtest_mimic::Failed;
use seatrial::base::name::Name;
use seatrial::engine::{Machine, Sandbox};
use seatrial::persist::{Contents, FileError, SandboxFile};
use seatrial::scenario::conversation::Player;

use crate::play;

/// Plays a conversation file of a vendor's folder in that way.
pub fn run(file: &Path, folder: &str) -> Result<(), Failed> {
    let text = std::fs::read_to_string(file)?;
    let story = play::read(&text, "filed").map_err(|problems| play::told(&problems))?;
    let mount = folder.split('_').next().unwrap_or(folder);
    let machine = play::staged(story.scenario.clone());
    let sandbox = machine.default_sandbox();
    let mut player = Player::new(&machine, sandbox, mount, &story);
    while let Some(step) = player.play(play::wall()) {
        play::deliver_until(&machine, sandbox, step.until);
        if !step.failures.is_empty() {
            return Err(play::explain(&step, &story).into());
        }
        reread(&machine, sandbox)?;
    }
    Ok(())
}

/// Replaces the world of a sandbox by what its file keeps of it.
fn reread(machine: &Machine, sandbox: &Sandbox) -> Result<(), FileError> {
    let vendors: Vec<Name> = machine.vendors().all().iter().flat_map(|vendor| [vendor.id.clone(), vendor.mount.clone()]).collect();
    let mut state = sandbox.lock();
    let faults = state.faults().iter().map(|fault| (fault.name.clone(), fault.wanted.clone())).collect();
    let (scenario, given, seeded) = (state.scenario.source().to_owned(), state.scenario_mounts.clone(), state.seeded);
    let contents = Contents { world: state.world.clone(), scenario, given, seeded, faults };
    let file = SandboxFile::parse(&contents.to_bytes(play::wall())?)?;
    state.world = file.read(&vendors, play::wall(), usize::MAX)?.world;
    Ok(())
}
