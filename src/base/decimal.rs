//! Decimal numbers. They are rounded on their decimal text, because a binary fraction is hardly ever exactly a half.

/// A number that is not negative with so many decimals, halves rounded up; minus zero is zero. Nothing if the text is not digits with
/// or without a point, or too long to be an amount of anything.
#[must_use]
pub fn half_up(text: &str, places: usize) -> Option<String> {
    let is_zero = |text: &&str| !text.bytes().any(|digit| (b'1'..=b'9').contains(&digit));
    let text = text.strip_prefix('-').filter(is_zero).unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !whole.bytes().chain(fraction.bytes()).all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let kept = fraction.chars().chain(std::iter::repeat('0')).take(places);
    let digits: u128 = whole.chars().chain(kept).collect::<String>().parse().ok()?;
    let digits = digits.checked_add(u128::from(fraction.as_bytes().get(places).is_some_and(|digit| *digit >= b'5')))?;
    let text = format!("{digits:0width$}", width = places + 1);
    let (whole, kept) = text.split_at(text.len() - places);
    Some(if places == 0 { text } else { format!("{whole}.{kept}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, places: usize, expected: Option<&str>) {
        assert_eq!(half_up(text, places).as_deref(), expected);
    }

    #[test]
    fn halves_go_up() {
        check("12.005", 2, Some("12.01"));
        check("12.004999", 2, Some("12.00"));
        check("0.995", 2, Some("1.00"));
        check("1.00x", 2, None);
        check("+1", 2, None);
        check(".5", 2, Some("0.50"));
        check("0.0155", 3, Some("0.016"));
        check("7", 3, Some("7.000"));
        check("1.5", 0, Some("2"));
        check("1e3", 2, None);
        check("-1", 2, None);
        check("-0", 2, Some("0.00"));
        check("-0.0", 2, Some("0.00"));
        check("-0.01", 2, None);
        check("", 0, None);
        check(&format!("{}.5", u128::MAX), 0, None);
    }
}
