//! What is told to subscribers: a notice becomes a delivery, a delivery has attempts, an attempt is a task in the agenda.
//!
//! ```text
//! Cx::notify   who hears it; worded once, stored as a delivery          first attempt → agenda
//! due          the attempt's time has come                              delivery → outbox
//! (the shell takes the outbox, sends, and comes back with `Machine::report`)
//! told         the attempt is written down                              next attempt → agenda, by the vendor's patience
//! ```

use jiff::SignedDuration;
use rand::RngExt as _;
use serde::Serialize;

use crate::base::entropy::Rng;
use crate::base::time::{self, Timestamp};
use crate::base::{entropy, ids};
use crate::engine::cx::Cx;
use crate::engine::webhooks::{
    Attempt, AttemptResult, DELIVERY, Delivery, Event, FORGOTTEN, Message, Outbound, Pause, Progress, SUBSCRIPTION, Subscription,
};
use crate::world::{OutboxEntry, Task};

/// The topic of a delivery's next attempt in the agenda.
pub(crate) const ATTEMPT: &str = "webhook.attempt";

/// The host of links that are made while nobody asks. Each subscriber gets its own in its place.
pub(crate) const NOWHERE: &str = "nowhere.invalid";

/// How long a delivery waits to be overtaken before it goes all the same.
const PATIENCE: SignedDuration = SignedDuration::from_mins(1);

/// How many bytes of deliveries one account keeps; the oldest that are over make room.
const BUDGET: usize = 32 << 20;

