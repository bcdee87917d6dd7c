//! Bodies: how requests are read, and what answers are made of. Members that are absent are left out, never null.

mod cursor;
pub(super) mod jackson;
pub(super) mod payloads;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::engine::decode::{self, FORM};
use crate::engine::listing;
use crate::engine::{Refusal, Request};
use crate::spec::Operation;

/// Reads a body as far as the check against the document needs it. The rules read it again, the way the vendor does.
pub(super) fn decode(request: &Request, operation: &Operation) -> Result<Value, Refusal> {
    let media_type = decode::media_type(request);
    if operation.body.as_ref().is_some_and(|body| body.media_types().any(|row| row == FORM)) {
        let is_form = media_type == FORM;
        return Ok(if is_form { decode::form(&request.body) } else { Value::Object(Map::new()) });
    }
    if !media_type.is_empty() && !decode::is_json(&media_type) {
        return Err(Refusal::UnsupportedMedia(media_type.into_owned()));
    }
    Ok(serde_json::from_slice(&request.body).unwrap_or_default())
}

/// An amount in cents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Money {
    pub(super) currency: String,
    pub(super) amount: i64,
}

impl Money {
    pub(super) fn cad(amount: i64) -> Self {
        Self { currency: "CAD".to_owned(), amount }
    }
}

/// A surcharge or a tax.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Charge {
    pub(super) price: Money,
    pub(super) code: String,
    pub(super) name: String,
}

impl Charge {
    pub(super) fn new(code: &str, name: &str, cents: i64) -> Self {
        Self { price: Money::cad(cents), code: code.to_owned(), name: name.to_owned() }
    }
}

/// What a shipment costs, without the sums.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Charges {
    pub(super) base_charge: Money,
    pub(super) surcharges: Vec<Charge>,
    pub(super) taxes: Vec<Charge>,
}

/// How long it takes; which members are there depends on the carrier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transit {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) transit_days: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) transit_days_max: Option<u8>,
    pub(super) transit_unit: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Quote {
    #[serde(flatten)]
    pub(super) charges: Charges,
    pub(super) total_charge: Money,
    pub(super) total_before_taxes: Money,
    pub(super) exchange_rate: f64,
    pub(super) carrier_id: &'static str,
    pub(super) carrier_name: &'static str,
    pub(super) service_id: &'static str,
    pub(super) service_name: &'static str,
    #[serde(flatten)]
    pub(super) transit: Transit,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cutoff_time: Option<&'static str>,
    pub(super) access_time_interval: &'static str,
    pub(super) quote_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Quotes {
    pub(super) available_rates: Vec<Quote>,
}

/// What booking answers, and the first members of every shipment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Booked {
    pub(super) ship_id: i32,
    pub(super) tracking_numbers: Vec<String>,
    pub(super) label_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) invoice_url: Option<String>,
    pub(super) carrier_tracking_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pickup_confirmation: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail {
    #[serde(flatten)]
    pub(super) booked: Booked,
    pub(super) creation_date: String,
    pub(super) ship_date: String,
    pub(super) from: Value,
    pub(super) to: Value,
    pub(super) carrier_id: String,
    pub(super) carrier_name: &'static str,
    pub(super) service_id: String,
    pub(super) service_name: &'static str,
    pub(super) package_type: String,
    pub(super) units: String,
    pub(super) status: &'static str,
    pub(super) insurance_type: &'static str,
    pub(super) shipment_items: Value,
    #[serde(flatten)]
    pub(super) transit: Transit,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ref1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ref2: Option<String>,
    pub(super) shipment_charges: Charges,
    pub(super) placed_by_user: String,
}

/// Whether something worked that is answered 200 either way.
#[derive(Serialize)]
pub(super) struct Done {
    pub(super) success: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    pub(super) content: Vec<T>,
    pub(super) page: usize,
    pub(super) size: usize,
    pub(super) total_elements: usize,
    pub(super) total_pages: usize,
    pub(super) last: bool,
}

impl<T> From<listing::Page<T>> for Page<T> {
    fn from(page: listing::Page<T>) -> Self {
        Self {
            page: page.number,
            size: page.size,
            total_elements: page.total,
            total_pages: page.pages(),
            last: !page.has_next,
            content: page.rows,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Tracked {
    #[serde(rename = "trackingRecord")]
    pub(super) record: Record,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    pub(super) history: Vec<Event>,
    pub(super) current_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pod_info: Option<Proof>,
}

#[derive(Serialize)]
pub(super) struct Event {
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<String>,
    pub(super) name: String,
    pub(super) timestamp: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Proof {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<String>,
    pub(super) signed_by: String,
    pub(super) timestamp: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PickupLocation {
    pub(super) postal_code: String,
    pub(super) city: &'static str,
    pub(super) state: &'static str,
}

#[derive(Serialize)]
pub(super) struct Token {
    pub(super) access_token: String,
    pub(super) token_type: &'static str,
    pub(super) expires_in: i64,
    pub(super) scope: String,
}
