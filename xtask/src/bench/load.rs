//! One slice of load: wrk on core 1 with 16 connections that stay open, driven by `benches/load.lua`.

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::cases::Case;
use crate::{failure::Failure, http::Call, process::Server};

const CONNECTIONS: &str = "16";

pub struct Load {
    call: PathBuf,
    slices: Cell<u32>,
}

/// When a slice ends.
#[derive(Clone, Copy)]
pub enum End {
    Seconds(u64),
    Requests(u64),
}

/// What one slice cost; times in microseconds.
pub struct Slice {
    pub requests: f64,
    pub processor_time: f64,
    pub rate: f64,
    pub p50: f64,
    pub p99: f64,
}

impl Load {
    pub fn new(directory: &Path) -> Self {
        Self { call: directory.join("call.txt"), slices: Cell::new(0) }
    }

    pub fn run(&self, server: &Server, case: &Case, end: End) -> Result<Slice, Failure> {
        self.run_all(server, case, std::slice::from_ref(&case.call), end)
    }

    /// Like [`Load::run`], with several calls in turn, which are answered alike.
    pub fn run_all(&self, server: &Server, case: &Case, calls: &[Call], end: End) -> Result<Slice, Failure> {
        let text = |call: &Call| {
            let headers: String = call.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
            format!("{}\n{}\n{headers}\n{}", call.method, call.path, call.body)
        };
        let text = calls.iter().map(text).collect::<Vec<_>>().join("\n\u{c}\n");
        fs::write(&self.call, text).map_err(Failure::io("write the call for wrk"))?;
        // Six characters, so that prefix and ten digits are as long as the placeholder.
        let slice = self.slices.replace(self.slices.get() + 1);
        let prefix = format!("B{slice:05}");
        let (seconds, limit) = match end {
            End::Seconds(seconds) => (seconds, 0),
            End::Requests(limit) => (3600, limit),
        };

        let before = server.processor_time()?;
        let output = Command::new("taskset")
            .args(["--cpu-list", "1", "wrk", "--threads", "1", "--connections", CONNECTIONS])
            .args(["--timeout", "30", "--script", "benches/load.lua"])
            .args(["--duration", &format!("{seconds}s")])
            .arg(format!("http://{}/", server.address))
            .arg("--")
            .arg(&self.call)
            .args([prefix, limit.to_string()])
            .stderr(Stdio::inherit())
            .output()
            .map_err(Failure::io("run wrk"))?;
        let processor_time = server.processor_time()? - before;

        let output = String::from_utf8_lossy(&output.stdout);
        read(&output, case, processor_time)
    }
}

fn read(output: &str, case: &Case, processor_time: f64) -> Result<Slice, Failure> {
    let figures = output.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok());
    let figure = |name: &str| figures.as_ref()?.get(name)?.as_f64();
    let all = (|| {
        Some(([figure("requests")?, figure("microseconds")?, figure("p50")?, figure("p99")?], [figure("refused")?, figure("broken")?]))
    })();
    let Some(([requests, microseconds, p50, p99], [refused, broken])) = all else {
        return Err(Failure::Unexpected(format!("wrk printed no figures:\n{output}")));
    };
    // wrk counts as refused what has a status of 400 or more: all or none of the calls of a case.
    let expected = if case.status >= 400 { requests } else { 0.0 };
    if refused != expected || broken > 0.0 || requests < 1.0 {
        return Err(Failure::Unexpected(format!(
            "`{}` under load: of {requests} answers {refused} were refusals where {expected} were due, {broken} broke off",
            case.name
        )));
    }
    Ok(Slice { requests, processor_time, rate: requests * 1e6 / microseconds, p50, p99 })
}
