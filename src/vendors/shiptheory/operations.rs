//! Which operation is which rule, by tag and path.

use crate::engine::Operations;
use crate::vendors::shiptheory::rules::{authentication, packages, picking_lists, products, returns, services, shipments, tags};

/// The rows. Whatever has a body judges it itself: CakePHP reports all broken rules at once, in an order and shape of its own.
pub(super) fn rows(rows: &mut Operations) {
    rows.on_raw("createToken", authentication::token);
    rows.on("listPackageSizes", packages::sizes);
    rows.on_raw("downloadPickingList", picking_lists::download);
    rows.on_raw("addProduct", products::add)
        .on("listProducts", products::list)
        .on_raw("updateProduct", products::update)
        .on("viewProduct", products::view);
    rows.on_raw("createReturn", returns::create);
    rows.on("listServices", services::outgoing).on("listIncomingServices", services::incoming);
    rows.on_raw("bookShipment", shipments::book)
        .on("listShipments", shipments::list)
        .on_raw("searchShipments", shipments::search)
        .on("viewShipment", shipments::view);
    rows.on_raw("addTag", tags::add)
        .on("listTags", tags::list)
        .on("deleteTag", tags::delete)
        .on_raw("patchTag", tags::update)
        .on_raw("addTagAtId", tags::add)
        .on_raw("updateTag", tags::update)
        .on("viewTag", tags::view);
}
