//! A page before it is drawn: elements at their places, in points from the upper left corner.

use crate::carrier::print::area::Area;
use crate::carrier::print::font::Face;
use crate::carrier::print::symbol::Code;

pub(in crate::carrier) struct Page {
    pub width: f32,
    pub height: f32,
    pub parts: Vec<Part>,
}

/// A label on a page, or a whole page.
pub(in crate::carrier) struct Part {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    /// Whether its top is at the right of the page: then `width` is how far it reaches down the page.
    pub turned: bool,
    pub elements: Vec<Element>,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::carrier) enum Element {
    /// A line of text at its baseline.
    Text {
        x: f32,
        y: f32,
        size: f32,
        face: Face,
        anchor: Anchor,
        /// White letters stand on a rule.
        white: bool,
        text: String,
    },
    Rule {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
    },
    /// A bar code in the middle of an area.
    Symbol {
        area: Area,
        code: Code,
    },
    /// A line that only programs for printers have.
    Remark(String),
}

/// What stands at the `x` of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::carrier) enum Anchor {
    Start,
    Middle,
    End,
}

impl Page {
    /// A page that is one part.
    pub fn whole(width: f32, height: f32, elements: Vec<Element>) -> Self {
        Self { width, height, parts: vec![Part { x: 0.0, y: 0.0, width, height, turned: false, elements }] }
    }
}

impl Anchor {
    /// Where a text of some width begins whose anchor is at `x`.
    pub fn left(self, x: f32, width: impl FnOnce() -> f32) -> f32 {
        match self {
            Self::Start => x,
            Self::Middle => x - width() / 2.0,
            Self::End => x - width(),
        }
    }
}
