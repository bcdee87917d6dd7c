//! What judging costs: the same booking, which is valid, at a server that refuses what departs from the document (`--contract strict`) and
//! at one that does not look (`off`), in slices by turns.

use super::{
    Stand,
    cases::Prepared,
    load::{End, Load, Slice},
    steady::cost,
};
use crate::failure::Failure;

/// What a call may cost more.
pub const MOST: f64 = 1.15;

const WARM_UP: u64 = 2_000;

/// Slices of the same calls to both servers; each list holds one slice per turn.
pub struct Strict {
    pub name: &'static str,
    pub strict: Vec<Slice>,
    pub off: Vec<Slice>,
}

impl Strict {
    /// Processor time per call with judging, to that without.
    pub fn ratio(&self) -> f64 {
        cost(&self.strict) / cost(&self.off)
    }
}

pub fn measure(stand: &Stand, load: &Load, quick: bool) -> Result<Strict, Failure> {
    let (turns, seconds) = if quick { (3, 1) } else { (7, 2) };
    let servers = [stand.server(&["--contract", "strict"])?, stand.server(&["--contract", "off"])?];
    let mut cases = Vec::new();
    for server in &servers {
        // Each has a token of its own.
        cases.push(Prepared::by_calls_to(server.address)?.booking());
    }
    let name = cases[0].name;
    eprintln!("measuring: {name}, judged and not");
    for (server, case) in servers.iter().zip(&cases) {
        load.run(server, case, End::Requests(WARM_UP))?;
    }
    let mut found = [Vec::new(), Vec::new()];
    for _ in 0..turns {
        for ((server, case), slices) in servers.iter().zip(&cases).zip(&mut found) {
            slices.push(load.run(server, case, End::Seconds(seconds))?);
        }
    }
    let [strict, off] = found;
    Ok(Strict { name, strict, off })
}
