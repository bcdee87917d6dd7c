//! The carriers as their labels know them: `specs/_carrier/labels.yaml`, whose first lines say what each member means.

use std::sync::LazyLock;

use foldhash::quality::FixedState;
use indexmap::IndexMap;
use serde::Deserialize;

use crate::carrier::{Location, countries};

/// The table, read on first use.
pub static CARRIERS: LazyLock<Carriers> = LazyLock::new(|| {
    let mut table: Carriers = serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/_carrier/labels.json")))
        .unwrap_or_else(|error| panic!("specs/_carrier/labels.yaml: {error}"));
    let names = table.carriers.iter().enumerate();
    table.by_name =
        names.flat_map(|(index, carrier)| carrier.names().flat_map(move |name| [(plain(name), index), (name.to_owned(), index)])).collect();
    table
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carriers {
    carriers: Vec<Carrier>,
    #[serde(skip)]
    by_name: IndexMap<String, usize, FixedState>,
    /// Of which nothing is known.
    other: Carrier,
}

/// A row of the table: how a carrier's labels look, and what its tracking numbers are.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carrier {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default)]
    names: Vec<String>,
    /// Whether it is a post, whose parcels cross borders with the forms of the postal union.
    #[serde(default)]
    pub(super) post: bool,
    #[serde(default)]
    pub(super) style: Style,
    #[serde(default)]
    pub(super) symbols: Vec<Symbol>,
    /// What the tracking bar code says, where that is more than the number.
    #[serde(default = "number")]
    pub(super) data: String,
    /// What the second symbol says.
    #[serde(default = "number")]
    pub(super) text: String,
    #[serde(default)]
    pub(super) groups: Vec<usize>,
    #[serde(default)]
    numbers: Vec<Numbers>,
}

fn number() -> String {
    "{number}".to_owned()
}

/// The arrangement of a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Style {
    /// Postage, a banner with the service, addresses, the tracking bar code over the whole width.
    Postal,
    /// Addresses, routing with a symbol for conveyors, the service, the tracking bar code.
    Ups,
    /// Addresses, a symbol with all data, the tracking number with routing, the bar code.
    Fedex,
    /// A head with carrier and service, addresses with a symbol, facts, the tracking bar code.
    #[default]
    Plain,
}

/// A bar code that a carrier's labels have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Symbol {
    /// The tracking number in Code 128.
    Code128,
    /// The postal code of the recipient and the tracking number in GS1-128, with `420`, as the USPS wants it.
    Impb,
    /// The postal code, the tracking number, the service and the country in Code 128, as DPD wants it.
    Dpd,
    MaxiCode,
    Pdf417,
    DataMatrix,
    Qr,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    /// Words of which one is in the name or code of the service.
    #[serde(default)]
    when: Vec<String>,
    form: String,
}

impl Carriers {
    /// The carrier with that name or code, or one that has a name and nothing else.
    pub fn find(&self, name: &str) -> &Carrier {
        self.known(name).unwrap_or(&self.other)
    }

    /// The carrier with that name or code.
    #[must_use]
    pub fn known(&self, name: &str) -> Option<&Carrier> {
        let index = self.by_name.get(name).or_else(|| self.by_name.get(&plain(name)))?;
        self.carriers.get(*index)
    }

    /// Whether a carrier is a post.
    #[must_use]
    pub fn is_post(&self, name: &str) -> bool {
        self.find(name).post
    }

    /// The country that a carrier takes another for: to posts, territories of the United States are home.
    #[must_use]
    pub fn country<'c>(&self, carrier: &str, code: &'c str) -> &'c str {
        if self.is_post(carrier) { countries::of_mail(code) } else { code }
    }

    /// A place as a carrier has it: what is home to it and has a code of its own is a state there.
    #[must_use]
    pub fn place(&self, carrier: &str, place: &Location) -> Location {
        let country = self.country(carrier, &place.country);
        let state = if country == place.country { &place.state } else { &place.country };
        Location { country: country.to_owned(), state: state.clone(), ..place.clone() }
    }

    pub fn all(&self) -> impl Iterator<Item = &Carrier> {
        self.carriers.iter()
    }
}

