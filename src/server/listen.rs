//! Listeners: where they listen, and what each serves.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::base::name::Name;
use crate::engine::PublicUrls;
use crate::server::call_log::CallLog;
use crate::server::egress::Egress;
use crate::server::own_addresses::OwnAddresses;

/// One address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The vendor mount that is served at `/` there; `None` serves them all below their names.
    pub mount: Option<String>,
    pub address: SocketAddr,
}

#[derive(Clone, Debug)]
pub struct Config {
    pub listen: Vec<Listen>,
    /// Where the admin API is served, if not beside the vendors.
    pub admin_listen: Option<SocketAddr>,
    /// How many connections each listener may have open.
    pub connections: usize,
    /// The largest body that is read.
    pub body_limit: usize,
    /// The largest number of bytes of request bodies that are being read at once, over all connections; the same for answers.
    pub in_flight: usize,
    /// How long a client may take to send its headers, and then its body.
    pub read_timeout: Duration,
    /// Where webhooks may go besides loopback and private addresses.
    pub egress: Egress,
    /// Where calls and webhooks are logged.
    pub log: CallLog,
}

/// Sockets that listen, before anything is served.
pub struct Bound {
    pub(super) listeners: Vec<(TcpListener, Role)>,
    /// The address of the first listener that serves all vendors, else of the first.
    pub http: SocketAddr,
    /// The address of the admin API's own listener, if it has one.
    pub admin: Option<SocketAddr>,
    pub(super) config: Config,
}

#[derive(Clone, Debug)]
pub(super) struct Role {
    pub vendors: bool,
    pub mount: Option<Name>,
    pub admin: bool,
    /// Whether only programs of this machine can reach it.
    pub loopback: bool,
}

/// Opens every socket.
///
/// # Errors
/// When an address cannot be bound, or a mount is not one of `mounts`.
pub async fn bind(config: Config, mounts: &[Name]) -> io::Result<Bound> {
    let mut listeners = Vec::new();
    for listen in &config.listen {
        let mount = match &listen.mount {
            Some(name) => {
                let known = mounts.iter().find(|mount| ***mount == **name);
                Some(known.cloned().ok_or_else(|| {
                    io::Error::new(io::ErrorKind::InvalidInput, format!("there is no vendor `{name}`, only {}", mounts.join(", ")))
                })?)
            }
            None => None,
        };
        let admin = mount.is_none() && config.admin_listen.is_none();
        let listener = TcpListener::bind(listen.address).await.map_err(|error| bind_error(&error, listen.address))?;
        listeners.push((listener, Role { vendors: true, mount, admin, loopback: listen.address.ip().is_loopback() }));
    }
    let main = listeners.iter().find(|(_, role)| role.mount.is_none()).or(listeners.first());
    let http = main.map(|(listener, _)| listener.local_addr()).transpose()?.unwrap_or(([127, 0, 0, 1], 0).into());
    let mut admin = None;
    if let Some(address) = config.admin_listen {
        let listener = TcpListener::bind(address).await.map_err(|error| bind_error(&error, address))?;
        admin = Some(listener.local_addr()?);
        listeners.push((listener, Role { vendors: false, mount: None, admin: true, loopback: address.ip().is_loopback() }));
    }
    Ok(Bound { listeners, http, admin, config })
}

impl Bound {
    /// The addresses of all listeners, in their order.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|(listener, _)| listener.local_addr().ok()).collect()
    }

    /// Whether the admin API is served.
    #[must_use]
    pub fn serves_admin(&self) -> bool {
        self.listeners.iter().any(|(_, role)| role.admin)
    }

    pub(super) fn own_addresses(&self) -> OwnAddresses {
        let admin = self.listeners.iter().filter(|(_, role)| role.admin);
        OwnAddresses { all: self.addresses(), admin: admin.filter_map(|(listener, _)| listener.local_addr().ok()).collect() }
    }

    /// The addresses of the listeners that serve vendors.
    pub(super) fn public_urls(&self) -> PublicUrls {
        let mut served = PublicUrls { admin: self.admin, ..PublicUrls::default() };
        for (listener, role) in self.listeners.iter().filter(|(_, role)| role.vendors) {
            match (listener.local_addr(), &role.mount) {
                (Ok(address), Some(mount)) => served.mounts.push((mount.clone(), address)),
                (Ok(address), None) => served.all = served.all.or(Some(address)),
                (Err(_), _) => {}
            }
        }
        served
    }
}

fn bind_error(error: &io::Error, address: SocketAddr) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
}
