//! Whether an address can be found, and how the post would write it. What is said of that, and by which codes, is the vendors' affair.
//!
//! Streets are not known here: a house is found when its street has a number and its postal code lies where the rest says. The door
//! alone decides on everything that is made up, so that the same address is always the same.

use crate::base::entropy;
use crate::carrier::postal;

/// The parts that decide; those of a vendor that are split are joined.
#[derive(Clone, Copy, Debug, Default)]
pub struct Address<'a> {
    pub company: &'a str,
    pub street: &'a str,
    pub second: &'a str,
    pub city: &'a str,
    pub state: &'a str,
    pub code: &'a str,
    /// Its code of two letters, in capitals.
    pub country: &'a str,
}

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Neither a postal code nor a town with its state.
    Place,
    /// It is missing, or has no name beside its number.
    Street,
    City,
    /// The town says that it is none.
    NoTown,
    /// The postal code is missing.
    NoCode,
    /// Its country writes no such code, or has no such area.
    Code,
    /// The code lies in that state, and another one is given.
    State(&'static str),
    /// There is no house number, or none that any house has.
    Number,
}

/// What stands at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Home,
    Business,
    PostBox,
    Military,
}

impl Address<'_> {
    /// Everything that is wrong, the gravest first.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let (code, state) = (self.code.trim(), self.state.trim());
        let is_american = self.country == "US";
        // People write it where they know nothing.
        let is_name = |word: &str| !word.eq_ignore_ascii_case("N/A");
        let is_general = self.street.trim().eq_ignore_ascii_case("General Delivery");
        let is_lost = code.is_empty() && (self.city.trim().is_empty() || is_american && state.is_empty());
        let area = postal::area_of(self.country, code);
        let is_elsewhere = |area: &&postal::Area| area.state != "-" && !state.is_empty() && !area.state.eq_ignore_ascii_case(state);
        // Numbers of more than five digits are hardly found in the United States.
        let has_long_number = is_american
            && self.street.split_whitespace().next().is_some_and(|word| word.len() > 5 && word.bytes().all(|byte| byte.is_ascii_digit()));
        let cases = [
            is_lost.then_some(Fault::Place),
            (!self.street.split_whitespace().any(|word| is_name(word) && (!is_american || word.contains(char::is_alphabetic))))
                .then_some(Fault::Street),
            self.city.trim().is_empty().then_some(Fault::City),
            self.city.split_whitespace().any(|word| !is_name(word)).then_some(Fault::NoTown),
            (code.is_empty() && postal::is_valid(self.country, code).is_some()).then_some(Fault::NoCode),
            (!code.is_empty() && (postal::is_valid(self.country, code) == Some(false) || is_american && area.is_none()))
                .then_some(Fault::Code),
            area.filter(|area| ["CA", "US"].contains(&self.country) && is_elsewhere(area)).map(|area| Fault::State(&area.state)),
            (has_long_number || !is_general && !self.street.bytes().any(|byte| byte.is_ascii_digit())).then_some(Fault::Number),
        ];
        cases.into_iter().flatten().collect()
    }

    /// What stands there, by its words.
    #[must_use]
    pub fn kind(&self) -> Kind {
        const OFFICE: [&str; 8] = ["ste", "suite", "floor", "fl", "dept", "unit#", "warehouse", "dock"];
        let lines = format!("{} {}", self.street, self.second).to_lowercase();
        let plain: String = lines.chars().filter(|letter| letter.is_alphanumeric() || *letter == ' ').collect();
        if ["AA", "AE", "AP"].contains(&self.state.trim()) && self.country == "US" {
            return Kind::Military;
        }
        if plain.starts_with("po box ") || plain.contains(" po box ") || plain.starts_with("p o box ") {
            return Kind::PostBox;
        }
        let is_office = plain.split_whitespace().any(|word| OFFICE.contains(&word));
        if is_office { Kind::Business } else { Kind::Home }
    }

    /// The code as the post of the United States completes it, with four digits of the door.
    #[must_use]
    pub fn nine_digits(&self) -> String {
        let code = self.code.trim();
        if code.len() != 5 {
            return code.to_owned();
        }
        let door = format!("{}|{}|{code}", self.street.to_lowercase(), self.second.to_lowercase());
        format!("{code}-{:04}", 1 + entropy::fingerprint(door.as_bytes()) % 9_998)
    }

    /// Where the door is, in degrees north and east: within two kilometers of the principal town of its code's area.
    #[must_use]
    pub fn coordinates(&self) -> Option<(f64, f64)> {
        let area = postal::area_of(self.country, self.code)?;
        let door = entropy::fingerprint(format!("{}|{}", self.street.to_lowercase(), self.code).as_bytes());
        let near = |degrees: f64, step: u64| {
            let step = u32::try_from(step % 4_000).unwrap_or_default();
            ((degrees + (f64::from(step) - 2_000.0) / 100_000.0) * 100_000.0).round() / 100_000.0
        };
        Some((near(area.latitude, door), near(area.longitude, door >> 16)))
    }
}

