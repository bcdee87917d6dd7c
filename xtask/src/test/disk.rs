//! A disk that does not keep what is written: `fdatasync` fails from some call on, as strace has it. What was answered before is there
//! afterwards, and nothing is answered as if it were kept.

use std::{
    env, fs,
    path::Path,
    process::{self, Command},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{
    failure::Failure,
    http::{self, Call},
    process::Server,
    test::clients::{Outcome, SERVER},
    tools::{self, STRACE},
};

/// The first of these fails that is asked for.
const FAILING: &str = "--inject=fdatasync:error=EIO:when=6+";
/// How many calls are tried at most.
const CALLS: usize = 50;
/// How often the directory is looked at until the process has left it.
const LOOKS: usize = 50;

pub fn run() -> Result<Vec<Outcome>, Failure> {
    println!("\n== disk: a failing fdatasync");
    tools::packages(&[STRACE])?;
    let folder = env::temp_dir().join(format!("seatrial-disk-{}", process::id()));
    let directory = folder.display().to_string();
    let mut command = Command::new("strace");
    command.args(["--follow-forks", "--quiet=all", "--trace=fdatasync", FAILING, "--output=/dev/null", SERVER]);
    command.args(["--listen", "127.0.0.1:0", "--data-dir", &directory, "--fsync", "always", "--log", "error"]);
    let server = Server::start(&mut command, Path::new("target/disk.log"))?;
    let parcel = Call {
        method: "POST",
        path: "/shippo/parcels".to_owned(),
        headers: vec![("authorization", "ShippoToken shippo_test_seatrial".to_owned()), ("content-type", "application/json".to_owned())],
        body: r#"{"length":"5","width":"5","height":"5","distance_unit":"in","weight":"2","mass_unit":"lb"}"#.to_owned(),
    };
    let (mut answered, mut refused) = (0, 0);
    while refused == 0 && answered < CALLS {
        match http::send(server.address, &parcel)?.status {
            201 => answered += 1,
            status => refused = status,
        }
    }
    let kept = documents(&directory);
    drop(server);
    let _ = fs::remove_dir_all(&folder);
    let checks = format!("{answered} parcels answered, then {refused}; {kept:?} are kept");
    println!("{checks}");
    let passed = refused == 500 && answered > 0 && kept.is_some_and(|kept| kept >= answered);
    Ok(vec![Outcome { name: "that fails".to_owned(), passed, checks }])
}

/// How many documents there are, once no process has the directory any more.
fn documents(directory: &str) -> Option<usize> {
    for _ in 0..LOOKS {
        let check = Command::new(SERVER).args(["data", "check", "--json", directory]).output().ok()?;
        if check.status.success() {
            let report: Value = serde_json::from_slice(&check.stdout).ok()?;
            return report["sandboxes"][0]["documents"].as_u64().and_then(|count| usize::try_from(count).ok());
        }
        thread::sleep(Duration::from_millis(100));
    }
    None
}
