//! What a vendor is: a value with its document, its rows, its authentication, its dialect and its webhooks.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use serde_json::Value;

use crate::base::entropy::Rng;
use crate::base::name::Name;
use crate::carrier::label::Label;
use crate::carrier::{Anchor, Parcel, Scan};
use crate::engine::accounts::AccountRows;
use crate::engine::auth::{AuthRequest, Identity};
use crate::engine::business::BusinessFailures;
use crate::engine::call::{Request, Validation};
use crate::engine::cx::Cx;
use crate::engine::described::Described;
use crate::engine::dialect::Dialect;
use crate::engine::extract::{BoxedHandler, Handler};
use crate::engine::references::Reference;
use crate::engine::refusal::Refusal;
use crate::engine::secret_names::SecretNames;
use crate::engine::stored::Stored;
use crate::engine::webhooks::Webhooks;
use crate::spec::{Operation, Reading, Schemas, Tier};
use crate::world::{Account, Credential, Task};

/// One emulated API, in one version.
#[must_use]
pub struct Vendor {
    /// Its id, the first part of every operation's name: `shipmate`.
    pub id: Name,
    /// The first segment of its paths: `shipmate`. Several versions may share one.
    pub mount: Name,
    /// The segments that all its paths begin with, such as `/v2`, where several vendors share a mount; empty for the one that
    /// has all other paths.
    pub path_prefix: Name,
    /// The segments that aliases of its paths begin with where it has some; empty otherwise.
    pub alias_prefix: Name,
    /// Segments that older clients put in front of all its paths, and find again in the links of answers; empty if there are none.
    pub legacy_prefix: Name,
    /// The real host names that it answers under. Vendors of one mount may share them.
    pub hosts: Vec<Name>,
    /// Its OpenAPI document, as JSON.
    pub spec: Cow<'static, str>,
    /// The same document as people wrote it.
    pub spec_source: Cow<'static, str>,
    /// A call of each operation that a new sandbox answers with success, as JSON; empty if nobody wrote any.
    pub examples: &'static str,
    /// Which differences between paths mean nothing to it.
    pub path_style: PathStyle,
    /// Its rows: which operation is which behavior.
    pub operations: Box<dyn Fn(&mut Operations) + Send + Sync>,
    /// The credentials of a new sandbox; `rng` makes them its own, the sandbox `default` has those that the README lists.
    pub credentials: fn(sandbox: &str, rng: &mut Rng) -> Vec<Credential>,
    /// What rows of `accounts` in a scenario may say about its mount's credentials.
    pub accounts: &'static AccountRows,
    /// What a caller presents that tells sandboxes apart, read from the request alone.
    pub identify: Identify,
    /// Finds the credential of a caller. Whether it is `revoked` or `expires` is checked afterwards, for every vendor.
    pub authenticate: fn(&AuthRequest<'_>) -> Result<Credential, Refusal>,
    /// The account that a credential works in: that of its row, or one beside it where some credentials have a world of their own, as
    /// those for tests may. What is made without a call, such as the data and the subscriptions of a scenario, is in the same one.
    pub works_in: fn(&Credential) -> Arc<str>,
    /// Whether what a call presents is of the kind of a credential, such as for its mode; all are where there are no kinds.
    pub is_of_kind: fn(&Request, &Credential) -> bool,
    /// Whether a credential gives a right (an OAuth scope) that the document asks for.
    pub grants: fn(&Credential, scope: &str) -> bool,
    /// Reads the body; [`crate::engine::decode::json_or_form`] suits most.
    pub decode: fn(&Request, &Operation) -> Result<Value, Refusal>,
    /// How leniently it reads bodies and queries.
    pub reading: Reading,
    /// Whether a credential is one for tests, of which the document's `x-rate-limit` takes other numbers of calls.
    pub is_test: fn(&Credential) -> bool,
    pub dialect: Dialect,
    /// What scenarios can make it say no to.
    pub failures: &'static BusinessFailures,
    /// Puts what a new account starts with, before each of its calls; what is there already is left alone.
    pub open: fn(&mut Cx<'_>),
    /// Handles a task that one of its rules scheduled.
    pub due: fn(&mut Cx<'_>, &Task),
    /// Called after each scan of one of its parcels was stored.
    pub scanned: fn(&mut Cx<'_>, &Parcel, &Scan),
    /// What the label of one of its parcels says, for those who look at it from outside; `None` if it has none.
    pub label: fn(&mut Cx<'_>, &Parcel) -> Option<Label>,
    /// How its callers write the subject of a parcel, where that is not how it is stored.
    pub subject_as_sent: fn(&str) -> Option<String>,
    /// The moments of a parcel that its rules announce by [`Cx::anchor_reached`]; the others come by themselves.
    pub anchors: &'static [Anchor],
    /// The tables that it stores documents in, besides those of parcels and webhooks.
    pub stored: Cow<'static, [Stored]>,
    /// Where its documents name other documents, or words of its catalog.
    pub references: &'static [Reference],
    /// Its webhooks; [`Webhooks::NONE`] if it has none.
    pub webhooks: Webhooks,
    /// Names of its headers and members that mislead about whether they are those of secrets.
    pub secret_names: SecretNames,
    /// The id that a credential's owner has for something with a name, such as the account of a carrier, in a member of a body: rows of
    /// `given` may say the name.
    pub id_of: fn(&Credential, member: &str, word: &str) -> Option<String>,
    /// The carriers of its parcels and the services of each, in the words that its parcels have for them; empty where that is open.
    pub services: fn() -> Vec<(&'static str, Vec<&'static str>)>,
    /// Whether callers can read the tracking of its parcels, which some timelines count.
    pub shows_tracking: bool,
    /// The finer words for what happens to its parcels, which a step of a timeline may have as its `code`; empty where it has none.
    pub codes: fn() -> Vec<&'static str>,
    /// The codes of its own notes, with what each says. Each that one of its rules notes is here.
    pub notes: &'static [(&'static str, &'static str)],
    /// What `$state` is in a scenario: an object, made only when a condition asks for it.
    pub state: fn(&Account) -> Value,
    /// An object in JSON with values of the members of `$state` that an account without any documents lacks: they say the types.
    pub state_sample: &'static str,
    /// What its document says that the functions above read; empty for vendors with functions of their own.
    pub described: Arc<Described>,
}

impl Vendor {
    /// Whether it is a document, and nothing else.
    pub(crate) fn is_document(&self) -> bool {
        self.described.is_document
    }

    /// What a caller of an operation presents, as its document says: where (`header`, `query`, `cookie`, `basic` or `token`), and the name
    /// that it has there.
    pub(crate) fn presented(&self, operation: &Operation) -> Vec<(&'static str, String)> {
        let names = operation.alternatives.first().into_iter().flatten();
        names.filter_map(|name| self.described.schemes.0.get(name)?.place()).collect()
    }

    /// Whether one of its prefixes leads a path, however many slashes that begins with.
    pub fn leads(&self, path: &str) -> bool {
        let path = path.trim_start_matches('/');
        let is_in_front = |prefix: &str| self.path_style.strip_prefix(path, prefix.trim_start_matches('/')).is_some();
        self.path_prefix.is_empty() || is_in_front(&self.path_prefix) || !self.alias_prefix.is_empty() && is_in_front(&self.alias_prefix)
    }

    /// A credential, as the account has it that it works in.
    pub(crate) fn working(&self, credential: &Credential) -> Credential {
        Credential { account: (self.works_in)(credential), fields: Arc::clone(&credential.fields) }
    }

    /// The id of the vendor that its subscriptions belong to.
    pub(crate) fn subscription_owner(&self) -> &str {
        self.webhooks.shared.unwrap_or(&self.id)
    }
}

/// Reads from a request what tells sandboxes apart.
pub type Identify = Box<dyn Fn(&Request) -> Option<Identity<'_>> + Send + Sync>;

/// Which differences between paths mean nothing to a vendor. The default is that all of them do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathStyle {
    /// A final slash makes no difference.
    pub trailing_slash: bool,
    /// Several slashes count as one.
    pub doubled_slashes: bool,
    /// The case of letters makes no difference, in fixed segments of paths and in names of the query; parameters keep theirs.
    pub case_insensitive: bool,
    /// Blanks may stand in request lines as they are.
    pub blanks: bool,
}

impl PathStyle {
    /// A path without the differences in slashes that mean nothing.
    pub(super) fn normalize(self, path: &str) -> Cow<'_, str> {
        let mut path = Cow::Borrowed(path);
        if self.doubled_slashes && path.contains("//") {
            let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
            let tail = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
            path = Cow::Owned(format!("/{}{tail}", segments.join("/")));
        }
        if !self.trailing_slash || path.len() < 2 || !path.ends_with('/') {
            return path;
        }
        match path {
            Cow::Borrowed(path) => Cow::Borrowed(&path[..path.len() - 1]),
            Cow::Owned(mut path) => {
                path.pop();
                Cow::Owned(path)
            }
        }
    }

    /// What follows some leading segments of a path: `/v2` leads `/v2/labels`, not `/v2x`.
    pub(super) fn strip_prefix<'p>(self, path: &'p str, prefix: &str) -> Option<&'p str> {
        let (head, rest) = path.split_at_checked(prefix.len())?;
        let same = if self.case_insensitive { head.eq_ignore_ascii_case(prefix) } else { head == prefix };
        (same && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
    }
}

/// What runs for an operation.
pub struct OperationRow {
    pub operation: Name,
    /// How much of it is written.
    pub tier: Tier,
    /// When a request that departs from the document is refused.
    pub validation: Validation,
    pub(crate) handler: BoxedHandler,
    /// The length of its last answer: how much room the next one is given at first.
    pub(crate) answer_size: AtomicUsize,
}

pub(super) type CheckSchemas = Box<dyn Fn(&Schemas) -> Vec<String>>;

/// The rows of a vendor, while `Vendor::operations` adds them.
#[derive(Default)]
pub struct Operations {
    pub(crate) rows: Vec<OperationRow>,
    /// What resources look for in the document, and do not find.
    pub(super) checks: Vec<CheckSchemas>,
}

impl Operations {
    /// A rule that sees valid requests only, with a body that is what the document says. The usual row.
    pub fn on<A, H: Handler<A>>(&mut self, operation: impl Into<Name>, rule: H) -> &mut Self {
        self.row(operation, Tier::Rule, Validation::First, rule.boxed())
    }

    /// A rule that is asked before the violations of the document count: it refuses for another reason first, or adds violations that
    /// no schema can say. The body is read as for [`Operations::on`].
    pub fn on_late<A, H: Handler<A>>(&mut self, operation: impl Into<Name>, rule: H) -> &mut Self {
        self.row(operation, Tier::Rule, Validation::Late, rule.boxed())
    }

    /// A rule that reads the body itself, as it was sent, because the vendor's way of reading it cannot be said by a document and a
    /// [`Reading`]. The journal notes how the request departs from the document.
    pub fn on_raw<A, H: Handler<A>>(&mut self, operation: impl Into<Name>, rule: H) -> &mut Self {
        self.row(operation, Tier::Rule, Validation::Noted, rule.boxed())
    }

    /// State without code: a behavior that a resource provides.
    pub(super) fn resource<A, H: Handler<A>>(&mut self, operation: impl Into<Name>, validation: Validation, behavior: H) -> &mut Self {
        self.row(operation, Tier::Resource, validation, behavior.boxed())
    }

    fn row(&mut self, operation: impl Into<Name>, tier: Tier, validation: Validation, handler: BoxedHandler) -> &mut Self {
        self.rows.push(OperationRow { operation: operation.into(), tier, validation, handler, answer_size: AtomicUsize::new(1024) });
        self
    }
}
