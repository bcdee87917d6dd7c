//! The binary with a data directory: killed, full, in use twice, and under another scenario.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::client::{admin, send};
use crate::data_dir::Folder;
use crate::listener;
use crate::process::{Server, run, text};

/// How often the process is killed, unless `KILLS` says otherwise; and how often with one directory.
const ROUNDS: usize = 6;
const ROUNDS_OF_ONE: usize = 6;
/// How many clients call at once.
const CLIENTS: usize = 4;

const PARCEL: &str = r#"{"length":"5","width":"5","height":"5","distance_unit":"in","weight":"2","mass_unit":"lb"}"#;

/// The answer to a new parcel; `None` if the server ends before it answers.
fn ask(server: &Server) -> Option<String> {
    let mut stream = TcpStream::connect(server.address()).ok()?;
    let head = "POST /shippo/parcels HTTP/1.1\r\nhost: localhost\r\nauthorization: ShippoToken shippo_test_seatrial\r\n";
    let length = PARCEL.len();
    let head = format!("{head}content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    stream.write_all(format!("{head}{PARCEL}").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// The id of a new parcel; `None` if the server ends before it answers.
fn parcel(server: &Server) -> Option<String> {
    let answer = ask(server)?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 201 "), "{answer}");
    let body: Value = serde_json::from_str(body).ok()?;
    Some(body["object_id"].as_str()?.to_owned())
}

/// The ids of all parcels.
fn parcels(server: &Server) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for page in 1.. {
        let body = send(server, "GET", &format!("/shippo/parcels?results=200&page={page}"), &SHIPPO, "").json();
        let rows = body["results"].as_array().into_iter().flatten();
        found.extend(rows.map(|row| row["object_id"].as_str().unwrap_or_default().to_owned()));
        if body["next"].is_null() {
            break;
        }
    }
    found
}

#[test]
fn nothing_that_was_answered_is_lost_when_the_process_is_killed() {
    let rounds = std::env::var("KILLS").map_or(ROUNDS, |text| text.parse().expect("it is a number"));
    for begin in (0..rounds).step_by(ROUNDS_OF_ONE) {
        kill_again_and_again(ROUNDS_OF_ONE.min(rounds - begin));
    }
}

fn kill_again_and_again(rounds: usize) {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path").to_owned();
    let answered = Mutex::new(BTreeSet::new());
    for (round, fsync) in ["always", "interval", "off"].into_iter().cycle().take(rounds).enumerate() {
        let mut server = Server::start(&["--data-dir", &directory, "--fsync", fsync, "--log", "warn"]);
        let before = answered.lock().expect("no client failed").clone();
        let missing: Vec<_> = before.difference(&parcels(&server)).cloned().collect();
        assert_eq!(missing, Vec::<String>::new(), "after round {round}");
        let made = admin(&server, "GET", "/sandboxes/default/requests?operation=shippo.CreateParcel&limit=1000", &Value::Null);
        let told = made["requests"].as_array().map_or(0, Vec::len);
        assert!(told >= before.len().min(1000), "{told} calls are in the journal of {} that were answered", before.len());
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (server, answered, ended) = (&server, &answered, &ended);
                scope.spawn(move || {
                    for call in 0.. {
                        let Some(id) = parcel(server) else { break };
                        answered.lock().expect("no client failed").insert(id);
                        if client == 0 && call == 20 + 7 * round {
                            let killed = Command::new("kill").args(["-KILL", &server.process().to_string()]).status();
                            assert!(killed.is_ok_and(|status| status.success()));
                            ended.store(true, Ordering::Relaxed);
                        }
                    }
                    // Only the end of the server ends a client.
                    assert!(client > 0 || ended.load(Ordering::Relaxed));
                });
            }
        });
        assert_eq!(server.wait(), None, "a signal has ended it");
    }
    let checked = run(&["data", "check", &directory]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stdout));
    assert!(answered.into_inner().expect("no client failed").len() > 20 * rounds);
}

