//! What this version says of the carriers that both have. A fixed part of the binary.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::wire::se;
use crate::carrier::Status;
use crate::vendors::shipstation::catalog::{CATALOG as SHARED, Carrier, Package, Service, in_order};

pub(super) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| catalog!("shipstation_v2"));

#[derive(Deserialize)]
pub(super) struct Catalog {
    providers: BTreeMap<String, u64>,
    carriers: BTreeMap<String, About>,
    display_schemes: BTreeMap<String, Vec<String>>,
    not_in_sandbox: Vec<String>,
    said_to_go: BTreeMap<String, (bool, bool)>,
    no_returns: Vec<String>,
    confirmations: BTreeMap<String, Vec<String>>,
    no_manifests: Vec<String>,
    /// By when services deliver that promise it, as `08:30`.
    pub arrivals: BTreeMap<String, String>,
    package_descriptions: BTreeMap<String, String>,
    /// What errors call the ids of kinds whose own name does not say it.
    pub id_names: BTreeMap<String, String>,
    /// What version 1 calls the states of shipments; the first of those that are the same here is what a shipment becomes there.
    pub shipment_statuses: Pairs,
    /// Members of orders and shipments that are the same, those that are amounts, and advanced options of both.
    pub same: Pairs,
    pub amounts: Pairs,
    pub advanced: Pairs,
    /// Members of addresses that are texts.
    pub address: Pairs,
    /// Words that both versions have, by what they are for.
    pub words: BTreeMap<String, Vec<String>>,
    /// What both versions keep in the order, and what version 1 may say of a shipment otherwise than this one.
    pub shared: Vec<String>,
    pub said: Vec<String>,
    /// What this version calls charges of tariffs.
    pub charges: BTreeMap<String, String>,
    /// What stands in place of the estimates of a carrier that has none.
    pub no_estimate: Value,
    /// Which statuses a purchase order may have next.
    pub purchase_orders: BTreeMap<String, Vec<String>>,
    /// Where families of carriers tell of parcels, by the number that comes behind it.
    pub tracking_urls: BTreeMap<String, String>,
    /// What the statuses of tracking are called, by their codes.
    statuses: BTreeMap<String, String>,
    /// What families of carriers say of a number that they have not seen, by a code and a text: in 2026, and in sandboxes as in 2024.
    unseen: BTreeMap<String, [(String, String); 2]>,
    /// Finer codes of tracking, in words.
    pub(super) details: BTreeMap<String, String>,
    /// What the families of carriers call what happens to a parcel.
    tracking: BTreeMap<String, BTreeMap<Status, Words>>,
}

/// What version 1 calls something, and what this one does.
type Pairs = Vec<(String, String)>;

/// A carrier in the words of this version.
#[derive(Deserialize)]
struct About {
    friendly_name: String,
    family: String,
    #[serde(default)]
    multi_package: bool,
    /// The codes of the services and packages that are listed first.
    #[serde(default)]
    services: Vec<String>,
    #[serde(default)]
    packages: Vec<String>,
    options: Vec<CarrierOption>,
}

#[derive(Deserialize, Serialize)]
struct CarrierOption {
    name: String,
    default_value: Option<String>,
    description: String,
}

/// What a carrier says to a status.
#[derive(Deserialize)]
pub(super) struct Words {
    pub status: String,
    pub detail: Option<String>,
    pub code: String,
    pub carrier_detail: Option<String>,
    pub text: String,
}

impl Catalog {
    /// Whether an account has a package or an option.
    fn has(&self, name: &str, is_sandbox: bool) -> bool {
        !is_sandbox || self.not_in_sandbox.iter().all(|other| other != name)
    }

    /// A status of tracking in words.
    pub fn status(&self, code: &str) -> &str {
        self.statuses.get(code).map_or("Unknown", String::as_str)
    }

    /// What a carrier says of a number that it has not seen, by its code and in words.
    pub fn unseen(&self, carrier: &str, is_sandbox: bool) -> Option<(&str, &str)> {
        let (code, text) = &self.unseen.get(self.family(carrier))?[usize::from(is_sandbox)];
        Some((code, text))
    }

    /// A finer code of tracking in words.
    pub fn detail(&self, code: &str) -> Option<&str> {
        self.details.get(code).map(String::as_str)
    }

    /// What the carrier that version 1 calls that says to a status; what it has no words for it does not tell.
    pub fn words(&self, carrier: &str, status: Status) -> Option<&Words> {
        let family = self.family(carrier);
        self.tracking.get(family).or_else(|| self.tracking.get("other"))?.get(&status)
    }

    /// Carriers that word tracking alike.
    pub fn family(&self, carrier: &str) -> &str {
        let about = self.carriers.get(carrier).or_else(|| self.carriers.get(carrier.trim_end_matches("_walleted")));
        about.map_or("other", |about| &about.family)
    }

