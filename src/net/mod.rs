//! Connections to other servers: TLS, and an HTTP client for the commands that talk to one. Webhooks have their own, which asks the rules
//! about where they may go (`server/egress.rs`).

mod client;
mod tls;

pub use client::{Client, ClientError, Reply};
pub use tls::{TlsError, Trust, TrustError};
