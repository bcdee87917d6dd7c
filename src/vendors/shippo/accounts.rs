//! Carrier accounts as their owner has them: those that the vendor provides, as they were changed, and the owner's own.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::access::Mode;
use super::catalog::{Account, CATALOG};
use super::wire::{CARRIER_ACCOUNT, MANAGED_ACCOUNT, is_object_id};
use crate::engine::Cx;

/// A carrier account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CarrierAccount {
    pub object_id: String,
    pub carrier: String,
    pub account_id: String,
    pub parameters: Map<String, Value>,
    pub active: bool,
    /// Whether the vendor provides it.
    pub is_shippo_account: bool,
    pub metadata: String,
    /// The country that its parcels are sent from.
    pub origin: String,
    /// What it says instead of quoting, if it is silent.
    pub restricted: Option<String>,
    /// How far signing in with the carrier has come, once it was begun.
    pub sign_in: Option<String>,
}

impl CarrierAccount {
    fn provided(account: &Account, mode: Mode) -> Self {
        Self {
            object_id: account.id(mode).to_owned(),
            carrier: account.carrier.clone(),
            account_id: account.account_id.clone(),
            parameters: account.parameters.clone(),
            active: true,
            is_shippo_account: true,
            metadata: account.metadata.clone(),
            origin: account.origin.clone(),
            restricted: account.restricted(mode).map(str::to_owned),
            sign_in: None,
        }
    }
}

/// The address that owns everything in an account: the vendor's customer, or the owner of a managed account.
pub(super) fn owner(cx: &Cx<'_>) -> Cow<'static, str> {
    let (id, _) = cx.docs.account().name.split_once(' ').unwrap_or_default();
    let managed = is_object_id(id).then(|| cx.docs.common::<Platform>(MANAGED_ACCOUNT, id)).flatten();
    managed.map_or(Cow::Borrowed(CATALOG.owner.as_str()), |managed| managed.email.into())
}

/// What is known of a managed account where callers are let in: who opened it, and for whom.
#[derive(Serialize, Deserialize)]
pub(super) struct Platform {
    pub account: String,
    pub email: String,
}

/// All of them: the owner's own, newest first, then those that the vendor provides.
pub(super) fn all(cx: &Cx<'_>) -> Vec<CarrierAccount> {
    let mode = Mode::of(cx);
    let changed: Vec<CarrierAccount> = cx.docs.list(CARRIER_ACCOUNT).rev().collect();
    let provided = CATALOG.accounts.iter().map(|account| {
        let change = changed.iter().find(|row| row.object_id == account.id(mode));
        change.cloned().unwrap_or_else(|| CarrierAccount::provided(account, mode))
    });
    changed.iter().filter(|row| !row.is_shippo_account).cloned().chain(provided).collect()
}

/// The one with that id.
pub(super) fn find(cx: &Cx<'_>, id: &str) -> Option<CarrierAccount> {
    let mode = Mode::of(cx);
    cx.docs.get(CARRIER_ACCOUNT, id).or_else(|| CATALOG.account(mode, id).map(|account| CarrierAccount::provided(account, mode)))
}

/// Stores one, new or changed.
pub(super) fn put(cx: &mut Cx<'_>, account: &CarrierAccount) {
    cx.docs.put(CARRIER_ACCOUNT, &account.object_id, account);
}
