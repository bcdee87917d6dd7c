//! A consignment as label rows. Everything is drawn while the answer is written, after the world is free again, so that a
//! label costs the lock nothing.

mod sheet;
mod zpl;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::DateTime;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::catalog::{CATALOG, Location, Service};
use super::version::Version;
use super::wire::{self, Address, Consignment, Format, Package, Stamp};
use crate::base::time::Timestamp;
use crate::carrier::{self, pdf};

/// The label rows of a consignment.
pub(super) struct Labels {
    version: Version,
    reference: String,
    consignment: Consignment<'static>,
    /// The only parcel that is shown; all when there is none.
    only: Option<usize>,
    format: Format,
}

/// What one label says.
pub(super) struct Label<'a> {
    pub consignment: &'a Consignment<'a>,
    pub service: &'static Service,
    pub parcel: &'a Package<'a>,
    /// When it was booked, in UK local time.
    pub booked: DateTime,
    /// The place of the parcel in its consignment, from 1.
    pub place: usize,
}

#[derive(Serialize)]
struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consignment_reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipment_reference: Option<&'a str>,
    parcel_reference: &'a str,
    carrier: &'static str,
    service_name: &'static str,
    tracking_reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    universal_tracking_reference: Option<Cow<'a, str>>,
    created_by: &'a str,
    created_with: &'a str,
    created_at: Stamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_delivery_date: Option<String>,
    to_address: Destination<'a>,
    pdf: Drawing<'a>,
    zpl: Drawing<'a>,
    png: Drawing<'a>,
}

/// The address as answers have it: what is missing is empty, and the name is called otherwise than in requests.
#[derive(Serialize)]
struct Destination<'a> {
    delivery_name: &'a str,
    line_1: &'a str,
    line_2: &'a str,
    line_3: &'a str,
    city: &'a str,
    county: &'a str,
    postcode: &'a str,
    country: &'a str,
}

/// A label in one format, or nothing where another one was asked for.
struct Drawing<'a>(Option<(&'a Label<'a>, Format)>);

impl Labels {
    /// All labels of a consignment that was just booked, with prices.
    pub fn booked(version: Version, reference: String, consignment: Consignment<'_>, format: Format) -> Self {
        Self { version, reference, consignment: consignment.into_owned(), only: None, format }
    }

    /// The label of one parcel, without its price.
    pub fn one(version: Version, reference: String, consignment: Consignment<'_>, place: usize, format: Format) -> Self {
        Self { version, reference, consignment: consignment.into_owned(), only: Some(place), format }
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let consignment = &self.consignment;
        let booked = wire::local(consignment.created_at);
        let service = CATALOG.service(&consignment.service).expect("consignments are booked with services of the catalog");
        let mut rows = serializer.serialize_seq(Some(if self.only.is_some() { 1 } else { consignment.parcels.len() }))?;
        for (place, parcel) in consignment.parcels.iter().enumerate().filter(|(place, _)| self.only.is_none_or(|only| only == *place)) {
            let label = Label { consignment, service, parcel, booked, place: place + 1 };
            let drawing = |format| Drawing((self.format == format).then_some((&label, format)));
            let newer = self.version == Version::V1_2;
            rows.serialize_element(&Row {
                id: newer.then_some(&consignment.id),
                consignment_reference: (!newer).then_some(&self.reference),
                shipment_reference: newer.then_some(&self.reference),
                parcel_reference: &parcel.reference,
                carrier: &service.carrier,
                service_name: service.label_name(),
                tracking_reference: &parcel.tracking,
                universal_tracking_reference: newer.then(|| universal(&parcel.tracking)),
                created_by: &consignment.created_by,
                created_with: consignment.created_with.as_deref().unwrap_or(&CATALOG.account.application),
                created_at: Stamp(booked),
                price: self.only.is_none().then_some(&service.price),
                estimated_delivery_date: newer.then(|| {
                    let location = consignment.location.as_deref().and_then(|code| CATALOG.location(code));
                    estimate(service, consignment.despatch.unwrap_or(consignment.created_at), location, &consignment.to)
                }),
                to_address: Destination::from(&consignment.to),
                pdf: drawing(Format::Pdf),
                zpl: drawing(Format::Zpl),
                png: drawing(Format::Png),
            })?;
        }
        rows.end()
    }
}

/// The reference by which Shipmate itself knows a parcel. Recorded 2024-05 for labels without a carrier, whose `P` becomes a
/// `C`; other carriers' references are taken as they are.
fn universal(tracking: &str) -> Cow<'_, str> {
    tracking.strip_prefix("P5D").map_or(Cow::Borrowed(tracking), |rest| Cow::Owned(format!("C5D{rest}")))
}

/// The carrier's reference of a parcel, from either of its references.
pub(super) fn carriers_own(reference: &str) -> Cow<'_, str> {
    reference.strip_prefix("C5D").map_or(Cow::Borrowed(reference), |rest| Cow::Owned(format!("P5D{rest}")))
}

/// The end of the day on which a service delivers what is sent from a location; the usual one when there is none.
pub(super) fn estimate(service: &Service, sent: Timestamp, location: Option<&Location>, to: &Address<'_>) -> String {
    let (from, to) = (carrier::Location::from(location.unwrap_or(CATALOG.home())), carrier::Location::from(to));
    let day = carrier::timeline::arrival(sent, carrier::transit::days(service.transit_days, &from, &to), &from, &to);
    format!("{day} 23:59")
}

impl Serialize for Drawing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            None => serializer.serialize_str(""),
            Some((label, Format::Zpl)) => serializer.serialize_str(&zpl::draw(label)),
            Some((label, Format::Pdf)) => serializer.serialize_str(&STANDARD.encode(pdf::pages(&[sheet::lines(label)]))),
            Some((label, Format::Png)) => serializer.serialize_str(&STANDARD.encode(crate::carrier::png::page(&sheet::lines(label)))),
        }
    }
}

impl<'a> From<&'a Address<'a>> for Destination<'a> {
    fn from(to: &'a Address<'a>) -> Self {
        Self {
            delivery_name: &to.name,
            line_1: &to.line_1,
            line_2: &to.line_2,
            line_3: &to.line_3,
            city: &to.city,
            county: &to.county,
            postcode: &to.postcode,
            country: &to.country,
        }
    }
}
