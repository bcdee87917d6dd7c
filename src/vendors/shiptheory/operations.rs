//! Which operation is which rule, by tag and path.

use crate::engine::Operations;
use crate::vendors::shiptheory::rules::{authentication, packages, picking_lists, products, returns, services, shipments, tags};

/// The rows. Whatever has a body judges it itself: CakePHP reports all broken rules at once, in an order and shape of its own.
pub(super) fn rows(rows: &mut Operations) {
    rows.judge("createToken", authentication::token);
    rows.on("listPackageSizes", packages::sizes);
    rows.judge("downloadPickingList", picking_lists::download);
    rows.judge("addProduct", products::add)
        .on("listProducts", products::list)
        .judge("updateProduct", products::update)
        .on("viewProduct", products::view);
    rows.judge("createReturn", returns::create);
    rows.on("listServices", services::outgoing).on("listIncomingServices", services::incoming);
    rows.judge("bookShipment", shipments::book)
        .on("listShipments", shipments::list)
        .judge("searchShipments", shipments::search)
        .on("viewShipment", shipments::view);
    rows.judge("addTag", tags::add)
        .on("listTags", tags::list)
        .on("deleteTag", tags::delete)
        .judge("patchTag", tags::update)
        .judge("addTagAtId", tags::add)
        .judge("updateTag", tags::update)
        .on("viewTag", tags::view);
}
