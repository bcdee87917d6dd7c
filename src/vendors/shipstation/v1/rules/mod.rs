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
use serde_json::{Value, json};

use super::super::wire::money::Money;
use crate::base::json::Written;
use crate::engine::scales::Scales;
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::spec::Step;
use crate::world::Kind;

/// The number that a path or a query names, however it is spelled.
#[derive(Deserialize)]
pub(in crate::vendors::shipstation::v1) struct Id {
    #[serde(alias = "orderId", alias = "customerId", alias = "productId", alias = "storeId", alias = "warehouseId", alias = "webhookId")]
    pub id: String,
}

/// A document as it was written when it was stored, with the decimals of its numbers.
fn stored(cx: &Cx<'_>, kind: Kind, id: &str) -> Outcome {
    let body = cx.docs.raw(kind.clone(), id).ok_or_else(|| Refusal::missing(kind, id))?;
    Ok(Reply::ok(Written::from(body)))
}

/// What most changes are answered with.
fn done(message: &str) -> Reply {
    Reply::ok(json!({"success": true, "message": message}))
}

/// JSON pointers to numbers, and how many decimals those have.
type Decimals = &'static [(&'static str, usize)];

/// An answer with so many decimals in its numbers; what is behind them is cut off.
fn scaled(shown: impl Into<Value>, decimals: Decimals) -> Written {
    scaled_as(Scales::default(), shown, decimals)
}

/// The same, with other numbers as they were written elsewhere.
fn scaled_as(mut scales: Scales, shown: impl Into<Value>, decimals: Decimals) -> Written {
    let mut shown = shown.into();
    for (pointer, places) in decimals {
        let Some(number) = shown.pointer_mut(pointer).filter(|number| number.is_number()) else { continue };
        let written = Money::from(number.take()).scaled(*places);
        *number = serde_json::from_str(&written).unwrap_or_default();
        let path: Vec<Step> = pointer.split('/').skip(1).map(|name| Step::Member(name.into())).collect();
        scales = scales.and(&path, &written);
    }
    scales.write(&shown)
}
