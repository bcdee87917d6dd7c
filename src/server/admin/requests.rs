//! The journal: listed, waited for, emptied.

use serde_json::{Map, Value, json};

use crate::base::time::Timestamp;
use crate::server::admin::{Admin, Ask, Given, Problem};
use crate::world::{Entry, Journal};

/// Headers whose values are nobody's business.
const SECRET: [&str; 9] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "api-key",
    "x-api-key",
    "x-shipmate-api-key",
    "x-shipmate-token",
    "x-shiptheory-token",
];

/// What the filters of a query name.
struct Filter<'a> {
    vendor: Option<&'a str>,
    operation: Option<&'a str>,
    status: Option<&'a str>,
    since: Option<Since<'a>>,
    limit: usize,
}

enum Since<'a> {
    Time(Timestamp),
    Id(&'a str),
}

impl<'a> Filter<'a> {
    fn read(ask: &'a Ask<'_>) -> Result<Self, Problem> {
        let status = ask.query("status");
        if let Some(status) = status
            && !(status.len() == 3 && status.bytes().enumerate().all(|(place, byte)| byte.is_ascii_digit() || (place > 0 && byte == b'x')))
        {
            return Err(Problem::bad(format!("`status` is a number such as `404` or a class such as `4xx`, found `{status}`")));
        }
        Ok(Self {
            vendor: ask.query("vendor"),
            operation: ask.query("operation"),
            status,
            since: ask.query("since").map(|since| since.parse().map_or(Since::Id(since), Since::Time)),
            limit: ask.number("limit")?.unwrap_or(100),
        })
    }

    fn fits(&self, entry: &Entry) -> bool {
        self.vendor.is_none_or(|vendor| vendor == entry.vendor)
            && self.operation.is_none_or(|operation| entry.operation.as_deref() == Some(operation))
            && self.status.is_none_or(|status| {
                let found = entry.status.to_string();
                status.bytes().zip(found.bytes()).all(|(expected, found)| expected == b'x' || expected == found)
            })
            && !matches!(self.since, Some(Since::Time(time)) if entry.at <= time)
    }
}

pub(super) fn list(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let filter = Filter::read(ask)?;
    let journal = sandbox.journal();
    let later = journal.iter().rev().take_while(|entry| !matches!(filter.since, Some(Since::Id(id)) if entry.id == *id));
    let mut rows: Vec<_> = later.filter(|entry| filter.fits(entry)).take(filter.limit).collect();
    let counts = json!({"written": journal.written, "dropped": journal.dropped, "bytes": journal.bytes()});
    drop(journal);
    rows.reverse();
    let shown: Vec<Value> = rows.iter().map(shown).collect();
    Ok(Given::ok(&json!({"requests": shown, "journal": counts})).finding(rows.len()))
}

pub(super) fn delete(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let filter = Filter::read(ask)?;
    sandbox.journal().retain(|entry| !filter.fits(entry));
    Ok(Given::empty())
}

pub(super) fn get(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let id = ask.parameter("id");
    for sandbox in admin.machine.sandboxes() {
        let found = sandbox.journal().iter().rev().find(|entry| entry.id == id);
        if let Some(entry) = found {
            return Ok(Given::ok(&shown(&entry)));
        }
    }
    Err(Problem::missing(format!("no journal holds `{id}`")))
}

fn shown(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "at": entry.at,
        "vendor": entry.vendor,
        "operation": entry.operation,
        "method": entry.method,
        "target": entry.target,
        "status": entry.status,
        "notes": entry.notes,
        "request": message(&entry.request_headers, &entry.request_body, entry.lengths.0),
        "answer": message(&entry.reply_headers, &entry.reply_body, entry.lengths.1),
    })
}

fn message(headers: &str, body: &[u8], length: usize) -> Value {
    let rows = headers.lines().filter_map(|line| line.split_once(": "));
    let headers: Map<String, Value> =
        rows.map(|(name, value)| (name.to_owned(), if SECRET.contains(&name) { "[redacted]".into() } else { value.into() })).collect();
    let body: Value = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned().into())
    };
    json!({"headers": headers, "body": body, "length": length, "cut": length > Journal::BODY})
}
