//! The vendor that has nothing but its document. All vendors are made from [`Vendor::new`]: every operation is a sample, every caller is
//! let in, and errors are problem documents. [`Vendor::from_document`] is one that stays so, and does what its document says:
//!
//! ```text
//! access.rs    its security schemes, and who is let in by them
//! infer.rs     the kinds of things that its paths show
//! kept.rs      their state: created, read, listed, changed, deleted
//! pages.rs     pages of lists, by the usual names
//! parcels.rs   things that are parcels, by `x-seatrial-parcel`
//! errors.rs    refusals, as `x-seatrial` or the document shapes them
//! ```

mod access;
mod errors;
mod infer;
mod kept;
mod pages;
mod parcels;

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::base::json::Style;
use crate::base::name::Name;
use crate::engine::accounts::{AccountRows, FieldSpec};
use crate::engine::auth::credentials;
use crate::engine::business::BusinessFailures;
use crate::engine::decode;
use crate::engine::described::{Described, Kept, Own, Schemes};
use crate::engine::dialect::Dialect;
use crate::engine::refusal::Denial;
use crate::engine::secret_names::SecretNames;
use crate::engine::stored::Stored;
use crate::engine::vendor::{PathStyle, Vendor};
use crate::engine::webhooks::Webhooks;
use crate::spec::{Catalog, Reading, SpecError};

const ACCOUNTS: AccountRows = AccountRows {
    about: "A vendor that is a document alone.",
    credentials: &[&[FieldSpec::text("key", "A key; calls are let in without it.")]],
    identifiers: &["key"],
    others: &[],
    absent: &[],
    account: (&[], "default"),
};

impl Vendor {
    /// A vendor of the mount that has its id, with its document as JSON and as people wrote it. What it does otherwise than from the
    /// document alone replaces members of this one.
    pub fn new(id: impl Into<Name>, spec: impl Into<Cow<'static, str>>, spec_source: impl Into<Cow<'static, str>>) -> Self {
        let id = id.into();
        Self {
            mount: id.clone(),
            id,
            path_prefix: Name::default(),
            alias_prefix: Name::default(),
            legacy_prefix: Name::default(),
            hosts: Vec::new(),
            spec: spec.into(),
            spec_source: spec_source.into(),
            examples: "",
            path_style: PathStyle { trailing_slash: true, ..PathStyle::default() },
            operations: Box::new(|_| {}),
            credentials: |_, _| credentials(&[("default", &[])]),
            accounts: &ACCOUNTS,
            identify: Box::new(|_| None),
            authenticate: |request| request.credentials.first().cloned().ok_or_else(|| Denial::Missing.into()),
            works_in: |credential| Arc::clone(&credential.account),
            is_of_kind: |_, _| true,
            decode: decode::json_or_form,
            reading: Reading::STRICT,
            is_test: |_| false,
            grants: |_, _| true,
            dialect: Dialect {
                style: Style::Compact,
                content_type: "application/json",
                refuse: errors::refuse,
                statuses: &[],
                headers: |_, _| {},
            },
            open: |_| {},
            due: |_, _| {},
            scanned: |_, _, _| {},
            label: |_, _| None,
            subject_as_sent: |_| None,
            anchors: &[],
            stored: Cow::Borrowed(&[]),
            references: &[],
            webhooks: Webhooks::NONE,
            failures: &BusinessFailures::NONE,
            secret_names: SecretNames::NONE,
            id_of: |_, _, _| None,
            services: Vec::new,
            shows_tracking: true,
            codes: Vec::new,
            notes: &[],
            state: |_| Value::Null,
            state_sample: "",
            described: Arc::default(),
        }
    }

    /// A vendor from an OpenAPI document that was read at run time: the text as people wrote it, and what it says. Its security is
    /// enforced, and what its paths show as things is kept.
    ///
    /// # Errors
    /// When the document is not OpenAPI 3.0, or two of its operations clash.
    pub fn from_document(id: impl Into<Name>, mount: impl Into<Name>, source: String, document: &Value) -> Result<Self, SpecError> {
        let vendor = Self { mount: mount.into(), ..Self::new(id, document.to_string(), source) };
        let catalog = Catalog::load(&vendor.id, &vendor.spec, vendor.path_style.case_insensitive)?;
        let own = document.get("x-seatrial").map(Own::deserialize).transpose().map_err(|error| SpecError::Contradiction {
            vendor: vendor.id.to_string(),
            problem: format!("has an `x-seatrial` that is none: {error}"),
        })?;
        let schemes = Schemes::of(document);
        let resources: Arc<[Arc<Kept>]> = infer::resources(&catalog).into_iter().map(Arc::new).collect();
        let (known, kinds) = (schemes.clone(), Arc::clone(&resources));
        Ok(Self {
            legacy_prefix: base_path(document).into(),
            identify: Box::new(move |request| known.identify(request)),
            authenticate: access::authenticate,
            credentials: access::of_sandbox,
            accounts: &access::ACCOUNTS,
            scanned: parcels::scanned,
            stored: resources.iter().map(|kept| Stored::of(kept.kind.clone(), is_object)).collect(),
            operations: Box::new(move |rows| kept::rows(&kinds, rows)),
            described: Arc::new(Described { schemes, errors: own.and_then(|own| own.errors), resources, is_document: true }),
            ..vendor
        })
    }
}

fn is_object(text: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<Map<String, Value>>(text).map(drop)
}

/// The path of the first server, which callers may put in front of all others: `/v1`.
fn base_path(document: &Value) -> String {
    let url = document.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
    let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |start| &rest[start..]));
    let is_plain = path.starts_with('/') && !path.contains(['{', '?', '#']);
    if is_plain { path.trim_end_matches('/').to_owned() } else { String::new() }
}
