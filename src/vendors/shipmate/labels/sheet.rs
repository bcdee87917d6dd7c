//! What a label says, line by line, in whatever format it is drawn.

use std::fmt::{self, Display, Formatter};

use jiff::civil::DateTime;

use super::Label;
use crate::vendors::shipmate::catalog::CATALOG;
use crate::vendors::shipmate::wire;

/// The weight in kilograms, as labels print it.
pub(super) struct Weight(pub i64);

/// A date as labels print it.
pub(super) struct Day(pub DateTime);

impl Label<'_> {
    pub(super) fn despatch(&self) -> Day {
        Day(wire::local(self.consignment.despatch))
    }

    /// The consignment number that labels print: the day of booking and five digits of the first tracking reference.
    pub(super) fn consignment_number(&self) -> String {
        let mut number = self.booked.strftime("%y%m%d").to_string();
        let tracking = self.consignment.parcels.first().map_or("", |parcel| &parcel.tracking);
        let digits = tracking.chars().filter(char::is_ascii_digit);
        let before = digits.clone().count().saturating_sub(5);
        number.extend(digits.skip(before));
        number
    }

    /// The country's name, when the parcel leaves the country.
    pub(super) fn foreign_country(&self) -> &str {
        let code = &*self.consignment.to.country;
        if code == "GB" { "" } else { CATALOG.country(code).map_or("", |(_, name)| name) }
    }
}

impl Display for Weight {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let hundredths = self.0.saturating_add(5) / 10;
        write!(out, "{}.{:02}kg", hundredths / 100, hundredths % 100)
    }
}

impl Display for Day {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.0.strftime("%d-%b-%Y").fmt(out)
    }
}

/// The sender in one line, piece by piece.
pub(super) fn sender(label: &Label<'_>, write: &mut impl FnMut(&str)) {
    let sender = label.consignment.sender();
    write(&sender.address_name);
    for line in [Some(&sender.address_line_1), sender.address_line_2.as_ref(), Some(&sender.address_town_city)].into_iter().flatten() {
        write(", ");
        write(line);
    }
    if let Some(code) = &sender.address_post_zip_code {
        write(" ");
        write(code);
    }
    write(" ");
    write(&sender.address_country.name);
}

/// The lines of a label that is drawn as a page of text.
pub(super) fn lines(label: &Label<'_>) -> Vec<String> {
    let (to, parcel) = (&label.consignment.to, label.parcel);
    let count = label.consignment.parcels.len();
    let address = [
        &*to.delivery_name,
        &label.consignment.company,
        &to.line_1,
        &to.line_2,
        &to.line_3,
        &to.city,
        &to.county,
        &to.postcode,
        label.foreign_country(),
    ];
    let mut lines = vec![format!("{} {}", label.service.carrier, label.service.label_name()), String::new(), "Deliver To".to_owned()];
    lines.extend(address.into_iter().filter(|line| !line.is_empty()).map(str::to_owned));
    lines.push(String::new());
    lines.push(format!("Despatch Date {}", label.despatch()));
    lines.push(format!("Weight {}   Parcel {} of {count}", Weight(parcel.weight), label.number));
    lines.push(format!("Sender Reference {}", parcel.reference));
    lines.push(format!("Consignment Number {}-{}", label.consignment_number(), label.number));
    if !label.consignment.instructions.is_empty() {
        lines.push(label.consignment.instructions.to_string());
    }
    lines.push(format!("Tracking {}", parcel.tracking));
    lines.push(String::new());
    let sender = label.consignment.sender();
    lines.push(format!("From {}", sender.address_name));
    lines.push(format!("{}, {}", sender.address_line_1, sender.address_town_city));
    lines
}
