//! Addresses as labels print them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::carrier::countries;

/// Where a parcel comes from or goes to, as it was sent; what is unknown is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub company: String,
    /// Streets and what belongs to them; empty ones are left out.
    pub lines: Vec<String>,
    pub city: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
    pub zip: String,
    /// The code of ISO 3166 with two letters.
    pub country: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phone: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Tax numbers such as EORI and VAT, for customs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tax_id: String,
    /// What the vendor's template leaves behind for each line that is empty, in programs for printers only: for the company, the second
    /// and third street, and the country.
    #[serde(skip)]
    pub unfilled: Option<[&'static str; 4]>,
}

/// A line of an address, or what a template leaves behind in its place.
pub(in crate::carrier) enum Line<'a> {
    Text(Cow<'a, str>),
    Unfilled(&'static str),
}

impl Address {
    /// The lines, with the country's name when they are for another country.
    pub(in crate::carrier) fn block<'a>(&'a self, from: &str) -> Vec<Line<'a>> {
        let mut lines = Vec::with_capacity(8);
        let mut add = |text: Cow<'a, str>, unfilled: Option<&'static str>| match unfilled {
            _ if !text.chars().all(char::is_whitespace) => lines.push(Line::Text(text)),
            Some(unfilled) => lines.push(Line::Unfilled(unfilled)),
            None => {}
        };
        let unfilled = |index: usize| self.unfilled.map(|texts| texts[index]);
        add((&self.name).into(), None);
        add((&self.company).into(), unfilled(0));
        let count = if self.unfilled.is_some() { self.lines.len().max(3) } else { self.lines.len() };
        for index in 0..count {
            let line = self.lines.get(index).map_or("", String::as_str);
            add(line.into(), if matches!(index, 1 | 2) { unfilled(index) } else { None });
        }
        for line in self.town() {
            add(line, None);
        }
        let country = if self.country.is_empty() || self.country == from { String::new() } else { self.country_name().to_uppercase() };
        add(country.into(), unfilled(3));
        lines
    }

    /// The lines of the block that say something.
    pub(in crate::carrier) fn texts_of_block<'a>(&'a self, from: &str) -> Vec<Cow<'a, str>> {
        let text = |line| match line {
            Line::Text(text) => Some(text),
            Line::Unfilled(_) => None,
        };
        self.block(from).into_iter().filter_map(text).collect()
    }

    /// City, state and postal code in the order of their country; what is left of the lines is empty.
    fn town(&self) -> [Cow<'_, str>; 3] {
        let joined = |parts: &[&str]| Cow::from(parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" "));
        let none = Cow::default;
        let (city, state, zip) = (&*self.city, &*self.state, &*self.zip);
        match &*self.country {
            "GB" | "IE" | "GG" | "JE" | "IM" => [city.into(), state.into(), zip.into()],
            "US" | "CA" | "AU" | "PR" | "IN" | "MX" | "" => [joined(&[city, state, zip]), none(), none()],
            "JP" | "KR" | "CN" | "TW" | "HK" | "SG" | "NZ" | "TH" => [joined(&[city, zip]), state.into(), none()],
            _ => [joined(&[zip, city]), state.into(), none()],
        }
    }

    pub(in crate::carrier) fn country_name(&self) -> &str {
        countries::find(&self.country).map_or(&*self.country, |country| country.name)
    }

    /// Every text of it that labels print.
    pub(super) fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let Self { name, company, lines, city, state, zip, phone, .. } = self;
        [name, company, city, state, zip, phone].into_iter().chain(lines)
    }
}
