//! Bar codes: what they say, and their modules.

use anyd::Segment;
use anyd::codes::code128::{Code128Encoder, Code128Input};
use anyd::codes::datamatrix::DataMatrixEncoder;
use anyd::codes::maxicode::MaxiCodeEncoder;
use anyd::codes::pdf417::{EcLevel as Level417, Pdf417Encoder};
use anyd::codes::qr::{EcLevel, QrEncoder};
use anyd::output::Encoding;
use anyd::traits::Encode;
use anyd::{Error, Result, Symbol, SymbolMeta};

use crate::carrier::print::area::Area;

/// A bar code and what it says.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::carrier) enum Code {
    Code128(String),
    /// Element strings of GS1, in front of each of which a symbol has its function character.
    Gs1(Vec<String>),
    Pdf417(String),
    DataMatrix(String),
    Qr(String),
    Maxi(Structured),
}

/// What the MaxiCode of a parcel carrier says: where to and how, for conveyors, and a message.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::carrier) struct Structured {
    /// Nine digits in the United States; up to six letters and digits elsewhere.
    pub postcode: String,
    /// The number of the country in ISO 3166.
    pub country: u16,
    pub service: u16,
    pub message: String,
}

/// How many modules a symbol has across and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub columns: usize,
    pub rows: usize,
    pub shape: Shape,
}

/// The modules of a symbol, row by row.
pub(super) struct Modules {
    pub size: Size,
    dark: Vec<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One row, as high as the area.
    Bars,
    /// Squares, as many across and down as there are modules.
    Grid,
    /// The same, of a stacked code, each of whose rows is three times there.
    Rows,
    /// Hexagons around rings; every second row is shifted by half a module.
    Hexagons,
}

/// The columns of codewords that a PDF417 has.
pub(super) const PDF417_COLUMNS: u32 = 12;

impl Modules {
    pub fn is_dark(&self, column: usize, row: usize) -> bool {
        self.dark[row * self.size.columns + column]
    }

    /// The dark stretches of a row: where each begins, and how long it is.
    pub fn stretches(&self, row: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let mut column = 0;
        std::iter::from_fn(move || {
            while column < self.size.columns && !self.is_dark(column, row) {
                column += 1;
            }
            let start = column;
            while column < self.size.columns && self.is_dark(column, row) {
                column += 1;
            }
            (column > start).then_some((start, column - start))
        })
    }
}

impl Code {
    /// The modules, if the code can say that much.
    pub(super) fn modules(&self) -> Option<Modules> {
        let (encoding, shape) = self.encode().ok()?;
        let (columns, rows, dark) = match encoding {
            Encoding::Linear(bars) => (bars.modules.len(), 1, bars.modules),
            Encoding::Matrix(grid) => {
                let dark = |index: usize| grid.get(index % grid.width(), index / grid.width());
                (grid.width(), grid.height(), (0..grid.width() * grid.height()).map(dark).collect())
            }
            #[allow(unreachable_patterns, reason = "the encoders that are built in make no other")]
            _ => return None,
        };
        Some(Modules { size: Size { columns, rows, shape }, dark })
    }

    /// How large its symbol is.
    pub(super) fn size(&self) -> Option<Size> {
        /// The codewords that square symbols hold, with their sizes.
        const SQUARES: [(usize, usize); 15] = [
            (3, 10),
            (5, 12),
            (8, 14),
            (12, 16),
            (18, 18),
            (22, 20),
            (30, 22),
            (36, 24),
            (44, 26),
            (62, 32),
            (86, 36),
            (114, 40),
            (144, 44),
            (174, 48),
            (204, 52),
        ];
        match self {
            // Two digits share a codeword.
            Self::DataMatrix(text) if text.is_ascii() => {
                let pieces = text.as_bytes().chunk_by(|left, right| left.is_ascii_digit() && right.is_ascii_digit());
                let words: usize = pieces.map(|piece| if piece[0].is_ascii_digit() { piece.len().div_ceil(2) } else { piece.len() }).sum();
                let (_, side) = SQUARES.into_iter().find(|(most, _)| words <= *most)?;
                Some(Size { columns: side, rows: side, shape: Shape::Grid })
            }
            Self::Maxi(_) => Some(Size { columns: 30, rows: 33, shape: Shape::Hexagons }),
            Self::Code128(_) | Self::Gs1(_) => match self.bars().ok()?.meta {
                // A codeword has eleven modules, and so has the check digit; the end has thirteen.
                SymbolMeta::Code128(meta) => Some(Size { columns: 11 * (meta.symbols.len() + 1) + 13, rows: 1, shape: Shape::Bars }),
                _ => None,
            },
            _ => self.modules().map(|modules| modules.size),
        }
    }

