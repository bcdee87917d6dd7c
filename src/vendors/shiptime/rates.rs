//! What a shipment costs with each service that takes it, by the carriers' contracts. Integer cents throughout.
//!
//! Recorded: the anatomy of a quote (base, surcharges in the carrier's order, taxes on their sum), and the amounts of two
//! routes in 2025, which the tariffs reproduce to a few cents.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::catalog::{CATALOG, Carrier, Service};
use super::wire::{Charge, Charges, Money, Quote, Transit};
use crate::carrier::rating::{self, Lane, Load, Options, Piece, Price};
use crate::carrier::{Location, transit};

/// One service that takes a shipment, and what it charges.
pub(super) struct Offer {
    pub(super) carrier: &'static Carrier,
    pub(super) service: &'static Service,
    /// As it is printed; its id is made when it is.
    pub(super) quote: Quote,
    /// Working days, for the parcel's life; none where a driver comes at once.
    pub(super) days: u8,
}

/// What pricing looks at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shipment {
    from: End,
    to: End,
    package_type: String,
    unit_of_measurement: String,
    insurance_type: Option<String>,
    line_items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct End {
    #[serde(default)]
    city: String,
    country_code: String,
    #[serde(default)]
    state: String,
    postal_code: String,
    #[serde(default)]
    residential: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    length: f64,
    width: f64,
    height: f64,
    weight: f64,
    declared_value: Option<Money>,
}

/// ShipTime's own insurance: cents for each started hundred dollars. Recorded: 250 for 125.68 dollars.
const INSURANCE: i64 = 125;

/// Everything that can be bought of some carriers for a checked rate request, in their order.
pub(super) fn offers(carriers: &'static [Carrier], request: &Map<String, Value>) -> Vec<Offer> {
    Shipment::deserialize(request).expect("a checked request has what pricing needs").offers(carriers)
}

impl Shipment {
    fn offers(&self, carriers: &'static [Carrier]) -> Vec<Offer> {
        let pieces: Vec<Piece> = self.line_items.iter().map(|item| self.piece(item)).collect();
        let (from, to) = (self.from.place(), self.to.place());
        let lane = Lane::between(&from, &to);
        let declared: i64 = self.line_items.iter().filter_map(|item| item.declared_value.as_ref()).map(|value| value.amount).sum();
        let (declared, by_shiptime) = (declared.max(0), self.insurance_type.as_deref() == Some("SHIPTIME"));
        let options = Options { residential: self.to.residential, insured: if by_shiptime { 0 } else { declared }, ..Options::default() };
        let load = Load { pieces: &pieces, package: None, options, imperial: self.unit_of_measurement == "IMPERIAL" };
        let takers = carriers.iter().filter(|carrier| self.is_taken_by(carrier, &pieces));
        let pairs = takers.flat_map(|carrier| carrier.services.iter().map(move |service| (carrier, service)));
        let offers = pairs.filter(|(_, service)| self.is_packed_for(service)).filter_map(|(carrier, service)| {
            let price = service.tariff?.price(&lane, &load)?;
            let days = service.tariff?.days(&lane).filter(|days| *days > 0).map(|days| self.days(days, service.days_max, [&from, &to]));
            let charges = self.charges(&price, if by_shiptime { declared } else { 0 });
            let before_taxes = price.base + sum(&charges.surcharges);
            let quote = Quote {
                total_charge: Money::cad(before_taxes + sum(&charges.taxes)),
                total_before_taxes: Money::cad(before_taxes),
                charges,
                exchange_rate: 0.0,
                carrier_id: &carrier.id,
                carrier_name: &carrier.name,
                service_id: &service.id,
                service_name: &service.name,
                transit: transit(service, days),
                cutoff_time: carrier.cutoff.as_deref(),
                access_time_interval: &carrier.interval,
                quote_id: String::new(),
            };
            Some(Offer { carrier, service, quote, days: if service.minutes.is_some() { 0 } else { days.unwrap_or(2).max(1) } })
        });
        offers.collect()
    }

    fn is_packed_for(&self, service: &Service) -> bool {
        service.packages.as_ref().map_or(self.package_type == "PACKAGE", |rows| rows.contains(&self.package_type))
    }

    fn is_domestic(&self) -> bool {
        [&self.from, &self.to].iter().all(|end| end.country_code == "CA")
    }

    /// The working days of a service; abroad they are more the further it is.
    fn days(&self, usual: u8, most: Option<u8>, [from, to]: [&Location; 2]) -> u8 {
        let inland = |end: &End| ["CA", "US"].contains(&&*end.country_code);
        let days = if inland(&self.from) && inland(&self.to) { usual } else { transit::days(usual, from, to) };
        most.map_or(days, |most| most.min(days))
    }

    fn is_taken_by(&self, carrier: &Carrier, pieces: &[Piece]) -> bool {
        let inside = carrier
            .within
            .as_ref()
            .is_none_or(|rows| self.is_domestic() && rows.contains(&self.from.state) && rows.contains(&self.to.state));
        let one_city = carrier.same_city.as_ref().is_none_or(|letters| {
            let counts = |end: &End| end.postal_code.chars().next().is_some_and(|letter| letters.contains(&letter));
            self.from.city.eq_ignore_ascii_case(&self.to.city) || (counts(&self.from) && counts(&self.to))
        });
        #[expect(clippy::cast_precision_loss, reason = "weights are small")]
        let is_light = carrier.max_kg.is_none_or(|most| pieces.iter().all(|piece| piece.weight as f64 <= most * Piece::PER_KILOGRAM));
        inside && one_city && is_light && !(carrier.one_piece && pieces.len() > 1)
    }

    fn charges(&self, price: &Price, insured: i64) -> Charges {
        let mut surcharges: Vec<Charge> = price.surcharges.iter().map(|row| Charge::new(row.code, row.name, row.cents)).collect();
        if insured > 0 {
            surcharges.push(Charge::new("INSURANCE", "Insurance", INSURANCE.saturating_mul(insured.saturating_add(9_999) / 10_000)));
        }
        let before_taxes = price.base + sum(&surcharges);
        let taxed = CATALOG.provinces.get(&self.to.state).filter(|_| self.is_domestic());
        let taxes = taxed.into_iter().flat_map(|province| &province.taxes);
        let taxes = taxes.map(|tax| Charge::new("TAX", &tax.name, rating::share(before_taxes, tax.millionths, 1_000_000))).collect();
        Charges { base_charge: Money::cad(price.base), surcharges, taxes }
    }

    fn piece(&self, item: &Item) -> Piece {
        let units = if self.unit_of_measurement == "IMPERIAL" {
            (Piece::PER_POUND, Piece::PER_INCH)
        } else {
            (Piece::PER_KILOGRAM, Piece::PER_CENTIMETER)
        };
        Piece::of(item.weight, units.0, [item.length, item.width, item.height], units.1)
    }
}

impl End {
    fn place(&self) -> Location {
        let [city, state, zip, country] = [&self.city, &self.state, &self.postal_code, &self.country_code].map(String::clone);
        Location { city, state, zip, country }
    }
}

fn transit(service: &Service, days: Option<u8>) -> Transit {
    let unit = |unit: &str| unit.to_owned();
    if service.minutes.is_some() {
        return Transit { transit_days: service.minutes, transit_days_max: None, transit_unit: unit("Minutes") };
    }
    let days = if service.days_max.is_some() { None } else { days };
    Transit { transit_days: days, transit_days_max: service.days_max, transit_unit: unit("Days") }
}

fn sum(charges: &[Charge]) -> i64 {
    charges.iter().map(|charge| charge.price.amount).sum()
}
