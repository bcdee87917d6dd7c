//! Pages of elements (text, rule, symbol) as PDF, PNG and ZPL: what paper there is, and how it is drawn on. Knows no labels.

mod area;
mod font;
mod page;
mod pdf;
mod png;
mod symbol;
mod text;
mod zpl;

use serde::{Deserialize, Serialize};

pub(in crate::carrier) use area::Area;
pub(in crate::carrier) use font::Face;
pub(in crate::carrier) use page::{Anchor, Element, Page, Part};
pub(in crate::carrier) use symbol::{Code, Structured};
pub(in crate::carrier) use text::{LEADING, beginning, fitted, width, wrapped};

/// The paper of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// 4 by 6 inches, the paper of label printers.
    #[default]
    Inch4x6,
    /// 4 by 8 inches; the two inches below the label say what is in the box.
    Inch4x8,
    /// 2.3 by 7.5 inches, the label sideways.
    Inch2x7,
    A4,
    A5,
    A6,
    /// A4 with four labels of A6.
    A4Four,
    /// A5 with a label of A6 sideways on the lower half.
    A5Label,
    /// 8.5 by 11 inches, the label on the upper half.
    Letter,
}

/// The language of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    Pdf,
    Png,
    Zpl,
}

/// How something is to be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    pub language: Language,
    pub paper: Paper,
    /// Dots to the inch of pictures and printers, such as 203 and 300.
    pub dpi: u16,
}

impl Default for Format {
    fn default() -> Self {
        Self::pdf(Paper::default())
    }
}

impl Format {
    #[must_use]
    pub const fn pdf(paper: Paper) -> Self {
        Self { language: Language::Pdf, paper, dpi: 203 }
    }

    #[must_use]
    pub const fn png(paper: Paper, dpi: u16) -> Self {
        Self { language: Language::Png, paper, dpi }
    }

    /// For printers with paper of 4 by 6 inches.
    #[must_use]
    pub const fn zpl(dpi: u16) -> Self {
        Self { language: Language::Zpl, paper: Paper::Inch4x6, dpi }
    }
}

impl Language {
    /// How the name of such a file ends.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Zpl => "zpl",
        }
    }
}

impl Paper {
    /// Width and height in points, of which an inch has 72.
    #[must_use]
    pub fn size(self) -> (f32, f32) {
        match self {
            Self::Inch4x6 => (288.0, 432.0),
            Self::Inch4x8 => (288.0, 576.0),
            Self::Inch2x7 => (165.6, 540.0),
            Self::A4 | Self::A4Four => (595.28, 841.89),
            Self::A5 | Self::A5Label => (419.53, 595.28),
            Self::A6 => (297.64, 419.53),
            Self::Letter => (612.0, 792.0),
        }
    }
}

/// Hands pages out, one after the other.
pub(in crate::carrier) type Pages<'a> = dyn Fn(&mut dyn FnMut(Page)) + 'a;

/// A file with the pages in their order, turned clockwise by so many quarters of a turn. A PNG has the first only.
pub(in crate::carrier) fn draw(pages: &Pages<'_>, format: Format, turns: u16) -> Vec<u8> {
    match format.language {
        Language::Pdf => pdf::file(pages, turns),
        Language::Png => {
            let mut first = None;
            pages(&mut |page| {
                first.get_or_insert(page);
            });
            first.map(|page| png::file(&page, format.dpi, turns)).unwrap_or_default()
        }
        Language::Zpl => zpl::program(pages, format.dpi, turns),
    }
}
