//! What a terminal shows when everything listens: where the vendors are, what they let in, and where the admin API is.

use std::fmt::Write as _;

use serde_json::Value;

use crate::engine::{DEFAULT, Machine, PublicUrls};

/// The banner of a server whose vendors are there, and its admin API, its listener for TLS and its forward proxy, if it has them.
pub(super) fn banner(machine: &Machine, vendors: &PublicUrls, admin: Option<&str>, [https, proxy]: [Option<&str>; 2]) -> String {
    let mut out = format!("\n  Seatrial {}\n\n", env!("CARGO_PKG_VERSION"));
    let rows: Vec<_> = machine.vendors().mounts().into_iter().map(|mount| (vendors.url(DEFAULT, &mount), mount)).collect();
    let width = rows.iter().map(|(url, _)| url.len()).max().unwrap_or_default();
    let state = machine.default_sandbox().lock();
    for (url, mount) in &rows {
        let rows = state.world.accounts().credentials(mount);
        let presented = |value: &Value| value.as_str().map(str::to_owned);
        let credentials = rows.iter().take(2).map(|row| {
            let members = row.fields.iter().filter(|(name, _)| !["mode", "account", "plan", "addons"].contains(&name.as_str()));
            members.filter_map(|(name, value)| Some(format!("{name} {}", presented(value)?))).collect::<Vec<_>>().join(", ")
        });
        let credentials: Vec<String> = credentials.filter(|text| !text.is_empty()).collect();
        let _ = writeln!(out, "  {:<width$}  {}", url, credentials.join(" or "));
    }
    out.push('\n');
    if let Some(https) = https {
        let _ = writeln!(out, "  {https:<width$}  the same over TLS; `seatrial ca` says how to trust it");
    }
    if let Some(proxy) = proxy {
        let _ =
            writeln!(out, "  {proxy:<width$}  forward proxy for the vendors' real hosts: `HTTPS_PROXY`, and trust as `seatrial ca` says");
    }
    if let Some(admin) = admin {
        let _ = writeln!(out, "  {admin:<width$}  admin API; calls that met nothing: {admin}/requests/unmatched");
    }
    let _ = writeln!(out, "  {:<width$}  one line a call follows; `--log warn` is silence\n", "");
    out
}
