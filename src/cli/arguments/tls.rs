//! Arguments of TLS and of the forward proxy: where they are served, and what proves the names.

use std::path::PathBuf;

use clap::Args;

use super::addresses;
use crate::server::{Addresses, Target};

#[derive(Args, Clone, Debug)]
pub struct TlsArguments {
    /// Address at which the same is served over TLS, by the names of loopback, those of `--allow-host` and the vendors' own
    #[arg(long, env = "SEATRIAL_TLS", value_name = "ADDRESS", value_parser = addresses)]
    pub tls: Option<Addresses>,
    /// Address of a forward proxy that answers for the vendors' real hosts, by CONNECT and by absolute targets, and refuses every other
    #[arg(long, env = "SEATRIAL_PROXY", value_name = "ADDRESS", value_parser = addresses)]
    pub proxy: Option<Addresses>,
    /// Host name, `.domain`, address or network that the proxy passes on by CONNECT; never link-local or metadata addresses. Repeatable
    #[arg(long, env = "SEATRIAL_PROXY_ALLOW", value_name = "TARGET", value_delimiter = ',', requires = "proxy")]
    pub proxy_allow: Vec<Target>,
    /// PEM file of the certificate that proves these names, with those of its issuers behind it; one by the local certificate authority
    /// (`seatrial ca`) unless told
    #[arg(long, env = "SEATRIAL_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// PEM file of its key
    #[arg(long, env = "SEATRIAL_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    #[command(flatten)]
    pub authority: AuthorityArguments,
}

#[derive(Args, Clone, Debug)]
pub struct AuthorityArguments {
    /// Folder of the local certificate authority, which is made on first use; `seatrial/ca` below the user's data unless told
    #[arg(long, env = "SEATRIAL_CA_DIR", value_name = "DIR")]
    pub ca_dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct CaArguments {
    #[command(flatten)]
    pub authority: AuthorityArguments,
    /// Print the path of the certificate's file alone
    #[arg(long)]
    pub path: bool,
}
