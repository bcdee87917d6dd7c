//! Which operation is which rule, by tag and path.

use super::rules::customers::CUSTOMERS;
use super::rules::stores::STORES;
use super::rules::warehouses::WAREHOUSES;
use super::rules::{accounts, carriers, customers, fulfillments, orders, products, shipments, stores, warehouses, webhooks};
use crate::engine::Operations;

pub(super) fn rows(rows: &mut Operations) {
    rows.on("registerAccount", accounts::register).on("listTags", accounts::tags);
    rows.on("listCarriers", carriers::list).on("getCarrier", carriers::get).on("addFunds", carriers::add_funds);
    rows.on("listPackages", carriers::packages).on("listServices", carriers::services);
    rows.on("listCustomers", customers::list).read("getCustomer", &CUSTOMERS);
    rows.on("listFulfillments", fulfillments::list);
    rows.on("listOrders", orders::list).on("getOrder", orders::get).on("deleteOrder", orders::delete);
    rows.on_late("createUpdateOrder", orders::create).on("createUpdateMultipleOrders", orders::create_many);
    rows.on("listOrdersByTag", orders::list).on("addTagToOrder", orders::add_tag).on("removeTagFromOrder", orders::remove_tag);
    rows.on("assignUserToOrder", orders::assign).on("unassignUserFromOrder", orders::assign).on("holdOrderUntil", orders::hold);
    rows.on("restoreOrderFromOnHold", orders::restore).on("markAnOrderAsShipped", orders::mark_as_shipped);
    rows.on("createLabelForOrder", shipments::create_for_order);
    rows.on("listProducts", products::list).on("getProduct", products::get).on_late("updateProduct", products::update);
    rows.on("listShipments", shipments::list).on("createShipmentLabel", shipments::create).on("getRates", shipments::rates);
    rows.on("voidLabel", shipments::void);
    rows.on("listStores", stores::list).read("getStore", &STORES).on_late("updateStore", stores::update);
    rows.on("deactivateStore", stores::deactivate).on("reactivateStore", stores::reactivate).on("listMarketplaces", stores::marketplaces);
    rows.on("refreshStore", stores::refresh).on("getStoreRefreshStatus", stores::refresh_status);
    rows.on("listUsers", accounts::users);
    rows.on_late("createWarehouse", warehouses::create).on("listWarehouses", warehouses::list).read("getWarehouse", &WAREHOUSES);
    rows.on_late("updateWarehouse", warehouses::update).on("deleteWarehouse", warehouses::delete);
    rows.on("listWebhooks", webhooks::list).on("subscribeToWebhook", webhooks::subscribe).on("unsubscribe", webhooks::unsubscribe);
}
