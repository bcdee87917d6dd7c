//! Which operation is which rule, by tag and path.

use super::rules::addresses::ADDRESSES;
use super::rules::addresses_v2::BOOK;
use super::rules::customs::{DECLARATIONS, ITEMS};
use super::rules::managed::MANAGED;
use super::rules::orders::ORDERS;
use super::rules::parcels::PARCELS;
use super::rules::templates::OWN;
use super::rules::{
    addresses, addresses_v2, batches, carrier_accounts, labels, managed, manifests, orders, pickups, rates, refunds, registrations,
    service_groups, shipments, sign_in, subscriptions, templates, tracking, transactions,
};
use crate::engine::Operations;

pub(super) fn rows(rows: &mut Operations) {
    // Addresses
    rows.list("ListAddresses", &ADDRESSES);
    rows.create("CreateAddress", &ADDRESSES);
    rows.read("GetAddress", &ADDRESSES);
    rows.on_raw("ValidateAddress", addresses::validate);
    // Addresses v2
    rows.list("ListAddressesV2", &BOOK);
    rows.create("CreateAddressV2", &BOOK);
    rows.on_raw("ParseAddressV2", addresses_v2::parse);
    rows.on_raw("ValidateAddressV2", addresses_v2::validate);
    rows.delete("DeleteAddressV2", &BOOK);
    rows.read("GetAddressV2", &BOOK);
    rows.update("UpdateAddressV2", &BOOK);
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
    rows.list("ListCustomsDeclarations", &DECLARATIONS);
    rows.create("CreateCustomsDeclaration", &DECLARATIONS);
    rows.read("GetCustomsDeclaration", &DECLARATIONS);
    // Customs Items
    rows.list("ListCustomsItems", &ITEMS);
    rows.create("CreateCustomsItem", &ITEMS);
    rows.read("GetCustomsItem", &ITEMS);
    // Labels
    rows.on_raw("DownloadLabel", labels::download);
    // Manifests
    rows.on_raw("ListManifests", manifests::list);
    rows.on_raw("CreateManifest", manifests::create);
    rows.on_raw("GetManifest", manifests::read);
    // Orders
    rows.list("ListOrders", &ORDERS);
    rows.create("CreateOrder", &ORDERS);
    rows.read("GetOrder", &ORDERS);
    rows.on_raw("GetPackingSlip", orders::packing_slip);
    // Parcels
    rows.list("ListParcels", &PARCELS);
    rows.create("CreateParcel", &PARCELS);
    rows.read("GetParcel", &PARCELS);
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
    rows.on_raw("GetRefund", refunds::read);
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
    rows.list("ListShippoAccounts", &MANAGED);
    rows.on_raw("CreateShippoAccount", managed::create);
    rows.read("GetShippoAccount", &MANAGED);
    rows.update("UpdateShippoAccount", &MANAGED);
    // Tracking Status
    rows.on_raw("CreateTrack", tracking::create);
    rows.on_raw("GetTrack", tracking::read);
    // Transactions
    rows.on_raw("ListTransactions", transactions::list);
    rows.on_raw("CreateTransaction", transactions::create);
    rows.on_raw("GetTransaction", transactions::read);
    // User Parcel Templates
    rows.on_raw("ListUserParcelTemplates", templates::list_own);
    rows.create("CreateUserParcelTemplate", &OWN);
    rows.on_raw("DeleteUserParcelTemplate", templates::delete_own);
    rows.read("GetUserParcelTemplate", &OWN);
    rows.update("UpdateUserParcelTemplate", &OWN);
    // Webhooks
    rows.on_raw("listWebhooks", subscriptions::list);
    rows.on_raw("createWebhook", subscriptions::create);
    rows.on_raw("deleteWebhook", subscriptions::delete);
    rows.on_raw("getWebhook", subscriptions::read);
    rows.on_raw("updateWebhook", subscriptions::update);
}
