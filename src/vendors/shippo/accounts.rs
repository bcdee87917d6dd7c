//! Carrier accounts as their owner has them: those that the vendor provides, as they were changed, and the owner's own.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::access::Mode;
use super::catalog::CATALOG;
use super::wire::{CARRIER_ACCOUNT, MANAGED_ACCOUNT, is_object_id};
use crate::engine::Cx;

/// A carrier account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CarrierAccount {
    pub object_id: String,
    pub carrier: String,
    pub account_id: String,
    #[serde(default)]
    pub parameters: Map<String, Value>,
    #[serde(default = "yes")]
    pub active: bool,
    /// Whether the vendor provides it, as it does those of the catalog.
    #[serde(default = "yes")]
    pub is_shippo_account: bool,
    #[serde(default)]
    pub metadata: String,
    /// The country that its parcels are sent from.
    pub origin: String,
    /// What it says instead of quoting, if it is silent.
    pub restricted: Option<String>,
    /// How far signing in with the carrier has come, once it was begun.
    pub sign_in: Option<String>,
}

fn yes() -> bool {
    true
}

/// The address that owns everything in an account: the vendor's customer, or the owner of a managed account.
pub(super) fn owner(cx: &Cx<'_>) -> Cow<'static, str> {
    let (id, _) = cx.docs.account().name.split_once(' ').unwrap_or_default();
    let managed = is_object_id(id).then(|| cx.docs.get_shared::<Platform>(MANAGED_ACCOUNT, id)).flatten();
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
    let changed: Vec<CarrierAccount> = cx.docs.list(CARRIER_ACCOUNT).rev().collect();
    let provided = CATALOG.accounts[&Mode::of(cx)].iter();
    let provided = provided.map(|row| changed.iter().find(|other| other.object_id == row.object_id).unwrap_or(row).clone());
    changed.iter().filter(|row| !row.is_shippo_account).cloned().chain(provided).collect()
}

/// The one with that id.
pub(super) fn find(cx: &Cx<'_>, id: &str) -> Option<CarrierAccount> {
    let provided = || CATALOG.accounts[&Mode::of(cx)].iter().find(|row| row.object_id == id).cloned();
    cx.docs.get(CARRIER_ACCOUNT, id).or_else(provided)
}

/// Stores one, new or changed.
pub(super) fn put(cx: &mut Cx<'_>, account: &CarrierAccount) {
    cx.docs.put(CARRIER_ACCOUNT, &account.object_id, account);
}
