//! Labels on paper: alone on a page of their size, or on a larger one with the rest of it left for other things.

use crate::carrier::label::Label;
use crate::carrier::label::layout::{self, Canvas, SAMPLE};
use crate::carrier::print::{Anchor, Code, Face, Page, Paper, Part};

/// Adds a label to the pages.
pub(in crate::carrier) fn place(label: &Label, paper: Paper, pages: &mut Vec<Page>) {
    let latin;
    let label = if label.is_latin {
        latin = label.in_latin();
        &latin
    } else {
        label
    };
    let (width, height) = paper.size();
    let part = |x: f32, y: f32, width: f32, height: f32| {
        let elements = layout::upright(label, width, height);
        Part { x, y, width, height, turned: false, elements }
    };
    let turned = |x: f32, y: f32, long: f32, short: f32| Part {
        x,
        y,
        width: long,
        height: short,
        turned: true,
        elements: layout::lengthwise(label, long, short),
    };
    let parts = match paper {
        Paper::Inch4x6 | Paper::A6 => vec![part(0.0, 0.0, width, height)],
        Paper::Inch4x8 => vec![part(0.0, 0.0, width, 432.0), slip(label, 0.0, 432.0, width, height - 432.0)],
        Paper::Inch2x7 => vec![turned(0.0, 0.0, height, width)],
        Paper::A4Four => {
            let (wide, high) = (width / 2.0, height / 2.0);
            // Four labels share a page.
            if let Some(page) = pages.last_mut().filter(|page| page.parts.len() < 4 && page.parts.iter().all(|part| part.width < width)) {
                let index = page.parts.len();
                let (x, y) = (if index % 2 == 1 { wide } else { 0.0 }, if index >= 2 { high } else { 0.0 });
                page.parts.push(part(x, y, wide, high));
                return;
            }
            vec![part(0.0, 0.0, wide, high)]
        }
        Paper::A5 => vec![part((width - 288.0) / 2.0, 24.0, 288.0, 432.0), slip(label, 24.0, 470.0, width - 48.0, height - 490.0)],
        Paper::A5Label => {
            let (long, short) = (419.53, 297.64);
            let elements = layout::upright(label, short, long);
            let half = height - short;
            let label_part = Part { x: 0.0, y: half, width: short, height: long, turned: true, elements };
            vec![slip(label, 0.0, 0.0, width, half), label_part]
        }
        Paper::A4 | Paper::Letter => {
            let left = (width - 288.0) / 2.0;
            vec![part(left, 36.0, 288.0, 432.0), slip(label, 54.0, 500.0, width - 108.0, height - 540.0)]
        }
    };
    pages.push(Page { width, height, parts });
}

/// What stands beside a label on larger paper: what is in the box, for the one who packs it.
fn slip(label: &Label, x: f32, y: f32, width: f32, height: f32) -> Part {
    let (mut canvas, area) = Canvas::new(width, height);
    canvas.unit = 1.0;
    let mut area = area.inset(8.0, 4.0);
    // Where the paper is folded or cut.
    let mut at = area.x;
    while at + 4.0 < area.right() {
        canvas.rule(at, area.y, 4.0, 0.5);
        at += 8.0;
    }
    area.cut_top(8.0);
    let title = area.cut_top(18.0);
    canvas.line(&title, &label.full_service(), Face::Bold, 13.0, Anchor::Start);
    let foot = area.cut_bottom(14.0);
    let mut left = area;
    let right = left.cut_right(area.width * 0.5);
    let mut lines = vec!["Ship to".into()];
    lines.extend(label.to.texts_of_block(&label.from.country));
    canvas.block(&left.inset(0.0, 3.0), &lines, Face::Regular, 9.0);
    let known = [("Tracking number", label.spaced_number()), (label.printed_date().0, label.printed_date().1), ("Weight", label.weight())];
    let mut lines: Vec<String> =
        known.into_iter().filter(|(_, text)| !text.is_empty()).map(|(caption, text)| format!("{caption}: {text}")).collect();
    lines.extend(label.printed_facts().iter().map(|fact| format!("{}: {}", fact.caption, fact.text)));
    canvas.block(&right.inset(4.0, 3.0), &lines, Face::Regular, 9.0);
    canvas.line(&foot, SAMPLE, Face::Bold, 9.0, Anchor::Middle);
    Part { x, y, width, height, turned: false, elements: canvas.elements }
}

/// A code in place of a label, which a counter scans.
pub(in crate::carrier) fn qr_page(label: &Label, paper: Paper) -> Page {
    let (width, height) = paper.size();
    let (mut canvas, area) = Canvas::new(width, height);
    let mut area = canvas.framed(area);
    let unit = canvas.unit;
    let foot = area.cut_bottom(22.0 * unit);
    let head = canvas.cut(&mut area, 40.0);
    canvas.banner(&head, &label.full_service(), 16.0);
    let text = canvas.cut(&mut area, 44.0).inset(10.0 * unit, 8.0 * unit);
    canvas.block(&text, &["Show this code at the counter.", "The label is printed for you there."], Face::Regular, 11.0);
    let mut to = area.cut_bottom((area.height * 0.36).max(80.0 * unit)).inset(10.0 * unit, 4.0 * unit);
    canvas.symbol(&area.inset(20.0 * unit, 4.0 * unit), Some(Code::Qr(label.tracking_number.clone())));
    let number = canvas.cut(&mut to, 18.0);
    canvas.line(&number, &label.spaced_number(), Face::Bold, 12.0, Anchor::Middle);
    canvas.address(&to, &label.to, &label.from.country, Face::Regular, 10.0);
    canvas.foot(&foot, &label.foot);
    Page::whole(width, height, canvas.elements)
}
