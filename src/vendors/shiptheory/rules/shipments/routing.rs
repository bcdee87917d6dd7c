//! Which carrier gets a shipment: the one that owns the delivery service, or the one that the account's shipping rules
//! name; and what that carrier refuses.

use std::sync::LazyLock;

use regex::Regex;

use crate::carrier::countries;
use crate::engine::Cx;
use crate::vendors::shiptheory::catalog::{CATALOG, Carrier, ReturnService, Service, When};
use crate::vendors::shiptheory::wire::{self, Booking, Number, Shipment};

/// Where a booking goes.
pub(in crate::vendors::shiptheory) enum Route {
    /// To a carrier, with these return services in the box.
    Book(Chosen, Vec<u32>),
    /// To a person who approves it.
    Approve(Chosen),
    /// To a carrier whose settings the account lacks.
    Unset(Chosen),
    /// Nowhere.
    Ignore,
}

/// A service and the carrier that owns it.
#[derive(Clone, Copy)]
pub(in crate::vendors::shiptheory) struct Chosen {
    pub carrier: &'static Carrier,
    pub service: &'static Service,
}

/// Chooses. A delivery service that does not exist counts as none, and then nothing else of the wish counts either.
pub(in crate::vendors::shiptheory) fn choose(cx: &Cx<'_>, booking: &Booking) -> Route {
    let Some(chosen) = booking.delivery_service.as_ref().and_then(|id| chosen(id.parse().ok()?)) else { return by_rules(cx, booking) };
    let increment = booking.increment.as_deref().filter(|text| !text.is_empty()).unwrap_or("1");
    if !cx.had(&chosen.carrier.increments).iter().any(|own| own.to_string() == increment) {
        return Route::Unset(chosen);
    }
    if booking.mark_for_approval == Some(true) { Route::Approve(chosen) } else { Route::Book(chosen, Vec::new()) }
}

fn by_rules(cx: &Cx<'_>, booking: &Booking) -> Route {
    // `max_by_key` keeps the last of equals, and the first is wanted.
    let rule = cx.had(&CATALOG.rules).iter().rev().filter(|rule| holds(&rule.when, booking)).max_by_key(|rule| rule.importance);
    let Some(then) = rule.map(|rule| &rule.then) else { return Route::Ignore };
    let service = |id: Option<u32>| id.and_then(|id| chosen(i64::from(id)));
    match (service(then.book), service(then.approve)) {
        (Some(chosen), _) => Route::Book(chosen, then.returns.clone()),
        (None, Some(chosen)) => Route::Approve(chosen),
        (None, None) => Route::Ignore,
    }
}

/// The service with that id.
pub(in crate::vendors::shiptheory) fn chosen(id: i64) -> Option<Chosen> {
    let (carrier, service) = CATALOG.service(u32::try_from(id).ok()?)?;
    Some(Chosen { carrier, service })
}

fn holds(when: &When, booking: &Booking) -> bool {
    let detail = &booking.shipment_detail;
    let (weight, value) = (wire::number(detail, "weight"), wire::number(detail, "value"));
    let country = wire::text(&booking.recipient, "country").to_ascii_uppercase();
    let listed = |rows: &Vec<String>| rows.contains(&country);
    let same = |wanted: &Option<String>, name: &str| wanted.is_none() || wanted.as_deref() == detail[name].as_str();
    when.countries.as_ref().is_none_or(listed)
        && !when.not_countries.as_ref().is_some_and(listed)
        && when.weight_from.is_none_or(|from| weight >= from)
        && when.weight_to.is_none_or(|to| weight <= to)
        && when.value_from.is_none_or(|from| value >= from)
        && when.value_to.is_none_or(|to| value <= to)
        && same(&when.shipping_method, "channel_shipservice_name")
        && same(&when.rules_metadata, "rules_metadata")
}

/// What the carrier says when it does not take a booking.
pub(in crate::vendors::shiptheory) fn objection(chosen: Chosen, shipment: &Shipment) -> Option<String> {
    let Chosen { carrier, service } = chosen;
    let country = wire::text(&shipment.recipient, "country").to_ascii_uppercase();
    if !carrier.area.has(&country) || !service.area.has(&country) {
        return Some(format!("{} does not deliver to {}", service.name, name_of(&country)));
    }
    let postcode = wire::text(&shipment.recipient, "postcode");
    if country == "GB" && !is_british(postcode) {
        return Some(format!("The postcode '{postcode}' is not valid for {}", name_of(&country)));
    }
    let weight = shipment.parcel_weight();
    if weight > carrier.weight_max {
        return Some(too_heavy(weight, carrier.weight_max, &service.name));
    }
    let most = carrier.reference_max.filter(|most| shipment.reference.chars().count() > *most)?;
    Some(format!("The reference is longer than the {most} characters that {} allows", carrier.name))
}

/// What a carrier says when it does not take a return of so many kilograms from that country.
pub(in crate::vendors::shiptheory) fn return_objection(service: &ReturnService, country: &str, weight: f64) -> Option<String> {
    if !service.incoming_countries.iter().any(|row| row.eq_ignore_ascii_case(country)) {
        return Some(format!("{} is not available from {}", service.name, name_of(country)));
    }
    let limit = service.upper_limit_weight.0;
    (limit > 0.0 && weight > limit).then(|| too_heavy(weight, limit, &service.name))
}

fn too_heavy(weight: f64, limit: f64, service: &str) -> String {
    let weight = Number((weight * 1000.0).round() / 1000.0);
    format!("The weight of {} kg is above the {} kg that {service} allows", weight.0, limit)
}

fn name_of(country: &str) -> &str {
    countries::find(country).map_or(country, |country| country.name)
}

/// Whether a text is a British postcode: area, district, space or none, sector and unit.
fn is_british(postcode: &str) -> bool {
    static SHAPE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("^(GIR0AA|[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2})$").expect("an expression"));
    SHAPE.is_match(&postcode.replace(' ', "").to_ascii_uppercase())
}
