//! Which operation is which rule, by tag and path.

use super::dialect::page::{FIVES, LISTING};
use super::rules::{
    addresses, addresses_v2, batches, carrier_accounts, customs, labels, managed, manifests, orders, parcels, pickups, rates, refunds,
    registrations, service_groups, shipments, sign_in, stored, subscriptions, templates, tracking, transactions,
};
use super::wire::{ADDRESS, CUSTOMS_DECLARATION, CUSTOMS_ITEM, PARCEL, REFUND};
use crate::engine::Operations;

pub(super) fn rows(rows: &mut Operations) {
    // Addresses
    rows.resource("ListAddresses", stored::list(ADDRESS, &FIVES));
    rows.on_raw("CreateAddress", addresses::create);
    rows.resource("GetAddress", stored::one(ADDRESS));
    rows.on_raw("ValidateAddress", addresses::validate);
    // Addresses v2
    rows.on_raw("ListAddressesV2", addresses_v2::list);
    rows.on_raw("CreateAddressV2", addresses_v2::create);
    rows.on_raw("ParseAddressV2", addresses_v2::parse);
    rows.on_raw("ValidateAddressV2", addresses_v2::validate);
    rows.on_raw("DeleteAddressV2", addresses_v2::delete);
    rows.on_raw("GetAddressV2", addresses_v2::read);
    rows.on_raw("UpdateAddressV2", addresses_v2::update);
    // Batches
    rows.on_raw("CreateBatch", batches::create);
    rows.on_raw("GetBatch", batches::read);
    rows.on_raw("AddShipmentsToBatch", batches::add);
    rows.on_raw("PurchaseBatch", batches::purchase);
    rows.on_raw("RemoveShipmentsFromBatch", batches::remove);
    // Carrier Accounts
    rows.on_raw("ListCarrierAccounts", carrier_accounts::list);
    rows.on_raw("CreateCarrierAccount", carrier_accounts::create);
    rows.on_raw("GetCarrierRegistrationStatus", registrations::status);
    rows.on_raw("RegisterCarrierAccount", registrations::create);
    rows.on_raw("GetCarrierAccount", carrier_accounts::read);
    rows.on_raw("UpdateCarrierAccount", carrier_accounts::update);
    rows.on_raw("FinishOauth2Signin", sign_in::finish);
    rows.on_raw("InitiateOauth2Signin", sign_in::initiate);
    // Carrier Parcel Templates
    rows.on_raw("ListCarrierParcelTemplates", templates::list);
    rows.on_raw("GetCarrierParcelTemplate", templates::read);
    // Customs Declarations
    rows.resource("ListCustomsDeclarations", stored::list(CUSTOMS_DECLARATION, &FIVES));
    rows.on_raw("CreateCustomsDeclaration", customs::create);
    rows.resource("GetCustomsDeclaration", stored::one(CUSTOMS_DECLARATION));
    // Customs Items
    rows.resource("ListCustomsItems", stored::list(CUSTOMS_ITEM, &LISTING));
    rows.on_raw("CreateCustomsItem", customs::create_item);
    rows.resource("GetCustomsItem", stored::one(CUSTOMS_ITEM));
    // Labels
    rows.on_raw("DownloadLabel", labels::download);
    // Manifests
    rows.on_raw("ListManifests", manifests::list);
    rows.on_raw("CreateManifest", manifests::create);
    rows.on_raw("GetManifest", manifests::read);
    // Orders
    rows.on_raw("ListOrders", orders::list);
    rows.on_raw("CreateOrder", orders::create);
    rows.on_raw("GetOrder", orders::read);
    rows.on_raw("GetPackingSlip", orders::packing_slip);
    // Parcels
    rows.resource("ListParcels", stored::list(PARCEL, &LISTING));
    rows.on_raw("CreateParcel", parcels::create);
    rows.resource("GetParcel", stored::one(PARCEL));
    // Pickups
    rows.on_raw("CreatePickup", pickups::create);
    // Rates
    rows.on_raw("GetRate", rates::read);
    rows.on_raw("ListShipmentRates", rates::list);
    rows.on_raw("ListShipmentRatesByCurrencyCode", rates::list_in_currency);
    // Rates at Checkout
    rows.on_raw("CreateLiveRate", service_groups::live_rates);
    rows.on_raw("DeleteDefaultParcelTemplate", templates::delete_default);
    rows.on_raw("GetDefaultParcelTemplate", templates::read_default);
    rows.on_raw("UpdateDefaultParcelTemplate", templates::update_default);
    // Refunds
    rows.on_raw("ListRefunds", refunds::list);
    rows.on_raw("CreateRefund", refunds::create);
    rows.resource("GetRefund", stored::one(REFUND));
    // Service Groups
    rows.on_raw("ListServiceGroups", service_groups::list);
    rows.on_raw("CreateServiceGroup", service_groups::create);
    rows.on_raw("UpdateServiceGroup", service_groups::update);
    rows.on_raw("DeleteServiceGroup", service_groups::delete);
    // Shipments
    rows.on_raw("ListShipments", shipments::list);
    rows.on_raw("CreateShipment", shipments::create);
    rows.on_raw("GetShipment", shipments::read);
    // Shippo Accounts
    rows.on_raw("ListShippoAccounts", managed::list);
    rows.on_raw("CreateShippoAccount", managed::create);
    rows.on_raw("GetShippoAccount", managed::read);
    rows.on_raw("UpdateShippoAccount", managed::update);
    // Tracking Status
    rows.on_raw("CreateTrack", tracking::create);
    rows.on_raw("GetTrack", tracking::read);
    // Transactions
    rows.on_raw("ListTransactions", transactions::list);
    rows.on_raw("CreateTransaction", transactions::create);
    rows.on_raw("GetTransaction", transactions::read);
    // User Parcel Templates
    rows.on_raw("ListUserParcelTemplates", templates::list_own);
    rows.on_raw("CreateUserParcelTemplate", templates::create_own);
    rows.on_raw("DeleteUserParcelTemplate", templates::delete_own);
    rows.on_raw("GetUserParcelTemplate", templates::read_own);
    rows.on_raw("UpdateUserParcelTemplate", templates::update_own);
    // Webhooks
    rows.on_raw("listWebhooks", subscriptions::list);
    rows.on_raw("createWebhook", subscriptions::create);
    rows.on_raw("deleteWebhook", subscriptions::delete);
    rows.on_raw("getWebhook", subscriptions::read);
    rows.on_raw("updateWebhook", subscriptions::update);
}
