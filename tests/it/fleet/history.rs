//! What was asked of a fleet, what it answered, and in which order the ledger says that it was done. One process has to give the same
//! answers in that order, and every answer has to lie where its deed does: after it was asked for and before it was answered. So the
//! order is a witness, and nothing has to be searched for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use seatrial::engine::{Machine, Sandbox};

use super::deeds::{Deed, machine, perform, refusal, told};
use super::network::Deeds;

#[derive(Default)]
pub struct History(Mutex<Log>);

/// Positions are numbers of commits: what has position 3 lies behind the third.
#[derive(Default)]
struct Log {
    asked: Vec<Asked>,
    /// What each commit holds, in order, with the time of the wall at which it was done.
    commits: Vec<Deeds>,
    /// What changed nothing, by the position at which it was done.
    looks: BTreeMap<usize, Deeds>,
    /// What could not be done to the list of sandboxes, with the position from which on that was so.
    refused: Vec<(usize, usize)>,
    told: Vec<Told>,
    /// When a replica was stopped, cut off, killed or lost a trip; `None` befalls all of them.
    troubles: Vec<(Option<u64>, usize)>,
    accused: Vec<String>,
}

struct Asked {
    replica: u64,
    sandbox: Arc<str>,
    deed: Deed,
    from: usize,
    answer: Option<(usize, String)>,
    /// Of deliveries that were handed out: whether their result was written down, as far as the replica knows.
    is_reported: bool,
}

/// A sandbox as it was seen, from a position to another one; `None` if there was none of the name.
struct Told {
    sandbox: Arc<str>,
    from: usize,
    to: usize,
    text: Option<String>,
    nearest: Option<String>,
    is_explained: bool,
}

impl History {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn position(&self) -> usize {
        self.log().commits.len()
    }

    /// Something is asked for; its number.
    pub fn asks(&self, replica: u64, sandbox: &str, deed: Deed) -> usize {
        let mut log = self.log();
        let from = log.commits.len();
        log.asked.push(Asked { replica, sandbox: sandbox.into(), deed, from, answer: None, is_reported: false });
        log.asked.len() - 1
    }

    pub fn answers(&self, deed: usize, text: String) {
        let mut log = self.log();
        let position = log.commits.len();
        log.asked[deed].answer = Some((position, text));
    }

    /// The deliveries that a deed handed out were reported.
    pub fn reported(&self, deed: usize) {
        self.log().asked[deed].is_reported = true;
    }

    pub fn committed(&self, done: Deeds) {
        self.log().commits.push(done);
    }

    pub fn looked(&self, position: usize, done: Deeds) {
        let mut log = self.log();
        for (number, wall) in done {
            if log.asked[number].deed.is_for_list() {
                log.refused.push((number, position));
            } else {
                log.looks.entry(position).or_default().push((number, wall));
            }
        }
    }

    pub fn tells(&self, sandbox: &str, from: usize, text: Option<String>) {
        let mut log = self.log();
        let to = log.commits.len();
        log.told.push(Told { sandbox: sandbox.into(), from, to, text, nearest: None, is_explained: false });
    }

    pub fn trouble(&self, replica: Option<u64>) {
        let mut log = self.log();
        let position = log.commits.len();
        log.troubles.push((replica, position));
    }

    pub fn accuse(&self, what: String) {
        self.log().accused.push(what);
    }

    /// How much was answered, seen and handed out, so that a simulation in which nothing happens is noticed.
    pub fn figures(&self) -> [usize; 3] {
        let log = self.log();
        let answered = log.asked.iter().filter(|asked| asked.answer.is_some());
        let sent = log.asked.iter().filter(|asked| asked.is_reported);
        [answered.count(), log.told.len(), sent.count()]
    }

    /// What cannot have happened in one process.
    pub fn faults(&self) -> Vec<String> {
        let mut log = self.log();
        let mut judge = Judge { log: &mut log, machine: machine(), at: BTreeMap::new(), handed_out: BTreeMap::new(), faults: Vec::new() };
        judge.replays();
        judge.answers_have_their_place();
        judge.sights_are_explained();
        let mut faults = judge.faults;
        faults.extend(log.accused.iter().cloned());
        faults
    }
}

/// An attempt of a delivery: sandbox, epoch, delivery and number.
type Attempt = (usize, u64, String, u32);

/// One process that does everything again.
struct Judge<'l> {
    log: &'l mut Log,
    machine: Arc<Machine>,
    /// Where each deed was done.
    at: BTreeMap<usize, usize>,
    /// Who handed out an attempt last: sandboxes are kept, so that no other one has their address.
    handed_out: BTreeMap<Attempt, (usize, Arc<Sandbox>)>,
    faults: Vec<String>,
}

