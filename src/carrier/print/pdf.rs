//! Pages as PDF 1.4. Letters and bars are drawn, not pictures: text can be searched, and symbols are sharp at any size. Of each font
//! only the glyphs that are used go into the file.

use std::collections::BTreeMap;

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{CidFontType, FontFlags, LineCapStyle, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;

use crate::carrier::print::font::{Face, Font, glyph};
use crate::carrier::print::page::{Anchor, Element, Page, Part};
use crate::carrier::print::symbol::{Code, Modules, Shape, count};
use crate::carrier::print::text;
use crate::carrier::print::{Area, symbol};

/// How hard streams are compressed: half of what they could be takes a fifth of the time.
const LEVEL: u8 = 2;
/// What the modules of symbols are multiples of: a dot of a printer of 203 dots to the inch.
const DOT: f32 = 72.0 / 203.0;

/// The glyphs that a file has of one font, by their numbers there, with a letter for each.
#[derive(Default)]
struct Used {
    glyphs: GlyphRemapper,
    letters: BTreeMap<u16, char>,
    advances: BTreeMap<u16, f32>,
}

/// The objects of a file.
struct Objects(i32);

impl Objects {
    fn next(&mut self) -> Ref {
        self.0 += 1;
        Ref::new(self.0)
    }
}

pub(super) fn file(pages: &[Page]) -> Vec<u8> {
    let mut used: [Used; 4] = Default::default();
    let drawings: Vec<Vec<u8>> = pages.iter().map(|page| drawing(page, &mut used)).collect();
    let mut objects = Objects(0);
    let (catalog, tree, info) = (objects.next(), objects.next(), objects.next());
    let fonts = Font::ALL.map(|font| (font, objects.next()));
    let refs: Vec<(Ref, Ref)> = pages.iter().map(|_| (objects.next(), objects.next())).collect();
    let mut pdf = Pdf::with_capacity(16 * 1024);
    pdf.set_version(1, 4);
    pdf.catalog(catalog).pages(tree);
    pdf.document_info(info).producer(TextStr("Seatrial"));
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(refs.iter().map(|(page, _)| *page)).count(count);
    for ((page, drawing), (id, content)) in pages.iter().zip(drawings).zip(&refs) {
        let mut sheet = pdf.page(*id);
        sheet.media_box(Rect::new(0.0, 0.0, page.width, page.height)).parent(tree).contents(*content);
        let mut resources = sheet.resources();
        let mut names = resources.fonts();
        for (font, id) in fonts.iter().filter(|(font, _)| !used[*font as usize].letters.is_empty()) {
            names.pair(name(*font), *id);
        }
        names.finish();
        resources.finish();
        sheet.finish();
        pdf.stream(*content, &compress_to_vec_zlib(&drawing, LEVEL)).filter(Filter::FlateDecode);
    }
    for (font, id) in fonts {
        if !used[font as usize].letters.is_empty() {
            embed(&mut pdf, &mut objects, font, id, &used[font as usize]);
        }
    }
    pdf.finish()
}

fn name(font: Font) -> Name<'static> {
    Name(match font {
        Font::Regular => b"F1",
        Font::Bold => b"F2",
        Font::Han => b"F3",
        Font::Hangul => b"F4",
    })
}

/// Writes a font with the glyphs that are used.
fn embed(pdf: &mut Pdf, objects: &mut Objects, font: Font, id: Ref, used: &Used) {
    const IDENTITY: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
    let base = Name(match font {
        Font::Regular => b"SEATRI+SeatrialSans",
        Font::Bold => b"SEATRI+SeatrialSans-Bold",
        Font::Han => b"SEATRI+SeatrialHan",
        Font::Hangul => b"SEATRI+SeatrialHangul",
    });
    let (descendant, descriptor, unicode, data) = (objects.next(), objects.next(), objects.next(), objects.next());
    let file = font.file();
    let em = 1000.0 / f32::from(file.units_per_em());
    pdf.type0_font(id).base_font(base).encoding_predefined(Name(b"Identity-H")).descendant_font(descendant).to_unicode(unicode);
    let mut cid = pdf.cid_font(descendant);
    cid.subtype(CidFontType::Type2).base_font(base).system_info(IDENTITY).font_descriptor(descriptor).default_width(0.0);
    cid.cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = cid.widths();
    let first = used.advances.keys().next().copied().unwrap_or_default();
    widths.consecutive(first, used.advances.values().map(|advance| advance * 1000.0));
    widths.finish();
    cid.finish();
    let bounds = file.global_bounding_box();
    let scaled = |value: i16| f32::from(value) * em;
    let bounds = Rect::new(scaled(bounds.x_min), scaled(bounds.y_min), scaled(bounds.x_max), scaled(bounds.y_max));
    let mut described = pdf.font_descriptor(descriptor);
    described.name(base).flags(FontFlags::SYMBOLIC).bbox(bounds).italic_angle(0.0).stem_v(if font == Font::Bold { 140.0 } else { 80.0 });
    described.ascent(scaled(file.ascender())).descent(scaled(file.descender())).cap_height(729.0).font_file2(data);
    described.finish();
    let mut letters = UnicodeCmap::new(Name(b"Seatrial"), IDENTITY);
    for (glyph, letter) in &used.letters {
        letters.pair(*glyph, *letter);
    }
    pdf.stream(unicode, &compress_to_vec_zlib(&letters.finish(), LEVEL)).filter(Filter::FlateDecode);
    let subset = subsetter::subset(font.data(), 0, &used.glyphs).expect("the fonts of the binary can be read");
    let length = i32::try_from(subset.len()).unwrap_or(i32::MAX);
    pdf.stream(data, &compress_to_vec_zlib(&subset, LEVEL)).filter(Filter::FlateDecode).pair(Name(b"Length1"), length);
}