/// A line as the post writes it: capitals, no points and commas, its words abbreviated.
#[must_use]
pub fn capitals(line: &str) -> String {
    let words = line.split_whitespace().map(|word| word.trim_end_matches([',', '.']).to_uppercase());
    words.map(|word| postal::short(&word).map_or(word, str::to_owned)).collect::<Vec<_>>().join(" ")
}

/// A line whose words are abbreviated, otherwise as it is: `12 Example St`.
#[must_use]
pub fn abbreviated(line: &str) -> String {
    let word = |word: &str| match postal::short(&word.to_uppercase()) {
        Some(short @ ("N" | "S" | "E" | "W" | "NE" | "NW" | "SE" | "SW")) => short.to_owned(),
        Some(short) if !word.eq_ignore_ascii_case(short) => short[..1].to_owned() + &short[1..].to_lowercase(),
        _ => word.to_owned(),
    };
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Address<'_> =
        Address { company: "", street: "215 Clayton St.", second: "", city: "San Francisco", state: "CA", code: "94117", country: "US" };

    fn check(address: Address<'_>, faults: &[Fault]) {
        assert_eq!(address.faults(), faults, "{address:?}");
    }

    #[test]
    fn what_is_wrong_is_found() {
        check(HOME, &[]);
        check(Address { code: "", ..HOME }, &[Fault::NoCode]);
        check(Address { code: "", state: "", ..HOME }, &[Fault::Place, Fault::NoCode]);
        check(Address { code: "9411", ..HOME }, &[Fault::Code]);
        check(Address { code: "00401", ..HOME }, &[Fault::Code]);
        check(Address { code: "10020", ..HOME }, &[Fault::State("NY")]);
        check(Address { state: "", ..HOME }, &[]);
        check(Address { street: "Clayton St", ..HOME }, &[Fault::Number]);
        check(Address { street: "215215 Clayton St.", ..HOME }, &[Fault::Number]);
        check(Address { street: " ", ..HOME }, &[Fault::Street, Fault::Number]);
        check(Address { street: "n/a", ..HOME }, &[Fault::Street, Fault::Number]);
        for street in ["123 N/A", "N/A 5", "0", "99999"] {
            check(Address { street, ..HOME }, &[Fault::Street]);
        }
        for street in ["37-12 82nd Ave", "PSC 3 Box 4", "General delivery"] {
            check(Address { street, ..HOME }, &[]);
        }
        check(Address { city: "N/A", ..HOME }, &[Fault::NoTown]);
        let toronto = Address { city: "Toronto", state: "ON", code: "m5v2t6", country: "CA", ..HOME };
        check(toronto, &[]);
        check(Address { state: "QC", ..toronto }, &[Fault::State("ON")]);
        check(Address { code: "D5V 2T6", ..toronto }, &[Fault::Code]);
        let london = Address { city: "London", state: "", code: "NW1 6XE", country: "GB", ..HOME };
        check(london, &[]);
        check(Address { state: "Greater London", street: "215215 Baker St", ..london }, &[]);
        check(Address { code: "10115", ..london }, &[Fault::Code]);
        check(Address { city: "Hong Kong", state: "", code: "", country: "HK", ..HOME }, &[]);
    }

    #[test]
    fn kinds_are_told_by_their_words() {
        let kind = |street: &str, second: &str, state: &str| Address { street, second, state, ..HOME }.kind();
        assert_eq!(kind("215 Clayton St", "Apt 4", "CA"), Kind::Home);
        assert_eq!(kind("965 Mission Street", "Ste. 480", "CA"), Kind::Business);
        assert_eq!(kind("P.O. Box 12", "", "CA"), Kind::PostBox);
        assert_eq!(kind("PSC 3 Box 4", "", "AE"), Kind::Military);
    }

    #[test]
    fn lines_are_abbreviated_as_the_post_does() {
        assert_eq!(capitals("123 Example Street,  Suite 2"), "123 EXAMPLE ST STE 2");
        assert_eq!(capitals("100 w. Example Avenue"), "100 W EXAMPLE AVE");
        assert_eq!(capitals(""), "");
        assert_eq!(abbreviated("100 West Example Avenue"), "100 W Example Ave");
        assert_eq!(abbreviated("965 Mission St"), "965 Mission St");
    }

    #[test]
    fn the_same_door_is_always_the_same() {
        assert_eq!(HOME.nine_digits(), HOME.nine_digits());
        assert_eq!(Address { code: "94117-1913", ..HOME }.nine_digits(), "94117-1913");
        let (latitude, longitude) = HOME.coordinates().expect("the code has an area");
        assert!((latitude - 37.75).abs() < 0.03 && (longitude + 122.42).abs() < 0.03, "{latitude} {longitude}");
    }
}
