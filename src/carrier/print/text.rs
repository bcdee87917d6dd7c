//! How much room text takes, and text that is made to fit.

use crate::carrier::print::font::{self, Face, glyph};

/// The width of a line.
pub(in crate::carrier) fn width(text: &str, face: Face, size: f32) -> f32 {
    font::width(text, face) * size
}

/// As much of a line as fits into `room`.
pub(in crate::carrier) fn beginning(text: &str, face: Face, size: f32, room: f32) -> &str {
    let mut used = 0.0;
    let end = text.char_indices().find(|(_, letter)| {
        used += glyph(face, *letter).advance;
        used * size > room
    });
    end.map_or(text, |(end, _)| &text[..end])
}

/// The lines of a text in which none is wider than `room`. It is broken between words, and within a word that is wider than a line.
pub(in crate::carrier) fn wrapped(text: &str, face: Face, size: f32, room: f32) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0.0);
    let space = glyph(face, ' ').advance * size;
    for word in text.split_whitespace() {
        let wide = width(word, face, size);
        if !line.is_empty() && used + space + wide > room {
            lines.push(std::mem::take(&mut line));
            used = 0.0;
        }
        if !line.is_empty() {
            line.push(' ');
            used += space;
        }
        for letter in word.chars() {
            let advance = glyph(face, letter).advance * size;
            if !line.is_empty() && used + advance > room {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
                used = 0.0;
            }
            line.push(letter);
            used += advance;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// The lines as they fit into an area, with the size they then have: as large as `most`, smaller where they are many or long. Lines are
/// broken where that keeps them larger, never below `least`; what does not fit even then is left out.
pub(in crate::carrier) fn fitted(lines: &[impl AsRef<str>], face: Face, most: f32, least: f32, room: (f32, f32)) -> (Vec<String>, f32) {
    let (wide, high) = room;
    let longest = lines.iter().map(|line| width(line.as_ref(), face, 1.0)).fold(0.0_f32, f32::max);
    let count = |lines: usize| f32::from(u16::try_from(lines).unwrap_or(u16::MAX));
    let whole = most.min(high / (count(lines.len()).max(1.0) * LEADING)).min(if longest > 0.0 { wide / longest } else { most });
    if whole >= most * 0.75 {
        return (lines.iter().map(|line| line.as_ref().to_owned()).collect(), whole);
    }
    let least = least.max(whole * 0.99);
    let broken = |size: f32| -> Vec<String> { lines.iter().flat_map(|line| wrapped(line.as_ref(), face, size, wide)).collect() };
    let fits = |lines: &[String], size: f32| count(lines.len()) * size * LEADING <= high;
    let mut size = most;
    let mut found = broken(size);
    while size > least && !fits(&found, size) {
        size = (size * 0.92).max(least);
        found = broken(size);
    }
    while !found.is_empty() && !fits(&found, size) {
        found.pop();
    }
    (found, size)
}

/// The distance of two lines, in sizes of their font.
pub(in crate::carrier) const LEADING: f32 = 1.15;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn letters_of_many_alphabets_have_a_width() {
        for letter in "Aé ŁğΩЖ漢字かな한글™".chars() {
            let question = glyph(Face::Regular, '?');
            assert!(glyph(Face::Regular, letter).id != question.id || glyph(Face::Regular, letter).font != question.font, "{letter}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_room(
            lines in proptest::collection::vec(".{0,120}", 0..8),
            wide in 60.0_f32..400.0,
            high in 20.0_f32..300.0,
        ) {
            let (found, size) = fitted(&lines, Face::Bold, 14.0, 5.0, (wide, high));
            for line in &found {
                prop_assert!(width(line, Face::Bold, size) <= wide + 0.01, "{line:?} at {size}");
            }
            let count = u16::try_from(found.len()).unwrap_or(u16::MAX);
            prop_assert!(f32::from(count) * size * LEADING <= high + 0.01);
        }
    }
}
