//! Answers on their way: how many bytes of them there are at once, and whether clients take them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::server::body::Payload;
use crate::server::connections::{Asking, Connection};

/// Answers up to this size are not counted: the buffers of a connection are larger.
pub(super) const UNCOUNTED: usize = 4 * 1024;

/// The unit in which bytes on their way are counted.
pub(super) const UNIT: usize = 1024;

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
    _permit: Option<OwnedSemaphorePermit>,
}

/// A part of a body, with what is held for it.
struct Held {
    bytes: Bytes,
    _hold: Arc<Hold>,
}

/// Room for so many bytes; `None` if there is none in time.
pub(super) async fn reserve(room: &Arc<Semaphore>, bytes: usize, within: Duration) -> Option<OwnedSemaphorePermit> {
    let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
    match Arc::clone(room).try_acquire_many_owned(units) {
        Ok(permit) => Some(permit),
        Err(_) => tokio::time::timeout(within, Arc::clone(room).acquire_many_owned(units)).await.ok()?.ok(),
    }
}

impl Outgoing {
    /// A complete body of so many bytes; `permit` is given back when the last of them was taken.
    pub fn complete(payload: Payload, bytes: usize, connection: &Arc<Connection>, permit: Option<OwnedSemaphorePermit>) -> Self {
        let hold = (bytes > UNCOUNTED).then(|| Hold::new(bytes, connection, permit));
        Self { payload, connection: Arc::clone(connection), hold, asking: None }
    }

    /// A body of unknown length.
    pub fn stream(payload: Payload, connection: &Arc<Connection>, asking: Asking) -> Self {
        Self { payload, connection: Arc::clone(connection), hold: None, asking: Some(asking) }
    }
}

impl Hold {
    fn new(bytes: usize, connection: &Arc<Connection>, permit: Option<OwnedSemaphorePermit>) -> Arc<Self> {
        connection.hold(bytes);
        Arc::new(Self { bytes, connection: Arc::clone(connection), _permit: permit })
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
            let hold = self.hold.clone().unwrap_or_else(|| Hold::new(bytes.len(), &self.connection, None));
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
