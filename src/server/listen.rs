//! Listeners: where they listen, and what each serves.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::rustls::ServerConfig;

use crate::base::name::Name;
use crate::engine::PublicUrls;
use crate::fleet::Fleet;
use crate::server::call_log::CallLog;
use crate::server::egress::{Egress, Target};
use crate::server::own_addresses::OwnAddresses;
use crate::server::recording::Recording;
use crate::server::upstream::{PassOn, UpstreamUrl};
use crate::store::Store;

/// One address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The vendor mount that is served at `/` there; `None` serves them all below their names.
    pub mount: Option<String>,
    pub addresses: Addresses,
}

/// The addresses of one name: `localhost` has two. Those of a family that the machine lacks are left out, unless all are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses(pub Vec<SocketAddr>);

/// A socket that listens, and what is served there.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Listener {
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// The vendor mount that is served at `/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount: Option<String>,
    pub vendors: bool,
    pub admin: bool,
    /// Whether it takes TLS alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tls: bool,
    /// Whether it is a forward proxy, which serves the vendors by their real host names.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub proxy: bool,
}

/// A forward proxy for the vendors' real hosts.
#[derive(Clone)]
pub struct ProxyListener {
    pub addresses: Addresses,
    /// Where tunnels may lead besides.
    pub allowed: Vec<Target>,
}

#[derive(Clone)]
pub struct Config {
    pub listen: Vec<Listen>,
    /// Where the same is served over TLS.
    pub tls: Option<Addresses>,
    pub proxy: Option<ProxyListener>,
    /// How names are proved by TLS. What is served over it needs one.
    pub identity: Option<Arc<ServerConfig>>,
    /// Where the admin API is served, if not beside the vendors.
    pub admin_listen: Option<Addresses>,
    /// Where callers reach all of it by way of a proxy, without a slash at its end.
    pub public_url: Option<String>,
    /// How many connections each listener may have open.
    pub connections: usize,
    /// The largest body that is read.
    pub body_limit: usize,
    /// The largest number of bytes of request bodies that are being read at once, over all connections; the same for answers.
    pub in_flight: usize,
    /// How long a client may take to send its headers, and then its body.
    pub read_timeout: Duration,
    /// How long an advance of a clock is waited for, unless it says otherwise.
    pub advance_timeout: Duration,
    /// Where webhooks may go besides loopback and private addresses.
    pub egress: Egress,
    /// Where calls and webhooks are logged.
    pub log: CallLog,
    /// What keeps the sandboxes for the next process, if anything does.
    pub store: Option<Arc<Store>>,
    /// The fleet that this process is a replica of, if it is one.
    pub fleet: Option<Arc<Fleet>>,
    /// Whether there is a page for browsers.
    pub page: bool,
    /// Where calls are passed on to, by mount, and which.
    pub upstreams: Vec<UpstreamUrl>,
    pub pass_on: PassOn,
    /// Whether the last verdict is asked for when all is served, which says what the log would.
    pub asks_verdict: bool,
    /// What is only looked at: nothing can be changed, and nothing happens by itself.
    pub recording: Option<Recording>,
}

impl Default for Config {
    /// Nothing but the page, without listeners.
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            tls: None,
            proxy: None,
            identity: None,
            admin_listen: None,
            public_url: None,
            connections: 1_000,
            body_limit: 1 << 20,
            in_flight: 16 << 20,
            read_timeout: Duration::from_secs(30),
            advance_timeout: Duration::from_secs(20),
            egress: Egress::default(),
            log: CallLog::default(),
            store: None,
            fleet: None,
            page: true,
            upstreams: Vec::new(),
            pass_on: PassOn::All,
            asks_verdict: false,
            recording: None,
        }
    }
}

/// Sockets that listen, before anything is served.
pub struct Bound {
    pub(super) listeners: Vec<(TcpListener, Role)>,
    /// The address of the first listener that serves all vendors, else of the first.
    pub http: SocketAddr,
    /// The address of the admin API's own listener, if it has one.
    pub admin: Option<SocketAddr>,
    /// The address of the first listener for TLS, if there is one.
    pub https: Option<SocketAddr>,
    /// The address of the first forward proxy, if there is one.
    pub proxy: Option<SocketAddr>,
    pub(super) config: Config,
}

