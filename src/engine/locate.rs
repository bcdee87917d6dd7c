//! Which sandbox and which vendor a request is for, and what is left of its path for the vendor.

use std::borrow::Cow;
use std::sync::Arc;

use crate::base::text;
use crate::engine::auth::Identity;
use crate::engine::call::Request;
use crate::engine::machine::{Loaded, Machine};
use crate::engine::sandbox::Sandbox;

/// Where a request leads.
pub(super) enum Target<'r> {
    /// To a vendor.
    Vendor(Located<'r>),
    /// To a sandbox that does not exist.
    NoSandbox(String),
    /// To no vendor.
    Nowhere,
}

/// A vendor of a sandbox.
pub(super) struct Located<'r> {
    pub sandbox: Arc<Sandbox>,
    pub loaded: &'r Loaded,
    /// What lies in front of the vendor's path.
    pub prefix: &'r str,
    /// The vendor's path as sent; at least `/`.
    pub path: &'r str,
}

impl Machine {
    /// First the `/@name` prefix, then the credential, then the default sandbox.
    pub(super) fn locate<'r>(&'r self, request: &'r Request) -> Target<'r> {
        let whole = request.path.as_str();
        let (named, rest) = match whole.strip_prefix("/@") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                (Some(text::percent_decode(&rest[..end])), &whole[2 + end..])
            }
            None => (None, whole),
        };
        let Some((mount, path)) = self.mount(request, rest) else { return Target::Nowhere };
        let versions = self.vendors.iter().filter(|loaded| loaded.vendor.mount == mount && path.starts_with(loaded.vendor.version));
        let Some(loaded) = versions.max_by_key(|loaded| loaded.vendor.version.len()) else { return Target::Nowhere };
        let path = path.strip_prefix(loaded.vendor.legacy_prefix).filter(|rest| rest.starts_with('/')).unwrap_or(path);
        let prefix = &whole[..whole.len() - path.len()];
        let path = if path.is_empty() { "/" } else { path };
        let sandbox = match named {
            Some(name) => match self.sandbox(&name) {
                Some(sandbox) => sandbox,
                None => return Target::NoSandbox(name),
            },
            None => match (loaded.vendor.identify)(request) {
                Some(Identity::Credential(credential)) => self.claimed(mount, &credential),
                Some(Identity::Sandbox(name)) => self.sandbox(&name),
                None => None,
            }
            .unwrap_or_else(|| Arc::clone(self.default_sandbox())),
        };
        Target::Vendor(Located { sandbox, loaded, prefix, path })
    }

    /// The mount and what follows it: by listener, by host name, or by the first segment.
    fn mount<'r>(&self, request: &Request, path: &'r str) -> Option<(&'static str, &'r str)> {
        if let Some(mount) = request.mount {
            return Some((mount, path));
        }
        let host = request.host().rsplit_once(':').map_or(request.host(), |(host, _)| host);
        if let Some(loaded) = self.vendors.iter().find(|loaded| loaded.vendor.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))) {
            return Some((loaded.vendor.mount, path));
        }
        let rest = path.strip_prefix('/')?;
        let end = rest.find('/').unwrap_or(rest.len());
        let loaded = self.vendors.iter().find(|loaded| loaded.vendor.mount == &rest[..end])?;
        Some((loaded.vendor.mount, &rest[end..]))
    }
}

/// What of a target belongs to the vendor: without `/@sandbox` and without the mount.
#[must_use]
pub fn below<'t>(target: &'t str, mount: &str) -> &'t str {
    let rest = target.strip_prefix("/@").and_then(|rest| rest.find('/').map(|end| &rest[end..])).unwrap_or(target);
    rest.strip_prefix('/').and_then(|rest| rest.strip_prefix(mount)).filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(rest)
}

/// The path as the router wants it, by the vendor's habits with slashes.
pub(super) fn normalize_path<'p>(loaded: &Loaded, path: &'p str) -> Cow<'p, str> {
    let slashes = loaded.vendor.slashes;
    let mut path = Cow::Borrowed(path);
    if slashes.doubled && path.contains("//") {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let tail = if path.ends_with('/') { "/" } else { "" };
        path = Cow::Owned(format!("/{}{tail}", segments.join("/")));
    }
    if slashes.trailing && path.len() > 1 && path.ends_with('/') {
        let length = path.len() - 1;
        path = match path {
            Cow::Borrowed(path) => Cow::Borrowed(&path[..length]),
            Cow::Owned(mut path) => {
                path.truncate(length);
                Cow::Owned(path)
            }
        };
    }
    path
}
