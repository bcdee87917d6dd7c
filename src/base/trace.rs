//! W3C Trace Context: the headers by which a call says which trace it belongs to, so that it can be found in the journal and sent on.

/// Names the trace, and the span that made the call.
pub const PARENT: &str = "traceparent";
/// What tracing systems add to it.
pub const STATE: &str = "tracestate";

/// How many bytes of [`STATE`] are sent on, as the standard asks for at least.
pub const STATE_BYTES: usize = 512;

/// The ids of the trace and of the span in a `traceparent`; `None` for one that starts no trace by the standard.
#[must_use]
pub fn ids(parent: &str) -> Option<(&str, &str)> {
    let mut parts = parent.trim().splitn(5, '-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let is_id = |text: &str, length| is_hex(text, length) && text.bytes().any(|byte| byte != b'0');
    // Later versions may have more parts.
    let has_end = version != "00" || parts.next().is_none();
    let is_valid = is_hex(version, 2) && version != "ff" && is_id(trace, 32) && is_id(span, 16) && is_hex(flags, 2) && has_end;
    is_valid.then_some((trace, span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_standard_allows_is_a_trace() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let written = |version: &str, trace: &str, span: &str, flags: &str| format!("{version}-{trace}-{span}-{flags}");
        for valid in
            [written("00", trace, span, "01"), written("cc", trace, span, "00-more"), format!(" {} ", written("00", trace, span, "00"))]
        {
            assert_eq!(ids(&valid), Some((trace, span)), "{valid}");
        }
        let zeros = "0".repeat(32);
        for invalid in [
            String::new(),
            written("ff", trace, span, "01"),
            written("00", &zeros, span, "01"),
            written("00", trace, &zeros[..16], "01"),
            written("00", &trace.to_uppercase(), span, "01"),
            written("00", &trace[1..], span, "01"),
            written("00", trace, span, "1"),
            written("00", trace, span, "01-more"),
            format!("00-{trace}-{span}"),
        ] {
            assert_eq!(ids(&invalid), None, "{invalid}");
        }
    }
}
