//! The async shell: moves bytes and time in and out of the machine.
//!
//! `listen` opens listeners, `http` accepts `connections` and translates between hyper and the machine, `apart` has workers for what may
//! take long, `turns` has threads do it one after the other, `incoming` reads request bodies as far as `bodies` has room, `body` makes
//! response bodies and `outgoing` counts them, `stream` is a connection with or without TLS, `socket` can reset it, and `request_line`
//! mends what hyper would not read, `proxy` opens tunnels, `access` guards the admin API by what `host` says, `admin` is that API,
//! `local` is it without a socket, `ticker` and `webhook_sender` decide when webhooks are sent, `webhook_client` sends them through
//! `egress` (with TLS if the URL says so), but to none of `own_addresses`, `inbox` receives webhooks for those who have no receiver,
//! `awaited` waits for them where they matter,
//! `call_log` writes a line for each call and `unmatched` keeps those that met no vendor, `holding` holds answers back as scenarios want,
//! `start_page` says where everything is, `ui` is the page for browsers, `upstream` passes calls on to the vendors themselves and reads
//! so much before an answer as `interim` lets through, `reachability` warns of subscriptions, `shutdown` reports unmet expectations when
//! a sandbox ends, `verdicts` keeps what it finds, `told` is what replicas tell each other of both, `clock` reads the wall clock,
//! `clock_moves` knows which clocks are moved, `look_ups` bounds how many names are looked up at once, `memory` says how much of it there
//! is, `metrics` counts for monitoring, `recording` is what is only looked at. **Invariant:** no lock of a sandbox is held across an
//! await.

mod access;
mod admin;
mod apart;
mod awaited;
mod bodies;
mod body;
mod call_log;
mod clock;
mod clock_moves;
mod connections;
mod egress;
mod header_case;
mod holding;
mod host;
mod http;
mod inbox;
mod incoming;
mod interim;
mod kept;
mod listen;
mod local;
mod look_ups;
mod memory;
mod metrics;
mod outgoing;
mod own_addresses;
mod pieces;
mod proxy;
mod reachability;
mod recording;
mod request_line;
mod secret;
mod sections;
mod shown_bytes;
mod shutdown;
mod socket;
mod start_page;
mod stream;
mod ticker;
mod told;
mod turns;
mod ui;
mod unmatched;
mod upstream;
mod verdicts;
mod webhook_client;
mod webhook_sender;
mod wire_faults;

pub use crate::net::{AuthorityError, Identity, IdentityError, LocalAuthority, Trust, TrustError};
pub use access::{AdminAuth, Guard};
pub use admin::{Refused, import, note_scenario, record};
pub(crate) use apart::MOST_THREADS;
pub use call_log::{CallLog, LogFormat};
pub(crate) use clock::{has_shown, wall};
pub use egress::{Egress, Target, TargetError};
pub use host::AllowedHosts;
pub use http::{serve, serve_embedded};
pub use listen::{Addresses, Bound, Config, Listen, Listener, ProxyListener, bind};
pub use local::Local;
pub use memory::{Budgets, available};
pub use reachability::reachability_of_addresses;
pub use recording::Recording;
pub use secret::secret;
pub use shutdown::{LastVerdict, last_verdict, verdict_so_far};
pub(crate) use ui::home as home_page;
pub use upstream::{PassOn, UpstreamError, UpstreamUrl};
pub use verdicts::Verdicts;
