//! A wrong client, a changed server and a changed document (`tests/seeded/`), written from the vendors' documents before the checker ran and
//! without a look at it: every fault has to be found, and nothing may be told beside them.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use serde_json::{Value, json};

use crate::client::{JSON, send};
use crate::folder::{Folder, contract};
use crate::process::Server;

fn file(name: &str) -> Value {
    let text = fs::read_to_string(format!("tests/seeded/{name}")).expect("the file is there");
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn rows<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// Prints what was found of what was expected, and fails unless that is all and nothing else.
fn judge<T: std::fmt::Debug + PartialEq>(what: &str, expected: &[T], found: &[T]) {
    let missed: Vec<&T> = expected.iter().filter(|row| !found.contains(row)).collect();
    let invented: Vec<&T> = found.iter().filter(|row| !expected.contains(row)).collect();
    let hits = expected.len() - missed.len();
    println!("{what}: {} places to name, {hits} found, {} missed, {} invented", expected.len(), missed.len(), invented.len());
    assert!(missed.is_empty() && invented.is_empty(), "{what}\nmissed {missed:#?}\ninvented {invented:#?}");
}

/// A path in which `*` stands for its ids.
fn generalized(path: &str, is_id: impl Fn(&str) -> bool) -> String {
    path.split('/').map(|part| if is_id(part) { "*" } else { part }).collect::<Vec<_>>().join("/")
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Makes the calls of the client in turn. What answers give to `save` takes the place of `{{name}}` in later calls.
struct Client<'a> {
    server: &'a Server,
    credentials: Value,
    saved: BTreeMap<String, String>,
}

impl Client<'_> {
    fn filled(&self, text: &str) -> String {
        self.saved.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
    }

    fn make(&mut self, call: &Value) -> u16 {
        let (method, path) = word(call, "call").split_once(' ').expect("a method and a path");
        let mut headers = BTreeMap::new();
        for list in [&self.credentials[word(call, "as")], &call["headers"]] {
            for (name, value) in list.as_object().into_iter().flatten() {
                headers.insert(name.clone(), self.filled(value.as_str().unwrap_or_default()));
            }
        }
        let (kind, body) = match (&call["json"], &call["form"], &call["text"]) {
            (Value::Null, Value::Null, Value::Null) => (None, String::new()),
            (Value::Null, Value::Null, text) => (None, text.as_str().unwrap_or_default().to_owned()),
            (Value::Null, form, _) => (Some("application/x-www-form-urlencoded"), form.as_str().unwrap_or_default().to_owned()),
            (body, ..) => (Some(JSON.1), body.to_string()),
        };
        kind.into_iter().for_each(|kind| drop(headers.insert("content-type".to_owned(), kind.to_owned())));
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = send(self.server, method, &self.filled(path), &headers, &self.filled(&body));
        for (name, pointer) in call["save"].as_object().into_iter().flatten() {
            let value = answer.json().pointer(pointer.as_str().unwrap_or_default()).cloned();
            let value = value.unwrap_or_else(|| panic!("{call}: no {pointer} in {}", answer.body));
            self.saved.insert(name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        answer.status
    }
}

#[test]
fn the_faults_of_a_wrong_client_are_found_and_none_is_invented() {
    let list = file("wrong-client.yaml");
    let server = Server::start(&[]);
    let mut client = Client { server: &server, credentials: list["credentials"].clone(), saved: BTreeMap::new() };
    let url = format!("http://{}", server.address());
    let report = || contract(&["report", "--url", &url]).1;
    let findings = |report: &Value| -> Vec<[String; 3]> {
        let kinds = [("violation", "violations"), ("undocumented", "undocumented"), ("deprecated", "deprecated")];
        let found = kinds.iter().flat_map(|(kind, name)| rows(report, name).map(move |row| (kind, row)));
        let found = found.map(|(kind, row)| {
            let subject = row["operation"].as_str().unwrap_or(word(row, "vendor"));
            // Of what the document does not have, the detail says what it is.
            let called = word(row, "detail").split('`').nth(1).filter(|_| word(row, "rule") == "unknown-operation");
            let place = match called {
                Some(called) => generalized(called, |part| part.len() > 3 && part.bytes().any(|byte| byte.is_ascii_digit())),
                None => generalized(word(row, "pointer"), is_number),
            };
            [(*kind).to_owned(), subject.to_owned(), format!("{} {place}", word(row, "location")).trim().to_owned()]
        });
        found.collect()
    };
    for call in rows(&list, "right") {
        let status = client.make(call);
        assert!(status < 300 || call["status"] == status, "{call}: {status}");
    }
    judge("a right client", &[], &findings(&report()));
    let mut expected: Vec<[String; 3]> = Vec::new();
    for call in rows(&list, "wrong") {
        client.make(call);
        for row in rows(call, "finds") {
            expected.push(serde_json::from_value(row.clone()).expect("a kind, an operation and a place"));
        }
    }
    judge("a wrong client", &expected, &findings(&report()));
}

/// A server that gives the answers of the list, those of equal calls in turn.
struct Carrier {
    address: SocketAddr,
}

impl Carrier {
    fn start(steps: &[Value], changed: bool) -> Self {
        let mut answers: BTreeMap<String, VecDeque<Value>> = BTreeMap::new();
        for step in steps {
            let answer = if changed && step["changed"].is_object() { &step["changed"] } else { &step["answer"] };
            answers.entry(word(step, "call").to_owned()).or_default().push_back(answer.clone());
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &mut answers);
            }
        });
        Self { address }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Answers one call and ends the connection.
fn serve(stream: TcpStream, answers: &mut BTreeMap<String, VecDeque<Value>>) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    let _ = reader.read_line(&mut first);
    loop {
        let mut line = String::new();
        let read = reader.read_line(&mut line).unwrap_or_default();
        let line = line.trim_end().to_ascii_lowercase();
        if read == 0 || line.is_empty() {
            break;
        }
        length = line.strip_prefix("content-length: ").and_then(|length| length.parse().ok()).unwrap_or(length);
    }
    let _ = reader.read_exact(&mut vec![0; length]);
    let call = first.trim_end().trim_end_matches(" HTTP/1.1");
    let missing = json!({"status": 404, "json": {"code": "not_found", "message": "no such path"}});
    let answer = answers.get_mut(call).and_then(VecDeque::pop_front).unwrap_or(missing);
    let body = if answer["json"].is_null() { word(&answer, "text").to_owned() } else { answer["json"].to_string() };
    let mut head = format!("HTTP/1.1 {} -\r\nconnection: close\r\n", answer["status"]);
    if answer["status"] != 204 {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    if !answer["json"].is_null() {
        head.push_str("content-type: application/json\r\n");
    }
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        head.push_str(&format!("{name}: {}\r\n", value.as_str().unwrap_or_default()));
    }
    let _ = reader.get_mut().write_all(format!("{head}\r\n{body}").as_bytes());
}

