//! Printed matter: labels and documents as PDF, PNG and ZPL.
//!
//! A vendor makes [`Document`]s from what it stores, when somebody downloads them, and [`render`]s them:
//!
//! ```text
//! Document ──▶ Page of elements (text, rule, symbol) ──▶ PDF, PNG or ZPL
//! ```
//!
//! What a label says is a [`Label`](super::label::Label); everything else is a [`Sheet`](super::sheet::Sheet): invoices, customs forms,
//! packing slips, manifests. Documents are small and can be stored; no drawing is ever kept. The same documents give the same bytes.

mod font;
mod page;
mod pdf;
mod png;
mod symbol;
mod text;
mod zpl;

use serde::{Deserialize, Serialize};

use crate::carrier::label::{self, Label};
use crate::carrier::sheet::{self, Sheet};

pub(in crate::carrier) use font::Face;
pub(in crate::carrier) use page::{Anchor, Area, Element, Page, Part};
pub(in crate::carrier) use symbol::{Code, Structured};
pub(in crate::carrier) use text::{LEADING, fitted, width, wrapped};

/// Something to print.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Document {
    /// The label of one parcel, on a page of its own.
    Label(Box<Label>),
    /// In place of a label: a code that the carrier's counter scans and prints the label for.
    QrCode(Box<Label>),
    /// Anything else, on as many pages as it takes.
    Sheet(Sheet),
}

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

/// A file with the documents in their order. A PNG has the first page only.
#[must_use]
pub fn render(documents: &[Document], format: Format) -> Vec<u8> {
    let pages = pages(documents, format.paper);
    match format.language {
        Language::Pdf => pdf::file(&pages),
        Language::Png => pages.first().map(|page| png::file(page, format.dpi)).unwrap_or_default(),
        Language::Zpl => zpl::program(&pages, format.dpi).into_bytes(),
    }
}

/// A file with that one label.
#[must_use]
pub fn render_label(label: Label, format: Format) -> Vec<u8> {
    render(&[Document::Label(Box::new(label))], format)
}

fn pages(documents: &[Document], paper: Paper) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::with_capacity(documents.len());
    for document in documents {
        match document {
            Document::Label(label) => label::place(label, paper, &mut pages),
            Document::QrCode(label) => pages.push(label::qr_page(label, paper)),
            Document::Sheet(sheet) => pages.extend(sheet::pages(sheet, paper)),
        }
    }
    pages
}
