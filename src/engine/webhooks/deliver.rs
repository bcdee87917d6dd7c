//! How an event reaches subscribers: it becomes a delivery to each, a delivery has attempts, an attempt is a task in the agenda.
//!
//! ```text
//! Cx::notify       a delivery for each subscription to the event, rendered once   first attempt → agenda
//! due              the attempt is due                                             delivery → outbox
//! hold_due         it was held to be overtaken, and may not have been              delivery → outbox, or held on
//! (the shell sends what is in the outbox, and calls `Machine::report`)
//! record_attempt   the result is stored                                           next attempt → agenda, by the retry policy
//! ```

use std::cell::LazyCell;

use jiff::SignedDuration;
use rand::RngExt as _;
use serde::Serialize;
use serde_json::Value;

use crate::base::entropy::Rng;
use crate::base::time::{self, Timestamp};
use crate::base::{entropy, ids, trace};
use crate::engine::cx::Cx;
use crate::engine::webhooks::forgery::{self, with_wrong_secret};
use crate::engine::webhooks::{
    Attempt, AttemptResult, DELIVERY, Delivery, Event, FORGOTTEN, Forgery, Held, Message, OVER, Outbound, Pause, Progress, SUBSCRIPTION,
    Subscription,
};
use crate::world::{AccountId, Blame, Note, OutboxEntry, Task};

/// The topic of a delivery's next attempt in the agenda.
pub(crate) const ATTEMPT: &str = "webhook.attempt";

/// The host of links in payloads, since no request names one. It is replaced by the base URL of each subscription, before
/// anything is encoded.
pub(crate) const PLACEHOLDER_HOST: &str = "nowhere.invalid";

/// The topic of a look at a delivery that waits to be overtaken.
pub(crate) const HOLD: &str = "webhook.hold";

/// How long a reordered delivery is held back at most, when too few others overtake it.
const LONGEST_HOLD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long it is held back when nothing is planned in its account that others could come of; and how often that is looked at.
const SHORTEST_HOLD: SignedDuration = SignedDuration::from_mins(1);

/// How many tasks are looked at for one that others could come of.
const LOOKED_AT: usize = 1_000;

/// How many bytes of deliveries one account keeps, unless more are not over; those that were over first are removed first.
const BUDGET: usize = 32 << 20;

