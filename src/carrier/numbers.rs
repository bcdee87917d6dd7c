//! Tracking numbers in the forms of their carriers. The forms are data of the vendors' catalogs.
//!
//! In a form, `#` stands for a digit, `+` for one that is not zero, and `@` for a letter or digit. A name in braces is a check digit:
//! `{s10}` of the postal union, over the eight digits in front of it; `{mod10}` of GS1 and USPS, over all in front of it; `{ups}`,
//! over what follows `1Z`; `{ontrac}`, the same over all in front of it; `{fedex}`, over the eleven digits in front of it; `{mod7}` of
//! airwaybills. `|` stands between forms of which each is as likely. Everything else stands for itself.

use rand::RngExt as _;

use crate::base::entropy::Rng;
use crate::base::ids;

/// A number in that form.
#[must_use]
pub fn draw(form: &str, rng: &mut Rng) -> String {
    let forms: Vec<&str> = form.split('|').collect();
    let form = if forms.len() > 1 { forms[rng.random_range(0..forms.len())] } else { form };
    let mut number = String::with_capacity(form.len());
    let mut rest = form.chars();
    while let Some(symbol) = rest.next() {
        match symbol {
            '#' => number.push(char::from(b'0' + rng.random_range(0..10_u8))),
            '+' => number.push_str(&ids::digits(rng, 1)),
            '@' => number.push_str(&ids::alphanumeric(rng, 1)),
            '{' => {
                let name: String = rest.by_ref().take_while(|letter| *letter != '}').collect();
                number.push(check_digit(&name, &number));
            }
            other => number.push(other),
        }
    }
    number
}

/// The check digit of that name for a number.
fn check_digit(name: &str, number: &str) -> char {
    let value = |byte: u8| if byte.is_ascii_digit() { u32::from(byte - b'0') } else { (u32::from(byte) + 7) % 10 };
    let alternating = |values: &mut dyn Iterator<Item = u8>, weights: [u32; 2]| {
        let sum: u32 = values.zip(weights.into_iter().cycle()).map(|(byte, weight)| value(byte) * weight).sum();
        (10 - sum % 10) % 10
    };
    let digit = match name {
        "mod10" => alternating(&mut number.bytes().rev(), [3, 1]),
        "ups" => alternating(&mut number.bytes().skip(2), [1, 2]),
        "ontrac" => alternating(&mut number.bytes(), [1, 2]),
        "fedex" => {
            number.bytes().rev().zip([1, 3, 7].into_iter().cycle()).map(|(byte, weight)| value(byte) * weight).sum::<u32>() % 11 % 10
        }
        "mod7" => number.bytes().fold(0, |rest, byte| (rest * 10 + value(byte)) % 7),
        _ => {
            let digits = number.bytes().rev().filter(u8::is_ascii_digit);
            let sum: u32 = digits.zip([7, 9, 5, 3, 2, 4, 6, 8]).map(|(digit, weight)| value(digit) * weight).sum();
            match 11 - sum % 11 {
                10 => 0,
                11 => 5,
                digit => digit,
            }
        }
    };
    char::from_digit(digit, 10).expect("a check digit is below ten")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy;

    fn check(form: &str, fits: impl Fn(&str) -> bool) {
        for index in 0..100 {
            let number = draw(form, &mut entropy::stream(42, &[form], index));
            assert!(fits(&number), "{number}");
        }
    }

    #[test]
    fn check_digits_are_those_of_numbers_in_the_wild() {
        check("RR47312482{s10}GB", |number| number == "RR473124829GB");
        check("TT12345678{s10}GB", |number| number == "TT123456785GB");
        check("920559016491731275108{mod10}", |number| number == "9205590164917312751089");
        check("1Z204E38033894350{ups}", |number| number == "1Z204E380338943508");
    }

    #[test]
    fn numbers_have_the_form() {
        check("PB+##001", |number| (100..1000).contains(&number[2..5].parse::<u16>().unwrap_or_default()) && number.ends_with("001"));
        check("1@|2", |number| number == "2" || (number.len() == 2 && number.starts_with('1')));
    }
}
