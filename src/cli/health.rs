//! `seatrial health`: whether a server answers, as an exit code.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use clap::Parser as _;

use crate::cli::arguments::{Arguments, HealthArguments};
use crate::cli::{Exit, complain};

const PATIENCE: Duration = Duration::from_secs(3);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) fn run(arguments: &HealthArguments) -> Exit {
    let address = arguments.address.or_else(served_address).unwrap_or_else(|| ([127, 0, 0, 1], 7447).into());
    let mut tries = arguments.wait.as_millis() / PAUSE.as_millis();
    let mut probed = probe(address);
    while tries > 0 && !probed.as_ref().is_ok_and(|status| status.contains(" 200 ")) {
        std::thread::sleep(PAUSE);
        tries -= 1;
        probed = probe(address);
    }
    match probed {
        Ok(status) if status.contains(" 200 ") => Exit::Fine,
        Ok(status) => complain(&format_args!("{address} answered `{status}`"), Exit::Failed),
        Err(error) => complain(&format_args!("{address} does not answer: {error}"), Exit::Failed),
    }
}

/// Where a server with this environment serves its admin API.
pub(super) fn served_address() -> Option<SocketAddr> {
    let serve = Arguments::try_parse_from(["seatrial"]).ok()?.serve;
    let addresses =
        serve.admin_listen.or_else(|| serve.listen.into_iter().find(|listen| listen.mount.is_none()).map(|listen| listen.addresses))?;
    let mut address = *addresses.0.first()?;
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    Some(address)
}

fn probe(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /_seatrial/health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer)?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}
