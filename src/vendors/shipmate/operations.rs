//! Which operation is which rule, by tag and path. Every rule judges its requests itself: the framework behind this API
//! words each fault in its own way and takes numbers as text.

use super::rules::{
    attributes, consignments, custom_fields, labels, locations, packaging, quotes, services, skus, tokens, tracking, users,
};
use crate::engine::Operations;

pub(super) fn rows(rows: &mut Operations) {
    rows.on_raw("createConsignment", consignments::create)
        .on_raw("cancelConsignment", consignments::cancel)
        .on_raw("getLabel", labels::get)
        .on_raw("printLabels", labels::print)
        .on_raw("listLocations", locations::list)
        .on_raw("getLocation", locations::get)
        .on_raw("getPackagingOptions", packaging::options)
        .on_raw("listAttributes", attributes::list)
        .on_raw("createSku", skus::create)
        .on_raw("listSkus", skus::list)
        .on_raw("getSku", skus::get)
        .on_raw("updateSku", skus::update)
        .on_raw("listServices", services::list)
        .on_raw("createToken", tokens::create)
        .on_raw("getToken", tokens::get)
        .on_raw("deleteToken", tokens::delete)
        .on_raw("getConsignmentEvents", tracking::consignment)
        .on_raw("getParcelEvents", tracking::parcel)
        .on_raw("listUsers", users::list);
}

/// The same rules under the names of version 1.2, and what that version adds.
pub(super) fn rows_v1_2(rows: &mut Operations) {
    rows.on_raw("listCustomFields", custom_fields::list)
        .on_raw("createCustomField", custom_fields::create)
        .on_raw("getCustomField", custom_fields::get)
        .on_raw("getLabel", labels::get)
        .on_raw("listLocations", locations::list)
        .on_raw("getLocation", locations::get)
        .on_raw("getPackagingOptions", packaging::options)
        .on_raw("listServices", services::list)
        .on_raw("createShipment", consignments::create)
        .on_raw("getServicesForShipment", quotes::services)
        .on_raw("cancelShipment", consignments::cancel)
        .on_raw("printLabels", labels::print)
        .on_raw("createSku", skus::create)
        .on_raw("listSkus", skus::list)
        .on_raw("getSku", skus::get)
        .on_raw("updateSku", skus::update)
        .on_raw("createToken", tokens::create)
        .on_raw("getToken", tokens::get)
        .on_raw("deleteToken", tokens::delete)
        .on_raw("getShipmentEvents", tracking::consignment)
        .on_raw("getParcelEvents", tracking::parcel)
        .on_raw("listUsers", users::list);
}