/// A place in the words of what a document has against an answer: `data.1.weight` for `$.data[1].weight`.
fn in_words(place: &str) -> String {
    format!("`{}`", place.trim_start_matches(['$', '.', '[']).replace('[', ".").replace(']', ""))
}

/// The numbers of the steps that a run of the recording fails at, each with the expected place that it names, or what it says.
fn failures(report: &Value, steps: &[Value]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for problem in rows(report, "conversations").flat_map(|row| rows(row, "problems")) {
        let number = problem["step"].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or_default();
        let message = format!("{} {}", word(problem, "kind"), word(problem, "message"));
        let step = number.checked_sub(1).and_then(|index| steps.get(index)).unwrap_or(&Value::Null);
        let place =
            rows(step, "finds").filter_map(Value::as_str).find(|place| message.contains(&in_words(place)) || message.contains(*place));
        let found_here = (number, place.map_or(message, str::to_owned));
        if !found.contains(&found_here) {
            found.push(found_here);
        }
    }
    found
}

#[test]
fn the_changes_of_a_server_are_found_and_none_is_invented() {
    let folder = Folder::new("seeded");
    let list = file("changed-server.yaml");
    let steps: Vec<Value> = rows(&list, "steps").cloned().collect();
    let calls = steps.iter().map(|step| {
        let mut call = step.clone();
        ["about", "answer", "changed", "finds"].iter().for_each(|name| drop(call.as_object_mut().and_then(|step| step.remove(*name))));
        call
    });
    let conversation = json!({"vendor": "acme", "steps": calls.collect::<Vec<_>>()});
    let conversation = folder.put("calls.yaml", &conversation.to_string());
    let recorded = format!("{}/recorded.yaml", folder.path());
    let vendor = format!("acme={}", word(&list, "document"));
    let hold = |file: &str, carrier: &Carrier, more: &[&str]| {
        contract(&[&["run", file, "--base-url", &carrier.url(), "--vendor", &vendor], more].concat()).1
    };
    let before = Carrier::start(&steps, false);
    let report = hold(&conversation, &before, &["--record", &recorded]);
    judge("the server as it was, held against its document", &[], &failures(&report, &steps));
    let report = hold(&recorded, &Carrier::start(&steps, false), &[]);
    judge("the server as it was, held against the recording", &[], &failures(&report, &steps));
    let report = hold(&recorded, &Carrier::start(&steps, true), &[]);
    let places = |(step, number): (&Value, usize)| {
        let places: Vec<_> = rows(step, "finds").filter_map(Value::as_str).map(|place| (number, place.to_owned())).collect();
        places
    };
    let expected: Vec<_> = steps.iter().zip(1..).flat_map(places).collect();
    let changed = steps.iter().filter(|step| !step["finds"].is_null()).count();
    judge(&format!("{changed} changed answers of a server"), &expected, &failures(&report, &steps));
}

#[test]
fn the_changes_of_a_document_are_found_and_none_is_invented() {
    let list = file("changed-document.yaml");
    let (_, report) = contract(&["drift", "tests/seeded/new.openapi.yaml", "--against", "tests/seeded/old.openapi.yaml"]);
    let found: Vec<[String; 3]> = rows(&report, "differences")
        .map(|row| [word(row, "subject").to_owned(), word(row, "place").to_owned(), row["breaking"].to_string()])
        .collect();
    let expected: Vec<[String; 3]> = rows(&list, "changes")
        .map(|row| [word(row, "subject").to_owned(), word(row, "place").to_owned(), row["breaking"].to_string()])
        .collect();
    judge("a changed document", &expected, &found);
}