impl Cx<'_> {
    /// Stores a subscription of this account and returns its id; a new one gets an id.
    pub fn subscribe(&mut self, mut subscription: Subscription) -> String {
        if self.vendor.subscription_owner() != &*self.vendor.id {
            subscription.made_with.get_or_insert_with(|| self.vendor.id.to_string());
        }
        if subscription.id.is_empty() {
            subscription.vendor = self.vendor.subscription_owner().to_owned();
            let mut rng = self.webhook_rng("subscription", self.docs.count(SUBSCRIPTION) as u64);
            subscription.id = ids::hex(&mut rng, 32);
            while self.docs.has(SUBSCRIPTION, &subscription.id) {
                subscription.id = ids::hex(&mut rng, 32);
            }
            if subscription.secret.is_none() {
                let mut secrets = self.docs.world.secret().map_or_else(|| rng.clone(), |secret| entropy::secrets_at(secret, &rng));
                subscription.secret = (self.vendor.webhooks.secret)(&mut secrets);
            }
        }
        if let Some(obstacle) = self.reachability.obstacle(self.sandbox, &subscription.url) {
            let detail = format!("nothing will ever reach the subscription: {obstacle}");
            self.notes.push(Note::at(Note::WEBHOOK_UNREACHABLE, Blame::Caller, "url", detail));
        }
        self.docs.put(SUBSCRIPTION, &subscription.id, &subscription);
        subscription.id
    }

    /// Removes a subscription; whether there was one. Its pending attempts are not made.
    pub fn unsubscribe(&mut self, id: &str) -> bool {
        self.docs.remove(SUBSCRIPTION, id)
    }

    /// The subscriptions of this account, oldest first.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Subscription> {
        let mut all = self.docs.all(SUBSCRIPTION);
        all.retain(|row: &Subscription| row.vendor == self.vendor.subscription_owner());
        all
    }

    /// Whether a subscription of this account asks for an event, so that a payload is not made for nobody.
    #[must_use]
    pub fn is_subscribed(&self, event: &str) -> bool {
        self.docs.count(SUBSCRIPTION) > 0 && self.docs.list::<Subscription>(SUBSCRIPTION).any(|row| self.is_for(&row, event))
    }

    /// Whether a subscription asks for an event of this vendor: by its name, or as one of all that its version has.
    fn is_for(&self, row: &Subscription, event: &str) -> bool {
        let version = || self.vendors.iter().find(|vendor| *vendor.id == *row.version());
        row.wants(self.vendor.subscription_owner(), event)
            && (row.names(event) || version().is_none_or(|vendor| (vendor.webhooks.own)(event)))
    }

    /// Creates a delivery for each subscription of this account to an event. `subject` is the vendor's id of what it happened to.
    ///
    /// # Panics
    /// If the payload cannot be JSON.
    pub fn notify(&mut self, event: &str, subject: &str, payload: &impl Serialize) {
        self.notify_where(event, subject, payload, |_| true);
    }

    /// Like [`Cx::notify`], for those subscriptions that `concerns` says it is for.
    ///
    /// # Panics
    /// If the payload cannot be JSON.
    pub fn notify_where(&mut self, event: &str, subject: &str, payload: &impl Serialize, concerns: impl Fn(&Subscription) -> bool) {
        if self.docs.count(SUBSCRIPTION) == 0 {
            return;
        }
        let is_meant = |row: &Subscription| self.is_for(row, event) && concerns(row);
        let subscriptions: Vec<Subscription> = self.docs.list(SUBSCRIPTION).filter(is_meant).collect();
        for mut subscription in subscriptions {
            self.create_delivery(&mut subscription, event, subject, payload, false);
            self.docs.put(SUBSCRIPTION, &subscription.id, &subscription);
        }
    }

    /// Sends a test event to one subscription and returns the delivery's id.
    pub fn send_test(&mut self, id: &str, event: &str) -> Option<String> {
        let mut subscription: Subscription = self.docs.get(SUBSCRIPTION, id)?;
        let (subject, payload) = (self.vendor.webhooks.sample)(self, event);
        let delivery = self.create_delivery(&mut subscription, event, &subject, &payload, true);
        self.docs.put(SUBSCRIPTION, id, &subscription);
        Some(delivery)
    }

    /// Sends a delivery again as it should be, with all attempts of the retry policy; false when there is none, or an attempt is under way.
    pub fn redeliver(&mut self, id: &str) -> bool {
        let Some(mut delivery) = self.docs.get::<Delivery>(DELIVERY, id).filter(|row| row.progress != Progress::Sending) else {
            return false;
        };
        delivery.round = count(&delivery);
        // What is sent again is genuine.
        if delivery.forged.take() == Some(Forgery::Secret)
            && let Some(to) = self.docs.get::<Subscription>(SUBSCRIPTION, &delivery.subscription)
        {
            forgery::put_right_secret(&to, &mut delivery);
        }
        self.schedule(&mut delivery, self.now);
        true
    }

    /// Ends a pause: paused deliveries are sent now, in order. Whether there is such a subscription.
    pub fn resume(&mut self, id: &str) -> bool {
        let Some(mut subscription) = self.docs.get::<Subscription>(SUBSCRIPTION, id) else { return false };
        subscription.paused = None;
        subscription.failures = 0;
        self.docs.put(SUBSCRIPTION, id, &subscription);
        let waits = |row: &Delivery| row.subscription == id && row.progress == Progress::Paused;
        let waiting: Vec<Delivery> = self.docs.list(DELIVERY).filter(waits).collect();
        for mut delivery in waiting {
            delivery.round = count(&delivery);
            self.schedule(&mut delivery, self.now);
        }
        true
    }

    /// Stores a delivery of an event, schedules its first attempt, and returns its id.
    fn create_delivery(&mut self, to: &mut Subscription, event: &str, subject: &str, payload: &impl Serialize, test: bool) -> String {
        let mut payload = serde_json::to_value(payload).expect("payloads have text keys and are written to memory");
        let own = || if to.base.is_empty() { self.public_urls.url(self.sandbox, &self.vendor.mount) } else { to.base.clone() };
        put_links(&mut payload, &LazyCell::new(own));
        to.told += 1;
        let mut rng = self.webhook_rng(&to.id, to.told);
        let id = format!("dlv_{}", ids::hex(&mut rng, 24));
        let token = ids::uuid(&mut rng).to_string();
        let forged = if test { None } else { self.forgery(to, &mut rng) };
        let other = to_forge(to, forged);
        let notification =
            Event { subscription: other.as_ref().unwrap_or(to), event, subject, payload: &payload, token: &token, at: self.now };
        let Message { content_type, mut headers, body } = (self.vendor.webhooks.render)(&notification);
        headers.insert(0, ("Content-Type".to_owned(), content_type.to_owned()));
        headers.extend(self.trace());
        let mut delivery = Delivery {
            id: id.clone(),
            vendor: to.version().to_owned(),
            subscription: to.id.clone(),
            event: event.to_owned(),
            subject: subject.to_owned(),
            created: self.now,
            url: to.url.clone(),
            headers,
            body,
            progress: Progress::Waiting,
            next: None,
            copy_of: None,
            forged,
            test,
            number: to.told,
            round: 0,
            attempts: Vec::new(),
        };
        self.make_room();
        if test {
            self.schedule(&mut delivery, self.now);
        } else {
            self.schedule_with_chaos(to, delivery, &mut rng);
        }
        id
    }

    /// The headers that say to which trace the call belongs that causes a delivery. What comes by time has none.
    fn trace(&self) -> Vec<(String, String)> {
        let header = |name: &str| self.call.request.header(name).map(|value| (name.to_owned(), value.to_owned()));
        let Some(parent) = header(trace::PARENT).filter(|(_, value)| trace::ids(value).is_some()) else { return Vec::new() };
        let state = header(trace::STATE).filter(|(_, value)| value.len() <= trace::STATE_BYTES);
        [Some(parent), state].into_iter().flatten().collect()
    }

    /// What is wrong with a new delivery, as the scenario says; at most one thing, and none that the vendor does not have.
    fn forgery(&self, to: &Subscription, rng: &mut Rng) -> Option<Forgery> {
        let shares = self.scenario.webhook_chaos().forged;
        let drawn = Forgery::ALL.into_iter().zip(shares).filter(|(_, share)| *share > 0.0);
        let drawn: Vec<Forgery> = drawn.filter(|(_, share)| rng.random_bool(share.min(1.0))).map(|(forgery, _)| forgery).collect();
        drawn.into_iter().find(|forgery| self.vendor.webhooks.can_forge(*forgery, to))
    }

    /// Schedules a new delivery, dropped, duplicated, delayed or reordered as the scenario says.
    fn schedule_with_chaos(&mut self, to: &mut Subscription, mut delivery: Delivery, rng: &mut Rng) {
        let chaos = self.scenario.webhook_chaos();
        let mut is = |share: f64| share > 0.0 && rng.random_bool(share.min(1.0));
        let (dropped, doubled) = (is(chaos.drop), is(chaos.duplicate));
        let (least, most) = chaos.delay;
        let late = if most > least { rng.random_range(least.as_millis()..=most.as_millis()) } else { least.as_millis() };
        let at = time::shift(self.now, SignedDuration::from_millis(i64::try_from(late).unwrap_or(i64::MAX)));
        let overtaken = |rng: &mut Rng| if chaos.reorder > 0 { rng.random_range(0..=chaos.reorder) } else { 0 };
        let by = overtaken(rng);
        if dropped {
            delivery.progress = Progress::Dropped;
            self.keep(&delivery);
            return;
        }
        if doubled {
            let copy = format!("dlv_{}", ids::hex(rng, 24));
            let again = Delivery { id: copy, copy_of: Some(delivery.id.clone()), ..delivery.clone() };
            self.schedule_overtaken(to, again, at, overtaken(rng));
        }
        self.schedule_overtaken(to, delivery, at, by);
    }

    /// Schedules a new delivery, or its copy, at `at`, or behind so many others that overtake it.
    fn schedule_overtaken(&mut self, to: &mut Subscription, mut delivery: Delivery, at: Timestamp, by: u64) {
        if by > 0 {
            to.held.push(Held(delivery.id.clone(), by, delivery.number));
            self.hold(&mut delivery, time::shift(at, SHORTEST_HOLD));
        } else {
            self.schedule(&mut delivery, at);
        }
    }

    /// Stores a delivery that waits to be overtaken, until others are sent or `at`.
    fn hold(&mut self, delivery: &mut Delivery, at: Timestamp) {
        delivery.progress = Progress::Waiting;
        delivery.next = Some(at);
        self.keep(delivery);
        self.schedule_at(at, HOLD, &delivery.id, count(delivery));
    }

    /// When something happens in this account that deliveries could come of; what only ends a wait is nothing of the kind.
    fn next_planned(&self, account: AccountId) -> Option<Timestamp> {
        let tasks = self.docs.world.agenda().after(None).take(LOOKED_AT);
        let mut tasks = tasks.filter(|(_, task, waits_for_room)| task.account == account && task.topic != HOLD && !waits_for_room);
        tasks.next().map(|((at, _), ..)| at)
    }

    /// Stores a delivery whose next attempt is due at `at`.
    fn schedule(&mut self, delivery: &mut Delivery, at: Timestamp) {
        delivery.progress = Progress::Waiting;
        delivery.next = Some(at);
        self.keep(delivery);
        self.schedule_at(at, ATTEMPT, &delivery.id, count(delivery));
    }

    /// Stores a delivery as it is now.
    fn keep(&mut self, delivery: &Delivery) {
        if delivery.progress.is_over() {
            self.docs.put(OVER, &delivery.id, &());
        } else {
            self.docs.remove(OVER, &delivery.id);
        }
        self.docs.put(DELIVERY, &delivery.id, delivery);
    }

    /// Removes deliveries that are over while all exceed their budget. What is still to be sent stays.
    fn make_room(&mut self) {
        while self.docs.account().table(&DELIVERY).is_some_and(|table| table.bytes() > BUDGET) {
            let Some(oldest) = self.docs.rows(OVER).next().map(|(id, _)| id.to_owned()) else { return };
            self.docs.remove(OVER, &oldest);
            if self.docs.remove(DELIVERY, &oldest) {
                let forgotten: u64 = self.docs.get(FORGOTTEN, "count").unwrap_or_default();
                self.docs.put(FORGOTTEN, "count", &(forgotten + 1));
            }
        }
    }

    /// The random stream of a subscription, of its own so that subscriptions change no other stream.
    fn webhook_rng(&self, subscription: &str, number: u64) -> Rng {
        entropy::stream(
            self.docs.world.seed(),
            &[self.vendor.subscription_owner(), &self.docs.account().name, "webhook", subscription],
            number,
        )
    }
}

