//! Bodies of requests, read within a limit for each and for all that are under way.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::{Request, decode};
use crate::server::outgoing::{UNCOUNTED, UNIT};

/// How many values a body may have; each takes many times its bytes once it is read.
pub(super) const MOST_VALUES: usize = 100_000;

/// Bodies up to this size cannot have so many values that it matters.
const UNWEIGHED: usize = 64 * 1024;

/// Whether a body has more than [`MOST_VALUES`] values, whatever it is: members and elements of JSON and YAML, pairs of a form, parts
/// of a multipart form, elements of XML. Texts between quotes count as one where the vendor reads JSON; elsewhere quotes mean nothing.
pub(super) fn has_too_many_values(request: &Request) -> bool {
    if request.body.len() <= UNWEIGHED {
        return false;
    }
    let media_type = decode::media_type(request);
    count_values(&request.body, media_type.is_empty() || decode::is_json(&media_type)) > MOST_VALUES
}

fn count_values(body: &[u8], is_json: bool) -> usize {
    let (mut values, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted && is_json,
            b',' | b':' | b'[' | b'{' | b'&' | b'<' if !quoted => values += 1,
            b'\n' => {
                // No JSON text spans lines: a stray quote hides no more than one.
                quoted = false;
                values += 1;
            }
            _ => {}
        }
    }
    values
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
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > limit {
        return Err(TooLarge::Limit);
    }
    let (mut first, mut all, mut held) = (Bytes::new(), BytesMut::new(), None::<OwnedSemaphorePermit>);
    while let Some(frame) = body.frame().await {
        let Ok(part) = frame.map_err(|_| TooLarge::Broken)?.into_data() else { continue };
        let size = first.len() + all.len() + part.len();
        if size > limit {
            return Err(TooLarge::Limit);
        }
        // All that was declared at once, so that bodies do not wait for each other with half of what they need.
        let units = (size.max(declared) / UNIT).saturating_sub(UNCOUNTED / UNIT);
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
        let check = |body: &str, is_json: bool, expected: bool| {
            assert_eq!(count_values(body.as_bytes(), is_json) > MOST_VALUES, expected, "{}", &body[..body.len().min(40)]);
        };
        for unit in ["[1],", "{},", "1,", "a=b&", "a[]&", "--x\r\n\r\n", "- a\n", "<a/>", "\"a\":1,", "\"\\\"\","] {
            for is_json in [true, false] {
                check(&unit.repeat(200_000), is_json, true);
                check(&unit.repeat(10_000), is_json, false);
            }
        }
        check(&"Lorem ipsum dolor sit amet ".repeat(400_000), true, false);
        let text = format!("\"{}\"", ",[{:&<".repeat(1_000_000));
        check(&text, true, false);
        // A form or XML with a quote in front of it.
        check(&text, false, true);
        // A quote hides one line of JSON.
        check(&format!("\"\n{}", "1,".repeat(200_000)), true, true);
    }
}
