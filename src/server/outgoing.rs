//! Answers on their way: how many bytes of them there are at once, and whether clients take them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{MutexGuard, Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::server::body::Payload;
use crate::server::connections::{Asking, Connection};

/// Answers up to this size are not counted: the buffers of a connection are larger.
pub(super) const UNCOUNTED: usize = 4 * 1024;

/// The unit in which bytes on their way are counted.
pub(super) const UNIT: usize = 1024;

/// The part of all answers that may be made and wait until there is room for them.
const WAITING: usize = 8;
/// The part of the room that has to be free for a client to have answers made while it has not taken others.
const AMPLE: usize = 2;
/// The part of the room that is left when it is short.
const SHORT: usize = 16;

/// What a file takes while it is drawn, about, where there is as much.
const DRAWING: usize = 2 << 20;

/// Room for answers that are being sent.
pub(super) struct Room {
    /// How many bytes of answers there may be at once.
    bytes: usize,
    /// What is left of it, in [`UNIT`]s.
    free: Arc<Semaphore>,
    /// Room for answers that wait for room, in [`UNIT`]s.
    waiting: Arc<Semaphore>,
    /// Notified when an answer waits for room.
    wanted: Notify,
    /// How long anything may wait.
    patience: Duration,
}

/// The turn of a request of its connection, where it needs one.
pub(super) type Turn<'c> = Option<MutexGuard<'c, ()>>;

/// A body that is counted from the moment it is made until its client has taken it.
pub(super) struct Outgoing {
    payload: Payload,
    connection: Arc<Connection>,
    /// That of a complete body; the frames of a stream get their own.
    hold: Option<Arc<Hold>>,
    /// A stream is a request under way for as long as it lasts, however quiet it is.
    asking: Option<Asking>,
}

/// What is held while bytes are on their way.
struct Hold {
    bytes: usize,
    connection: Arc<Connection>,
    permit: Option<OwnedSemaphorePermit>,
}

/// A part of a body, with what is held for it.
struct Held {
    bytes: Bytes,
    _hold: Arc<Hold>,
}

impl Room {
    pub fn new(bytes: usize, patience: Duration) -> Self {
        let (free, waiting) = (Arc::new(Semaphore::new(bytes / UNIT)), Arc::new(Semaphore::new(bytes / UNIT / WAITING)));
        Self { bytes, free, waiting, wanted: Notify::new(), patience }
    }

    /// Where room is not ample, the requests of a connection are answered one after the other, each when its client has taken the answer
    /// before: this waits for its turn, which ends with what is returned. One whose turn does not come in time goes on without.
    pub async fn turn<'c>(&self, connection: &'c Connection) -> Turn<'c> {
        if self.is_ample() {
            return None;
        }
        self.wanted.notify_one();
        let turn = async {
            let turn = connection.turn.lock().await;
            connection.taken().await;
            turn
        };
        timeout(self.patience, turn).await.ok()
    }

    /// Waits before an answer is made as long as so many wait for room as may. False if that takes too long.
    pub async fn place(&self, connection: &Connection) -> bool {
        if self.is_ample() && self.waiting.available_permits() > 0 {
            return true;
        }
        let place = async {
            if !self.is_ample() {
                connection.taken().await;
            }
            self.waiting.acquire().await.is_ok()
        };
        timeout(self.patience, place).await.unwrap_or(false)
    }

    /// Room for an answer of so many bytes; `None` if there is none in time.
    async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = |bytes: usize| u32::try_from(bytes.div_ceil(UNIT)).ok();
        let wanted = units(bytes.min(self.bytes))?;
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_many_owned(wanted) {
            return Some(permit);
        }
        self.wanted.notify_one();
        let place = self.waiting.acquire_many(units(bytes.min(self.bytes / WAITING))?);
        let _place = timeout(self.patience, place).await.ok()?.ok()?;
        timeout(self.patience, Arc::clone(&self.free).acquire_many_owned(wanted)).await.ok()?.ok()
    }

    /// Room for a file while it is drawn; `None` if there is none in time.
    pub async fn drawing(&self) -> Option<OwnedSemaphorePermit> {
        self.take(DRAWING.min(self.bytes / SHORT)).await
    }

    fn is_ample(&self) -> bool {
        self.free.available_permits() >= self.bytes / UNIT / AMPLE
    }

    /// Ends when answers want more room than there is.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Whether little of it is left.
    pub fn is_short(&self) -> bool {
        self.free.available_permits() < self.bytes / UNIT / SHORT
    }
}

impl Outgoing {
    /// A complete body of so many bytes, when there is room for it; `None` if there is none in time. Bytes on their way have to find
    /// room, and those of clients that do not read are not waited for longer than they are. One of `many` that a connection may have on
    /// their way is counted however small it is.
    pub async fn complete(payload: Payload, bytes: usize, many: bool, connection: &Arc<Connection>, room: &Room) -> Option<Self> {
        let uncounted = if many { 0 } else { UNCOUNTED };
        let mut hold = (bytes > uncounted).then(|| Hold::new(bytes, connection));
        if let Some(hold) = &mut hold {
            hold.permit = Some(room.take(bytes).await?);
        }
        Some(Self { payload, connection: Arc::clone(connection), hold: hold.map(Arc::new), asking: None })
    }

