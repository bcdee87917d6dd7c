//! The journal for other tools: HAR for browsers and proxies, NDJSON for pipes, curl for a terminal, and a conversation, which
//! is the format of this project's own tests.

use std::fmt::Write as _;
use std::sync::{Arc, Weak};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use http_body_util::channel::{Channel, Sender};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::{self, Machine, Sandbox};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::requests::again;
use crate::server::admin::requests::entry::EntryView;
use crate::server::admin::requests::filter::Filter;
use crate::server::admin::requests::recorded::{self, Recorded, USUAL, cut, outcome};
use crate::server::admin::response::{self, AdminResponse};
use crate::server::admin::seats::Download;
use crate::server::admin::secrets::{Exchange, Redactor, Shown, ShownHeader};
use crate::server::admin::state::Admin;
use crate::server::awaited;
use crate::server::body::BrokenOff;
use crate::server::pieces::{in_pieces, pause};
use crate::server::turns::Turns;
use crate::world::{self, End, Sent};

/// How many bytes of a file are written at once; smaller files have a length.
const PIECE: usize = 256 * 1024;

/// The header that says what an exported conversation or override lacks.
const LACKS: HeaderName = HeaderName::from_static("seatrial-lacks");

/// How many bytes of calls a conversation is made of at most: it is written as a whole.
const MOST: usize = 16 << 20;

/// A format whose file is written call by call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Har,
    Ndjson,
    Curl,
}

pub(crate) async fn export(admin: &Admin, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    let sandbox = admin.sandbox(request)?;
    if request.query("format") == Some("conversation") && admin.recording.is_none() {
        awaited::before_export(&admin.webhook_sender, &sandbox).await;
    }
    let rows = {
        let filter = Filter::read(admin, request)?;
        filter.look(&sandbox, |journal| filter.find(journal, usize::MAX))?
    };
    export_rows(admin, request, &sandbox, &rows).await
}

/// One exchange for other tools.
pub(crate) async fn export_one(
    admin: &Admin,
    request: &AdminRequest<'_>,
    found: (Arc<Sandbox>, Arc<world::Entry>),
) -> Result<AdminResponse, Problem> {
    let (sandbox, entry) = found;
    if request.query("format") == Some("override") {
        let redactor = Redactor::read(admin, request, &sandbox)?;
        let (text, lack) = override_of(&admin.machine, &redactor.exchange(&entry))?;
        return Ok(lacking("application/yaml", text, &lack.unwrap_or_default()));
    }
    export_rows(admin, request, &sandbox, &[entry]).await
}

async fn export_rows(
    admin: &Admin,
    request: &AdminRequest<'_>,
    sandbox: &Arc<Sandbox>,
    rows: &[Arc<world::Entry>],
) -> Result<AdminResponse, Problem> {
    let redactor = Redactor::read(admin, request, sandbox)?;
    let (format, content_type) = match request.query("format").unwrap_or("har") {
        "har" => (Format::Har, "application/json"),
        "ndjson" => (Format::Ndjson, "application/x-ndjson"),
        "curl" => (Format::Curl, "text/x-shellscript"),
        "conversation" => {
            if rows.iter().map(|row| row.bytes()).sum::<usize>() > MOST {
                let detail = "so many calls are too large for one conversation; name fewer with `since`, `before` or `limit`";
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
            }
            let Recorded { text, lacks } = recorded::conversation(admin, sandbox, rows, &redactor)?;
            return Ok(lacking("application/yaml", text, &lacks.join("; ")));
        }
        other => {
            return Err(Problem::bad_request(format!(
                "`format` is `har`, `ndjson`, `curl` or `conversation`, found `{other}`; a single call has `override` too"
            )));
        }
    };
    // By number, so that a client that does not read keeps nothing from being dropped.
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    let mut file = File { sandbox: Arc::downgrade(sandbox), redactor, numbers: numbers.into_iter(), format, is_first: true };
    let begin = file.piece();
    if file.numbers.len() == 0 {
        return Ok(response::text(content_type, begin));
    }
    let download = admin.downloads.begin(&sandbox.name).await?;
    let (sender, body) = Channel::new(1);
    tokio::spawn(send(file, begin, sender, download, (admin.turns.clone(), Arc::clone(&sandbox.name))));
    Ok(response::stream(content_type, body))
}

/// Sends a file piece by piece, each of which is made in the turn of its sandbox.
async fn send(
    mut file: File,
    mut piece: Vec<u8>,
    mut sender: Sender<Bytes, BrokenOff>,
    download: Download,
    (turns, sandbox): (Turns, Arc<str>),
) {
    loop {
        if !download.is_taken(sender.send_data(piece.into())).await {
            return sender.abort(BrokenOff);
        }
        if file.numbers.len() == 0 {
            return;
        }
        piece = in_pieces(&turns, &sandbox, async { file.piece() }).await;
    }
}

