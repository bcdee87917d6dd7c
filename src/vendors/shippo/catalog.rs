//! What a new account starts with: `specs/shippo/catalog.yaml`, which says what is what.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::access::Mode;
use super::wire::Message;
use super::wire::carrier_account::CarrierAccount;
use crate::carrier::countries;

pub(crate) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| catalog!("shippo"));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Catalog {
    pub owner: String,
    pub tokens: Vec<String>,
    pub versions: Vec<String>,
    pub accounts: BTreeMap<Mode, Vec<CarrierAccount>>,
    /// Those of carriers that a row of a scenario has to name.
    pub further_accounts: Vec<CarrierAccount>,
    pub registrations: BTreeMap<String, Registration>,
    pub carriers: Vec<Carrier>,
    pub tracking: Vec<String>,
    pub tracking_codes: Vec<TrackingCode>,
    carrier_names: BTreeMap<String, String>,
    services: BTreeMap<String, BTreeMap<String, String>>,
    pub zones: Zones,
    pub currencies: Currencies,
    pub addresses: Addresses,
    country_names: BTreeMap<String, String>,
    pub pickup_places: Vec<String>,
    pub time_zones: BTreeMap<String, String>,
    pub parcel_templates: Vec<Template>,
}

/// What a carrier wants to know before it opens an account.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Registration {
    pub parameters: Vec<String>,
    pub may_be_silent: bool,
    pub slow: bool,
}

/// A carrier and how it quotes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Carrier {
    pub token: String,
    pub name: String,
    /// Who speaks in messages.
    pub source: String,
    /// What it says beside every quote.
    #[serde(default)]
    pub advisories: Vec<Message>,
    /// And beside those for the farthest zone.
    pub far_advisory: Option<Message>,
    /// And beside those of the caller's own accounts.
    pub own_advisory: Option<Message>,
    /// What it says when it was asked too often.
    pub throttled: Option<Message>,
    /// The stem of its logo's file.
    pub image: String,
    pub currency: String,
    pub unit: Unit,
    pub divisor: i64,
    pub max_grams: i64,
    pub multi_parcel: bool,
    /// The states that it serves; all when empty.
    #[serde(default)]
    pub states: Vec<String>,
    /// What it says on lanes that it does not serve; the vendor itself where there is no text.
    pub refuses: BTreeMap<String, Option<String>>,
    /// What buying a label ends with for a new customer.
    pub purchase_error: Option<Message>,
    tracking_url: String,
    pub services: Vec<Service>,
}

/// What weights are billed in.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    Lb,
    Kg,
}

/// A service level.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    pub token: String,
    pub name: String,
    pub display_name: Option<String>,
    #[serde(default = "yes")]
    pub quoted: bool,
    #[serde(default)]
    pub scope: Scope,
    pub origin: Option<String>,
    pub currency: Option<String>,
    #[serde(default)]
    pub days: u8,
    pub local_days: Option<u8>,
    pub arrives_by: Option<String>,
    #[serde(default)]
    pub terms: String,
    #[serde(default = "yes")]
    pub zone_shown: bool,
    pub max_grams: Option<i64>,
    pub min_second_mm: Option<i64>,
    #[serde(default)]
    pub price: Price,
}

/// Which lanes a service is for.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    #[default]
    Domestic,
    International,
}

/// In cents: `base + n * per_unit + (zone - 1) * (per_zone + n * per_zone_unit)`.
#[derive(Clone, Copy, Default, Deserialize)]
pub(crate) struct Price {
    pub base: i64,
    pub per_unit: i64,
    pub per_zone: i64,
    pub per_zone_unit: i64,
}

#[derive(Deserialize)]
pub(crate) struct Zones {
    /// Upper bounds of zones 2 to 7.
    pub miles: Vec<f64>,
    pub far: i64,
    pub far_states: Vec<String>,
    pub world: BTreeMap<String, i64>,
    pub elsewhere: i64,
}