    /// A body of unknown length.
    pub fn stream(payload: Payload, connection: &Arc<Connection>, asking: Asking) -> Self {
        Self { payload, connection: Arc::clone(connection), hold: None, asking: Some(asking) }
    }
}

impl Hold {
    fn new(bytes: usize, connection: &Arc<Connection>) -> Self {
        connection.hold(bytes);
        Self { bytes, connection: Arc::clone(connection), permit: None }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.connection.release(self.bytes);
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = <Payload as Body>::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = Pin::new(&mut self.payload).poll_frame(cx);
        if self.hold.is_none() && self.asking.is_none() {
            return frame;
        }
        let hold = |bytes: Bytes| {
            let hold = self.hold.clone().unwrap_or_else(|| Arc::new(Hold::new(bytes.len(), &self.connection)));
            Bytes::from_owner(Held { bytes, _hold: hold })
        };
        frame.map_ok(|frame| frame.map_data(hold))
    }

    fn is_end_stream(&self) -> bool {
        self.payload.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.payload.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::body::full_body;

    const SOON: Duration = Duration::from_millis(1);

    fn room() -> Room {
        Room::new(64 * 1024, Duration::from_secs(10))
    }

    async fn sent(room: &Room, bytes: usize) -> Option<Outgoing> {
        let client = Arc::default();
        timeout(SOON, Outgoing::complete(full_body(vec![0; bytes]), bytes, false, &client, room)).await.ok()?
    }

    #[tokio::test(start_paused = true)]
    async fn while_answers_wait_for_room_no_more_are_made_than_may_wait() {
        let (room, someone) = (room(), Connection::default());
        let all = sent(&room, 64 * 1024).await.expect("there is room");
        assert!(timeout(SOON, room.place(&someone)).await.is_ok(), "answers may be made as long as none waits");
        let other = Arc::default();
        let mut waits = Box::pin(Outgoing::complete(full_body(vec![0; 20_000]), 20_000, false, &other, &room));
        assert!(timeout(SOON, waits.as_mut()).await.is_err() && room.is_short());
        assert!(timeout(SOON, room.place(&someone)).await.is_err(), "as many wait as may");
        drop(all);
        assert!(timeout(SOON, waits).await.is_ok());
        assert!(timeout(SOON, room.place(&someone)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_who_does_not_take_answers_has_more_made_where_room_is_not_ample() {
        let (room, deaf, other) = (room(), Arc::default(), Connection::default());
        let first = Outgoing::complete(full_body(vec![0; 30_000]), 30_000, false, &deaf, &room).await.expect("there is room");
        assert!(timeout(SOON, room.place(&deaf)).await.is_ok(), "half of it is free");
        let second = Outgoing::complete(full_body(vec![0; 10_000]), 10_000, false, &deaf, &room).await;
        assert!(timeout(SOON, room.place(&deaf)).await.is_err() && timeout(SOON, room.turn(&deaf)).await.is_err());
        let turn = timeout(SOON, room.turn(&other)).await.expect("it has no answer to take");
        assert!(timeout(SOON, room.turn(&other)).await.is_err(), "one of its requests after the other");
        drop(turn);
        assert!(timeout(SOON, room.turn(&other)).await.is_ok());
        drop((first, second));
        assert!(timeout(SOON, room.place(&deaf)).await.is_ok() && timeout(SOON, room.turn(&deaf)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn files_are_drawn_where_there_is_room_for_them() {
        let room = room();
        let all = sent(&room, 62 * 1024).await.expect("there is room");
        assert!(timeout(SOON, room.drawing()).await.is_err() && room.is_short(), "those who do not take their answers are ended");
        drop(all);
        let mut drawn = Vec::new();
        for _ in 0..SHORT {
            drawn.push(timeout(SOON, room.drawing()).await.expect("there is room").expect("it comes in time"));
        }
        assert!(sent(&room, 8 * 1024).await.is_none() && timeout(SOON, room.drawing()).await.is_err());
        drop(drawn);
        assert!(sent(&room, 64 * 1024).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_waits_for_ever() {
        let room = room();
        let _all = sent(&room, 64 * 1024).await.expect("there is room");
        let deaf = Arc::default();
        assert!(Outgoing::complete(full_body(vec![0; 20_000]), 20_000, false, &deaf, &room).await.is_none());
        assert!(timeout(SOON, deaf.taken()).await.is_ok(), "what is not sent does not wait for its client");
        assert!(timeout(SOON, room.place(&deaf)).await.is_ok(), "nor does it keep others waiting");
    }
}