/// A file that is written while it is sent.
struct File {
    sandbox: Weak<Sandbox>,
    redactor: Redactor,
    /// The numbers of the calls that are still to be written.
    numbers: std::vec::IntoIter<u64>,
    format: Format,
    is_first: bool,
}

impl File {
    /// The next piece, of about [`PIECE`] bytes. Calls that the journal has dropped meanwhile are left out.
    fn piece(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.is_first && self.format == Format::Har {
            out = head();
        }
        while out.len() < PIECE
            && let Some(number) = self.numbers.next()
        {
            let entry = self.sandbox.upgrade().and_then(|sandbox| sandbox.journal().get(number).cloned());
            let Some(entry) = entry else { continue };
            pause();
            let exchange = self.redactor.exchange(&entry);
            match self.format {
                Format::Har => {
                    if !self.is_first {
                        out.push(b',');
                    }
                    write_json(&mut out, &har_entry(&exchange));
                }
                Format::Ndjson => {
                    write_json(&mut out, &EntryView::of(exchange, false));
                    out.push(b'\n');
                }
                Format::Curl => out.extend_from_slice(curl(&exchange).as_bytes()),
            }
            self.is_first = false;
        }
        if self.numbers.len() == 0 && self.format == Format::Har {
            out.extend_from_slice(b"]}}");
        }
        out
    }
}

/// The beginning of a HAR file.
fn head() -> Vec<u8> {
    let creator = json!({"name": "seatrial", "version": env!("CARGO_PKG_VERSION")});
    format!(r#"{{"log":{{"version":"1.2","creator":{creator},"entries":["#).into_bytes()
}

fn write_json(out: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(out, value).expect("views have text keys and are written to memory");
}

fn har_entry(exchange: &Exchange<'_>) -> Value {
    let headers = |shown: &Shown<'_>| -> Vec<Value> { shown.headers.iter().map(har_header).collect() };
    let Exchange { entry, target, request: shown_request, .. } = exchange;
    let asked = &entry.request;
    let mut request = json!({
        "method": entry.method.as_str(),
        "url": format!("{}://{}{target}", scheme(entry), shown_request.header("host")),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(shown_request),
        "queryString": har_query(target.split_once('?').map_or("", |(_, query)| query)),
        "headersSize": -1,
        "bodySize": asked.length,
    });
    if !asked.body.is_empty()
        && let Some(request) = request.as_object_mut()
    {
        let mut data = json!({"mimeType": shown_request.header("content-type")});
        put_text(&mut data, exchange, shown_request, None);
        if let Some(cut) = cut(asked) {
            data["comment"] = cut.into();
        }
        request.insert("postData".to_owned(), data);
    }
    // -1 says that it is not known: it is not answered yet, or came before the process was started.
    let took = entry.took.get().map_or(-1.0, |took| took.as_secs_f64() * 1000.0);
    json!({
        "startedDateTime": entry.received,
        "time": took,
        "request": request,
        "response": har_response(exchange, &headers),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "comment": &*entry.id,
        "_virtualDateTime": entry.at,
        "_wire": entry.wire.get(),
        "_effect": entry.effect,
        "_notes": exchange.notes,
    })
}

/// What the caller received: nothing of an answer that was lost, which browsers write as the status 0 with an `_error`.
fn har_response(exchange: &Exchange<'_>, headers: &dyn Fn(&Shown<'_>) -> Vec<Value>) -> Value {
    let Exchange { entry, answer: shown, .. } = exchange;
    let Sent { end, status, bytes } = entry.wire.get();
    let (made, is_lost) = (&entry.answer, status.is_none() || end == End::HtmlGateway);
    let mut content = json!({"size": bytes, "mimeType": if is_lost { "x-unknown" } else { shown.header("content-type") }});
    if !is_lost {
        let sent = end.is_cut().then_some(bytes);
        put_text(&mut content, exchange, shown, sent);
    }
    if let Some(cut) = cut(made).filter(|_| !is_lost) {
        content["comment"] = cut.into();
    }
    let mut response = json!({
        "status": status.unwrap_or_default(),
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": if is_lost { Vec::new() } else { headers(shown) },
        "content": content,
        "redirectURL": if is_lost { "" } else { shown.header("location") },
        "headersSize": -1,
        "bodySize": bytes,
    });
    if end != End::Sent {
        response["_error"] = end.word().into();
    }
    response
}

/// The scheme of the URL by which a call came.
fn scheme(entry: &world::Entry) -> &'static str {
    if entry.is_secure { "https" } else { "http" }
}

