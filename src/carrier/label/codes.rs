//! What the bar codes of a label say, and the words beside them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::carrier::label::carriers::Symbol;
use crate::carrier::label::{Fact, Label};
use crate::carrier::print::{Code, Structured};

/// The numbers of ISO 3166, by codes with two letters.
static NUMBERS: LazyLock<BTreeMap<&str, u16>> = LazyLock::new(|| {
    let rows = include_str!("countries.txt").lines().filter(|line| !line.starts_with('#'));
    rows.flat_map(str::split_whitespace).filter_map(|row| Some((row.get(..2)?, row.get(2..)?.parse().ok()?))).collect()
});

/// The number of a country; zero of one that nobody knows.
pub(super) fn number_of(country: &str) -> u16 {
    NUMBERS.get(country).copied().unwrap_or_default()
}

impl Label {
    /// The bar code that is scanned from pick-up to delivery.
    pub(in crate::carrier) fn tracking_code(&self) -> Option<Code> {
        let number = &self.tracking_number;
        let symbol = self.row().symbols.first().copied().unwrap_or(Symbol::Code128);
        (!number.is_empty()).then(|| self.code(symbol))
    }

    /// The symbol that says more than the number, of carriers who have one.
    pub(super) fn second_code(&self) -> Option<Code> {
        let symbol = self.row().symbols.get(1).copied()?;
        (!self.tracking_number.is_empty()).then(|| self.code(symbol))
    }

    fn code(&self, symbol: Symbol) -> Code {
        match symbol {
            Symbol::Code128 => Code::Code128(self.filled(&self.row().data)),
            Symbol::Impb => self.impb(),
            Symbol::Dpd => Code::Code128(self.dpd()),
            Symbol::DataMatrix => Code::DataMatrix(ascii(&self.filled(&self.row().text))),
            Symbol::Qr => Code::Qr(self.tracking_number.clone()),
            Symbol::MaxiCode => Code::Maxi(self.structured()),
            Symbol::Pdf417 => Code::Pdf417(self.all()),
        }
    }

    /// What a template of the table says with the number and the postal code in their places.
    fn filled(&self, template: &str) -> String {
        let mut text = String::with_capacity(64);
        for (index, piece) in template.split('{').enumerate() {
            let (name, rest) = piece.split_once('}').filter(|_| index > 0).unwrap_or(("", piece));
            match name {
                "number" => text.push_str(&self.tracking_number),
                "zip" => text.push_str(&compact(&self.to.zip)),
                _ => {}
            }
            text.push_str(rest);
        }
        text
    }

    /// The code of the USPS: numbers that begin with 9 go with the ZIP code of the recipient, those of the postal union alone.
    fn impb(&self) -> Code {
        let number = self.tracking_number.clone();
        let is_package = number.len() >= 20 && number.bytes().all(|byte| byte.is_ascii_digit());
        let zip: String = self.to.zip.chars().filter(char::is_ascii_digit).take(5).collect();
        match (is_package, zip.len()) {
            (true, 5) => Code::Gs1(vec![format!("420{zip}"), number]),
            (true, _) => Code::Gs1(vec![number]),
            _ => Code::Code128(number),
        }
    }

    /// The code of DPD: a mark, seven places for the postal code, the parcel, the service and the country.
    fn dpd(&self) -> String {
        let zip: String = compact(&self.to.zip).chars().take(7).collect();
        format!("%{zip:0>7}{}{:03}{:03}", self.tracking_number, 101, number_of(&self.to.country))
    }

    /// What a MaxiCode says for conveyors.
    fn structured(&self) -> Structured {
        let zip = compact(&self.to.zip);
        let postcode = match &*self.to.country {
            "US" | "PR" => format!("{:0<9}", zip.chars().filter(char::is_ascii_digit).take(9).collect::<String>()),
            _ => zip.chars().take(6).collect(),
        };
        let number = &self.tracking_number;
        // The number without the account and service, which have fields of their own.
        let (head, tail) = (number.get(..2).unwrap_or_default(), number.get(10..).unwrap_or(number));
        let account = number.get(2..8).unwrap_or_default();
        let pounds = (f64::from(self.grams) / 453.592_37 - 0.01).ceil().max(1.0);
        let day = self.date.map_or(1, |date| date.day_of_year());
        let (piece, pieces) = (self.piece.max(1), self.pieces.max(1));
        let city: String = ascii(&self.to.city.to_uppercase()).chars().take(18).collect();
        let state = ascii(&self.to.state.to_uppercase());
        let state: String = state.chars().take(2).collect();
        let message = format!(
            "[)>\u{1e}01\u{1d}96{head}{tail}\u{1d}UPSN\u{1d}{account}\u{1d}{day:03}\u{1d}\u{1d}{piece}/{pieces}\u{1d}\
             {pounds:.0}\u{1d}N\u{1d}\u{1d}{city}\u{1d}{state}\u{1e}\u{4}"
        );
        let service = number.get(8..10).and_then(|service| service.parse().ok()).unwrap_or(1);
        Structured { postcode, country: number_of(&self.to.country), service, message }
    }

