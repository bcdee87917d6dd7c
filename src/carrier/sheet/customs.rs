//! The documents of a border: a commercial invoice, and the forms CN22 and CN23 of the postal union.

use serde::{Deserialize, Serialize};

use crate::carrier::label::{Address, Fact, Label, kilograms};
use crate::carrier::rating::share;
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
    /// What all of them are worth, in hundredths.
    pub value: i64,
    pub tariff: String,
    pub origin: String,
}

impl Declaration {
    /// What everything is worth, in hundredths.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.items.iter().fold(0, |sum, item| sum.saturating_add(item.value))
    }

    pub(in crate::carrier) fn grams(&self) -> i64 {
        self.items.iter().map(|item| i64::from(item.grams)).sum()
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

    pub(in crate::carrier) fn signed_by<'a>(&'a self, label: &'a Label) -> &'a str {
        if self.signer.is_empty() { &label.from.name } else { &self.signer }
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |item: &Item| {
            let weight = if item.grams == 0 { String::new() } else { kilograms(i64::from(item.grams)) };
            let each = share(item.value, 1, i64::from(item.quantity.max(1)));
            vec![
                item.description.clone(),
                item.tariff.clone(),
                item.origin.clone(),
                item.quantity.to_string(),
                weight,
                money(each),
                money(item.value),
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
            Fact::new("Reason for export", declaration.reason.replace('_', " ")),
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
        signer: Some(declaration.signed_by(label).to_owned()),
        number: label.tracking_number.clone(),
    }
}

/// Whatever goes with a parcel over a border: the form of the postal union, if a post carries it, and the invoice.
#[must_use]
pub fn forms(label: &Label, declaration: &Declaration) -> Vec<Sheet> {
    let form = label.is_postal().then(|| postal(label, declaration));
    form.into_iter().chain([invoice(label, declaration)]).collect()
}

/// The invoice, and the form of the postal union where goods stand on it that are not on the label.
#[must_use]
pub fn beside(label: &Label, declaration: &Declaration) -> Vec<Sheet> {
    let is_longer = label.is_postal() && declaration.items.len() > 4;
    let form = is_longer.then(|| postal(label, declaration));
    [invoice(label, declaration)].into_iter().chain(form).collect()
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

/// The form that the value asks for.
#[must_use]
pub fn postal(label: &Label, declaration: &Declaration) -> Sheet {
    if declaration.form() == "CN 23" { cn23(label, declaration) } else { cn22(label, declaration) }
}

/// What parcels are sent for, and the words of vendors for it.
const CATEGORIES: [(&str, &[&str]); 5] = [
    ("Gift", &["gift"]),
    ("Documents", &["document"]),
    ("Commercial sample", &["sample"]),
    ("Returned goods", &["return"]),
    ("Sale of goods", &["merchandise", "sale", "commercial", "sold"]),
];

fn form(title: &str, name: &str, label: &Label, declaration: &Declaration, is_large: bool) -> Sheet {
    let own = declaration.category();
    let names = CATEGORIES.iter().map(|(name, _)| *name).chain(["Other"]);
    let boxes: Vec<String> = names.map(|name| format!("{} {name}", if name == own { '\u{25a0}' } else { '\u{25a1}' })).collect();
    let parties = if is_large { vec![("From".to_owned(), label.from.clone()), ("To".to_owned(), label.to.clone())] } else { Vec::new() };
    Sheet {
        title: format!("{title} {name}"),
        subtitle: "May be opened officially".to_owned(),
        parties,
        facts: vec![
            Fact::new("Category of item", own),
            Fact::new("If undeliverable", declaration.non_delivery.replace('_', " ").to_lowercase()),
            Fact::new("Date", label.date.map_or_else(String::new, |date| date.to_string())),
            Fact::new("Item number", &label.tracking_number),
        ],
        columns: columns(),
        rows: declaration.rows(),
        totals: vec![
            Fact::new("Total weight", kilograms(declaration.grams())),
            Fact::new("Total value", format!("{} {}", money(declaration.total()), declaration.currency)),
        ],
        notes: vec![
            boxes.join("   "),
            "I certify that the particulars given in this declaration are correct and that this item contains no dangerous article \
             prohibited by legislation or by postal or customs regulations."
                .to_owned(),
        ],
        signer: Some(declaration.signed_by(label).to_owned()),
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

/// An amount in hundredths, as text.
#[must_use]
pub fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}
