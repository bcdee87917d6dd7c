//! Which operation is which rule, by tag and path. Those that are not here are answered from their document alone.

use super::rules::account::IMAGES;
use super::rules::inventory::{LOCATIONS, WAREHOUSES};
use super::rules::package_types::PACKAGE_TYPES;
use super::rules::purchase_orders::PURCHASE_ORDERS;
use super::rules::suppliers::SUPPLIERS;
use super::rules::totes::TOTES;
use super::rules::{
    account, addresses, batches, carriers, connections, documents, downloads, fulfillments, inventory, labels, manifests, package_pickups,
    package_types, purchase_orders, rate_shoppers, rates, shipments, suppliers, tags, totes, tracking, users, warehouses, webhooks,
};
use crate::engine::Operations;

pub(super) fn rows(rows: &mut Operations) {
    // inventory
    rows.on("getInventoryLevels", inventory::levels).on("updateSKUStockLevels", inventory::change);
    rows.list("getInventoryWarehouses", &WAREHOUSES).create("addNewInventoryWarehouse", &WAREHOUSES);
    rows.read("getInventoryWarehouseById", &WAREHOUSES).update("updateInventoryWarehouse", &WAREHOUSES);
    rows.on("deleteInventoryWarehouse", inventory::delete_warehouse).list("listInventoryLocations", &LOCATIONS);
    rows.create("createInventoryLocation", &LOCATIONS).read("getInventoryLocationById", &LOCATIONS);
    rows.update("updateInventoryLocation", &LOCATIONS).on("deleteInventoryLocationById", inventory::delete_location);
    // batches
    rows.on("list_batches", batches::list).on("create_batch", batches::create).on("get_batch_by_external_id", batches::read_external);
    rows.on("delete_batch", batches::archive).on("get_batch_by_id", batches::read).on("update_batch", batches::archive);
    rows.on_late("add_to_batch", batches::add).on("list_batch_errors", batches::errors).on_late("process_batch", batches::process);
    rows.on_late("remove_from_batch", batches::remove);
    // carriers
    rows.on("list_carriers", carriers::list).on("get_carrier_by_id", carriers::read).on("disconnect_carrier_by_id", carriers::disconnect);
    rows.on_late("add_funds_to_carrier", carriers::add_funds).on("get_carrier_options", carriers::options);
    rows.on("list_carrier_package_types", carriers::packages).on("list_carrier_services", carriers::services);
    // downloads
    rows.on("download_file", downloads::download);
    // labels
    rows.on("list_labels", labels::list).on("create_label", labels::create);
    rows.on_late("create_label_from_rate", labels::create_from_rate).on_late("create_label_from_shipment", labels::create_from_shipment);
    rows.on_late("get_label_by_id", labels::read).on_late("create_return_label", labels::create_return);
    rows.on("get_tracking_log_from_label", labels::track).on("void_label", labels::void);
    rows.on("get_label_by_external_shipment_id", labels::read_external);
    // manifests
    rows.on("list_manifests", manifests::list).on("create_manifest", manifests::create).on("get_manifest_by_id", manifests::read);
    rows.on("get_manifest_request_by_id", manifests::request);
    // package_types
    rows.on("list_package_types", package_types::list).create("create_package_type", &PACKAGE_TYPES);
    rows.read("get_package_type_by_id", &PACKAGE_TYPES).update("update_package_type", &PACKAGE_TYPES);
    rows.delete("delete_package_typ", &PACKAGE_TYPES);
    // package_pickups
    rows.on("list_scheduled_pickups", package_pickups::list).on("schedule_pickup", package_pickups::schedule);
    rows.on("get_pickup_by_id", package_pickups::read).on("delete_scheduled_pickup", package_pickups::cancel);
    // rates
    rows.on("calculate_rates", rates::calculate).on("estimate_rates", rates::estimate).on("get_rate_by_id", rates::read);
    // shipments
    rows.on("list_shipments", shipments::list).on_late("create_shipments", shipments::create);
    rows.on("get_shipment_by_external_id", shipments::read_external).on("get_shipment_by_id", shipments::read);
    rows.on_late("update_shipment", shipments::update).on("cancel_shipments", shipments::cancel);
    rows.on_late("update_shipment_internal_notes", shipments::notes).on("list_shipment_rates", rates::of_shipment);
    rows.on("shipments_list_tags", shipments::tags_of).on("tag_shipment", shipments::tag).on("untag_shipment", shipments::untag);
    rows.on("assign_user_to_shipments", shipments::assign);
    // tags
    rows.on("list_tags", tags::list).on("create_tag", tags::create).on("create_tag_from_body", tags::create);
    rows.on("delete_tag", tags::delete).on("rename_tag", tags::rename);
    // tracking
    rows.on("get_tracking_log", tracking::read).on("start_tracking", tracking::start).on("stop_tracking", tracking::stop);
    // warehouses
    rows.on("list_warehouses", warehouses::list).on("create_warehouse", warehouses::create);
    rows.on("get_warehouse_by_id", warehouses::read).on_late("update_warehouse", warehouses::update);
    rows.on("delete_warehouse", warehouses::delete).on_late("update_warehouse_settings", warehouses::settings);
    // webhooks
    rows.on("list_webhooks", webhooks::list).on("create_webhook", webhooks::create).on("get_webhook_by_id", webhooks::read);
    rows.on_late("update_webhook", webhooks::update).on("delete_webhook", webhooks::delete).on("get_jwks", webhooks::keys);
    // users, products
    rows.on("listUsers", users::list).on("listProducts", users::products);
    // addresses
    rows.on("validate_address", addresses::validate);
    // fulfillments
    rows.on("list_fulfillments", fulfillments::list).on("create_fulfillments", fulfillments::create);
    // purchase_orders
    rows.list("list_purchase_orders", &PURCHASE_ORDERS).create("create_purchase_order", &PURCHASE_ORDERS);
    rows.read("get_purchase_order", &PURCHASE_ORDERS).update("update_purchase_order", &PURCHASE_ORDERS);
    rows.on_late("receives_purchase_order_products", purchase_orders::receive);
    rows.on_late("update_purchase_order_shipping_details", purchase_orders::shipping);
    rows.on_late("update_purchase_order_status", purchase_orders::status);
    rows.on("get_purchase_order_summary_pdf", purchase_orders::summary);
    rows.on("get_purchase_order_received_summary_pdf", purchase_orders::summary);
    // suppliers, totes
    rows.list("list_suppliers", &SUPPLIERS).on_late("create_supplier", suppliers::create);
    rows.read("get_supplier", &SUPPLIERS).update("update_supplier", &SUPPLIERS);
    rows.on("listTotes", totes::list).on("createTotesBatch", totes::create).on("getToteQuantities", totes::quantities);
    rows.read("getToteById", &TOTES).update("updateTote", &TOTES).delete("deleteTote", &TOTES);
    // account, connections
    rows.on("list_account_settings", account::settings);
    rows.list("list_account_images", &IMAGES).create("create_account_image", &IMAGES).delete("delete_account_image_by_id", &IMAGES);
    rows.read("get_account_settings_images_by_id", &IMAGES).update("update_account_settings_images_by_id", &IMAGES);
    rows.on("connect_carrier", connections::connect).on("disconnect_carrier", carriers::disconnect);
    rows.on("get_carrier_settings", connections::settings).on_late("update_carrier_settings", connections::set);
    // documents
    rows.on("list_label_documents", documents::list).on_late("register_label_document", documents::register);
    rows.on("delete_label_document", documents::delete).on("send_label_documents", documents::send);
    rows.on("list_shipment_documents", documents::list).on_late("register_shipment_document", documents::register);
    rows.on("delete_shipment_document", documents::delete).on("list_shipment_label_documents", documents::of_shipment);
    rows.on("create_combined_label_document", documents::combine).on("download_document", documents::download);
    // rate_shoppers, and what is bought by other ways
    rows.on("list_rate_shoppers", rate_shoppers::list).on("get_rate_shopper_by_id", rate_shoppers::read);
    rows.on_late("create_label_from_rate_shopper", labels::create_from_rate_shopper).on("compare_bulk_rates", rates::calculate_many);
    rows.on("create_label_from_shipping_rule", labels::create_from_shipping_rule).on("cancel_label_refund", labels::cancel_refund);
}
