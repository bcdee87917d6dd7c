//! What a scenario or a fault made of an answer beside its status and its JSON.

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::wording::{Links, Wording};
use crate::engine::{Machine, Wire};
use crate::server::admin::requests::again;
use crate::server::admin::secrets::Exchange;
use crate::world::{EffectKind, End, Sent};

/// Headers of an answer that was changed, and its text if that is no JSON. What may differ from sandbox to sandbox is left out.
pub(super) fn expected(machine: &Machine, exchange: &Exchange<'_>, links: &Links, wording: &Wording<'_>) -> Map<String, Value> {
    let entry = exchange.entry;
    let (answer, Sent { end, bytes, .. }) = (&entry.answer, entry.wire.planned());
    let is_changed = entry.effect.as_ref().is_some_and(|effect| effect.kind != EffectKind::Latency);
    let mut expect = Map::new();
    if !is_changed || !exchange.is_whole {
        return expect;
    }
    let mut headers = Map::new();
    let kind = Wire::type_of(end).unwrap_or(answer.header("content-type"));
    let own = again::own_headers(machine, exchange).filter(|_| end != End::HtmlGateway).map(|own| (own.name, &*own.value));
    for (name, value) in [("content-type", kind)].into_iter().filter(|(_, kind)| !kind.is_empty()).chain(own) {
        if wording.is_plain(links, value) {
            headers.entry(name).or_insert(value.into());
        }
    }
    let sent = if end == End::BadJson { answer.body.get(..bytes) } else { Some(&*answer.body).filter(|_| end.keeps_body()) };
    let text = sent.filter(|_| !answer.is_cut()).and_then(|sent| str::from_utf8(sent).ok());
    if let Some(text) = text.filter(|text| serde_json::from_str::<IgnoredAny>(text).is_err() && wording.is_plain(links, text)) {
        expect.insert("text".to_owned(), text.into());
    }
    if !headers.is_empty() {
        expect.insert("headers".to_owned(), headers.into());
    }
    expect
}
