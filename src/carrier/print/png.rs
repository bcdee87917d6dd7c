//! A page as a PNG in shades of gray, as sharp as a printer of so many dots to the inch prints it.

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use ttf_parser::OutlineBuilder;

use crate::carrier::print::area::Area;
use crate::carrier::print::font::{Face, glyph};
use crate::carrier::print::page::{Element, Page, Part};
use crate::carrier::print::symbol::{self, Code, Shape, count};
use crate::carrier::print::text;

/// A page or a part of it as dots, from 0, which is black, to 255.
struct Picture {
    width: usize,
    height: usize,
    dots: Vec<u8>,
}

/// # Panics
/// Never: the picture is written to memory, and there are as many dots as it says.
pub(super) fn file(page: &Page, dpi: u16, turns: u16) -> Vec<u8> {
    let picture = picture(page, dpi, turns);
    let size = |dots: usize| u32::try_from(dots).expect("a page is less than a mile wide");
    let mut file = Vec::with_capacity(32 * 1024);
    let mut encoder = png::Encoder::new(&mut file, size(picture.width), size(picture.height));
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let per_meter = (f64::from(dpi) / 0.0254).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand")]
    let per_meter = per_meter as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_meter, yppu: per_meter, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header().expect("memory can be written to");
    writer.write_image_data(&picture.dots).expect("there are as many dots as the header says");
    writer.finish().expect("memory can be written to");
    file
}

fn picture(page: &Page, dpi: u16, turns: u16) -> Picture {
    let scale = f32::from(dpi) / 72.0;
    let mut picture = Picture::blank(dots(page.width * scale), dots(page.height * scale));
    for part in &page.parts {
        let mut own = Picture::blank(dots(part.width * scale), dots(part.height * scale));
        own.draw(part, scale);
        picture.place(&own, part, scale);
    }
    (0..turns).fold(picture, |picture, _| picture.turned())
}

/// A page as black dots, eight to a byte: columns, rows and bytes.
pub(super) fn page_bits(page: &Page, dpi: u16, turns: u16) -> (usize, usize, Vec<u8>) {
    picture(page, dpi, turns).bits()
}