#[test]
fn a_name_that_was_made_up_is_given_once_in_a_directory() {
    let folder = Folder::new();
    let mut names = BTreeSet::new();
    for _ in 0..3 {
        let mut server = Server::start(&["--data-dir", folder.0.to_str().expect("a UTF-8 path"), "--log", "warn"]);
        let name = admin(&server, "POST", "/sandboxes", &json!({}))["name"].as_str().expect("a name").to_owned();
        admin(&server, "DELETE", &format!("/sandboxes/{name}"), &Value::Null);
        assert!(names.insert(name), "{names:?}");
        let killed = Command::new("kill").args(["-KILL", &server.process().to_string()]).status();
        assert!(killed.is_ok_and(|status| status.success()));
        assert_eq!(server.wait(), None, "a signal has ended it");
    }
}

#[test]
fn a_full_disk_is_told_to_the_caller_and_ends_the_process() {
    let folder = Folder::new();
    let mut server = Server::start(&["--data-dir", folder.0.to_str().expect("a UTF-8 path"), "--log", "warn"]);
    assert!(parcel(&server).is_some());
    // Nothing can be written any more.
    let limited = Command::new("prlimit").args(["--pid", &server.process().to_string(), "--fsize=1:1"]).status();
    assert!(limited.is_ok_and(|status| status.success()), "prlimit runs");
    let answer = ask(&server).expect("it is answered before the process ends");
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(answer.contains("seatrial-notes: ledger-broken"), "{answer}");
    assert_eq!(server.wait(), Some(4));
    let server = Server::start(&["--data-dir", folder.0.to_str().expect("a UTF-8 path")]);
    assert_eq!(parcels(&server).len(), 1);
}

#[test]
fn a_second_process_is_refused_and_another_scenario_begins_anew() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let file = folder.0.with_extension("yaml");
    std::fs::write(&file, "name: nightly\nseed: 11\n").expect("a file can be written");
    let scenario = file.to_str().expect("a UTF-8 path");
    let mut server = Server::start(&["--data-dir", directory, "--scenario", scenario]);
    let id = parcel(&server).expect("it is made");
    let second = run(&["--listen", "127.0.0.1:0", "--data-dir", directory]);
    assert_eq!(second.status.code(), Some(2));
    let expected = format!("the data directory {directory} is in use by process {}", server.process());
    assert!(text(&second.stderr).contains(&expected), "{}", text(&second.stderr));
    assert_eq!(server.signal("-TERM"), Some(0));

    let mut server = Server::start(&["--data-dir", directory, "--scenario", scenario]);
    assert_eq!(parcels(&server), BTreeSet::from([id.clone()]));
    assert_eq!(server.signal("-TERM"), Some(0));

    // Nothing is said of a scenario: it goes on under the one that it has.
    let server = Server::start(&["--data-dir", directory]);
    assert_eq!(parcels(&server), BTreeSet::from([id]));
    let sandbox = admin(&server, "GET", "/sandboxes/default", &Value::Null);
    assert_eq!(sandbox["scenario"], "nightly");
    drop(server);

    // Neither is by an edit that changes nothing but words.
    std::fs::write(&file, "# why\nseed: 11\nname: nightly\ndescription: each night\n").expect("a file can be written");
    let server = Server::start_logged(&["--data-dir", directory, "--scenario", scenario]);
    assert_eq!(parcels(&server).len(), 1);
    assert_eq!(server.log().matches("begins anew").count(), 0);

    std::fs::write(&file, "name: nightly\nseed: 12\n").expect("a file can be written");
    let server = Server::start_logged(&["--data-dir", directory, "--scenario", scenario]);
    assert_eq!(parcels(&server), BTreeSet::new());
    let log = server.log();
    assert!(log.contains("was under another scenario or seed (`nightly`): it begins anew, 1 documents and 4 calls are dropped"), "{log}");
    std::fs::remove_file(file).expect("the file can go");

    // Nothing is said of a scenario, and another seed: it begins anew under the one that it has.
    let server = Server::start(&["--data-dir", directory, "--seed", "12"]);
    let id = parcel(&server).expect("it is made");
    drop(server);
    let server = Server::start_logged(&["--data-dir", directory, "--seed", "12"]);
    assert_eq!(parcels(&server), BTreeSet::from([id]));
    assert_eq!(server.log().matches("begins anew").count(), 0);
    let server = Server::start_logged(&["--data-dir", directory, "--seed", "13"]);
    assert_eq!(parcels(&server), BTreeSet::new());
    let sandbox = admin(&server, "GET", "/sandboxes/default", &Value::Null);
    assert_eq!((&sandbox["scenario"], &sandbox["seed"]), (&"nightly".into(), &13.into()));
    let log = server.log();
    assert!(log.contains("was under another scenario or seed (`nightly`): it begins anew, 1 documents and "), "{log}");
}

