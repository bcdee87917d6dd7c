//! Which operation is which rule, by tag and path.

use super::rules::addresses::ADDRESSES;
use super::rules::addresses_v2::BOOK;
use super::rules::customs::{DECLARATIONS, ITEMS};
use super::rules::managed::MANAGED;
use super::rules::orders::ORDERS;
use super::rules::parcels::PARCELS;
use super::rules::service_groups::GROUPS;
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
    rows.on("ValidateAddress", addresses::validate);
    // Addresses v2
    rows.list("ListAddressesV2", &BOOK);
    rows.create("CreateAddressV2", &BOOK);
    rows.on("ParseAddressV2", addresses_v2::parse);
    rows.on("ValidateAddressV2", addresses_v2::validate);
    rows.delete("DeleteAddressV2", &BOOK);
    rows.read("GetAddressV2", &BOOK);
    rows.update("UpdateAddressV2", &BOOK);
    // Batches
    rows.on_late("CreateBatch", batches::create);
    rows.on("GetBatch", batches::read);
    rows.on_late("AddShipmentsToBatch", batches::add);
    rows.on("PurchaseBatch", batches::purchase);
    rows.on_late("RemoveShipmentsFromBatch", batches::remove);
    // Carrier Accounts
    rows.on("ListCarrierAccounts", carrier_accounts::list);
    rows.on("CreateCarrierAccount", carrier_accounts::create);
    rows.on_late("GetCarrierRegistrationStatus", registrations::status);
    rows.on_late("RegisterCarrierAccount", registrations::create);
    rows.on("GetCarrierAccount", carrier_accounts::read);
    rows.on_late("UpdateCarrierAccount", carrier_accounts::update);
    rows.on("FinishOauth2Signin", sign_in::finish);
    rows.on_late("InitiateOauth2Signin", sign_in::initiate);
    // Carrier Parcel Templates
    rows.on_late("ListCarrierParcelTemplates", templates::list);
    rows.on("GetCarrierParcelTemplate", templates::read);
    // Customs Declarations
    rows.list("ListCustomsDeclarations", &DECLARATIONS);
    rows.create("CreateCustomsDeclaration", &DECLARATIONS);
    rows.read("GetCustomsDeclaration", &DECLARATIONS);
    // Customs Items
    rows.list("ListCustomsItems", &ITEMS);
    rows.create("CreateCustomsItem", &ITEMS);
    rows.read("GetCustomsItem", &ITEMS);
    // Labels
    rows.on("DownloadLabel", labels::download);
    // Manifests
    rows.on("ListManifests", manifests::list);
    rows.on_late("CreateManifest", manifests::create);
    rows.on("GetManifest", manifests::read);
    // Orders
    rows.list("ListOrders", &ORDERS);
    rows.create("CreateOrder", &ORDERS);
    rows.read("GetOrder", &ORDERS);
    rows.on("GetPackingSlip", orders::packing_slip);
    // Parcels
    rows.list("ListParcels", &PARCELS);
    rows.create("CreateParcel", &PARCELS);
    rows.read("GetParcel", &PARCELS);
    // Pickups
    rows.on_late("CreatePickup", pickups::create);
    // Rates
    rows.on("ListRates", rates::list_all);
    rows.on("GetRate", rates::read);
    rows.on("ListShipmentRates", rates::list);
    rows.on("ListShipmentRatesByCurrencyCode", rates::list_in_currency);
    // Rates at Checkout
    rows.on_late("CreateLiveRate", service_groups::live_rates);
    rows.on("DeleteDefaultParcelTemplate", templates::delete_default);
    rows.on("GetDefaultParcelTemplate", templates::read_default);
    rows.on("UpdateDefaultParcelTemplate", templates::update_default);
    // Refunds
    rows.on("ListRefunds", refunds::list);
    rows.on_late("CreateRefund", refunds::create);
    rows.on("GetRefund", refunds::read);
    // Service Groups
    rows.list("ListServiceGroups", &GROUPS);
    rows.create("CreateServiceGroup", &GROUPS);
    rows.on_late("UpdateServiceGroup", service_groups::update);
    rows.delete("DeleteServiceGroup", &GROUPS);
    // Shipments
    rows.on("ListShipments", shipments::list);
    rows.on_late("CreateShipment", shipments::create);
    rows.on("GetShipment", shipments::read);
    // Shippo Accounts
    rows.list("ListShippoAccounts", &MANAGED);
    rows.on_late("CreateShippoAccount", managed::create);
    rows.read("GetShippoAccount", &MANAGED);
    rows.update("UpdateShippoAccount", &MANAGED);
    // Tracking Status
    rows.on("CreateTrack", tracking::create);
    rows.on("GetTrack", tracking::read);
    // Transactions
    rows.on("ListTransactions", transactions::list);
    rows.on_late("CreateTransaction", transactions::create);
    rows.on("GetTransaction", transactions::read);
    // User Parcel Templates
    rows.list("ListUserParcelTemplates", &OWN);
    rows.create("CreateUserParcelTemplate", &OWN);
    rows.on("DeleteUserParcelTemplate", templates::delete_own);
    rows.read("GetUserParcelTemplate", &OWN);
    rows.update("UpdateUserParcelTemplate", &OWN);
    // Webhooks
    rows.on("listWebhooks", subscriptions::list);
    rows.on_late("createWebhook", subscriptions::create);
    rows.on("deleteWebhook", subscriptions::delete);
    rows.on("getWebhook", subscriptions::read);
    rows.on_late("updateWebhook", subscriptions::update);
}
