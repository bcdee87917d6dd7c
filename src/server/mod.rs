//! The async shell: moves bytes and time in and out of the machine.
//!
//! `http` accepts connections and translates, `socket` lets a connection die on purpose, `access` guards the admin API,
//! `admin` is that API, `ticker` has time pass, `webhooks` tells subscribers through the one door of `egress`, by `tls` if they
//! want, `inbox` receives for those who have no receiver, `ending` has sandboxes say what was not as it should be, `local` is the
//! admin API for the program that runs the server. **Invariant:** no lock of a sandbox is held across an await.

mod access;
mod admin;
mod egress;
mod http;
mod inbox;
mod local;
mod shutdown;
mod socket;
mod ticker;
mod tls;
mod webhook_sender;

pub use access::{AdminAuth, Guard};
pub use egress::{Egress, Target, TargetError};
pub(crate) use http::wall;
pub use http::{Bound, Config, Listen, bind, serve, serve_embedded};
pub use local::{Local, Refused};
pub use tls::{Trust, TrustError};
