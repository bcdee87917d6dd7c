//! What `--tls` and `--proxy` are served with.

use std::net::IpAddr;
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;

use crate::cli::arguments::{ServeArguments, TlsArguments};
use crate::cli::ca;
use crate::engine::Machine;
use crate::server::{self, Identity, IdentityError, ProxyListener};

/// Names that are proved whatever else is.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// How the listeners for TLS and the proxy prove names, if there are any: by the certificate that was given or one by the local authority.
pub(super) fn identity(arguments: &ServeArguments, machine: &Machine) -> Result<Option<Arc<ServerConfig>>, IdentityError> {
    let TlsArguments { tls, proxy, tls_cert, tls_key, authority, .. } = &arguments.tls;
    if tls.is_none() && proxy.is_none() {
        return Ok(None);
    }
    let identity = match (tls_cert, tls_key) {
        (Some(certificate), Some(key)) => Identity::read(certificate, key)?,
        _ => ca::open(authority)?.identity(names(arguments, machine), server::wall())?,
    };
    identity.server().map(Some)
}

/// The forward proxy, if there is one.
pub(super) fn proxy(arguments: &ServeArguments) -> Option<ProxyListener> {
    let TlsArguments { proxy, proxy_allow, .. } = &arguments.tls;
    proxy.clone().map(|addresses| ProxyListener { addresses, allowed: proxy_allow.clone() })
}

/// All names by which this process is asked.
fn names(arguments: &ServeArguments, machine: &Machine) -> Vec<String> {
    let mut names: Vec<String> = LOOPBACK.map(str::to_owned).to_vec();
    names.extend(machine.vendors().hosts().map(|host| host.to_string()));
    names.extend(arguments.allow_host.iter().cloned());
    let own = arguments.tls.tls.iter().flat_map(|addresses| &addresses.0).map(|address| address.ip());
    names.extend(own.filter(|ip: &IpAddr| !ip.is_loopback() && !ip.is_unspecified()).map(|ip| ip.to_string()));
    names.sort();
    names.dedup();
    names
}
