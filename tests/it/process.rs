//! The binary as a process: its ready line, its exit codes, its limits, and how it leaves.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::client::{self, send};

/// A running server that is stopped when the test is done with it.
pub struct Server {
    child: Child,
    ready: String,
}

impl Server {
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", arguments)
    }

    pub fn start_at(address: &str, arguments: &[&str]) -> Self {
        let mut child = command()
            .args(["--listen", address])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let mut ready = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut ready).expect("a ready line comes");
        Self { child, ready }
    }

    /// A server whose standard error is kept until it ends.
    pub fn start_logged(arguments: &[&str]) -> Self {
        let mut command = command();
        command.args(["--listen", "127.0.0.1:0"]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::of(command)
    }

    /// A server that a command becomes.
    pub fn of(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the command runs");
        let mut ready = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut ready).expect("a ready line comes");
        Self { child, ready }
    }

    /// Ends the server in good order; what it wrote to its standard error.
    pub fn log(self) -> String {
        let (code, log) = self.left();
        assert_eq!(code, Some(0), "{log}");
        log
    }

    /// Ends the server; its exit code, and what it wrote to its standard error.
    pub fn left(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().expect("stderr is piped");
        let code = self.signal("-TERM");
        stderr.read_to_string(&mut log).expect("it is text");
        (code, log)
    }

    pub fn address(&self) -> SocketAddr {
        let http = self.ready.split_whitespace().find_map(|word| word.strip_prefix("http="));
        http.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("no address in {:?}", self.ready))
    }

    /// The address of a further listener, by its name in the ready line.
    pub fn listener(&self, name: &str) -> SocketAddr {
        let found = self.ready.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        found.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("no `{name}` in {:?}", self.ready))
    }

    /// The memory that it takes, in bytes.
    pub fn resident(&self) -> usize {
        self.memory("VmRSS:")
    }

    /// The most memory that it took since [`Self::forget_peak`], in bytes.
    pub fn peak(&self) -> usize {
        self.memory("VmHWM:")
    }

    /// Has [`Self::peak`] begin anew; the memory that it takes now.
    pub fn forget_peak(&self) -> usize {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").expect("it runs");
        self.resident()
    }

    fn memory(&self, name: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let kilobytes = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse::<usize>().ok());
        kilobytes.expect("there is a figure") * 1024
    }

    /// How long processors have worked for it.
    pub fn busy_milliseconds(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        let (_, figures) = stat.rsplit_once(") ").expect("the name is in parentheses");
        let ticks = |index: usize| figures.split(' ').nth(index).and_then(|ticks| ticks.parse::<u64>().ok()).expect("a figure");
        // In user mode and in the kernel, in hundredths of a second.
        (ticks(11) + ticks(12)) * 10
    }

    /// Where the admin API is.
    pub fn admin(&self) -> SocketAddr {
        let own = self.ready.split_whitespace().find_map(|word| word.strip_prefix("admin=http://"));
        own.and_then(|own| own.strip_suffix("/_seatrial")?.parse().ok()).unwrap_or_else(|| self.address())
    }

    /// Sends bytes and reads everything until the server ends the connection.
    pub fn exchange(&self, request: &[u8]) -> String {
        client::exchange(self.address(), request)
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, and reads what it wrote to its standard error.
    pub fn wait_and_read(&mut self, log: &mut String) -> Option<i32> {
        self.child.stderr.take().expect("stderr is piped").read_to_string(log).expect("it is text");
        self.wait()
    }

    /// Waits for its end; `None` if a signal has ended it.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }

    pub fn signal(&mut self, signal: &str) -> Option<i32> {
        let done = Command::new("kill").args([signal, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(done.success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_seatrial"))
}

pub fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().expect("the binary runs")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_ready_line_is_stable_and_written_to_a_file() {
    let file = std::env::temp_dir().join(format!("seatrial-ready-{}", std::process::id()));
    let server = Server::start(&["--ready-file", file.to_str().expect("a UTF-8 path")]);
    let mounts: BTreeSet<_> = seatrial::vendors::all().iter().map(|vendor| vendor.mount.to_string()).collect();
    let expected = format!("seatrial ready http={} admin=/_seatrial vendors={} scenario=default\n", server.address(), mounts.len());
    assert_eq!(server.ready, expected);
    assert_eq!(std::fs::read_to_string(&file).expect("the file is there"), expected);
    std::fs::remove_file(file).expect("the file can go");
}

#[test]
fn the_ready_file_goes_with_the_process_and_is_written_through_no_link() {
    let folder = std::env::temp_dir().join(format!("seatrial-links-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder can be made");
    let (file, other) = (folder.join("ready"), folder.join("other"));
    std::fs::write(&other, "mine").expect("a file can be written");
    std::os::unix::fs::symlink(&other, &file).expect("a link can be made");
    let mut server = Server::start(&["--ready-file", file.to_str().expect("a UTF-8 path")]);
    assert_eq!(std::fs::read_to_string(&other).expect("the file is there"), "mine");
    assert!(std::fs::read_to_string(&file).expect("the file is there").starts_with("seatrial ready"));
    assert_eq!(server.signal("-TERM"), Some(0));
    assert!(!file.exists());
    // Arguments that are mistaken lead to nothing that is ready; help says nothing of it.
    let flag = format!("--ready-file={}", file.display());
    for (arguments, stays) in [(["--help", &flag], true), (["--no-such", &flag], false), (["--seed=x", &flag], false)] {
        std::fs::write(&file, "seatrial ready http=127.0.0.1:1").expect("a file can be written");
        let ended = command().args(arguments).output().expect("it starts");
        assert_eq!((ended.status.success(), file.exists()), (stays, stays), "{arguments:?}");
    }
    std::fs::remove_dir_all(folder).expect("the folder can go");
}

#[test]
fn every_listener_is_told() {
    let file = std::env::temp_dir().join(format!("seatrial-listeners-{}", std::process::id()));
    let more = ["--listen", "127.0.0.1:0", "--listen", "shipmate=127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--ready-file"];
    let server = Server::start(&[&more[..], &[file.to_str().expect("a UTF-8 path")]].concat());
    let told = |name: &str| -> Vec<&str> { server.ready.split_whitespace().filter_map(|word| word.strip_prefix(name)).collect() };
    let (http, own, admin) = (told("http="), told("shipmate="), told("admin=http://"));
    assert_eq!((http.len(), own.len(), admin.len()), (2, 1, 1), "{}", server.ready);
    assert_eq!(std::fs::read_to_string(&file).expect("the file is there"), server.ready);
    let version = client::admin(&server, "GET", "/version", &Value::Null);
    let all = json!([
        {"address": http[0], "vendors": true, "admin": false},
        {"address": http[1], "vendors": true, "admin": false},
        {"address": own[0], "mount": "shipmate", "vendors": true, "admin": false},
        {"address": admin[0].trim_end_matches("/_seatrial"), "vendors": false, "admin": true},
    ]);
    assert_eq!(version["listeners"], all);
    let made = client::admin(&server, "POST", "/sandboxes", &json!({"name": "mine"}));
    assert_eq!(made["urls"]["shipmate"], json!(format!("http://{}/@mine", own[0])));
    assert_eq!(made["urls"]["shippo"], json!(format!("http://{}/@mine/shippo", http[0])));
    for (address, path) in [(http[1], "/shipmate/v1.1/services"), (own[0], "/v1.1/services"), (own[0], "/@mine/v1.1/services")] {
        let address = address.parse().expect("an address");
        let answer = client::exchange(address, format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes());
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
}

#[test]
fn localhost_is_both_loopback_addresses() {
    let server = Server::start_at("localhost:0", &["--listen", "shippo=LocalHost.:0"]);
    let reached =
        |address: &str| client::exchange(address.parse().expect("an address"), b"GET /x HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 404");
    for name in ["http=", "shippo="] {
        let told: Vec<&str> = server.ready.split_whitespace().filter_map(|word| word.strip_prefix(name)).collect();
        assert!(told[0].starts_with("127.0.0.1:") && reached(told[0]), "{}", server.ready);
        let other = told[0].replace("127.0.0.1", "[::1]");
        // A machine may have no IPv6.
        match std::net::TcpListener::bind("[::1]:0") {
            Ok(_) => assert!(told[1..] == [&*other] && reached(&other), "{}", server.ready),
            Err(_) => assert_eq!(told.len(), 1, "{}", server.ready),
        }
    }
}

#[test]
fn a_ready_file_of_an_earlier_process_is_removed_first() {
    let file = std::env::temp_dir().join(format!("seatrial-stale-{}", std::process::id()));
    let path = file.to_str().expect("a UTF-8 path");
    let server = Server::start(&[]);
    let taken = server.address().to_string();
    for arguments in [
        &["--listen", &*taken][..],
        &["--listen", "nowhere=127.0.0.1:0"],
        &["--listen", "127.0.0.1:0", "--scenario", "no/such/file.yaml"],
        &["--listen", "127.0.0.1:0", "--egress-ca", "no/such/file.pem"],
    ] {
        std::fs::write(&file, "seatrial ready http=127.0.0.1:1 admin=/_seatrial vendors=5 scenario=default\n").expect("it can be written");
        assert_ne!(run(&[arguments, &["--ready-file", path]].concat()).status.code(), Some(0), "{arguments:?}");
        assert!(!file.exists(), "{arguments:?}");
    }
}

#[test]
fn endless_files_and_folders_are_not_read_for_ever() {
    let folder = std::env::temp_dir().join(format!("seatrial-circle-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder can be made");
    std::os::unix::fs::symlink(&folder, folder.join("again")).expect("a link can be made");
    std::fs::write(folder.join("one.yaml"), "name: one").expect("a file can be written");
    let folder_name = folder.to_str().expect("a UTF-8 path");
    for (arguments, expected) in [
        (&["check", "/dev/zero"][..], 2),
        (&["--scenario", "/dev/zero"], 2),
        (&["--egress-ca", "/dev/zero"], 2),
        (&["sandbox", "create", "x", "--scenario", "/dev/zero"], 1),
        (&["check", folder_name], 0),
    ] {
        assert_eq!(run(arguments).status.code(), Some(expected), "{arguments:?}");
    }
    std::fs::remove_dir_all(folder).expect("the folder can go");
}

#[test]
fn it_leaves_when_standard_input_ends() {
    let mut child = command()
        .args(["--listen", "127.0.0.1:0", "--exit-with-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut ready = String::new();
    BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut ready).expect("a ready line comes");
    assert!(ready.starts_with("seatrial ready "), "{ready}");
    assert_eq!(child.try_wait().expect("it can be asked"), None);
    drop(child.stdin.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_name_with_line_breaks_forges_no_log_line() {
    let file = std::env::temp_dir().join(format!("seatrial-forged-{}.yaml", std::process::id()));
    let name = r"x\r\n2026-01-05T09:00:00Z  WARN seatrial: forged\e[2K";
    let scenario = format!("timelines: {{\"{name}\": {{steps: [{{at: +1h, status: lost}}]}}}}");
    std::fs::write(&file, scenario).expect("the file is written");
    let path = file.to_str().expect("a UTF-8 path");
    let server = Server::start_logged(&["--scenario", path]);
    // Nothing is said of what a vendor was not asked for.
    assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 200);
    let log = server.log();
    std::fs::remove_file(file).expect("the file can go");
    assert!(log.contains(r"timeline `x\r\n2026-01-05T09:00:00Z"), "{log}");
    assert_eq!(log.lines().filter(|line| line.contains("forged")).count(), 1, "{log}");
    assert!(!log.contains(['\r', '\u{1b}']), "{log:?}");
}

#[test]
fn exit_codes_say_what_went_wrong() {
    let server = Server::start(&[]);
    let address = server.address().to_string();
    assert_eq!(run(&["health", "--address", &address]).status.code(), Some(0));
    assert_eq!(run(&["--listen", &address]).status.code(), Some(3));
    assert_eq!(run(&["--listen", "nowhere=127.0.0.1:0"]).status.code(), Some(2));
    for wrong in [["--no-such-flag", ""], ["--log", "[x"], ["--read-timeout", "0s"], ["--seed", "x"], ["--conform", "some"]] {
        assert_eq!(run(&wrong).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(run(&["--scenario", "no/such/file.yaml"]).status.code(), Some(2));
    assert_eq!(run(&["check", "tests/diagnostics/unknown_key.yaml"]).status.code(), Some(2));
    assert_eq!(run(&["check", "scenarios"]).status.code(), Some(0));
    let conversations = run(&["check", "tests/vendors/shiptime"]);
    assert!(String::from_utf8_lossy(&conversations.stdout).ends_with(" files are fine\n"), "{conversations:?}");
    assert_eq!(run(&["check", "benches"]).status.code(), Some(2), "no scenario was checked");
    drop(server);
    assert_eq!(run(&["health", "--address", &address]).status.code(), Some(1));
}

#[test]
fn switches_in_the_environment_are_read_as_people_write_them() {
    let said =
        |value: &str| text(&command().arg("coverage").env("SEATRIAL_COVERAGE_JSON", value).output().expect("the binary runs").stdout);
    assert!(["1", "true", "yes"].iter().all(|value| said(value).starts_with("{\"coverage\"")));
    assert!(["0", "false", ""].iter().all(|value| said(value).starts_with("vendor ")));
}

#[test]
fn whoever_has_read_enough_may_stop() {
    for arguments in [vec!["schema"], vec!["coverage"], vec!["completions", "bash"], vec!["check", "tests/diagnostics"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        let both = writer.try_clone().expect("a pipe has as many ends as are wanted");
        drop(reader);
        let status = command().args(&arguments).stdout(writer).stderr(both).status().expect("the binary runs");
        assert_eq!(status.code(), Some(if arguments[0] == "check" { 2 } else { 0 }), "{arguments:?}");
    }
}

#[test]
fn a_bad_scenario_is_explained_and_nothing_starts() {
    let output = run(&["--listen", "127.0.0.1:0", "--scenario", "tests/diagnostics/unknown_key.yaml"]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""));
    let said = text(&output.stderr);
    assert!(said.starts_with("error[S004]") && said.contains("tests/diagnostics/unknown_key.yaml:"), "{said}");
}

#[test]
fn a_built_in_scenario_starts_by_its_name() {
    let server = Server::start(&["--scenario", "lost-parcel"]);
    assert!(server.ready.ends_with("scenario=lost-parcel\n"), "{}", server.ready);
}

#[test]
fn requests_beyond_the_limits_are_refused_and_the_process_lives() {
    let server = Server::start(&["--body-limit", "1000"]);
    let starts = |request: String, expected: &str| {
        let answer = server.exchange(request.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{expected}: {}", answer.lines().next().unwrap_or_default());
    };
    let head = "POST /shippo/addresses HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    starts(format!("{head}content-length: 5000\r\n\r\n{}", "x".repeat(5000)), "413");
    starts(format!("{head}transfer-encoding: chunked\r\n\r\n7d0\r\n{}\r\n0\r\n\r\n", "x".repeat(2000)), "413");
    starts(format!("GET /shippo/{} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", "x".repeat(20_000)), "414");
    starts(format!("{head}{}\r\n\r\n", (0..150).map(|number| format!("x-{number}: y")).collect::<Vec<_>>().join("\r\n")), "431");
    starts(format!("{head}x-long: {}\r\n\r\n", "y".repeat(100_000)), "431");
    starts("NOT HTTP AT ALL\r\n\r\n".to_owned(), "400");
    starts(format!("{head}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"), "4");
    assert!(send(&server, "GET", "/_seatrial/health", &[], "").body.contains("\"ok\""));
}

#[test]
fn slow_clients_are_not_waited_for() {
    let server = Server::start(&["--read-timeout", "2s"]);
    let unfinished_head = server.exchange(b"GET /shippo/addresses HTTP/1.1\r\nhost: loc");
    assert!(unfinished_head.is_empty() || unfinished_head.starts_with("HTTP/1.1 408"), "{unfinished_head}");
    let unfinished_body =
        server.exchange(b"POST /shippo/addresses HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\nconnection: close\r\n\r\n{");
    assert!(unfinished_body.starts_with("HTTP/1.1 408"), "{unfinished_body}");
}

#[test]
fn a_scenario_can_reset_the_connection_after_the_work_was_done() {
    let file = std::env::temp_dir().join(format!("seatrial-reset-{}.yaml", std::process::id()));
    let scenario = "overrides: [{on: shippo.CreateAddress, fault: {commit: true, then: reset}, times: 1}]";
    std::fs::write(&file, scenario).expect("the file can be written");
    let server = Server::start(&["--scenario", file.to_str().expect("a UTF-8 path")]);
    let create = || send(&server, "POST", "/shippo/addresses", &SHIPPO, r#"{"name":"Ada","country":"US"}"#);
    assert_eq!(create().head, "");
    let listed = send(&server, "GET", "/shippo/addresses", &SHIPPO, "").body;
    assert!(listed.contains(r#""name": "Ada""#), "{listed}");
    assert_eq!(create().status, 201);
    std::fs::remove_file(file).expect("the file can go");
}

#[test]
fn a_scenario_can_end_an_answer_in_the_middle() {
    let file = std::env::temp_dir().join(format!("seatrial-truncate-{}.yaml", std::process::id()));
    std::fs::write(&file, "overrides: [{on: shippo.ListAddresses, fault: truncate}]").expect("the file can be written");
    let server = Server::start(&["--scenario", file.to_str().expect("a UTF-8 path")]);
    let answer = send(&server, "GET", "/shippo/addresses", &SHIPPO, "");
    let length = answer.head.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|length| length.parse().ok());
    assert_eq!(answer.status, 200, "{}", answer.head);
    assert_eq!(length.map(|length: usize| length / 2), Some(answer.body.len()), "{}", answer.body);
    std::fs::remove_file(file).expect("the file can go");
}

#[test]
fn a_vendor_answers_under_its_own_host_name() {
    let server = Server::start(&[]);
    let named = send(&server, "GET", "/addresses", &[("host", "api.goshippo.com")], "");
    assert!(named.status == 401 && named.body.contains("Authentication credentials were not provided."), "{}", named.body);
}

#[test]
fn a_vendor_can_have_a_port_of_its_own() {
    let server = Server::start_at("shippo=127.0.0.1:0", &[]);
    assert!(server.ready.contains(" admin=none "), "{}", server.ready);
    let own = send(&server, "GET", "/addresses", &[], "");
    assert!(own.status == 401 && own.body.contains("Authentication credentials were not provided."), "{}", own.body);
}

#[test]
fn http_2_works_in_the_clear() {
    let server = Server::start(&[]);
    // The preface, an empty SETTINGS frame, and GET / with literal headers.
    let mut request = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    let block = b"\x82\x84\x86\x41\x09localhost";
    request.extend_from_slice(&[0, 0, u8::try_from(block.len()).expect("a short block"), 1, 5, 0, 0, 0, 1]);
    request.extend_from_slice(block);
    let mut stream = client::connect(server.address());
    stream.write_all(&request).expect("it reads");
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while !text(&seen).contains("carrier APIs on localhost") {
        let count = stream.read(&mut buffer).expect("an answer comes");
        assert!(count > 0, "the connection ended: {seen:?}");
        seen.extend_from_slice(&buffer[..count]);
    }
}

#[test]
fn an_export_is_what_the_next_process_begins_as() {
    let server = Server::start(&[]);
    let address = r#"{"name": "Ada", "street1": "1 Main St", "city": "Austin", "state": "TX", "zip": "73301", "country": "US"}"#;
    assert_eq!(send(&server, "POST", "/shippo/addresses", &SHIPPO, address).status, 201);
    let export = send(&server, "GET", "/_seatrial/sandboxes/default/export", &[], "").body;
    let file = std::env::temp_dir().join(format!("seatrial-import-{}.json", std::process::id()));
    std::fs::write(&file, &export).expect("the file can be written");
    let path = file.to_str().expect("a UTF-8 path");
    let next = Server::start(&["--import", path]);
    let listed = send(&next, "GET", "/shippo/addresses", &SHIPPO, "").json();
    assert_eq!(listed["results"][0]["name"], "Ada", "{listed}");
    assert_eq!(send(&next, "POST", "/_seatrial/sandboxes/default/reset", &[client::JSON], "").status, 200);
    let listed = send(&next, "GET", "/shippo/addresses", &SHIPPO, "").json();
    assert_eq!(listed["results"][0]["name"], "Ada", "a reset goes back to the file: {listed}");
    for (content, part) in
        [("{}", "--import"), ("not json", "--import"), (&*export.replace("seatrial/sandbox-v", "seatrial/sandbox-x"), "format")]
    {
        std::fs::write(&file, content).expect("the file can be written");
        let refused = run(&["--listen", "127.0.0.1:0", "--import", path]);
        assert!(refused.status.code() == Some(2) && text(&refused.stderr).contains(part), "{}", text(&refused.stderr));
    }
    std::fs::remove_file(&file).expect("the file can go");
    for arguments in [&["--import", path][..], &["--import", path, "--seed", "7"], &["--import", "/dev/zero", "--sandbox-bytes", "100000"]]
    {
        let refused = run(&[&["--listen", "127.0.0.1:0"], arguments].concat());
        assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    }
}

#[test]
fn a_port_in_use_is_told_with_what_to_do() {
    let server = Server::start(&[]);
    let address = server.address();
    let refused = run(&["--listen", &address.to_string()]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(3), "{said}");
    for part in [
        &*format!("cannot listen on {address}"),
        "perhaps another seatrial",
        &*format!("lsof -i :{}", address.port()),
        "`--listen 127.0.0.1:0`",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