#[test]
fn a_process_whose_directory_was_replaced_ends_and_leaves_the_other_one_alone() {
    let folder = Folder::new();
    let away = folder.0.with_extension("away");
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let mut first = Server::start_logged(&["--data-dir", directory]);
    let id = parcel(&first).expect("it is made");
    std::fs::rename(&folder.0, &away).expect("it can be moved");
    let second = Server::start(&["--data-dir", directory]);
    let made = parcel(&second).expect("it is made");
    // It ends by itself; who asks before is told.
    if let Some(refused) = ask(&first).filter(|answer| !answer.is_empty()) {
        assert!(refused.starts_with("HTTP/1.1 500 ") && refused.contains("ledger-broken"), "{refused}");
    }
    let mut log = String::new();
    assert_eq!(first.wait_and_read(&mut log), Some(4), "{log}");
    let why = format!("the process ends, because the data directory {directory} was moved, removed or replaced while it was in use");
    assert!(log.contains(&why), "{log}");
    drop(second);
    assert_eq!(parcels(&Server::start(&["--data-dir", directory])), BTreeSet::from([made]));
    let moved = Server::start(&["--data-dir", away.to_str().expect("a UTF-8 path")]);
    assert_eq!(parcels(&moved), BTreeSet::from([id]));
    drop(moved);
    std::fs::remove_dir_all(away).expect("it can go");
}

#[test]
fn a_directory_about_a_vendor_that_is_not_there_is_not_said_to_be_damaged() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let vendor = ["--vendor", "acme=examples/acme.openapi.yaml"];
    let mut server = Server::start(&[&["--data-dir", directory], &vendor[..]].concat());
    let fault = admin(&server, "PUT", "/sandboxes/default/faults/down", &json!({"on": "acme.*", "fault": 503}));
    assert_eq!(fault["name"], "down", "{fault}");
    assert_eq!(server.signal("-TERM"), Some(0));
    for command in [&["data", "check", directory][..], &["data", "export", directory, "default"]] {
        let with = run(&[command, &vendor[..]].concat());
        assert_eq!(with.status.code(), Some(0), "{}{}", text(&with.stdout), text(&with.stderr));
        let without = run(command);
        let said = text(&without.stdout) + &text(&without.stderr);
        assert_eq!(without.status.code(), Some(1), "{said}");
        assert!(said.contains("such as a vendor of another `--vendor`") && !said.contains("damaged"), "{said}");
    }
    let refused = run(&["--listen", "127.0.0.1:0", "--data-dir", directory]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("such as a vendor of another `--vendor`") && !said.contains("damaged"), "{said}");
}

#[test]
fn a_start_under_another_scenario_tells_the_verdict_before_and_judges_by_the_new_one() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let [first, second, report] = ["first.yaml", "second.yaml", "txt"].map(|end| folder.0.with_extension(end));
    std::fs::write(&first, "name: first\nexpect: [never: shippo.CreateParcel]\n").expect("a file can be written");
    std::fs::write(&second, "name: second\nexpect: [{call: shippo.CreateParcel, count: 1}]\n").expect("a file can be written");
    let [first, second, report] = [&first, &second, &report].map(|path| path.to_str().expect("a UTF-8 path"));
    let server = Server::start(&["--data-dir", directory, "--scenario", first, "--verify"]);
    parcel(&server).expect("it is made");
    // It is killed before anybody was told.
    drop(server);
    let arguments = ["--data-dir", directory, "--scenario", second, "--verify", "--verify-report", report];
    let server = Server::start_logged(&arguments);
    parcel(&server).expect("it is made");
    let lines = admin(&server, "GET", "/sandboxes/default/log", &Value::Null);
    assert_eq!(lines["log"][0]["what"], "scenario", "{lines}");
    assert_eq!(lines["log"][0]["name"], "second", "{lines}");
    let log = server.log();
    assert!(log.contains("(`first`): it begins anew, 1 documents and 1 calls are dropped"), "{log}");
    assert!(log.contains("sandbox `default`: failed, 1 of 1 expectations are not met"), "{log}");
    assert!(log.contains("failed  scenario.yaml:2: never: shippo.CreateParcel"), "{log}");
    // Nothing of it is left, also after another kill.
    let mut server = Server::start(&arguments);
    assert_eq!(server.signal("-TERM"), Some(0));
    let said = std::fs::read_to_string(report).expect("a report is written");
    assert!(said.contains(&format!("{second}:2")) && !said.contains("never"), "{said}");
    [first, second, report].into_iter().for_each(|file| std::fs::remove_file(file).expect("the file can go"));
}

