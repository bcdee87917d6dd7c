//! `--watch`: an edit of the scenario's file is read at once, and one with mistakes changes nothing.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::client::exchange;

struct Watching {
    child: Child,
    said: BufReader<ChildStderr>,
    address: SocketAddr,
    file: std::path::PathBuf,
}

impl Watching {
    fn start(name: &str, text: &str) -> Self {
        let file = std::env::temp_dir().join(format!("seatrial-{name}-{}.yaml", std::process::id()));
        std::fs::write(&file, text).expect("the file can be written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
        command.args(["--listen", "127.0.0.1:0", "--log", "warn", "--watch", "--scenario"]).arg(&file);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let mut ready = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut ready).expect("a ready line comes");
        let address = ready.split_whitespace().find_map(|word| word.strip_prefix("http=")?.parse().ok()).expect("an address");
        let said = BufReader::new(child.stderr.take().expect("stderr is piped"));
        Self { child, said, address, file }
    }

    /// Changes the file, and waits until that was told: all that was said until then.
    fn edit(&mut self, text: &str) -> String {
        let file = self.file.clone();
        self.edit_file(&file, text)
    }

    /// The same for another file.
    fn edit_file(&mut self, file: &std::path::Path, text: &str) -> String {
        replace(file, text);
        self.told()
    }

    /// Waits until something was told: all that was said until then.
    fn told(&mut self) -> String {
        let mut said = String::new();
        while !said.lines().any(|line| line.starts_with("seatrial: ")) {
            assert_ne!(self.said.read_line(&mut said).expect("text"), 0, "the server left: {said}");
        }
        said
    }

