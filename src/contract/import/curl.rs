//! Lines of curl, as documents print them and browsers copy them.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{FoundBody, FoundCall, FoundPart, ImportError};

/// Options with a value that says nothing about the call.
const WITH_VALUE: [&str; 14] = [
    "-o",
    "--output",
    "-A",
    "--user-agent",
    "-b",
    "--cookie",
    "-c",
    "--cookie-jar",
    "-m",
    "--max-time",
    "--connect-timeout",
    "-e",
    "--referer",
    "-w",
];

/// Why a line cannot be read as a call.
#[derive(Debug, thiserror::Error)]
pub enum CurlError {
    #[error("a quote is not closed")]
    Quote,
    #[error("`{0}` needs a value")]
    NoValue(String),
    #[error("`{0}` is not a header")]
    NoHeader(String),
    #[error("`{0}` is in a file, and only what stands in the line is read")]
    File(String),
    #[error("`{0}` is no part of a form, which is `name=value`")]
    Part(String),
    #[error("there is no URL")]
    NoUrl,
}

pub(super) fn calls(text: &str) -> Result<Vec<FoundCall>, ImportError> {
    let mut found = Vec::new();
    let text = if is_of_cmd(text) { without_carets(text).into() } else { Cow::from(text) };
    for (line, command) in commands(&text) {
        let wrong = |problem: CurlError| ImportError::Curl { line, problem };
        let words = words(&command).ok_or_else(|| wrong(CurlError::Quote))?;
        let Some("curl") = words.first().map(String::as_str) else { return Err(ImportError::Unknown) };
        found.push(call(&words[1..]).map_err(wrong)?);
    }
    Ok(found)
}

/// Commands with the number of their first line: a line that ends in a backslash, or within a quote, goes on in the next one.
fn commands(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open: Option<(usize, String)> = None;
    let mut quote = Quote::None;
    for (line, number) in text.lines().zip(1..) {
        if open.is_none() && (line.trim().is_empty() || line.trim_start().starts_with('#')) {
            continue;
        }
        let (start, mut command) = open.take().unwrap_or((number, String::new()));
        let line = line.trim_start_matches("$ ");
        let next = line.strip_suffix('\\').unwrap_or(line);
        quote.follow(next);
        command.push_str(next);
        command.push(if next.len() < line.len() { ' ' } else { '\n' });
        if next.len() < line.len() || quote != Quote::None { open = Some((start, command)) } else { found.push((start, command)) }
    }
    found.extend(open);
    found
}

/// The quote that a place in a command is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Single,
    Double,
    /// With backslashes that mean letters: `$'it\'s'`.
    Escaped,
}

impl Quote {
    /// Goes on to the end of a text.
    fn follow(&mut self, text: &str) {
        let (mut letters, mut before) = (text.chars(), ' ');
        while let Some(letter) = letters.next() {
            *self = match (*self, letter) {
                (Self::None, '\'') if before == '$' => Self::Escaped,
                (Self::None, '\'') => Self::Single,
                (Self::None, '"') => Self::Double,
                (Self::Single | Self::Escaped, '\'') | (Self::Double, '"') => Self::None,
                (open, _) => open,
            };
            before = letter;
            if letter == '\\' && *self != Self::Single {
                letters.next();
            }
        }
    }
}

/// Whether lines are for the shell of Windows, where a caret does what a backslash does elsewhere.
fn is_of_cmd(text: &str) -> bool {
    text.contains("curl ^\"") || text.lines().any(|line| line.trim_end().ends_with(" ^"))
}

/// Lines for the shell of Windows as those of other shells: a caret outside of quotes takes the next letter as it is, and at the end of a
/// line the first of the next one. What stands in quotes is read as browsers write it, with a backslash before quotes and backslashes.
fn without_carets(text: &str) -> String {
    let (mut out, mut is_quoted) = (String::with_capacity(text.len()), false);
    let text = text.replace("\r\n", "\n");
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '^' if !is_quoted => match letters.next() {
                // The line goes on; an empty one is the end of a line in a quote, which browsers close before and open behind it.
                Some('\n') => match letters.next_if_eq(&'\n') {
                    Some(_) if out.ends_with('"') && letters.next_if_eq(&'"').is_some() => {
                        out.pop();
                        out.push('\n');
                        is_quoted = true;
                    }
                    Some(_) => out.push('\n'),
                    None => out.push_str("\\\n"),
                },
                Some(' ') if letters.peek() == Some(&'\n') => out.push('\\'),
                escaped => out.extend(escaped),
            },
            '"' => {
                is_quoted = !is_quoted;
                out.push('"');
            }
            '\n' => {
                is_quoted = false;
                out.push('\n');
            }
            other => out.push(other),
        }
    }
    out
}

