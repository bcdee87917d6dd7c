//! What a new account starts with: `specs/shippo/catalog.yaml`, which says what is what.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::access::Mode;
use super::wire::Message;
use super::wire::carrier_account::CarrierAccount;
use crate::carrier::{countries, rating};

pub(crate) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let mut catalog: Catalog = catalog!("shippo");
    for carrier in &mut catalog.carriers {
        let own = [carrier.token.as_str()];
        let contracts = carrier.contracts.iter().map(String::as_str);
        let contracts: Vec<&str> = contracts.chain(own.into_iter().filter(|_| carrier.contracts.is_empty())).collect();
        for service in &mut carrier.services {
            service.tariff = rating::find(&contracts, &service.token).filter(|_| service.quoted);
        }
    }
    catalog
});

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
    /// Contracts that have its prices; the one of its token where there are none.
    #[serde(default)]
    contracts: Vec<String>,
    pub max_grams: i64,
    /// How many letters a line of a street may have.
    pub longest_line: Option<usize>,
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
    pub arrives_by: Option<String>,
    #[serde(default)]
    pub terms: String,
    #[serde(default = "yes")]
    pub zone_shown: bool,
    #[serde(default)]
    pub whole_addresses: bool,
    pub max_grams: Option<i64>,
    pub min_second_mm: Option<i64>,
    /// Its prices, if it is quoted.
    #[serde(skip)]
    pub tariff: Option<rating::Tariff>,
}

/// Which lanes a service is for.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    #[default]
    Domestic,
    International,
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