#[test]
fn the_files_of_a_scenario_are_the_same_by_other_paths() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let [base, file] = ["base.yaml", "yaml"].map(|end| folder.0.with_extension(end));
    std::fs::write(&base, "seed: 3\n").expect("a file can be written");
    let name = base.file_name().and_then(|name| name.to_str()).expect("a UTF-8 name");
    std::fs::write(&file, format!("include: {name}\n")).expect("a file can be written");
    let path = file.to_str().expect("a UTF-8 path");
    let server = Server::start(&["--data-dir", directory, "--scenario", path]);
    let id = parcel(&server).expect("it is made");
    drop(server);
    let folded = path.replacen("/", "/./", 1);
    let server = Server::start(&["--data-dir", directory, "--scenario", &folded]);
    assert_eq!(parcels(&server), BTreeSet::from([id]));
    [base, file].into_iter().for_each(|file| std::fs::remove_file(file).expect("the file can go"));
}

#[test]
fn verdicts_name_the_file_of_the_scenario_after_a_start_as_well() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let file = folder.0.with_extension("yaml");
    std::fs::write(&file, "name: nightly\nexpect:\n  - never: shippo.CreateParcel\n").expect("a file can be written");
    let scenario = file.to_str().expect("a UTF-8 path");
    let report = folder.0.with_extension("txt");
    let arguments =
        ["--data-dir", directory, "--scenario", scenario, "--verify", "--verify-report", report.to_str().expect("a UTF-8 path")];
    for _ in 0..2 {
        let mut server = Server::start(&arguments);
        parcel(&server).expect("it is made");
        assert_eq!(server.signal("-TERM"), Some(1));
        let said = std::fs::read_to_string(&report).expect("a report is written");
        assert!(said.contains(&format!("{scenario}:3")), "{said}");
    }
    [file, report].into_iter().for_each(|file| std::fs::remove_file(file).expect("the file can go"));
}

#[test]
fn verdicts_on_what_came_without_a_file_name_the_same_after_a_start() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let mut server = Server::start(&["--data-dir", directory]);
    admin(&server, "POST", "/sandboxes", &json!({"name": "sent"}));
    admin(&server, "PUT", "/sandboxes/sent/scenario", &json!({"expect": [{"never": "shippo.CreateParcel"}]}));
    admin(&server, "POST", "/sandboxes/default/fork", &json!({"name": "copy"}));
    let told = |server: &Server| {
        ["default", "sent", "copy"].map(|name| {
            let report = admin(server, "POST", &format!("/sandboxes/{name}/verify"), &Value::Null);
            (report["file"].clone(), report["findings"][0]["file"].clone())
        })
    };
    let before = told(&server);
    server.signal("-TERM");
    assert_eq!(told(&Server::start(&["--data-dir", directory])), before);
}

#[test]
fn subscriptions_and_journals_are_kept() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let mut server = Server::start(&["--data-dir", directory]);
    let call = |server: &Server, path: &str, body: Value| send(server, "POST", path, &SHIPPO, &body.to_string());
    let subscribed = call(&server, "/shippo/webhooks", json!({"url": "http://127.0.0.1:9/hook", "event": "track_updated"}));
    assert_eq!(subscribed.status, 201);
    let track = call(&server, "/shippo/tracks", json!({"carrier": "shippo", "tracking_number": "SHIPPO_TRANSIT"}));
    assert_eq!(track.status, 200, "{}", track.body);
    let before = admin(&server, "GET", "/sandboxes/default/webhooks", &Value::Null);
    assert_eq!(server.signal("-TERM"), Some(0));
    let server = Server::start(&["--data-dir", directory]);
    let after = admin(&server, "GET", "/sandboxes/default/webhooks", &Value::Null);
    assert_eq!(after["subscriptions"], before["subscriptions"]);
    let requests = admin(&server, "GET", "/sandboxes/default/requests", &Value::Null);
    assert_eq!(requests["requests"].as_array().map(Vec::len), Some(2));
}

