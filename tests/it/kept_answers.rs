//! A data directory whose process was started with flags that were overtaken while it ran, and answers that were held when they were
//! recorded: the next start says of them what was said before.

use std::sync::Arc;

use http::Method;
use seatrial::engine::{Fault, Machine};
use seatrial::scenario::{self, run};
use seatrial::world::{End, Entry};
use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::client::{admin, send};
use crate::data_dir::{Folder, keep, machine, open, wall};
use crate::made_up::request;
use crate::process::{Server, run as command, text};

fn address() -> Value {
    json!({"name": "Ada", "street1": "1 Main St", "city": "Chicago", "state": "IL", "zip": "60601", "country": "US"})
}

#[test]
fn what_was_changed_while_it_ran_outlives_a_start_with_the_same_flags() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let file = folder.0.with_extension("yaml");
    std::fs::write(&file, "name: nightly\nseed: 11\n").expect("a file can be written");
    let scenario = file.to_str().expect("a UTF-8 path");
    let start = |flags: &[&str]| Server::start_logged(&[&["--data-dir", directory], flags].concat());
    let count = |server: &Server| {
        let list = send(server, "GET", "/shippo/addresses", &SHIPPO, "").json();
        list["results"].as_array().map_or(0, Vec::len)
    };
    let make = |server: &Server| {
        assert_eq!(send(server, "POST", "/shippo/addresses", &SHIPPO, &address().to_string()).status, 201);
    };
    let other = json!({"name": "other", "expect": [{"never": "shippo.CreateRefund"}]});
    for flags in [&["--scenario", scenario][..], &["--scenario", scenario, "--seed", "7"], &["--seed", "8"]] {
        let server = start(flags);
        admin(&server, "PUT", "/sandboxes/default/scenario", &other);
        admin(&server, "POST", "/sandboxes/default/reset", &json!({"seed": 99}));
        make(&server);
        drop(server);
        for _ in 0..2 {
            let server = start(flags);
            let sandbox = admin(&server, "GET", "/sandboxes/default", &json!(null));
            assert_eq!((&sandbox["scenario"], &sandbox["seed"], count(&server)), (&"other".into(), &99.into(), 1), "{flags:?}");
            let log = server.log();
            assert_eq!(log.matches("begins anew").count(), 0, "{log}");
        }
    }
    // Other flags than those of the start before are another matter.
    let server = start(&["--scenario", scenario]);
    assert_eq!(count(&server), 0);
    let log = server.log();
    assert_eq!(log.matches("begins anew").count(), 1, "{log}");
    std::fs::remove_file(file).expect("the file can go");
}

#[test]
fn the_scenario_from_before_an_import_begins_anew() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let [file, given] = ["yaml", "json"].map(|end| folder.0.with_extension(end));
    std::fs::write(&file, "name: nightly\nseed: 11\n").expect("a file can be written");
    let [scenario, given] = [&file, &given].map(|path| path.to_str().expect("a UTF-8 path"));
    let server = Server::start(&["--seed", "12"]);
    assert_eq!(send(&server, "POST", "/shippo/addresses", &SHIPPO, &address().to_string()).status, 201);
    let export = send(&server, "GET", "/_seatrial/sandboxes/default/export", &[], "").body;
    std::fs::write(given, export).expect("a file can be written");
    for flags in [["--scenario", scenario], ["--seed", "8"]] {
        for (flags, kept) in [(flags, 0), (["--import", given], 1), (["--import", given], 1), (flags, 0)] {
            let server = Server::start(&[&["--data-dir", directory], &flags[..]].concat());
            let list = send(&server, "GET", "/shippo/addresses", &SHIPPO, "").json();
            assert_eq!(list["results"].as_array().map(Vec::len), Some(kept), "{flags:?}");
        }
    }
    [&file, std::path::Path::new(given)].into_iter().for_each(|path| std::fs::remove_file(path).expect("the file can go"));
}

/// The newest exchange of the default sandbox.
fn newest(machine: &Machine) -> Arc<Entry> {
    let journal = machine.default_sandbox().journal();
    Arc::clone(journal.iter().next_back().expect("there is a call"))
}

#[test]
fn an_answer_that_was_held_ends_as_was_recorded_or_nobody_knows_how() {
    let folder = Folder::new();
    let before = machine();
    let opened = open(&before, &folder);
    let wanted = json!({"on": "shippo.CreateAddress", "latency": "2s"});
    let loaded = scenario::load_override(&wanted.to_string(), "fault", &run::MachineVocabulary(&before)).expect("it is an override");
    before.default_sandbox().switch_on(Fault::new("slow".into(), wanted, run::runtime(loaded)), wall());
    let headers = [("host", "127.0.0.1:7447"), ("authorization", "ShippoToken shippo_test_seatrial")];
    let call = request(Method::POST, "/shippo/addresses", &headers, &address().to_string());
    let expect = |machine: &Machine, end: End, is_under_way: bool, what: &str| {
        let wire = newest(machine).wire.clone();
        assert_eq!((wire.get().end, wire.is_under_way()), (end, is_under_way), "{what}");
    };
    for end in [End::Sent, End::Abandoned] {
        let answer = before.try_handle(&call, wall(), &|| true).expect("there is time");
        let entry = answer.entry.expect("it is in the journal");
        keep(&opened.store);
        let copy = folder.copy();
        let killed = machine();
        let again = open(&killed, &copy);
        expect(&before, End::UnderWay, true, "it is held");
        expect(&killed, End::Unknown, false, "its process was killed");
        assert_eq!(newest(&killed).wire.outcome().status, None);
        again.store.close();
        if end == End::Sent {
            entry.wire.arrive()
        } else {
            entry.wire.abandon()
        }
        before.answered(&entry);
        keep(&opened.store);
        let copy = folder.copy();
        let after = machine();
        let again = open(&after, &copy);
        expect(&before, end, false, "it has ended");
        expect(&after, end, false, "its end was recorded");
        assert_eq!(newest(&after).wire.get(), newest(&before).wire.get());
        again.store.close();
    }
}

#[test]
fn what_cannot_be_read_of_a_directory_has_one_exit_code() {
    let folder = Folder::new();
    let (missing, empty) = (folder.0.join("missing"), Folder::new());
    std::fs::create_dir_all(&empty.0).expect("a folder can be made");
    for directory in [&missing, &empty.0] {
        let directory = directory.to_str().expect("a UTF-8 path");
        for arguments in [&["data", "check", directory][..], &["data", "export", directory, "default"]] {
            let done = command(arguments);
            assert_eq!(done.status.code(), Some(2), "{arguments:?} {}{}", text(&done.stdout), text(&done.stderr));
        }
    }
}
