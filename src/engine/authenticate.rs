//! Who makes a call, and whether he may.

use serde_json::Value;

use crate::base::text;
use crate::base::time::Timestamp;
use crate::engine::accounts::FieldSpec;
use crate::engine::auth::{self, AuthRequest, Authorization};
use crate::engine::call::Call;
use crate::engine::machine::Machine;
use crate::engine::parsed::Parsed;
use crate::engine::refusal::Refusal;
use crate::engine::sandbox::Sandbox;
use crate::engine::transaction;
use crate::engine::vendor::Vendor;
use crate::engine::vendors::LoadedVendor;
use crate::spec::Route;
use crate::world::{Account, Credential, Entry, World};

impl Machine {
    /// The credential of the caller of a call of the journal, or of a login, as it is known now.
    #[must_use]
    pub fn caller_of(&self, sandbox: &Sandbox, entry: &Entry, call: &Call<'_>) -> Option<Credential> {
        let vendor = self.vendors().find(&entry.vendor)?;
        let state = sandbox.lock();
        if is_open(call) {
            return login(vendor, call, &state.world, entry.at);
        }
        let accounts = state.world.accounts();
        let nobody = Account::default();
        let shared = accounts.find(&vendor.mount, "").map_or(&nobody, |shared| accounts.get(shared));
        authenticate_with(sandbox, vendor, call, &state.world, shared, entry.at).ok().flatten()
    }

    /// The refusal of a caller who is not authenticated, before the body is read. One whose authentication fails otherwise is not refused
    /// yet: that is for [`Machine::execute`].
    pub(super) fn denial(&self, sandbox: &Sandbox, vendor: &Vendor, call: &Call<'_>, wall: Timestamp) -> Option<Refusal> {
        let mut state = sandbox.lock();
        let now = state.world.clock().now(wall);
        transaction::guarded(|| authenticate(sandbox, vendor, call, &mut state.world, now)).ok()?.err()
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

/// The credential that an open call presents in its body or as a Basic pair, if that is good now. Rules take the call for one of its
/// account; whether it may log in is for the handler.
pub(super) fn login(vendor: &Vendor, call: &Call<'_>, world: &World, now: Timestamp) -> Option<Credential> {
    let basic = Authorization::of(call.request).and_then(|header| header.basic());
    let basic = basic.map(|(user, password)| [user, password].map(|text| text::percent_decode(&text)));
    let presents = |row: &Credential, set: &[FieldSpec]| {
        set.iter().enumerate().all(|(place, field)| {
            let given = match &basic {
                Some(pair) => pair.get(place).map(String::as_str),
                None => call.body.get(field.name).and_then(Value::as_str),
            };
            let (own, is_name) = (row.text(field.name), vendor.accounts.identifiers.contains(&field.name));
            !own.is_empty() && given.is_some_and(|given| given == own || is_name && given.eq_ignore_ascii_case(own))
        })
    };
    let rows = world.accounts().credentials(&vendor.mount);
    let presented = auth::first_good(&rows, now, |row| vendor.accounts.credentials.iter().any(|set| presents(row, set)));
    presented.filter(|row| row.denial(now).is_none()).cloned()
}

/// The credential of the caller, as the vendor authenticates it; none for an open operation.
pub(super) fn authenticate(
    sandbox: &Sandbox,
    vendor: &Vendor,
    call: &Call<'_>,
    world: &mut World,
    now: Timestamp,
) -> Result<Option<Credential>, Refusal> {
    if is_open(call) {
        return Ok(None);
    }
    let shared = world.open_account(&vendor.mount, "");
    authenticate_with(sandbox, vendor, call, world, world.accounts().get(shared), now)
}

/// [`authenticate`], with the documents that belong to no customer.
fn authenticate_with(
    sandbox: &Sandbox,
    vendor: &Vendor,
    call: &Call<'_>,
    world: &World,
    shared: &Account,
    now: Timestamp,
) -> Result<Option<Credential>, Refusal> {
    let accounts = world.accounts();
    let credentials = accounts.credentials(&vendor.mount);
    let secret = world.secret();
    let request =
        AuthRequest { call, described: &vendor.described, sandbox: &sandbox.name, now, credentials: &credentials, shared, secret };
    match (vendor.authenticate)(&request) {
        Ok(credential) => match credential.denial(now) {
            Some(denial) if !accounts.accepts_any_credential() => Err(Refusal::Unauthenticated(denial)),
            _ => Ok(Some(credential)),
        },
        Err(Refusal::Unauthenticated(denial)) if accounts.accepts_any_credential() && denial.is_of_well_formed() => {
            Ok(credentials.first().map(|row| vendor.working(row)))
        }
        Err(refusal) => Err(refusal),
    }
}

/// The refusal of a caller who lacks a right that the operation needs.
pub(super) fn missing_scope(vendor: &Vendor, call: &Call<'_>, credential: Option<&Credential>) -> Option<Refusal> {
    let (operation, credential) = (call.operation?, credential?);
    operation.scopes.iter().find(|scope| !(vendor.grants)(credential, scope)).map(|scope| Refusal::Forbidden(scope.clone()))
}
