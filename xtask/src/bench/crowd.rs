//! What sandboxes cost each other: the same calls to one sandbox, and to a thousand in turn.

use serde_json::{Value, json};

use super::{
    Stand,
    cases::{Case, Prepared},
    load::{End, Load, Slice},
    steady::cost,
};
use crate::{
    failure::Failure,
    http::{self, Call},
    process::Server,
};

const SANDBOXES: usize = 1000;

/// Slices of calls to one sandbox and to all of them in turn; both runs send as many different texts.
pub struct Crowd {
    pub one: Vec<Slice>,
    pub many: Vec<Slice>,
}

impl Crowd {
    /// Processor time per call with one sandbox, to that with a thousand.
    pub fn ratio(&self) -> f64 {
        cost(&self.one) / cost(&self.many)
    }
}

pub fn measure(stand: &Stand, load: &Load, quick: bool) -> Result<Crowd, Failure> {
    let (turns, seconds) = if quick { (3, 1) } else { (5, 2) };
    let (server, _) = stand.ours(Prepared::login)?;
    eprintln!("measuring: {SANDBOXES} sandboxes");
    let cases = (0..SANDBOXES).map(|number| open(&server, number)).collect::<Result<Vec<_>, _>>()?;
    let Some(case) = cases.first() else { return Err(Failure::Unexpected("no sandbox was made".to_owned())) };
    let many: Vec<Call> = cases.iter().map(|case| case.call.clone()).collect();
    let one = vec![case.call.clone(); SANDBOXES];
    // Each account's first answers are checked against the document: those are not what is compared.
    for calls in [&one, &many] {
        load.run_all(&server, case, calls, End::Requests(20 * SANDBOXES as u64))?;
    }
    let mut crowd = Crowd { one: Vec::new(), many: Vec::new() };
    for _ in 0..turns {
        crowd.one.push(load.run_all(&server, case, &one, End::Seconds(seconds))?);
        crowd.many.push(load.run_all(&server, case, &many, End::Seconds(seconds))?);
    }
    Ok(crowd)
}

/// Makes a sandbox; the case that calls it.
fn open(server: &Server, number: usize) -> Result<Case, Failure> {
    let name = format!("crowd-{number:04}");
    let call = Call {
        method: "POST",
        path: "/_seatrial/sandboxes".to_owned(),
        headers: vec![("Content-Type", "application/json".to_owned())],
        body: json!({ "name": name }).to_string(),
    };
    let reply = http::send(server.address, &call)?;
    let answer = reply.json()?;
    let token = answer.pointer("/credentials/shippo/0/token").and_then(Value::as_str);
    let token = token.ok_or_else(|| Failure::Unexpected(format!("no token of Shippo in the answer: {answer}")))?;
    Ok(Prepared::address(&name, token))
}
