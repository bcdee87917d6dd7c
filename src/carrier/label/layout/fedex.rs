//! The label of FedEx.

use crate::carrier::label::Label;
use crate::carrier::label::layout::Canvas;
use crate::carrier::print::{Anchor, Area, Face};

pub(super) fn draw(canvas: &mut Canvas, label: &Label, mut area: Area) {
    let unit = canvas.unit;
    let foot = area.cut_bottom(20.0 * unit);
    let mut top = canvas.cut(&mut area, 60.0);
    let mut side = top.cut_right(top.width * 0.44);
    let edge = side.cut_left(1.0 * unit);
    canvas.rule(edge.x, edge.y, edge.width, edge.height);
    let mut lines = vec![format!("ORIGIN ID: {}  {}", origin(label), label.from.phone).trim().to_owned().into()];
    lines.extend(label.from.texts_of_block(&label.to.country));
    canvas.block(&top.inset(4.0 * unit, 3.0 * unit), &lines, Face::Regular, 7.5);
    let date = label.date.map_or_else(String::new, |date| format!("SHIP DATE: {}", date.strftime("%d%b%y").to_string().to_uppercase()));
    let weight = match label.grams {
        0 => String::new(),
        grams if label.from.country == "US" => format!("ACTWGT: {:.2} LB", f64::from(grams) / 453.592_37),
        grams => format!("ACTWGT: {:.2} KG", f64::from(grams) / 1000.0),
    };
    let size = if label.dimensions.is_empty() { String::new() } else { format!("DIMS: {}", label.dimensions.to_uppercase()) };
    let bill = if label.is_return { "BILL RECIPIENT" } else { "BILL SENDER" };
    let lines: Vec<&str> = [&*date, &weight, "CAD: 7447/SEAT", &size, bill].into_iter().filter(|line| !line.is_empty()).collect();
    canvas.block(&side.inset(4.0 * unit, 3.0 * unit), &lines, Face::Regular, 7.5);
    canvas.cut_rule(&mut area, 1.0);

    let code = (96.0 * unit).min(area.height * 0.3);
    let rest = code + (74.0 + 52.0 + 2.0) * unit;
    let mut recipient = area.cut_top(area.height - rest).inset(4.0 * unit, 3.0 * unit);
    let facts = label.printed_facts();
    let references = recipient.cut_bottom(if facts.is_empty() && label.instructions.is_empty() { 10.0 } else { 20.0 } * unit);
    let caption = recipient.cut_left(22.0 * unit);
    canvas.block(&caption, &["TO"], Face::Bold, 11.0);
    canvas.address(&recipient, &label.to, &label.from.country, Face::Bold, 13.0);
    let mut lines = vec![label.to.phone.clone()];
    let named: Vec<String> = facts.iter().map(|fact| format!("{}: {}", fact.caption.to_uppercase(), fact.text)).collect();
    lines.push(named.join("   "));
    lines.push(label.instructions.clone());
    lines.retain(|line| !line.is_empty());
    canvas.block(&references, &lines, Face::Regular, 7.0);
    canvas.cut_rule(&mut area, 1.0);

    let mut data = canvas.cut(&mut area, 74.0);
    let mut mark = data.cut_right(64.0 * unit);
    let edge = mark.cut_left(1.0 * unit);
    canvas.rule(edge.x, edge.y, edge.width, edge.height);
    canvas.symbol(&data.inset(3.0 * unit, 3.0 * unit), label.second_code());
    let name = canvas.cut(&mut mark, 26.0);
    canvas.line(&name.inset(3.0 * unit, 2.0 * unit), label.printed_carrier(), Face::Bold, 20.0, Anchor::Middle);
    let (word, letter) = network(label);
    let network = canvas.cut(&mut mark, 12.0);
    canvas.line(&network.inset(3.0 * unit, 0.0), word, Face::Regular, 9.0, Anchor::Middle);
    let square = mark.inset((mark.width - 30.0 * unit) / 2.0, 2.0 * unit);
    canvas.frame(&square, 2.0 * unit);
    canvas.line(&square, letter, Face::Bold, 26.0, Anchor::Middle);
    canvas.cut_rule(&mut area, 1.0);

    let mut numbers = canvas.cut(&mut area, 52.0).inset(4.0 * unit, 2.0 * unit);
    let mut routing = numbers.cut_right(118.0 * unit);
    if label.pieces > 1 {
        let count = canvas.cut(&mut numbers, 10.0);
        canvas.line(&count, &label.pieces(), Face::Regular, 8.0, Anchor::Start);
    }
    let head = canvas.cut(&mut numbers, 10.0);
    canvas.line(&head, "TRK#", Face::Bold, 8.5, Anchor::Start);
    let number = canvas.cut(&mut numbers, 22.0);
    canvas.line(&number, &label.spaced_number(), Face::Bold, 17.0, Anchor::Start);
    let service = canvas.cut(&mut routing, 14.0);
    canvas.line(&service, &label.service.to_uppercase(), Face::Bold, 10.0, Anchor::End);
    let zip = canvas.cut(&mut routing, 22.0);
    canvas.line(&zip, &label.to.zip, Face::Bold, 22.0, Anchor::End);
    let place = [&*label.to.state, &*label.to.country].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    canvas.line(&routing, &place, Face::Bold, 9.0, Anchor::End);

    canvas.symbol(&area.inset(4.0 * unit, 3.0 * unit), label.tracking_code());
    canvas.foot(&foot, &label.foot);
}

/// The network that carries a service, and its letter.
fn network(label: &Label) -> (&'static str, &'static str) {
    let service = label.service.to_lowercase();
    let is_ground = ["ground", "home", "smart"].iter().any(|word| service.contains(word));
    if is_ground { ("Ground", "G") } else { ("Express", "E") }
}

/// The letters of the station that a parcel starts from.
fn origin(label: &Label) -> String {
    let letters = label.from.city.chars().filter(char::is_ascii_alphabetic).take(3);
    format!("{}A", letters.collect::<String>().to_ascii_uppercase())
}
