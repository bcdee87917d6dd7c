//! Changes in an account that no call makes: tasks, reports of deliveries, and actions by hand.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use serde::de::DeserializeOwned;

use crate::base::entropy;
use crate::base::time::Timestamp;
use crate::carrier::Parcel;
use crate::engine::call::{Call, Request};
use crate::engine::cx::Cx;
use crate::engine::happenings::Happening;
use crate::engine::machine::Machine;
use crate::engine::parcels::PARCEL;
use crate::engine::recorder::Guard;
use crate::engine::sandbox::Sandbox;
use crate::engine::state::State;
use crate::engine::transaction::{self, RolledBack};
use crate::engine::vendor::Vendor;
use crate::engine::webhooks::deliver;
use crate::world::{AccountId, Credential, Kind};

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// There is no such vendor, account or document.
    #[error("there is no such thing")]
    Missing,
    /// It needs more bytes of documents than the sandbox may still hold, and was rolled back.
    #[error("the budget of bytes is used up")]
    Full {
        /// How many bytes its documents grow by.
        needs: usize,
    },
    /// It failed, and was rolled back.
    #[error("{0}")]
    Broken(String),
}

/// The cause of an action. Its parts name the random stream.
pub(super) struct Trigger<'a> {
    pub vendor: &'a str,
    pub account: AccountId,
    pub purpose: &'a str,
    pub subject: &'a str,
    pub step: u32,
}

/// What a subscription and a delivery have in common.
#[derive(serde::Deserialize)]
struct OfVendor {
    vendor: String,
}

