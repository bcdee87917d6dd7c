//! Shapes: what is stored of a consignment, what the two versions of the API call otherwise, and the vendor's way with time.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::fmt::StdFmtWrite;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::catalog::{CATALOG, Location};
use crate::base::time::Timestamp;
use crate::carrier;
use crate::engine::{self, Cx, Docs, Refusal, Reply, Stored};
use crate::world::Kind;

/// Consignments that are not cancelled, by reference.
pub(super) const CONSIGNMENT: Kind = Kind::new("consignment");

/// The reference of a consignment, by the id that version 1.2 shows.
pub(super) const SHIPMENT_ID: Kind = Kind::new("shipment_id");

/// References of consignments that have parcels of an order, by order reference.
pub(super) const ORDER: Kind = Kind::new("order");

/// The reference of the consignment that a parcel belongs to, by the parcel's reference.
pub(super) const PARCEL_REFERENCE: Kind = Kind::new("parcel_reference");

/// SKUs by UUID.
pub(super) const SKU: Kind = Kind::new("sku");

/// The UUID of a SKU by its number.
pub(super) const SKU_NUMBER: Kind = Kind::new("sku_number");

/// What only version 1.2 knows of a SKU, by its UUID.
pub(super) const SKU_EXTRA: Kind = Kind::new("sku_extra");

/// Custom fields that were made by a call, by key.
pub(super) const CUSTOM_FIELD: Kind = Kind::new("custom_field");

/// Users by token; belongs to the vendor.
pub(super) const SESSION: Kind = Kind::new("session");

/// The tables that documents of this vendor are in.
pub(super) const STORED: &[Stored] = tables![
    Consignment: CONSIGNMENT, String: SHIPMENT_ID, Vec<String>: ORDER, String: PARCEL_REFERENCE, String: SKU_NUMBER;
    like: CATALOG.new_sku => SKU, CATALOG.new_sku_extra => SKU_EXTRA, CATALOG.new_custom_field => CUSTOM_FIELD;
    shared: Session<'_>: SESSION];

/// What documents name that rules rely on.
pub(super) const REFERENCES: &[engine::Reference] = references![
    SHIPMENT_ID: "" => CONSIGNMENT, ORDER: "/*" => CONSIGNMENT, PARCEL_REFERENCE: "" => CONSIGNMENT, SKU_NUMBER: "" => SKU;
    words: CONSIGNMENT: "/service" => |key, _| CATALOG.service(key).is_some()];

/// The envelope of nearly every answer.
#[derive(Serialize)]
pub(super) struct Envelope<T> {
    pub message: &'static str,
    pub data: T,
}

/// 200 with a message and data.
pub(super) fn ok(message: &'static str, data: impl Serialize + Send + 'static) -> Reply {
    Reply::ok(Envelope { message, data })
}

/// The last segment of a path, as most operations have it.
#[derive(Deserialize)]
pub(super) struct Reference {
    #[serde(alias = "ref")]
    pub reference: String,
}

/// Who is logged in.
#[derive(Serialize, Deserialize)]
pub(super) struct Session<'a> {
    #[serde(borrow)]
    pub account: Cow<'a, str>,
    #[serde(borrow)]
    pub username: Cow<'a, str>,
    /// Set on a token that came with the sandbox and was deleted: it cannot be forgotten like others.
    #[serde(default)]
    pub ended: bool,
    /// When it ends by itself, where the user's row says how long tokens are good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// What is kept of a consignment: what labels print, and no more.
#[derive(Serialize, Deserialize)]
pub(super) struct Consignment {
    /// In front, because tracking reads nothing else.
    pub parcels: Vec<Package>,
    pub id: String,
    pub created_by: String,
    pub created_with: String,
    #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
    pub created_at: Timestamp,
    #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
    pub despatch: Timestamp,
    pub service: String,
    pub order: String,
    /// The code of the location that it is sent from.
    pub location: String,
    pub to: Address,
    pub company: String,
    pub instructions: String,
}

/// Where a consignment goes, as answers have it: what is missing is empty.
#[derive(Serialize, Deserialize)]
pub(super) struct Address {
    pub delivery_name: String,
    pub line_1: String,
    pub line_2: String,
    pub line_3: String,
    pub city: String,
    pub county: String,
    pub postcode: String,
    pub country: String,
}

/// One parcel of a consignment.
#[derive(Serialize, Deserialize)]
pub(super) struct Package {
    pub reference: String,
    pub tracking: String,
    /// Grams, with the packaging.
    pub weight: i64,
}

impl Consignment {
    pub fn sender(&self) -> &'static Location {
        CATALOG.location(&self.location).unwrap_or_else(|| CATALOG.home())
    }
}

