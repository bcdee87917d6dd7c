//! The vendor's own answer of a status that a scenario asks for: as the vendor words the first refusal that it answers so, and where
//! no refusal leads to the status, as it words failures of its own.

use http::header::HeaderName;
use http::{Method, StatusCode};
use jiff::SignedDuration;

use crate::base::name::Name;
use crate::base::time::{self, Timestamp};
use crate::engine::actions;
use crate::engine::dialect::{Dialect, DialectCx, Stream};
use crate::engine::limits::Quota;
use crate::engine::machine::Machine;
use crate::engine::refusal::{Denial, Refusal};
use crate::engine::reply::Reply;
use crate::engine::vendor::Vendor;
use crate::world::{Blame, Effect, EffectKind, End, Entry, Kind, Note, Sent};

/// The window of a limit that the vendor does not publish.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// The vendor's answer of that status.
pub(super) fn reply(dialect: &Dialect, status: StatusCode, cx: &DialectCx<'_>) -> Reply {
    let mut reply = worded(dialect, status, cx).unwrap_or_else(|| (dialect.refuse)(&Refusal::Failing(status), cx));
    reply.status = status;
    reply
}

/// The limit that a call which is refused with 429 has used up: the one it was counted against, or one of a minute.
pub(super) fn used_up(quota: Option<Quota>, now: Timestamp) -> Quota {
    let quota = quota.unwrap_or_else(|| Quota { class: Name::new("fault"), limit: 60, used: 61, resets_at: time::shift(now, WINDOW) });
    Quota { used: quota.used.max(quota.limit + 1), ..quota }
}

/// The answer of the first refusal that has the status.
fn worded(dialect: &Dialect, status: StatusCode, cx: &DialectCx<'_>) -> Option<Reply> {
    let replies = refusals(status, cx).into_iter().map(|refusal| (dialect.refuse)(&refusal, cx));
    replies.into_iter().find(|reply| reply.status == status)
}

/// The refusals that APIs answer with a status.
fn refusals(status: StatusCode, cx: &DialectCx<'_>) -> Vec<Refusal> {
    let document = || (Kind::new("resource"), cx.call.parameters.first().map_or_else(String::new, |(_, value)| value.clone()));
    match status {
        StatusCode::BAD_REQUEST => {
            vec![Refusal::Malformed { at: (1, 1), message: "Expecting value: line 1 column 1 (char 0)".to_owned() }]
        }
        StatusCode::UNAUTHORIZED => vec![Refusal::Unauthenticated(Denial::Unknown)],
        StatusCode::PAYMENT_REQUIRED => vec![Refusal::PaymentRequired("plan")],
        StatusCode::FORBIDDEN => {
            let (kind, id) = document();
            vec![Refusal::Forbidden(Name::new("access")), Refusal::Foreign { kind, id }]
        }
        StatusCode::NOT_FOUND => {
            let (kind, id) = document();
            vec![Refusal::Missing { kind, id }, Refusal::UnknownPath { authenticated: true }]
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            let other = if cx.call.request.method == Method::GET { Method::POST } else { Method::GET };
            vec![Refusal::WrongMethod(vec![other])]
        }
        StatusCode::NOT_ACCEPTABLE => vec![Refusal::NotAcceptable],
        StatusCode::CONFLICT => {
            let (kind, id) = document();
            vec![Refusal::WrongState { kind, id, state: "in use".to_owned() }]
        }
        StatusCode::PAYLOAD_TOO_LARGE => vec![Refusal::TooLarge("the body is too large".to_owned())],
        StatusCode::UNSUPPORTED_MEDIA_TYPE => vec![Refusal::UnsupportedMedia("application/octet-stream".to_owned())],
        StatusCode::TOO_MANY_REQUESTS => vec![Refusal::RateLimited(used_up(cx.quota.cloned(), cx.now))],
        StatusCode::INTERNAL_SERVER_ERROR => vec![Refusal::Broken],
        _ => Vec::new(),
    }
}

/// What the caller cannot see of a call that a scenario made fail.
pub(super) fn note(effect: Option<&Effect>, sent: Sent) -> Option<Note> {
    let Effect { name, line, committed, .. } = effect.filter(|effect| matches!(effect.kind, EffectKind::Fault | EffectKind::Refuse))?;
    let source = line.map_or_else(|| format!("the fault `{name}`"), |line| format!("`{name}` in line {line} of the scenario"));
    let end = match (sent.end, sent.status) {
        (End::Sent, Some(status)) => format!("the vendor's {status}"),
        (End::Truncated, _) => format!("{} bytes of the body, then the end of the connection", sent.bytes),
        (End::HtmlGateway, Some(status)) => format!("the page of a gateway with {status}"),
        (End::Stall, _) => format!("{} bytes of the body, then silence", sent.bytes),
        (end, Some(status)) => format!("the vendor's {status}, disturbed ({})", end.word()),
        (end, None) => format!("no answer ({})", end.word()),
    };
    let work = if *committed { "the operation was carried out" } else { "the operation was not carried out" };
    Some(Note::new(Note::FAULT, Blame::Scenario, format!("{source} gives the caller {end}; {work}")))
}

impl Machine {
    /// The names of headers that any answer to a call of the journal has, so that no scenario has to say them.
    #[must_use]
    pub fn usual_headers(&self, entry: &Entry) -> Vec<HeaderName> {
        let Some(vendor) = self.vendors().find(&entry.vendor) else { return Vec::new() };
        let status = entry.status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or_default();
        let quota = Quota { class: Name::default(), limit: 60, used: 1, resets_at: time::shift(entry.at, WINDOW) };
        let names = self.reread(entry, |call| {
            let stream = Stream { seed: 0, vendor: &vendor.id, account: "", number: 0 };
            let (id, sandbox, described) = (&*entry.id, &*entry.sandbox, &vendor.described);
            let cx = DialectCx { call, id, sandbox, now: entry.at, quota: Some(&quota), described, stream };
            let mut reply = Reply::empty(status);
            (vendor.dialect.headers)(&cx, &mut reply);
            reply.headers.keys().cloned().collect()
        });
        names.unwrap_or_default()
    }

    /// Whether a vendor is known to answer with a status, so that a fault of that status is told in its own words.
    #[must_use]
    pub fn has_words_for(&self, vendor: &Vendor, status: u16) -> bool {
        let Ok(status) = StatusCode::from_u16(status) else { return false };
        let call = actions::nobody();
        let stream = Stream { seed: 0, vendor: &vendor.id, account: "", number: 0 };
        let cx =
            DialectCx { call: &call, id: "", sandbox: "", now: Timestamp::UNIX_EPOCH, quota: None, described: &vendor.described, stream };
        vendor.dialect.statuses.contains(&status.as_u16()) || worded(&vendor.dialect, status, &cx).is_some()
    }
}
