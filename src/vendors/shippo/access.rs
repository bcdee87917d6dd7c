//! Who may call: a token of one mode. Test and live are two worlds, and so two accounts.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::catalog::CATALOG;
use super::dialect::version;
use super::labels;
use super::wire::{MANAGED_ACCOUNT, is_object_id};
use crate::base::entropy::Rng;
use crate::base::ids;
use crate::engine::auth::{self, AuthRequest, Authorization, Identity};
use crate::engine::{AccountRows, Cx, DEFAULT, Denial, FieldSpec, FieldType, Open, Refusal, Request, SecretNames};
use crate::world::Credential;

/// What rows of `accounts` may say.
pub(super) const ACCOUNTS: AccountRows = AccountRows {
    about: "Shippo: one token in each row.",
    credentials: &[&[FieldSpec::text("token", "The token, without `ShippoToken`.")]],
    identifiers: &["token"],
    others: &[
        FieldSpec::new("mode", FieldType::OneOf(&["test", "live"]), "Test labels or live ones."),
        FieldSpec::STATE,
        FieldSpec::new(
            "carriers",
            FieldType::Texts,
            "Carriers of the vendor's own accounts, in their order; one that is named twice has two.",
        ),
        FieldSpec::flag("ups_throttled", "UPS says that it was asked too often instead of quoting."),
        FieldSpec::flag("published_templates", "User parcel templates as the specification has them: 200, and times in ISO 8601."),
        FieldSpec::flag("tracking_status_objects", "The tracking status of a transaction is an object."),
        FieldSpec::text("webhook_secret", "What the bodies of new webhooks are signed with."),
    ],
    absent: &[
        ("balance", "labels are billed to a payment method: no operation shows or spends a balance"),
        ("token_lifetime", "nobody logs in: a token lasts until it is revoked, or `expires`"),
    ],
    account: (&["mode"], "test"),
};

/// Service levels and templates of parcels are known by a `token`; a carrier account says how far its `authentication` is.
pub(super) const SECRET_NAMES: SecretNames = SecretNames::open(&[
    Open::Named(&["servicelevel_token", "default_servicelevel_token", "extended_token", "carrier_parcel_template_token"]),
    Open::Within(&["servicelevel", "parent_servicelevel", "service_levels"], "token"),
    Open::Beside("distance_unit", "token"),
    Open::Object("authentication"),
]);

/// Which of an account's two worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    Test,
    Live,
}

impl Mode {
    /// The mode of the account that a context stands in.
    pub(crate) fn of(cx: &Cx<'_>) -> Self {
        Self::of_account(&cx.docs.account().name)
    }

    /// The mode of the account with that name.
    pub(crate) fn of_account(name: &str) -> Self {
        if name.rsplit(' ').next() == Some("live") { Self::Live } else { Self::Test }
    }

    /// Whether objects say that they are tests.
    pub(crate) fn is_test(self) -> bool {
        self == Self::Test
    }
}

/// The credentials of a new sandbox: a token for each mode; the default one has those of the catalog.
pub(crate) fn credentials(sandbox: &str, rng: &mut Rng) -> Vec<Credential> {
    let own: Vec<String> = ["test", "live"].map(|mode| format!("shippo_{mode}_{}", ids::hex(rng, 40))).into();
    let tokens = if sandbox == DEFAULT { &CATALOG.tokens } else { &own };
    let row = |token: &String| {
        let mode = token.split('_').nth(1).unwrap_or_default();
        auth::credentials(&[(mode, &[("token", token), ("mode", mode)])])
    };
    tokens.iter().flat_map(row).collect()
}

/// The token tells sandboxes apart; links that are followed without one name theirs.
pub(crate) fn identify(request: &Request) -> Option<Identity<'_>> {
    let link = || labels::sandbox(request).map(Identity::Sandbox);
    Authorization::of(request).map_or_else(link, |header| Some(Identity::Credential(header.value.into())))
}

