//! Connections to other servers: TLS, and an HTTP client for the commands that talk to one. Webhooks have their own, which asks the rules
//! about where they may go (`server/egress.rs`). And what this process proves its own names with, if it serves TLS: an identity, of the
//! user's or of the local authority.

mod client;
mod identity;
mod local_authority;
mod tls;

pub use client::{Client, ClientError, Reply};
pub use identity::{Identity, IdentityError};
pub use local_authority::{AuthorityError, LocalAuthority};
pub use tls::{TlsError, Trust, TrustError};
