//! Labels as elements: one arrangement for each style of a carrier. Every arrangement fills the area that it is given; what is written
//! shrinks, and then wraps, to stay in its place.

mod canvas;
mod customs;
mod fedex;
mod narrow;
mod plain;
mod postal;
mod ups;

pub(in crate::carrier) use canvas::Canvas;

use crate::carrier::label::Label;
use crate::carrier::label::carriers::Style;
use crate::carrier::print::Element;

/// What every label says, because none may be mistaken for a real one.
pub(in crate::carrier) const SAMPLE: &str = "SAMPLE - NOT FOR SHIPPING";

/// A label on an area that is higher than wide.
pub(super) fn upright(label: &Label, width: f32, height: f32) -> Vec<Element> {
    let (mut canvas, area) = Canvas::new(width, height);
    let area = canvas.framed(area);
    match label.row().style {
        Style::Postal => postal::draw(&mut canvas, label, area),
        Style::Ups => ups::draw(&mut canvas, label, area),
        Style::Fedex => fedex::draw(&mut canvas, label, area),
        Style::Plain => plain::draw(&mut canvas, label, area),
    }
    canvas.elements
}

/// A label on a long and narrow area.
pub(super) fn lengthwise(label: &Label, width: f32, height: f32) -> Vec<Element> {
    let (mut canvas, area) = Canvas::new(width, height);
    let area = canvas.framed(area);
    narrow::draw(&mut canvas, label, area);
    canvas.elements
}
