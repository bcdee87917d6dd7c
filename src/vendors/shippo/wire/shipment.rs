//! Shipments and their rates.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::parcel::Shipped;
use super::{Message, Moment, Part, amount};
use crate::vendors::shippo::catalog::CATALOG;

/// A shipment: its parts are stored by id, and answered whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shipment {
    pub carrier_accounts: Vec<String>,
    pub object_created: Moment,
    pub object_updated: Moment,
    pub object_id: String,
    #[serde(default)]
    pub object_owner: Cow<'static, str>,
    pub status: String,
    pub address_from: Part<Map<String, Value>>,
    pub address_to: Part<Map<String, Value>>,
    pub parcels: Vec<Part<Shipped>>,
    pub shipment_date: Moment,
    pub address_return: Part<Map<String, Value>>,
    #[serde(default)]
    pub alternate_address_to: Option<Value>,
    pub customs_declaration: Option<Part<Value>>,
    pub extra: Map<String, Value>,
    pub rates: Vec<Part<RateView>>,
    pub messages: Vec<Message>,
    pub metadata: String,
    #[serde(default)]
    pub test: bool,
    #[serde(default)]
    pub order: Option<String>,
    /// The ZIP codes of sender and recipient as the first label has them. Not answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zips: Option<[String; 2]>,
}

/// A rate as it is stored; its carrier and service stand in the catalog.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rate {
    pub object_id: String,
    pub object_created: Moment,
    pub shipment: String,
    pub attributes: Vec<String>,
    pub cents: i64,
    pub currency: String,
    pub cents_local: i64,
    pub currency_local: String,
    pub carrier: String,
    pub service: String,
    pub days: u8,
    pub carrier_account: String,
    pub zone: Option<i64>,
    pub test: bool,
    /// What the vendor's own insurance costs beside it, in cents of the local currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurance: Option<i64>,
}

/// A rate as it is answered.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RateView {
    object_created: Moment,
    object_id: String,
    object_owner: Cow<'static, str>,
    shipment: String,
    attributes: Vec<String>,
    amount: String,
    currency: String,
    amount_local: String,
    currency_local: String,
    provider: &'static str,
    provider_image_75: String,
    provider_image_200: String,
    servicelevel: ServiceLevel,
    estimated_days: u8,
    arrives_by: Option<&'static str>,
    duration_terms: &'static str,
    messages: [Message; 0],
    carrier_account: String,
    test: bool,
    zone: Option<String>,
    included_insurance_price: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct ServiceLevel {
    name: &'static str,
    token: &'static str,
    terms: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    extended_token: Option<&'static str>,
    /// Null where it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_servicelevel: Option<()>,
    display_name: Option<&'static str>,
}

/// The rate of a label that was bought in one call.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CoreRate {
    object_id: String,
    amount: String,
    currency: String,
    amount_local: String,
    currency_local: String,
    provider: &'static str,
    servicelevel_name: &'static str,
    servicelevel_token: &'static str,
    carrier_account: String,
}

impl RateView {
    /// A rate in the account of an owner.
    pub(crate) fn of(rate: Rate, owner: Cow<'static, str>) -> Self {
        let carrier = CATALOG.carrier(&rate.carrier);
        let service = carrier.service(&rate.service).expect("a rate is of a service of the catalog");
        let image = |size: &str| format!("https://shippo-static.s3.amazonaws.com/providers/{size}/{}.png", carrier.image);
        Self {
            object_created: rate.object_created,
            object_id: rate.object_id,
            object_owner: owner,
            shipment: rate.shipment,
            attributes: rate.attributes,
            amount: amount(rate.cents),
            currency: rate.currency,
            amount_local: amount(rate.cents_local),
            currency_local: rate.currency_local,
            provider: &carrier.name,
            provider_image_75: image("75"),
            provider_image_200: image("200"),
            servicelevel: ServiceLevel {
                name: &service.name,
                token: &service.token,
                terms: "",
                extended_token: None,
                parent_servicelevel: None,
                display_name: service.display_name.as_deref(),
            },
            estimated_days: rate.days,
            arrives_by: service.arrives_by.as_deref(),
            duration_terms: &service.terms,
            messages: [],
            carrier_account: rate.carrier_account,
            test: rate.test,
            zone: rate.zone.map(|zone| zone.to_string()),
            included_insurance_price: rate.insurance.map(amount),
        }
    }

    /// Recorded 2022: inside a shipment more is said of the service.
    pub(crate) fn in_shipment(mut self) -> Self {
        self.servicelevel.extended_token = Some(self.servicelevel.token);
        self.servicelevel.parent_servicelevel = Some(());
        self
    }
}

impl From<Rate> for CoreRate {
    fn from(rate: Rate) -> Self {
        let carrier = CATALOG.carrier(&rate.carrier);
        let service = carrier.service(&rate.service).expect("a rate is of a service of the catalog");
        Self {
            object_id: rate.object_id,
            amount: amount(rate.cents),
            currency: rate.currency,
            amount_local: amount(rate.cents_local),
            currency_local: rate.currency_local,
            provider: &carrier.name,
            servicelevel_name: &service.name,
            servicelevel_token: &service.token,
            carrier_account: rate.carrier_account,
        }
    }
}
