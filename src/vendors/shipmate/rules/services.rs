//! Delivery services, which are set up in the web portal and only read here.

use crate::engine::{Cx, Outcome};
use crate::vendors::shipmate::catalog::{CATALOG, Size};
use crate::vendors::shipmate::wire;

/// Services whose conditions the described parcel fails are left out; what is not described fails nothing.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let measure = |name: &str| cx.call.query(name)?.trim().parse().ok();
    let size = Size { weight: measure("weight"), length: measure("length"), width: measure("width"), depth: measure("depth") };
    Ok(wire::ok("Services Retrieved", cx.had(&CATALOG.services).iter().filter(|service| service.takes(&size)).collect::<Vec<_>>()))
}