/// Puts a subscriber's base URL in place of the host that links have, before anything is encoded.
fn put_links<F: FnOnce() -> String>(payload: &mut Value, own: &LazyCell<String, F>) {
    match payload {
        Value::String(text) if text.contains(PLACEHOLDER_HOST) => *text = text.replace(&format!("http://{PLACEHOLDER_HOST}"), own),
        Value::Array(rows) => rows.iter_mut().for_each(|row| put_links(row, own)),
        Value::Object(members) => members.values_mut().for_each(|value| put_links(value, own)),
        _ => {}
    }
}

/// The subscription that a body is made for, if its secret is to be wrong.
fn to_forge(to: &Subscription, forged: Option<Forgery>) -> Option<Subscription> {
    forged.filter(|forged| *forged == Forgery::Secret).and_then(|_| with_wrong_secret(to))
}

fn count(delivery: &Delivery) -> u32 {
    u32::try_from(delivery.attempts.len()).unwrap_or(u32::MAX)
}

/// The delivery of a task, if it waits for that.
fn waiting(cx: &Cx<'_>, task: &Task) -> Option<Delivery> {
    let fits = |row: &Delivery| row.progress == Progress::Waiting && count(row) == task.step && row.next.is_some_and(|at| at <= cx.now);
    cx.docs.get::<Delivery>(DELIVERY, &task.subject).filter(fits)
}

