//! Customers, who come with the orders that name their user.

use super::super::super::wire::CUSTOMER;
use super::super::listing;
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Outcome};

pub(crate) static CUSTOMERS: Resource = Resource::new(CUSTOMER, "Customer", &listing::CUSTOMERS, &Conventions::USUAL);

pub fn list(cx: &mut Cx<'_>) -> Outcome {
    Ok(listing::page("customers", listing::CUSTOMERS.read(cx.call)?.documents(&cx.docs, CUSTOMER)?.written(), false))
}
