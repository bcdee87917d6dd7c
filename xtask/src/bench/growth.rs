//! What a call costs and what the process weighs while consignments pile up.

use super::{
    Stand,
    cases::Prepared,
    load::{End, Load, Slice},
};
use crate::{failure::Failure, http};

const SLICE: u64 = 50_000;

pub struct Growth {
    pub consignments: u64,
    pub slices: Vec<Slice>,
    /// What the bare server did after each slice: how fast the machine was just then.
    pub bare: Vec<Slice>,
    /// Resident memory in bytes before the first slice, after it, and after the last.
    pub memory: [u64; 3],
    /// Whether a consignment older than all of them is still known.
    pub oldest_is_known: bool,
}

impl Growth {
    /// Consignments per second of processor time, last slice to first.
    pub fn last_to_first(&self) -> f64 {
        change(&self.slices)
    }

    /// The same, freed from what the machine had to do besides: the bare server does not grow, so what happened to it
    /// happened to both.
    pub fn last_to_first_beside_bare(&self) -> f64 {
        change(&self.slices) / change(&self.bare)
    }

    pub fn worst_p99(&self) -> f64 {
        self.slices.iter().map(|slice| slice.p99).fold(0.0, f64::max)
    }

    /// Memory that one more consignment takes. The first slice stays out: it also fills what is bounded, like the
    /// journal, and what the allocator keeps in reserve.
    pub fn bytes_per_consignment(&self) -> f64 {
        let [empty, first, last] = self.memory;
        let (since, slices) = match self.slices.as_slice() {
            [only] => (empty, std::slice::from_ref(only)),
            [_, rest @ ..] => (first, rest),
            [] => return f64::NAN,
        };
        let consignments: f64 = slices.iter().map(|slice| slice.requests).sum();
        (last as f64 - since as f64) / consignments
    }
}

fn change(slices: &[Slice]) -> f64 {
    let rate = |slice: &Slice| slice.requests / slice.processor_time;
    match (slices.first(), slices.last()) {
        (Some(first), Some(last)) => rate(last) / rate(first),
        _ => f64::NAN,
    }
}

pub fn measure(stand: &Stand, load: &Load, consignments: u64) -> Result<Growth, Failure> {
    let (server, prepared) = stand.ours(Prepared::booking)?;
    let booking = prepared.booking();
    let control = stand.bare_beside(&server, &booking)?;
    let empty = server.resident()?;
    let (mut slices, mut bare, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=consignments.div_ceil(SLICE) {
        eprintln!("growing: {} consignments of {consignments}", (number * SLICE).min(consignments));
        let requests = SLICE.min(consignments - (number - 1) * SLICE);
        slices.push(load.run(&server, &booking, End::Requests(requests))?);
        memory.push(server.resident()?);
        bare.push(load.run(&control, &booking, End::Requests(SLICE / 2))?);
    }
    let grown = |memory: Option<&u64>| memory.copied().unwrap_or(empty);
    Ok(Growth {
        consignments,
        memory: [empty, grown(memory.first()), grown(memory.last())],
        slices,
        bare,
        oldest_is_known: http::send(server.address, &prepared.events().call)?.status == 200,
    })
}
