//! Which service carries a consignment.

use serde_json::Value;

use super::attributes::word;
use super::order::Order;
use crate::engine::{Cx, Refusal};
use crate::vendors::shipmate::catalog::{CATALOG, Carrier, Route, Service};
use crate::vendors::shipmate::dialect::{CARRIER, NO_SERVICE};

/// The service that was asked for, if it takes every parcel; else the first rule's that does.
pub fn choose(cx: &Cx<'_>, order: &Order<'_>) -> Result<&'static Service, Refusal> {
    let takes_all = |service: &&'static Service| order.parcels.iter().all(|parcel| service.takes(&parcel.size));
    let chosen = match order.service {
        Some(service) => cx.had(&CATALOG.services).iter().find(|other| other.key == service.key).filter(takes_all),
        None => {
            let fitting = cx.had(&CATALOG.routing).iter().filter(|route| fits(route, order));
            fitting.filter_map(|route| CATALOG.service(&route.service)).find(takes_all)
        }
    };
    chosen.ok_or(Refusal::Because(NO_SERVICE, Value::Null))
}

/// Complains about what the carrier of a service does not take, which only shows once the service is known.
pub fn accept(carrier: &Carrier, order: &Order<'_>) -> Result<(), Refusal> {
    let complain = |text: String| Err(Refusal::Because(CARRIER, text.into()));
    if let Some(most) = carrier.reference_max.filter(|most| order.reference.chars().count() > *most) {
        return complain(format!("{} takes references of at most {most} characters", carrier.code));
    }
    let Some([least, most]) = carrier.values else { return Ok(()) };
    if order.parcels.iter().filter_map(|parcel| parcel.value).all(|value| (least..=most).contains(&value)) {
        return Ok(());
    }
    complain(format!("{} takes values from {least} to {most}", carrier.code))
}

/// Whether a service may be had for a shipment: it takes every parcel, and no rule keeps it for other countries.
pub fn reaches(service: &Service, order: &Order<'_>) -> bool {
    let own = || CATALOG.routing.iter().filter(|route| route.service == service.key && !route.outside.is_empty());
    let lands = |route: &Route| route.outside.iter().all(|country| *country != *order.to.country);
    let abroad = CATALOG.routing.iter().any(|route| !route.outside.is_empty() && lands(route));
    let keeps = own().next().map_or(!abroad || service.price == "0.00", |_| own().any(lands));
    keeps && order.parcels.iter().all(|parcel| service.takes(&parcel.size))
}

fn fits(route: &Route, order: &Order<'_>) -> bool {
    let heaviest = order.parcels.iter().filter_map(|parcel| parcel.size.weight).max().unwrap_or_default();
    let reaches = route.outside.iter().all(|country| *country != *order.to.country);
    let light = route.max_weight.is_none_or(|most| heaviest <= most);
    let asked = route.attribute.as_ref().is_none_or(|name| {
        let values = order.parcels.iter().filter_map(|parcel| word(parcel.attributes?.get(name)?));
        values.into_iter().any(|value| route.values.is_empty() || route.values.iter().any(|other| *other == value))
    });
    reaches && light && asked
}
