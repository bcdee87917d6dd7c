//! Paths and queries as they are shown where no sandbox is known: in the log, and of requests that met nothing.

use std::borrow::Cow;
use std::sync::Arc;

use super::names::{AllNames, is_marked};
use super::values::{Found, REDACTED, Values};
use super::{places, shapes};

/// Longer segments of paths that lead nowhere may be credentials.
const LONGEST_WORD: usize = 19;

/// The path and query of a request that no sandbox knows, without secrets, and without long segments, which may be some.
pub(in crate::server) fn target(target: &str, names: &AllNames) -> String {
    let clean = places::target(target, &mut Found::new(&names.0, &Arc::default()));
    let (path, query) = clean.split_once('?').map_or((clean.as_str(), None), |(path, query)| (path, Some(query)));
    let path = without_long_words(path);
    query.map_or_else(|| path.to_string(), |query| format!("{path}?{query}"))
}

/// The host and what is said of such a request.
pub(in crate::server) fn host_and_detail(host: &str, detail: &str, names: &AllNames) -> (String, String) {
    let mut found = Found::new(&names.0, &Arc::default());
    let clean = places::target(host, &mut found);
    let detail = if clean == host { detail.to_owned() } else { detail.replace(host, &clean) };
    let detail = places::text(&detail, &mut found).into_owned();
    (clean, Values::new(found).text(&detail).into_owned())
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
        let names = AllNames(Arc::default());
        let check = |host: &str, detail: &str, clean: (&str, &str)| {
            let (host, detail) = host_and_detail(host, detail, &names);
            assert_eq!((&*host, &*detail), clean);
        };
        check("ada:q7-q7-q7@127.0.0.1", "`ada:q7-q7-q7@127.0.0.1` is no host here", ("[redacted]", "`[redacted]` is no host here"));
        check("127.0.0.1:7447", "there is no sandbox `token=q7-q7-q7`", ("127.0.0.1:7447", "there is no sandbox `token=[redacted]"));
        let host = "ec2-203-0-113-25.compute-1.amazonaws.com:443";
        check(host, "nothing has this path", (host, "nothing has this path"));
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