/// The words of a command; `None` where a quote is not closed. Browsers quote as bash does what plain quotes could not hold: `$'it\'s'`.
fn words(command: &str) -> Option<Vec<String>> {
    let (mut plain, mut rest, mut quote) = (String::with_capacity(command.len()), command.chars().peekable(), None);
    while let Some(letter) = rest.next() {
        match (quote, letter) {
            (None, '$') if rest.next_if_eq(&'\'').is_some() => {
                let text = unescaped(&mut rest)?;
                plain.push_str(&shlex::try_quote(&text).ok()?);
                continue;
            }
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            (None | Some('"'), '\\') => {
                plain.push(letter);
                plain.extend(rest.next());
                continue;
            }
            _ => {}
        }
        plain.push(letter);
    }
    shlex::split(&plain)
}

/// The text up to the quote that ends it, with what backslashes stand for.
fn unescaped(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match rest.next()? {
            '\'' => return Some(text),
            '\\' => match rest.next()? {
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                letter @ ('u' | 'U' | 'x') => {
                    let most = if letter == 'x' { 2 } else { 4 };
                    let digits: String = std::iter::from_fn(|| rest.next_if(char::is_ascii_hexdigit)).take(most).collect();
                    text.push(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
}

fn call(words: &[String]) -> Result<FoundCall, CurlError> {
    let mut call = FoundCall::default();
    let (mut data, mut is_query, mut is_form) = (Vec::<String>::new(), false, true);
    let mut parts = Vec::new();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        // `-XPOST` and `--request=POST` are one word.
        let (name, mut glued) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value)),
            _ if word.len() > 2 && ["-X", "-H", "-d", "-u", "-F"].iter().any(|name| word.starts_with(name)) => {
                (&word[..2], Some(&word[2..]))
            }
            _ => (word, None),
        };
        let mut value = || glued.take().or_else(|| words.next()).map(str::to_owned).ok_or_else(|| CurlError::NoValue(name.to_owned()));
        match name {
            "-X" | "--request" => call.method = value()?,
            "-H" | "--header" => {
                let header = value()?;
                let (name, value) = header.split_once([':', ';']).ok_or_else(|| CurlError::NoHeader(header.clone()))?;
                call.headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            "-d" | "--data" | "--data-ascii" | "--data-binary" | "--data-raw" | "--data-urlencode" | "--json" => {
                let text = value()?;
                if text.starts_with('@') && name != "--data-raw" {
                    return Err(CurlError::File(text));
                }
                if name == "--json" {
                    is_form = false;
                    call.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
                }
                data.push(if name == "--data-urlencode" { encoded(&text) } else { text });
            }
            "-u" | "--user" => call.headers.push(("Authorization".to_owned(), format!("Basic {}", STANDARD.encode(value()?)))),
            "-G" | "--get" => is_query = true,
            "-I" | "--head" => call.method = "HEAD".to_owned(),
            "--url" => call.url = value()?,
            "-F" | "--form" | "--form-string" => parts.push(part(&value()?, name == "--form-string")?),
            _ if WITH_VALUE.contains(&name) => drop(value()?),
            _ if name.starts_with('-') => {}
            url => url.clone_into(&mut call.url),
        }
    }
    if call.url.is_empty() {
        return Err(CurlError::NoUrl);
    }
    let data = data.join("&");
    if is_query && !data.is_empty() {
        let sign = if call.url.contains('?') { '&' } else { '?' };
        call.url = format!("{}{sign}{data}", call.url);
    } else if !parts.is_empty() {
        call.body = Some(FoundBody::Parts(parts));
    } else if !data.is_empty() {
        // Without a content type, curl sends a form.
        let is_form = is_form && call.header(&http::header::CONTENT_TYPE).is_none_or(|kind| kind.contains("x-www-form-urlencoded"));
        call.body = Some(if is_form { FoundBody::Form(crate::engine::pairs(&data)) } else { FoundBody::Text(data) });
    }
    if call.method.is_empty() {
        (if call.body.is_some() { "POST" } else { "GET" }).clone_into(&mut call.method);
    }
    Ok(call)
}

/// A part of a form: `name=value`, perhaps with `;type=text/plain` behind it, unless it is taken as it is.
fn part(text: &str, is_plain: bool) -> Result<FoundPart, CurlError> {
    let (name, value) = text.split_once('=').ok_or_else(|| CurlError::Part(text.to_owned()))?;
    if value.starts_with(['@', '<']) && !is_plain {
        return Err(CurlError::File(value.to_owned()));
    }
    let (value, kind) = value.split_once(";type=").filter(|_| !is_plain).map_or((value, None), |(value, kind)| (value, Some(kind)));
    Ok(FoundPart { name: name.to_owned(), value: value.to_owned(), file: None, kind: kind.map(str::to_owned) })
}

/// `name=value` with the value encoded.
fn encoded(text: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    text.split_once('=').map_or_else(|| encode(text), |(name, value)| format!("{name}={}", encode(value)))
}
