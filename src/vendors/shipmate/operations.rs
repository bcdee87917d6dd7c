//! Which operation is which rule, by tag and path. Every rule judges its requests itself: the framework behind this API
//! words each fault in its own way and takes numbers as text.

use super::rules::{
    attributes, consignments, custom_fields, labels, locations, packaging, quotes, services, skus, tokens, tracking, users,
};
use crate::engine::Operations;

pub(super) fn rows(rows: &mut Operations) {
    rows.judge("createConsignment", consignments::create)
        .judge("cancelConsignment", consignments::cancel)
        .judge("getLabel", labels::get)
        .judge("printLabels", labels::print)
        .judge("listLocations", locations::list)
        .judge("getLocation", locations::get)
        .judge("getPackagingOptions", packaging::options)
        .judge("listAttributes", attributes::list)
        .judge("createSku", skus::create)
        .judge("listSkus", skus::list)
        .judge("getSku", skus::get)
        .judge("updateSku", skus::update)
        .judge("listServices", services::list)
        .judge("createToken", tokens::create)
        .judge("getToken", tokens::get)
        .judge("deleteToken", tokens::delete)
        .judge("getConsignmentEvents", tracking::consignment)
        .judge("getParcelEvents", tracking::parcel)
        .judge("listUsers", users::list);
}

/// The same rules under the names of version 1.2, and what that version adds.
pub(super) fn rows_v1_2(rows: &mut Operations) {
    rows.judge("listCustomFields", custom_fields::list)
        .judge("createCustomField", custom_fields::create)
        .judge("getCustomField", custom_fields::get)
        .judge("getLabel", labels::get)
        .judge("listLocations", locations::list)
        .judge("getLocation", locations::get)
        .judge("getPackagingOptions", packaging::options)
        .judge("listServices", services::list)
        .judge("createShipment", consignments::create)
        .judge("getServicesForShipment", quotes::services)
        .judge("cancelShipment", consignments::cancel)
        .judge("printLabels", labels::print)
        .judge("createSku", skus::create)
        .judge("listSkus", skus::list)
        .judge("getSku", skus::get)
        .judge("updateSku", skus::update)
        .judge("createToken", tokens::create)
        .judge("getToken", tokens::get)
        .judge("deleteToken", tokens::delete)
        .judge("getShipmentEvents", tracking::consignment)
        .judge("getParcelEvents", tracking::parcel)
        .judge("listUsers", users::list);
}
