//! `seatrial view`: the file of a sandbox with its past, looked at after its server is gone.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::admin::furnish;
use crate::client::{JSON, admin, exchange, send};
use crate::process::{Server, command, run, text};

/// A file that is removed with its test.
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What shows a file.
struct Viewer {
    child: Child,
    address: SocketAddr,
    /// Where its page is.
    home: String,
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Viewer {
    fn start(file: &File) -> Self {
        let mut child = command().arg("view").arg(&file.0).stdout(Stdio::piped()).spawn().expect("the binary runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut line).expect("a line comes");
        let place = line.trim_end().split_once(" at http://").map(|(_, place)| place).unwrap_or_else(|| panic!("no address in {line:?}"));
        let (address, home) = place.split_once('/').expect("it names a page");
        Self { child, address: address.parse().expect("an address"), home: format!("/{home}") }
    }

    /// The status and the rest of an answer.
    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
        let length = body.len();
        let request =
            format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}");
        let answer = exchange(self.address, request.as_bytes());
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"));
        (status, answer)
    }

    fn page(&self, path: &str) -> String {
        let (status, page) = self.ask("GET", &format!("{}{path}", self.home), "", "");
        assert_eq!(status, 200, "{path}: {page}");
        page
    }
}

fn exported(server: &Server, name: &str) -> File {
    let file = File(std::env::temp_dir().join(format!("seatrial-view-{name}-{}.json", std::process::id())));
    let url = format!("http://{}", server.address());
    let arguments = ["sandbox", "export", "--include", "journal,deliveries,log"];
    let output = command().args(arguments).env("SEATRIAL_URL", url).output().expect("it runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    std::fs::write(&file.0, output.stdout).expect("the folder takes files");
    file
}

#[test]
fn a_file_shows_what_its_sandbox_showed_and_nothing_in_it_is_changed() {
    let server = Server::start(&[]);
    admin(&server, "PUT", "/sandboxes/default/clock", &json!({"mode": "frozen"}));
    // Nobody listens there: its attempts go on for days, were anybody to make them.
    admin(&server, "POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": "http://127.0.0.1:9/"}));
    let (request, number) = furnish(&server);
    admin(&server, "POST", "/sandboxes/default/clock/advance", &json!({"by": "1h"}));
    let mine = |path: &str| send(&server, "GET", &format!("/_seatrial{path}"), &[], "").body;
    let calls = ["/sandboxes/default/requests", "/sandboxes/default/log", "/sandboxes/default/deliveries", "/sandboxes/default/agenda"];
    let before = calls.map(mine);
    let file = exported(&server, "whole");
    drop(server);

    let viewer = Viewer::start(&file);
    assert_eq!(viewer.home, "/_seatrial/ui/default");
    for (path, before) in calls.iter().zip(&before) {
        let read = |answer: &str| -> Value { serde_json::from_str(answer).unwrap_or_else(|error| panic!("{path}: {error}: {answer}")) };
        let (_, answer) = viewer.ask("GET", &format!("/_seatrial{path}"), "", "");
        let (_, now) = answer.split_once("\r\n\r\n").expect("there is a head");
        let (mut now, mut before) = (read(now), read(before));
        // How much of the budget the journal takes is of the process.
        [&mut now, &mut before].into_iter().for_each(|answer| answer["journal"]["bytes"] = Value::Null);
        assert_eq!(now, before, "{path}");
    }
    let home = viewer.page("");
    assert!(home.contains("A recording.") && !home.contains("shippo_test_seatrial"), "{home}");
    for (path, expected) in [
        ("/requests", request.as_str()),
        ("/requests", "advanced"),
        (&format!("/requests/{request}"), "Why this answer"),
        (&format!("/parcels/{number}"), &number),
        ("/webhooks", "127.0.0.1:9"),
        ("/contract", "shippo.CreateAddress"),
    ] {
        let page = viewer.page(path);
        assert!(page.contains(expected), "{path}: {expected}: {page}");
    }
    let json = format!("{}: {}\r\n", JSON.0, JSON.1);
    let advance = viewer.ask("POST", "/_seatrial/sandboxes/default/clock/advance", &json, "{\"by\": \"1h\"}");
    assert!(advance.0 == 403 && advance.1.contains("this is a recording"), "{}", advance.1);
    assert_eq!(viewer.ask("POST", "/_seatrial/sandboxes/default/verify", &json, "").0, 200, "a verdict changes nothing");
    assert_eq!(viewer.ask("DELETE", "/_seatrial/sandboxes/default/requests", "", "").0, 403);
    let (_, rest) = home.split_once("name=\"token\" value=\"").expect("the theme can be chosen");
    let form = format!("token={}&by=1h", rest.split('"').next().expect("it has a token"));
    let kind = "content-type: application/x-www-form-urlencoded\r\n";
    let posted = viewer.ask("POST", &format!("{}/do/advance", viewer.home), kind, &form);
    assert!(posted.0 == 403 && posted.1.contains("this is a recording"), "{}", posted.1);
    assert_eq!(viewer.ask("POST", &format!("{}/do/theme", viewer.home), kind, &format!("{form}&theme=dark")).0, 303);
    assert_eq!(viewer.ask("GET", "/shippo/addresses", "", "").0, 404, "no vendor answers");
}

#[test]
fn a_sandbox_that_is_made_of_such_a_file_begins_without_its_past() {
    let server = Server::start(&[]);
    furnish(&server);
    let past = "/_seatrial/sandboxes/default/export?include=journal,log";
    let file = send(&server, "GET", past, &[], "").body;
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes/other/import", &[JSON], &file).status, 200);
    assert_eq!(admin(&server, "GET", "/sandboxes/other/requests", &Value::Null)["requests"], json!([]));
    let refused = send(&server, "GET", "/_seatrial/sandboxes/default/export?include=jurnal", &[], "");
    assert!(refused.status == 400 && refused.body.contains("did you mean `journal`?"), "{}", refused.body);
}

#[test]
fn what_is_no_file_of_a_sandbox_is_refused() {
    let output = run(&["view", "Cargo.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error: Cargo.toml: the file is not a sandbox: "), "{}", text(&output.stderr));
    let output = run(&["view", "examples/acme.openapi.yml"]);
    assert!(text(&output.stderr).contains("help: did you mean `examples/acme.openapi.yaml`?"), "{}", text(&output.stderr));
}
