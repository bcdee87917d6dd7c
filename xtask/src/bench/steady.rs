//! Cost per call while the server has little to remember: slices of load on ours and on the bare server, or on an older one, in turn.

use super::{
    Stand,
    cases::{CASES, Pick},
    load::{End, Load, Slice},
    median,
};
use crate::failure::Failure;

const WARM_UP: u64 = 2_000;

/// One case; each list holds one slice per turn.
pub struct Steady {
    pub name: &'static str,
    pub ours: Vec<Slice>,
    pub bare: Vec<Slice>,
}

impl Steady {
    pub fn ratio(&self) -> f64 {
        cost(&self.bare) / cost(&self.ours)
    }
}

/// Processor time per request in microseconds, the median of the slices.
pub fn cost(slices: &[Slice]) -> f64 {
    median(slices.iter().map(|slice| slice.processor_time / slice.requests))
}

pub fn measure(stand: &Stand, load: &Load, quick: bool) -> Result<Vec<Steady>, Failure> {
    let (turns, seconds) = if quick { (3, 1) } else { (5, 2) };
    CASES.iter().map(|pick| case(stand, load, *pick, turns, seconds)).collect()
}

fn case(stand: &Stand, load: &Load, pick: Pick, turns: usize, seconds: u64) -> Result<Steady, Failure> {
    let (ours, prepared) = stand.ours(pick)?;
    let case = pick(&prepared);
    let (bare, beside) = stand.beside(&ours, pick, &case)?;
    eprintln!("measuring: {}", case.name);
    // First calls pay for what is made once; they count in the start figures instead.
    for (server, case) in [(&ours, &case), (&bare, &beside)] {
        load.run(server, case, End::Requests(WARM_UP))?;
    }
    let mut steady = Steady { name: case.name, ours: Vec::new(), bare: Vec::new() };
    for _ in 0..turns {
        steady.ours.push(load.run(&ours, &case, End::Seconds(seconds))?);
        steady.bare.push(load.run(&bare, &beside, End::Seconds(seconds))?);
    }
    Ok(steady)
}
