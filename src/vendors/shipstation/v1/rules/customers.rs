//! Customers, who come with the orders that name their user.

use super::super::super::wire::CUSTOMER;
use super::super::listing::{self, CUSTOMERS};
use super::Id;
use crate::base::json::Written;
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};

pub fn list(cx: &mut Cx<'_>) -> Outcome {
    Ok(listing::page("customers", CUSTOMERS.read(cx.call)?.documents(&cx.docs, CUSTOMER)?.written(), false))
}

pub fn get(cx: &mut Cx<'_>, Params(Id { id }): Params<Id>) -> Outcome {
    let body = cx.docs.raw(CUSTOMER, &id).ok_or_else(|| Refusal::missing(CUSTOMER, id.as_str()))?;
    Ok(Reply::ok(Written(body.into())))
}