impl Machine {
    /// Runs `act` in the context of an account, as one transaction that makes the documents grow by `room` bytes at most.
    pub(super) fn act<T>(
        &self,
        sandbox: &Sandbox,
        state: &mut State,
        now: Timestamp,
        trigger: &Trigger<'_>,
        room: Option<usize>,
        act: impl FnOnce(&mut Cx<'_>) -> T,
    ) -> Result<T, ActionError> {
        let vendor = self.vendors.find(trigger.vendor).ok_or(ActionError::Missing)?;
        let State { world, scenario, .. } = &mut *state;
        let name = Arc::clone(&world.accounts().get(trigger.account).name);
        let words = [trigger.vendor, &name, trigger.purpose, trigger.subject];
        let rng = entropy::stream(world.seed(), &words, u64::from(trigger.step));
        let credentials = world.accounts().credentials(&vendor.mount);
        let credential = credentials.iter().map(|row| vendor.working(row)).find(|row| row.account == name);
        let credential = credential.unwrap_or_else(|| Credential { account: name, fields: Arc::default() });
        let call = nobody();
        let scope = self.scope(sandbox, vendor, &call, trigger.account, now);
        let done = transaction::in_transaction(world, room, |world| {
            let mut cx = Cx::new(world, scenario.as_ref(), scope, credential, rng);
            let done = act(&mut cx);
            if cx.docs.has_exceeded() { Err("it has to read more documents than fit into one answer") } else { Ok(done) }
        });
        sandbox.measure(state);
        done.map_err(|why| match why {
            RolledBack::Refused(why) => ActionError::Broken(why.to_owned()),
            RolledBack::Full { needs, .. } => ActionError::Full { needs },
            RolledBack::Panicked(panic) => {
                tracing::error!(
                    sandbox = &*sandbox.name,
                    vendor = &*vendor.id,
                    trigger.purpose,
                    panic,
                    "an action failed and was rolled back"
                );
                ActionError::Broken(panic)
            }
        })
    }

    /// The accounts of a vendor that a name means: those that the credentials of this name work in, or the one that is called so itself.
    /// The usual name is that of the first credential.
    #[must_use]
    pub fn accounts_called(&self, sandbox: &Sandbox, vendor: &Vendor, name: Option<&str>, wall: Timestamp) -> Vec<Arc<str>> {
        let state = self.lock_up_to_date(sandbox, wall);
        accounts_called(&state, vendor, name)
    }

    /// Runs `act` in an account of a vendor, as its owner does in the vendor's portal: the one of that name, the first one that a
    /// credential of that name works in, or that of the vendor's first credential.
    ///
    /// # Errors
    /// When there is no such vendor or account, or what was done does not fit.
    pub fn as_account<T>(
        &self,
        sandbox: &Sandbox,
        vendor: &str,
        account: Option<&str>,
        wall: Timestamp,
        act: impl FnOnce(&mut Cx<'_>) -> T,
    ) -> Result<T, ActionError> {
        let vendor = self.vendors.find(vendor).ok_or(ActionError::Missing)?;
        let mut state = self.lock_up_to_date(sandbox, wall);
        let mut names = accounts_called(&state, vendor, account);
        let exact = names.iter().position(|name| account == Some(&**name)).unwrap_or_default();
        let name = if names.is_empty() { return Err(ActionError::Missing) } else { names.swap_remove(exact) };
        let account = state.world.open_account(&vendor.mount, &name);
        self.by_hand(sandbox, state, &Trigger { vendor: &vendor.id, account, purpose: "by.hand", subject: "", step: 0 }, wall, act)
    }

    /// Runs `act` in the account that has a subscription or a delivery.
    ///
    /// # Errors
    /// When none has, or what was done does not fit.
    pub fn with_webhook<T>(
        &self,
        sandbox: &Sandbox,
        kind: &Kind,
        id: &str,
        wall: Timestamp,
        act: impl FnOnce(&mut Cx<'_>) -> T,
    ) -> Result<T, ActionError> {
        let state = self.lock_up_to_date(sandbox, wall);
        let (account, OfVendor { vendor }) = find(&state, kind, id).ok_or(ActionError::Missing)?;
        self.by_hand(sandbox, state, &Trigger { vendor: &vendor, account, purpose: "by.hand", subject: "", step: 0 }, wall, act)
    }

    /// Runs `act` on a parcel, in the context of its account.
    ///
    /// # Errors
    /// When no account of the sandbox has it, or what was done does not fit.
    pub fn with_parcel<T>(
        &self,
        sandbox: &Sandbox,
        tracking_number: &str,
        wall: Timestamp,
        act: impl FnOnce(&mut Cx<'_>, &mut Parcel) -> T,
    ) -> Result<T, ActionError> {
        let state = self.lock_up_to_date(sandbox, wall);
        let (account, parcel): (_, Parcel) = find(&state, &PARCEL, tracking_number).ok_or(ActionError::Missing)?;
        let mount = &state.world.accounts().get(account).mount;
        let vendor = &*self.vendors.booked_with(mount, &parcel.vendor).ok_or(ActionError::Missing)?.id;
        let trigger = Trigger { vendor, account, purpose: "parcel.hand", subject: tracking_number, step: 0 };
        let done = self.by_hand(sandbox, state, &trigger, wall, |cx| Some(act(cx, &mut cx.parcel(tracking_number)?)));
        if done.as_ref().is_ok_and(Option::is_some) {
            sandbox.happenings.put(|| Happening::Scan(tracking_number.into()));
            sandbox.notify_waiters();
        }
        done?.ok_or(ActionError::Missing)
    }

    fn by_hand<T>(
        &self,
        sandbox: &Sandbox,
        mut state: Guard<'_>,
        trigger: &Trigger<'_>,
        wall: Timestamp,
        act: impl FnOnce(&mut Cx<'_>) -> T,
    ) -> Result<T, ActionError> {
        let now = state.world.clock().now(wall);
        let done = self.act(sandbox, &mut state, now, trigger, Some(self.room(sandbox)), act);
        drop(state);
        sandbox.notify_waiters();
        done
    }
}

/// The accounts of a vendor that a name means.
fn accounts_called(state: &State, vendor: &Vendor, name: Option<&str>) -> Vec<Arc<str>> {
    let accounts = state.world.accounts();
    let credentials = accounts.credentials(&vendor.mount);
    let worked_in = |row: &Credential| (vendor.works_in)(row);
    let with_data = || accounts.iter().map(|(_, own)| own).find(|own| own.mount == vendor.mount).map(|own| &*own.name);
    let Some(name) = name.or_else(|| credentials.first().map(|row| &*row.account)).or_else(with_data) else { return Vec::new() };
    let mut called: Vec<Arc<str>> = Vec::new();
    for account in credentials.iter().filter(|row| *row.account == *name).map(worked_in) {
        if !called.contains(&account) {
            called.push(account);
        }
    }
    let is_so = credentials.iter().any(|row| *worked_in(row) == *name) || accounts.find(&vendor.mount, name).is_some();
    if called.is_empty() && is_so { vec![name.into()] } else { called }
}

/// A document of any account, and that account.
fn find<T: DeserializeOwned>(state: &State, kind: &Kind, id: &str) -> Option<(AccountId, T)> {
    let accounts = state.world.accounts();
    let owner = accounts.owner_of(kind, id)?;
    Some((owner, serde_json::from_str(accounts.get(owner).table(kind)?.get(id)?).ok()?))
}

/// The empty call that the context of an action has.
pub(super) fn nobody() -> Call<'static> {
    static REQUEST: OnceLock<Request> = OnceLock::new();
    let request = REQUEST.get_or_init(|| Request {
        method: Method::GET,
        path: String::new(),
        query: String::new(),
        headers: HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static(deliver::PLACEHOLDER_HOST))]),
        body: Bytes::new(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        mount: None,
        version: http::Version::HTTP_11,
        is_secure: false,
    });
    Call::unread(request, "", "")
}
