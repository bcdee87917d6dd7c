//! How many calls a minute the vendor takes of each class, in live and in test mode, as its guide lists them (2026). Operations
//! that the guide does not list have no limit.

use jiff::SignedDuration;

use super::access::Mode;
use crate::engine::{Call, Limit};
use crate::world::Credential;

/// Calls a minute in live mode, and in test mode.
type Numbers = [u64; 2];

const WRITE: Numbers = [500, 50];
const READ: Numbers = [4_000, 400];
const LIST: Numbers = [50, 10];

/// The limit of a call.
pub(super) fn of(call: &Call<'_>, caller: &Credential) -> Option<Limit> {
    let (class, [live, test]) = class(&call.operation?.id)?;
    let calls = if Mode::of_account(&caller.account).is_test() { test } else { live };
    Some(Limit { class: class.into(), calls, window: SignedDuration::from_mins(1) })
}

fn class(operation: &str) -> Option<(&'static str, Numbers)> {
    Some(match operation {
        "ListAddresses" => ("addresses listed", LIST),
        "CreateAddress" => ("addresses written", WRITE),
        "GetAddress" | "ValidateAddress" => ("addresses read", READ),
        "CreateBatch" | "AddShipmentsToBatch" | "RemoveShipmentsFromBatch" | "PurchaseBatch" => ("batches written", [50, 10]),
        "GetBatch" => ("batches read", [400, 40]),
        "ListCarrierAccounts" => ("carrier accounts listed", LIST),
        "CreateCarrierAccount" | "RegisterCarrierAccount" | "UpdateCarrierAccount" => ("carrier accounts written", WRITE),
        "GetCarrierAccount" => ("carrier accounts read", READ),
        "ListCustomsDeclarations" => ("customs declarations listed", LIST),
        "CreateCustomsDeclaration" => ("customs declarations written", WRITE),
        "GetCustomsDeclaration" => ("customs declarations read", READ),
        "ListCustomsItems" => ("customs items listed", LIST),
        "CreateCustomsItem" => ("customs items written", WRITE),
        "GetCustomsItem" => ("customs items read", READ),
        "ListManifests" => ("manifests listed", LIST),
        "CreateManifest" => ("manifests written", WRITE),
        "GetManifest" => ("manifests read", READ),
        "ListParcels" => ("parcels listed", LIST),
        "CreateParcel" => ("parcels written", WRITE),
        "GetParcel" => ("parcels read", READ),
        "ListShipmentRates" | "ListShipmentRatesByCurrencyCode" => ("rates listed", LIST),
        "GetRate" => ("rates read", READ),
        "ListRefunds" => ("refunds listed", LIST),
        "CreateRefund" => ("refunds written", WRITE),
        "GetRefund" => ("refunds read", READ),
        "ListShipments" => ("shipments listed", LIST),
        "CreateShipment" => ("shipments written", WRITE),
        "GetShipment" => ("shipments read", READ),
        "CreateTrack" => ("tracks written", [750, 50]),
        "GetTrack" => ("tracks read", [500, 50]),
        "ListTransactions" => ("transactions listed", LIST),
        "CreateTransaction" => ("transactions written", WRITE),
        "GetTransaction" => ("transactions read", READ),
        _ => return None,
    })
}
