//! How long a server takes until it is ready with what an earlier one has kept in a data directory.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use super::{Stand, cases::Prepared, load::End, load::Load, median};
use crate::{failure::Failure, http, process::Server};

/// How many documents are kept, each made by a call of its own, which is kept as well.
const DOCUMENTS: u64 = 10_000;

/// Milliseconds from the start of the process to its ready line, the median of several starts.
pub struct Kept {
    pub documents: u64,
    /// After an end in good order.
    pub ended: f64,
    /// After `kill -9`.
    pub killed: f64,
}

pub fn measure(stand: &Stand, load: &Load, starts: usize) -> Result<Kept, Failure> {
    let directory = stand.directory.join("kept");
    let _ = fs::remove_dir_all(&directory);
    let directory = directory.display().to_string();
    let start = || stand.server(&["--data-dir", &directory]);
    eprintln!("starting: {DOCUMENTS} documents, {starts} times");
    let server = start()?;
    let case = Prepared::address("default", "shippo_test_seatrial");
    http::send(server.address, &case.call)?;
    load.run(&server, &case, End::Requests(DOCUMENTS - 1))?;
    kill(server)?;
    let mut killed = Vec::new();
    for _ in 0..starts {
        let (time, server) = ready(&start)?;
        killed.push(time.as_secs_f64() * 1e3);
        kill(server)?;
    }
    drop(start()?);
    let mut ended = Vec::new();
    for _ in 0..starts {
        let (time, server) = ready(&start)?;
        ended.push(time.as_secs_f64() * 1e3);
        drop(server);
    }
    Ok(Kept { documents: DOCUMENTS, ended: median(ended), killed: median(killed) })
}

fn kill(server: Server) -> Result<(), Failure> {
    let killed = Command::new("kill").args(["-KILL", &server.id().to_string()]).status();
    killed.map_err(Failure::io("run kill"))?;
    drop(server);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measuring real time is the purpose")]
fn ready(start: &dyn Fn() -> Result<Server, Failure>) -> Result<(Duration, Server), Failure> {
    let begin = Instant::now();
    let server = start()?;
    Ok((begin.elapsed(), server))
}
