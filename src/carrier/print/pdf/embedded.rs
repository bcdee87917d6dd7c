//! The fonts of a file. Letters, digits and signs that nearly every page has come from a subset that is made once; of all others, a file
//! has exactly those glyphs that it shows.

use std::sync::LazyLock;

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;

use crate::carrier::print::font::{Face, Font, glyph};
use crate::carrier::print::pdf::{LEVEL, Objects};

/// What the usual subset has, in the order of its glyphs.
const USUAL: &str = " #&'(),-./0123456789:®ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The usual subset is compressed once, as hard as it can be.
const HARD: u8 = 10;

/// The fonts of a file: the usual subsets of both weights, and the glyphs that it needs beside them.
#[derive(Default)]
pub(super) struct Fonts {
    usual: [bool; 2],
    others: [Subset; 4],
}

/// The glyphs that a file needs of one font.
#[derive(Default)]
struct Subset {
    glyphs: GlyphRemapper,
    /// The letter and the advance of each, by its number in the subset, from 1.
    shown: Vec<(char, f32)>,
}

/// A subset as it stands in a file.
struct Ready {
    font: Font,
    widths: Vec<f32>,
    data: Vec<u8>,
    length: i32,
    letters: Vec<u8>,
}

static READY: LazyLock<[Ready; 2]> = LazyLock::new(|| {
    [Face::Regular, Face::Bold].map(|face| {
        let mut subset = Subset::default();
        for letter in USUAL.chars() {
            subset.number(letter, face);
        }
        subset.ready(if face == Face::Bold { Font::Bold } else { Font::Regular }, HARD)
    })
});

/// The numbers of letters in the usual subsets, by their codes; zero of those that they lack.
static NUMBERS: LazyLock<[u8; 256]> = LazyLock::new(|| {
    let mut numbers = [0; 256];
    for (number, letter) in (1_u8..).zip(USUAL.chars()) {
        numbers[letter as usize] = number;
    }
    numbers
});

/// Names of the usual subsets, and of the others.
const NAMES: [[&[u8]; 2]; 2] = [[b"F1", b"F2"], [b"F3", b"F4"]];
const FAR: [&[u8]; 2] = [b"F5", b"F6"];

impl Fonts {
    /// A line as pieces of one font each, with the name of the font, and the numbers of the glyphs.
    pub fn pieces(&mut self, text: &str, face: Face) -> Vec<(&'static [u8], Vec<u8>)> {
        let mut pieces: Vec<(&'static [u8], Vec<u8>)> = Vec::with_capacity(1);
        let own = usize::from(face == Face::Bold);
        for letter in text.chars() {
            let usual = NUMBERS.get(letter as usize).copied().unwrap_or_default();
            let (name, number) = if usual > 0 {
                self.usual[own] = true;
                (NAMES[0][own], u16::from(usual))
            } else {
                let (font, number) = self.others[glyph(face, letter).font as usize].number_in(letter, face);
                let name = match font {
                    Font::Regular | Font::Bold => NAMES[1][font as usize],
                    Font::Han | Font::Hangul => FAR[font as usize - 2],
                };
                (name, number)
            };
            match pieces.last_mut() {
                Some((last, glyphs)) if *last == name => glyphs.extend(number.to_be_bytes()),
                _ => pieces.push((name, number.to_be_bytes().to_vec())),
            }
        }
        pieces
    }

    /// Writes the fonts that are used; their names and objects.
    pub fn write(self, pdf: &mut Pdf, objects: &mut Objects) -> Vec<(&'static [u8], Ref)> {
        let mut named = Vec::with_capacity(2);
        // Both weights have the same letters in the same order.
        let letters = objects.next();
        if self.usual != [false; 2] {
            pdf.stream(letters, &READY[0].letters).filter(Filter::FlateDecode);
        }
        for (index, ready) in READY.iter().enumerate().filter(|(index, _)| self.usual[*index]) {
            named.push((NAMES[0][index], ready.write(pdf, objects, letters)));
        }
        for (font, subset) in Font::ALL.into_iter().zip(self.others).filter(|(_, subset)| !subset.shown.is_empty()) {
            let name = match font {
                Font::Regular | Font::Bold => NAMES[1][font as usize],
                Font::Han | Font::Hangul => FAR[font as usize - 2],
            };
            let (ready, letters) = (subset.ready(font, LEVEL), objects.next());
            pdf.stream(letters, &ready.letters).filter(Filter::FlateDecode);
            named.push((name, ready.write(pdf, objects, letters)));
        }
        named
    }
}

impl Subset {
    fn number_in(&mut self, letter: char, face: Face) -> (Font, u16) {
        (glyph(face, letter).font, self.number(letter, face))
    }

