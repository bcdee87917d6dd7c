//! Which sandbox and which vendor a request is for, and what is left of its path for the vendor.

use std::sync::Arc;

use crate::base::text;
use crate::engine::auth::Identity;
use crate::engine::call::Request;
use crate::engine::machine::Machine;
use crate::engine::sandbox::Sandbox;
use crate::engine::transaction;
use crate::engine::vendor::Vendor;
use crate::engine::vendors::{LoadedVendor, Vendors};

pub(super) enum Target<'r> {
    Vendor(Located<'r>),
    /// To a sandbox that does not exist.
    NoSandbox(String),
    /// The path begins with no mount.
    Nowhere,
}

/// A vendor of a sandbox.
pub(super) struct Located<'r> {
    pub sandbox: Arc<Sandbox>,
    /// Whether it is the default one because nobody knows the credential.
    pub is_guess: bool,
    /// If it is meant by a credential: since which place it has that.
    pub since: Option<i64>,
    pub loaded: &'r LoadedVendor,
    /// The part of the path in front of the vendor's own.
    pub prefix: &'r str,
    /// The vendor's path; at least `/`.
    pub path: &'r str,
}

/// The sandbox that a request is for.
pub struct Addressee {
    /// `None` if there is none of that name, or the request meets no vendor.
    pub sandbox: Option<Arc<Sandbox>>,
    /// Whether the request names a sandbox, or has a credential, that is not known here.
    pub is_unknown: bool,
    /// If it has a credential of the sandbox: since which place that has it. Nobody had it before, as far as is known here.
    pub since: Option<i64>,
}

impl Machine {
    /// The sandbox that a request is for, by what is known now.
    #[must_use]
    pub fn addressee(&self, request: &Request) -> Addressee {
        match self.locate(request, &text::decode_unreserved(&request.path)) {
            Target::Vendor(Located { sandbox, is_guess, since, .. }) => Addressee { sandbox: Some(sandbox), is_unknown: is_guess, since },
            Target::NoSandbox(_) => Addressee { sandbox: None, is_unknown: true, since: None },
            Target::Nowhere => Addressee { sandbox: None, is_unknown: false, since: None },
        }
    }

    /// The vendor by [`Vendors::owner`]; the sandbox by the prefix `/@name`, else by the credential, else the default one. `path` is
    /// that of the request with its unreserved characters decoded.
    pub(super) fn locate<'r>(&'r self, request: &'r Request, path: &'r str) -> Target<'r> {
        let whole = path;
        // Builders of addresses escape the sign in segments.
        let (named, rest) = match whole.strip_prefix("/@").or_else(|| whole.strip_prefix("/%40")) {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                (Some(text::percent_decode(&rest[..end])), &rest[end..])
            }
            None => (None, whole),
        };
        let Some((loaded, path)) = self.vendors.owner(request, rest) else { return Target::Nowhere };
        let vendor = &loaded.vendor;
        let path = vendor.path_style.strip_prefix(path, &vendor.legacy_prefix).filter(|rest| !rest.is_empty()).unwrap_or(path);
        let prefix = &whole[..whole.len() - path.len()];
        let path = if path.is_empty() { "/" } else { path };
        let (sandbox, is_guess, since) = match named {
            Some(name) => match self.registry.find(&name) {
                Some(sandbox) => (sandbox, false, None),
                None => return Target::NoSandbox(name),
            },
            // What it panics on, `authenticate` will meet again, where the vendor answers for it.
            None => {
                let identity = transaction::guarded(|| (vendor.identify)(request)).ok().flatten();
                let is_guess = identity.is_some();
                let known = identity.and_then(|identity| match identity {
                    Identity::Credential(credential) => {
                        self.registry.find_by_credential(&vendor.mount, &credential).map(|(sandbox, since)| (sandbox, Some(since)))
                    }
                    Identity::Sandbox(name) => self.registry.find(&name).map(|sandbox| (sandbox, None)),
                });
                known.map_or_else(|| (Arc::clone(self.registry.default()), is_guess, None), |(sandbox, since)| (sandbox, false, since))
            }
        };
        Target::Vendor(Located { sandbox, is_guess, since, loaded, prefix, path })
    }

    /// Whether the vendor that a request is for reads blanks that stand unescaped in request lines.
    pub fn reads_blanks(&self, request: &Request) -> bool {
        match self.locate(request, &text::decode_unreserved(&request.path)) {
            Target::Vendor(here) => here.loaded.vendor.path_style.blanks,
            Target::NoSandbox(_) | Target::Nowhere => false,
        }
    }
}

