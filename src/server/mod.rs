//! The async shell: moves bytes and time in and out of the machine.
//!
//! `http` accepts connections and translates between hyper and the machine, `body` makes response bodies, `socket` can reset a
//! connection, `access` guards the admin API by what `host` says, `admin` is that API, `local` is it without a socket, `ticker` and
//! `webhook_sender` send webhooks through `egress` (by `tls` if the URL says so), but to none of `own_addresses`, `inbox` receives
//! webhooks for those who have no receiver, `shutdown` reports unmet expectations when a sandbox ends, `clock` reads the
//! wall clock. **Invariant:** no lock of a sandbox is held across an await.

mod access;
mod admin;
mod body;
mod clock;
mod egress;
mod host;
mod http;
mod inbox;
mod local;
mod own_addresses;
mod shutdown;
mod socket;
mod ticker;
mod tls;
mod webhook_sender;

pub use access::{AdminAuth, Guard};
pub(crate) use clock::wall;
pub use egress::{Egress, Target, TargetError};
pub use host::AllowedHosts;
pub use http::{Bound, Config, Listen, bind, serve, serve_embedded};
pub use local::{Local, Refused};
pub use tls::{Trust, TrustError};