/// Lets a caller in. `ShippoToken` goes with the account's own tokens, `Bearer` with those of connected applications.
pub(crate) fn authenticate(gate: &AuthRequest<'_>) -> Result<Credential, Refusal> {
    let header = Authorization::of(gate.call.request).ok_or(Denial::Missing)?;
    let (bearer, token) = (header.is("bearer"), header.value);
    if !bearer && !header.is("ShippoToken") {
        return Err(Denial::Missing.into());
    }
    if token.is_empty() || token.contains(' ') {
        return Err(Denial::Malformed.into());
    }
    let row = gate.find(&[("token", token)]).filter(|_| token.starts_with("oauth.") == bearer);
    let mut row = row.ok_or(Denial::Unknown)?.clone();
    version::check(gate.call.request)?;
    row.account = works_in(&row);
    match gate.call.request.header("shippo-account-id") {
        None => Ok(row),
        Some(id) => on_behalf(gate, row, id.trim()),
    }
}

/// A scenario may name one account in rows of both modes; its worlds stay apart all the same.
pub(crate) fn works_in(row: &Credential) -> Arc<str> {
    let is_beside = row.text("mode") == "live" && Mode::of_account(&row.account) == Mode::Test;
    if is_beside { format!("{} live", row.account).into() } else { Arc::clone(&row.account) }
}

/// Whether a caller is of the mode of a row: tokens begin with it.
pub(crate) fn is_of_kind(request: &Request, row: &Credential) -> bool {
    let is_live = Authorization::of(request).is_some_and(|header| header.value.starts_with("shippo_live_"));
    is_live == (row.text("mode") == "live")
}

/// A platform calls in the name of an account that it manages, which has worlds of its own.
fn on_behalf(gate: &AuthRequest<'_>, mut row: Credential, id: &str) -> Result<Credential, Refusal> {
    let platform = gate.shared.table(&MANAGED_ACCOUNT).and_then(|table| table.get(id));
    let platform = platform.and_then(|body| serde_json::from_str::<Platform>(body).ok()).map(|platform| platform.account);
    let platform = platform.unwrap_or_default();
    let live = Mode::of_account(&row.account) == Mode::Live;
    // Accounts are opened in live mode; a token of the same row's test mode may use them as well.
    let own = platform == *row.account
        || !live && (platform == format!("{} live", row.account) || (&*row.account, &*platform) == ("test", "live"));
    if id.is_empty() || !own {
        return Err(Refusal::Forbidden("account".into()));
    }
    row.account = format!("{id} {}", if live { "live" } else { "test" }).into();
    Ok(row)
}

/// The first row of the account that says something.
fn row<T>(cx: &Cx<'_>, says: impl Fn(&Credential) -> Option<T>) -> Option<T> {
    let own = cx.docs.account().name.trim_end_matches(" live");
    cx.credentials().iter().filter(|row| &*row.account == own).find_map(says)
}

/// Whether a row of the account is so.
pub(crate) fn has(cx: &Cx<'_>, is_so: impl Fn(&Credential) -> bool) -> bool {
    row(cx, |row| is_so(row).then_some(())).is_some()
}

/// Whether the carriers of an account are still to be registered, as those of a new customer are.
pub(crate) fn is_new(cx: &Cx<'_>) -> bool {
    has(cx, |row| row.text("state") == "new")
}

/// The carriers of the vendor's own accounts, where a row of the account names them.
pub(crate) fn carriers(cx: &Cx<'_>) -> Option<Vec<String>> {
    row(cx, |row| serde_json::from_value(row.fields.get("carriers")?.clone()).ok())
}

/// The address that owns everything in an account: the vendor's customer, or the owner of a managed account.
pub(crate) fn owner(cx: &Cx<'_>) -> Cow<'static, str> {
    let (id, _) = cx.docs.account().name.split_once(' ').unwrap_or_default();
    let managed = is_object_id(id).then(|| cx.docs.get_shared::<Platform>(MANAGED_ACCOUNT, id)).flatten();
    managed.map_or(Cow::Borrowed(CATALOG.owner.as_str()), |managed| managed.email.into())
}

/// What is known of a managed account where callers are let in: who opened it, and for whom.
#[derive(Serialize, Deserialize)]
pub(crate) struct Platform {
    pub account: String,
    pub email: String,
}
