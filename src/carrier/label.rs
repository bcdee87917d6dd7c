//! Labels: what one says, and how it is laid out.
//!
//! A vendor fills in a [`Label`] from what it stores and has it drawn by [`document::render`](super::document::render):
//!
//! ```
//! use seatrial::carrier::label::{Address, Label};
//! use seatrial::carrier::document::render_label;
//! use seatrial::carrier::print::{Format, Paper};
//!
//! let label = Label {
//!     carrier: "stamps_com".to_owned(),
//!     service: "USPS Priority Mail".to_owned(),
//!     tracking_number: "9205590164917312751089".to_owned(),
//!     from: Address { name: "Sam Quay".to_owned(), lines: vec!["215 Clayton St".to_owned()], ..Address::default() },
//!     to: Address { name: "Alex Harbour".to_owned(), zip: "94103".to_owned(), country: "US".to_owned(), ..Address::default() },
//!     grams: 907,
//!     ..Label::default()
//! };
//! assert!(render_label(label, Format::pdf(Paper::Inch4x6)).starts_with(b"%PDF-1.4"));
//! ```
//!
//! How a carrier's labels look, and which symbols they have, is data: `specs/_carrier/labels.yaml`, found by the vendor's own code or
//! name of the carrier. An unknown carrier has a plain label with its tracking number in Code 128.

mod address;
mod carriers;
mod codes;
mod customs;
mod layout;
mod place;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::countries;

pub use address::Address;
pub use carriers::{CARRIERS, Carrier};
pub(super) use customs::CATEGORIES;
pub use customs::{Declaration, Item, money};
pub(super) use layout::{Canvas, SAMPLE};
pub(super) use place::{place, qr_page};

/// What the label of one parcel says. It is small, and made to be stored; what is empty or zero is not printed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Label {
    /// The vendor's code or name of the carrier, such as `stamps_com`, `ups_walleted` or `Royal Mail`.
    pub carrier: String,
    /// The carrier's name as it is printed, where it is not the usual one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub carrier_name: String,
    /// The service's name as it is printed.
    pub service: String,
    pub tracking_number: String,
    pub from: Address,
    pub to: Address,
    pub grams: u32,
    /// The sides as they are printed, such as `10 x 8 x 4 in`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dimensions: String,
    /// The day on which it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// Which of how many parcels of a shipment it is, from 1.
    #[serde(skip_serializing_if = "is_zero")]
    pub piece: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub pieces: u32,
    /// Whatever else stands on it, such as references.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// What the driver should know.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub instructions: String,
    /// A line beside the mark of samples, at the foot.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub foot: String,
    /// What is in it, where it crosses a border; labels of posts print it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customs: Option<Box<Declaration>>,
    /// Whether it brings a parcel back, which is printed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_return: bool,
    /// Whether letters outside the Latin alphabet are printed as question marks, as by vendors whose printers know no others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_latin: bool,
}

/// Something that is printed under a caption.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    pub caption: String,
    pub text: String,
}

impl Fact {
    pub fn new(caption: impl Into<String>, text: impl Into<String>) -> Self {
        Self { caption: caption.into(), text: text.into() }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Label {
    /// The row of its carrier.
    fn row(&self) -> &'static Carrier {
        CARRIERS.find(&self.carrier)
    }

    /// The carrier's name as it is printed.
    pub(super) fn printed_carrier(&self) -> &str {
        let usual = &self.row().name;
        [&*self.carrier_name, usual, &self.carrier].into_iter().find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// The service's name with that of the carrier in front, unless it begins with it anyway.
    pub(super) fn full_service(&self) -> String {
        let (carrier, service) = (self.printed_carrier(), self.service.trim());
        let begins = service.to_uppercase().starts_with(&carrier.to_uppercase());
        if begins { service.to_owned() } else { format!("{carrier} {service}").trim().to_owned() }
    }

    /// Whether it crosses a border.
    pub(super) fn is_international(&self) -> bool {
        let [from, to] = [&self.from, &self.to].map(|end| if self.is_postal() { countries::of_mail(&end.country) } else { &end.country });
        !from.is_empty() && !to.is_empty() && from != to
    }

    /// Whether a post carries it.
    pub(super) fn is_postal(&self) -> bool {
        self.row().post
    }

    /// What a label of a post says to customs; nothing where there is no border.
    pub(super) fn printed_customs(&self) -> Option<&Declaration> {
        self.customs.as_deref().filter(|_| self.is_postal() && self.is_international())
    }

    /// The weight in pounds and ounces for parcels from the United States, else in kilograms.
    pub(super) fn weight(&self) -> String {
        match self.grams {
            0 => String::new(),
            grams if self.from.country == "US" => {
                let ounces = f64::from(grams) / 28.349_523;
                // A tenth of an ounce, so that a weight in pounds is the same in grams and back.
                let tenths = (ounces * 10.0).round() / 10.0;
                let pounds = (tenths / 16.0).floor();
                let rest = tenths - pounds * 16.0;
                let ounces = if rest.fract() == 0.0 { format!("{rest:.0} oz") } else { format!("{rest:.1} oz") };
                if pounds == 0.0 { ounces } else { format!("{pounds:.0} lb {ounces}") }
            }
            grams => kilograms(i64::from(grams)),
        }
    }

    /// `1 of 3`, where it is known.
    pub(super) fn pieces(&self) -> String {
        if self.pieces == 0 { String::new() } else { format!("{} of {}", self.piece.max(1), self.pieces) }
    }

    /// The same label with nothing on it that a Latin printer lacks.
    fn in_latin(&self) -> Self {
        let latin = |text: &mut String| {
            if !text.is_ascii() {
                *text = text.chars().map(|letter| if letter < '\u{250}' { letter } else { '?' }).collect();
            }
        };
        let mut label = self.clone();
        for end in [&mut label.from, &mut label.to] {
            end.texts().for_each(latin);
        }
        for fact in &mut label.facts {
            latin(&mut fact.text);
        }
        if let Some(customs) = &mut label.customs {
            customs.items.iter_mut().map(|item| &mut item.description).chain([&mut customs.signer]).for_each(latin);
        }
        [&mut label.service, &mut label.carrier_name, &mut label.instructions, &mut label.foot].into_iter().for_each(latin);
        label
    }
}

/// A weight in kilograms with two decimals, halves rounded up.
#[must_use]
pub fn kilograms(grams: i64) -> String {
    let hundredths = grams.saturating_add(5) / 10;
    format!("{}.{:02}kg", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(country: &str, grams: u32, expected: &str) {
        let label = Label { grams, from: Address { country: country.to_owned(), ..Address::default() }, ..Label::default() };
        assert_eq!(label.weight(), expected);
    }

    #[test]
    fn weights_are_in_the_units_of_the_sender() {
        check("US", 907, "2 lb 0 oz");
        check("US", 13_608, "30 lb 0 oz");
        check("US", 100, "3.5 oz");
        check("GB", 1005, "1.01kg");
        check("CA", 0, "");
    }
}
