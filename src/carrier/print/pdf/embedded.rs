//! The fonts of a file, of which it has exactly those glyphs that it shows.

use std::fmt::Write as _;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo};
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;

use crate::carrier::print::font::{Face, Font, Glyph, glyph};
use crate::carrier::print::pdf::Objects;
use crate::carrier::print::pdf::compressor::Compressor;

/// The fonts of a file, by [`Font`].
#[derive(Default)]
pub(super) struct Fonts([Subset; 4]);

/// The glyphs that a file needs of one font.
#[derive(Default)]
struct Subset {
    glyphs: GlyphRemapper,
    /// The letter and the advance of each, by its number in the subset, from 1.
    shown: Vec<(char, f32)>,
}

impl Font {
    /// The name by which pages refer to it.
    fn name(self) -> &'static [u8] {
        [b"F1", b"F2", b"F3", b"F4"][self as usize]
    }

    /// The name of its subset; readers compare the first six letters only within a file.
    fn base(self) -> Name<'static> {
        Name(match self {
            Self::Regular => b"SEATRI+SeatrialSans",
            Self::Bold => b"SEATRI+SeatrialSans-Bold",
            Self::Han => b"SEATRI+SeatrialHan",
            Self::Hangul => b"SEATRI+SeatrialHangul",
        })
    }
}

impl Fonts {
    /// A line as pieces of one font each, with the name of the font, and the numbers of the glyphs.
    pub fn pieces(&mut self, text: &str, face: Face) -> Vec<(&'static [u8], Vec<u8>)> {
        let mut pieces: Vec<(&'static [u8], Vec<u8>)> = Vec::with_capacity(1);
        for letter in text.chars() {
            let glyph = glyph(face, letter);
            let number = self.0[glyph.font as usize].number(glyph).to_be_bytes();
            let name = glyph.font.name();
            match pieces.last_mut() {
                Some((last, glyphs)) if *last == name => glyphs.extend(number),
                _ => {
                    let mut glyphs = Vec::with_capacity(2 * text.len());
                    glyphs.extend(number);
                    pieces.push((name, glyphs));
                }
            }
        }
        pieces
    }

    /// Writes the fonts that are used; their names and objects.
    pub fn write(self, pdf: &mut Pdf, objects: &mut Objects, compressor: &mut Compressor) -> Vec<(&'static [u8], Ref)> {
        let used = Font::ALL.into_iter().zip(self.0).filter(|(_, subset)| !subset.shown.is_empty());
        used.map(|(font, subset)| (font.name(), subset.write(font, pdf, objects, compressor))).collect()
    }
}

impl Subset {
    /// The number of a glyph, which is added if it is not there.
    fn number(&mut self, glyph: Glyph) -> u16 {
        let number = self.glyphs.remap(glyph.id.0);
        if usize::from(number) > self.shown.len() {
            self.shown.push((glyph.letter, glyph.advance));
        }
        number
    }

    fn write(self, font: Font, pdf: &mut Pdf, objects: &mut Objects, compressor: &mut Compressor) -> Ref {
        let [id, descendant, descriptor, data, letters] = std::array::from_fn(|_| objects.next());
        let base = font.base();
        pdf.type0_font(id).base_font(base).encoding_predefined(Name(b"Identity-H")).descendant_font(descendant).to_unicode(letters);
        let mut cid = pdf.cid_font(descendant);
        cid.subtype(CidFontType::Type2).base_font(base).system_info(IDENTITY).font_descriptor(descriptor).default_width(0.0);
        cid.cid_to_gid_map_predefined(Name(b"Identity"));
        cid.widths().consecutive(1, self.shown.iter().map(|(_, advance)| (advance * 1000.0).round()));
        cid.finish();
        let file = font.file();
        let scaled = |value: i16| (f32::from(value) * 1000.0 / f32::from(file.units_per_em())).round();
        let bounds = file.global_bounding_box();
        let mut described = pdf.font_descriptor(descriptor);
        described.name(base).flags(FontFlags::SYMBOLIC).italic_angle(0.0).cap_height(729.0).font_file2(data);
        described.bbox(Rect::new(scaled(bounds.x_min), scaled(bounds.y_min), scaled(bounds.x_max), scaled(bounds.y_max)));
        described.ascent(scaled(file.ascender())).descent(scaled(file.descender()));
        described.stem_v(if font == Font::Bold { 140.0 } else { 80.0 });
        described.finish();
        let subset = subsetter::subset(font.data(), 0, &self.glyphs).expect("the fonts of the binary can be read");
        let length = i32::try_from(subset.len()).unwrap_or(i32::MAX);
        pdf.stream(data, compressor.stream(&subset)).filter(Filter::FlateDecode).pair(Name(b"Length1"), length);
        pdf.stream(letters, compressor.stream(self.letters().as_bytes())).filter(Filter::FlateDecode);
        id
    }

    /// Which letters the glyphs are, for those who copy or search text. Readers need no more of such a map than this.
    fn letters(&self) -> String {
        let mut map = String::with_capacity(200 + 14 * self.shown.len());
        map.push_str("begincmap 1 begincodespacerange<0000><FFFF>endcodespacerange");
        for (chunk, shown) in self.shown.chunks(100).enumerate() {
            let _ = write!(map, " {} beginbfchar", shown.len());
            for (number, (letter, _)) in (chunk * 100 + 1..).zip(shown) {
                let _ = write!(map, "<{number:04X}><");
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    let _ = write!(map, "{unit:04X}");
                }
                map.push('>');
            }
            map.push_str("endbfchar");
        }
        map.push_str(" endcmap");
        map
    }
}

const IDENTITY: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_print_as_others_are_copied_as_those() {
        let mut fonts = Fonts::default();
        fonts.pieces("a\u{7}\u{a0}\u{1f600}", Face::Regular);
        let map = fonts.0[Font::Regular as usize].letters();
        for (letter, is_there) in [("<0061>", true), ("<0020>", true), ("<003F>", true), ("<0007>", false), ("<00A0>", false)] {
            assert_eq!(map.contains(letter), is_there, "{letter} {map}");
        }
    }
}
