//! The tables of the tariffs, as `specs/_carrier/tariffs.yaml` has them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Piece;
use super::lane::{Lane, Zones};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tariffs {
    pub zones: Zones,
    contracts: Vec<Contract>,
}

/// What a seller pays one carrier.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contract {
    id: String,
    #[serde(default)]
    like: Option<String>,
    #[serde(default)]
    percent: i64,
    #[serde(default)]
    pub(super) currency: String,
    #[serde(default)]
    pub(super) unit: Unit,
    #[serde(default)]
    divisor: i64,
    #[serde(default)]
    inches: i64,
    #[serde(default)]
    exempt: i64,
    #[serde(default)]
    pub(super) pooled: bool,
    #[serde(default)]
    pub(super) saturdays: bool,
    #[serde(default)]
    pub(super) parts: BTreeMap<String, i64>,
    #[serde(default)]
    pub(super) surcharges: Vec<Surcharge>,
    #[serde(default)]
    services: Vec<Service>,
}

/// A service of a carrier.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    id: String,
    #[serde(default)]
    names: Vec<String>,
    zones: Scheme,
    /// By zone; one alone stands for all.
    days: Vec<u8>,
    /// Whether it delivers on Saturdays as on other days.
    #[serde(default)]
    pub(super) saturdays: bool,
    #[serde(default)]
    pub(super) unit: Option<Unit>,
    #[serde(default)]
    pub(super) flat: BTreeMap<String, i64>,
    #[serde(default)]
    weights: Vec<i64>,
    #[serde(default)]
    prices: Vec<Option<Vec<i64>>>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Surcharge {
    pub code: String,
    pub name: String,
    #[serde(default)]
    pub when: When,
    #[serde(default)]
    pub cents: i64,
    pub hundredths: Option<i64>,
    pub per_hundred: Option<i64>,
    #[serde(default)]
    pub longer_than: i64,
    #[serde(default)]
    pub on: Vec<String>,
    #[serde(default)]
    pub services: Vec<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum When {
    #[default]
    Always,
    Residential,
    Remote,
    Saturday,
    Signature,
    Adult,
    Insured,
    Oversize,
}

/// What weights are billed in.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unit {
    #[default]
    Lb,
    Oz,
    Kg,
}

/// How a service counts zones.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scheme {
    Us,
    Canada,
    World,
    Country,
}

/// Started units of a weight in micrograms, at least one.
pub(super) fn started(weight: i64, unit: Unit) -> i64 {
    // Sixteenths of ten nanograms, in which a pound of the vendors (453.5923695 g) and one of the law (453.59237 g) are whole numbers, and
    // the shorter one counts.
    let (tenths, parts): (i128, i128) = match unit {
        Unit::Lb => (4_535_923_700, 1),
        Unit::Oz => (4_535_923_700, 16),
        Unit::Kg => (10_000_000_000, 1),
    };
    let units = (i128::from(weight) * 10 * parts - 1).max(0) / tenths + 1;
    i64::try_from(units).unwrap_or(i64::MAX).min(MOST)
}

/// Whatever weighs more units than that is beyond any price.
const MOST: i64 = 1_000_000;

impl Tariffs {
    /// With the services of contracts that are like others.
    pub(super) fn complete(mut self) -> Self {
        for index in 0..self.contracts.len() {
            let Some(like) = self.contracts[index].like.clone() else { continue };
            let other = self.contract(&like).expect("a contract is like one that exists").clone();
            let own = &mut self.contracts[index];
            let mut surcharges = std::mem::take(&mut own.surcharges);
            surcharges.extend(other.surcharges.iter().cloned());
            let percent = own.percent;
            *own = Contract { id: own.id.clone(), surcharges, ..other };
            for cents in own.services.iter_mut().flat_map(Service::amounts) {
                *cents = super::share(*cents, percent, 100);
            }
        }
        self
    }

    pub(super) fn contract(&self, id: &str) -> Option<&Contract> {
        self.contracts.iter().find(|contract| contract.id == id)
    }

    #[cfg(test)]
    pub(super) fn services(&self) -> impl Iterator<Item = (&Contract, &Service)> {
        self.contracts.iter().flat_map(|contract| contract.services.iter().map(move |service| (contract, service)))
    }
}

