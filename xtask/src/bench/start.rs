//! What it takes to have a server: time from its start to its first answer, memory while it idles, size on disk.

use std::{
    fs,
    time::{Duration, Instant},
};

use super::{BARE, Stand, cases::Prepared, median};
use crate::{
    failure::Failure,
    http::{self, Call},
    process::Server,
};

pub struct Start {
    pub ours: Figures,
    pub bare: Figures,
}

pub struct Figures {
    /// Microseconds from the start of the process to the end of its first answer, the median of several starts.
    pub first_answer: f64,
    /// Resident bytes once it listens, and after its first answer.
    pub ready_memory: u64,
    pub answered_memory: u64,
    pub binary: u64,
}

pub fn measure(stand: &Stand, starts: usize) -> Result<Start, Failure> {
    let login = Prepared::default().login();
    let answer = match stand.self_check {
        true => login.made_up_answer(),
        false => login.recorded_answer(stand.unprepared(Prepared::login)?.address)?,
    };
    let binary = if stand.self_check { BARE } else { &stand.server };
    let ours = || stand.unprepared(Prepared::login);
    let bare = || stand.bare("bare", &answer);
    Ok(Start { ours: figures(starts, binary, &login.call, &ours)?, bare: figures(starts, BARE, &login.call, &bare)? })
}

fn figures(starts: usize, binary: &str, first: &Call, start: &dyn Fn() -> Result<Server, Failure>) -> Result<Figures, Failure> {
    eprintln!("starting: {binary}, {starts} times");
    let mut times = Vec::new();
    for _ in 0..starts {
        let (time, server) = first_answer(first, start)?;
        drop(server);
        times.push(time.as_secs_f64() * 1e6);
    }
    let server = start()?;
    let ready_memory = server.resident()?;
    http::send(server.address, first)?;
    Ok(Figures {
        first_answer: median(times),
        ready_memory,
        answered_memory: server.resident()?,
        binary: fs::metadata(binary).map_err(Failure::io(format!("look at {binary}")))?.len(),
    })
}

#[expect(clippy::disallowed_methods, reason = "measuring real time is the purpose")]
fn first_answer(first: &Call, start: &dyn Fn() -> Result<Server, Failure>) -> Result<(Duration, Server), Failure> {
    let begin = Instant::now();
    let server = start()?;
    let reply = http::send(server.address, first)?;
    let time = begin.elapsed();
    if reply.status == 200 {
        Ok((time, server))
    } else {
        Err(Failure::Unexpected(format!("the first login answered {}: {}", reply.status, reply.body)))
    }
}
