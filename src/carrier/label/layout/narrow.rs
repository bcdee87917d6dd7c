//! A label that is long and narrow: who and where on the left, the bar code on the right.

use crate::carrier::label::Label;
use crate::carrier::label::layout::{Canvas, customs};
use crate::carrier::print::{Anchor, Area, Face};

pub(super) fn draw(canvas: &mut Canvas, label: &Label, mut area: Area) {
    let mut code = area.cut_right(area.width * 0.56);
    let edge = code.cut_left(1.0);
    canvas.rule(edge.x, edge.y, edge.width, edge.height);
    let banner = area.cut_top(24.0);
    canvas.banner(&banner, &label.full_service(), 13.0);
    let mut sender = area.cut_top(44.0).inset(5.0, 3.0);
    let side = sender.cut_right(64.0);
    canvas.block(&sender, &label.from.texts_of_block(&label.to.country), Face::Regular, 7.0);
    let back = if label.is_return { "RETURN".to_owned() } else { String::new() };
    let lines: Vec<String> =
        [back, label.weight(), label.printed_date().1, label.pieces()].into_iter().filter(|line| !line.is_empty()).collect();
    canvas.block(&side, &lines, Face::Regular, 7.0);
    canvas.cut_rule(&mut area, 1.0);
    let mut to = area.inset(5.0, 3.0);
    let caption = to.cut_left(24.0);
    canvas.block(&caption, &["SHIP", "TO:"], Face::Bold, 7.5);
    canvas.address(&to, &label.to, &label.from.country, Face::Bold, 12.0);

    let foot = code.cut_bottom(18.0);
    canvas.foot(&foot, &label.foot);
    let facts: Vec<String> = label.printed_facts().iter().map(|fact| format!("{}: {}", fact.caption, fact.text)).collect();
    let title = code.cut_top(20.0);
    canvas.line(&title.inset(5.0, 3.0), &format!("{} TRACKING #", label.printed_carrier()), Face::Bold, 10.0, Anchor::Middle);
    if !facts.is_empty() {
        let references = code.cut_bottom(12.0);
        canvas.line(&references.inset(5.0, 1.0), &facts.join("   "), Face::Regular, 7.5, Anchor::Middle);
    }
    if let Some(declaration) = label.printed_customs() {
        let mut form = code.cut_bottom(66.0);
        canvas.cut_rule(&mut form, 1.0);
        customs::draw(canvas, label, declaration, form);
    }
    canvas.tracking(label, code, 11.0);
}
