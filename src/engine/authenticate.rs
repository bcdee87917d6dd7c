//! Who makes a call, and whether he may.

use std::cell::RefCell;

use http::header::AUTHORIZATION;
use serde_json::Value;

use crate::base::text;
use crate::base::time::Timestamp;
use crate::engine::accounts::FieldSpec;
use crate::engine::auth::{self, AuthRequest, Authorization, Identity, Presented};
use crate::engine::call::Call;
use crate::engine::machine::Machine;
use crate::engine::parsed::Parsed;
use crate::engine::refusal::Refusal;
use crate::engine::sandbox::Sandbox;
use crate::engine::signing;
use crate::engine::transaction;
use crate::engine::vendor::Vendor;
use crate::engine::vendors::LoadedVendor;
use crate::spec::Route;
use crate::world::{Account, Credential, Entry, World};

/// The account of callers that are not authenticated.
pub const NOBODY: &str = "nobody";

/// Who makes a call, as far as what it presents tells.
pub(super) struct Identified {
    /// The credential that lets its caller in, none for an open operation; or why he is refused.
    pub granted: Result<Option<Credential>, Refusal>,
    /// The row of the credential that the call presents, which may be one that lets nobody in.
    pub row: Option<Credential>,
    /// A digest of the credential that it presents, where that is of no row; empty where a caller is refused who presents none.
    pub stranger: Option<String>,
}

impl Identified {
    fn new(vendor: &Vendor, granted: Result<Option<Credential>, Refusal>, presented: Presented) -> Self {
        let row = match &granted {
            Ok(Some(credential)) => Some(credential.clone()),
            _ => presented.row.map(|row| vendor.working(&row)),
        };
        // The same in copies of a sandbox, where counting goes on.
        let digest = |text: &String| signing::hmac_sha256("caller", text.as_bytes())[..16].to_owned();
        let refused = || granted.is_err().then(String::new);
        let stranger = if row.is_none() { presented.unknown.as_ref().map(digest).or_else(refused) } else { None };
        Self { granted, row, stranger }
    }
}

impl Machine {
    /// The row of the credential that a call of the journal, or a login, presents, as it is known now.
    #[must_use]
    pub fn caller_of(&self, sandbox: &Sandbox, entry: &Entry, call: &Call<'_>) -> Option<Credential> {
        let vendor = self.vendors().find(&entry.vendor)?;
        let state = sandbox.lock();
        if is_open(call) {
            return login(vendor, call, &state.world, entry.at).row;
        }
        let accounts = state.world.accounts();
        let nobody = Account::default();
        let shared = accounts.find(&vendor.mount, "").map_or(&nobody, |shared| accounts.get(shared));
        authenticate_with(sandbox, vendor, call, &state.world, shared, entry.at).row
    }

    /// The refusal of a caller who is not authenticated, before the body is read. One whose authentication fails otherwise is not refused
    /// yet: that is for [`Machine::execute`].
    pub(super) fn denial(&self, sandbox: &Sandbox, vendor: &Vendor, call: &Call<'_>, wall: Timestamp) -> Option<Refusal> {
        let mut state = sandbox.lock();
        let now = state.world.clock().now(wall);
        transaction::guarded(|| authenticate(sandbox, vendor, call, &mut state.world, now)).ok()?.granted.err()
    }
}

/// Whether a path lacks the method, and needs no credential for any that it has.
pub(super) fn has_no_lock(loaded: &LoadedVendor, parsed: &Parsed<'_>) -> bool {
    let is_open = |method| matches!(loaded.route(method, parsed.call.path), Route::Found(operation, _) if operation.security.is_empty());
    matches!(&parsed.row, Err(Refusal::WrongMethod(allowed)) if allowed.iter().all(is_open))
}

/// Whether a call is for an operation that needs no credential.
pub(super) fn is_open(call: &Call<'_>) -> bool {
    call.operation.is_some_and(|operation| operation.security.is_empty())
}