impl Carrier {
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        [&self.id, &self.name].into_iter().chain(&self.names)
    }

    /// The form of its tracking numbers (`carrier/numbers.rs`) for a service: the first whose words are in the service's name or code,
    /// or which has none.
    #[must_use]
    pub fn form(&self, service: &str) -> &str {
        let service = service.to_lowercase();
        let fits = |numbers: &&Numbers| numbers.when.is_empty() || numbers.when.iter().any(|word| service.contains(word.as_str()));
        self.numbers.iter().find(fits).map_or("############", |numbers| &numbers.form)
    }
}

/// A name without what people write differently.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::base::entropy;
    use crate::carrier::numbers;

    /// Check digits, worked out in another way than `numbers` does.
    fn is_valid(number: &str) -> bool {
        let digits: Vec<u32> = number.chars().map(|letter| letter.to_digit(36).unwrap_or_default()).collect();
        let weighed = |weights: &[u32], digits: &[u32]| digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum::<u32>();
        match (number.len(), number) {
            (18, ups) if ups.starts_with("1Z") => {
                let sum: u32 = digits[2..17]
                    .iter()
                    .enumerate()
                    // Letters count 2 for A, 3 for B and so on, cut to one digit.
                    .map(|(index, digit)| {
                        (if *digit > 9 { (digit - 8) % 10 } else { *digit }) * (1 + u32::try_from(index).unwrap_or(0) % 2)
                    })
                    .sum();
                (sum + digits[17]).is_multiple_of(10)
            }
            (13, s10) if s10.ends_with("US") || s10.ends_with("GB") || s10.ends_with("CA") || s10.ends_with("DE") => {
                let rest = weighed(&[8, 6, 4, 2, 3, 5, 9, 7], &digits[2..10]) % 11;
                digits[10]
                    == match rest {
                        0 => 5,
                        1 => 0,
                        rest => 11 - rest,
                    }
            }
            (22, usps) if usps.starts_with('9') => {
                let sum: u32 = digits.iter().enumerate().map(|(index, digit)| if index % 2 == 0 { digit * 3 } else { *digit }).sum();
                sum.is_multiple_of(10)
            }
            (12, fedex) if fedex.starts_with('7') => digits[11] == weighed(&[3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1], &digits[..11]) % 11 % 10,
            _ => true,
        }
    }

    #[test]
    fn the_check_knows_numbers_in_the_wild() {
        for number in ["1Z204E380338943508", "RR473124829GB", "9205590164917312751089"] {
            let (head, digit) = if number.ends_with("GB") { number.split_at(10) } else { number.split_at(number.len() - 1) };
            assert!(is_valid(number), "{number}");
            let other = if digit.starts_with('0') { '1' } else { '0' };
            assert!(!is_valid(&format!("{head}{other}{}", &digit[1..])), "{number}");
        }
    }

    proptest! {
        #[test]
        fn every_number_has_the_form_and_check_digit_of_its_carrier(
            seed in any::<u64>(),
            service in "(priority|express|ground|saver|international|next day|){1,2}",
        ) {
            for carrier in CARRIERS.all() {
                let form = carrier.form(&service);
                let number = numbers::draw(form, &mut entropy::stream(seed, &[&carrier.id], 0));
                prop_assert!(is_valid(&number), "{}: {number} of {form}", carrier.id);
                prop_assert!((8..=34).contains(&number.len()), "{}: {number}", carrier.id);
                let again = numbers::draw(form, &mut entropy::stream(seed, &[&carrier.id], 0));
                prop_assert_eq!(number, again);
            }
        }
    }

    #[test]
    fn no_name_is_that_of_two_carriers() {
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        for (carrier, name) in CARRIERS.all().flat_map(|carrier| carrier.names().map(move |name| (carrier, name))) {
            let owner = *owners.entry(plain(name)).or_insert(&carrier.id);
            assert_eq!(owner, carrier.id, "{name}");
        }
    }

    #[test]
    fn carriers_are_found_by_what_vendors_call_them() {
        let names = [
            ("stamps_com", "usps"),
            ("UPS® from ShipStation", "ups"),
            ("Royal Mail", "royal_mail"),
            ("ROYALMAIL", "royal_mail"),
            ("DPDLOCAL", "dpd"),
            ("hermes_uk", "evri"),
            ("Fedex", "fedex"),
            ("Canada Post", "canada_post"),
            ("nobody", ""),
        ];
        for (name, id) in names {
            assert_eq!(CARRIERS.find(name).id, id, "{name}");
        }
    }
}