/// The same of a line. The baseline is the lower edge of row `size`.
pub(super) fn bits(text: &str, face: Face, size: f32) -> (usize, usize, Vec<u8>) {
    let columns = dots(text::width(text, face, size)).div_ceil(8).max(1) * 8;
    let mut picture = Picture::blank(columns, dots(size * 1.25));
    picture.line(text, face, size, (0.0, size), false);
    picture.bits()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a page is a few thousand dots wide, and none is negative")]
fn dots(length: f32) -> usize {
    length.round().max(0.0) as usize
}

impl Picture {
    fn blank(width: usize, height: usize) -> Self {
        Self { width, height, dots: vec![0xff; width * height] }
    }

    /// Black dots, eight to a byte: columns, rows and bytes. What is left of the last byte of a row is white.
    fn bits(&self) -> (usize, usize, Vec<u8>) {
        let byte = |dots: &[u8]| (0..8).fold(0, |byte, index| byte << 1 | u8::from(dots.get(index).is_some_and(|dot| *dot < 128)));
        let rows = self.dots.chunks_exact(self.width.max(1));
        (self.width.div_ceil(8) * 8, self.height, rows.flat_map(|row| row.chunks(8).map(byte)).collect())
    }

    /// A quarter of a turn clockwise.
    fn turned(&self) -> Self {
        let mut turned = Self::blank(self.height, self.width);
        for (y, row) in self.dots.chunks_exact(self.width.max(1)).enumerate() {
            row.iter().enumerate().for_each(|(x, dot)| turned.set(self.height - 1 - y, x, *dot));
        }
        turned
    }

    /// Copies the picture of a part to where it stands on the page.
    fn place(&mut self, own: &Self, part: &Part, scale: f32) {
        let (left, top) = (dots(part.x * scale), dots(part.y * scale));
        for (y, row) in own.dots.chunks_exact(own.width.max(1)).enumerate() {
            for (x, dot) in row.iter().enumerate() {
                let (x, y) = if part.turned { (own.height - 1 - y, x) } else { (x, y) };
                self.set(left + x, top + y, *dot);
            }
        }
    }

    fn set(&mut self, x: usize, y: usize, dot: u8) {
        if x < self.width && y < self.height {
            let own = &mut self.dots[y * self.width + x];
            *own = dot;
        }
    }

    fn draw(&mut self, part: &Part, scale: f32) {
        for element in &part.elements {
            match element {
                Element::Text { x, y, size, face, anchor, white, text } => {
                    let x = anchor.left(*x, || text::width(text, *face, *size));
                    self.line(text, *face, size * scale, (x * scale, y * scale), *white);
                }
                Element::Rule { x, y, width, height } => {
                    // The thinnest rule has a dot.
                    let (left, top) = (dots(x * scale), dots(y * scale));
                    let (right, bottom) = (dots((x + width) * scale).max(left + 1), dots((y + height) * scale).max(top + 1));
                    self.fill(left..right, top..bottom);
                }
                Element::Symbol { area, code } => self.symbol(area, code, scale),
                Element::Remark(_) => {}
            }
        }
    }

    fn fill(&mut self, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) {
        let columns = columns.start.min(self.width)..columns.end.min(self.width);
        for y in rows.start..rows.end.min(self.height) {
            self.dots[y * self.width..][columns.clone()].fill(0);
        }
    }

    fn symbol(&mut self, area: &Area, code: &Code, scale: f32) {
        let Some(modules) = code.modules() else { return };
        let Some(module) = symbol::module(modules.size, area, 1.0 / scale) else { return };
        let (width, height) = symbol::extent(modules.size, area, module);
        let (left, top) = (area.middle() - width / 2.0, area.y + (area.height - height) / 2.0);
        if modules.size.shape == Shape::Hexagons {
            use symbol::maxicode::{COLUMN, RINGS, center, middle};
            for row in 0..modules.size.rows {
                for column in (0..modules.size.columns).filter(|column| modules.is_dark(*column, row)) {
                    let (x, y) = center(column, row);
                    self.disc(((left + x) * scale, (top + y) * scale), COLUMN * 0.46 * scale, 0);
                }
            }
            let (x, y) = middle();
            for (index, radius) in RINGS.into_iter().enumerate() {
                self.disc(((left + x) * scale, (top + y) * scale), radius * scale, if index % 2 == 0 { 0 } else { 0xff });
            }
            return;
        }
        let (left, top, step) = (dots(left * scale), dots(top * scale), dots(module * scale));
        let high = |row: usize| top + dots(height * scale * count(row) / count(modules.size.rows));
        for row in 0..modules.size.rows {
            for (start, length) in modules.stretches(row) {
                self.fill(left + start * step..left + (start + length) * step, high(row)..high(row + 1));
            }
        }
    }

    fn disc(&mut self, (x, y): (f32, f32), radius: f32, dot: u8) {
        let reach = |middle: f32| dots(middle - radius)..dots(middle + radius) + 1;
        for row in reach(y) {
            for column in reach(x) {
                let (across, down) = (count(column) + 0.5 - x, count(row) + 0.5 - y);
                if across * across + down * down <= radius * radius {
                    self.set(column, row, dot);
                }
            }
        }
    }

    fn line(&mut self, text: &str, face: Face, size: f32, (mut x, y): (f32, f32), white: bool) {
        for letter in text.chars() {
            let glyph = glyph(face, letter);
            let file = glyph.font.file();
            let em = size / f32::from(file.units_per_em());
            if let Some(bounds) = file.glyph_bounding_box(glyph.id) {
                let (left, top) = ((x + f32::from(bounds.x_min) * em).floor(), (y - f32::from(bounds.y_max) * em).floor());
                let (right, bottom) = ((x + f32::from(bounds.x_max) * em).ceil(), (y - f32::from(bounds.y_min) * em).ceil());
                let (width, height) = (dots(right - left) + 1, dots(bottom - top) + 1);
                let mut pen = Pen::new(width, height, em, point(x - left, y - top));
                file.outline_glyph(glyph.id, &mut pen);
                let (left, top) = (dots(left), dots(top));
                pen.rasterizer.for_each_pixel_2d(|column, row, covered| {
                    self.blend(left + column as usize, top + row as usize, covered, white);
                });
            }
            x += glyph.advance * size;
        }
    }

    /// Lays ink over a dot, as much as a letter covers of it.
    fn blend(&mut self, x: usize, y: usize, covered: f32, white: bool) {
        if covered <= 0.004 || x >= self.width || y >= self.height {
            return;
        }
        let dot = &mut self.dots[y * self.width + x];
        let (before, ink) = (f32::from(*dot), if white { 255.0 } else { 0.0 });
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between black and white")]
        let blended = (before + (ink - before) * covered.min(1.0)).round() as u8;
        *dot = blended;
    }
}

/// Follows the outline of a glyph, whose coordinates go up, into dots, which go down.
struct Pen {
    rasterizer: Rasterizer,
    em: f32,
    origin: Point,
    start: Point,
    last: Point,
}

impl Pen {
    fn new(width: usize, height: usize, em: f32, origin: Point) -> Self {
        Self { rasterizer: Rasterizer::new(width, height), em, origin, start: origin, last: origin }
    }

    fn at(&self, x: f32, y: f32) -> Point {
        point(self.origin.x + x * self.em, self.origin.y - y * self.em)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.start = self.at(x, y);
        self.last = self.start;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.at(x, y);
        self.rasterizer.draw_line(self.last, to);
        self.last = to;
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (by, to) = (self.at(x1, y1), self.at(x, y));
        self.rasterizer.draw_quad(self.last, by, to);
        self.last = to;
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (first, second, to) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.rasterizer.draw_cubic(self.last, first, second, to);
        self.last = to;
    }

    fn close(&mut self) {
        self.rasterizer.draw_line(self.last, self.start);
        self.last = self.start;
    }
}