#[test]
fn one_webhook_of_a_subscription_is_repeated_when_the_process_is_killed() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let receiver = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("http://{}/hooks", receiver.local_addr().expect("it is bound"));
    let next = || {
        let (stream, _) = receiver.accept().expect("a webhook comes");
        let (head, _) = listener::request(&stream);
        let id = head.lines().find_map(|line| line.strip_prefix("Seatrial-Delivery: ")).expect("it has its id").to_owned();
        (id, stream)
    };
    let answered = || {
        let (id, mut stream) = next();
        stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").expect("it listens");
        id
    };
    let mut server = Server::start(&["--data-dir", directory, "--log", "warn"]);
    let hook = admin(&server, "POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": url}));
    let path = format!("/webhooks/{}/test", hook["id"].as_str().expect("an id"));
    let test = |server: &Server| admin(server, "POST", &path, &json!({}))["id"].as_str().expect("an id").to_owned();
    // The others become due while the first one is under way, so that they are sent together.
    let mut ids = vec![test(&server)];
    let (first, mut stream) = next();
    ids.extend((0..4).map(|_| test(&server)));
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").expect("it listens");
    let sent = [first, answered(), answered()];
    let (under_way, _stream) = next();
    assert_eq!((&sent[..], &under_way), (&ids[..3], &ids[3]));
    assert_eq!(server.signal("-KILL"), None, "a signal has ended it");
    let server = Server::start(&["--data-dir", directory, "--log", "warn"]);
    assert_eq!([answered(), answered()], ids[3..], "only the one that was under way is sent again");
    let done = admin(&server, "GET", "/sandboxes/default/deliveries?progress=delivered&min=5&wait=10s", &Value::Null);
    assert_eq!(done["deliveries"].as_array().map(Vec::len), Some(5));
}

