//! What a label costs: the price of the carrier's contract, for each package that a service takes.

use serde_json::Value;

use super::catalog::{Carrier, Package, Service};
use super::wire::address::{Address as Sent, Dimensions, Weight};
use super::wire::money::Money;
use crate::carrier::address::{Address, Fault, Kind};
use crate::carrier::label::CARRIERS;
use crate::carrier::rating::{self, Charge, Options, Piece, Signature};
use crate::carrier::{Location, countries, transit};

/// What a price depends on, besides the service and the package.
pub(crate) struct Load {
    from: Location,
    to: Location,
    pub lane: rating::Lane,
    pieces: Vec<Piece>,
    options: Options,
}

impl Load {
    /// Packages on the way between two places, as a carrier sees it.
    pub fn of(carrier: &Carrier, [from, to]: [&Location; 2], pieces: Vec<Piece>, options: Options) -> Self {
        let [from, to] = [from, to].map(|end| CARRIERS.place(&carrier.code, end));
        Self { lane: rating::Lane::between(&from, &to), from, to, pieces, options }
    }
}

/// One offer of a carrier.
pub(crate) struct Quote {
    pub service: &'static Service,
    pub package: &'static Package,
    pub cost: Cost,
}

/// A price, by what it is made of.
#[derive(Default)]
pub(crate) struct Cost {
    pub shipping: Money,
    pub confirmation: Money,
    pub insurance: Money,
    /// Surcharges, with those of fuel.
    pub other: Money,
    pub surcharges: Vec<Charge>,
}

impl Cost {
    pub fn total(&self) -> Money {
        self.shipping + self.confirmation + self.insurance + self.other
    }
}

/// A package as carriers measure it.
pub(crate) fn piece(weight: &Weight, sizes: Option<&Dimensions>) -> Piece {
    let unit = if sizes.is_some_and(|sizes| sizes.units.starts_with("centi")) { Piece::PER_CENTIMETER } else { Piece::PER_INCH };
    let sides = sizes.map_or([0.0; 3], |sizes| [sizes.length, sizes.width, sizes.height].map(Money::number));
    Piece::of(weight.ounces(), Piece::PER_OUNCE, sides, unit)
}

/// What a word of either version asks of the carrier at the door.
pub(crate) fn signature(confirmation: Option<&str>) -> Option<Signature> {
    match confirmation? {
        "signature" | "direct_signature" | "verbal_confirmation" => Some(Signature::Anybody),
        "adult_signature" => Some(Signature::Adult),
        _ => None,
    }
}

/// What the carrier itself is asked to insure, in cents.
pub(crate) fn insured(options: &Value) -> i64 {
    let is_asked = options["insureShipment"] == true && options["provider"] == "carrier";
    if is_asked { Money::from(options["insuredValue"].clone()).0 / 100 } else { 0 }
}

/// What a version quotes of a carrier, by service and package in the order of the catalog; of one service or package alone if they are
/// named.
pub(crate) fn quote(version: u8, carrier: &'static Carrier, service: Option<&str>, package: Option<&str>, load: &Load) -> Vec<Quote> {
    let is_wanted = |wanted: Option<&str>, code: &str| wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(code));
    let services = carrier.services.iter().filter(|row| !row.unquoted_by.contains(&version) && is_wanted(service, &row.code));
    let offers = services.flat_map(|service| {
        let packages = service.packages.iter().filter(move |code| is_wanted(package, code)).filter_map(|code| carrier.package(code));
        packages.filter_map(move |package| Some(Quote { service, package, cost: price(service, package, load)? }))
    });
    offers.collect()
}

/// The price of a service with a package; nothing if it does not take that load there.
pub(crate) fn price(service: &Service, package: &Package, load: &Load) -> Option<Cost> {
    let is_abroad = load.from.country != load.to.country;
    let reaches = if is_abroad { service.international && package.international } else { service.domestic && package.domestic };
    // To a hundredth of a gram, as pieces are measured.
    #[expect(clippy::cast_precision_loss, reason = "weights are small")]
    let is_carried = load.pieces.iter().all(|piece| service.carries(package, (piece.weight as f64 / Piece::PER_OUNCE * 1e3).round() / 1e3));
    let is_small = service.limits.is_none_or(|limits| load.pieces.iter().all(|piece| limits.hold(piece)));
    let is_somewhere = countries::find(&load.to.country).is_some();
    if !reaches || !is_somewhere || !is_carried || !is_small || !service.packages.contains(&package.code) {
        return None;
    }
    let asked = rating::Load { pieces: &load.pieces, package: Some(&package.code), options: load.options, imperial: false };
    let price = service.tariff?.price(&load.lane, &asked)?;
    let (signed, insured) = (price.of("SIGNATURE"), price.of("INSURANCE"));
    Some(Cost {
        shipping: Money::of_cents(price.base),
        confirmation: Money::of_cents(signed),
        insurance: Money::of_cents(insured),
        other: Money::of_cents(price.total() - price.base - signed - insured),
        surcharges: price.surcharges,
    })
}

/// What carriers say of a destination in the United States whose postal code is none.
pub(crate) fn uncoded(to: &Location) -> Option<String> {
    wrong(to, |fault| matches!(fault, Fault::NoCode | Fault::Code))
}

/// What they say of one whose postal code is none, or lies in another state.
pub(crate) fn misplaced(to: &Location) -> Option<String> {
    wrong(to, |fault| matches!(fault, Fault::NoCode | Fault::Code | Fault::State(_)))
}

/// Which of street, city, state and postal code an address lacks. Inferred: those of countries without states go without the latter two.
pub(crate) fn lacking(address: &Sent) -> Option<usize> {
    let has_states = address.country.as_deref().is_some_and(|code| ["US", "CA", "AU"].contains(&&*code.trim().to_uppercase()));
    let texts = [&address.street1, &address.city, &address.state, &address.postal_code].into_iter().take(if has_states { 4 } else { 2 });
    texts.map(Option::as_deref).position(|text| text.is_none_or(|text| text.trim().is_empty()))
}

fn wrong(to: &Location, is_wrong: fn(&Fault) -> bool) -> Option<String> {
    let (code, state) = (to.zip.trim(), to.state.trim());
    let place = Address { code, state: if state.len() == 2 { state } else { "" }, country: &to.country, ..Address::default() };
    if to.country != "US" || place.kind() == Kind::Military || !place.faults().iter().any(is_wrong) {
        return None;
    }
    let names = if state.is_empty() { "United States".to_owned() } else { format!("{state} United States") };
    let missing = "Missing or invalid ship to postal code.";
    Some(if code.is_empty() { missing.to_owned() } else { format!("The postal code {code} is invalid for {names}.") })
}

/// Working days of a service.
pub(crate) fn days(service: &Service, load: &Load) -> u8 {
    service.tariff.and_then(|tariff| tariff.days(&load.lane)).unwrap_or_else(|| transit::days(service.days, &load.from, &load.to))
}

#[cfg(test)]
mod tests {
    use crate::carrier::label::CARRIERS;
    use crate::vendors::shipstation::catalog::CATALOG;

    #[test]
    fn every_service_has_a_tariff() {
        for carrier in &CATALOG.carriers {
            for service in &carrier.services {
                assert!(service.tariff.is_some(), "{} of {}", service.code, carrier.code);
                assert!(service.packages.iter().all(|code| carrier.package(code).is_some()), "{}", service.code);
            }
            assert!(CARRIERS.known(&carrier.code).is_some(), "labels know no {}", carrier.code);
        }
    }
}