impl Judge<'_> {
    fn replays(&mut self) {
        for position in 0..=self.log.commits.len() {
            for (deed, wall) in self.log.looks.remove(&position).unwrap_or_default() {
                self.does(deed, wall, position);
            }
            self.sees(position);
            if position < self.log.commits.len() {
                for (deed, wall) in std::mem::take(&mut self.log.commits[position]) {
                    self.does(deed, wall, position + 1);
                }
            }
        }
    }

    fn does(&mut self, number: usize, wall: Timestamp, position: usize) {
        if let Some(before) = self.at.insert(number, position) {
            self.faults.push(format!("done twice, at {before} and {position}: {}", self.name(number)));
        }
        let Asked { sandbox, deed, answer, .. } = &self.log.asked[number];
        let done = perform(&self.machine, sandbox, deed, wall);
        if let Some((_, text)) = answer
            && *text != done.text
        {
            let difference = difference(text, &done.text);
            self.faults.push(format!("answered otherwise than by one process, at {position}: {}\n{difference}", self.name(number)));
        }
        let Some(sandbox) = self.machine.sandbox(sandbox) else { return };
        for row in &done.outbound {
            let key = (Arc::as_ptr(&sandbox) as usize, sandbox.epoch(), row.delivery.clone(), row.attempt);
            if let Some((before, _)) = self.handed_out.insert(key, (number, Arc::clone(&sandbox))) {
                self.judge_repeated(before, number, position, &row.delivery);
            }
        }
    }

    /// An attempt was made again: that needs a reason.
    fn judge_repeated(&mut self, before: usize, number: usize, position: usize, delivery: &str) {
        let Asked { replica, from, .. } = self.log.asked[before];
        let explains = |(who, at): &(Option<u64>, usize)| who.is_none_or(|who| who == replica) && (from..=position).contains(at);
        if !self.log.troubles.iter().any(explains) {
            let (before, again) = (self.name(before), self.name(number));
            self.faults.push(format!("delivery {delivery} was handed out twice without need: by {before}, and at {position} by {again}"));
        }
    }

    /// Compares what was seen while this position was the newest.
    fn sees(&mut self, position: usize) {
        let mut texts: BTreeMap<Arc<str>, Option<String>> = BTreeMap::new();
        let seen = |told: &&mut Told| !told.is_explained && (told.from..=told.to).contains(&position);
        for told_of in self.log.told.iter_mut().filter(seen) {
            let name = &told_of.sandbox;
            let text = texts.entry(Arc::clone(name)).or_insert_with(|| self.machine.sandbox(name).map(|sandbox| told(&sandbox)));
            told_of.is_explained = *text == told_of.text;
            told_of.nearest.clone_from(text);
        }
        let Self { log, machine, at, .. } = self;
        log.refused.retain(|(number, from)| {
            let Asked { sandbox, deed, answer: Some((to, text)), .. } = &log.asked[*number] else { return false };
            let is_so = (*from..=*to).contains(&position) && refusal(machine, sandbox, deed) == Some(&**text);
            if is_so {
                at.insert(*number, position);
            }
            !is_so
        });
    }

    fn answers_have_their_place(&mut self) {
        for (number, asked) in self.log.asked.iter().enumerate() {
            match (&asked.answer, self.at.get(&number)) {
                (Some((to, _)), Some(at)) if (asked.from..=*to).contains(at) => {}
                (Some((to, _)), Some(at)) => {
                    let window = (asked.from, *to);
                    self.faults.push(format!("done at {at}, but asked for and answered within {window:?}: {}", self.name(number)));
                }
                (Some(_), None) => self.faults.push(format!("answered, and is lost: {}", self.name(number))),
                (None, Some(at)) if *at < asked.from => self.faults.push(format!("done before it was asked for: {}", self.name(number))),
                (None, _) => {}
            }
        }
    }

    fn sights_are_explained(&mut self) {
        for told in self.log.told.iter().filter(|told| !told.is_explained) {
            let [seen, nearest] = [&told.text, &told.nearest].map(|text| text.as_deref().unwrap_or("none"));
            let window = (told.from, told.to);
            self.faults.push(format!("`{}` was never so within {window:?}\n{}", told.sandbox, difference(seen, nearest)));
        }
    }

    fn name(&self, number: usize) -> String {
        let Asked { replica, sandbox, deed, from, answer, .. } = &self.log.asked[number];
        let to = answer.as_ref().map(|(to, _)| *to);
        format!("deed {number} {deed:?} in `{sandbox}`, asked of replica {replica} at {from}, answered at {to:?}")
    }
}

/// The places where two texts begin to differ.
fn difference(found: &str, expected: &str) -> String {
    let same = found.bytes().zip(expected.bytes()).take_while(|(one, other)| one == other).count();
    let part = |text: &str| {
        let bytes = text.as_bytes();
        let (begin, end) = (same.saturating_sub(120).min(bytes.len()), (same + 200).min(bytes.len()));
        String::from_utf8_lossy(&bytes[begin..end]).replace('\n', "\n      ")
    };
    let mut said = String::new();
    let _ = write!(said, "    the fleet:   {}\n    one process: {}", part(found), part(expected));
    said
}
