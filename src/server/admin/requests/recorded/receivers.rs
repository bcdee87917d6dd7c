//! Webhooks of a conversation: who subscribed beside its calls, and what was delivered by and by. All receivers of a sandbox are the
//! one of the conversation.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::wording::{FORM, INBOX, Links, Wording};
use crate::base::time::Timestamp;
use crate::engine::webhooks::{Attempt, Delivery, Format, SUBSCRIPTION, Subscription};
use crate::engine::{self, Machine, Sandbox};
use crate::world;

pub(super) struct Receivers {
    /// Those that no call of the conversation made, by the index of the call that they were there for first; with the names
    /// of their accounts.
    unmade: Vec<(usize, String, Subscription)>,
    /// The account that a subscription is for unless it says another.
    first_account: String,
    /// What each subscription was given as the base of its links.
    bases: BTreeMap<String, String>,
    /// Where links of webhooks lead without one.
    usual: String,
    /// What was delivered and answered, in order.
    came: Vec<(Timestamp, Delivery)>,
    /// How much of that is told.
    told: usize,
    addresses: Vec<(String, String)>,
}

impl Receivers {
    pub fn of(machine: &Machine, sandbox: &Sandbox, mount: &str, rows: &[Arc<world::Entry>]) -> Self {
        let is_ours = |vendor: &str| machine.vendors().find(vendor).is_some_and(|vendor| vendor.mount == *mount);
        let state = sandbox.lock();
        let found = state.documents::<Subscription>(SUBSCRIPTION);
        let mut subscriptions: Vec<(String, Subscription)> = found.map(|(account, row)| (account.name.to_string(), row)).collect();
        drop(state);
        subscriptions.retain(|(_, row)| is_ours(&row.vendor));
        subscriptions.sort_by_key(|(_, row)| row.created);
        let mut deliveries = sandbox.deliveries();
        deliveries.retain(|row| is_ours(&row.vendor));
        let mut came = Vec::new();
        let mut addresses: BTreeMap<String, u16> = BTreeMap::new();
        for row in &deliveries {
            for Attempt { at, result, .. } in &row.attempts {
                let Some(status) = result.status() else { continue };
                came.push((*at, row.clone()));
                addresses.entry(row.url.clone()).or_insert(status);
            }
        }
        came.sort_by_key(|(at, _)| *at);
        // The longest first: one may be a part of another.
        let mut addresses: Vec<(String, String)> =
            addresses.into_iter().map(|(url, status)| (url.clone(), receiver(&url, status))).filter(|(url, own)| url != own).collect();
        addresses.sort_by_key(|(url, _)| std::cmp::Reverse(url.len()));
        let bodies: Vec<String> = rows.iter().map(|row| plain(&row.request.body)).collect();
        let bases = subscriptions.iter().map(|(_, row)| (row.id.clone(), row.base.clone())).collect();
        subscriptions.retain(|(_, row)| !bodies.iter().any(|body| body.contains(&row.url)));
        let unmade = subscriptions.into_iter().map(|(account, row)| (first_call(&row, &deliveries, rows), account, row)).collect();
        let credentials = sandbox.lock().world.accounts().credentials(mount);
        let first_account = credentials.first().map(|row| row.account.to_string()).unwrap_or_default();
        let usual = machine.public_urls().url(&sandbox.name, mount);
        Self { unmade, first_account, bases, usual, came, told: 0, addresses }
    }

    /// Addresses of receivers that answered, with what conversations have in their place.
    pub fn addresses(&self) -> Vec<(String, String)> {
        self.addresses.clone()
    }

    /// When the last webhook came.
    pub fn last(&self) -> Option<Timestamp> {
        self.came.last().map(|(at, _)| *at)
    }

    /// Subscribes those that had done so when the call with an index was made.
    pub fn subscribe(&mut self, index: usize, shows_secrets: bool, out: &mut String) {
        let count = self.unmade.iter().take_while(|(call, ..)| *call <= index).count();
        for (_, account, row) in self.unmade.drain(..count) {
            let mut subscribe = Map::from_iter([("vendor".to_owned(), Value::from(row.vendor))]);
            if account != self.first_account {
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
            let own = self.addresses.iter().find(|(url, _)| *url == row.url).map_or(INBOX, |(_, own)| own);
            if let Some(status) = own.rsplit_once("status=").and_then(|(_, status)| status.parse::<u16>().ok()) {
                subscribe.insert("answers".to_owned(), status.into());
            }
            let _ = writeln!(out, "  - subscribe: {}", Value::Object(subscribe));
        }
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

/// The index of the first call that a subscription was there for. Where the clock stands still, what was delivered tells it.
fn first_call(subscription: &Subscription, deliveries: &[Delivery], rows: &[Arc<world::Entry>]) -> usize {
    let begin = rows.partition_point(|row| row.at < subscription.created);
    let end = rows.partition_point(|row| row.at <= subscription.created);
    let first = deliveries.iter().filter(|row| row.subscription == subscription.id).min_by_key(|row| row.created);
    match first {
        // It would have been told of those calls.
        Some(first) if first.created > subscription.created && subscription.events.iter().any(|event| event == "*") => end,
        Some(first) => {
            let tells = |row: &Arc<world::Entry>| {
                [&row.request.body, &row.answer.body].into_iter().any(|body| plain(body).contains(&first.subject))
            };
            begin + rows[begin..end].iter().position(tells).unwrap_or_default()
        }
        None => begin,
    }
}

/// A receiver that answers as the one at an address did.
fn receiver(url: &str, status: u16) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let is_inbox = base.contains("/_seatrial/inbox/") || base.starts_with("inbox://");
    match (is_inbox, query) {
        (true, "") => INBOX.to_owned(),
        (true, query) => format!("{INBOX}?{query}"),
        (false, _) if (200..300).contains(&status) => INBOX.to_owned(),
        (false, _) => format!("{INBOX}?status={status}"),
    }
}

/// What was sent, without the escapes of JSON and of forms that addresses may have.
fn plain(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body).replace("\\/", "/");
    percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
}
