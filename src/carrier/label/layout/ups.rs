//! The label of UPS.

use crate::carrier::label::Label;
use crate::carrier::label::layout::Canvas;
use crate::carrier::print::{Anchor, Area, Code, Face};

pub(super) fn draw(canvas: &mut Canvas, label: &Label, mut area: Area) {
    let unit = canvas.unit;
    let foot = area.cut_bottom(20.0 * unit);
    let mut top = canvas.cut(&mut area, 58.0).inset(5.0 * unit, 4.0 * unit);
    let mut side = top.cut_right(112.0 * unit);
    let phone = Some(&label.from.phone).filter(|phone| !phone.is_empty()).map(Into::into);
    let mut lines = label.from.texts_of_block(&label.to.country);
    lines.splice(1.min(lines.len())..1.min(lines.len()), phone);
    canvas.block(&top, &lines, Face::Regular, 7.5);
    let weights = canvas.cut(&mut side, 16.0);
    let mut weights_left = weights;
    let count = weights_left.cut_right(54.0 * unit);
    canvas.line(&weights_left, &pounds(label), Face::Bold, 12.0, Anchor::Start);
    canvas.line(&count, &label.pieces().to_uppercase(), Face::Bold, 12.0, Anchor::End);
    let weight = format!("SHP WT: {}", pounds(label));
    let date = format!("DATE: {}", label.printed_date().1.to_uppercase());
    let size = if label.dimensions.is_empty() { String::new() } else { format!("DIM: {}", label.dimensions) };
    let lines: Vec<&str> = [&*weight, &date, &size].into_iter().filter(|line| !line.ends_with(": ")).collect();
    canvas.block(&side, &lines, Face::Regular, 7.0);

    let code = (92.0 * unit).min(area.height * 0.3);
    let rest = code + (90.0 + 42.0 + 24.0 + 8.0) * unit;
    let mut to = area.cut_top(area.height - rest).inset(5.0 * unit, 2.0 * unit);
    let caption = to.cut_left(38.0 * unit);
    canvas.block(&caption, &["SHIP", "TO:"], Face::Bold, 9.5);
    let mut lines = label.to.texts_of_block(&label.from.country);
    let phone = Some(&label.to.phone).filter(|phone| !phone.is_empty()).map(Into::into);
    lines.splice(1.min(lines.len())..1.min(lines.len()), phone);
    canvas.block(&to, &lines, Face::Bold, 12.0);
    canvas.cut_rule(&mut area, 1.0);

    let mut routing = canvas.cut(&mut area, 90.0);
    let mut conveyor = routing.cut_left(98.0 * unit);
    let edge = conveyor.cut_right(1.0 * unit);
    canvas.rule(edge.x, edge.y, edge.width, edge.height);
    canvas.symbol(&conveyor, label.second_code());
    let head = canvas.cut(&mut routing, 32.0);
    canvas.line(&head.inset(8.0 * unit, 2.0 * unit), &label.sorting(), Face::Bold, 26.0, Anchor::Start);
    canvas.symbol(&routing.inset(8.0 * unit, 5.0 * unit), postal_code(label));
    canvas.cut_rule(&mut area, 4.0);

    let mut service = canvas.cut(&mut area, 42.0);
    let icon = service.cut_right(42.0 * unit);
    if !icon_of(label).is_empty() {
        canvas.banner(&icon, icon_of(label), 32.0);
    }
    let mut service = service.inset(5.0 * unit, 2.0 * unit);
    let name = canvas.cut(&mut service, 23.0);
    canvas.line(&name, &label.full_service().to_uppercase(), Face::Bold, 19.0, Anchor::Start);
    canvas.line(&service, &format!("TRACKING #: {}", label.spaced_number()), Face::Regular, 9.5, Anchor::Start);
    canvas.cut_rule(&mut area, 1.0);

    let bars = area.cut_top(code);
    canvas.symbol(&bars.inset(8.0 * unit, 5.0 * unit), label.tracking_code());
    canvas.cut_rule(&mut area, 4.0);
    let billing = if label.is_return { "BILLING: RS" } else { "BILLING: P/P" };
    let mut lines = vec![billing.to_owned()];
    let named =
        label.printed_facts().iter().enumerate().map(|(index, fact)| format!("REF {}: {}", index + 1, fact.text)).collect::<Vec<_>>();
    lines.extend(named.into_iter().take(2));
    lines.extend((!label.instructions.is_empty()).then(|| label.instructions.clone()));
    canvas.block(&area.inset(5.0 * unit, 2.0 * unit), &lines, Face::Regular, 7.0);
    canvas.foot(&foot, &label.foot);
}

/// The weight as UPS prints it.
fn pounds(label: &Label) -> String {
    let pounds = f64::from(label.grams) / 453.592_37;
    match label.grams {
        0 => String::new(),
        _ if label.from.country != "US" => format!("{:.1} KG", f64::from(label.grams) / 1000.0),
        _ if pounds <= 1.005 => "1 LB".to_owned(),
        // A hundredth of a pound is what grams cannot say.
        _ => format!("{:.0} LBS", (pounds - 0.01).ceil()),
    }
}

/// The postal code for sorters.
fn postal_code(label: &Label) -> Option<Code> {
    let zip: String = label.to.zip.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    (!zip.is_empty()).then(|| match &*label.to.country {
        "US" | "PR" => Code::Code128(format!("420{zip}")),
        country => Code::Code128(format!("421{:03}{zip}", super::super::codes::number_of(country))),
    })
}

/// What stands for the service in the black square.
fn icon_of(label: &Label) -> &'static str {
    let service = label.service.to_lowercase();
    let icons = [
        ("saver", "1P"),
        ("next day", "1"),
        ("2nd", "2"),
        ("second", "2"),
        ("3 day", "3"),
        ("expedited", "2"),
        ("express", "1"),
        ("standard", "S"),
    ];
    icons.into_iter().find(|(word, _)| service.contains(word)).map_or("", |(_, icon)| icon)
}