impl Contract {
    /// The service that somebody calls that.
    pub(super) fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.is(name))
    }

    /// What a piece counts as: its weight in micrograms, or that of its volume if that is more.
    pub(super) fn weight(&self, piece: Piece, imperial: bool) -> i64 {
        let volume: i128 = piece.sides.iter().map(|side| i128::from(*side)).product();
        let (pound, kilogram) = ((453_592_370, 2_540_i128.pow(3)), (1_000_000_000, 1_000_i128.pow(3)));
        let ((unit, cube), divisor) = match self.unit {
            Unit::Kg if imperial && self.inches > 0 => (pound, self.inches),
            Unit::Kg => (kilogram, self.divisor),
            Unit::Lb | Unit::Oz => (pound, self.divisor),
        };
        if self.divisor == 0 || volume <= cube * i128::from(self.exempt) {
            return piece.weight;
        }
        // Rounded down, so that exactly one unit of volume is one unit of weight.
        let one = cube * i128::from(divisor);
        let counted = volume.min(one.saturating_mul(MOST.into())) * unit / one;
        piece.weight.max(i64::try_from(counted).unwrap_or(i64::MAX))
    }
}

impl Service {
    /// Whether somebody calls it that.
    pub(super) fn is(&self, name: &str) -> bool {
        self.id == name || self.names.iter().any(|own| own == name)
    }

    /// The number of its zone on a lane, from 1; nothing where it does not go.
    pub(super) fn zone(&self, lane: &Lane) -> Option<usize> {
        let zone = match self.zones {
            Scheme::Us => lane.inland,
            Scheme::World => lane.world,
            Scheme::Canada => lane.canada,
            Scheme::Country => lane.inland.map(|_| 1),
        }?;
        let is_served = self.prices.is_empty() || self.prices.get(usize::from(zone) - 1).is_some_and(Option::is_some);
        is_served.then_some(usize::from(zone))
    }

    /// Working days on a lane that it serves.
    pub(super) fn days(&self, lane: &Lane) -> Option<u8> {
        let zone = self.zone(lane)?;
        self.days.get(zone - 1).or(self.days.last()).copied()
    }

    /// Whether a weight stands in the table.
    pub(super) fn is_within(&self, units: i64) -> bool {
        self.weights.last().is_some_and(|last| units <= *last)
    }

    /// The price of a weight in a zone.
    pub(super) fn cents(&self, zone: usize, units: i64) -> Option<i64> {
        let row = self.prices.get(zone - 1)?.as_ref()?;
        let above = self.weights.partition_point(|weight| *weight < units);
        let point = |index: usize| Some((*self.weights.get(index)?, *row.get(index)?));
        let Some((weight, cents)) = point(above) else { return self.beyond(row, units) };
        let Some((lower, less)) = above.checked_sub(1).and_then(point) else { return Some(cents) };
        Some(less + super::share(cents - less, units - lower, weight - lower))
    }

    fn beyond(&self, row: &[i64], units: i64) -> Option<i64> {
        let ([.., lower, last], [.., less, cents]) = (self.weights.as_slice(), row) else { return row.last().copied() };
        Some(cents + super::share(cents - less, units - last, last - lower))
    }

    fn amounts(&mut self) -> impl Iterator<Item = &mut i64> {
        self.flat.values_mut().chain(self.prices.iter_mut().flatten().flatten())
    }

    /// Fails unless prices rise with the weight, and with those zones that lie farther.
    #[cfg(test)]
    pub(super) fn assert_rises(&self, contract: &Contract) {
        let name = format!("{}/{}", contract.id, self.id);
        assert!(self.weights.is_sorted() && self.prices.iter().flatten().all(|row| row.len() == self.weights.len()), "{name}");
        assert!(self.prices.iter().flatten().all(|row| row.is_sorted() && row.iter().all(|cents| *cents > 0)), "{name}");
        let count = if matches!(self.zones, Scheme::Canada) { 4 } else { self.prices.len() };
        let rows: Vec<&Vec<i64>> = self.prices.iter().take(count).flatten().collect();
        assert!(rows.windows(2).all(|pair| pair[0].iter().zip(pair[1]).all(|(less, more)| less <= more)), "{name}");
        assert!(!self.days.is_empty() && (self.days.len() == 1 || self.days.len() >= self.prices.len()), "{name}");
    }
}
