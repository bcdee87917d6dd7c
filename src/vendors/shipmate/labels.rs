//! A consignment as label rows. Everything is drawn while the answer is written, after the world is free again, so that a
//! label costs the lock nothing.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::DateTime;
use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::catalog::{CATALOG, Location, Service};
use super::wire::{self, Address, CONSIGNMENT, Consignment, Format, Package, Stamp};
use crate::base::time::Timestamp;
use crate::carrier::document;
use crate::carrier::label::{self as printed, Fact};
use crate::carrier::print::{self, Paper};
use crate::carrier::{self, Parcel};
use crate::engine::Cx;

/// Of how many parcels an answer has labels at most. Those of the others can be asked for one by one.
pub(super) const LABELS: usize = 100;

/// The label rows of a consignment.
pub(super) struct Labels {
    pub is_newer: bool,
    pub reference: String,
    pub consignment: Consignment,
    /// The only parcel that is shown, without its price; all with their prices when there is none, as after booking.
    pub only: Option<usize>,
    pub format: Format,
}

/// The label of one parcel, and what it is made of.
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

/// The label of a parcel, whatever has become of it.
pub(super) fn of(cx: &mut Cx<'_>, parcel: &Parcel) -> Option<printed::Label> {
    let consignment: Consignment = cx.docs.get(CONSIGNMENT, &parcel.subject)?;
    let index = consignment.parcels.iter().position(|row| row.tracking == parcel.tracking_number)?;
    let (booked, sender) = (wire::local(consignment.created_at), consignment.sender());
    let (service, printed) = (CATALOG.service(&consignment.service)?, &number(&consignment, booked));
    let rows = &Labels { is_newer: false, reference: String::new(), consignment, only: None, format: Format::Png };
    Some(Label { rows, service, sender, parcel: &rows.consignment.parcels[index], booked, printed, number: index + 1 }.printed())
}

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
        let file = |format| document::render_label(label.printed(), format);
        match format {
            _ if *format != label.rows.format || (label.rows.only.is_none() && label.number > LABELS) => serializer.serialize_str(""),
            Format::Zpl => {
                // Recorded 2024-05: a program begins with the settings of the designer that drew the demo label.
                let program = file(print::Format::zpl(203));
                let program = str::from_utf8(&program).map_err(S::Error::custom)?;
                serializer.serialize_str(&["CT~~CD,~CC^~CT~\n", program].concat())
            }
            Format::Pdf => serializer.serialize_str(&STANDARD.encode(file(print::Format::pdf(Paper::Inch4x6)))),
            Format::Png => serializer.serialize_str(&STANDARD.encode(file(print::Format::png(Paper::Inch4x6, 203)))),
        }
    }
}

impl Label<'_> {
    /// The label as it is drawn, whatever the format.
    fn printed(&self) -> carrier::label::Label {
        let Self { rows: Labels { consignment, .. }, service, sender, parcel, .. } = self;
        let to = &consignment.to;
        let text = |name: &str| sender.text(name).to_owned();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        carrier::label::Label {
            carrier: service.carrier.clone(),
            carrier_name: CATALOG.carrier(&service.carrier).map_or_else(String::new, |carrier| carrier.label_name.clone()),
            service: service.label_name().to_owned(),
            tracking_number: parcel.tracking.clone(),
            from: printed::Address {
                name: text("address_name"),
                lines: vec![text("address_line_1"), text("address_line_2")],
                city: text("address_town_city"),
                zip: text("address_post_zip_code"),
                country: sender.country("code").to_owned(),
                ..printed::Address::default()
            },
            to: printed::Address {
                name: to.delivery_name.clone(),
                company: consignment.company.clone(),
                lines: vec![to.line_1.clone(), to.line_2.clone(), to.line_3.clone()],
                city: to.city.clone(),
                state: to.county.clone(),
                zip: to.postcode.clone(),
                country: to.country.clone(),
                // Observed 2024-05 on the staging service: placeholders of empty fields stay behind on lines of their own.
                unfilled: Some(["%COMPANY_NAME%", "%ADDRESS_LINE_2%", "%ADDRESS_LINE_3%", "%ADDRESS_LINE_6%"]),
                ..printed::Address::default()
            },
            grams: u32::try_from(parcel.weight).unwrap_or_default(),
            date: Some(wire::local(consignment.despatch).date()),
            piece: count(self.number),
            pieces: count(consignment.parcels.len()),
            facts: vec![Fact::new("Sender Reference", &parcel.reference), Fact::new("Consignment Number", self.printed)],
            instructions: consignment.instructions.clone(),
            foot: format!("{}-{}", self.printed, self.number),
            ..carrier::label::Label::default()
        }
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
