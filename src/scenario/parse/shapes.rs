//! What a request has to look like, and the time of the virtual clock in which something happens.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::members;
use super::reader::Reader;
use crate::scenario::ast::Window;
use crate::scenario::expr;
use crate::scenario::node::{Kind, Node};
use crate::scenario::shape::Shape;

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Reader<'_> {
    /// The parts of a request, each with its shape.
    pub(super) fn request(&mut self, node: &Node) -> Option<Vec<(&'static str, Shape)>> {
        let fields = self.fields(node, "`request`", &members::REQUEST)?;
        let mut parts = Vec::new();
        let mut is_whole = true;
        for name in members::REQUEST {
            let Some(part) = fields.entry(name) else { continue };
            match self.shape(&part.value) {
                Some(shape) if name == "headers" => parts.push((name, in_lower_case(shape))),
                Some(shape) => parts.push((name, shape)),
                None => is_whole = false,
            }
        }
        if parts.is_empty() && is_whole {
            self.problem("S006", node.span, "a request of any kind").label("expected one of its parts, such as `body`");
            return None;
        }
        is_whole.then_some(parts)
    }

    fn shape(&mut self, node: &Node) -> Option<Shape> {
        match &node.kind {
            Kind::Text(text) => {
                self.affordable(node)?;
                match Shape::of_text(text) {
                    Ok((shape, bytes)) => {
                        self.patterns += usize::from(bytes > 0);
                        self.expression_bytes += bytes;
                        Some(shape)
                    }
                    Err(reason) => {
                        self.problem("S010", node.span, "not a regular expression").label(expr::why(&reason));
                        None
                    }
                }
            }
            Kind::Number(number) => Some(Shape::Exact(number.clone().into(), self.raw(node).to_owned())),
            Kind::Null | Kind::Bool(_) => Some(Shape::Exact(node.to_json(), String::new())),
            Kind::List(items) => {
                items.iter().map(|item| self.shape(item)).collect::<Vec<_>>().into_iter().collect::<Option<_>>().map(Shape::Elements)
            }
            Kind::Map(members) => {
                let rows: Vec<_> = members.iter().map(|member| Some((member.key.value.clone(), self.shape(&member.value)?))).collect();
                rows.into_iter().collect::<Option<_>>().map(Shape::Members)
            }
        }
    }

    /// Some time of the virtual clock.
    pub(super) fn window(&mut self, node: &Node) -> Option<Window> {
        let fields = self.fields(node, "`clock`", &members::WINDOW)?;
        if fields.present(&members::WINDOW).iter().all(|name| *name == "zone") {
            self.problem("S006", node.span, "a clock at any time").label("expected one of `from`, `until`, `daily`, `days`");
            return None;
        }
        let from = fields.get("from").map(|node| self.timestamp(node, "from"));
        let until = fields.get("until").map(|node| (node, self.timestamp(node, "until")));
        if let (Some(Some(from)), Some((node, Some(until)))) = (from, until)
            && until <= from
        {
            self.problem("S008", node.span, "`until` is not after `from`, so that no time lies between").help("exchange the two");
        }
        let daily = fields.get("daily").map(|node| self.hours(node));
        let days = fields.get("days").map(|node| self.each(node, "days", |reader, node| reader.choice(node, "day", &DAYS)));
        let zone = fields.get("zone").map(|node| self.zone(node));
        Some(Window {
            from: from.map_or(Some(None), |from| from.map(Some))?,
            until: until.map_or(Some(None), |(_, until)| until.map(Some))?,
            daily: daily.map_or(Some(None), |daily| daily.map(Some))?,
            days: days.unwrap_or_default(),
            zone: zone.map_or(Some(TimeZone::UTC), |zone| zone)?,
        })
    }

    /// `09:00..17:30`, or `22:00..06:00` for a night.
    fn hours(&mut self, node: &Node) -> Option<(Time, Time)> {
        let text = self.string(node, "daily")?;
        let time = |text: &str| text.parse::<Time>().ok();
        let read = text.split_once("..").and_then(|(from, to)| Some((time(from)?, time(to)?))).filter(|(from, to)| from != to);
        if read.is_none() {
            self.problem("S008", node.span, format!("`{text}` is no part of a day")).help("for example `09:00..17:30`, or `22:00..06:00`");
        }
        read
    }

    fn zone(&mut self, node: &Node) -> Option<TimeZone> {
        let name = self.string(node, "zone")?;
        let zone = TimeZone::get(&name).ok();
        if zone.is_none() {
            self.problem("S009", node.span, format!("unknown time zone `{name}`")).help("for example `Europe/London`");
        }
        zone
    }
}

/// The names of headers as requests have them.
fn in_lower_case(shape: Shape) -> Shape {
    match shape {
        Shape::Members(rows) => Shape::Members(rows.into_iter().map(|(name, row)| (name.to_ascii_lowercase(), row)).collect()),
        other => other,
    }
}
