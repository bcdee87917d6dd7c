//! What carriers charge for a shipment: a price from a table by zone and weight, and the surcharges that apply. The same shipment costs
//! the same everywhere and at any time, because nothing else is looked at. All amounts are cents; which services are asked, what they
//! are called and how prices are worded is the vendors' affair.
//!
//! `specs/_carrier/tariffs.yaml` has the tables and says what its members mean.

mod lane;
mod tariff;

use std::sync::LazyLock;

pub use lane::Lane;

use tariff::{Contract, Service, Surcharge, Tariffs, When};

static TARIFFS: LazyLock<Tariffs> = LazyLock::new(|| {
    let tariffs: Tariffs = serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/_carrier/tariffs.json")))
        .unwrap_or_else(|error| panic!("the tariffs: {error}"));
    tariffs.complete()
});

/// A service of a carrier, as a contract has it.
#[derive(Clone, Copy)]
pub struct Tariff {
    contract: &'static Contract,
    service: &'static Service,
}

/// The service of that name, in the first of some contracts that has it.
#[must_use]
pub fn find(contracts: &[&str], name: &str) -> Option<Tariff> {
    let contracts = contracts.iter().filter_map(|id| TARIFFS.contract(id));
    contracts.filter_map(|contract| Some(Tariff { contract, service: contract.service(name)? })).next()
}

/// A piece as carriers measure it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// In micrograms; never negative.
    pub weight: i64,
    /// In hundredths of a millimeter; zero where they were not told.
    pub sides: [i64; 3],
}

/// What weights and lengths in other units are, at most a thousand tons and ten kilometers.
impl Piece {
    pub const PER_KILOGRAM: f64 = 1e9;
    pub const PER_POUND: f64 = 453_592_370.0;
    pub const PER_OUNCE: f64 = 28_349_523.125;
    pub const PER_INCH: f64 = 2_540.0;
    pub const PER_CENTIMETER: f64 = 1_000.0;

    /// A piece by a weight and lengths in any unit.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the values are clamped")]
    pub fn of(weight: f64, per_weight: f64, sides: [f64; 3], per_length: f64) -> Self {
        // Weights are rounded to a hundredth of a gram: 30.73 lb is no started pound more than that.
        let weight = (weight * per_weight / 1e4).round().clamp(0.0, 1e11) as i64 * 10_000;
        Self { weight, sides: sides.map(|side| (side * per_length).round().clamp(0.0, 1e9) as i64) }
    }
}

/// What is asked beside the transport.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether somebody lives at the destination.
    pub residential: bool,
    pub saturday: bool,
    pub signature: Option<Signature>,
    /// The insured value, in cents of the contract's currency.
    pub insured: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    Anybody,
    Adult,
}

/// What is to be sent, and how.
#[derive(Clone, Copy, Debug)]
pub struct Load<'a> {
    pub pieces: &'a [Piece],
    /// The code of the packaging, if it is the carrier's.
    pub package: Option<&'a str>,
    pub options: Options,
    /// Whether it was measured in inches and pounds, where that makes a difference.
    pub imperial: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    pub base: i64,
    pub surcharges: Vec<Charge>,
}

/// A surcharge of a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    pub code: &'static str,
    pub name: &'static str,
    pub cents: i64,
}

impl Price {
    /// The base price with all surcharges.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.surcharges.iter().fold(self.base, |sum, charge| sum.saturating_add(charge.cents))
    }

    /// What the surcharges with a code come to.
    #[must_use]
    pub fn of(&self, code: &str) -> i64 {
        self.surcharges.iter().filter(|charge| charge.code == code).map(|charge| charge.cents).sum()
    }
}

