//! The label of most carriers.

use crate::carrier::label::Label;
use crate::carrier::label::layout::{Canvas, customs};
use crate::carrier::print::{Anchor, Area, Code, Face};

pub(super) fn draw(canvas: &mut Canvas, label: &Label, mut area: Area) {
    let unit = canvas.unit;
    let foot = area.cut_bottom(20.0 * unit);
    let form = label.printed_customs().map(|declaration| (declaration, area.cut_bottom((customs::HEIGHT + 1.0) * unit)));
    let mut head = canvas.cut(&mut area, 38.0);
    let service = head.cut_right(head.width * 0.52);
    canvas.line(&head.inset(5.0 * unit, 4.0 * unit), label.printed_carrier(), Face::Bold, 26.0, Anchor::Start);
    canvas.banner(&service, &label.service, 15.0);
    canvas.cut_rule(&mut area, 1.0);

    let mut sender = canvas.cut(&mut area, 44.0).inset(5.0 * unit, 3.0 * unit);
    let tag = sender.cut_right(62.0 * unit);
    let caption = sender.cut_left(26.0 * unit);
    canvas.block(&caption, &["From"], Face::Regular, 7.0);
    canvas.block(&sender, &label.from.texts_of_block(&label.to.country), Face::Regular, 7.5);
    if label.is_return {
        canvas.banner(&tag.inset(2.0 * unit, 8.0 * unit), "RETURN", 12.0);
    }
    canvas.cut_rule(&mut area, 1.0);

    let facts = label.printed_facts();
    let rows = facts.len().div_ceil(2).min(4);
    let notes = if label.instructions.is_empty() { 0.0 } else { 26.0 };
    #[expect(clippy::cast_precision_loss, reason = "there are at most four rows")]
    let high = 26.0 * (1.0 + rows as f32) + notes;
    let code = (if form.is_some() { 78.0 } else { 104.0 } * unit).min(area.height * 0.36);
    let recipient = area.cut_top((area.height - code - high * unit).max(60.0 * unit));
    to(canvas, label, recipient);
    canvas.cut_rule(&mut area, 1.0);

    let mut first = canvas.cut(&mut area, 26.0);
    let third = first.width / 3.0;
    for (caption, text) in [label.printed_date(), ("Weight", label.weight()), ("Parcel", label.pieces())] {
        canvas.fact(&first.cut_left(third), caption, &text, 12.0);
    }
    for pair in facts.chunks(2).take(rows) {
        canvas.cut_rule(&mut area, 0.5);
        let mut row = canvas.cut(&mut area, 25.5);
        let half = row.width / 2.0;
        for fact in pair {
            let cell = if pair.len() == 1 { row } else { row.cut_left(half) };
            canvas.fact(&cell, &fact.caption, &fact.text, 11.0);
        }
    }
    if !label.instructions.is_empty() {
        canvas.cut_rule(&mut area, 0.5);
        let row = canvas.cut(&mut area, 25.5);
        canvas.fact(&row, "Delivery Instructions", &label.instructions, 10.0);
    }
    canvas.cut_rule(&mut area, 2.0);
    canvas.tracking(label, area.inset(0.0, 3.0 * unit), 12.0);
    if let Some((declaration, mut area)) = form {
        canvas.cut_rule(&mut area, 1.0);
        customs::draw(canvas, label, declaration, area);
    }
    canvas.foot(&foot, &label.foot);
}

/// The recipient, with a symbol beside the address, and where the parcel is sorted to.
fn to(canvas: &mut Canvas, label: &Label, area: Area) {
    let unit = canvas.unit;
    let mut area = area.inset(5.0 * unit, 4.0 * unit);
    let code = label.second_code();
    if let Some(Code::Pdf417(_)) = code {
        // A wide symbol stands below the address.
        let mut below = area.cut_bottom(52.0 * unit);
        let sorting = below.cut_right(64.0 * unit);
        canvas.symbol(&below.inset(0.0, 2.0 * unit), code);
        canvas.line(&sorting, &label.sorting(), Face::Bold, 20.0, Anchor::End);
    } else if code.is_some() {
        let mut beside = area.cut_right(84.0 * unit);
        let below = beside.cut_bottom(24.0 * unit);
        canvas.symbol(&beside.inset(4.0 * unit, 4.0 * unit), code);
        canvas.line(&below, &label.sorting(), Face::Bold, 22.0, Anchor::Middle);
    } else {
        let mut below = area.cut_bottom(24.0 * unit);
        let sorting = below.cut_right(100.0 * unit);
        canvas.line(&sorting, &label.sorting(), Face::Bold, 22.0, Anchor::End);
    }
    let caption = canvas.cut(&mut area, 10.0);
    canvas.block(&caption, &["Deliver To"], Face::Regular, 8.0);
    let phone = if label.to.phone.is_empty() { None } else { Some(area.cut_bottom(11.0 * unit)) };
    canvas.address(&area, &label.to, &label.from.country, Face::Bold, 13.0);
    if let Some(phone) = phone {
        canvas.line(&phone, &format!("Tel {}", label.to.phone), Face::Regular, 8.0, Anchor::Start);
    }
}