#[derive(Clone, Debug)]
pub(super) struct Role {
    pub vendors: bool,
    pub mount: Option<Name>,
    pub admin: bool,
    pub is_secure: bool,
    pub is_proxy: bool,
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
        for (listener, loopback) in bind_all(&listen.addresses).await? {
            listeners.push((listener, Role { vendors: true, mount: mount.clone(), admin, is_secure: false, is_proxy: false, loopback }));
        }
    }
    let main = listeners.iter().find(|(_, role)| role.mount.is_none()).or(listeners.first());
    let http = main.map(|(listener, _)| listener.local_addr()).transpose()?.unwrap_or(([127, 0, 0, 1], 0).into());
    let (mut https, mut proxy) = (None, None);
    if let Some(addresses) = &config.tls {
        for (listener, loopback) in bind_all(addresses).await? {
            https = https.or(Some(listener.local_addr()?));
            let admin = config.admin_listen.is_none();
            listeners.push((listener, Role { vendors: true, mount: None, admin, is_secure: true, is_proxy: false, loopback }));
        }
    }
    if let Some(ProxyListener { addresses, .. }) = &config.proxy {
        for (listener, loopback) in bind_all(addresses).await? {
            proxy = proxy.or(Some(listener.local_addr()?));
            listeners.push((listener, Role { vendors: true, mount: None, admin: false, is_secure: false, is_proxy: true, loopback }));
        }
    }
    let mut admin = None;
    if let Some(addresses) = &config.admin_listen {
        for (listener, loopback) in bind_all(addresses).await? {
            admin = admin.or(Some(listener.local_addr()?));
            listeners.push((listener, Role { vendors: false, mount: None, admin: true, is_secure: false, is_proxy: false, loopback }));
        }
    }
    Ok(Bound { listeners, http, admin, https, proxy, config })
}

impl Bound {
    /// The addresses of all listeners, in their order.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners().into_iter().map(|listener| listener.address).collect()
    }

    /// All listeners, in the order in which they were asked for.
    #[must_use]
    pub fn listeners(&self) -> Vec<Listener> {
        let told = |(listener, role): &(TcpListener, Role)| {
            let Role { vendors, mount, admin, is_secure: tls, is_proxy: proxy, .. } = role.clone();
            let mount = mount.map(|mount| mount.to_string());
            listener.local_addr().ok().map(|address| Listener { address, mount, vendors, admin, tls, proxy })
        };
        self.listeners.iter().filter_map(told).collect()
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
    #[must_use]
    pub fn public_urls(&self) -> PublicUrls {
        let mut served = PublicUrls { admin: self.admin, public: self.config.public_url.clone(), ..PublicUrls::default() };
        for (listener, role) in self.listeners.iter().filter(|(_, role)| role.vendors && !role.is_secure && !role.is_proxy) {
            match (listener.local_addr(), &role.mount) {
                (Ok(address), Some(mount)) => served.mounts.push((mount.clone(), address)),
                (Ok(address), None) => served.all = served.all.or(Some(address)),
                (Err(_), _) => {}
            }
        }
        served
    }
}

/// How many connections the kernel keeps until they are accepted, if it keeps as many. Where it has no room, a client tries again after a
/// second.
const BACKLOG: u32 = 16 * 1024;

/// How often a port that is free for the first address of a name is looked for.
const PORTS: usize = 16;

/// Listens on each address of a name, with whether only this machine can reach it. Port 0 is the same port on all of them.
async fn bind_all(addresses: &Addresses) -> io::Result<Vec<(TcpListener, bool)>> {
    let is_any_port = addresses.0.iter().all(|address| address.port() == 0);
    let mut bound = bind_once(addresses).await;
    for _ in 1..PORTS {
        match bound {
            Err(error) if is_any_port && error.kind() == io::ErrorKind::AddrInUse => bound = bind_once(addresses).await,
            bound => return bound,
        }
    }
    bound
}

async fn bind_once(addresses: &Addresses) -> io::Result<Vec<(TcpListener, bool)>> {
    let (mut bound, mut port, mut failure) = (Vec::new(), 0, None);
    for address in &addresses.0 {
        let address = SocketAddr::new(address.ip(), if address.port() == 0 { port } else { address.port() });
        match listen(address) {
            Ok(listener) => {
                port = listener.local_addr()?.port();
                bound.push((listener, address.ip().is_loopback()));
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) => {
                return Err(bind_error(&error, address));
            }
            Err(error) => failure = Some(bind_error(&error, address)),
        }
    }
    match failure {
        Some(failure) if bound.is_empty() => Err(failure),
        _ => Ok(bound),
    }
}

/// Listens like any server, with more room for connections that come at once.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn bind_error(error: &io::Error, address: SocketAddr) -> io::Error {
    let (ip, port) = (address.ip(), address.port());
    let help = match error.kind() {
        io::ErrorKind::AddrInUse => {
            let free = SocketAddr::new(ip, 0);
            format!(
                "\nhelp: another program has that port, perhaps another seatrial: `lsof -i :{port}` or `ss -ltnp 'sport = :{port}'` says \
                 which\nhelp: `--listen {free}` takes a port that is free"
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!("\nhelp: ports below 1024 need rights: `--listen {}` needs none", SocketAddr::new(ip, 7447))
        }
        io::ErrorKind::AddrNotAvailable => {
            "\nhelp: no interface of this machine has that address; `--listen 0.0.0.0:7447` listens on all".to_owned()
        }
        _ => String::new(),
    };
    io::Error::new(error.kind(), format!("cannot listen on {address}: {error}{help}"))
}