impl Tariff {
    /// What amounts are in, by its code.
    #[must_use]
    pub fn currency(&self) -> &'static str {
        &self.contract.currency
    }

    /// The number of its zone on a lane, from 1; nothing where it does not go.
    #[must_use]
    pub fn zone(&self, lane: &Lane) -> Option<usize> {
        self.service.zone(lane)
    }

    /// Working days on a lane that it serves.
    #[must_use]
    pub fn days(&self, lane: &Lane) -> Option<u8> {
        self.service.days(lane)
    }

    /// Whether it delivers on Saturdays as on other days.
    #[must_use]
    pub fn delivers_on_saturdays(&self) -> bool {
        self.contract.saturdays || self.service.saturdays
    }

    /// What it charges; nothing on lanes that it does not serve.
    #[must_use]
    pub fn price(&self, lane: &Lane, load: &Load<'_>) -> Option<Price> {
        let Self { contract, service } = *self;
        let zone = service.zone(lane)?;
        let part = load.package.and_then(|package| contract.parts.get(package)).copied().unwrap_or(100);
        let flat = load.package.and_then(|package| service.flat.get(package)).copied();
        let units = |weight: i64| tariff::started(weight, service.unit.unwrap_or(contract.unit));
        // Whatever they weigh, so that a surcharge does not end where a pound more begins.
        let bulk = |piece: &Piece| units(contract.weight(Piece { weight: 0, ..*piece }, load.imperial));
        let is_usual = load.pieces.iter().all(|piece| service.is_within(bulk(piece)));
        let cents = |weight: i64| {
            let units = units(weight);
            flat.or_else(|| Some(share(service.cents(zone, units)?, part, 100)))
        };
        let mut weights = load.pieces.iter().map(|piece| contract.weight(*piece, load.imperial));
        let base = if contract.pooled {
            cents(weights.fold(0, i64::saturating_add))?
        } else {
            weights.try_fold(0_i64, |sum, weight| Some(sum.saturating_add(cents(weight)?)))?
        };
        let asked = Asked { lane, load, is_usual };
        let flat = |row: &Surcharge| row.hundredths.is_none() && asked.applies(row, service);
        let mut surcharges = Vec::new();
        for row in &contract.surcharges {
            let cents = match row.hundredths {
                None if flat(row) => asked.cents(row),
                Some(hundredths) if asked.applies(row, service) => {
                    let counted = |other: &&Surcharge| row.on.contains(&other.code) && flat(other);
                    let beside: i64 = contract.surcharges.iter().filter(counted).map(|other| asked.cents(other)).sum();
                    share(base.saturating_add(beside), hundredths, 10_000)
                }
                _ => continue,
            };
            surcharges.push(Charge { code: &row.code, name: &row.name, cents });
        }
        Some(Price { base, surcharges })
    }
}

struct Asked<'a> {
    lane: &'a Lane,
    load: &'a Load<'a>,
    /// Whether the volume of every piece is within the table.
    is_usual: bool,
}

impl Asked<'_> {
    fn applies(&self, row: &Surcharge, service: &Service) -> bool {
        let options = self.load.options;
        let is_asked = match row.when {
            When::Always => true,
            When::Residential => options.residential,
            When::Remote => self.lane.is_remote,
            When::Saturday => options.saturday,
            When::Signature => options.signature == Some(Signature::Anybody),
            When::Adult => options.signature == Some(Signature::Adult),
            When::Insured => options.insured > 0,
            // What is beyond the table is beyond handling as well: its volume says all.
            When::Oversize => self.is_usual && self.oversized(row) > 0,
        };
        is_asked && (row.services.is_empty() || row.services.iter().any(|name| service.is(name)))
    }

    fn cents(&self, row: &Surcharge) -> i64 {
        match (row.when, row.per_hundred) {
            (_, Some(cents)) => cents.saturating_mul(self.load.options.insured.saturating_add(9_999) / 10_000),
            (When::Oversize, None) => row.cents.saturating_mul(self.oversized(row)),
            _ => row.cents,
        }
    }

    fn oversized(&self, row: &Surcharge) -> i64 {
        let is_longer = |piece: &&Piece| piece.sides.iter().any(|side| *side > row.longer_than.saturating_mul(10));
        self.load.pieces.iter().filter(is_longer).count().try_into().unwrap_or(i64::MAX)
    }
}

/// `parts` of `amount` in `of`, rounded half up.
#[must_use]
pub fn share(amount: i64, parts: i64, of: i64) -> i64 {
    (amount.saturating_mul(2).saturating_mul(parts).saturating_add(of)).div_euclid(2 * of)
}

#[cfg(test)]
mod tests;
