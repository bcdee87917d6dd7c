//! A disk that is full: a small file system of its own, where the system lets a test make one.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::admin::SHIPPO;
use crate::client::{send, send_while_it_listens};
use crate::folder::Folder;
use crate::process::{Server, text};

/// How large the file system is, and what is left of it where it is full.
const SIZE: usize = 96 << 20;
const LEFT: usize = 4 << 20;
/// What a call stores that is to fill it.
const LARGE: usize = 200_000;

/// A process whose file system other processes share, for as long as its standard input is open.
struct Disk {
    holder: Child,
    folder: Folder,
}

impl Disk {
    /// `None`, said plainly, where the system does not let a user mount one.
    fn mount() -> Option<Self> {
        let folder = Folder::new("full-disk");
        let script = format!("mount -t tmpfs -o size={SIZE} tmpfs {} && echo mounted && exec cat", folder.path());
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
        let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut line = String::new();
        let said = BufReader::new(holder.stdout.as_mut()?).read_line(&mut line);
        let disk = Self { holder, folder };
        if said.is_ok() && line == "mounted\n" {
            return Some(disk);
        }
        eprintln!("SKIPPED: this system lets no user mount a file system, so that no disk can be filled");
        None
    }

    /// A command that has this file system.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        let target = self.holder.id().to_string();
        command.args(["--preserve-credentials", "--user", "--mount", "--target", &target, program]);
        command
    }

    fn server(&self) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_seatrial"));
        command.args(["--listen", "127.0.0.1:0", "--log", "error", "--data-dir", &self.data()]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn data(&self) -> String {
        format!("{}/data", self.folder.path())
    }

    fn run(&self, script: &str) -> String {
        let output = self.command("sh").args(["-c", script]).output().expect("nsenter runs");
        assert!(output.status.success(), "{script}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Leaves so much room.
    fn fill(&self) {
        let path = self.folder.path();
        let free = self.run(&format!("df --output=avail --block-size=1 {path} | tail -1"));
        let free: usize = free.trim().parse().expect("a number of bytes");
        self.run(&format!("head -c {} /dev/zero > {path}/filler", free - LEFT));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// Makes an address; the status and the head of the answer with its id, or `None` once the server has ended.
fn made(server: &Server, filler: usize) -> Option<(u16, String, Value)> {
    let body = serde_json::json!({"name": "Ada", "country": "US", "extra": "x".repeat(filler)}).to_string();
    let answer = send_while_it_listens(server, "POST", "/shippo/addresses", &SHIPPO, &body)?;
    let id = if answer.status == 201 { answer.json()["object_id"].clone() } else { Value::Null };
    Some((answer.status, answer.head, id))
}

#[test]
fn a_full_disk_loses_nothing_that_was_answered_and_is_told() {
    let Some(disk) = Disk::mount() else { return };
    let mut server = Server::of(disk.server());
    let mut answered = BTreeSet::new();
    let mut keep = |id: Value| _ = answered.insert(id.as_str().expect("an id").to_owned());
    (0..20).for_each(|_| keep(made(&server, 0).expect("there is room").2));
    disk.fill();
    // It ends by itself, also where nobody asks between the write that fails and the end. Who asks then is told.
    for _ in 0..SIZE / LARGE {
        match made(&server, LARGE) {
            Some((201, _, id)) => keep(id),
            Some((status, head, _)) => {
                assert_eq!(status, 500, "{head}");
                assert!(head.contains("seatrial-notes: ledger-broken"), "{head}");
            }
            None => break,
        }
    }
    let mut log = String::new();
    assert_eq!(server.wait_and_read(&mut log), Some(4), "{log}");
    assert!(log.contains("error: the process ends, because ") && log.contains("No space left on device"), "{log}");

    // As long as it is full, a start says so, or serves what there is.
    let mut again = disk.server().spawn().expect("nsenter runs");
    let mut ready = String::new();
    let _ = BufReader::new(again.stdout.take().expect("it is piped")).read_line(&mut ready);
    if ready.is_empty() {
        let mut said = String::new();
        let _ = again.stderr.take().expect("it is piped").read_to_string(&mut said);
        assert!(!again.wait().expect("it ends").success());
        assert!(said.starts_with("error: `--data-dir`: ") && said.contains("No space left on device"), "{said}");
    } else {
        let _ = again.kill();
        let _ = again.wait();
    }

    // With room again, everything is there, and goes on.
    disk.run(&format!("rm {}/filler", disk.folder.path()));
    let mut server = Server::of(disk.server());
    for id in &answered {
        let found = send(&server, "GET", &format!("/shippo/addresses/{id}"), &SHIPPO, "");
        assert_eq!(found.status, 200, "{id} was answered");
    }
    assert_eq!(made(&server, LARGE).map(|(status, ..)| status), Some(201));
    assert_eq!(server.signal("-TERM"), Some(0));
    let checked = disk.command(env!("CARGO_BIN_EXE_seatrial")).args(["data", "check", &disk.data()]).output().expect("nsenter runs");
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stdout));
}
