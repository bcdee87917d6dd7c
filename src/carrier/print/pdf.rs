//! Pages as PDF 1.4. Letters and bars are drawn, not pictures: text can be searched, and bars are sharp at any size.

mod compressor;
mod embedded;

use pdf_writer::types::LineCapStyle;
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Settings, Str, TextStr};

use crate::carrier::print::Pages;
use crate::carrier::print::area::Area;
use crate::carrier::print::font::Face;
use crate::carrier::print::page::{Element, Page, Part};
use crate::carrier::print::symbol::{self, Code, Modules, Shape, count};
use crate::carrier::print::text;
use compressor::Compressor;
use embedded::Fonts;

const TERSE: Settings = Settings { pretty: false };
/// What the modules of symbols are multiples of: a dot of a printer of 203 dots to the inch.
const DOT: f32 = 72.0 / 203.0;

/// Numbers objects of a file.
struct Objects(i32);

impl Objects {
    fn next(&mut self) -> Ref {
        self.0 += 1;
        Ref::new(self.0)
    }
}

/// A symbol of rows, which is small as a picture of one bit to the module.
struct Stencil {
    columns: usize,
    rows: usize,
    bits: Vec<u8>,
}

/// What is drawn on a page.
struct Drawing {
    content: Content,
    stencils: Vec<Stencil>,
}

/// A page that is drawn: its content is compressed.
struct Drawn {
    size: Rect,
    content: Vec<u8>,
    stencils: Vec<Stencil>,
}

const STENCILS: [&[u8]; 8] = [b"I1", b"I2", b"I3", b"I4", b"I5", b"I6", b"I7", b"I8"];

/// What a page of a label may take; what takes more is compressed harder.
const LARGE: usize = 15_000;

pub(super) fn file(pages: &Pages<'_>, turns: u16) -> Vec<u8> {
    let (file, count) = written(pages, turns, Compressor::new(compressor::QUICK));
    if file.len() <= LARGE * count {
        return file;
    }
    drop(file);
    written(pages, turns, Compressor::new(compressor::HARD)).0
}

/// A file, and how many pages it has.
fn written(pages: &Pages<'_>, turns: u16, mut compressor: Compressor) -> (Vec<u8>, usize) {
    let mut fonts = Fonts::default();
    let mut drawn: Vec<Drawn> = Vec::new();
    pages(&mut |page| {
        let Drawing { content, stencils } = draw(&page, &mut fonts);
        let content = compressor.stream(&content.finish()).to_vec();
        drawn.push(Drawn { size: Rect::new(0.0, 0.0, page.width, page.height), content, stencils });
    });
    let (count, room) = (drawn.len(), drawn.iter().map(|page| page.content.len() + 512).sum::<usize>());
    let mut objects = Objects(0);
    let (catalog, tree, info, shared) = (objects.next(), objects.next(), objects.next(), objects.next());
    let mut pdf = Pdf::with_settings_and_capacity(TERSE, room + 16 * 1024);
    pdf.set_version(1, 4);
    pdf.catalog(catalog).pages(tree);
    pdf.document_info(info).producer(TextStr("Seatrial"));
    let ids: Vec<Ref> = drawn.iter().map(|_| objects.next()).collect();
    pdf.pages(tree).kids(ids.iter().copied()).count(i32::try_from(count).unwrap_or(i32::MAX));
    let named = fonts.write(&mut pdf, &mut objects, &mut compressor);
    let mut names = pdf.indirect(shared).dict();
    for (name, id) in named {
        names.pair(Name(name), id);
    }
    names.finish();
    for (Drawn { size, content: bytes, stencils }, id) in drawn.into_iter().zip(ids) {
        let content = objects.next();
        let stencils: Vec<(Ref, Stencil)> = stencils.into_iter().map(|stencil| (objects.next(), stencil)).collect();
        let mut sheet = pdf.page(id);
        sheet.media_box(size).parent(tree).contents(content);
        if turns > 0 {
            sheet.rotate(i32::from(turns) * 90);
        }
        // Pictures are of one page, fonts of all.
        let mut resources = sheet.resources();
        resources.pair(Name(b"Font"), shared);
        if !stencils.is_empty() {
            let mut pictures = resources.x_objects();
            for (name, (id, _)) in STENCILS.into_iter().zip(&stencils) {
                pictures.pair(Name(name), *id);
            }
        }
        resources.finish();
        sheet.finish();
        pdf.stream(content, &bytes).filter(Filter::FlateDecode);
        for (id, Stencil { columns, rows, bits }) in stencils {
            let size = |modules: usize| i32::try_from(modules).unwrap_or(i32::MAX);
            let mut picture = pdf.image_xobject(id, &bits);
            picture.width(size(columns)).height(size(rows)).bits_per_component(1);
            picture.pair(Name(b"ImageMask"), true);
        }
    }
    (pdf.finish(), count)
}