fn drawing(page: &Page, used: &mut [Used; 4]) -> Vec<u8> {
    let mut out = Content::with_capacity(8 * 1024);
    for part in &page.parts {
        let top = page.height - part.y;
        out.save_state();
        // Within a part, the origin is its lower left corner.
        if part.turned {
            out.transform([0.0, -1.0, 1.0, 0.0, part.x, top]);
        } else {
            out.transform([1.0, 0.0, 0.0, 1.0, part.x, top - part.height]);
        }
        elements(&mut out, part, used);
        out.restore_state();
    }
    out.finish().to_vec()
}

fn elements(out: &mut Content, part: &Part, used: &mut [Used; 4]) {
    let up = |y: f32| part.height - y;
    for element in &part.elements {
        match element {
            Element::Text { x, y, size, face, anchor, white, text } => {
                if *white {
                    out.set_fill_gray(1.0);
                }
                let x = match anchor {
                    Anchor::Start => *x,
                    Anchor::Middle => x - text::width(text, *face, *size) / 2.0,
                    Anchor::End => x - text::width(text, *face, *size),
                };
                line(out, text, *face, *size, (tenth(x), tenth(up(*y))), used);
                if *white {
                    out.set_fill_gray(0.0);
                }
            }
            Element::Rule { x, y, width, height } => {
                out.rect(*x, up(y + height), *width, *height).fill_nonzero();
            }
            Element::Symbol { area, code } => bars(out, part, area, code),
            Element::Remark(_) => {}
        }
    }
}

/// A coordinate with fewer digits.
fn tenth(value: f32) -> f32 {
    (value * 20.0).round() / 20.0
}

/// A line, piece by piece as the fonts change.
fn line(out: &mut Content, text: &str, face: Face, size: f32, (x, y): (f32, f32), used: &mut [Used; 4]) {
    let mut pieces: Vec<(Font, Vec<u8>)> = Vec::with_capacity(1);
    for letter in text.chars() {
        let glyph = glyph(face, letter);
        let own = &mut used[glyph.font as usize];
        let id = own.glyphs.remap(glyph.id.0);
        own.letters.entry(id).or_insert(letter);
        own.advances.entry(id).or_insert(glyph.advance);
        match pieces.last_mut() {
            Some((font, bytes)) if *font == glyph.font => bytes.extend(id.to_be_bytes()),
            _ => pieces.push((glyph.font, id.to_be_bytes().to_vec())),
        }
    }
    out.begin_text().next_line(x, y);
    for (font, bytes) in pieces {
        out.set_font(name(font), size).show(Str(&bytes));
    }
    out.end_text();
}

/// A symbol in the middle of its area, its modules as wide as so many dots of a printer.
fn bars(out: &mut Content, part: &Part, area: &Area, code: &Code) {
    let Some(modules) = code.modules() else { return };
    let Some(module) = symbol::module(&modules, area, DOT) else { return };
    let (width, height) = symbol::extent(&modules, area, module);
    let (left, top) = (area.middle() - width / 2.0, part.height - area.y - (area.height - height) / 2.0);
    match modules.shape {
        Shape::Hexagons => return hexagons(out, &modules, left, top),
        Shape::Bars | Shape::Grid(_) => {}
    }
    let step = height / count(modules.rows);
    for row in 0..modules.rows {
        // Rows that are equal to the one above were drawn with it.
        let same = |other: usize| (0..modules.columns).all(|column| modules.is_dark(column, row) == modules.is_dark(column, other));
        if row > 0 && same(row - 1) {
            continue;
        }
        let high = step * count((row + 1..modules.rows).take_while(|below| same(*below)).count() + 1);
        for (start, length) in modules.stretches(row) {
            out.rect(left + count(start) * module, top - count(row) * step - high, count(length) * module, high);
        }
    }
    out.fill_nonzero();
}

/// Hexagons as round dots, which is how printers make them, and the rings.
fn hexagons(out: &mut Content, modules: &Modules, left: f32, top: f32) {
    use symbol::maxicode::{COLUMN, RINGS, center};
    out.set_line_cap(LineCapStyle::RoundCap).set_line_width(COLUMN * 0.86);
    for row in 0..modules.rows {
        for column in (0..modules.columns).filter(|column| modules.is_dark(*column, row)) {
            let (x, y) = center(column, row);
            let (x, y) = (tenth(left + x), tenth(top - y));
            out.move_to(x, y).line_to(x, y);
        }
    }
    out.stroke();
    let (x, y) = symbol::maxicode::middle();
    for (index, radius) in RINGS.into_iter().enumerate() {
        out.set_stroke_gray(if index % 2 == 0 { 0.0 } else { 1.0 }).set_line_width(2.0 * radius);
        out.move_to(left + x, top - y).line_to(left + x, top - y).stroke();
    }
}
