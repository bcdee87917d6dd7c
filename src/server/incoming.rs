//! Bodies of requests, read within a limit for each and for all that are under way.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::server::outgoing::{UNCOUNTED, UNIT};

/// How many values a body may have; each takes many times its bytes once it is read.
pub(super) const MOST_VALUES: usize = 100_000;

/// Bodies up to this size cannot have so many values that it matters.
const UNWEIGHED: usize = 64 * 1024;

/// Whether a body has more than [`MOST_VALUES`] values, whatever it is: members and elements of JSON and YAML, pairs of a form, parts
/// of a multipart form, elements of XML. Texts between quotes count as one.
pub(super) fn has_too_many_values(body: &[u8]) -> bool {
    if body.len() <= UNWEIGHED {
        return false;
    }
    let (mut values, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b',' | b':' | b'[' | b'{' | b'&' | b'<' if !quoted => values += 1,
            b'\n' => {
                // No JSON text spans lines: a stray quote hides no more than one.
                quoted = false;
                values += 1;
            }
            _ => {}
        }
    }
    values > MOST_VALUES
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_in_every_format() {
        let check =
            |unit: &str, count: usize, expected: bool| assert_eq!(has_too_many_values(unit.repeat(count).as_bytes()), expected, "{unit}");
        for unit in ["[1],", "{},", "1,", "a=b&", "a[]&", "--x\r\n\r\n", "- a\n", "<a/>", "\"a\":1,", "\"\\\"\","] {
            check(unit, 200_000, true);
            check(unit, 10_000, false);
        }
        check("Lorem ipsum dolor sit amet ", 400_000, false);
        assert!(!has_too_many_values(format!("\"{}\"", ",[{:".repeat(1_000_000)).as_bytes()), "texts count as one");
        assert!(has_too_many_values(format!("\"\n{}", "1,".repeat(200_000)).as_bytes()), "a quote hides one line");
    }
}
