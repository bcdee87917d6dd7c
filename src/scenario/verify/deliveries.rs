//! What verdicts on webhooks are based on: the deliveries of a sandbox, and who is subscribed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Verdict;
use super::words::{DELIVERY_UNDER_WAY, EVICTED, judge_count};
use crate::base::time::Timestamp;
use crate::engine::webhooks::{Attempt, AttemptResult, Delivery, Forgery, Progress, SUBSCRIPTION, Subscription};
use crate::engine::{Machine, Sandbox};
use crate::scenario::ast::{Answered, Count, Deliveries};

/// How many deliveries that do not count a verdict names.
const OTHERS: usize = 10;

/// How many answers of a delivery are shown.
const ANSWERS: usize = 6;

/// The deliveries of a sandbox.
#[derive(Default)]
pub(super) struct Sent {
    rows: Vec<Delivery>,
    /// Whether some are not kept any more.
    forgotten: bool,
    /// When attempts are made that nothing was heard of yet, by their deliveries.
    posted: BTreeMap<Arc<str>, Timestamp>,
    /// The time of the sandbox, or an earlier one where its clock runs.
    now: Option<Timestamp>,
    /// The subscriptions with the names of their accounts.
    subscriptions: Vec<(String, Subscription)>,
}

/// The verdict on an expectation of deliveries.
pub(super) struct Told {
    pub verdict: Verdict,
    pub detail: String,
    /// The first deliveries that count, by id and in a line each.
    pub ids: Vec<String>,
    pub lines: Vec<String>,
    /// How many deliveries count for the expectation.
    pub count: u64,
    /// Whether more may be known by and by, as some are under way.
    pub comes: bool,
    /// The first of the same event that do not count, and why.
    pub others: Vec<String>,
}

impl Told {
    /// No delivery was looked at.
    pub fn unknown(count: Count) -> Self {
        let (verdict, detail) = judge_count(0, u64::MAX, count, "delivery", EVICTED);
        Self { verdict, detail, ids: Vec::new(), lines: Vec::new(), count: 0, comes: false, others: Vec::new() }
    }
}