    /// The number of a letter's glyph, which is added if it is not there.
    fn number(&mut self, letter: char, face: Face) -> u16 {
        let glyph = glyph(face, letter);
        let number = self.glyphs.remap(glyph.id.0);
        if usize::from(number) > self.shown.len() {
            self.shown.push((letter, glyph.advance));
        }
        number
    }

    fn ready(self, font: Font, level: u8) -> Ready {
        let subset = subsetter::subset(font.data(), 0, &self.glyphs).expect("the fonts of the binary can be read");
        let mut letters = UnicodeCmap::new(Name(b"Seatrial"), IDENTITY);
        for (number, (letter, _)) in (1_u16..).zip(&self.shown) {
            letters.pair(number, *letter);
        }
        Ready {
            font,
            widths: self.shown.iter().map(|(_, advance)| (advance * 1000.0).round()).collect(),
            data: compress_to_vec_zlib(&subset, level),
            length: i32::try_from(subset.len()).unwrap_or(i32::MAX),
            letters: compress_to_vec_zlib(&letters.finish(), level),
        }
    }
}

const IDENTITY: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

impl Ready {
    /// Writes the font, whose letters stand in another object.
    fn write(&self, pdf: &mut Pdf, objects: &mut Objects, letters: Ref) -> Ref {
        let base = Name(match self.font {
            Font::Regular => b"SEATRI+SeatrialSans",
            Font::Bold => b"SEATRI+SeatrialSans-Bold",
            Font::Han => b"SEATRI+SeatrialHan",
            Font::Hangul => b"SEATRI+SeatrialHangul",
        });
        let (id, descendant, descriptor, data) = (objects.next(), objects.next(), objects.next(), objects.next());
        pdf.type0_font(id).base_font(base).encoding_predefined(Name(b"Identity-H")).descendant_font(descendant).to_unicode(letters);
        let mut cid = pdf.cid_font(descendant);
        cid.subtype(CidFontType::Type2).base_font(base).system_info(IDENTITY).font_descriptor(descriptor).default_width(0.0);
        cid.cid_to_gid_map_predefined(Name(b"Identity"));
        cid.widths().consecutive(1, self.widths.iter().copied());
        cid.finish();
        let file = self.font.file();
        let scaled = |value: i16| (f32::from(value) * 1000.0 / f32::from(file.units_per_em())).round();
        let bounds = file.global_bounding_box();
        let mut described = pdf.font_descriptor(descriptor);
        described.name(base).flags(FontFlags::SYMBOLIC).italic_angle(0.0).cap_height(729.0).font_file2(data);
        described.bbox(Rect::new(scaled(bounds.x_min), scaled(bounds.y_min), scaled(bounds.x_max), scaled(bounds.y_max)));
        described.ascent(scaled(file.ascender())).descent(scaled(file.descender()));
        described.stem_v(if self.font == Font::Bold { 140.0 } else { 80.0 });
        described.finish();
        pdf.stream(data, &self.data).filter(Filter::FlateDecode).pair(Name(b"Length1"), self.length);
        id
    }
}