#[test]
fn a_file_is_imported_once_and_again_when_it_has_changed() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let [file, other] = ["json", "yaml"].map(|end| folder.0.with_extension(end));
    let export = |server: &Server| send(server, "GET", "/_seatrial/sandboxes/default/export", &[], "").body;
    let server = Server::start(&[]);
    let given = parcel(&server).expect("it is made");
    std::fs::write(&file, export(&server)).expect("a file can be written");
    std::fs::write(&other, "name: other\nseed: 12\n").expect("a file can be written");
    let [path, scenario] = [&file, &other].map(|path| path.to_str().expect("a UTF-8 path"));
    let arguments = ["--data-dir", directory, "--import", path];
    let mut server = Server::start(&arguments);
    let own = parcel(&server).expect("it is made");
    assert_eq!(server.signal("-KILL"), None);
    let server = Server::start_logged(&arguments);
    assert_eq!(parcels(&server), BTreeSet::from([given.clone(), own]));
    let changed = export(&server);
    let log = server.log();
    assert!(log.contains("the default sandbox goes on, which began as this file"), "{log}");
    // Another file begins anew, and says so; and so does the same one after something else.
    std::fs::write(&file, &changed).expect("a file can be written");
    let server = Server::start_logged(&arguments);
    assert_eq!(parcels(&server).len(), 2);
    parcel(&server).expect("it is made");
    let log = server.log();
    assert!(log.contains(&format!("did not begin as what {path} is now: it begins anew, 2 documents and 2 calls are dropped")), "{log}");
    assert_eq!(Server::start(&["--data-dir", directory, "--scenario", scenario]).signal("-TERM"), Some(0));
    assert_eq!(parcels(&Server::start(&arguments)).len(), 2);
    // A device may be endless.
    let refused = run(&["--listen", "127.0.0.1:0", "--import", "/dev/zero"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(text(&refused.stderr).trim_end(), "error: `--import`: /dev/zero: it is a device, expected a file");
    [file, other].into_iter().for_each(|file| std::fs::remove_file(file).expect("the file can go"));
}

#[test]
fn a_fault_is_the_same_one_after_a_start() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let put = |server: &Server, fault: &str| {
        let path = "/_seatrial/sandboxes/default/faults/mine";
        assert_eq!(send(server, "PUT", path, &[("content-type", "application/json")], fault).status, 200);
    };
    let explained = |server: &Server| {
        let calls = admin(server, "GET", "/sandboxes/default/requests", &Value::Null);
        let path = format!("/requests/{}/explain", calls["requests"][0]["id"].as_str().expect("an id"));
        admin(server, "GET", &path, &Value::Null)
    };
    let mut server = Server::start(&["--data-dir", directory]);
    put(&server, "{\n  \"on\": \"shippo.ListParcels\",\n  \"latency\": \"1ms\", \"fault\": 503\n}");
    assert_eq!(send(&server, "GET", "/shippo/parcels", &SHIPPO, "").status, 503);
    let before = explained(&server);
    assert_eq!(before["rules"][0]["outcome"], "fired", "{before}");
    assert_eq!(server.signal("-TERM"), Some(0));
    let server = Server::start(&["--data-dir", directory]);
    assert_eq!(explained(&server), before);
    // It is no other one either where it is written in another way.
    put(&server, r#"{"fault": 503, "latency": "1ms", "on": "shippo.ListParcels"}"#);
    assert_eq!(explained(&server)["rules"][0]["outcome"], "fired");
}

#[test]
fn how_long_calls_took_is_unknown_after_a_start() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let times = |server: &Server| {
        let exported = send(server, "GET", "/_seatrial/sandboxes/default/requests/export?format=har", &[], "").json();
        let entry = &exported["log"]["entries"][0];
        assert_eq!(entry["time"], entry["timings"]["wait"], "{entry}");
        entry["time"].as_f64().expect("a number")
    };
    let mut server = Server::start(&["--data-dir", directory]);
    parcel(&server).expect("it is made");
    assert!(times(&server) > 0.0);
    assert_eq!(server.signal("-TERM"), Some(0));
    assert_eq!(times(&Server::start(&["--data-dir", directory])).to_string(), "-1");
}

#[test]
fn a_start_that_fails_drops_nothing() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let file = folder.0.with_extension("yaml");
    std::fs::write(&file, "name: other\nseed: 12\n").expect("a file can be written");
    let scenario = file.to_str().expect("a UTF-8 path");
    let mut server = Server::start(&["--data-dir", directory]);
    let id = parcel(&server).expect("it is made");
    assert_eq!(server.signal("-TERM"), Some(0));
    let other = Server::start(&[]);
    let taken = other.address().to_string();
    for more in [&["--listen", "127.0.0.1:0", "--egress-ca", scenario][..], &["--listen", &taken]] {
        let failed = run(&[&["--data-dir", directory, "--scenario", scenario], more].concat());
        assert!(failed.status.code().is_some_and(|code| code > 0), "{more:?}");
        assert!(!text(&failed.stderr).contains("dropped"), "{}", text(&failed.stderr));
    }
    assert_eq!(parcels(&Server::start(&["--data-dir", directory])), BTreeSet::from([id]));
    std::fs::remove_file(file).expect("the file can go");
}

#[test]
fn a_pipe_is_no_file_to_write_to() {
    let pipe = std::env::temp_dir().join(format!("seatrial-pipe-{}", std::process::id()));
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("it runs").success());
    let path = pipe.to_str().expect("a UTF-8 path");
    for (flag, why) in [("--ready-file", "is there, and is no file"), ("--verify-report", "it is a pipe, which might be read by nobody")] {
        let refused = run(&["--listen", "127.0.0.1:0", flag, path]);
        assert_eq!(refused.status.code(), Some(2), "{flag}");
        assert!(text(&refused.stderr).contains(why), "{}", text(&refused.stderr));
        assert!(pipe.exists(), "{flag}");
    }
    std::fs::remove_file(pipe).expect("the pipe can go");
}
