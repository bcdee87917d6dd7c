//! What each operation promises, a file for each tag of the document. `create` makes orders of what was sent, `validation` their
//! addresses, `catalog` the products and customers that come with them.

pub(super) mod accounts;
pub(super) mod carriers;
pub(in crate::vendors::shipstation) mod create;
pub(super) mod customers;
pub(in crate::vendors::shipstation) mod fulfillments;
pub(super) mod orders;
pub(super) mod products;
pub(super) mod shipments;
pub(super) mod stores;
mod validation;
pub(super) mod warehouses;
pub(super) mod webhooks;

use serde::Deserialize;
use serde_json::json;

use crate::engine::Reply;

/// The number that a path or a query names, however it is spelled.
#[derive(Deserialize)]
pub(in crate::vendors::shipstation::v1) struct Id {
    #[serde(alias = "orderId", alias = "customerId", alias = "productId", alias = "storeId", alias = "warehouseId", alias = "webhookId")]
    pub id: String,
}

/// What most changes are answered with.
fn done(message: &str) -> Reply {
    Reply::ok(json!({"success": true, "message": message}))
}