    /// What a PDF417 says: the header of ISO 15434, then fields between separators.
    fn all(&self) -> String {
        let Self { to, tracking_number, .. } = self;
        let date = self.date.map_or(1, |date| date.day_of_year());
        let street = to.lines.iter().find(|line| !line.is_empty()).map_or("", String::as_str);
        let weight = format!("{:.1}LB", f64::from(self.grams) / 453.592_37);
        let pieces = format!("{}/{}", self.piece.max(1), self.pieces.max(1));
        let country = number_of(&to.country);
        let fields = [
            format!("02{}", compact(&to.zip)),
            format!("{country:03}"),
            "019".to_owned(),
            tracking_number.clone(),
            format!("{date:03}"),
            pieces,
            weight,
            "N".to_owned(),
            street.to_owned(),
            to.city.clone(),
            to.state.clone(),
            if to.company.is_empty() { to.name.clone() } else { to.company.clone() },
        ];
        let fields: Vec<String> = fields.iter().map(|field| ascii(field).chars().take(32).collect()).collect();
        format!("[)>\u{1e}01\u{1d}{}\u{1e}\u{4}", fields.join("\u{1d}"))
    }

    /// The tracking number in the groups in which people read it.
    pub(super) fn spaced_number(&self) -> String {
        let mut rest = &*self.tracking_number;
        // Numbers of the postal union are read alike everywhere, except where the carrier has a habit of its own.
        let groups: &[usize] = if self.is_s10() && self.row().groups.first() != Some(&2) { &[2, 3, 3, 3, 2] } else { &self.row().groups };
        let mut groups = groups.iter().copied();
        let (mut spaced, mut size) = (String::with_capacity(2 * rest.len()), 4);
        while !rest.is_empty() {
            size = groups.next().unwrap_or(size);
            let end = rest.char_indices().nth(size.max(1)).map_or(rest.len(), |(index, _)| index);
            let (part, left) = rest.split_at(end);
            if !spaced.is_empty() {
                spaced.push(' ');
            }
            spaced.push_str(part);
            rest = left;
        }
        spaced
    }

    fn is_s10(&self) -> bool {
        let number = self.tracking_number.as_bytes();
        number.len() == 13 && number[2..11].iter().all(u8::is_ascii_digit) && number[11..].iter().all(u8::is_ascii_uppercase)
    }

    /// Where the parcel is sorted to: letters that hang on the destination alone.
    pub(super) fn sorting(&self) -> String {
        let zip = compact(&self.to.zip);
        let area: String = match &*self.to.country {
            // The outward code of a British postcode ends three before the end.
            "GB" | "GG" | "JE" | "IM" if zip.len() >= 5 => zip[..zip.len() - 3].to_owned(),
            _ => zip.chars().take(3).collect(),
        };
        match self.row().style {
            super::carriers::Style::Ups => {
                let lane = zip.bytes().fold(7, |sum: u32, byte| (sum * 31 + u32::from(byte)) % 100);
                let place = if self.to.country == "US" { &self.to.state } else { &self.to.country };
                let place: String = place.chars().filter(char::is_ascii_alphanumeric).take(3).collect();
                format!("{} {area} 9-{lane:02}", place.to_uppercase()).trim().to_owned()
            }
            _ => format!("{} {area}", self.to.country).trim().to_owned(),
        }
    }

    /// Caption and text of the day on which it is sent, as its country writes days.
    pub(super) fn printed_date(&self) -> (&'static str, String) {
        let is_british = matches!(&*self.from.country, "GB" | "IE");
        let (caption, form) = if is_british { ("Despatch Date", "%d-%b-%Y") } else { ("Ship Date", "%d %b %Y") };
        (caption, self.date.map_or_else(String::new, |date| date.strftime(form).to_string()))
    }

    /// The facts that say something.
    pub(super) fn printed_facts(&self) -> Vec<&Fact> {
        let mut facts: Vec<&Fact> = self.facts.iter().filter(|fact| !fact.text.is_empty()).collect();
        facts.truncate(8);
        facts
    }
}

/// A postal code without what separates its parts.
fn compact(zip: &str) -> String {
    zip.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// What a symbol can say of a text.
fn ascii(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    text.chars().map(|letter| if letter.is_ascii() && !letter.is_ascii_control() { letter } else { '?' }).collect()
}