    /// The codewords of a symbol of bars; of no other.
    fn bars(&self) -> Result<Symbol> {
        let encoder = Code128Encoder::new();
        match self {
            Self::Gs1(parts) => {
                let separated = parts.iter().map(|part| part.bytes().map(Code128Input::Data)).enumerate();
                let input = separated.flat_map(|(index, part)| (index > 0).then_some(Code128Input::Fnc1).into_iter().chain(part));
                encoder.build_gs1(&input.collect::<Vec<_>>())
            }
            Self::Code128(text) => encoder.build_text(text),
            _ => Err(Error::invalid_parameter("not a symbol of bars")),
        }
    }

    fn encode(&self) -> Result<(Encoding, Shape)> {
        fn drawn(encoder: &impl Encode, symbol: Result<Symbol>) -> Result<Encoding> {
            encoder.encode(&symbol?)
        }
        let grid = Shape::Grid;
        Ok(match self {
            Self::Code128(_) | Self::Gs1(_) => (drawn(&Code128Encoder::new(), self.bars())?, Shape::Bars),
            Self::Pdf417(text) => {
                let (encoder, level) = (Pdf417Encoder::new(), Level417::try_from(4)?);
                let symbol = encoder.build_sized(vec![Segment::byte(text.as_bytes())], level, Some(PDF417_COLUMNS as usize));
                (drawn(&encoder, symbol)?, Shape::Rows)
            }
            Self::DataMatrix(text) => {
                let encoder = DataMatrixEncoder::new();
                (drawn(&encoder, encoder.build_text(text))?, grid)
            }
            Self::Qr(text) => {
                let encoder = QrEncoder::new();
                (drawn(&encoder, encoder.build_text(text, EcLevel::M))?, grid)
            }
            Self::Maxi(Structured { postcode, country, service, message }) => {
                let encoder = MaxiCodeEncoder::new();
                let mode = if postcode.len() > 6 && postcode.bytes().all(|byte| byte.is_ascii_digit()) { 2 } else { 3 };
                let symbol = encoder.build_structured(mode, postcode, *country, *service, message.as_bytes());
                (drawn(&encoder, symbol)?, Shape::Hexagons)
            }
        })
    }
}

/// How wide a module is: as many dots as fit into the area, but not so many that the symbol is larger than one of a label printer is.
/// Nothing where not even one does.
pub(super) fn module(size: Size, area: &Area, dot: f32) -> Option<f32> {
    let columns = count(size.columns);
    let (across, most): (f32, f32) = match size.shape {
        Shape::Bars => (area.width / columns, 1.2),
        Shape::Grid | Shape::Rows => {
            // Where there is room, a symbol is for the camera of a phone.
            let most = if size.shape == Shape::Rows { 1.1 } else { (area.width / 30.0).max(3.0) };
            ((area.width / columns).min(area.height / count(size.rows)), most)
        }
        Shape::Hexagons => return (area.width >= maxicode::WIDTH && area.height >= maxicode::HEIGHT).then_some(maxicode::COLUMN),
    };
    let dots = (across.min(most.max(dot)) / dot + 0.001).floor();
    (dots >= 1.0).then_some(dots * dot)
}

/// Width and height of a symbol.
pub(super) fn extent(size: Size, area: &Area, module: f32) -> (f32, f32) {
    let width = count(size.columns) * module;
    match size.shape {
        Shape::Bars => (width, area.height),
        Shape::Grid | Shape::Rows => (width, count(size.rows) * module),
        Shape::Hexagons => (maxicode::WIDTH, maxicode::HEIGHT),
    }
}

pub(super) fn count(number: usize) -> f32 {
    f32::from(u16::try_from(number).unwrap_or(u16::MAX))
}

/// The measures of a MaxiCode, which has one size, in points.
pub(super) mod maxicode {
    use super::count;

    const MILLIMETER: f32 = 72.0 / 25.4;
    /// The distance of two hexagons in a row, and of two rows.
    pub const COLUMN: f32 = 0.88 * MILLIMETER;
    pub const ROW: f32 = 0.762 * MILLIMETER;
    pub const WIDTH: f32 = 30.0 * COLUMN;
    pub const HEIGHT: f32 = 33.0 * ROW + 0.25 * MILLIMETER;
    /// The radiuses of the rings, black and white in turn, from the outermost.
    pub const RINGS: [f32; 6] =
        [3.87 * MILLIMETER, 3.20 * MILLIMETER, 2.53 * MILLIMETER, 1.86 * MILLIMETER, 1.18 * MILLIMETER, 0.51 * MILLIMETER];

    /// The middle of a hexagon, from the upper left corner.
    pub fn center(column: usize, row: usize) -> (f32, f32) {
        let shift = if row % 2 == 1 { 1.0 } else { 0.5 };
        ((count(column) + shift) * COLUMN, (count(row) + 0.5) * ROW + 0.125 * MILLIMETER)
    }

    /// The middle of the rings.
    pub fn middle() -> (f32, f32) {
        center(14, 16)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_symbol_has_the_size_that_is_foretold(text in "[0-9A-Z%]{1,60}") {
            for code in [Code::DataMatrix(text.clone()), Code::Code128(text.clone()), Code::Gs1(vec![text.clone(), text])] {
                prop_assert_eq!(code.size(), code.modules().map(|modules| modules.size));
            }
        }
    }
}
