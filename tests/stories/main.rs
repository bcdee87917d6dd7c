//! Tests that are data: every conversation below `tests/vendors/<vendor>/` is one, named by its path (`cargo test --test stories
//! shippo/transactions`), and so is every exchange of `tests/recorded/<vendor>.yaml`. What vendors publish about their APIs,
//! `tests/published/<vendor>.yaml`, judges what is answered in the conversations.
//!
//! Every conversation is also played with each call rolled back and made again (`twice/<vendor>/<name>`), with a sandbox that goes
//! on from its file after each step (`filed/...`), with one that is full for a while whenever time passes (`starved/...`), and its sandbox
//! is taken for a file (`imported/...`).
//!
//! `UPDATE=1` rewrites the expectations of a step that fails, where a value stands for another one.

mod documents;
mod filed;
mod imported;
mod judge;
mod judge_shippo;
mod judge_shipstation;
mod judge_shiptime;
mod originals;
mod play;
mod published;
mod recorded;
#[path = "../it/shadow.rs"]
mod shadow;
mod starved;
mod twice;
mod update;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::{env, fs};

use libtest_mimic::{Arguments, Failed, Trial};
use seatrial::engine::{Machine, Options, Start};
use seatrial::scenario::Story;
use seatrial::scenario::conversation::StepReport;
use seatrial::vendors;

use shadow::Shadows;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("tests/vendors");
    let mut files = Vec::new();
    collect(&folder, &mut files);
    files.sort();
    let conversation = |file: PathBuf| {
        let name = file.strip_prefix(&folder).unwrap_or(&file).with_extension("").display().to_string();
        let shown = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        Trial::test(name.clone(), move || run(&file, &shown, name.split('/').next().unwrap_or_default()))
    };
    let again = |way: &'static str, run: fn(&Path, &str) -> Result<(), Failed>| {
        let named =
            files.iter().map(|file| (file.clone(), file.strip_prefix(&folder).unwrap_or(file).with_extension("").display().to_string()));
        let trial = move |(file, name): (PathBuf, String)| {
            Trial::test(format!("{way}/{name}"), move || run(&file, name.split('/').next().unwrap_or_default()))
        };
        named.map(trial).collect::<Vec<Trial>>()
    };
    let mut trials = again("twice", twice::run);
    trials.extend(again("filed", filed::run));
    trials.extend(again("starved", starved::run));
    trials.extend(again("imported", imported::run));
    trials.extend(files.into_iter().map(conversation));
    trials.extend(recorded::trials());
    trials.extend(originals::trials());
    trials.extend([Trial::test("judge/shippo", judge_shippo::judge), Trial::test("judge/shiptime", judge_shiptime::judge)]);
    trials.push(originals::trial("judge/shipstation".to_owned(), judge_shipstation::judge));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
}

/// Plays a conversation; after each step, the sandboxes are what they have recorded.
fn play_followed(story: &Arc<Story>, vendor: &str) -> Result<Arc<Machine>, Box<StepReport>> {
    let machine = play::staged(story.scenario.clone());
    let shadows = Shadows::follow(&machine, Machine::new(vendors::all(), Options::default(), Start::plain(play::wall())));
    play::play_on(machine, story, vendor, &mut |_, _| {}, &|| shadows.compare())
}

fn run(file: &Path, shown: &str, vendor: &str) -> Result<(), Failed> {
    loop {
        let text = fs::read_to_string(file)?;
        let story = play::read(&text, shown).map_err(|problems| play::told(&problems))?;
        if story.about.is_none() {
            return Err(format!("{shown}: `about` has to state the promise").into());
        }
        if !story.expects_every_answer() {
            return Err(format!("{shown}: every call has to expect something").into());
        }
        let Err(step) = play_followed(&story, vendor) else { return Ok(()) };
        let rewritten = env::var_os("UPDATE").and_then(|_| update::rewritten(&text, &step.failures));
        match rewritten {
            Some(rewritten) => fs::write(file, rewritten)?,
            None => return Err(play::explain(&step, &story).into()),
        }
    }
}