impl Cx<'_> {
    /// Stores a subscription of this account, a new one under an id of its own; the id.
    pub fn subscribe(&mut self, mut subscription: Subscription) -> String {
        if subscription.id.is_empty() {
            subscription.vendor = self.vendor.subscription_owner().to_owned();
            let mut rng = self.webhook_rng("subscription", self.docs.count(SUBSCRIPTION) as u64);
            subscription.id = ids::hex(&mut rng, 32);
            while self.docs.has(SUBSCRIPTION, &subscription.id) {
                subscription.id = ids::hex(&mut rng, 32);
            }
            if subscription.secret.is_none() {
                subscription.secret = (self.vendor.webhooks.secret)(&mut rng);
            }
        }
        self.docs.put(SUBSCRIPTION, &subscription.id, &subscription);
        subscription.id
    }

    /// Removes a subscription; whether there was one. What waits for it lapses.
    pub fn unsubscribe(&mut self, id: &str) -> bool {
        self.docs.remove(SUBSCRIPTION, id)
    }

    /// The subscriptions of this account, oldest first.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.docs.list(SUBSCRIPTION).filter(|row: &Subscription| row.vendor == self.vendor.subscription_owner()).collect()
    }

    /// Whether anybody hears an event; for what is dear to word.
    #[must_use]
    pub fn is_heard(&self, event: &str) -> bool {
        self.docs.count(SUBSCRIPTION) > 0
            && self.docs.list::<Subscription>(SUBSCRIPTION).any(|row| row.hears(self.vendor.subscription_owner(), event))
    }

    /// Tells everybody of this account who hears an event. `subject` is the vendor's id of what it happened to.
    ///
    /// # Panics
    /// If the payload cannot be JSON.
    pub fn notify(&mut self, event: &str, subject: &str, payload: &impl Serialize) {
        if self.docs.count(SUBSCRIPTION) == 0 {
            return;
        }
        let hearing: Vec<Subscription> =
            self.docs.list(SUBSCRIPTION).filter(|row: &Subscription| row.hears(self.vendor.subscription_owner(), event)).collect();
        for mut subscription in hearing {
            self.tell(&mut subscription, event, subject, payload, false);
            self.docs.put(SUBSCRIPTION, &subscription.id, &subscription);
        }
    }

    /// Sends a test event to one subscription; the delivery's id.
    pub fn try_out(&mut self, id: &str, event: &str) -> Option<String> {
        let mut subscription: Subscription = self.docs.get(SUBSCRIPTION, id)?;
        let (subject, payload) = (self.vendor.webhooks.sample)(self, event);
        let delivery = self.tell(&mut subscription, event, &subject, &payload, true);
        self.docs.put(SUBSCRIPTION, id, &subscription);
        Some(delivery)
    }

    /// Sends a delivery again, with the vendor's whole patience; whether there is one that can be sent.
    pub fn redeliver(&mut self, id: &str) -> bool {
        let Some(mut delivery) = self.docs.get::<Delivery>(DELIVERY, id).filter(|row| row.progress != Progress::Sending) else {
            return false;
        };
        delivery.round = count(&delivery);
        self.schedule(&mut delivery, self.now);
        true
    }

    /// Ends a pause: what waited is told now, in order. Whether there is such a subscription.
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

    /// Makes a delivery of a notice, and writes its first attempt into the agenda; the id.
    fn tell(&mut self, to: &mut Subscription, event: &str, subject: &str, payload: &impl Serialize, test: bool) -> String {
        let payload = serde_json::to_value(payload).expect("payloads have text keys and are written to memory");
        to.told += 1;
        let mut rng = self.webhook_rng(&to.id, to.told);
        let id = format!("dlv_{}", ids::hex(&mut rng, 24));
        let token = ids::uuid(&mut rng).to_string();
        let notice = Event { subscription: to, event, subject, payload: &payload, token: &token, at: self.now };
        let Message { content_type, mut headers, mut body } = (self.vendor.webhooks.render)(&notice);
        if body.contains(NOWHERE) {
            let own = if to.base.is_empty() { self.public_urls.url(self.sandbox, &self.vendor.mount) } else { to.base.clone() };
            body = body.replace(&format!("http://{NOWHERE}"), &own);
        }
        headers.insert(0, ("content-type".to_owned(), content_type.to_owned()));
        let mut delivery = Delivery {
            id: id.clone(),
            vendor: to.vendor.clone(),
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
            test,
            round: 0,
            attempts: Vec::new(),
        };
        self.make_room();
        if test {
            self.schedule(&mut delivery, self.now);
        } else {
            self.release(to);
            self.disturb(to, delivery, &mut rng);
        }
        id
    }

    /// Schedules a new delivery as the scenario disturbs it.
    fn disturb(&mut self, to: &mut Subscription, mut delivery: Delivery, rng: &mut Rng) {
        let chaos = self.script.webhook_chaos();
        let mut is = |share: f64| share > 0.0 && rng.random_bool(share.min(1.0));
        let (dropped, doubled) = (is(chaos.drop), is(chaos.duplicate));
        let (least, most) = chaos.delay;
        let late = if most > least { rng.random_range(least.as_millis()..=most.as_millis()) } else { least.as_millis() };
        let at = time::shift(self.now, SignedDuration::from_millis(i64::try_from(late).unwrap_or(i64::MAX)));
        let overtaken = if chaos.reorder > 0 { rng.random_range(0..=chaos.reorder) } else { 0 };
        if doubled && !dropped {
            let copy = format!("dlv_{}", ids::hex(rng, 24));
            let mut again = Delivery { id: copy, copy_of: Some(delivery.id.clone()), ..delivery.clone() };
            self.schedule(&mut again, at);
        }
        if dropped {
            delivery.progress = Progress::Dropped;
            self.docs.put(DELIVERY, &delivery.id, &delivery);
        } else if overtaken > 0 {
            to.held.push((delivery.id.clone(), overtaken));
            self.schedule(&mut delivery, time::shift(at, PATIENCE));
        } else {
            self.schedule(&mut delivery, at);
        }
    }

    /// Lets go of what has been overtaken often enough, counting the notice that comes now.
    fn release(&mut self, to: &mut Subscription) {
        let (mut kept, mut free) = (Vec::new(), Vec::new());
        for (id, left) in to.held.drain(..) {
            if left > 1 { kept.push((id, left - 1)) } else { free.push(id) }
        }
        to.held = kept;
        for id in free {
            if let Some(mut delivery) = self.docs.get::<Delivery>(DELIVERY, &id).filter(|row| row.attempts.is_empty()) {
                // After the one that overtakes it, which is due at this very instant.
                self.schedule(&mut delivery, time::shift(self.now, SignedDuration::from_millis(1)));
            }
        }
    }

    /// Stores a delivery whose next attempt is due at `at`.
    fn schedule(&mut self, delivery: &mut Delivery, at: Timestamp) {
        delivery.progress = Progress::Waiting;
        delivery.next = Some(at);
        self.docs.put(DELIVERY, &delivery.id, delivery);
        self.schedule_at(at, ATTEMPT, &delivery.id, count(delivery));
    }

    /// Forgets the oldest deliveries, those first that are over, once they are too many.
    fn make_room(&mut self) {
        while self.docs.account().table(&DELIVERY).is_some_and(|table| table.bytes() > BUDGET) {
            let over = |(id, body): (&str, &[u8])| {
                serde_json::from_slice::<Delivery>(body).is_ok_and(|row| row.progress.is_over()).then(|| id.to_owned())
            };
            let oldest = self.docs.rows(DELIVERY).take(64).find_map(over);
            let Some(oldest) = oldest.or_else(|| self.docs.rows(DELIVERY).next().map(|(id, _)| id.to_owned())) else { return };
            self.docs.remove(DELIVERY, &oldest);
            let forgotten: u64 = self.docs.get(FORGOTTEN, "count").unwrap_or_default();
            self.docs.put(FORGOTTEN, "count", &(forgotten + 1));
        }
    }

    /// The stream of what a subscriber is told: no other stream moves because somebody listens.
    fn webhook_rng(&self, subscription: &str, number: u64) -> Rng {
        entropy::stream(self.docs.world.seed(), &[&self.vendor.id, &self.docs.account().name, "webhook", subscription], number)
    }
}

