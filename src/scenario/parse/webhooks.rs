//! The `webhooks`: subscriptions that exist from the beginning, and how deliveries are disturbed.

use std::collections::BTreeMap;

use super::members;
use super::reader::Reader;
use crate::engine::webhooks::{Forgery, is_address};
use crate::scenario::ast::{Subscription, Webhooks};
use crate::scenario::error::{Spanned, nearest};
use crate::scenario::node::{Kind, Node};

const FORMATS: [(&str, bool); 2] = [("json", false), ("form", true)];

pub(super) fn webhooks(reader: &mut Reader<'_>, node: &Node) -> Option<(Webhooks, Vec<Subscription>)> {
    let fields = reader.fields(node, "`webhooks`", &members::WEBHOOKS)?;
    let disturbance = Webhooks {
        duplicate: fields.get("duplicate").and_then(|node| reader.share(node, "duplicate")).unwrap_or_default(),
        reorder: fields.get("reorder").and_then(|node| reader.whole(node, "reorder", 0..=1000)).unwrap_or_default(),
        delay: fields.get("delay").and_then(|node| reader.durations(node, "delay")),
        drop: fields.get("drop").and_then(|node| reader.share(node, "drop")).unwrap_or_default(),
        forged: Forgery::ALL.map(|forgery| {
            let member = forgery.member();
            fields.get(member).and_then(|node| Some((reader.share(node, member)?, node.span))).unwrap_or_default()
        }),
        spans: ["duplicate", "reorder", "delay", "drop"].map(|name| fields.get(name).map(|node| node.span)),
    };
    let subscriptions = fields.get("subscriptions").map(|node| reader.each(node, "subscriptions", subscription)).unwrap_or_default();
    let mut seen = BTreeMap::new();
    for row in subscriptions.iter().filter(|row| !row.url.value.is_empty()) {
        let (line, _) = reader.source.position(row.vendor.span.start);
        if let Some(earlier) = seen.insert(row.subject(), line) {
            let message = format!("this subscription is that of line {earlier}: everything is delivered twice");
            reader.warn("S106", row.vendor.span, message, "leave it out, or let it differ");
        }
    }
    drop(seen);
    Some((disturbance, subscriptions))
}

fn subscription(reader: &mut Reader<'_>, node: &Node) -> Option<Subscription> {
    let fields = reader.fields(node, "a subscription", &members::SUBSCRIPTION)?;
    let vendor = fields.require(reader, "vendor").and_then(|node| reader.spanned(node, "vendor"));
    let found = fields.require(reader, "url");
    let url = found.and_then(|node| address(reader, node)).unwrap_or_default();
    let url = Spanned { value: url, span: found.map_or(node.span, |node| node.span) };
    fields.get("events").into_iter().for_each(|node| reader.once(node));
    let event = |reader: &mut Reader<'_>, node: &Node| reader.spanned(node, "events");
    let events = fields.get("events").map(|node| reader.each(node, "events", event)).unwrap_or_default();
    if let Some(node) = fields.get("events").filter(|node| node.kind == Kind::List(Vec::new())) {
        reader.warn("S106", node.span, "none named is all events", "leave `events` out, or name some");
    }
    let account = fields.get("account").and_then(|node| reader.string(node, "account"));
    let form = fields.get("format").and_then(|node| reader.choice(node, "format", &FORMATS)).unwrap_or_default();
    let secret = fields.get("secret").and_then(|node| reader.string(node, "secret"));
    let [account_span, format_span, secret_span] = ["account", "format", "secret"].map(|name| fields.get(name).map(|node| node.span));
    // Whose it is can be told without its address.
    Some(Subscription { vendor: vendor?, account, account_span, url, events, form, format_span, secret, secret_span })
}

fn address(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let url = reader.string(node, "url")?;
    if is_address(&url) {
        if let Some((message, help)) = url.strip_prefix("inbox://").and_then(no_inbox) {
            reader.problem("S008", node.span, message).help(help);
        }
        return Some(url);
    }
    let help = if url.starts_with("inbox") {
        "`inbox://me` is a receiver of the server itself"
    } else {
        "for example `http://127.0.0.1:9000/hooks`"
    };
    reader.problem("S008", node.span, format!("`{url}` is not the address of a receiver")).help(help);
    None
}

/// What is wrong with the name of a built-in receiver, or with its query, so that it refuses every delivery or answers another one.
fn no_inbox(address: &str) -> Option<(String, &'static str)> {
    let (name, query) = address.split_once('?').unwrap_or((address, ""));
    let name = name.trim_end_matches('/');
    if name.is_empty() || name.contains('/') {
        return Some((format!("no inbox is called `{name}`"), "a name has no `/`: `inbox://me`"));
    }
    let is_one = |word: &str| word == "none" || word.parse::<u16>().is_ok_and(|status| (200..=999).contains(&status));
    let is_status = |value: &str| value.split(',').all(is_one);
    let is_wrong = |part: &&str| match part.split_once('=') {
        Some(("status", value)) => !is_status(value),
        Some((name, _)) => nearest(name, ["status"]).is_some(),
        None => false,
    };
    let wrong = query.split('&').find(is_wrong)?;
    Some((format!("an inbox has no `{wrong}`"), "it takes the status that it answers with: `inbox://me?status=503`"))
}