#[derive(Deserialize)]
pub(crate) struct Currencies {
    /// Units per dollar, in ten-thousandths.
    pub per_dollar: BTreeMap<String, i64>,
    of: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(crate) struct Addresses {
    pub state_required: Vec<String>,
    pub zip_not_used: Vec<String>,
    /// Words of streets, as the postal service writes them.
    pub abbreviations: BTreeMap<String, String>,
    zip_areas: Vec<ZipArea>,
}

/// ZIP codes by their first three digits.
#[derive(Deserialize)]
pub(crate) struct ZipArea {
    from: String,
    to: String,
    pub state: String,
    /// In tenths of a degree.
    pub latitude: f64,
    /// In tenths of a degree.
    pub longitude: f64,
}

/// A step of a parcel, told more finely than by its status.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrackingCode {
    pub code: String,
    pub status: String,
    /// Whether the recipient has to do something.
    #[serde(default)]
    pub action_required: bool,
    pub text: String,
}

/// A carrier's packaging.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    /// Of accounts of that carrier; answers show its name.
    #[serde(skip_serializing)]
    pub carrier_token: String,
    pub carrier: String,
    pub distance_unit: String,
    pub height: String,
    /// Whether the caller gives length and width.
    #[serde(rename = "is_variable_dimensions")]
    pub variable: bool,
    pub length: String,
    pub name: String,
    pub token: String,
    pub width: String,
}

fn yes() -> bool {
    true
}

impl Catalog {
    /// The carrier with that token.
    pub(crate) fn carrier(&self, token: &str) -> &Carrier {
        self.quoting_carrier(token).expect("every account and rate is of a carrier of the catalog")
    }

    /// The name of a carrier that accounts can be of; nothing for a token of none.
    pub(crate) fn known_carrier(&self, token: &str) -> Option<&str> {
        self.quoting_carrier(token).map(|carrier| &carrier.name).or_else(|| self.carrier_names.get(token)).map(String::as_str)
    }

    /// The name of a carrier, or its token.
    pub(crate) fn carrier_name<'a>(&'a self, token: &'a str) -> &'a str {
        self.known_carrier(token).unwrap_or(token)
    }

    /// The carrier with that token, if accounts of it can quote.
    pub(crate) fn quoting_carrier(&self, token: &str) -> Option<&Carrier> {
        self.carriers.iter().find(|carrier| carrier.token == token)
    }

    /// Token and name of every service of a carrier: those that it quotes come first.
    pub(crate) fn services(&self, token: &str) -> impl Iterator<Item = (&str, &str)> {
        let quoted = self.quoting_carrier(token).into_iter().flat_map(|carrier| &carrier.services);
        let further = self.services.get(token).into_iter().flatten();
        let quoted = quoted.map(|service| (service.token.as_str(), service.name.as_str()));
        quoted.chain(further.map(|(token, name)| (token.as_str(), name.as_str())))
    }

    /// Whether any carrier has a service level with that token.
    pub(crate) fn has_service(&self, token: &str) -> bool {
        self.carriers.iter().any(|carrier| carrier.service(token).is_some()) || self.services.values().any(|rows| rows.contains_key(token))
    }

    /// The packaging with that token.
    pub(crate) fn template(&self, token: &str) -> Option<&Template> {
        self.parcel_templates.iter().find(|template| template.token == token)
    }

    /// The code of a country, given its code or its English name.
    pub(crate) fn country(&self, text: &str) -> Option<&'static str> {
        let text = text.trim();
        let other = self.country_names.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, code)| code.as_str());
        let country = countries::find(text).or_else(|| countries::named(text)).or_else(|| countries::find(other?));
        country.map(|country| country.alpha2)
    }

    /// The area that a ZIP code lies in.
    pub(crate) fn zip_area(&self, zip: &str) -> Option<&ZipArea> {
        let prefix = zip.get(..3)?;
        self.addresses.zip_areas.iter().find(|area| area.from.as_str() <= prefix && prefix <= area.to.as_str())
    }

    /// The currency of a country.
    pub(crate) fn currency_of(&self, country: &str) -> &str {
        self.currencies.of.get(country).map_or("USD", String::as_str)
    }

    /// Cents of one currency in another.
    pub(crate) fn convert(&self, cents: i64, from: &str, to: &str) -> Option<i64> {
        let rate = |code: &str| self.currencies.per_dollar.get(code).copied();
        let (from, to) = (rate(from)?, rate(to)?);
        // Half a unit is added so that the division rounds.
        Some((cents * to + from / 2) / from)
    }
}

impl Carrier {
    /// Where people follow a parcel.
    pub(crate) fn tracking_url(&self, number: &str) -> String {
        self.tracking_url.replace("{number}", number)
    }

    /// The service level with that token.
    pub(crate) fn service(&self, token: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.token == token)
    }
}
