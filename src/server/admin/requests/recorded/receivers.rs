//! Webhooks of a conversation: who subscribed beside its calls, and what was delivered by and by. All receivers of a sandbox are the
//! one of the conversation.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::wording::{FORM, INBOX, Links, Wording};
use crate::base::time::Timestamp;
use crate::engine::webhooks::{Attempt, AttemptResult, Delivery, Format, Progress, SUBSCRIPTION, Subscription};
use crate::engine::{self, Machine, Sandbox, Vendor};
use crate::scenario::{run, story};
use crate::world::{self, Deed, LogLine};

pub(super) struct Receivers {
    /// What was done beside the calls, in order.
    acts: VecDeque<Act>,
    /// The account that a subscription is for unless it says another, by vendor.
    usual_accounts: BTreeMap<String, Arc<str>>,
    /// What each subscription was given as the base of its links.
    bases: BTreeMap<String, String>,
    /// Where links of webhooks lead without one.
    usual: String,
    /// What was delivered and answered, in order.
    came: Vec<(Timestamp, Delivery)>,
    /// How much of that is told.
    told: usize,
    /// How many were not answered yet.
    under_way: usize,
    addresses: Vec<Address>,
    /// Where webhooks go by subscriptions that `given` makes again: no step receives them.
    pub given: Vec<String>,
}

/// A receiver that was sent webhooks, or is subscribed by a step. Each step has one of its own, as when it is played; what calls subscribe
/// is answered by one for each URL.
struct Address {
    url: String,
    /// The subscription of the step.
    of_step: Option<String>,
    /// What conversations have in its place.
    own: String,
    /// What it answered in turn, where that is not always the usual thing.
    answers: Vec<Option<u64>>,
}

/// Something that was done to the sandbox beside its calls.
struct Act {
    /// The number of the last call before it.
    after: u64,
    at: Timestamp,
    done: Done,
}

enum Done {
    /// A subscription of an account, with the name that it is ended by later.
    Subscribed(Box<Subscription>, String, Option<String>),
    Unsubscribed(String),
    /// Something that conversations have no step for.
    Other(String),
}