impl From<&Address> for carrier::Location {
    fn from(to: &Address) -> Self {
        Self { city: to.city.clone(), state: to.county.clone(), zip: to.postcode.clone(), country: to.country.clone() }
    }
}

/// The name of the account that a carrier's services are booked with.
pub(super) fn carrier_account(carrier: &str) -> String {
    format!("{}_account_1", carrier.to_lowercase())
}

/// The key of the channel that an application is, in the form of the documented `shopify_store_1`.
pub(super) fn channel(application: &str) -> String {
    let words = application.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let key = words.map(str::to_lowercase).collect::<Vec<_>>().join("_");
    if key.ends_with(|letter: char| letter.is_ascii_digit()) { key } else { format!("{key}_1") }
}

/// The formats that labels come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Format {
    #[default]
    Zpl,
    Pdf,
    Png,
}

impl Format {
    /// The format of that name, ZPL if there is none.
    pub fn of(name: Option<&str>) -> Self {
        name.and_then(|name| serde_json::from_value(name.into()).ok()).unwrap_or_default()
    }
}

/// Whether a call speaks version 1.2.
pub(super) fn is_newer(cx: &Cx<'_>) -> bool {
    cx.vendor_id() == super::V1_2
}

/// An object as the caller's version shows it: the newer one calls every `uuid` an `id`.
pub(super) fn as_version(cx: &Cx<'_>, object: impl Serialize) -> Value {
    if is_newer(cx) { renamed(json!(object), "uuid", "id") } else { json!(object) }
}

/// An object with another name for one of its members.
pub(super) fn renamed(object: Value, from: &str, to: &str) -> Value {
    let Value::Object(members) = object else { return object };
    members.into_iter().map(|(name, value)| (if name == from { to.to_owned() } else { name }, value)).collect()
}

/// The members of a document with what a body says of them: what it leaves out is as before, what it says blank as in a new one.
pub(super) fn filled(new: &Map<String, Value>, before: &Map<String, Value>, body: &Value) -> Map<String, Value> {
    let member = |(name, usual): (&String, &Value)| {
        let before = before.get(name).unwrap_or(usual);
        let value = match (usual, body.get(name)) {
            (Value::Object(inner), Some(said @ Value::Object(_))) if !inner.is_empty() => filled(inner, inner, said).into(),
            (_, None) => before.clone(),
            (_, Some(Value::Null)) => usual.clone(),
            (_, Some(said)) => said.clone(),
        };
        (name.clone(), value)
    };
    new.iter().map(member).collect()
}

/// The reference of the consignment that a caller means: by its reference, or by its id.
pub(super) fn reference(docs: &Docs<'_>, given: String) -> String {
    if docs.has(CONSIGNMENT, &given) { given } else { docs.get(SHIPMENT_ID, &given.to_ascii_lowercase()).unwrap_or(given) }
}

/// The consignment that a path names, with its reference; only version 1.2 takes ids.
pub(super) fn find(cx: &Cx<'_>, given: String) -> Result<(String, Consignment), Refusal> {
    let reference = stored_reference(cx, given);
    let consignment = cx.docs.require(CONSIGNMENT, &reference)?;
    Ok((reference, consignment))
}

/// The reference that a consignment is stored under, by whichever name a caller has for it.
pub(super) fn stored_reference(cx: &Cx<'_>, given: String) -> String {
    if is_newer(cx) { reference(&cx.docs, given) } else { given }
}

static LONDON: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("Europe/London").expect("the time zones are in the binary"));

/// UK local time.
pub(super) fn local(instant: Timestamp) -> DateTime {
    LONDON.to_datetime(instant)
}

/// A local time on the wire: `2023-03-15 13:00:00`.
pub(super) struct Stamp(pub DateTime);

impl Display for Stamp {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        const PRINTER: DateTimePrinter = DateTimePrinter::new().separator(b' ').precision(Some(0));
        PRINTER.print_datetime(&self.0, StdFmtWrite(out)).map_err(|_| fmt::Error)
    }
}

impl Serialize for Stamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads `2023-03-15 13:00:00`; nothing else will do.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let shaped = Some(text).filter(|text| text.len() == 19 && text.as_bytes()[10] == b' ')?;
    Some(LONDON.to_ambiguous_zoned(shaped.parse().ok()?).compatible().ok()?.timestamp())
}