impl Sent {
    pub fn gather(sandbox: &Sandbox) -> Self {
        let mut rows = sandbox.deliveries();
        let state = sandbox.lock();
        // What a copy, or the sandbox of a file, has of another one did not happen in it.
        let [attempts, forgotten] = state.world.judged_from();
        if attempts > 0 {
            rows.retain_mut(|row| {
                let had = row.attempts.len();
                row.attempts.retain(|attempt| attempt.number > attempts);
                had == 0 || !row.attempts.is_empty() || !row.progress.is_over()
            });
        }
        let subscriptions = state.documents(SUBSCRIPTION).map(|(account, row)| (account.name.to_string(), row)).collect();
        let posted = state.world.outbox().iter().map(|row| (Arc::clone(&row.delivery), row.at)).collect();
        let now = Some(state.world.clock().now(Timestamp::MIN));
        let forgotten = state.forgotten_deliveries().saturating_sub(forgotten) + state.world.deliveries_taken_back() > 0;
        Self { rows, forgotten, posted, now, subscriptions }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn judge(&self, machine: &Machine, wanted: &Deliveries, most: usize) -> Told {
        let (mut all, mut count, mut paused, mut under_way) = (0_u64, 0, 0_u64, 0_u64);
        let (mut ids, mut lines, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for delivery in self.rows.iter().filter(|row| row.event == wanted.event.value && !row.test) {
            all += 1;
            paused += u64::from(delivery.progress == Progress::Paused);
            match obstacle(delivery, wanted) {
                None => {
                    count += 1;
                    if ids.len() < most {
                        ids.push(delivery.id.clone());
                        lines.push(line(delivery));
                    }
                }
                Some(why) => {
                    let may_count = self.may_count(delivery, wanted);
                    under_way += u64::from(may_count);
                    if others.len() < OTHERS {
                        let why = if may_count { "it is under way" } else { &why };
                        others.push(format!("{} {}: {why}", delivery.id, line(delivery)));
                    }
                }
            }
        }
        let (unclear, doubt) = if self.forgotten { (u64::MAX, EVICTED) } else { (under_way, DELIVERY_UNDER_WAY) };
        let (verdict, mut detail) = judge_count(count, unclear, wanted.count, "delivery", doubt);
        let comes = verdict == Verdict::Unknown && !self.forgotten;
        if verdict == Verdict::Passed {
            others.clear();
        } else if count < wanted.count.min {
            detail += &match (all, paused) {
                (0, _) => self.why_none(machine, &wanted.event.value),
                (_, 0) => format!("; {all} of this event in all"),
                _ => format!("; {all} of this event in all, {paused} of them wait because their subscription is paused"),
            };
        }
        Told { verdict, detail, ids, lines, count, comes, others }
    }

    /// Whether a delivery that does not count yet has an attempt which is due, or under way, and may make it count.
    fn may_count(&self, delivery: &Delivery, wanted: &Deliveries) -> bool {
        let at = match delivery.progress {
            // What is due goes out at once.
            Progress::Waiting => match delivery.next.filter(|next| self.now.is_some_and(|now| *next <= now)) {
                Some(due) => Some(due),
                None => return false,
            },
            // What was heard of since the deliveries were read may be anything.
            Progress::Sending => self.posted.get(&*delivery.id).copied(),
            Progress::Paused | Progress::Delivered | Progress::Failed | Progress::Dropped => return false,
        };
        let is_meant = wanted.forged.is_none_or(|forged| forged == delivery.forged.is_some());
        let is_in_time = |at: Timestamp| wanted.within.is_none_or(|within| at.duration_since(delivery.created) <= within);
        is_meant && at.is_none_or(is_in_time)
    }

    /// Why there is no delivery of an event.
    fn why_none(&self, machine: &Machine, event: &str) -> String {
        let knows = |row: &Subscription| {
            let version = machine.vendors().find(row.version());
            version.is_some_and(|vendor| vendor.webhooks.events.contains(&event) && (row.names(event) || (vendor.webhooks.own)(event)))
        };
        let wants = |row: &Subscription| row.wants(&row.vendor, event) && knows(row);
        let accounts: Vec<String> = self
            .subscriptions
            .iter()
            .filter(|(_, row)| wants(row))
            .map(|(account, row)| format!("`{account}` of {}", row.version()))
            .collect();
        match accounts.first() {
            None => "; nobody is subscribed to this event".to_owned(),
            // What was sent there may be gone.
            Some(_) if self.forgotten => String::new(),
            Some(_) => format!("; it did not happen in the account that is subscribed to it: {}", accounts.join(", ")),
        }
    }
}

/// Why a delivery does not count.
fn obstacle(delivery: &Delivery, wanted: &Deliveries) -> Option<String> {
    let is_meant = |attempt: &&Attempt| wanted.forged.is_none_or(|forged| forged == attempt.forged.is_some());
    let is_in_time = |attempt: &&Attempt| wanted.within.is_none_or(|within| attempt.at.duration_since(delivery.created) <= within);
    let is_as_wanted = |status: u16| match wanted.answered {
        None => true,
        Some(Answered::Class(class)) => status / 100 == class,
        Some(Answered::Status(wanted)) => status == wanted,
    };
    // What nobody answered was not delivered, as far as anybody knows.
    let is_answered = |attempt: &&Attempt| attempt.result.status().is_some_and(is_as_wanted);
    let meant: Vec<&Attempt> = delivery.attempts.iter().filter(is_meant).collect();
    let answered: Vec<&Attempt> = meant.iter().copied().filter(is_answered).collect();
    if answered.iter().any(is_in_time) {
        return None;
    }
    let why = match (meant.is_empty(), answered.is_empty(), delivery.progress) {
        (true, ..) if !delivery.attempts.is_empty() => {
            if wanted.forged == Some(true) { "it is not forged" } else { "it is forged" }.to_owned()
        }
        (true, _, Progress::Dropped) => "the scenario drops it".to_owned(),
        (true, _, Progress::Paused) => "its subscription is paused".to_owned(),
        (true, _, Progress::Failed) => "its subscription is gone".to_owned(),
        (true, ..) => "it waits to be sent".to_owned(),
        (_, true, _) => unanswered(&meant),
        (_, false, _) => format!("later than {:#} after its event", wanted.within.unwrap_or_default()),
    };
    Some(why)
}

/// Why no attempt was answered as it should be: where there was no answer at all, what the last one met.
fn unanswered(attempts: &[&Attempt]) -> String {
    match attempts.last().map(|attempt| &attempt.result) {
        _ if attempts.iter().any(|attempt| attempt.result.status().is_some()) => "no such answer".to_owned(),
        Some(AttemptResult::Refused(why)) => format!("it was never sent: {why}"),
        Some(AttemptResult::Silent(why)) => format!("nobody answered: {why}"),
        _ => "no such answer".to_owned(),
    }
}

/// A delivery in a line: `track_updated 2026-01-05T09:00:00Z answered 401 (forged: wrong_secret), 200 (copy)`.
fn line(delivery: &Delivery) -> String {
    let mark = |forged: Forgery| format!("forged: {}", forged.member());
    // What is forged each time is said once.
    let forged = delivery.attempts.first().map_or(delivery.forged, |first| first.forged);
    let forged = forged.filter(|_| delivery.attempts.windows(2).all(|pair| pair[0].forged == pair[1].forged));
    let answer = |attempt: &Attempt| {
        let answer = match &attempt.result {
            AttemptResult::Answered { status, .. } => status.to_string(),
            AttemptResult::Silent(_) => "nothing".to_owned(),
            AttemptResult::Refused(_) => "nothing, as it was never sent".to_owned(),
        };
        attempt.forged.filter(|_| forged.is_none()).map_or_else(|| answer.clone(), |forged| format!("{answer} ({})", mark(forged)))
    };
    let mut answers: Vec<String> = delivery.attempts.iter().take(ANSWERS).map(answer).collect();
    if delivery.attempts.len() > ANSWERS {
        answers.push("…".to_owned());
    }
    let answers = if answers.is_empty() { "not sent".to_owned() } else { format!("answered {}", answers.join(", ")) };
    let marks = [
        forged.map(mark),
        delivery.copy_of.as_ref().map(|_| "copy".to_owned()),
        (delivery.progress == Progress::Paused).then(|| "paused".to_owned()),
    ];
    let marks = marks.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let marks = if marks.is_empty() { marks } else { format!(" ({marks})") };
    format!("{} {} {answers}{marks}", delivery.event, delivery.created)
}
