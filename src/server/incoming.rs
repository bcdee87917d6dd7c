//! Bodies of requests, read within a limit for each and for all that are under way.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::{Request, decode};
use crate::server::outgoing::{UNCOUNTED, UNIT};

/// How many bytes of the largest body there are for each value of one. A value takes many times its bytes once it is read, up to 170;
/// requests of all vendors have more bytes for each.
const BYTES_PER_VALUE: usize = 20;

/// Bodies up to this size cannot have so many values that it matters.
const UNWEIGHED: usize = 64 * 1024;

/// What is wrong with a body that has more values than one of `limit` bytes may have: objects, arrays and what they hold, or pairs and
/// parts of a form.
pub(super) fn too_many_values(request: &Request, limit: usize) -> Option<String> {
    if request.body.len() <= UNWEIGHED {
        return None;
    }
    let media_type = decode::media_type(request);
    let is_json = media_type.is_empty() || decode::is_json(&media_type);
    let values = if is_json { values_of_json(&request.body) } else { values_of_form(&request.body) };
    let most = limit / BYTES_PER_VALUE;
    (values > most).then(|| format!("the body has {values} values; with a `--body-limit` of {limit} bytes, {most} are read"))
}

/// How many values a JSON text has: what stands in front of each comma, and the last of every array and object that is not empty.
fn values_of_json(body: &[u8]) -> usize {
    let (mut values, mut quoted, mut escaped, mut opened) = (1_usize, false, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            // No text of JSON spans lines: a stray quote hides no more than one.
            b'\n' => quoted = false,
            b'"' if quoted => quoted = false,
            _ if quoted => {}
            b' ' | b'\t' | b'\r' => {}
            b']' | b'}' => opened = false,
            _ => {
                values += usize::from(opened) + usize::from(*byte == b',');
                opened = matches!(byte, b'[' | b'{');
                quoted = *byte == b'"';
            }
        }
    }
    values
}

/// How many values a form has: its pairs, or its parts.
fn values_of_form(body: &[u8]) -> usize {
    let pairs = body.iter().filter(|byte| **byte == b'&').count();
    pairs.max(body.windows(3).filter(|bytes| bytes == b"\n--").count()) + 1
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

    fn check(json: &str, expected: usize) {
        assert_eq!(values_of_json(json.as_bytes()), expected, "{}", &json[..json.len().min(40)]);
    }

    #[test]
    fn values_of_json_are_counted_once_each() {
        check("5", 1);
        check(r#"{"a": 1, "b": [2, {}, [], [ ] ]}"#, 7);
        check("{\n  \"a\": {\n    \"b,[{:\": \"\\\",\\\\\"\n  }\n}\n", 3);
        check("[[[1]]]", 4);
        check(&format!("[{}1]", "[1],".repeat(200_000)), 400_002);
        check(&format!("[{}{{}}]", "{},".repeat(200_000)), 200_002);
        check(&format!("\"{}\"", ",[{:&<".repeat(100_000)), 1);
        check(&format!("\"\n{}", "1,".repeat(200_000)), 200_001);
    }

    #[test]
    fn values_of_forms_are_pairs_or_parts_whatever_their_quotes() {
        assert_eq!(values_of_form("\"a=b&".repeat(200_000).as_bytes()), 200_001);
        assert_eq!(values_of_form("--x\r\n\r\n".repeat(200_000).as_bytes()), 200_000);
        assert_eq!(values_of_form("a line, and another\r\n".repeat(200_000).as_bytes()), 1);
    }
}