impl Receivers {
    /// The receivers of some calls; `plays_given` where the conversation makes again what `given` has made.
    pub fn of(machine: &Machine, sandbox: &Sandbox, mount: &str, rows: &[Arc<world::Entry>], plays_given: bool) -> Self {
        let is_ours = |vendor: &str| machine.vendors().find(vendor).is_some_and(|vendor| vendor.mount == *mount);
        let state = sandbox.lock();
        let accounts = state.initial.accounts().iter();
        let first = accounts.flat_map(|(_, account)| account.rows(&SUBSCRIPTION));
        let first: BTreeMap<String, Option<Subscription>> =
            first.map(|(id, row)| (id.to_owned(), serde_json::from_str(row).ok())).collect();
        let scenario = run::scenario_of(&*state.scenario);
        let found = state.documents::<Subscription>(SUBSCRIPTION);
        let mut subscriptions: Vec<(String, Subscription)> = found.map(|(account, row)| (account.name.to_string(), row)).collect();
        drop(state);
        // All others that a sandbox began with are those of `subscriptions`.
        let is_asked =
            |made: &Subscription| scenario.subscriptions.iter().any(|row| row.url.value == made.url && row.vendor.value == made.version());
        let given = first.iter().filter_map(|(id, row)| Some((id.as_str(), row.as_ref()?)));
        let given: BTreeMap<&str, &Subscription> = given.filter(|(_, row)| plays_given && !is_asked(row)).collect();
        subscriptions.retain(|(_, row)| is_ours(&row.vendor) && !given.contains_key(&*row.id));
        let mut deliveries = sandbox.deliveries();
        deliveries.retain(|row| is_ours(&row.vendor) && !row.test && !given.contains_key(&*row.subscription));
        let under_way = deliveries.iter().filter(|row| row.progress == Progress::Sending).count();
        let mut came = Vec::new();
        let mut attempts: Vec<((Timestamp, u64), &Delivery, Option<u16>)> = Vec::new();
        for row in &deliveries {
            // What was sent once more by hand comes without anybody's doing in no conversation.
            let by_itself = if row.round == 0 { usize::MAX } else { row.round as usize };
            for Attempt { at, number, result, .. } in row.attempts.iter().take(by_itself) {
                // What was refused was never sent; its address is as it is.
                if matches!(result, AttemptResult::Refused(_)) {
                    continue;
                }
                attempts.push(((*at, *number), row, result.status()));
                if result.status().is_some() {
                    came.push(((*at, *number), row.clone()));
                }
            }
        }
        came.sort_by_key(|(order, _)| *order);
        attempts.sort_by_key(|(order, ..)| *order);
        let came = came.into_iter().map(|((at, _), row)| (at, row)).collect();
        let mut bases: BTreeMap<String, String> = subscriptions.iter().map(|(_, row)| (row.id.clone(), row.base.clone())).collect();
        let acts = acts(sandbox, rows, subscriptions, &first, &is_ours);
        let subscribed = acts.iter().filter_map(|act| if let Done::Subscribed(row, ..) = &act.done { Some(&**row) } else { None });
        // What is done before all calls is done by the first steps.
        let by_steps: BTreeMap<&str, (usize, &Subscription)> = (1..).zip(subscribed).map(|step| (&*step.1.id, step)).collect();
        bases.extend(by_steps.values().map(|(_, row)| (row.id.clone(), row.base.clone())));
        let mut answers: BTreeMap<(&str, Option<&str>), Vec<Option<u16>>> = BTreeMap::new();
        for (_, sent, answer) in attempts {
            let step = by_steps.get(&*sent.subscription).filter(|(_, row)| row.url == sent.url);
            answers.entry((&sent.url, step.map(|(_, row)| &*row.id))).or_default().push(answer);
        }
        for (_, row) in by_steps.values() {
            answers.entry((&row.url, Some(&row.id))).or_default();
        }
        let receiver = |(index, ((url, step), answers)): (usize, ((&str, Option<&str>), Vec<_>))| {
            let number = step.and_then(|id| by_steps.get(id)).map(|(number, _)| number.to_string());
            Address::of(url, step, &answers, &number.unwrap_or_else(|| format!("of-calls-{index}")))
        };
        // Those of calls come first of a URL: calls say it.
        let mut addresses: Vec<Address> = answers.into_iter().enumerate().map(receiver).collect();
        // The longest first: one may be a part of another.
        addresses.sort_by_key(|address| std::cmp::Reverse(address.url.len()));
        let credentials = sandbox.lock().world.accounts().credentials(mount);
        let vendors = machine.vendors().all().iter().filter(|vendor| vendor.mount == *mount);
        let usual = |vendor: &Arc<Vendor>| Some((vendor.id.to_string(), (vendor.works_in)(credentials.first()?)));
        let usual_accounts = vendors.filter_map(usual).collect();
        let usual = machine.public_urls().url(&sandbox.name, mount);
        let mut given: Vec<String> = given.into_values().map(|row| row.url.clone()).filter(|url| !url.is_empty()).collect();
        // The longest first, as above.
        given.sort_by_key(|url| std::cmp::Reverse(url.len()));
        Self { acts: acts.into(), usual_accounts, bases, usual, came, told: 0, under_way, addresses, given }
    }

    /// Addresses of receivers that were sent anything, or are subscribed by a step, with what conversations have in their place.
    pub fn addresses(&self) -> Vec<(String, String)> {
        self.addresses.iter().filter(|row| row.url != row.own).map(|row| (row.url.clone(), row.own.clone())).collect()
    }

    /// When the last webhook came.
    pub fn last(&self) -> Option<Timestamp> {
        self.came.last().map(|(at, _)| *at)
    }

    /// How many webhooks are on their way, of which nothing can be told yet.
    pub fn under_way(&self) -> usize {
        self.under_way
    }

    /// How many things were done for which there is no step.
    pub fn others(&self) -> usize {
        self.acts.iter().filter(|act| matches!(act.done, Done::Other(_))).count()
    }