fn count(delivery: &Delivery) -> u32 {
    u32::try_from(delivery.attempts.len()).unwrap_or(u32::MAX)
}

/// An attempt's time has come. It lapses when it was made meanwhile, or nobody wants it any more.
pub(crate) fn due(cx: &mut Cx<'_>, task: &Task) {
    let fits = |row: &Delivery| row.progress == Progress::Waiting && count(row) == task.step && row.next.is_some_and(|at| at <= cx.now);
    let Some(mut delivery) = cx.docs.get::<Delivery>(DELIVERY, &task.subject).filter(fits) else { return };
    delivery.next = None;
    match cx.docs.get::<Subscription>(SUBSCRIPTION, &delivery.subscription) {
        Some(subscription) if subscription.paused.is_some() && !delivery.test => delivery.progress = Progress::Paused,
        Some(_) => {
            delivery.progress = Progress::Sending;
            let posted = OutboxEntry { at: cx.now, account: task.account, vendor: task.vendor.clone(), delivery: task.subject.clone() };
            cx.docs.world.post(posted);
        }
        None => delivery.progress = Progress::Failed,
    }
    cx.docs.put(DELIVERY, &delivery.id, &delivery);
}

/// What is sent of a delivery in the outbox. Without its subscription it lapses.
pub(crate) fn outbound(cx: &mut Cx<'_>, posted: &OutboxEntry) -> Option<Outbound> {
    let mut delivery = cx.docs.get::<Delivery>(DELIVERY, &posted.delivery).filter(|row| row.progress == Progress::Sending)?;
    let Some(subscription) = cx.docs.get::<Subscription>(SUBSCRIPTION, &delivery.subscription) else {
        delivery.progress = Progress::Failed;
        cx.docs.put(DELIVERY, &delivery.id, &delivery);
        return None;
    };
    let webhooks = &cx.vendor.webhooks;
    let signed = (webhooks.sign)(&subscription, &delivery.body, posted.at);
    Some(Outbound {
        attempt: count(&delivery),
        delivery: delivery.id,
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

/// An attempt was made: it is written down, and the vendor's patience says what follows.
pub(crate) fn told(cx: &mut Cx<'_>, outbound: &Outbound, told: &AttemptResult) {
    let (id, at) = (&outbound.delivery, outbound.at);
    let Some(mut delivery) = cx.docs.get::<Delivery>(DELIVERY, id).filter(|row| row.progress == Progress::Sending) else { return };
    let policy = &cx.vendor.webhooks.policy;
    let tried = count(&delivery) - delivery.round.min(count(&delivery));
    delivery.attempts.push(Attempt { at, headers: outbound.signed.iter().cloned().collect(), told: told.clone() });
    let gap = policy.backoff.get(tried as usize).filter(|_| !delivery.test);
    let gap = match told {
        _ if told.is_taken() => None,
        AttemptResult::Answered { status: 410, .. } | AttemptResult::Refused(_) => None,
        AttemptResult::Answered { .. } if !policy.retries_answers => None,
        AttemptResult::Answered { .. } | AttemptResult::Silent(_) => gap,
    };
    if let Some(mut subscription) = cx.docs.get::<Subscription>(SUBSCRIPTION, &delivery.subscription).filter(|_| !delivery.test) {
        if told.is_taken() {
            subscription.failures = 0;
        } else {
            subscription.failures += 1;
            if told.status() == Some(410) {
                subscription.paused = Some(Pause::Gone);
            } else if policy.pause_after.is_some_and(|most| subscription.failures >= most) {
                subscription.paused = Some(Pause::Failures);
            }
        }
        cx.docs.put(SUBSCRIPTION, &subscription.id, &subscription);
    }
    match gap {
        Some(seconds) => cx.schedule(&mut delivery, time::shift(at, SignedDuration::from_secs(i64::from(*seconds)))),
        None => {
            delivery.progress = if told.is_taken() { Progress::Delivered } else { Progress::Failed };
            cx.docs.put(DELIVERY, id, &delivery);
        }
    }
}