fn draw(page: &Page, fonts: &mut Fonts) -> Drawing {
    let mut drawing = Drawing { content: Content::with_settings_and_capacity(TERSE, 8 * 1024), stencils: Vec::new() };
    for part in &page.parts {
        let top = page.height - part.y;
        drawing.content.save_state();
        // Within a part, the origin is its lower left corner.
        if part.turned {
            drawing.content.transform([0.0, -1.0, 1.0, 0.0, part.x, top]);
        } else {
            drawing.content.transform([1.0, 0.0, 0.0, 1.0, part.x, round(top - part.height)]);
        }
        drawing.elements(part, fonts);
        drawing.content.restore_state();
    }
    drawing
}

/// A coordinate without digits that nobody sees.
fn round(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}

impl Drawing {
    fn elements(&mut self, part: &Part, fonts: &mut Fonts) {
        let up = |y: f32| part.height - y;
        for element in &part.elements {
            match element {
                Element::Text { x, y, size, face, anchor, white, text } => {
                    let x = anchor.left(*x, || text::width(text, *face, *size));
                    if *white {
                        self.content.set_fill_gray(1.0);
                    }
                    self.line(text, *face, *size, (x, up(*y)), fonts);
                    if *white {
                        self.content.set_fill_gray(0.0);
                    }
                }
                Element::Rule { x, y, width, height } => {
                    self.content.rect(round(*x), round(up(y + height)), round(*width), round(*height)).fill_nonzero();
                }
                Element::Symbol { area, code } => self.symbol(part, area, code),
                Element::Remark(_) => {}
            }
        }
    }

    /// A line, piece by piece as the fonts change.
    fn line(&mut self, text: &str, face: Face, size: f32, (x, y): (f32, f32), fonts: &mut Fonts) {
        let tenth = |value: f32| (value * 10.0).round() / 10.0;
        self.content.begin_text().next_line(tenth(x), tenth(y));
        for (name, glyphs) in fonts.pieces(text, face) {
            self.content.set_font(Name(name), round(size)).show(Str(&glyphs));
        }
        self.content.end_text();
    }

    /// A symbol in the middle of its area, its modules as wide as so many dots of a printer.
    fn symbol(&mut self, part: &Part, area: &Area, code: &Code) {
        let Some(modules) = code.modules() else { return };
        let Some(module) = symbol::module(modules.size, area, DOT) else { return };
        let (width, height) = symbol::extent(modules.size, area, module);
        let on_dot = |value: f32| (value / DOT).round() * DOT;
        let (left, bottom) = (on_dot(area.middle() - width / 2.0), on_dot(part.height - area.y - (area.height + height) / 2.0));
        self.content.save_state();
        match modules.size.shape {
            Shape::Bars => {
                self.content.transform([module, 0.0, 0.0, round(height), round(left), round(bottom)]);
                for (start, length) in modules.stretches(0) {
                    self.content.rect(count(start), 0.0, count(length), 1.0);
                }
                self.content.fill_nonzero();
            }
            Shape::Grid | Shape::Rows => {
                if let Some(name) = STENCILS.get(self.stencils.len()) {
                    self.content.transform([width, 0.0, 0.0, height, round(left), round(bottom)]).x_object(Name(name));
                    self.stencils.push(Stencil::of(&modules));
                }
            }
            Shape::Hexagons => self.hexagons(&modules, left, bottom + height),
        }
        self.content.restore_state();
    }

    /// Hexagons as round dots, which is how printers make them, and the rings. The unit is half a hexagon.
    fn hexagons(&mut self, modules: &Modules, left: f32, top: f32) {
        use symbol::maxicode::{COLUMN, RINGS, center, middle};
        let (out, unit) = (&mut self.content, COLUMN / 2.0);
        let round = |value: f32| round(value / unit);
        out.transform([unit, 0.0, 0.0, -unit, left, top]);
        out.set_line_cap(LineCapStyle::RoundCap).set_line_width(1.76);
        for row in 0..modules.size.rows {
            for (start, length) in modules.stretches(row) {
                let ((from, y), (to, _)) = (center(start, row), center(start + length - 1, row));
                out.move_to(round(from), round(y)).line_to(round(to), round(y));
            }
        }
        out.stroke();
        let (x, y) = middle();
        let (x, y) = (round(x), round(y));
        for (index, radius) in RINGS.into_iter().enumerate() {
            out.set_stroke_gray(if index % 2 == 0 { 0.0 } else { 1.0 }).set_line_width(round(2.0 * radius));
            out.move_to(x, y).line_to(x, y).stroke();
        }
    }
}

impl Stencil {
    fn of(modules: &Modules) -> Self {
        let across = modules.size.columns.div_ceil(8);
        // Where a stencil has a zero, the page is painted.
        let mut bits = vec![0xff_u8; across * modules.size.rows];
        for row in 0..modules.size.rows {
            for column in (0..modules.size.columns).filter(|column| modules.is_dark(*column, row)) {
                bits[row * across + column / 8] &= !(0x80 >> (column % 8));
            }
        }
        Self { columns: modules.size.columns, rows: modules.size.rows, bits }
    }
}
