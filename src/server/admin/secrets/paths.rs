//! Paths and queries as they are shown where no sandbox is known: in the log, and of requests that met nothing.

use std::borrow::Cow;
use std::sync::Arc;

use super::marks::is_marked;
use super::names::AllNames;
use super::values::{Found, REDACTED, Values};
use super::{places, shapes};
use crate::base::text;
use crate::engine::Unmatched;

/// Longer segments of paths that lead nowhere may be credentials.
const LONGEST_WORD: usize = 19;

/// The path and query of a request that no sandbox knows, without secrets, and without long segments, which may be some.
pub(in crate::server) fn target(target: &str, names: &AllNames) -> String {
    let clean = places::target(target, &mut Found::new(&names.0, &Arc::default()));
    let (path, query) = clean.split_once('?').map_or((clean.as_str(), None), |(path, query)| (path, Some(query)));
    let path = without_long_words(path);
    query.map_or_else(|| path.to_string(), |query| format!("{path}?{query}"))
}

/// A request that met nothing, as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::server) struct Shown {
    pub target: String,
    pub host: String,
    pub detail: String,
}

/// A request that met nothing, without secrets: what is hidden of its path and its host is hidden in what is said of it as well.
/// The log does not know the names of vendors.
pub(in crate::server) fn unmatched(request: &Unmatched, names: Option<&AllNames>) -> Shown {
    let names = &names.cloned().unwrap_or_default();
    let mut found = Found::new(&names.0, &Arc::default());
    let target = target(&request.target, names);
    let host = places::target(&request.host, &mut found);
    let mut detail = request.detail.clone();
    if host != request.host {
        detail = detail.replace(&request.host, &host);
    }
    for (segment, shown) in path_of(&request.target).split('/').zip(path_of(&target).split('/')).filter(|(segment, shown)| segment != shown)
    {
        let mut forms = vec![segment.into(), text::decode_unreserved(segment), text::percent_decode(segment).into()];
        forms.dedup();
        for sent in forms {
            detail = without(&detail, sent.trim_start_matches('@'), shown.trim_start_matches('@'));
        }
    }
    let detail = places::text(&detail, &mut found).into_owned();
    Shown { target, host, detail: Values::new(found).text(&detail).into_owned() }
}

/// A text with something else in the place of a secret, of which the end may have been cut off.
fn without(text: &str, secret: &str, shown: &str) -> String {
    let head = &secret[..secret.floor_char_boundary(LONGEST_WORD)];
    let (mut out, mut rest) = (String::new(), text);
    while let Some(start) = rest.find(head).filter(|_| !head.is_empty()) {
        out.push_str(&rest[..start]);
        out.push_str(shown);
        let same = rest[start..].chars().zip(secret.chars()).take_while(|(left, right)| left == right);
        rest = &rest[start + same.map(|(letter, _)| letter.len_utf8()).sum::<usize>()..];
    }
    out + rest
}

/// A target without its query.
pub(in crate::server) fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

/// A path that leads nowhere, or to a receiver of webhooks.
pub(in crate::server) fn foreign(path: &str) -> Cow<'_, str> {
    match self::path(path) {
        Cow::Borrowed(path) => without_long_words(path),
        Cow::Owned(path) => without_long_words(&path).into_owned().into(),
    }
}

fn without_long_words(path: &str) -> Cow<'_, str> {
    let is_long = |segment: &&str| segment.len() > LONGEST_WORD && segment.bytes().any(|byte| byte.is_ascii_digit());
    if !path.split('/').any(|segment| is_long(&segment)) {
        return path.into();
    }
    let segments = path.split('/').map(|segment| if is_long(&segment) { REDACTED } else { segment });
    segments.collect::<Vec<_>>().join("/").into()
}

/// A path without secrets. Most paths have no sign of one: the name of a secret is none where no segment comes behind it.
pub(in crate::server) fn path(path: &str) -> Cow<'_, str> {
    let is_sign = |byte: &u8| matches!(byte, b'=' | b':' | b'<' | b'%' | b' ' | b'\t' | b'\n' | b'\r');
    let names = memchr::memrchr(b'/', path.as_bytes()).map_or("", |end| &path[..end]);
    if path.as_bytes().iter().any(is_sign) || is_marked(names) || shapes::is_shaped(path) {
        return places::target(path, &mut Found::new(&Arc::default(), &Arc::default())).into();
    }
    path.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PARTS: &[&str] = &["/", "/token", "/tokens/", "name,secret", "abcdefgh12", "Bearer", " ", "=", "%3d", "password:", "eyJ", "\n"];

    #[test]
    fn what_is_said_of_a_request_has_no_secret_of_its_host() {
        let check = |host: &str, detail: &str, clean: (&str, &str)| {
            let shown = shown("/", host, detail);
            assert_eq!((&*shown.host, &*shown.detail), clean);
        };
        check("ada:q7-q7-q7@127.0.0.1", "`ada:q7-q7-q7@127.0.0.1` is no host here", ("[redacted]", "`[redacted]` is no host here"));
        check("127.0.0.1:7447", "there is no sandbox `token=q7-q7-q7`", ("127.0.0.1:7447", "there is no sandbox `token=[redacted]"));
        let host = "ec2-203-0-113-25.compute-1.amazonaws.com:443";
        check(host, "nothing has this path", (host, "nothing has this path"));
    }

    fn shown(target: &str, host: &str, detail: &str) -> Shown {
        let (target, host, detail) = (target.to_owned(), host.to_owned(), detail.to_owned());
        unmatched(&Unmatched { method: http::Method::GET, target, host, status: 404, detail }, None)
    }

    #[test]
    fn what_is_said_of_a_request_has_no_secret_of_its_path() {
        let check = |target: &str, detail: &str, clean: (&str, &str)| {
            let shown = shown(target, "", detail);
            assert_eq!((&*shown.target, &*shown.detail), clean);
        };
        let key = "TEST_q7q7q7q7q7q7q7q7q7q7q7";
        check(
            &format!("/@{key}/x?a=b"),
            &format!("no sandbox `{key}`, `/@{key}/x`"),
            ("/[redacted]/x?a=b", "no sandbox `[redacted]`, `/@[redacted]/x`"),
        );
        check("/@a:q7@b/x", "no sandbox `a:q7@b`", ("/[redacted]/x", "no sandbox `[redacted]`"));
        check("/@%54EST_q7q7q7q7q7q7q7q7", "no sandbox `TEST_q7q7q7q7q7q7q7q7`", ("/[redacted]", "no sandbox `[redacted]`"));
        check("/token/q7-q7-q7", "did you mean `/a/token/q7-q7-q7`?", ("/token/[redacted]", "did you mean `/a/token/[redacted]`?"));
        // Of a long one both are cut.
        let long = "q7".repeat(100);
        check(&format!("/@{long}"), &format!("no sandbox `{}", &long[..80]), ("/[redacted]", "no sandbox `[redacted]"));
        check("/@own/shipo", "no sandbox `own`; did you mean `/@own2`?", ("/@own/shipo", "no sandbox `own`; did you mean `/@own2`?"));
    }

    proptest! {
        #[test]
        fn nothing_is_missed_where_there_seems_to_be_no_sign(
            parts in prop::collection::vec(prop_oneof!["[ -~]{0,9}", prop::sample::select(PARTS).prop_map(str::to_owned)], 0..9),
        ) {
            let sent = parts.concat();
            let thorough = places::target(&sent, &mut Found::new(&Arc::default(), &Arc::default()));
            prop_assert_eq!(path(&sent), thorough);
        }
    }
}
