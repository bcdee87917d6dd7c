//! What arrangements of labels are made of.

use crate::carrier::label::address::Line;
use crate::carrier::label::layout::SAMPLE;
use crate::carrier::label::{Address, Label};
use crate::carrier::print::{Anchor, Area, Code, Element, Face, LEADING, beginning, fitted, width};

/// Elements so far, and how large a point is here: 1 on a label of 4 by 6 inches.
pub(in crate::carrier) struct Canvas {
    pub elements: Vec<Element>,
    pub unit: f32,
}

impl Canvas {
    pub fn new(width: f32, height: f32) -> (Self, Area) {
        let (short, long) = if width < height { (width, height) } else { (height, width) };
        let unit = (short / 288.0).min(long / 432.0);
        let unit = if width < height { unit } else { 1.0 };
        (Self { elements: Vec::with_capacity(48), unit }, Area::new(width, height))
    }

    /// A frame around the label; what is inside of it.
    pub fn framed(&mut self, area: Area) -> Area {
        let (edge, line) = (6.0 * self.unit, 1.0 * self.unit);
        let frame = area.inset(edge, edge);
        self.frame(&frame, line);
        frame.inset(line, line)
    }

    pub fn frame(&mut self, area: &Area, line: f32) {
        self.rule(area.x, area.y, area.width, line);
        self.rule(area.x, area.bottom() - line, area.width, line);
        self.rule(area.x, area.y, line, area.height);
        self.rule(area.right() - line, area.y, line, area.height);
    }

    pub fn rule(&mut self, x: f32, y: f32, width: f32, height: f32) {
        self.elements.push(Element::Rule { x, y, width, height });
    }

    /// A rule across, which it takes off the top.
    pub fn cut_rule(&mut self, area: &mut Area, line: f32) {
        let cut = area.cut_top(line * self.unit);
        self.rule(cut.x, cut.y, cut.width, cut.height);
    }

    /// Takes so many points of a label of 4 by 6 inches off the top.
    pub fn cut(&self, area: &mut Area, height: f32) -> Area {
        area.cut_top(height * self.unit)
    }

    pub fn text(&mut self, x: f32, y: f32, size: f32, face: Face, anchor: Anchor, text: impl Into<String>) {
        self.put(x, y, size, face, anchor, false, text.into());
    }

    #[expect(clippy::too_many_arguments, reason = "a text is a place, a size, a look and what it says")]
    fn put(&mut self, x: f32, y: f32, size: f32, face: Face, anchor: Anchor, white: bool, text: String) {
        if !text.is_empty() {
            self.elements.push(Element::Text { x, y, size, face, anchor, white, text });
        }
    }

    /// One line in the middle of the height of an area, at most so large, smaller where it would be too wide.
    pub fn line(&mut self, area: &Area, text: &str, face: Face, most: f32, anchor: Anchor) {
        self.single(area, text, face, most, anchor, false);
    }

    /// A line in white on an area that is black.
    pub fn banner(&mut self, area: &Area, text: &str, most: f32) {
        self.rule(area.x, area.y, area.width, area.height);
        self.single(&area.inset(3.0 * self.unit, 0.0), text, Face::Bold, most, Anchor::Middle, true);
    }

    fn single(&mut self, area: &Area, text: &str, face: Face, most: f32, anchor: Anchor, white: bool) {
        let (mut text, most) = (text.trim(), (most * self.unit).min(area.height / 0.8));
        let mut size = most.min(area.width / width(text, face, 1.0).max(0.01));
        // A line that would be too small to read is cut off.
        let least = (most * 0.4).min(5.0 * self.unit);
        if size < least {
            size = least;
            text = beginning(text, face, size, area.width);
        }
        let x = match anchor {
            Anchor::Start => area.x,
            Anchor::Middle => area.middle(),
            Anchor::End => area.right(),
        };
        // Capitals are 0.73 of the size high.
        let y = area.y + (area.height + size * 0.73) / 2.0;
        self.put(x, y, size, face, anchor, white, text.to_owned());
    }

    /// Lines from the top of an area; how high they are.
    pub fn block(&mut self, area: &Area, lines: &[impl AsRef<str>], face: Face, most: f32) -> f32 {
        let (lines, size) = fitted(lines, face, most * self.unit, 4.5 * self.unit, (area.width, area.height));
        let mut y = area.y;
        for line in lines {
            self.text(area.x, y + size * 0.93, size, face, Anchor::Start, line);
            y += size * LEADING;
        }
        y - area.y
    }

    /// A block that leaves lines of a template behind, where there is nothing to fill in.
    pub fn address(&mut self, area: &Area, address: &Address, from: &str, face: Face, most: f32) -> f32 {
        if address.unfilled.is_none() {
            return self.block(area, &address.texts_of_block(from), face, most);
        }
        let lines = address.block(from);
        let texts: Vec<&str> = lines.iter().filter_map(|line| if let Line::Text(text) = line { Some(&**text) } else { None }).collect();
        let start = self.elements.len();
        let high = self.block(area, &texts, face, most);
        let mut drawn = self.elements.split_off(start).into_iter();
        if drawn.len() != texts.len() {
            self.elements.extend(drawn);
            return high;
        }
        for line in &lines {
            match line {
                Line::Text(_) => self.elements.extend(drawn.next()),
                Line::Unfilled(text) => self.elements.push(Element::Remark((*text).to_owned())),
            }
        }
        high
    }

    /// A text under its caption.
    pub fn fact(&mut self, area: &Area, caption: &str, text: &str, size: f32) {
        if text.is_empty() {
            return;
        }
        let mut area = area.inset(3.0 * self.unit, 1.5 * self.unit);
        let head = self.cut(&mut area, 7.0);
        self.line(&head, caption, Face::Regular, 6.0, Anchor::Start);
        self.line(&area, text, Face::Bold, size, Anchor::Start);
    }

    pub fn symbol(&mut self, area: &Area, code: Option<Code>) {
        self.elements.extend(code.map(|code| Element::Symbol { area: *area, code }));
    }

    /// A bar code over the number that it says.
    pub fn tracking(&mut self, label: &Label, mut area: Area, size: f32) {
        let number = area.cut_bottom((size + 4.0) * self.unit);
        self.symbol(&area.inset(4.0 * self.unit, 1.0 * self.unit), label.tracking_code());
        self.line(&number, &label.spaced_number(), Face::Bold, size, Anchor::Middle);
    }

    /// The line that no label lacks, with a line of the vendor's beside it.
    pub fn foot(&mut self, area: &Area, foot: &str) {
        let mut area = *area;
        self.cut_rule(&mut area, 1.0);
        let mut area = area.inset(4.0 * self.unit, 0.0);
        if !foot.is_empty() {
            let left = area.cut_left(area.width * 0.38);
            self.line(&left, foot, Face::Regular, 7.5, Anchor::Start);
        }
        let anchor = if foot.is_empty() { Anchor::Middle } else { Anchor::End };
        self.line(&area, SAMPLE, Face::Bold, 11.0, anchor);
    }
}
