//! A request that was read, on its way to the machine or to the vendor itself, and its answer.

use std::sync::Arc;
use std::time::Duration;

use super::{Kept, Shell};
use crate::engine::{Answer, Later, Pace, Request, Unread};
use crate::server::apart;
use crate::server::clock::{MOMENT, PAUSE, SLICE, slice, stopwatch, wall};
use crate::server::holding::CallLine;
use crate::server::incoming::{self, LARGE, MANY, SMALL};
use crate::server::sections;
use crate::server::turns::{Caller, Turn};
use crate::server::upstream::UpstreamUrl;

/// How long a call waits for a sandbox in which very much is due.
const PATIENCE: Duration = Duration::from_secs(30);
/// After a list that took long, others get to its sandbox for as long.
const BREATH: Duration = Duration::from_millis(2);

impl Shell {
    /// Has the vendor itself answer a request, where it is to be passed on, or else the machine. What the body has `held` is given back
    /// while the vendor is asked; what it and the vendor's answer hold is `kept`.
    pub(super) async fn handle_or_pass_on(
        &self,
        request: &Arc<Request>,
        unread: Option<Unread>,
        held: &mut Kept,
        kept: &mut Kept,
    ) -> Option<Answer> {
        if unread.is_none()
            && let Some(passing) = self.upstreams.passing(&self.machine, request)
        {
            *held = None;
            return Box::pin(self.pass_on(passing, request, kept)).await;
        }
        self.handle(Arc::clone(request), unread, held).await
    }

    /// Has the vendor itself answer a request. What was begun is waited for and written down, even if the client leaves: the vendor may
    /// have done it.
    async fn pass_on(&self, (upstream, target): (&UpstreamUrl, String), request: &Arc<Request>, kept: &mut Kept) -> Option<Answer> {
        let (upstreams, machine, turns, bodies) =
            (Arc::clone(&self.upstreams), Arc::clone(&self.machine), self.large.clone(), Arc::clone(&self.bodies));
        let (log, metrics, changed) = (self.log.clone(), Arc::clone(&self.metrics), Arc::clone(&self.changed));
        let (upstream, request, limit, began) = (upstream.clone(), Arc::clone(request), self.body_limit, stopwatch());
        let mut held = bodies.kept(request.body.len());
        let (_here, caller) = Caller::new();
        let passing = self.apart.spawn(async move {
            let answer = upstreams.answer(&(&upstream, target), &machine, &request, limit, (&turns, &bodies, &mut held)).await;
            if let Some(entry) = answer.as_ref().and_then(|answer| answer.entry.as_ref()).filter(|_| caller.has_left()) {
                let (log, metrics, changed, machine) = (&log, &*metrics, &*changed, &*machine);
                drop(CallLine { log, entry, began, is_answered: false, metrics, changed, machine });
            }
            (answer, held)
        });
        let (answer, held) = passing.await.ok()?;
        *kept = held;
        answer
    }

    /// Has the machine answer a request, which may be `unread`; `None` if very much is due in its sandbox. What waits is boxed: a request
    /// takes the room of the longest way that it may go.
    /// What the body has `held` stays with what is done for it, even if the client leaves.
    async fn handle(&self, mut request: Arc<Request>, mut unread: Option<Unread>, held: &mut Kept) -> Option<Answer> {
        if request.body.len() > LARGE {
            unread = Box::pin(self.weigh(Arc::clone(&request), held)).await?.err();
            if unread.is_none() && self.fleet.is_none() {
                return Box::pin(self.handle_large(request, held)).await;
            }
        } else if request.body.len() > SMALL && unread.is_none() {
            match incoming::count_values(&request, self.body_limit) {
                Ok(values) if values > MANY && self.fleet.is_none() => return Box::pin(self.handle_large(request, held)).await,
                counted => unread = counted.err(),
            }
        }
        if unread.is_some() {
            Arc::make_mut(&mut request).body.clear();
        }
        if let Some(fleet) = &self.fleet {
            return Box::pin(sections::answer(&self.machine, fleet, request, unread)).await;
        }
        match self.machine.attempt(&request, unread.as_ref(), wall(), &slice(MOMENT), Pace::Moment) {
            Ok(answer) => Some(answer),
            Err(Later::Long) => Box::pin(self.handle_large(request, held)).await,
            Err(Later::Busy) => Box::pin(self.wait_for_sandbox(request, unread, held)).await,
            Err(Later::Draws) => {
                let _room = Box::pin(self.room.drawing()).await?;
                Box::pin(self.wait_for_sandbox(request, unread, held)).await
            }
        }
    }

