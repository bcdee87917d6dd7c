//! How deliveries are forged, and which forgeries a vendor's webhooks have.

use jiff::SignedDuration;
use serde_json::Value;

use crate::base::entropy;
use crate::base::time::{self, Timestamp};
use crate::engine::forgery::Forgery;
use crate::engine::webhooks::{Delivery, Event, Format, Message, Subscription, Webhooks};

/// How old the time of a stale delivery is: no receiver should take it.
const STALE: SignedDuration = SignedDuration::from_hours(1);

impl Webhooks {
    /// Whether something can be wrong with deliveries to a subscription: whether what is sent depends on it.
    #[must_use]
    pub fn can_forge(&self, forgery: Forgery, subscription: &Subscription) -> bool {
        let at = Timestamp::UNIX_EPOCH;
        let genuine = (self.sign)(subscription, "body", at);
        if forgery != Forgery::Secret {
            return !genuine.is_empty() && self.signed(subscription, "body", at, Some(forgery)) != genuine;
        }
        let Some(other) = with_wrong_secret(subscription) else { return false };
        (self.sign)(&other, "body", at) != genuine || self.rendered(&other) != self.rendered(subscription)
    }

    /// Whether a subscription is sent forms if it asks for them.
    #[must_use]
    pub fn can_be_form(&self, subscription: &Subscription) -> bool {
        let [json, form] = [Format::Json, Format::Form].map(|format| self.rendered(&Subscription { format, ..subscription.clone() }));
        json != form
    }

    /// What all deliveries of the first event of a subscription have, for comparisons.
    fn rendered(&self, subscription: &Subscription) -> (&'static str, Vec<(String, String)>, String) {
        let event = subscription.events.first().map_or("", String::as_str);
        let event = Event { subscription, event, subject: "", payload: &Value::Null, token: "", at: Timestamp::UNIX_EPOCH };
        let Message { content_type, headers, body } = (self.render)(&event);
        (content_type, headers, body)
    }

    /// The headers of an attempt, with what is wrong with it.
    pub(super) fn signed(&self, to: &Subscription, body: &str, at: Timestamp, forged: Option<Forgery>) -> Vec<(String, String)> {
        match forged {
            None => (self.sign)(to, body, at),
            Some(Forgery::Signature) => (self.sign)(to, &format!("{body} "), at),
            Some(Forgery::Timestamp) => (self.sign)(to, body, time::shift(at, -STALE)),
            Some(Forgery::Secret) => (self.sign)(&with_wrong_secret(to).unwrap_or_else(|| to.clone()), body, at),
        }
    }
}

/// Puts the secret of a subscription where a wrong one is part of a delivery: of its headers, of JSON, or of a form.
pub(super) fn put_right_secret(to: &Subscription, delivery: &mut Delivery) {
    let wrong = with_wrong_secret(to).and_then(|other| other.secret);
    let (Some(own), Some(wrong)) = (&to.secret, wrong) else { return };
    for (_, value) in &mut delivery.headers {
        *value = value.replace(&wrong, own);
    }
    let written = match delivery.body.starts_with(['{', '[']) {
        true => {
            let quoted = Value::from(own.as_str()).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        false => form_urlencoded::byte_serialize(own.as_bytes()).collect(),
    };
    delivery.body = delivery.body.replace(&wrong, &written);
}

/// A subscription with a secret of the same form that is not its own; `None` if it has none.
pub(super) fn with_wrong_secret(subscription: &Subscription) -> Option<Subscription> {
    let secret = subscription.secret.as_ref()?;
    let other = entropy::fingerprint(format!("not {secret}").as_bytes());
    Some(Subscription { secret: Some(format!("{other:016x}{other:016x}")), ..subscription.clone() })
}
