//! Carriers with their services and packages, and what a new account starts with. A fixed part of the binary.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::wire::money::Money;
use crate::carrier::label::CARRIERS;
use crate::carrier::rating::{self, Piece};

/// The catalog of both versions, `specs/shipstation_v1/catalog.yaml`.
pub(super) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let mut catalog: Catalog = catalog!("shipstation_v1");
    for carrier in &mut catalog.carriers {
        for service in &mut carrier.services {
            let name = service.priced_as.as_deref().unwrap_or(&service.code);
            service.tariff = rating::find(&[&carrier.contract, service.contract.as_deref().unwrap_or_default()], name);
            service.limits = service.limits.or(carrier.limits);
        }
    }
    catalog
});

#[derive(Deserialize)]
pub(super) struct Catalog {
    pub carriers: Vec<Carrier>,
    /// The first ids of kinds in the default sandbox, and the ranges of those in others.
    pub ids: BTreeMap<String, (u64, u64, u64)>,
    /// What the wallet of a new account holds.
    pub balance: Money,
    /// What the carriers of the wallet are called.
    pub wallet: String,
    /// Documents of a new account in the words of version 1, with their ids in front.
    pub warehouses: Vec<Value>,
    pub stores: Vec<Value>,
    pub tags: Vec<Value>,
    pub users: Vec<Value>,
    pub marketplaces: Vec<Value>,
}

#[derive(Deserialize)]
pub(super) struct Carrier {
    /// `shippingProviderId`; `se-<id>` in version 2.
    pub id: u64,
    /// What version 1 calls it.
    pub code: String,
    /// The contract that has its prices.
    contract: String,
    /// What version 2 calls it, if that is something else.
    pub v2_code: Option<String>,
    pub name: String,
    pub account_number: Option<String>,
    pub nickname: Option<String>,
    /// Whether labels are paid from the wallet.
    #[serde(default)]
    pub wallet: bool,
    /// The largest package of those services that have no limits of their own.
    limits: Option<Limits>,
    /// The form of its tracking numbers inside the country, if it is another than the carrier's usual one.
    pub tracking: Option<String>,
    /// The codes of the services that version 1 lists first.
    #[serde(default)]
    pub listed: Vec<String>,
    pub services: Vec<Service>,
    pub packages: Vec<Package>,
}

/// Rows in the order of their codes; those that are not named come last.
pub(super) fn in_order<'r, T>(rows: &'r [T], order: &[String], code: fn(&T) -> &str) -> Vec<&'r T> {
    let mut rows: Vec<&T> = rows.iter().collect();
    rows.sort_by_key(|row| order.iter().position(|wanted| wanted == code(row)).unwrap_or(order.len()));
    rows
}

#[derive(Deserialize)]
pub(super) struct Service {
    pub code: String,
    pub name: String,
    #[serde(default = "yes")]
    pub domestic: bool,
    #[serde(default)]
    pub international: bool,
    /// Working days from hand-over to delivery.
    pub days: u8,
    /// The packages that it takes.
    pub packages: Vec<String>,
    pub limits: Option<Limits>,
    /// What a parcel has to weigh at least.
    #[serde(default)]
    min_ounces: f64,
    /// What it may weigh at most, where that is not a matter of its package.
    max_ounces: Option<f64>,
    #[serde(skip)]
    pub tariff: Option<rating::Tariff>,
    /// The service that it costs as much as, if the contract has no prices of its own for it.
    priced_as: Option<String>,
    /// The contract that has its prices, if its carrier's has none.
    contract: Option<String>,
    /// The versions that do not quote it, although it is sold.
    #[serde(default)]
    pub unquoted_by: Vec<u8>,
    /// The versions that do not list it.
    #[serde(default)]
    pub unlisted_by: Vec<u8>,
}

#[derive(Deserialize)]
pub(super) struct Package {
    pub code: String,
    pub name: String,
    /// What quotes call it, if that is something else.
    quoted_as: Option<String>,
    #[serde(default = "yes")]
    pub domestic: bool,
    #[serde(default = "yes")]
    pub international: bool,
    /// Whether its price depends on neither weight nor distance.
    #[serde(default)]
    pub flat_rate: bool,
    /// The versions that do not list it.
    #[serde(default)]
    pub unlisted_by: Vec<u8>,
    /// What it may weigh at most.
    #[serde(default = "seventy_pounds")]
    max_ounces: f64,
}

/// The largest package that a carrier takes, in inches.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct Limits {
    length: f64,
    /// Its length and the way around it.
    girth: f64,
}

impl Limits {
    /// Whether a package is none too large; one without sizes is not.
    #[expect(clippy::cast_precision_loss, reason = "sides are at most ten kilometers")]
    pub fn hold(&self, piece: &Piece) -> bool {
        let inches = piece.sides.map(|side| side as f64 / Piece::PER_INCH);
        let (longest, all) = (inches.into_iter().fold(0.0, f64::max), inches.into_iter().sum::<f64>());
        longest <= self.length && 2.0 * all - longest <= self.girth
    }
}

fn yes() -> bool {
    true
}

fn seventy_pounds() -> f64 {
    1120.0
}

impl Catalog {
    /// The carrier that version 1 calls that; letters in any case.
    pub fn carrier(&self, code: &str) -> Option<&Carrier> {
        self.carriers.iter().find(|carrier| carrier.code.eq_ignore_ascii_case(code))
    }

    /// The carrier with that `shippingProviderId`.
    pub fn carrier_of(&self, id: u64) -> Option<&Carrier> {
        self.carriers.iter().find(|carrier| carrier.id == id)
    }
}

impl Service {
    /// Whether it takes a parcel of that weight in a package. Packages of the carrier's own have limits of their own.
    pub fn carries(&self, package: &Package, ounces: f64) -> bool {
        let own = if self.max_ounces.is_some() && package.code == "package" { f64::MAX } else { package.max_ounces };
        (self.min_ounces..=self.max_ounces.unwrap_or(own).min(own)).contains(&ounces)
    }
}

impl Package {
    pub fn quoted_name(&self) -> &str {
        self.quoted_as.as_deref().unwrap_or(&self.name)
    }
}

impl Carrier {
    /// The country that it takes another for.
    pub fn country<'c>(&self, code: &'c str) -> &'c str {
        CARRIERS.country(&self.code, code)
    }

    pub fn service(&self, code: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.code.eq_ignore_ascii_case(code))
    }

    pub fn package(&self, code: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.code.eq_ignore_ascii_case(code))
    }
}
