//! What a label costs: the price of the catalog, which for other than flat rate packages grows with weight and distance.

use super::catalog::{Carrier, Package, Service};
use super::wire::money::Money;
use crate::carrier::Location;

/// What a price depends on, besides the service and the package.
pub(crate) struct Load<'a> {
    pub from: &'a Location,
    pub to: &'a Location,
    pub ounces: f64,
}

/// One offer of a carrier.
pub(crate) struct Quote {
    pub service: &'static Service,
    pub package: &'static Package,
    pub cost: Money,
}

/// What a version quotes of a carrier, by service and package in the order of the catalog; of one service or package alone if they are
/// named.
pub(crate) fn quote(version: u8, carrier: &'static Carrier, service: Option<&str>, package: Option<&str>, load: &Load<'_>) -> Vec<Quote> {
    let is_wanted = |wanted: Option<&str>, code: &str| wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(code));
    let services = carrier.services.iter().filter(|row| !row.unquoted_by.contains(&version) && is_wanted(service, &row.code));
    let offers = services.flat_map(|service| {
        let packages = service.prices.keys().filter(move |code| is_wanted(package, code)).filter_map(|code| carrier.package(code));
        packages.filter_map(move |package| Some(Quote { service, package, cost: price(service, package, load)? }))
    });
    offers.collect()
}

/// The price of a service with a package; nothing if it does not take that load there.
pub(crate) fn price(service: &Service, package: &Package, load: &Load<'_>) -> Option<Money> {
    let is_abroad = load.from.country != load.to.country;
    let reaches = if is_abroad { service.international && package.international } else { service.domestic && package.domestic };
    let base = service.prices.get(&package.code).filter(|_| reaches && load.ounces <= package.max_ounces)?;
    let base = Money::from(base.clone());
    Some(if package.flat_rate { base } else { scaled(base, load, is_abroad) })
}

/// A price for one pound across the country, by weight and distance.
fn scaled(base: Money, load: &Load<'_>, is_abroad: bool) -> Money {
    let pounds = load.ounces / 16.0;
    let by_weight = if pounds <= 1.0 { 70.0 + 30.0 * pounds } else { 100.0 + 18.0 * (pounds - 1.0) };
    let by_distance = if is_abroad { 100 } else { 60 + 5 * zones(&load.from.zip, &load.to.zip) };
    #[expect(clippy::cast_possible_truncation, reason = "a load is not so heavy")]
    let percent = by_weight.round() as i64 * by_distance;
    Money((base * percent).0 / 10_000).cents()
}

/// How far two postal codes are apart, from 0 to 8: the first digits of those of the United States grow from east to west.
fn zones(from: &str, to: &str) -> i64 {
    let digit = |code: &str| code.bytes().next().filter(u8::is_ascii_digit).map_or(0, |digit| i64::from(digit - b'0'));
    (digit(from) - digit(to)).abs().min(8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendors::shipstation::catalog::CATALOG;

    #[test]
    fn a_pound_across_the_country_costs_what_was_recorded() {
        let place = |zip: &str| Location { zip: zip.to_owned(), country: "US".to_owned(), ..Location::default() };
        let (from, to) = (place("94117"), place("10020"));
        let carrier = CATALOG.carrier("stamps_com").expect("it is in the catalog");
        let rows = quote(1, carrier, None, Some("package"), &Load { from: &from, to: &to, ounces: 16.0 });
        let prices: Vec<String> = rows.iter().map(|row| row.cost.to_string()).collect();
        assert_eq!(prices, ["11.41", "55.79", "4.39", "10.01", "10.01"]);
    }
}
