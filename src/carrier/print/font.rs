//! The fonts: a sans serif in two weights for the alphabets of Europe, and one each for what Chinese and Japanese, and what
//! Korean write. `fonts/README.md` says where they come from.

use std::sync::LazyLock;

use ttf_parser::{Face as File, GlyphId};

/// A weight; letters without one are in their only weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::carrier) enum Face {
    Regular,
    Bold,
}

/// A font of the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Font {
    Regular,
    Bold,
    Han,
    Hangul,
}

/// A letter in a font.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glyph {
    pub font: Font,
    /// Which letter it shows: another one than was asked for, where no font has that.
    pub letter: char,
    pub id: GlyphId,
    /// How far it moves the pen, in units of a font of size 1.
    pub advance: f32,
}

const DATA: [&[u8]; 4] = [
    include_bytes!("fonts/sans-regular.ttf"),
    include_bytes!("fonts/sans-bold.ttf"),
    include_bytes!("fonts/han.ttf"),
    include_bytes!("fonts/hangul.ttf"),
];

static FILES: LazyLock<[File<'static>; 4]> =
    LazyLock::new(|| DATA.map(|data| File::parse(data, 0).expect("the fonts of the binary can be read")));

/// The glyphs of the letters that nearly every label has.
static LATIN: LazyLock<[Vec<Option<Glyph>>; 2]> = LazyLock::new(|| {
    [Font::Regular, Font::Bold].map(|font| (0..0x180).map(|code| char::from_u32(code).and_then(|letter| font.glyph(letter))).collect())
});

impl Font {
    pub const ALL: [Self; 4] = [Self::Regular, Self::Bold, Self::Han, Self::Hangul];

    pub fn data(self) -> &'static [u8] {
        DATA[self as usize]
    }

    pub fn file(self) -> &'static File<'static> {
        &FILES[self as usize]
    }

    fn glyph(self, letter: char) -> Option<Glyph> {
        let file = self.file();
        let id = file.glyph_index(letter)?;
        let advance = f32::from(file.glyph_hor_advance(id)?) / f32::from(file.units_per_em());
        Some(Glyph { font: self, letter, id, advance })
    }
}

/// The advances of the letters that nearly every label has, in units of a font of size 1.
static ADVANCES: LazyLock<[[f32; 128]; 2]> = LazyLock::new(|| {
    [Face::Regular, Face::Bold]
        .map(|face| std::array::from_fn(|code| u8::try_from(code).map_or(0.0, |code| glyph(face, code.into()).advance)))
});

/// The width of a line in a font of size 1.
pub(super) fn width(text: &str, face: Face) -> f32 {
    let ascii = &ADVANCES[usize::from(face == Face::Bold)];
    if text.is_ascii() {
        return text.bytes().map(|letter| ascii[usize::from(letter)]).sum();
    }
    text.chars().map(|letter| glyph(face, letter).advance).sum()
}

/// The glyph of a letter: of a question mark for those that no font has, of a space for those that print nothing.
pub(super) fn glyph(face: Face, letter: char) -> Glyph {
    let own = if face == Face::Bold { Font::Bold } else { Font::Regular };
    let latin = |letter: char| LATIN[own as usize].get(letter as usize).copied().flatten();
    let letter = if letter.is_control() || letter.is_whitespace() { ' ' } else { letter };
    let found = latin(letter).or_else(|| [own, Font::Han, Font::Hangul].into_iter().find_map(|font| font.glyph(letter)));
    found.or_else(|| latin('?')).expect("the fonts of the binary have a question mark")
}