/// An attempt is due: its delivery goes to the outbox, unless the attempt was made meanwhile or the subscription is gone or paused.
pub(crate) fn due(cx: &mut Cx<'_>, task: &Task) {
    if let Some(delivery) = waiting(cx, task) {
        send(cx, task, delivery);
    }
}

/// A delivery that waits to be overtaken is looked at: it waits on while something is planned, and else is sent.
pub(crate) fn hold_due(cx: &mut Cx<'_>, task: &Task) {
    let Some(mut delivery) = waiting(cx, task) else { return };
    let last = time::shift(delivery.created, LONGEST_HOLD);
    if let Some(next) = cx.next_planned(task.account).filter(|_| cx.now < last) {
        cx.hold(&mut delivery, next.max(time::shift(cx.now, SHORTEST_HOLD)).min(last));
        return;
    }
    if let Some(mut to) = cx.docs.get::<Subscription>(SUBSCRIPTION, &delivery.subscription) {
        to.held.retain(|Held(id, ..)| *id != delivery.id);
        cx.docs.put(SUBSCRIPTION, &to.id, &to);
    }
    send(cx, task, delivery);
}

/// Puts a delivery into the outbox, and behind it those that it is the last to overtake.
fn send(cx: &mut Cx<'_>, task: &Task, delivery: Delivery) {
    let mut next = Some(delivery);
    while let Some(mut delivery) = next.take() {
        delivery.next = None;
        let mut to = cx.docs.get::<Subscription>(SUBSCRIPTION, &delivery.subscription);
        match &to {
            Some(to) if to.paused.is_some() && !delivery.test => delivery.progress = Progress::Paused,
            Some(_) => {
                delivery.progress = Progress::Sending;
                let (account, vendor) = (task.account, task.vendor.clone());
                cx.docs.world.post(OutboxEntry { at: cx.now, account, vendor, delivery: delivery.id.as_str().into() });
            }
            None => delivery.progress = Progress::Failed,
        }
        cx.keep(&delivery);
        let is_first = delivery.attempts.is_empty() && !delivery.test;
        if let Some(to) = to.as_mut().filter(|to| is_first && !to.held.is_empty()) {
            to.held
                .iter_mut()
                .filter(|Held(_, _, number)| *number < delivery.number)
                .for_each(|Held(_, left, _)| *left = left.saturating_sub(1));
            while let Some(index) = to.held.iter().position(|Held(_, left, _)| *left == 0).filter(|_| next.is_none()) {
                let Held(id, ..) = to.held.remove(index);
                let is_held = |row: &Delivery| row.progress == Progress::Waiting && row.attempts.is_empty();
                next = cx.docs.get::<Delivery>(DELIVERY, &id).filter(is_held);
            }
            cx.docs.put(SUBSCRIPTION, &to.id, &*to);
        }
    }
}

