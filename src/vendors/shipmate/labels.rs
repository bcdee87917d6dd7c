//! A consignment as label rows. Everything is drawn while the answer is written, after the world is free again, so that a
//! label costs the lock nothing.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::DateTime;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::catalog::{CATALOG, Location, Printed, Service};
use super::wire::{self, Address, Consignment, Format, Package, Stamp};
use crate::base::json::Written;
use crate::base::time::Timestamp;
use crate::carrier::{self, pdf, png, sheet};

/// The label rows of a consignment.
pub(super) struct Labels {
    pub is_newer: bool,
    pub reference: String,
    pub consignment: Consignment,
    /// The only parcel that is shown, without its price; all with their prices when there is none, as after booking.
    pub only: Option<usize>,
    pub format: Format,
}

/// What one label says.
struct Label<'a> {
    rows: &'a Labels,
    service: &'static Service,
    sender: &'static Location,
    parcel: &'a Package,
    /// When it was booked, in UK local time.
    booked: DateTime,
    /// The consignment number that labels print.
    printed: &'a str,
    /// The number of the parcel in its consignment, from 1.
    number: usize,
}

/// A label in one format, or nothing where another one was asked for.
struct Drawing<'a>(&'a Label<'a>, Format);

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let consignment = &self.consignment;
        let booked = wire::local(consignment.created_at);
        let service = CATALOG.service(&consignment.service).expect("consignments are booked with services of the catalog");
        let sender = consignment.sender();
        let printed = &number(consignment, booked);
        let mut list = serializer.serialize_seq(None)?;
        for (index, parcel) in consignment.parcels.iter().enumerate().filter(|(index, _)| self.only.is_none_or(|only| only == *index)) {
            list.serialize_element(&Label { rows: self, service, sender, parcel, booked, printed, number: index + 1 })?;
        }
        list.end()
    }
}

impl Serialize for Label<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { rows, service, parcel, booked, .. } = self;
        let consignment = &rows.consignment;
        let mut row = serializer.serialize_map(None)?;
        if rows.is_newer {
            row.serialize_entry("id", &consignment.id)?;
        }
        row.serialize_entry(if rows.is_newer { "shipment_reference" } else { "consignment_reference" }, &rows.reference)?;
        row.serialize_entry("parcel_reference", &parcel.reference)?;
        row.serialize_entry("carrier", &service.carrier)?;
        row.serialize_entry("service_name", service.label_name())?;
        row.serialize_entry("tracking_reference", &parcel.tracking)?;
        if rows.is_newer {
            row.serialize_entry("universal_tracking_reference", &universal(&parcel.tracking))?;
        }
        row.serialize_entry("created_by", &consignment.created_by)?;
        row.serialize_entry("created_with", &consignment.created_with)?;
        row.serialize_entry("created_at", &Stamp(*booked))?;
        if rows.only.is_none() {
            row.serialize_entry("price", &service.price)?;
        }
        if rows.is_newer {
            let day = estimate(service, consignment.despatch, self.sender, &consignment.to);
            row.serialize_entry("estimated_delivery_date", &day)?;
        }
        row.serialize_entry("to_address", &consignment.to)?;
        row.serialize_entry("pdf", &Drawing(self, Format::Pdf))?;
        row.serialize_entry("zpl", &Drawing(self, Format::Zpl))?;
        row.serialize_entry("png", &Drawing(self, Format::Png))?;
        row.end()
    }
}

impl Serialize for Drawing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(label, format) = self;
        let lines = || sheet::lines(&CATALOG.label.page, |name| label.value(name));
        match format {
            _ if *format != label.rows.format => serializer.serialize_str(""),
            Format::Zpl => label.program().serialize(serializer),
            Format::Pdf => serializer.serialize_str(&STANDARD.encode(pdf::pages(&[lines()]))),
            Format::Png => serializer.serialize_str(&STANDARD.encode(png::page(&lines()))),
        }
    }
}

impl Label<'_> {
    /// The label for a printer, as JSON.
    fn program(&self) -> Written {
        let Printed { top, address, line, bottom, .. } = &CATALOG.label;
        let mut out = String::with_capacity(2048);
        out.push('"');
        top.fill(&mut out, |name| self.value(name));
        let mut y = 120;
        // Observed 2024-05 on the staging service: placeholders of empty fields stay behind on lines of their own.
        for (name, placeholder) in address {
            let text = self.value(name);
            if text.is_empty() {
                placeholder.fill(&mut out, |_| "");
                continue;
            }
            line.fill(&mut out, |name| if name == "y" { Cow::Owned(y.to_string()) } else { text.clone() });
            y += 42;
        }
        bottom.fill(&mut out, |name| self.value(name));
        out.push('"');
        Written(out.into_bytes().into())
    }

    /// What a name of the catalog's label stands for.
    fn value(&self, name: &str) -> Cow<'_, str> {
        let Self { rows: Labels { consignment, .. }, service, sender, parcel, .. } = self;
        let to = &consignment.to;
        Cow::Borrowed(match name {
            "carrier" => &service.carrier,
            "service" => service.label_name(),
            "tracking" => &parcel.tracking,
            "reference" => &parcel.reference,
            "weight" => return kilograms(parcel.weight).into(),
            "parcel" => return self.number.to_string().into(),
            "parcels" => return consignment.parcels.len().to_string().into(),
            "number" => self.printed,
            "despatch" => return wire::local(consignment.despatch).strftime("%d-%b-%Y").to_string().into(),
            "instructions" => &consignment.instructions,
            "name" => &to.delivery_name,
            "company" => &consignment.company,
            "line_1" => &to.line_1,
            "line_2" => &to.line_2,
            "line_3" => &to.line_3,
            "city" => &to.city,
            "county" => &to.county,
            "postcode" => &to.postcode,
            // The country's name, when the parcel leaves the country.
            "country" if to.country != "GB" => CATALOG.country(&to.country).map_or("", |(_, name)| name),
            "sender_country" => sender.country("name"),
            name => sender.text(name),
        })
    }
}

/// The consignment number that labels print: the day of booking and five digits of the first tracking reference.
fn number(consignment: &Consignment, booked: DateTime) -> String {
    let mut number = booked.strftime("%y%m%d").to_string();
    let tracking = consignment.parcels.first().map_or("", |parcel| &parcel.tracking);
    let digits = tracking.chars().filter(char::is_ascii_digit);
    let before = digits.clone().count().saturating_sub(5);
    number.extend(digits.skip(before));
    number
}

/// A weight as labels print it.
fn kilograms(grams: i64) -> String {
    let hundredths = grams.saturating_add(5) / 10;
    format!("{}.{:02}kg", hundredths / 100, hundredths % 100)
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

/// The end of the day on which a service delivers what is sent from a location.
pub(super) fn estimate(service: &Service, sent: Timestamp, from: &Location, to: &Address) -> String {
    let (from, to) = (carrier::Location::from(from), carrier::Location::from(to));
    let day = carrier::timeline::arrival(sent, carrier::transit::days(service.transit_days, &from, &to), &from, &to);
    format!("{day} 23:59")
}
