//! The documents of a border: a commercial invoice, and the forms CN22 and CN23 of the postal union.

use serde::{Deserialize, Serialize};

use crate::carrier::label::{Address, Fact, Label, kilograms};
use crate::carrier::sheet::{Column, Sheet};

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
}

/// A line of the declaration: goods of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    pub description: String,
    pub quantity: u32,
    /// The weight of all of them.
    pub grams: u32,
    /// The price of one, in hundredths.
    pub cents: i64,
    pub tariff: String,
    pub origin: String,
}

impl Declaration {
    /// What everything is worth, in hundredths.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.items.iter().fold(0, |sum, item| sum.saturating_add(item.cents.saturating_mul(i64::from(item.quantity))))
    }

    fn grams(&self) -> u64 {
        self.items.iter().map(|item| u64::from(item.grams)).sum()
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |item: &Item| {
            let weight = if item.grams == 0 { String::new() } else { kilograms(i64::from(item.grams)) };
            let value = item.cents.saturating_mul(i64::from(item.quantity));
            vec![
                item.description.clone(),
                item.tariff.clone(),
                item.origin.clone(),
                item.quantity.to_string(),
                weight,
                money(item.cents),
                money(value),
            ]
        };
        self.items.iter().map(row).collect()
    }
}

/// The invoice that goes with goods.
#[must_use]
pub fn invoice(label: &Label, declaration: &Declaration) -> Sheet {
    let mut parties = vec![("Exporter".to_owned(), label.from.clone()), ("Consignee".to_owned(), label.to.clone())];
    parties.extend(declaration.importer.clone().map(|importer| ("Importer of record".to_owned(), importer)));
    Sheet {
        title: "COMMERCIAL INVOICE".to_owned(),
        subtitle: label.full_service(),
        parties,
        facts: vec![
            Fact::new("Invoice number", &declaration.invoice_number),
            Fact::new("Date", label.date.map_or_else(String::new, |date| date.to_string())),
            Fact::new("Reason for export", &declaration.reason),
            Fact::new("Terms of sale", &declaration.incoterm),
            Fact::new("Currency", &declaration.currency),
            Fact::new("Parcels", label.pieces.max(1).to_string()),
            Fact::new("Gross weight", if label.grams == 0 { String::new() } else { kilograms(i64::from(label.grams)) }),
            Fact::new("Tracking number", &label.tracking_number),
        ],
        columns: columns(),
        rows: declaration.rows(),
        totals: vec![Fact::new("Total value", format!("{} {}", money(declaration.total()), declaration.currency))],
        notes: vec!["I declare that all information on this invoice is true and correct.".to_owned()],
        signer: Some(signer(label, declaration)),
        number: label.tracking_number.clone(),
    }
}

/// The small form of the postal union, for goods of little value.
#[must_use]
pub fn cn22(label: &Label, declaration: &Declaration) -> Sheet {
    form("CUSTOMS DECLARATION", "CN 22", label, declaration, false)
}

/// The large form of the postal union.
#[must_use]
pub fn cn23(label: &Label, declaration: &Declaration) -> Sheet {
    form("CUSTOMS DECLARATION", "CN 23", label, declaration, true)
}

/// The form that the value asks for: goods worth more than about 400 units of money need the large one.
#[must_use]
pub fn postal(label: &Label, declaration: &Declaration) -> Sheet {
    if declaration.total() > 40_000 { cn23(label, declaration) } else { cn22(label, declaration) }
}

fn form(title: &str, name: &str, label: &Label, declaration: &Declaration, is_large: bool) -> Sheet {
    let parties = if is_large { vec![("From".to_owned(), label.from.clone()), ("To".to_owned(), label.to.clone())] } else { Vec::new() };
    Sheet {
        title: format!("{title} {name}"),
        subtitle: "May be opened officially".to_owned(),
        parties,
        facts: vec![
            Fact::new("Category of item", &declaration.reason),
            Fact::new("If undeliverable", &declaration.non_delivery),
            Fact::new("Date", label.date.map_or_else(String::new, |date| date.to_string())),
            Fact::new("Item number", &label.tracking_number),
        ],
        columns: columns(),
        rows: declaration.rows(),
        totals: vec![
            Fact::new("Total weight", kilograms(i64::try_from(declaration.grams()).unwrap_or(i64::MAX))),
            Fact::new("Total value", format!("{} {}", money(declaration.total()), declaration.currency)),
        ],
        notes: vec![
            "I certify that the particulars given in this declaration are correct and that this item contains no dangerous article \
             prohibited by legislation or by postal or customs regulations."
                .to_owned(),
        ],
        signer: Some(signer(label, declaration)),
        number: if is_large { label.tracking_number.clone() } else { String::new() },
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::text("Description of goods", 34.0),
        Column::text("HS code", 13.0),
        Column::text("Origin", 8.0),
        Column::number("Qty", 7.0),
        Column::number("Weight", 11.0),
        Column::number("Unit value", 13.0),
        Column::number("Value", 14.0),
    ]
}

fn signer(label: &Label, declaration: &Declaration) -> String {
    if declaration.signer.is_empty() { label.from.name.clone() } else { declaration.signer.clone() }
}

/// An amount in hundredths, as text.
#[must_use]
pub fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}