/// The request for a delivery in the outbox; `None`, and the delivery has failed, when its subscription is gone.
pub(crate) fn outbound(cx: &mut Cx<'_>, posted: &OutboxEntry, epoch: u64) -> Option<Outbound> {
    let mut delivery = cx.docs.get::<Delivery>(DELIVERY, &posted.delivery).filter(|row| row.progress == Progress::Sending)?;
    let Some(subscription) = cx.docs.get::<Subscription>(SUBSCRIPTION, &delivery.subscription) else {
        delivery.progress = Progress::Failed;
        cx.keep(&delivery);
        return None;
    };
    let webhooks = &cx.vendor.webhooks;
    let signed = webhooks.signed(&subscription, &delivery.body, posted.at, delivery.forged);
    Some(Outbound {
        attempt: count(&delivery),
        delivery: delivery.id,
        epoch,
        account: posted.account,
        vendor: posted.vendor.clone(),
        subscription: delivery.subscription,
        at: posted.at,
        url: delivery.url,
        headers: delivery.headers,
        signed,
        body: delivery.body,
        timeout: webhooks.policy.timeout,
    })
}

/// Stores the result of an attempt, and schedules the next one by the retry policy.
pub(crate) fn record_attempt(cx: &mut Cx<'_>, outbound: &Outbound, result: &AttemptResult) {
    let (id, at) = (&outbound.delivery, outbound.at);
    let Some(mut delivery) = cx.docs.get::<Delivery>(DELIVERY, id).filter(|row| row.progress == Progress::Sending) else { return };
    let policy = &cx.vendor.webhooks.policy;
    let earlier = count(&delivery) - delivery.round.min(count(&delivery));
    let (headers, forged) = (outbound.signed.iter().cloned().collect(), delivery.forged);
    let number = cx.docs.world.count_attempt();
    delivery.attempts.push(Attempt { at, number, headers, forged, result: result.clone() });
    let backoff = (policy.backoff)(&delivery.event).get(earlier as usize).filter(|_| !delivery.test);
    let backoff = match result {
        _ if result.is_taken() => None,
        AttemptResult::Answered { status: 410, .. } | AttemptResult::Refused(_) => None,
        AttemptResult::Answered { .. } if !policy.retries_answers => None,
        AttemptResult::Answered { .. } | AttemptResult::Silent(_) => backoff,
    };
    // What the vendor would not have sent changes nothing about the subscription.
    let counts = !delivery.test && forged.is_none();
    if let Some(mut subscription) = cx.docs.get::<Subscription>(SUBSCRIPTION, &delivery.subscription).filter(|_| counts) {
        if result.is_taken() {
            subscription.failures = 0;
        } else {
            subscription.failures += 1;
            if result.status() == Some(410) {
                subscription.paused = Some(Pause::Gone);
            } else if policy.pause_after.is_some_and(|most| subscription.failures >= most) {
                subscription.paused = Some(Pause::Failures);
            }
        }
        cx.docs.put(SUBSCRIPTION, &subscription.id, &subscription);
    }
    match backoff {
        Some(seconds) => cx.schedule(&mut delivery, time::shift(at, SignedDuration::from_secs(i64::from(*seconds)))),
        None => {
            delivery.progress = if result.is_taken() { Progress::Delivered } else { Progress::Failed };
            cx.keep(&delivery);
        }
    }
}
