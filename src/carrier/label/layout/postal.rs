//! The label of the postal service of the United States.

use crate::carrier::label::Label;
use crate::carrier::label::layout::{Canvas, customs};
use crate::carrier::print::{Anchor, Area, Face};

pub(super) fn draw(canvas: &mut Canvas, label: &Label, mut area: Area) {
    let unit = canvas.unit;
    let foot = area.cut_bottom(20.0 * unit);
    // What customs read takes the room of what is larger than it has to be.
    let declaration = label.printed_customs();
    let [high, banner, sender] = if declaration.is_some() { [58.0, 21.0, 42.0] } else { [74.0, 25.0, 58.0] };
    let mut postage = canvas.cut(&mut area, high);
    let mut letter = postage.cut_left(high * unit);
    let edge = letter.cut_right(1.0 * unit);
    canvas.rule(edge.x, edge.y, edge.width, edge.height);
    canvas.line(&letter.inset(5.0 * unit, 0.0), mark(label), Face::Bold, high * 1.05, Anchor::Middle);
    let mut paid = postage.inset(8.0 * unit, 5.0 * unit);
    let indicium = paid.cut_right(58.0 * unit);
    canvas.symbol(&indicium, label.second_code());
    let weight = label.weight();
    let zip = if label.from.zip.is_empty() { String::new() } else { format!("Mailed from {}", label.from.zip) };
    let date = label.printed_date().1;
    canvas.block(&paid, &["US POSTAGE AND", "FEES PAID", &weight, &date, &zip, "no postage value"], Face::Regular, 9.0);
    canvas.cut_rule(&mut area, 1.5);

    let banner = canvas.cut(&mut area, banner);
    canvas.line(&banner.inset(6.0 * unit, 2.0 * unit), &label.full_service().to_uppercase(), Face::Bold, 17.0, Anchor::Middle);
    canvas.cut_rule(&mut area, 1.5);

    let form = declaration.map(|declaration| (declaration, area.cut_bottom(customs::HEIGHT * unit)));
    let code = (if form.is_some() { 86.0 } else { 118.0 } * unit).min(area.height * 0.42);
    let facts = label.printed_facts();
    let rows = if facts.is_empty() && label.instructions.is_empty() { 0.0 } else { 26.0 };
    let mut addresses = area.cut_top(area.height - code - rows * unit);
    let mut sender = canvas.cut(&mut addresses, sender).inset(6.0 * unit, 5.0 * unit);
    let side = sender.cut_right(78.0 * unit);
    // At home nobody writes the country, and its territories are home.
    let [from, to] = if label.is_international() { [&label.from, &label.to] } else { [&label.to, &label.from] }.map(|end| &*end.country);
    canvas.block(&sender, &label.from.texts_of_block(to), Face::Regular, 8.5);
    let pieces = if label.pieces > 1 { format!("{} parcels", label.pieces()) } else { String::new() };
    let back = if label.is_return { "RETURN" } else { "" };
    let lines = [back, &pieces, &label.dimensions];
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    canvas.block(&side, &lines, Face::Bold, 8.5);
    let mut recipient = addresses.inset(6.0 * unit, 3.0 * unit);
    let caption = recipient.cut_left(34.0 * unit);
    canvas.block(&caption, &["SHIP", "TO:"], Face::Bold, 9.0);
    canvas.address(&recipient, &label.to, from, Face::Bold, 13.5);

    if rows > 0.0 {
        canvas.cut_rule(&mut area, 0.5);
        let mut row = canvas.cut(&mut area, rows - 0.5);
        let note = (!label.instructions.is_empty()).then_some(("Instructions", &*label.instructions));
        let cells: Vec<(&str, &str)> = facts.iter().map(|fact| (&*fact.caption, &*fact.text)).chain(note).take(3).collect();
        #[expect(clippy::cast_precision_loss, reason = "there are at most three")]
        let each = row.width / cells.len() as f32;
        for (caption, text) in cells {
            canvas.fact(&row.cut_left(each), caption, text, 9.5);
        }
    }
    canvas.cut_rule(&mut area, 4.0);
    let title = canvas.cut(&mut area, 17.0);
    let kind = if label.is_international() { "USPS CUSTOMS AND TRACKING #" } else { "USPS TRACKING #" };
    canvas.line(&title, kind, Face::Bold, 10.5, Anchor::Middle);
    let bottom = area.cut_bottom(4.0 * unit);
    canvas.rule(bottom.x, bottom.y, bottom.width, bottom.height);
    canvas.tracking(label, area.inset(0.0, 1.0 * unit), 12.5);
    if let Some((declaration, area)) = form {
        customs::draw(canvas, label, declaration, area);
    }
    canvas.foot(&foot, &label.foot);
}

/// The letters that tell sorters the service.
fn mark(label: &Label) -> &'static str {
    let service = label.service.to_lowercase();
    let marks = [("express", "E"), ("priority", "P"), ("ground", "GA"), ("first", "F"), ("media", "M"), ("library", "L"), ("select", "PS")];
    marks.into_iter().find(|(word, _)| service.contains(word)).map_or("P", |(_, mark)| mark)
}