    /// When the next thing was done that was done before the call with a number.
    pub fn next(&self, number: u64) -> Option<Timestamp> {
        self.acts.front().filter(|act| act.after < number).map(|act| act.at)
    }

    /// Writes the step of the next thing that was done.
    pub fn act(&mut self, shows_secrets: bool, out: &mut String) {
        let Some(act) = self.acts.pop_front() else { return };
        let _ = match act.done {
            Done::Subscribed(row, account, name) => {
                writeln!(out, "  - subscribe: {}", Value::Object(self.subscribe(*row, account, name, shows_secrets)))
            }
            Done::Unsubscribed(name) => writeln!(out, "  - unsubscribe: {}", json!(name)),
            Done::Other(what) => writeln!(out, "  # Here {what}; a conversation has no step for that, and what follows may differ."),
        };
    }

    fn subscribe(&self, row: Subscription, account: String, name: Option<String>, shows_secrets: bool) -> Map<String, Value> {
        let mut subscribe = Map::from_iter([("vendor".to_owned(), Value::from(row.version()))]);
        if self.usual_accounts.get(row.version()).is_none_or(|usual| **usual != *account) {
            subscribe.insert("account".to_owned(), account.into());
        }
        if row.events.iter().all(|event| event != "*") {
            subscribe.insert("events".to_owned(), row.events.into());
        }
        if row.format == Format::Form {
            subscribe.insert("format".to_owned(), "form".into());
        }
        if let Some(secret) = row.secret.filter(|_| shows_secrets) {
            subscribe.insert("secret".to_owned(), secret.into());
        }
        let own = self.addresses.iter().find(|address| address.of_step.as_ref() == Some(&row.id));
        let answers = own.map_or(&[][..], |address| &address.answers);
        let mut words = answers.iter().map(|answer| answer.map_or_else(|| "none".into(), Value::from));
        let answers = if words.len() > 1 { Some(words.collect()) } else { words.next() };
        subscribe.extend(answers.map(|answers| ("answers".to_owned(), answers)));
        subscribe.extend(name.map(|name| ("as".to_owned(), name.into())));
        subscribe
    }

    /// Tells what came until then and was not told yet.
    pub fn told(&mut self, until: Timestamp, shows_secrets: bool, wording: &Wording<'_>, out: &mut String) {
        let rows = self.came[self.told..].iter().take_while(|(at, _)| *at <= until);
        let told: Vec<Value> = rows.map(|(_, row)| self.webhook(row, shows_secrets, wording)).collect();
        if told.is_empty() {
            return;
        }
        self.told += told.len();
        out.push_str("  - receives:\n");
        for row in told {
            let _ = writeln!(out, "      - {row}");
        }
    }

    fn webhook(&self, row: &Delivery, shows_secrets: bool, wording: &Wording<'_>) -> Value {
        let base = self.bases.get(&row.subscription).filter(|base| !base.is_empty()).unwrap_or(&self.usual);
        let links = Links::below(base);
        let mut told = json!({"event": row.event, "subject": wording.text(&links, &row.subject)});
        if !shows_secrets {
            return told;
        }
        let kind = row.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map_or("", |(_, kind)| kind);
        if let Ok(body) = serde_json::from_str::<Value>(&row.body) {
            told["json"] = wording.told(&links, body);
        } else if kind.starts_with(FORM) {
            let form: Map<String, Value> = engine::pairs(&row.body).into_iter().map(|(name, value)| (name, value.into())).collect();
            told["form"] = wording.told(&links, form.into());
        }
        told
    }
}