impl Vendors {
    /// The vendor that answers a request, and its path below the mount. Of several that share a mount it is the one whose prefix is
    /// the longest that leads the path; where none does, the one that shares most segments with the path says that there is
    /// nothing.
    fn owner<'r>(&self, request: &'r Request, path: &'r str) -> Option<(&LoadedVendor, &'r str)> {
        let (candidates, path) = self.candidates(request, path)?;
        let rows = || self.loaded().iter().filter(|loaded| candidates.contain(&loaded.vendor));
        let mut leading: Option<&LoadedVendor> = None;
        for loaded in rows() {
            let is_longer = leading.is_none_or(|other| loaded.vendor.path_prefix.len() > other.vendor.path_prefix.len());
            if is_longer && loaded.vendor.leads(path) {
                leading = Some(loaded);
            }
        }
        // The first of equals is wanted.
        let owner = leading.or_else(|| rows().rev().max_by_key(|loaded| shared_segments(&loaded.vendor, path)))?;
        Some((owner, path))
    }

    /// The vendors that may answer, and the path below their mount: by listener, by host name, or by the first segment. Vendors of
    /// one mount are told apart by host name where they do not share it.
    fn candidates<'r>(&self, request: &'r Request, path: &'r str) -> Option<(Candidates<'r>, &'r str)> {
        let host = request.host();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        // The root of all names, which may be said.
        let of_host = Candidates::OfHost(name.strip_suffix('.').unwrap_or(name));
        let mut own = self.all().iter().filter(|vendor| of_host.contain(vendor));
        if let Some(mount) = &request.mount {
            let is_own = own.any(|vendor| vendor.mount == *mount);
            return Some((if is_own { of_host } else { Candidates::OfMount(mount) }, path));
        }
        if own.next().is_some() {
            return Some((of_host, path));
        }
        let rest = path.strip_prefix('/')?;
        let (mount, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Some((Candidates::OfMount(mount), path))
    }
}

/// The vendors with a host name or a mount.
enum Candidates<'r> {
    OfHost(&'r str),
    OfMount(&'r str),
}

impl Candidates<'_> {
    fn contain(&self, vendor: &Vendor) -> bool {
        match self {
            Self::OfHost(host) => vendor.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)),
            Self::OfMount(mount) => vendor.mount == **mount,
        }
    }
}

/// How many segments of a vendor's prefix lead a path.
fn shared_segments(vendor: &Vendor, path: &str) -> usize {
    let segments = |path| str::split(path, '/').filter(|segment| !segment.is_empty());
    let same = |(own, sent): &(&str, &str)| if vendor.path_style.case_insensitive { own.eq_ignore_ascii_case(sent) } else { own == sent };
    segments(&vendor.path_prefix).zip(segments(path)).take_while(same).count()
}

/// What of a target belongs to the vendor: without `/@sandbox` and without the mount.
#[must_use]
pub fn below<'t>(target: &'t str, mount: &str) -> &'t str {
    let rest = target.strip_prefix("/@").and_then(|rest| rest.find('/').map(|end| &rest[end..])).unwrap_or(target);
    rest.strip_prefix('/')
        .and_then(|rest| rest.strip_prefix(mount))
        .filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        .unwrap_or(rest)
}
