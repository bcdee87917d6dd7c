//! The async shell: moves bytes and time in and out of the machine.
//!
//! `http` accepts connections and translates, `socket` lets a connection die on purpose, `access` guards the admin API,
//! `admin` is that API. **Invariant:** no lock of a sandbox is held across an await.

mod access;
mod admin;
mod http;
mod socket;

pub use access::{AdminAuth, Guard};
pub use http::{Bound, Config, Listen, bind, serve};