/// Whose credential an open call presents in its body or as a Basic pair. Rules take the call for one of its account; whether it may log
/// in is for the handler.
fn login(vendor: &Vendor, call: &Call<'_>, world: &World, now: Timestamp) -> Identified {
    let basic = Authorization::of(call.request).and_then(|header| header.basic());
    let basic = basic.map(|(user, password)| [user, password].map(|text| text::percent_decode(&text)));
    let given = |place: usize, field: &FieldSpec| match &basic {
        Some(pair) => pair.get(place).map(String::as_str),
        None => call.body.get(field.name).and_then(Value::as_str),
    };
    let presents = |row: &Credential, set: &[FieldSpec]| {
        set.iter().enumerate().all(|(place, field)| {
            let (own, is_name) = (row.text(field.name), vendor.accounts.identifiers.contains(&field.name));
            !own.is_empty() && given(place, field).is_some_and(|given| given == own || is_name && given.eq_ignore_ascii_case(own))
        })
    };
    let (sets, rows) = (vendor.accounts.credentials, world.accounts().credentials(&vendor.mount));
    let row = auth::first_good(&rows, now, |row| sets.iter().any(|set| presents(row, set))).cloned();
    let values = |set: &&[FieldSpec]| set.iter().enumerate().map(|(place, field)| given(place, field)).collect::<Option<Vec<_>>>();
    let unknown = if row.is_none() { sets.iter().find_map(values).map(|values| values.join(":")) } else { None };
    Identified { row: row.clone(), ..Identified::new(vendor, Ok(None), Presented { row: None, unknown }) }
}

/// Who makes a call, as the vendor authenticates it.
pub(super) fn authenticate(sandbox: &Sandbox, vendor: &Vendor, call: &Call<'_>, world: &mut World, now: Timestamp) -> Identified {
    if is_open(call) {
        return login(vendor, call, world, now);
    }
    let shared = world.open_account(&vendor.mount, "");
    authenticate_with(sandbox, vendor, call, world, world.accounts().get(shared), now)
}

/// [`authenticate`], with the documents that belong to no customer.
fn authenticate_with(sandbox: &Sandbox, vendor: &Vendor, call: &Call<'_>, world: &World, shared: &Account, now: Timestamp) -> Identified {
    let accounts = world.accounts();
    let credentials = accounts.credentials(&vendor.mount);
    let (secret, presented) = (world.secret(), RefCell::default());
    let (described, sandbox_name) = (&vendor.described, &*sandbox.name);
    let request = AuthRequest { call, described, sandbox: sandbox_name, now, credentials: &credentials, shared, secret, presented };
    let granted = match (vendor.authenticate)(&request) {
        Ok(credential) => match credential.denial(now) {
            // Also where any credential is good: its row says that it is not.
            Some(denial) => Err(Refusal::Unauthenticated(denial)),
            None => Ok(Some(credential)),
        },
        Err(Refusal::Unauthenticated(denial))
            if accounts.accepts_any_credential() && denial.is_of_well_formed() && !is_over(vendor, call, &credentials, now) =>
        {
            Ok(stand_in(vendor, call, &credentials, now).map(|row| vendor.working(row)))
        }
        Err(refusal) => Err(refusal),
    };
    let mut presented = request.presented.into_inner();
    if granted.is_err() && presented.unknown.is_none() {
        presented.unknown = call.request.header(AUTHORIZATION).filter(|header| !header.is_empty()).map(str::to_owned);
    }
    Identified::new(vendor, granted, presented)
}

/// Whether what a call presents is of a row that is no longer good, and of no other.
fn is_over(vendor: &Vendor, call: &Call<'_>, credentials: &[Credential], now: Timestamp) -> bool {
    let Some(Identity::Credential(value)) = (vendor.identify)(call.request) else { return false };
    let mut own = credentials.iter().filter(|row| row.fields.values().any(|own| *own == *value)).peekable();
    own.peek().is_some() && own.all(|row| row.denial(now).is_some())
}

/// The row that a caller is taken for whose credential is of none: of those that are good now the first of its kind, or the first.
fn stand_in<'c>(vendor: &Vendor, call: &Call<'_>, credentials: &'c [Credential], now: Timestamp) -> Option<&'c Credential> {
    let is_good = |row: &&Credential| row.denial(now).is_none();
    let of_kind = credentials.iter().filter(is_good).find(|row| (vendor.is_of_kind)(call.request, row));
    of_kind.or_else(|| credentials.iter().find(is_good)).or(credentials.first())
}

/// The refusal of a caller who lacks a right that the operation needs.
pub(super) fn missing_scope(vendor: &Vendor, call: &Call<'_>, credential: Option<&Credential>) -> Option<Refusal> {
    let (operation, credential) = (call.operation?, credential?);
    operation.scopes.iter().find(|scope| !(vendor.grants)(credential, scope)).map(|scope| Refusal::Forbidden(scope.clone()))
}
