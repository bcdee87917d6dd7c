//! Bodies of requests, read within a limit for each and for all that are under way.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::server::outgoing::{UNCOUNTED, UNIT};

/// Why a body is not read.
pub(super) enum TooLarge {
    Limit,
    Broken,
}

/// Reads a body. What it holds of `room` grows with it; small ones need none.
pub(super) async fn collect(
    mut body: Incoming,
    limit: usize,
    room: &Arc<Semaphore>,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), TooLarge> {
    if body.is_end_stream() {
        return Ok((Bytes::new(), None));
    }
    if body.size_hint().lower() > limit as u64 {
        return Err(TooLarge::Limit);
    }
    let (mut first, mut all, mut held) = (Bytes::new(), BytesMut::new(), None::<OwnedSemaphorePermit>);
    while let Some(frame) = body.frame().await {
        let Ok(part) = frame.map_err(|_| TooLarge::Broken)?.into_data() else { continue };
        let size = first.len() + all.len() + part.len();
        if size > limit {
            return Err(TooLarge::Limit);
        }
        let units = (size / UNIT).saturating_sub(UNCOUNTED / UNIT);
        let more = units - held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if let Some(more) = u32::try_from(more).ok().filter(|more| *more > 0) {
            let more = Arc::clone(room).acquire_many_owned(more).await.map_err(|_| TooLarge::Broken)?;
            match &mut held {
                Some(held) => held.merge(more),
                None => held = Some(more),
            }
        }
        if size == part.len() {
            first = part;
        } else {
            // Most bodies are one part, which is not copied.
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&part);
        }
    }
    Ok((if all.is_empty() { first } else { all.freeze() }, held))
}
