//! What a sender declares of a parcel that crosses a border. Labels of posts print it, and `carrier/sheet/customs.rs` makes forms of it.

use serde::{Deserialize, Serialize};

use crate::carrier::label::address::Address;

/// What parcels are sent for, and the words of vendors for it.
pub(in crate::carrier) const CATEGORIES: [(&str, &[&str]); 5] = [
    ("Gift", &["gift"]),
    ("Documents", &["document"]),
    ("Commercial sample", &["sample"]),
    ("Returned goods", &["return"]),
    ("Sale of goods", &["merchandise", "sale", "commercial", "sold"]),
];

/// What is in a parcel, as its sender declares it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Declaration {
    /// What it is sent for, such as `Merchandise` or `Gift`.
    pub reason: String,
    /// Who pays duties, such as `DDP`.
    pub incoterm: String,
    pub invoice_number: String,
    pub currency: String,
    pub items: Vec<Item>,
    /// What becomes of it if nobody takes it.
    pub non_delivery: String,
    pub signer: String,
    pub importer: Option<Address>,
    /// The goods of further lines.
    #[serde(skip)]
    pub further: Further,
}

/// Lines that are counted and summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Further {
    pub(in crate::carrier) lines: usize,
    grams: i64,
    value: i64,
}

/// More lines than a label shows.
const LINES: usize = 8;

/// A line of the declaration: goods of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    pub description: String,
    pub quantity: u32,
    /// The weight of all of them.
    pub grams: u32,
    /// What all of them are worth, in hundredths.
    pub value: i64,
    pub tariff: String,
    pub origin: String,
}

impl Declaration {
    /// What everything is worth, in hundredths.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.items.iter().fold(self.further.value, |sum, item| sum.saturating_add(item.value))
    }

    /// What everything weighs: as it is declared, or else as it was put on the scales.
    pub(in crate::carrier) fn weight(&self, grams: u32) -> i64 {
        let declared = self.further.grams + self.items.iter().map(|item| i64::from(item.grams)).sum::<i64>();
        if declared == 0 { i64::from(grams) } else { declared }
    }

    /// Leaves as many lines as a label shows, and of the others how many there are and what they add up to.
    pub fn shorten(&mut self) {
        for Item { grams, value, .. } in self.items.drain(LINES.min(self.items.len())..) {
            let Further { lines, grams: weight, value: worth } = &mut self.further;
            (*lines, *weight, *worth) = (*lines + 1, *weight + i64::from(grams), worth.saturating_add(value));
        }
        self.items.shrink_to_fit();
    }

    /// The form that its value asks for: goods worth more than about 400 units of money need the large one.
    pub(in crate::carrier) fn form(&self) -> &'static str {
        if self.total() > 40_000 { "CN 23" } else { "CN 22" }
    }

    /// The reason in the words of the forms.
    pub(in crate::carrier) fn category(&self) -> &'static str {
        let reason = self.reason.to_lowercase();
        let known = CATEGORIES.iter().find(|(_, words)| words.iter().any(|word| reason.contains(word)));
        known.map_or("Other", |(category, _)| category)
    }

    /// What becomes of it if nobody takes it, as people say it.
    pub(in crate::carrier) fn undeliverable(&self) -> String {
        let text = self.non_delivery.replace('_', " ").to_lowercase();
        if text.is_empty() { text } else { format!("If undeliverable: {text}") }
    }

    pub(in crate::carrier) fn signed_by<'a>(&'a self, sender: &'a str) -> &'a str {
        if self.signer.is_empty() { sender } else { &self.signer }
    }
}

/// An amount in hundredths, as text.
#[must_use]
pub fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}
