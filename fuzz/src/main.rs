//! Runs targets on any toolchain: `seatrial-fuzz [--seconds N] [TARGET]...`, all of them unless some are named. An input that fails is
//! written to `fuzz/artifacts/<target>/`.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

use seatrial_fuzz::drive;
use seatrial_fuzz::targets::{TARGETS, Target};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (mut seconds, mut names) = (10, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => seconds = arguments.next().and_then(|number| number.parse().ok()).unwrap_or(seconds),
            name if TARGETS.iter().any(|target| target.name == name) => names.push(argument),
            other => {
                let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
                eprintln!("error: `{other}` is no target; there are {}", known.join(", "));
                return ExitCode::from(2);
            }
        }
    }
    let wanted = TARGETS.iter().filter(|target| names.is_empty() || names.iter().any(|name| name == target.name));
    let failed = wanted.filter(|target| !run(target, Duration::from_secs(seconds))).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one target for a time; whether it found nothing.
#[expect(clippy::disallowed_methods, reason = "a chore measures real time")]
fn run(target: &Target, time: Duration) -> bool {
    let (start, mut seeds) = (Instant::now(), (target.seeds)());
    seeds.extend(drive::corpus(target).unwrap_or_default());
    let mut round = 0;
    while start.elapsed() < time {
        let data = drive::input(target, &seeds, round);
        if panic::catch_unwind(AssertUnwindSafe(|| (target.run)(&data))).is_err() {
            let folder = Path::new("fuzz/artifacts").join(target.name);
            let file = folder.join(format!("round-{round}"));
            match fs::create_dir_all(&folder).and_then(|()| fs::write(&file, &data)) {
                Ok(()) => println!("FAILED {} in round {round}: the input is in {}", target.name, file.display()),
                Err(error) => println!("FAILED {} in round {round}: {error}: {:?}", target.name, String::from_utf8_lossy(&data)),
            }
            return false;
        }
        round += 1;
    }
    println!("ok {} {round} inputs", target.name);
    true
}
