//! Chores of the workspace, run as `cargo xtask <chore>`: what is too long for a cargo alias and must run alike on a
//! laptop and in CI. It is no part of the product and knows Seatrial only from outside, as a user does: by its command
//! line and over HTTP.

mod bench;
mod dist;
mod docs;
mod failure;
mod http;
mod image;
mod process;
mod test;
mod tools;

use std::{env, process::ExitCode};

use failure::Failure;

const USAGE: &str = "\
usage: cargo xtask <chore>

  test                       everything that CI checks: format, lints, tests, real clients
      --clients              only the real clients, against target/quick/seatrial
      --abuse                only the attacks, against the same
      --fleet                only replicas on PostgreSQL, against the same
      --packages             only what people install: helper packages, packages in clean environments, files of deploy/, the image
      --long                 properties with many cases, a minute for each fuzz target, and thousands of simulations of a fleet
  attack NAME ADDRESS        one of the attacks, on a server that runs already
  dist                       what people install, for this platform, into target/dist/packages
      --profile NAME         with the binary of this profile instead of `dist`
  image                      the container image, as archives in target/dist/images
  docs                       the manual as a site, in target/docs; builds mdbook the first time
  bench fleet                what it costs a call that sandboxes are kept, in a data directory and in PostgreSQL (`--quick`, `--server`)
  bench                      cost of a call, next to a bare hyper server; needs two cores and wrk
      --quick                shorter slices and less growth: for a first look, not for figures
      --growth N             consignments to make in the growth run (default 1000000, 0 leaves it out)
      --only PART            measure only `steady`, `crowd`, `start`, `growth`, `moving`, `lists`, `page` or `strict`
      --server FILE          measure this binary instead of building one
      --before FILE          compare the steady cases with this version instead of the bare server
      --json FILE            write the figures to FILE too
      --self-check           bare server against itself: how far the ratios can be trusted";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((chore, rest)) if chore == "test" => test::run(rest),
        Some((chore, rest)) if chore == "dist" => dist::run(rest),
        Some((chore, rest)) if chore == "image" => image::run(rest),
        Some((chore, rest)) if chore == "docs" => docs::run(rest),
        Some((chore, rest)) if chore == "bench" => bench::run(rest),
        Some((chore, rest)) if chore == "attack" => test::abuse::attack(rest),
        Some((chore, _)) => Err(Failure::Usage(format!("unknown chore `{chore}`"))),
        None => Err(Failure::Usage("no chore given".to_owned())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure @ Failure::Usage(_)) => {
            eprintln!("error: {failure}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
