//! Drives a target without libFuzzer: inputs are seeds that are cut, spliced and changed at random, by a fixed seed.

use std::path::Path;
use std::{fs, io};

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use seatrial::base::entropy::{self, Rng};

use crate::targets::Target;

/// Bytes that mean something to one reader or another.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\\",
    b"\\u00e9",
    b"\\ud800",
    b"%",
    b"%00",
    b"=",
    b"&",
    b"\r\n",
    b"--cut",
    b"\n  ",
    b"- ",
    b"{{",
    b"~/",
    b"1e999",
    b"-0",
    b"\xff\xfe",
];
/// The longest input.
const LONGEST: usize = 4096;

/// Inputs that libFuzzer found, each for some code that no other one reaches; by name.
///
/// # Errors
/// When they cannot be read; the folder of the project is the current one.
pub fn corpus(target: &Target) -> io::Result<Vec<Vec<u8>>> {
    let files = fs::read_dir(Path::new("fuzz/corpus").join(target.name))?;
    let mut paths = files.map(|file| Ok(file?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort_unstable();
    paths.iter().map(fs::read).collect()
}

/// The `round`th input for a target, from its seeds.
#[must_use]
pub fn input(target: &Target, seeds: &[Vec<u8>], round: u64) -> Vec<u8> {
    let mut rng = entropy::stream(42, &["fuzz", target.name], round);
    let seed = |rng: &mut Rng| seeds.choose(rng).cloned().unwrap_or_default();
    let mut data = seed(&mut rng);
    for _ in 0..rng.random_range(1..8) {
        change(&mut data, &mut rng);
    }
    if rng.random_bool(0.1) {
        let other = seed(&mut rng);
        let at = rng.random_range(0..=data.len());
        data.truncate(at);
        data.extend_from_slice(&other[rng.random_range(0..=other.len())..]);
    }
    data.truncate(LONGEST);
    data
}

fn change(data: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.random_range(0..=data.len());
    let end = (at + rng.random_range(0..16)).min(data.len());
    match rng.random_range(0..6) {
        0 => data.insert(at, rng.random()),
        1 => drop(data.drain(at..end)),
        2 => drop(data.splice(at..at, PIECES.choose(rng).copied().unwrap_or_default().iter().copied()).collect::<Vec<_>>()),
        3 => drop(data.splice(at..at, data[at..end].repeat(rng.random_range(1..4))).collect::<Vec<_>>()),
        4 => data.truncate(at),
        _ => data[at..end].iter_mut().take(1).for_each(|byte| *byte ^= 1 << rng.random_range(0..8)),
    }
}
