//! Each log event as one line, whatever names and texts are in it.

use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes events to standard error. Control characters in them are escaped, so that no name can end a line or begin another one.
pub(super) struct LogLines;

impl Write for LogLines {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(line(event).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// An event, which may end with a line break, as one line.
fn line(event: &[u8]) -> String {
    let text = String::from_utf8_lossy(event);
    let (text, end) = text.strip_suffix('\n').map_or((&*text, ""), |text| (text, "\n"));
    let mut line = String::with_capacity(text.len() + 1);
    for letter in text.chars() {
        if letter.is_control() {
            let _ = write!(line, "{}", letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line() {
        assert_eq!(line("WARN ä `x\r\n\u{1b}[1mINFO`\n".as_bytes()), "WARN ä `x\\r\\n\\u{1b}[1mINFO`\n");
        assert_eq!(line(b"a\n\n"), "a\\n\n");
        assert_eq!(line(b"a"), "a");
    }
}