    /// Asks again and again, apart from the workers of connections, until the sandbox of a request is free and nothing is due there any
    /// more.
    async fn wait_for_sandbox(&self, request: Arc<Request>, unread: Option<Unread>, held: &mut Kept) -> Option<Answer> {
        let (machine, own, body) = (Arc::clone(&self.machine), Arc::clone(&request), held.take());
        let waiting = async move {
            let (has_time, mut pause) = (slice(PATIENCE), PAUSE);
            while has_time() {
                match machine.attempt(&own, unread.as_ref(), wall(), &slice(SLICE), Pace::Slice) {
                    Ok(answer) => return (Ok(answer), body),
                    Err(Later::Long) => return (Err(Later::Long), body),
                    // Who holds it in slices says when each is over; others get it between two of them.
                    Err(Later::Busy | Later::Draws) => match machine.addressee(&own).sandbox {
                        Some(sandbox) => drop(tokio::time::timeout(pause, sandbox.listen()).await),
                        None => tokio::time::sleep(pause).await,
                    },
                }
                pause = (pause * 2).min(SLICE);
            }
            (Err(Later::Busy), body)
        };
        let (answer, body) = Box::pin(apart::run(&self.apart, waiting)).await;
        *held = body;
        match answer {
            Err(Later::Long) => Box::pin(self.handle_large(request, held)).await,
            answer => answer.ok(),
        }
    }

    /// How many values a large body has, or why they are too many, counted in a thread of its own. `None` if the count failed.
    async fn weigh(&self, request: Arc<Request>, held: &mut Kept) -> Option<Result<usize, Unread>> {
        let (limit, turn) = (self.body_limit, self.turn(&request).await?);
        let counted = turn.work(held.take(), move |caller| (!caller.has_left()).then(|| incoming::count_values(&request, limit)));
        let (counted, body, _turn) = counted.await?;
        *held = body;
        counted
    }

    /// The turn of a request, if it comes in time.
    async fn turn(&self, request: &Request) -> Option<Turn> {
        let sandbox = self.machine.addressee(request).sandbox;
        let name = sandbox.as_ref().map_or("", |sandbox| &sandbox.name);
        tokio::time::timeout(PATIENCE, self.large.take(name)).await.ok().flatten()
    }

    /// The same in a thread of its own, because it may take long: a large body, or a list of many bytes. One after the other, such
    /// requests leave the workers to all others; one whose sandbox is busy gives its turn to the next. What was begun is finished and has
    /// its line in the log, but nothing is begun for a client that has left.
    async fn handle_large(&self, request: Arc<Request>, held: &mut Kept) -> Option<Answer> {
        let (has_time, is_list, began) = (slice(PATIENCE), request.body.is_empty(), stopwatch());
        while has_time() {
            let turn = self.turn(&request).await?;
            let (machine, request) = (Arc::clone(&self.machine), Arc::clone(&request));
            let (log, metrics, changed) = (self.log.clone(), Arc::clone(&self.metrics), Arc::clone(&self.changed));
            let begun = stopwatch();
            let answered = turn.work(held.take(), move |caller| {
                if caller.has_left() {
                    return None;
                }
                let answer = machine.try_handle(&request, wall(), &slice(SLICE));
                if let Some(entry) = answer.as_ref().and_then(|answer| answer.entry.as_ref()).filter(|_| caller.has_left()) {
                    let (log, metrics, changed, machine) = (&log, &*metrics, &*changed, &*machine);
                    drop(CallLine { log, entry, began, is_answered: false, metrics, changed, machine });
                }
                answer
            });
            let (answer, body, turn) = answered.await?;
            *held = body;
            if is_list && begun.elapsed() > BREATH {
                tokio::time::sleep(BREATH).await;
            }
            drop(turn);
            if answer.is_some() {
                return answer;
            }
            tokio::time::sleep(PAUSE).await;
        }
        None
    }
}
