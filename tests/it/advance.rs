//! Time moves as the shell moves it: whoever has to be told something on the way is told, and what they answer is reported.

use jiff::Timestamp;
use seatrial::engine::webhooks::{AttemptResult, Outbound};
use seatrial::engine::{Machine, Sandbox, UNLIMITED};

/// Moves the clock of a sandbox to a time; `answer` is what receivers say. The time that was reached, and how much happened.
pub fn advance_answered(
    machine: &Machine,
    sandbox: &Sandbox,
    to: Timestamp,
    wall: Timestamp,
    answer: &mut dyn FnMut(&Outbound) -> AttemptResult,
) -> (Timestamp, u64) {
    let mut fired = 0;
    loop {
        let progress = machine.advance_until_webhook(sandbox, sandbox.epoch(), to, wall, UNLIMITED).expect("it is not reset meanwhile");
        fired += progress.fired;
        if progress.done {
            return (progress.now, fired);
        }
        for outbound in &progress.outbound {
            machine.report(sandbox, outbound, &answer(outbound), wall);
        }
    }
}

/// Moves the clock of a sandbox to a time; every receiver answers 200.
pub fn advance(machine: &Machine, sandbox: &Sandbox, to: Timestamp, wall: Timestamp) -> (Timestamp, u64) {
    advance_answered(machine, sandbox, to, wall, &mut |_| AttemptResult::Answered { status: 200, body: String::new() })
}
