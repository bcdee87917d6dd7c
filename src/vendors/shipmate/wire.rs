//! Shapes: the envelope, what is stored of a consignment, and the vendor's way with time.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::base::time::Timestamp;
use crate::carrier;
use crate::engine::{Docs, Refusal};
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

/// The envelope of nearly every answer.
#[derive(Serialize)]
pub(super) struct Envelope<T> {
    pub message: &'static str,
    pub data: T,
}

/// The envelope of the answers that come without a message, and the inner one of the list of locations.
#[derive(Serialize)]
pub(super) struct Data<T> {
    pub data: T,
}

/// Who is logged in.
#[derive(Serialize, Deserialize)]
pub(super) struct Session<'a> {
    #[serde(borrow)]
    pub account: Cow<'a, str>,
    #[serde(borrow)]
    pub username: Cow<'a, str>,
    /// Set on a token that came with the sandbox and was deleted: it cannot be forgotten like others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
}

/// What is kept of a consignment: what labels print, and no more. Names are short because there are many of it.
#[derive(Serialize, Deserialize)]
pub(super) struct Consignment<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    #[serde(borrow, rename = "by")]
    pub created_by: Cow<'a, str>,
    #[serde(borrow, rename = "with", default, skip_serializing_if = "Option::is_none")]
    pub created_with: Option<Cow<'a, str>>,
    #[serde(rename = "at", with = "jiff::fmt::serde::timestamp::second::required")]
    pub created_at: Timestamp,
    #[serde(rename = "on", default, skip_serializing_if = "Option::is_none", with = "jiff::fmt::serde::timestamp::second::optional")]
    pub despatch: Option<Timestamp>,
    #[serde(borrow)]
    pub service: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "from", default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub to: Address<'a>,
    #[serde(borrow, rename = "hint", default, skip_serializing_if = "str::is_empty")]
    pub instructions: Cow<'a, str>,
    #[serde(borrow)]
    pub parcels: Vec<Package<'a>>,
}

/// Where a consignment goes.
#[derive(Serialize, Deserialize)]
pub(super) struct Address<'a> {
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub company: Cow<'a, str>,
    #[serde(borrow, rename = "l1")]
    pub line_1: Cow<'a, str>,
    #[serde(borrow, rename = "l2", default, skip_serializing_if = "str::is_empty")]
    pub line_2: Cow<'a, str>,
    #[serde(borrow, rename = "l3", default, skip_serializing_if = "str::is_empty")]
    pub line_3: Cow<'a, str>,
    #[serde(borrow)]
    pub city: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub county: Cow<'a, str>,
    #[serde(borrow, rename = "zip")]
    pub postcode: Cow<'a, str>,
    #[serde(borrow)]
    pub country: Cow<'a, str>,
}

impl From<&Address<'_>> for carrier::Location {
    fn from(to: &Address<'_>) -> Self {
        Self { city: to.city.to_string(), state: to.county.to_string(), zip: to.postcode.to_string(), country: to.country.to_string() }
    }
}

/// One parcel of a consignment.
#[derive(Serialize, Deserialize)]
pub(super) struct Package<'a> {
    #[serde(borrow, rename = "ref")]
    pub reference: Cow<'a, str>,
    #[serde(borrow, rename = "no")]
    pub tracking: Cow<'a, str>,
    /// Grams, with the packaging.
    #[serde(rename = "g")]
    pub weight: i64,
}

impl Consignment<'_> {
    /// The same, on its own.
    pub fn into_owned(self) -> Consignment<'static> {
        Consignment {
            id: owned(self.id),
            created_by: owned(self.created_by),
            created_with: self.created_with.map(owned),
            created_at: self.created_at,
            despatch: self.despatch,
            service: owned(self.service),
            order: self.order.map(owned),
            location: self.location.map(owned),
            to: self.to.into_owned(),
            instructions: owned(self.instructions),
            parcels: self.parcels.into_iter().map(Package::into_owned).collect(),
        }
    }
}

impl Address<'_> {
    fn into_owned(self) -> Address<'static> {
        Address {
            name: owned(self.name),
            company: owned(self.company),
            line_1: owned(self.line_1),
            line_2: owned(self.line_2),
            line_3: owned(self.line_3),
            city: owned(self.city),
            county: owned(self.county),
            postcode: owned(self.postcode),
            country: owned(self.country),
        }
    }
}

impl Package<'_> {
    fn into_owned(self) -> Package<'static> {
        Package { reference: owned(self.reference), tracking: owned(self.tracking), weight: self.weight }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

/// The formats that labels come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    #[default]
    Zpl,
    Pdf,
    Png,
}

impl Format {
    pub fn find(word: &str) -> Option<Self> {
        match word {
            "ZPL" => Some(Self::Zpl),
            "PDF" => Some(Self::Pdf),
            "PNG" => Some(Self::Png),
            _ => None,
        }
    }
}

/// The consignment with that reference, read in place.
pub(super) fn consignment<'d>(docs: &'d Docs<'_>, reference: &str) -> Result<Consignment<'d>, Refusal> {
    docs.raw(CONSIGNMENT, reference).map(stored).ok_or_else(|| Refusal::missing(CONSIGNMENT, reference))
}

/// The reference of the consignment that a caller means: by its reference, or by its id.
pub(super) fn reference(docs: &Docs<'_>, given: String) -> String {
    if docs.has(CONSIGNMENT, &given) { given } else { docs.get(SHIPMENT_ID, &given.to_ascii_lowercase()).unwrap_or(given) }
}

/// A consignment as it is stored, read in place.
pub(super) fn stored(body: &[u8]) -> Consignment<'_> {
    serde_json::from_slice(body).expect("a stored consignment is read by the type that wrote it")
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
        self.0.strftime("%Y-%m-%d %H:%M:%S").fmt(out)
    }
}

impl Serialize for Stamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads `2023-03-15 13:00:00`; nothing else will do.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let shape = text.len() == 19 && text.as_bytes()[10] == b' ';
    let time: DateTime = if shape {
        text.parse().ok()?
    } else {
        return None;
    };
    Some(LONDON.to_ambiguous_zoned(time).compatible().ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(instant(text).map(|instant| instant.to_string()), expected.map(str::to_owned));
    }

    #[test]
    fn times_are_uk_local_time() {
        check("2026-01-05 09:00:00", Some("2026-01-05T09:00:00Z"));
        check("2026-07-01 09:00:00", Some("2026-07-01T08:00:00Z"));
        check("2026-07-01", None);
        check("2026-07-01T09:00:00", None);
        check("2026-13-01 09:00:00", None);
        let summer: Timestamp = "2026-07-01T08:00:00Z".parse().expect("a test writes valid timestamps");
        assert_eq!(Stamp(local(summer)).to_string(), "2026-07-01 09:00:00");
    }
}
