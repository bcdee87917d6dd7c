//! Which operation is which rule, by tag and path.

use super::rules::{
    attributes, consignments, custom_fields, labels, locations, packaging, quotes, services, skus, tokens, tracking, users,
};
use crate::engine::Operations;

pub(super) fn rows(rows: &mut Operations) {
    rows.on_late("createConsignment", consignments::create)
        .on("cancelConsignment", consignments::cancel)
        .on("getLabel", labels::get)
        .on_late("printLabels", labels::print)
        .on("listLocations", locations::list)
        .on("getLocation", locations::get)
        .on("getPackagingOptions", packaging::options)
        .on("listAttributes", attributes::list)
        .on_late("createSku", skus::create)
        .on("listSkus", skus::list)
        .on("getSku", skus::get)
        .on_late("updateSku", skus::update)
        .on("listServices", services::list)
        .on("createToken", tokens::create)
        .on("getToken", tokens::get)
        .on("deleteToken", tokens::delete)
        .on("getConsignmentEvents", tracking::consignment)
        .on("getParcelEvents", tracking::parcel)
        .on("listUsers", users::list);
}

/// The same rules under the names of version 1.2, and what that version adds.
pub(super) fn rows_v1_2(rows: &mut Operations) {
    rows.on("listCustomFields", custom_fields::list)
        .on_late("createCustomField", custom_fields::create)
        .on("getCustomField", custom_fields::get)
        .on("getLabel", labels::get)
        .on("listLocations", locations::list)
        .on("getLocation", locations::get)
        .on("getPackagingOptions", packaging::options)
        .on("listServices", services::list)
        .on_late("createShipment", consignments::create)
        .on_late("getServicesForShipment", quotes::services)
        .on("cancelShipment", consignments::cancel)
        .on_late("printLabels", labels::print)
        .on_late("createSku", skus::create)
        .on("listSkus", skus::list)
        .on("getSku", skus::get)
        .on_late("updateSku", skus::update)
        .on("createToken", tokens::create)
        .on("getToken", tokens::get)
        .on("deleteToken", tokens::delete)
        .on("getShipmentEvents", tracking::consignment)
        .on("getParcelEvents", tracking::parcel)
        .on("listUsers", users::list);
}