/// The pairs of a query; a value that is not UTF-8 is in base64.
fn har_query(query: &str) -> Vec<Value> {
    let written = query.split('&').filter(|pair| !pair.is_empty());
    let pair = |(written, (name, value)): (&str, (String, String))| {
        let raw = written.split_once('=').map_or("", |(_, raw)| raw).replace('+', " ");
        let bytes: Vec<u8> = percent_decode_str(&raw).collect();
        match str::from_utf8(&bytes) {
            Ok(_) => json!({"name": name, "value": value}),
            Err(_) => json!({"name": name, "value": STANDARD.encode(bytes), "encoding": "base64"}),
        }
    };
    written.zip(engine::pairs(query)).map(pair).collect()
}

fn har_header(header: &ShownHeader<'_>) -> Value {
    match header.is_binary {
        true => json!({"name": header.name, "value": STANDARD.encode(header.bytes()), "encoding": "base64"}),
        false => json!({"name": header.name, "value": header.value}),
    }
}

/// Puts a body into a part of HAR, in base64 if it is not UTF-8.
fn put_text(part: &mut Value, exchange: &Exchange<'_>, shown: &Shown<'_>, most: Option<usize>) {
    match shown.bytes() {
        Some(bytes) => {
            part["text"] = STANDARD.encode(&bytes[..bytes.len().min(most.unwrap_or(usize::MAX))]).into();
            part["encoding"] = "base64".into();
        }
        None => part["text"] = text(exchange, shown, most).into(),
    }
}

/// A body as text, byte for byte if nothing is hidden; at most `most` bytes of it.
fn text(exchange: &Exchange<'_>, shown: &Shown<'_>, most: Option<usize>) -> String {
    let most = most.unwrap_or(usize::MAX);
    let mut text = match &shown.body {
        _ if exchange.is_whole => return String::from_utf8_lossy(&shown.message.body[..most.min(shown.message.body.len())]).into_owned(),
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    text.truncate(text.floor_char_boundary(most));
    text
}

/// A command for a shell: any of POSIX, but for bytes that are no text, which need that of bash.
fn curl(exchange: &Exchange<'_>) -> String {
    let Exchange { entry, target, request, .. } = exchange;
    let mut out = format!("# {} {}\n", entry.id, outcome(entry));
    if let Some(cut) = cut(&entry.request) {
        let _ = writeln!(out, "# The body is {cut}");
    }
    let _ = write!(out, "curl --request {}", quoted(entry.method.as_str()));
    let url = format!("{}://{}{}", scheme(entry), request.header("host"), target);
    let _ = write!(out, " {}", quoted(&url));
    for header in request.headers.iter().filter(|header| !USUAL[..5].contains(&header.name)) {
        let ShownHeader { name, value, is_binary } = header;
        let written = match (value.is_empty(), is_binary) {
            // With a colon, curl would leave the header out.
            (true, _) => quoted(&format!("{name};")),
            (false, false) => quoted(&format!("{name}: {value}")),
            (false, true) => {
                let line = [name.as_bytes(), b": ", &*header.bytes()].concat();
                format!("\"$(base64 -d <<< {})\"", STANDARD.encode(line))
            }
        };
        let _ = write!(out, " \\\n  --header {written}");
    }
    if !entry.request.body.is_empty() {
        let body = request.bytes().unwrap_or_else(|| text(exchange, request, None).into_bytes());
        let _ = match std::str::from_utf8(&body).ok().filter(|text| !text.contains('\0')) {
            Some(text) => write!(out, " \\\n  --data-raw {}", quoted(text)),
            None => write!(out, " \\\n  --data-binary @<(base64 -d <<< {})", STANDARD.encode(&body)),
        };
    }
    out.push_str("\n\n");
    out
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The scenario that answers such a call like this again, and what it lacks of that.
fn override_of(machine: &Machine, exchange: &Exchange<'_>) -> Result<(String, Option<String>), Problem> {
    let Some(operation) = exchange.entry.operation.as_deref() else {
        return Err(Problem::bad_request("an override is for an operation, and this call met none"));
    };
    let rule = again::rule(machine, exchange)?;
    let lack = again::lack(exchange).filter(|_| rule.contains_key("respond"));
    let remark = lack.as_ref().map_or_else(String::new, |lack| format!("# This lacks {lack}.\n"));
    let written = |how: &Value| how.as_str().map_or_else(|| how.to_string(), str::to_owned);
    let members: String = rule.iter().map(|(what, how)| format!("    {what}: {}\n", written(how))).collect();
    Ok((format!("{remark}overrides:\n  - on: {operation}\n{members}    times: 1\n"), lack))
}

/// An answer whose file lacks something, which a header says too.
fn lacking(content_type: &'static str, text: String, lacks: &str) -> AdminResponse {
    let mut answer = response::text(content_type, text);
    if let Some(lacks) = HeaderValue::try_from(lacks).ok().filter(|lacks| !lacks.is_empty()) {
        answer.headers_mut().insert(LACKS, lacks);
    }
    answer
}
