//! Which operation is which rule, by tag and path.

use super::rules::{
    addresses, addresses_v2, batches, carrier_accounts, customs, labels, managed, manifests, orders, parcels, pickups, rates, refunds,
    registrations, service_groups, shipments, sign_in, stored, subscriptions, templates, tracking, transactions,
};
use super::wire::{CUSTOMS_DECLARATION, CUSTOMS_ITEM};
use crate::engine::Operations;

pub(super) fn rows(rows: &mut Operations) {
    // Addresses
    rows.judge("ListAddresses", addresses::list);
    rows.judge("CreateAddress", addresses::create);
    rows.judge("GetAddress", addresses::read);
    rows.judge("ValidateAddress", addresses::validate);
    // Addresses v2
    rows.judge("ListAddressesV2", addresses_v2::list);
    rows.judge("CreateAddressV2", addresses_v2::create);
    rows.judge("ParseAddressV2", addresses_v2::parse);
    rows.judge("ValidateAddressV2", addresses_v2::validate);
    rows.judge("DeleteAddressV2", addresses_v2::delete);
    rows.judge("GetAddressV2", addresses_v2::read);
    rows.judge("UpdateAddressV2", addresses_v2::update);
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
    // Carrier Parcel Templates
    rows.judge("ListCarrierParcelTemplates", templates::list);
    rows.judge("GetCarrierParcelTemplate", templates::read);
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
    // Rates at Checkout
    rows.judge("CreateLiveRate", service_groups::live_rates);
    rows.judge("DeleteDefaultParcelTemplate", templates::delete_default);
    rows.judge("GetDefaultParcelTemplate", templates::read_default);
    rows.judge("UpdateDefaultParcelTemplate", templates::update_default);
    // Refunds
    rows.judge("ListRefunds", refunds::list);
    rows.judge("CreateRefund", refunds::create);
    rows.judge("GetRefund", refunds::read);
    // Service Groups
    rows.judge("ListServiceGroups", service_groups::list);
    rows.judge("CreateServiceGroup", service_groups::create);
    rows.judge("UpdateServiceGroup", service_groups::update);
    rows.judge("DeleteServiceGroup", service_groups::delete);
    // Shipments
    rows.judge("ListShipments", shipments::list);
    rows.judge("CreateShipment", shipments::create);
    rows.judge("GetShipment", shipments::read);
    // Shippo Accounts
    rows.judge("ListShippoAccounts", managed::list);
    rows.judge("CreateShippoAccount", managed::create);
    rows.judge("GetShippoAccount", managed::read);
    rows.judge("UpdateShippoAccount", managed::update);
    // Tracking Status
    rows.judge("CreateTrack", tracking::create);
    rows.judge("GetTrack", tracking::read);
    // Transactions
    rows.judge("ListTransactions", transactions::list);
    rows.judge("CreateTransaction", transactions::create);
    rows.judge("GetTransaction", transactions::read);
    // User Parcel Templates
    rows.judge("ListUserParcelTemplates", templates::list_own);
    rows.judge("CreateUserParcelTemplate", templates::create_own);
    rows.judge("DeleteUserParcelTemplate", templates::delete_own);
    rows.judge("GetUserParcelTemplate", templates::read_own);
    rows.judge("UpdateUserParcelTemplate", templates::update_own);
    // Webhooks
    rows.judge("listWebhooks", subscriptions::list);
    rows.judge("createWebhook", subscriptions::create);
    rows.judge("deleteWebhook", subscriptions::delete);
    rows.judge("getWebhook", subscriptions::read);
    rows.judge("updateWebhook", subscriptions::update);
}
