//! What a shipment costs with each service that takes it. Integer cents throughout; percentages are rounded half up.
//!
//! Recorded: the anatomy of a quote (base, surcharges in the carrier's order, taxes on their sum), and the amounts of two
//! routes in 2025, which the catalog's prices reproduce to a few cents.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::catalog::{CATALOG, Carrier, Service, Surcharge, Zone};
use super::wire::{Charge, Charges, Money, Quote, Transit};
use crate::carrier;

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

const KG_PER_POUND: f64 = 0.453_592_37;
/// Cubic inches that count as a pound, and cubic centimetres that count as a kilogram.
const DIVISORS: (f64, f64) = (139.0, 5000.0);
/// Kilograms that every price includes.
const INCLUDED: f64 = 5.0;
/// ShipTime's own insurance: cents for each started hundred dollars. Recorded: 250 for 125.68 dollars.
const INSURANCE: i64 = 125;

/// Everything that can be bought of some carriers for a checked rate request, in their order.
pub(super) fn offers(carriers: &'static [Carrier], request: &Map<String, Value>) -> Vec<Offer> {
    Shipment::deserialize(request).expect("a checked request has what pricing needs").offers(carriers)
}

impl Shipment {
    fn offers(&self, carriers: &'static [Carrier]) -> Vec<Offer> {
        let zone = self.zone();
        let heaviest = self.line_items.iter().map(|item| self.kilograms(item)).fold(0.0, f64::max);
        let billed: f64 = self.line_items.iter().map(|item| self.kilograms(item).max(self.volume(item))).sum();
        let extra = whole((billed - INCLUDED - 1e-9).ceil().max(0.0));
        let takers = carriers.iter().filter(|carrier| self.is_taken_by(carrier, zone, heaviest));
        let pairs = takers.flat_map(|carrier| carrier.services.iter().map(move |service| (carrier, service)));
        pairs
            .filter(|(_, service)| {
                service.packages.as_ref().map_or(self.package_type == "PACKAGE", |rows| rows.contains(&self.package_type))
            })
            .filter_map(|(carrier, service)| {
                let base = service.price.get(&zone)? + extra * service.per_kg.get(&zone)?;
                let days = service.days.get(&zone).map(|days| self.days(*days, zone, service.days_max));
                let charges = self.charges(carrier, service, zone, base);
                let before_taxes = base + sum(&charges.surcharges);
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
            })
            .collect()
    }

    fn zone(&self) -> Zone {
        let (from, to) = (self.from.country_code.as_str(), self.to.country_code.as_str());
        if (from, to) != ("CA", "CA") {
            let inland = |country: &str| country == "CA" || country == "US";
            return if inland(from) && inland(to) { Zone::Us } else { Zone::Abroad };
        }
        let place = |end: &End| CATALOG.provinces.get(&end.state).and_then(|province| province.place);
        match (place(&self.from), place(&self.to)) {
            (Some(_), Some(_)) if self.from.state == self.to.state => Zone::Local,
            (Some(from), Some(to)) if from.abs_diff(to) <= 1 => Zone::Near,
            (Some(_), Some(_)) => Zone::Far,
            _ => Zone::Remote,
        }
    }

    /// The working days of a service; abroad they are more the further it is.
    fn days(&self, usual: u8, zone: Zone, most: Option<u8>) -> u8 {
        let place = |end: &End| {
            let [city, state, zip, country] = [&end.city, &end.state, &end.postal_code, &end.country_code].map(String::clone);
            carrier::Location { city, state, zip, country }
        };
        let days = if matches!(zone, Zone::Abroad) { carrier::transit::days(usual, &place(&self.from), &place(&self.to)) } else { usual };
        most.map_or(days, |most| most.min(days))
    }

    fn is_taken_by(&self, carrier: &Carrier, zone: Zone, heaviest: f64) -> bool {
        let domestic = !matches!(zone, Zone::Us | Zone::Abroad);
        let inside =
            carrier.within.as_ref().is_none_or(|rows| domestic && rows.contains(&self.from.state) && rows.contains(&self.to.state));
        let one_city = carrier.same_city.as_ref().is_none_or(|letters| {
            let counts = |end: &End| end.postal_code.chars().next().is_some_and(|letter| letters.contains(&letter));
            self.from.city.eq_ignore_ascii_case(&self.to.city) || (counts(&self.from) && counts(&self.to))
        });
        let pieces = !carrier.one_piece || self.line_items.len() <= 1;
        inside && one_city && pieces && carrier.max_kg.is_none_or(|limit| heaviest <= limit)
    }

    fn charges(&self, carrier: &Carrier, service: &Service, zone: Zone, base: i64) -> Charges {
        let declared: i64 = self.line_items.iter().filter_map(|item| item.declared_value.as_ref()).map(|value| value.amount).sum();
        let hundreds = declared.div_euclid(10_000) + i64::from(declared.rem_euclid(10_000) > 0);
        let by_shiptime = self.insurance_type.as_deref() == Some("SHIPTIME");
        let home =
            carrier.surcharges.iter().find(|row| row.code == "RESIDENTIAL").and_then(|row| row.cents).filter(|_| self.to.residential);
        let applies = |row: &&Surcharge| {
            let service_fits = row.services.as_ref().is_none_or(|rows| rows.contains(&service.id));
            let insured = row.per_hundred.is_none() || (declared > 0 && !by_shiptime);
            service_fits && insured && (!row.residential || self.to.residential)
        };
        let mut surcharges: Vec<Charge> = carrier
            .surcharges
            .iter()
            .filter(applies)
            .map(|row| {
                let rated = if row.on_residential { base + home.unwrap_or(0) } else { base };
                let cents = row.cents.or_else(|| row.per_hundred.map(|rate| rate * hundreds));
                Charge::new(&row.code, &row.name, cents.unwrap_or_else(|| share(rated, row.hundredths.unwrap_or(0), 10_000)))
            })
            .collect();
        if by_shiptime && declared > 0 {
            surcharges.push(Charge::new("INSURANCE", "Insurance", INSURANCE * hundreds));
        }
        let before_taxes = base + sum(&surcharges);
        let taxed = if matches!(zone, Zone::Us | Zone::Abroad) { None } else { CATALOG.provinces.get(&self.to.state) };
        let taxes = taxed.into_iter().flat_map(|province| &province.taxes);
        let taxes = taxes.map(|tax| Charge::new("TAX", &tax.name, share(before_taxes, tax.millionths, 1_000_000))).collect();
        Charges { base_charge: Money::cad(base), surcharges, taxes }
    }

    fn kilograms(&self, item: &Item) -> f64 {
        if self.unit_of_measurement == "IMPERIAL" { item.weight * KG_PER_POUND } else { item.weight }
    }

    fn volume(&self, item: &Item) -> f64 {
        let volume = item.length * item.width * item.height;
        if self.unit_of_measurement == "IMPERIAL" { volume / DIVISORS.0 * KG_PER_POUND } else { volume / DIVISORS.1 }
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

/// `parts` of `whole` in `of`, rounded half up.
fn share(amount: i64, parts: i64, of: i64) -> i64 {
    (2 * amount * parts + of).div_euclid(2 * of)
}

/// A weight as a count of kilograms; absurd weights are held at a thousand tons.
#[expect(clippy::cast_possible_truncation, reason = "the value is whole and clamped")]
fn whole(kilograms: f64) -> i64 {
    kilograms.clamp(0.0, 1e6) as i64
}