/// What was done beside the calls, by the log of the sandbox. That says nothing of subscriptions that the sandbox began with, by a scenario
/// or a file: those are made first. All others were made by calls.
fn acts(
    sandbox: &Sandbox,
    rows: &[Arc<world::Entry>],
    mut subscriptions: Vec<(String, Subscription)>,
    first_ones: &BTreeMap<String, Option<Subscription>>,
    is_ours: &dyn Fn(&str) -> bool,
) -> Vec<Act> {
    let log = sandbox.deeds.all();
    let is_beginning = |line: &LogLine| matches!(line.what, Deed::Reset | Deed::Imported | Deed::Scenario);
    let begin = log.iter().rposition(is_beginning).map_or(0, |index| index + 1);
    let (mut acts, mut names) = (Vec::new(), BTreeMap::new());
    let removed: BTreeSet<&str> =
        log[begin..].iter().filter(|line| line.what == Deed::Unsubscribed).filter_map(|line| line.name.as_deref()).collect();
    let first = rows.first().map_or(0, |row| row.number);
    for (index, line) in log.iter().enumerate() {
        let id = line.name.as_deref().unwrap_or_default();
        let done = match line.what {
            _ if index < begin && line.what != Deed::Scenario => continue,
            Deed::Subscribed => {
                let known = subscriptions.iter().position(|(_, row)| row.id == id).map(|index| subscriptions.remove(index));
                let Some((account, row)) = known.or_else(|| described(line)).filter(|(_, row)| is_ours(&row.vendor)) else { continue };
                let name = removed.contains(id).then(|| format!("subscription_{}", names.len() + 1));
                names.extend(name.clone().map(|name| (id, name)));
                Done::Subscribed(Box::new(row), account, name)
            }
            Deed::Unsubscribed => match names.get(id) {
                Some(name) => Done::Unsubscribed(name.clone()),
                None if line.after < first => continue,
                None => Done::Other(format!("a subscription that no step makes was removed ({id})")),
            },
            _ => match other(line).filter(|_| line.after >= first) {
                Some(what) => Done::Other(what),
                None => continue,
            },
        };
        acts.push(Act { after: line.after, at: line.at, done });
    }
    subscriptions.retain(|(_, row)| first_ones.contains_key(&row.id));
    for (account, row) in subscriptions {
        let before = rows[..rows.partition_point(|call| call.at < row.created)].last();
        let (after, at) = (before.map_or(0, |call| call.number), row.created);
        acts.push(Act { after, at, done: Done::Subscribed(Box::new(row), account, None) });
    }
    acts.sort_by_key(|act| (act.after.max(first.saturating_sub(1)), act.at));
    acts
}

/// What conversations have no step for, as a part of a sentence. Names are quoted: they may have lines.
fn other(line: &LogLine) -> Option<String> {
    let name = json!(line.name.as_deref().unwrap_or_default());
    match line.what {
        Deed::SnapshotRestored => Some(format!("the snapshot {name} was restored")),
        Deed::Scenario => Some(format!("the scenario {name} came to work")),
        Deed::Parcel => Some(format!("the parcel {name} was moved by hand: {}", line.detail.as_ref().unwrap_or(&Value::Null))),
        Deed::Sent => Some(format!("webhooks were sent by hand, of {name}")),
        _ => None,
    }
}

/// A subscription that is not there any more, as the log has it.
fn described(line: &LogLine) -> Option<(String, Subscription)> {
    let detail = line.detail.as_ref()?;
    let text = |name: &str| detail[name].as_str().map(str::to_owned);
    let events = detail["events"].as_array()?.iter().filter_map(|event| event.as_str().map(str::to_owned)).collect();
    let row = Subscription {
        id: line.name.clone()?,
        vendor: text("vendor")?,
        format: serde_json::from_value(detail["format"].clone()).ok()?,
        secret: text("secret"),
        base: text("base")?,
        ..Subscription::new(text("url")?, events, line.at)
    };
    Some((text("account")?, row))
}

impl Address {
    /// A receiver that answers as the one at an address did; `name` tells it from others.
    fn of(url: &str, of_step: Option<&str>, answers: &[Option<u16>], name: &str) -> Self {
        let mut answers: Vec<Option<u64>> = answers.iter().map(|status| status.map(u64::from)).collect();
        while let [.., before, last] = &*answers
            && before == last
        {
            answers.pop();
        }
        if let [Some(200..=299)] = &*answers {
            answers.clear();
        }
        let own = format!("{INBOX}{}", story::answering(&answers, name));
        Self { url: url.to_owned(), of_step: of_step.map(str::to_owned), own, answers }
    }
}
