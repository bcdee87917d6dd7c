//! The authority of an address: a name or an IP address, with a port or without.
//!
//! It is read strictly, because what could be understood in two ways could be checked in one and used in the other.

use std::net::Ipv6Addr;

/// The longest name that the domain name system has. Links repeat it.
const LONGEST_NAME: usize = 253;

/// The name, without brackets, and the port in `name`, `name:port`, `[address]` or `[address]:port`; the port may be empty.
#[must_use]
pub fn split(text: &str) -> Option<(&str, Option<&str>)> {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(address, _)| address.parse::<Ipv6Addr>().is_ok())?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    // The root of all names, which may be said.
    let name = if text.starts_with('[') { name } else { name.strip_suffix('.').unwrap_or(name) };
    let digits = port.strip_prefix(':').unwrap_or(port);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
    let is_valid =
        (port.is_empty() || (port != digits && is_port(digits))) && (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(fits);
    is_valid.then_some((name, Some(digits).filter(|digits| !digits.is_empty())))
}

/// Whether a text is a port, or nothing.
#[must_use]
pub fn is_port(text: &str) -> bool {
    text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit())
}
