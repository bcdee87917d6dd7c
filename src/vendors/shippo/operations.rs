//! Which operation is which rule, by tag and path.

use super::rules::{addresses, batches, carrier_accounts, labels, parcels, rates, refunds, shipments, tracking, transactions};
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
    rows.judge("GetCarrierAccount", carrier_accounts::read);
    // Labels
    rows.judge("DownloadLabel", labels::download);
    // Parcels
    rows.judge("ListParcels", parcels::list);
    rows.judge("CreateParcel", parcels::create);
    rows.judge("GetParcel", parcels::read);
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
