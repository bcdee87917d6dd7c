//! Which operation is which rule, by tag and path.

use crate::engine::Operations;
use crate::vendors::shiptheory::rules::{authentication, packages, picking_lists, products, returns, services, shipments, tags};

pub(super) fn rows(rows: &mut Operations) {
    rows.on_late("createToken", authentication::token);
    rows.on("listPackageSizes", packages::sizes);
    rows.on_late("downloadPickingList", picking_lists::download);
    rows.on("addProduct", products::add)
        .on("listProducts", products::list)
        .on_late("updateProduct", products::update)
        .on("viewProduct", products::view);
    rows.on("createReturn", returns::create);
    rows.on("listServices", services::outgoing).on("listIncomingServices", services::incoming);
    rows.on("bookShipment", shipments::book)
        .on("listShipments", shipments::list)
        .on("searchShipments", shipments::search)
        .on("viewShipment", shipments::view);
    rows.on("addTag", tags::add)
        .on("listTags", tags::list)
        .on("deleteTag", tags::delete)
        .on_late("patchTag", tags::update)
        .on("addTagAtId", tags::add)
        .on_late("updateTag", tags::update)
        .on("viewTag", tags::view);
}