    /// The number of a carrier in tracking.
    pub fn provider(&self, carrier: &str) -> u64 {
        self.providers.get(carrier).copied().unwrap_or_else(|| SHARED.carrier(carrier).map_or(0, |carrier| carrier.id))
    }
}

impl Carrier {
    /// What this version calls it; sandbox accounts keep the name of version 1.
    pub(super) fn code_v2(&self, is_sandbox: bool) -> &str {
        if is_sandbox { &self.code } else { self.v2_code.as_deref().unwrap_or(&self.code) }
    }

    pub(super) fn friendly_name(&self, is_sandbox: bool) -> &str {
        if is_sandbox { &self.name } else { CATALOG.carriers.get(&self.code).map_or(&self.name, |about| &about.friendly_name) }
    }

    /// Its account's name; nobody has to give one.
    pub(super) fn nickname_v2(&self, is_sandbox: bool) -> Option<String> {
        if is_sandbox { Some(format!("ShipEngine Test Account - {}", self.name)) } else { self.nickname.clone() }
    }

    /// Whether it has a confirmation; most have all.
    pub(super) fn confirms(&self, word: &str) -> bool {
        CATALOG.confirmations.get(word).is_none_or(|families| families.iter().any(|family| family == CATALOG.family(&self.code)))
    }

    pub(super) fn has_manifests(&self) -> bool {
        CATALOG.no_manifests.iter().all(|family| family != CATALOG.family(&self.code))
    }

    /// Whether sandbox accounts have it: those that are the carrier's own.
    pub(super) fn is_in_sandbox(&self) -> bool {
        ["stamps_com", "ups", "fedex"].contains(&&*self.code)
    }

    /// Whether it takes several packages with one label.
    pub(super) fn takes_several(&self) -> bool {
        CATALOG.carriers.get(&self.code).is_some_and(|about| about.multi_package)
    }

    /// As it is answered; `balance` is that of the account's wallet.
    pub(super) fn to_json(&self, is_sandbox: bool, balance: f64) -> Value {
        let account = match CATALOG.family(&self.code) {
            "usps" => None,
            "ups" if self.wallet => Some(format!("ups_{}", self.id)),
            _ => self.account_number.clone(),
        };
        json!({
            "carrier_id": se(self.id), "carrier_code": self.code_v2(is_sandbox),
            "account_number": if is_sandbox { Some(format!("test_account_{}", self.id)) } else { account },
            "requires_funded_amount": self.wallet, "balance": if self.wallet { balance } else { 0.0 },
            "nickname": self.nickname_v2(is_sandbox), "friendly_name": self.friendly_name(is_sandbox),
            "funding_source_id": (self.wallet && !is_sandbox).then(|| se(9_287)), "primary": !is_sandbox,
            "has_multi_package_supporting_services": self.takes_several(), "allows_returns": true, "supports_label_messages": true,
            "supports_prepaid_duties_taxes": self.takes_several(), "supports_user_managed_rates": false, "send_rates": true,
            "disabled_by_billing_plan": false, "services": self.services_json(is_sandbox), "packages": self.packages_json(is_sandbox),
            "options": self.options_json(is_sandbox),
        })
    }

    pub(super) fn services_json(&self, is_sandbox: bool) -> Value {
        let label = vec!["label".to_owned()];
        let row = |service: &Service| {
            let (domestic, international) =
                CATALOG.said_to_go.get(&service.code).copied().unwrap_or((service.domestic, service.international));
            json!({
                "carrier_id": se(self.id), "carrier_code": self.code_v2(is_sandbox), "service_code": service.code, "name": service.name,
                "domestic": domestic, "international": international, "is_multi_package_supported": self.takes_several(),
                "is_return_supported": !CATALOG.no_returns.contains(&service.code),
                "is_prepaid_duties_taxes_supported": self.takes_several() && service.international,
                "display_schemes": CATALOG.display_schemes.get(&service.code).unwrap_or(&label), "send_rates": true,
            })
        };
        let order = CATALOG.carriers.get(&self.code).map_or(&[][..], |about| &about.services);
        in_order(&self.services, order, |service| &service.code).into_iter().map(row).collect()
    }

    pub(super) fn packages_json(&self, is_sandbox: bool) -> Value {
        let row = |package: &Package| {
            let description = CATALOG.package_descriptions.get(&package.code).unwrap_or(&package.name);
            json!({ "package_id": null, "package_code": package.code, "name": package.name, "description": description })
        };
        let order = CATALOG.carriers.get(&self.code).map_or(&[][..], |about| &about.packages);
        let rows = in_order(&self.packages, order, |package| &package.code).into_iter();
        rows.filter(|package| CATALOG.has(&package.code, is_sandbox)).map(row).collect()
    }

    pub(super) fn options_json(&self, is_sandbox: bool) -> Value {
        let options = CATALOG.carriers.get(&self.code).map_or(&[][..], |about| &about.options);
        json!(options.iter().filter(|option| CATALOG.has(&option.name, is_sandbox)).collect::<Vec<_>>())
    }
}
