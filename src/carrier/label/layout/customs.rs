//! What customs of the postal union read on a label: the form CN 22, or the head of a CN 23, with the first goods.

use crate::carrier::label::layout::Canvas;
use crate::carrier::label::{Declaration, Item, Label, kilograms, money};
use crate::carrier::print::{Anchor, Area, Face};

/// How high it is with four rows of goods, in points of a label of 4 by 6 inches.
pub(super) const HEIGHT: f32 = 84.0;
const ROW: f32 = 8.5;

/// Fills an area with as many rows of goods as it has room for; what is left out is counted.
pub(super) fn draw(canvas: &mut Canvas, label: &Label, declaration: &Declaration, area: Area) {
    let unit = canvas.unit;
    let mut area = area.inset(5.0 * unit, 1.5 * unit);
    let head = canvas.cut(&mut area, 10.0);
    canvas.line(&head, &format!("CUSTOMS DECLARATION {}", declaration.form()), Face::Bold, 8.5, Anchor::Start);
    canvas.line(&head, "May be opened officially", Face::Regular, 6.5, Anchor::End);
    let second = canvas.cut(&mut area, 8.0);
    canvas.line(&second, declaration.category(), Face::Bold, 6.5, Anchor::Start);
    canvas.line(&second, &declaration.undeliverable(), Face::Regular, 6.5, Anchor::End);
    canvas.cut_rule(&mut area, 0.5);
    let last = area.cut_bottom(ROW * unit);
    let sum = area.cut_bottom(ROW * unit);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few rows")]
    let room = (area.height / (ROW * unit) + 0.01).floor().max(0.0) as usize;
    let shown = declaration.items.len().min(room);
    for item in &declaration.items[..shown] {
        let cell = canvas.cut(&mut area, ROW);
        goods(canvas, item, cell);
    }
    let (more, mut sum) = (declaration.items.len() + declaration.further.lines - shown, sum);
    canvas.cut_rule(&mut sum, 0.5);
    let total = format!("{} {}", money(declaration.total()), declaration.currency);
    let texts = [
        if more > 0 { format!("and {more} more") } else { String::new() },
        "Total".to_owned(),
        kilograms(declaration.weight(label.grams)),
        total.trim().to_owned(),
    ];
    row(canvas, &texts, Face::Bold, sum);
    let date = label.date.map_or_else(String::new, |date| format!("Date {date}"));
    canvas.line(&last, &format!("Signed {}", declaration.signed_by(&label.from.name)), Face::Regular, 6.5, Anchor::Start);
    canvas.line(&last, &date, Face::Regular, 6.5, Anchor::End);
}

fn goods(canvas: &mut Canvas, item: &Item, area: Area) {
    let origin = format!("{} {}", item.tariff, item.origin);
    let weight = if item.grams == 0 { String::new() } else { kilograms(i64::from(item.grams)) };
    let texts = [format!("{} x {}", item.quantity, item.description), origin.trim().to_owned(), weight, money(item.value)];
    row(canvas, &texts, Face::Regular, area);
}

fn row(canvas: &mut Canvas, texts: &[String; 4], face: Face, mut area: Area) {
    let whole = area.width;
    for ((text, share), anchor) in texts.iter().zip([0.48, 0.2, 0.13, 0.19]).zip([Anchor::Start, Anchor::Start, Anchor::End, Anchor::End]) {
        let cell = area.cut_left(whole * share);
        canvas.line(&cell.inset(1.0 * canvas.unit, 0.0), text, face, 7.0, anchor);
    }
}
