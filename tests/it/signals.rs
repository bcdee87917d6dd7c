//! How the binary leaves when it is told to more than once.

use std::fs::{File, read_to_string, remove_file};
use std::process::{Command, Stdio};

use crate::folder::Folder;
use crate::process::{Server, command};

/// A server that ignores no signal, whatever the tests were started to ignore.
fn heeding(arguments: &[&str]) -> Server {
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP,QUIT", env!("CARGO_BIN_EXE_seatrial"), "--listen", "127.0.0.1:0"]).args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Server::of(command)
}

#[test]
fn a_signal_of_any_kind_ends_it_in_good_order() {
    let folder = Folder::new("ends-well");
    let directory = format!("{}/data", folder.path());
    for signal in ["-TERM", "-INT", "-HUP", "-QUIT"] {
        let mut server = heeding(&["--data-dir", &directory, "--log", "info"]);
        assert_eq!(server.signal(signal), Some(0), "{signal}");
        let log = Server::start_logged(&["--data-dir", &directory, "--log", "info"]).log();
        assert!(log.contains("goes on with what was kept") && !log.contains("did not end in good order"), "{signal}: {log}");
    }
}

#[test]
fn a_signal_that_is_ignored_when_it_begins_stays_so() {
    let script = format!("trap '' HUP QUIT; exec {} --listen 127.0.0.1:0", env!("CARGO_BIN_EXE_seatrial"));
    let mut command = Command::new("sh");
    command.args(["-c", &script]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = Server::of(command);
    let script = format!("kill -HUP {0}; kill -QUIT {0}", server.process());
    assert!(Command::new("sh").args(["-c", &script]).status().is_ok_and(|status| status.success()));
    assert!(server.exchange(b"GET /_seatrial/health HTTP/1.0\r\nhost: localhost\r\n\r\n").starts_with("HTTP/1.0 200"));
    assert_eq!(server.signal("-TERM"), Some(0));
}

#[test]
fn a_signal_that_a_group_passes_on_is_one() {
    let folder = Folder::new("signals");
    let scenario = folder.put("never.yaml", "expect: [{never: shippo.CreateTransaction}]\n");
    let report = format!("{}/report.json", folder.path());
    for signals in ["INT INT", "TERM TERM", "INT TERM INT", "HUP HUP", "HUP TERM", "QUIT"] {
        let mut server = heeding(&["--scenario", &scenario, "--verify", "--verify-report", &report]);
        let process = server.process();
        let script = signals.split(' ').map(|signal| format!("kill -{signal} {process};")).collect::<String>();
        assert!(Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status().is_ok());
        assert_eq!(server.wait(), Some(0), "{signals}");
        let told = read_to_string(&report).expect("there is a report");
        assert!(told.contains("passed"), "{signals}: {told}");
        remove_file(&report).expect("the file can go");
    }
}

#[test]
fn a_second_signal_ends_what_waits_and_is_named() {
    let folder = Folder::new("second-signal");
    let log = folder.put("log", "");
    // The end waits for somebody who reads the report, and nobody does. Pipes of `/proc` are taken for those of a shell, which are read.
    let report = format!("{}/report", folder.path());
    assert!(Command::new("mkfifo").arg(&report).status().is_ok_and(|status| status.success()));
    let mut command = command();
    command.args(["--listen", "127.0.0.1:0", "--log", "warn", "--verify-report", &format!("/proc/self/root{report}")]);
    command.stdout(Stdio::piped());
    command.stderr(File::create(&log).expect("the folder takes files"));
    let mut server = Server::of(command);
    let script = format!("while kill -TERM {}; do :; done", server.process());
    let mut signals = Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).spawn().expect("sh runs");
    let code = server.wait();
    assert!(signals.wait().is_ok());
    assert_eq!((code, &*read_to_string(&log).expect("a log")), (Some(1), "seatrial: a second signal came; the process ends at once\n"));
}
