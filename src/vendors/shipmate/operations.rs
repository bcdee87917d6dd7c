//! Which operation is which rule, by tag and path. Every rule judges its requests itself: the framework behind this API
//! words each fault in its own way and takes numbers as text.

use super::rules::{account, consignments, labels, skus, tokens, tracking, users};
use crate::engine::Operations;

pub(super) fn rows(rows: &mut Operations) {
    rows.judge("createConsignment", consignments::create)
        .judge("cancelConsignment", consignments::cancel)
        .judge("getLabel", labels::get)
        .judge("printLabels", labels::print)
        .judge("listLocations", account::locations)
        .judge("getLocation", account::location)
        .judge("getPackagingOptions", account::packaging)
        .judge("listAttributes", account::attributes)
        .judge("createSku", skus::create)
        .judge("listSkus", skus::list)
        .judge("getSku", skus::get)
        .judge("updateSku", skus::update)
        .judge("listServices", account::services)
        .judge("createToken", tokens::create)
        .judge("getToken", tokens::get)
        .judge("deleteToken", tokens::delete)
        .judge("getConsignmentEvents", tracking::consignment)
        .judge("getParcelEvents", tracking::parcel)
        .judge("listUsers", users::list);
}