    fn call(&self, method: &str, path: &str, body: &str) -> String {
        let head =
            "host: localhost\r\nconnection: close\r\nauthorization: ShippoToken shippo_test_seatrial\r\ncontent-type: application/json";
        exchange(self.address, format!("{method} {path} HTTP/1.1\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes())
    }

    fn status(&self, path: &str) -> String {
        self.call("GET", path, "").split(' ').nth(1).unwrap_or_default().to_owned()
    }

    fn addresses(&self) -> usize {
        self.call("GET", "/shippo/addresses", "").matches("\"object_id\"").count()
    }
}

/// Puts a file in the place of another one, of which nobody sees half.
fn replace(file: &std::path::Path, text: &str) {
    let draft = file.with_extension("draft");
    std::fs::write(&draft, text).expect("the file can be written");
    std::fs::rename(draft, file).expect("the file can be moved");
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
        let _ = std::fs::remove_file(&self.file);
    }
}

#[test]
fn an_edit_is_read_at_once_and_a_bad_one_changes_nothing() {
    let given = "given: [{shippo.CreateAddress: {name: Ada, country: US}}]";
    let mut server = Watching::start("watched", &format!("{given}\noverrides: [{{on: shippo.ListParcels, fault: 503}}]"));
    assert_eq!((server.status("/shippo/parcels").as_str(), server.addresses()), ("503", 1));
    server.call("POST", "/shippo/addresses", r#"{"name": "Bob", "country": "US"}"#);
    let said = server.edit(&format!("{given}\noverrides: [{{on: shippo.ListParcels, fault: 500}}]"));
    assert!(said.ends_with("was read again; the sandbox goes on with its data\n"), "{said}");
    assert_eq!((server.status("/shippo/parcels").as_str(), server.addresses()), ("500", 2), "nothing is given twice");
    let said = server.edit(&format!("{given}\noverrides: [{{on: shippo.ListParcel, fault: 418}}]"));
    assert!(said.contains("error[S012]: unknown operation `shippo.ListParcel`"), "{said}");
    assert!(said.ends_with("the scenario before this edit stays\n"), "{said}");
    assert_eq!((server.status("/shippo/parcels").as_str(), server.addresses()), ("500", 2), "the scenario before stays");
    let said = server.edit("seed: 7\noverrides: []");
    assert!(said.ends_with("the sandbox begins anew\n"), "{said}");
    assert_eq!((server.status("/shippo/parcels").as_str(), server.addresses()), ("200", 0));
}

#[test]
fn an_edit_of_what_is_included_is_read_too() {
    let base = std::env::temp_dir().join(format!("seatrial-base-{}.yaml", std::process::id()));
    let own = format!("include: {}\noverrides: [{{on: shippo.ListParcels, fault: 503}}]", base.file_name().expect("a name").display());
    std::fs::write(&base, "overrides: [{on: shippo.ListAddresses, fault: 429}]").expect("the file can be written");
    let mut server = Watching::start("including", &own);
    assert_eq!((server.status("/shippo/parcels").as_str(), server.status("/shippo/addresses").as_str()), ("503", "429"));
    let said = server.edit_file(&base, "overrides: [{on: shippo.*, fault: 500}]");
    assert!(said.ends_with("was read again; the sandbox goes on with its data\n"), "{said}");
    assert_eq!(
        (server.status("/shippo/parcels").as_str(), server.status("/shippo/addresses").as_str()),
        ("503", "500"),
        "its own goes first"
    );
    let said = server.edit_file(&base, "seeed: 1");
    assert!(said.contains(&format!("{}:1:1", base.display())) && said.ends_with("the scenario before this edit stays\n"), "{said}");
    assert_eq!(server.status("/shippo/addresses"), "500");
    let _ = std::fs::remove_file(&base);
}

#[test]
fn a_file_that_is_gone_is_missed_once_and_read_when_it_is_back() {
    let mut server = Watching::start("moved", "overrides: [{on: shippo.ListParcels, fault: 503}]");
    let (file, elsewhere) = (server.file.clone(), server.file.with_extension("away"));
    std::fs::rename(&file, &elsewhere).expect("the file can be moved");
    let said = server.told();
    assert_eq!(said, format!("seatrial: {} is gone; the scenario stays, and is read again once the file is back\n", file.display()));
    assert_eq!(server.status("/shippo/parcels"), "503");
    // The same file, with the time of its last change: nothing but its return says that it is to be read.
    std::fs::rename(&elsewhere, &file).expect("the file can be moved");
    let said = server.told();
    assert!(said.ends_with("was read again; the sandbox goes on with its data\n") && said.lines().count() == 1, "{said}");
}

/// A pipe that nobody writes to is never read, and the server answers meanwhile.
#[cfg(unix)]
#[test]
fn a_file_that_becomes_a_pipe_stops_nothing() {
    let mut server = Watching::start("piped", "overrides: [{on: shippo.ListParcels, fault: 503}]");
    let (file, elsewhere) = (server.file.clone(), server.file.with_extension("away"));
    std::fs::rename(&file, &elsewhere).expect("the file can be moved");
    assert!(Command::new("mkfifo").arg(&file).status().expect("it runs").success());
    let said = server.told();
    assert!(said.contains(" is no regular file any more; the scenario stays") || said.contains(" is gone; the scenario stays"), "{said}");
    assert_eq!(server.status("/shippo/parcels"), "503");
    assert_eq!(server.status("/_seatrial/livez"), "200");
    std::fs::remove_file(&file).expect("the pipe can be removed");
    replace(&file, "overrides: [{on: shippo.ListParcels, fault: 500}]");
    let said = server.told();
    assert!(said.ends_with("was read again; the sandbox goes on with its data\n"), "{said}");
    assert_eq!(server.status("/shippo/parcels"), "500");
    let _ = std::fs::remove_file(&elsewhere);
}

/// What an edit includes may be a pipe that nobody writes to: that is a mistake of the edit, and the next one is read.
#[cfg(unix)]
#[test]
fn a_pipe_that_is_included_is_told_where_it_stands() {
    let mut server = Watching::start("includes-pipe", "overrides: [{on: shippo.ListParcels, fault: 503}]");
    let pipe = server.file.with_extension("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("it runs").success());
    let name = pipe.file_name().and_then(|name| name.to_str()).expect("a UTF-8 name").to_owned();
    for path in [name.as_str(), "/dev/zero"] {
        let said = server.edit(&format!("include: {path}\nseed: 1"));
        let expected =
            format!("`{path}` cannot be included: it is a pipe or a device, expected a file\n --> {}:1:10", server.file.display());
        assert!(said.contains(&expected) && said.ends_with("the scenario before this edit stays\n"), "{said}");
        assert_eq!(server.status("/shippo/parcels"), "503");
    }
    let text = format!("include: {name}");
    replace(&server.file, &text);
    server.told();
    let checked = Command::new(env!("CARGO_BIN_EXE_seatrial")).arg("check").arg(&server.file).output().expect("it runs");
    assert_eq!(checked.status.code(), Some(2));
    let said = server.edit("overrides: [{on: shippo.ListParcels, fault: 500}]");
    assert!(said.ends_with("was read again; the sandbox goes on with its data\n"), "{said}");
    assert_eq!(server.status("/shippo/parcels"), "500");
    std::fs::remove_file(&pipe).expect("the pipe can be removed");
}

/// A pipe can be read once: it is checked, and not watched.
#[cfg(unix)]
#[test]
fn a_pipe_is_checked_and_not_watched() {
    let mut check = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    check.args(["check", "/dev/stdin"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = check.spawn().expect("it runs");
    std::io::Write::write_all(&mut child.stdin.take().expect("stdin is piped"), b"seeed: 1").expect("it is read");
    let said = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&said.stderr);
    assert!(said.contains("/dev/stdin:1:1") && said.contains("seeed"), "{said}");
    let mut serve = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    serve.args(["--listen", "127.0.0.1:0", "--watch", "--scenario", "/dev/stdin"]).stdin(Stdio::piped());
    let said = serve.output().expect("it runs");
    assert_eq!(said.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&said.stderr).contains("`--watch`: /dev/stdin is a pipe or a device"));
}

#[test]
fn an_edit_of_comments_keeps_what_was_counted() {
    let overrides = "overrides: [{on: shippo.ListParcels, fault: 500, times: 1}, {on: shippo.ListAddresses, fault: 502, times: 1}]";
    let mut server = Watching::start("reworded", overrides);
    assert_eq!((server.status("/shippo/parcels").as_str(), server.status("/shippo/parcels").as_str()), ("500", "200"));
    let said = server.edit(&format!("name: reworded\n# Nothing else.\n\n{overrides}\nx-place: 1\n"));
    assert!(said.ends_with("was read again; the sandbox goes on with its data\n"), "{said}");
    assert_eq!((server.status("/shippo/parcels").as_str(), server.status("/shippo/addresses").as_str()), ("200", "502"));
    let source = server.call("GET", "/_seatrial/sandboxes/default/scenario", "");
    assert!(source.contains("Nothing else.") && source.contains(r#""name":"reworded""#), "{source}");
}

#[test]
fn an_edit_of_an_override_keeps_what_the_others_have_counted() {
    let overrides = |orders: &str, more: &str| {
        format!(
            "clock: {{start: 2026-01-05T09:00:00Z, mode: frozen}}
overrides:
{more}  - {{on: shippo.ListParcels, fault: 500, times: 1}}
  - {{on: shippo.ListAddresses, fault: {orders}, times: 1}}
  - {{on: shippo.ListManifests, rate_limit: {{limit: 1, window: 1h}}}}
  - {{on: shippo.ListOrders, per: credential, skip: 1, fault: 503}}
  - {{on: shippo.ListCarrierAccounts, after: 1h, fault: 503}}
"
        )
    };
    let mut server = Watching::start("edited", &overrides("502", ""));
    let paths = ["parcels", "addresses", "manifests", "orders"];
    let all = |server: &Watching| paths.map(|path| server.status(&format!("/shippo/{path}")));
    assert_eq!(all(&server), ["500", "502", "200", "200"]);
    server.call("POST", "/_seatrial/sandboxes/default/clock/advance", r#"{"by": "50m"}"#);
    // Only what is changed begins anew, wherever the others stand then.
    server.edit(&overrides("504", "  - {on: shippo.ListParcels, when: $request.query.page == '2', fault: 502}\n"));
    assert_eq!(all(&server), ["200", "504", "429", "503"]);
    assert_eq!(server.status("/shippo/carrier_accounts"), "200");
    server.call("POST", "/_seatrial/sandboxes/default/clock/advance", r#"{"by": "10m"}"#);
    assert_eq!(server.status("/shippo/carrier_accounts"), "503", "it has been there for an hour");
    server.edit(&overrides("504", ""));
    assert_eq!(all(&server), ["200", "200", "200", "503"]);
    // A row that is written again as it was before is a new one.
    server.edit("overrides: [{on: shippo.ListRefunds, fault: 503}]");
    server.edit("overrides: [{on: shippo.ListParcels, fault: 500, times: 1}]");
    assert_eq!(server.status("/shippo/parcels"), "500");
}
