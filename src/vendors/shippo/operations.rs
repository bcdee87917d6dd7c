//! Which operation is which rule, by tag and path.

use super::rules::{
    addresses, batches, carrier_accounts, customs, labels, manifests, orders, parcels, pickups, rates, refunds, registrations, shipments,
    sign_in, stored, tracking, transactions,
};
use super::wire::{CUSTOMS_DECLARATION, CUSTOMS_ITEM};
use crate::engine::Operations;

pub(super) fn rows(rows: &mut Operations) {
    // Addresses
    rows.judge("ListAddresses", addresses::list);
    rows.judge("CreateAddress", addresses::create);
    rows.judge("GetAddress", addresses::read);
    rows.judge("ValidateAddress", addresses::validate);
    // Batches
    rows.judge("CreateBatch", batches::create);
    rows.judge("GetBatch", batches::read);
    rows.judge("AddShipmentsToBatch", batches::add);
    rows.judge("PurchaseBatch", batches::purchase);
    rows.judge("RemoveShipmentsFromBatch", batches::remove);
    // Carrier Accounts
    rows.judge("ListCarrierAccounts", carrier_accounts::list);
    rows.judge("CreateCarrierAccount", carrier_accounts::create);
    rows.judge("GetCarrierRegistrationStatus", registrations::status);
    rows.judge("RegisterCarrierAccount", registrations::create);
    rows.judge("GetCarrierAccount", carrier_accounts::read);
    rows.judge("UpdateCarrierAccount", carrier_accounts::update);
    rows.judge("FinishOauth2Signin", sign_in::finish);
    rows.judge("InitiateOauth2Signin", sign_in::initiate);
    // Customs Declarations
    rows.resource("ListCustomsDeclarations", stored::page(CUSTOMS_DECLARATION, 5));
    rows.judge("CreateCustomsDeclaration", customs::create);
    rows.resource("GetCustomsDeclaration", stored::one(CUSTOMS_DECLARATION));
    // Customs Items
    rows.resource("ListCustomsItems", stored::page(CUSTOMS_ITEM, 25));
    rows.judge("CreateCustomsItem", customs::create_item);
    rows.resource("GetCustomsItem", stored::one(CUSTOMS_ITEM));
    // Labels
    rows.judge("DownloadLabel", labels::download);
    // Manifests
    rows.judge("ListManifests", manifests::list);
    rows.judge("CreateManifest", manifests::create);
    rows.judge("GetManifest", manifests::read);
    // Orders
    rows.judge("ListOrders", orders::list);
    rows.judge("CreateOrder", orders::create);
    rows.judge("GetOrder", orders::read);
    rows.judge("GetPackingSlip", orders::packing_slip);
    // Parcels
    rows.judge("ListParcels", parcels::list);
    rows.judge("CreateParcel", parcels::create);
    rows.judge("GetParcel", parcels::read);
    // Pickups
    rows.judge("CreatePickup", pickups::create);
    // Rates
    rows.judge("GetRate", rates::read);
    rows.judge("ListShipmentRates", rates::list);
    rows.judge("ListShipmentRatesByCurrencyCode", rates::list_in_currency);
    // Refunds
    rows.judge("ListRefunds", refunds::list);
    rows.judge("CreateRefund", refunds::create);
    rows.judge("GetRefund", refunds::read);
    // Shipments
    rows.judge("ListShipments", shipments::list);
    rows.judge("CreateShipment", shipments::create);
    rows.judge("GetShipment", shipments::read);
    // Tracking Status
    rows.judge("CreateTrack", tracking::create);
    rows.judge("GetTrack", tracking::read);
    // Transactions
    rows.judge("ListTransactions", transactions::list);
    rows.judge("CreateTransaction", transactions::create);
    rows.judge("GetTransaction", transactions::read);
}
