//! Programs that a chore starts: cargo, servers, which say on stdout where they listen and are stopped by their own id, and
//! what Linux knows about the cost of a process.

use std::{
    env,
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::failure::Failure;

/// Cargo as the user would call it.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    forget_cargo(&mut cargo);
    cargo.args(arguments);
    cargo
}

/// What the cargo that runs this chore has put into the environment stays away from a command that calls cargo: build scripts watch
/// it, and would have half of the dependencies built anew in each turn.
pub fn forget_cargo(command: &mut Command) {
    let inherited = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars().filter(|(name, _)| inherited(name)) {
        command.env_remove(name);
    }
}

/// A running server. Dropping it stops it.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    ready: String,
}

impl Server {
    /// Starts `command` and waits for its line `… ready http=ADDRESS …`. What it logs goes to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self, Failure> {
        let program = format!("{command:?}");
        let log_file = File::create(log).map_err(Failure::io(format!("create {}", log.display())))?;
        for (name, _) in env::vars().filter(|(name, _)| name.starts_with("SEATRIAL_")) {
            command.env_remove(name);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .map_err(Failure::io(format!("start {program}")))?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).map_err(Failure::io(format!("read the ready line of {program}")))?;
        match address(&line) {
            Some(address) => Ok(Self { child, address, ready: line }),
            None => {
                stop(&mut child);
                let log = fs::read_to_string(log).unwrap_or_default();
                Err(Failure::Unexpected(format!("{program} did not say `ready http=ADDRESS` but {line:?}\n{log}")))
            }
        }
    }

    /// The address of a further listener, by its name in the ready line.
    pub fn listener(&self, name: &str) -> Result<SocketAddr, Failure> {
        let found = self.ready.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        let address = found.and_then(|address| address.parse().ok());
        address.ok_or_else(|| Failure::Unexpected(format!("no `{name}` in {:?}", self.ready)))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Processor time used so far, user and system, in microseconds.
    pub fn processor_time(&self) -> Result<f64, Failure> {
        // Linux reports this file in hundredths of a second on every architecture it still supports.
        const MICROSECONDS_PER_TICK: f64 = 10_000.0;
        let stat = self.proc("stat")?;
        // The second field is the program's name in parentheses and may hold anything; utime and stime are 14 and 15.
        let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let ticks = |field: &str| field.parse::<f64>().ok();
        let mut times = fields.split(' ').skip(11).map_while(ticks);
        match (times.next(), times.next()) {
            (Some(user), Some(system)) => Ok((user + system) * MICROSECONDS_PER_TICK),
            _ => Err(Failure::Unexpected(format!("no times in /proc/{}/stat: {stat}", self.id()))),
        }
    }

    /// Resident memory now, in bytes.
    pub fn resident(&self) -> Result<u64, Failure> {
        let status = self.proc("status")?;
        status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok())
            .map(|kilobytes: u64| kilobytes * 1024)
            .ok_or_else(|| Failure::Unexpected(format!("no VmRSS in /proc/{}/status", self.id())))
    }

    fn proc(&self, file: &str) -> Result<String, Failure> {
        let path = format!("/proc/{}/{file}", self.id());
        fs::read_to_string(&path).map_err(Failure::io(format!("read {path}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// Asks with SIGTERM, as an init system does, and insists after two seconds.
fn stop(child: &mut Child) {
    let asked = Command::new("kill").arg(child.id().to_string()).status();
    if asked.is_ok_and(|status| status.success()) {
        for _ in 0..200 {
            match child.try_wait() {
                Ok(Some(_)) => return,
                _ => thread::sleep(Duration::from_millis(10)),
            }
        }
    }
    // Either fails only for a child that is gone already, which is what is wanted.
    let _ = child.kill();
    let _ = child.wait();
}

fn address(line: &str) -> Option<SocketAddr> {
    let mut words = line.split_whitespace();
    words.by_ref().find(|word| *word == "ready")?;
    words.find_map(|word| word.strip_prefix("http="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn the_address_is_read_from_the_ready_line() {
        let line = "seatrial ready http=127.0.0.1:40001 admin=/_seatrial vendors=6 scenario=default";
        assert_eq!(address(line).map(|address| address.port()), Some(40001));
        assert_eq!(address("error: cannot bind 127.0.0.1:7447"), None);
    }
}
