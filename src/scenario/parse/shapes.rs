//! What a request has to look like, and the time of the virtual clock in which something happens.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::looked::foreign;
use super::members;
use super::reader::Reader;
use crate::scenario::ast::Window;
use crate::scenario::error::{Spanned, nearest};
use crate::scenario::expr::NO_PATTERN;
use crate::scenario::expr::types::{Looked, Types as _};
use crate::scenario::node::{Kind, Member, Node};
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
            match self.shape(&part.value, &mut vec![Some(name.to_owned())]) {
                Some(shape) if name == "headers" => parts.push((name, in_lower_case(shape))),
                Some(shape) => parts.push((name, shape)),
                None => is_whole = false,
            }
        }
        if parts.is_empty() && is_whole && fields.may_mean(&members::REQUEST) {
            return None;
        }
        if parts.is_empty() && is_whole {
            self.problem("S006", node.span, "a request of any kind").label("expected one of its parts, such as `body`");
            return None;
        }
        is_whole.then_some(parts)
    }

    /// What stands at a place of the request, whose members are named from its part on; an element of a list is `None`.
    fn shape(&mut self, node: &Node, place: &mut Vec<Option<String>>) -> Option<Shape> {
        let shape = match &node.kind {
            Kind::Text(text) => {
                self.affordable(node)?;
                match Shape::of_text(text) {
                    Ok((shape, bytes)) => {
                        self.patterns += usize::from(bytes > 0);
                        self.expression_bytes += bytes;
                        Some(shape)
                    }
                    Err(reason) => {
                        self.refused_pattern();
                        self.problem("S010", node.span, NO_PATTERN).label(reason.to_string());
                        None
                    }
                }
            }
            Kind::Number(number) => Some(Shape::Exact(number.clone().into(), self.raw(node).to_owned())),
            Kind::Null | Kind::Bool(_) => Some(Shape::Exact(node.to_json(), String::new())),
            Kind::List(items) => {
                let rows: Vec<_> = items.iter().map(|item| self.inner(item, None, place)).collect();
                rows.into_iter().collect::<Option<_>>().map(Shape::of_elements)
            }
            Kind::Map(members) => {
                let rows: Vec<_> = members.iter().map(|Member { key, value }| self.member(key, value, place)).collect();
                rows.into_iter().collect::<Option<_>>().map(Shape::Members)
            }
        }?;
        match &shape {
            Shape::Range(Some(least), Some(most)) if least > most => {
                let raw = self.raw(node);
                let help = if raw.contains("...") {
                    format!("two dots stand between two numbers: `{}`", raw.replace("...", ".."))
                } else {
                    "the smaller number comes first".to_owned()
                };
                self.problem("S008", node.span, format!("range `{raw}` is empty")).help(help);
            }
            shape => {
                let before = self.problems.len();
                self.is_possible(node, shape, place);
                if self.problems.len() == before {
                    self.fits_any(node, place);
                }
            }
        }
        Some(shape)
    }

    /// Warns of a list or a mapping with nothing in it, which any fits.
    fn fits_any(&mut self, node: &Node, place: &[Option<String>]) {
        let noun = match &node.kind {
            Kind::List(items) if items.is_empty() => "list",
            Kind::Map(members) if members.is_empty() => "mapping",
            _ => return,
        };
        // Elements of which nothing is said are counted.
        if place.last() == Some(&None) {
            return;
        }
        let whole = dotted(place);
        if matches!(place, [Some(part)] if is_always_there(part)) {
            self.warn("S106", node.span, format!("every request has `{whole}`"), "leave it out, or write what is in it");
            return;
        }
        let help = if place.contains(&None) {
            "leave it out, or write what is in it".to_owned()
        } else {
            format!("that it is there is `{whole} exists`, and an empty one is `len({whole}) == 0`")
        };
        self.warn("S108", node.span, format!("any {noun} fits this, whatever is in it"), &help);
    }

    fn member(&mut self, key: &Spanned<String>, value: &Node, place: &mut Vec<Option<String>>) -> Option<(String, Shape)> {
        let is_header = matches!(&place[..], [Some(part)] if part == "headers");
        let name = if is_header { key.value.to_ascii_lowercase() } else { key.value.clone() };
        place.push(Some(name));
        let looked = if self.is_full() { None } else { Some(self.at(place)) };
        let shape = match looked {
            Some(Looked::Missing { at, names }) if at + 1 == place.len() => {
                let whole = dotted(&place[..at]);
                let help = self.in_place_of(&whole, self.at(&place[..at]), &key.value, &names);
                let tried = self.tried("request");
                self.problem("S011", key.span, format!("`{whole}` has no `{}`", key.value)).help(help).label = tried;
                None
            }
            looked => {
                if let Some(Looked::Unlisted { at }) = looked
                    && at + 1 == place.len()
                    && value.kind != Kind::Null
                {
                    self.warn_of_unlisted(key.span, &dotted(&place[..at]), &key.value);
                }
                self.shape(value, place)
            }
        };
        place.pop();
        Some((key.value.clone(), shape?))
    }

    fn inner(&mut self, node: &Node, step: Option<String>, place: &mut Vec<Option<String>>) -> Option<Shape> {
        place.push(step);
        let shape = self.shape(node, place);
        place.pop();
        shape
    }

    fn at(&self, place: &[Option<String>]) -> Looked {
        let members: Vec<_> = place.iter().map(Option::as_deref).collect();
        self.look_up("request", &members)
    }

    /// Reports what no request has at a place.
    fn is_possible(&mut self, node: &Node, shape: &Shape, place: &[Option<String>]) {
        if self.is_full() {
            return;
        }
        let Looked::To(found) = self.at(place) else { return };
        if !found.fits(shape) {
            let word = if let Kind::Text(text) = &node.kind { Some(text.as_str()) } else { None };
            let message = match node.kind {
                Kind::Map(_) | Kind::List(_) => format!("`{}` is never {}", dotted(place), node.found()),
                _ => format!("`{}` is never `{}`", dotted(place), self.raw(node)),
            };
            let tried = self.tried("request");
            let word_of_others =
                if let Kind::Map(members) = &node.kind { members.iter().find_map(|row| foreign(&row.key.value)) } else { None };
            let told = self.problem("S101", node.span, message);
            (told.help, told.label) = (word_of_others.map(str::to_owned).or(found.advice(word)), tried);
        } else if let Some((message, help)) = found.doubt_of_shape(&dotted(place), shape) {
            self.warn("S108", node.span, message, &help);
        } else if let Shape::Exact(serde_json::Value::String(word), _) = shape
            && let Some(help) = other_pattern(word, place).or_else(|| other_range(word, place)).or_else(|| template(word, place))
        {
            self.warn("S108", node.span, format!("`{word}` is this text itself"), &help);
        }
    }

    /// Some time of the virtual clock.
    pub(super) fn window(&mut self, node: &Node) -> Option<Window> {
        let fields = self.fields(node, "`clock`", &members::WINDOW)?;
        if fields.present(&members::WINDOW).iter().all(|name| *name == "zone") {
            if !fields.may_mean(&members::WINDOW) {
                self.problem("S006", node.span, "a clock at any time").label("expected one of `from`, `until`, `daily`, `days`");
            }
            return None;
        }
        let from = fields.get("from").map(|node| self.timestamp(node, "from"));
        let until = fields.get("until").map(|node| (node, self.timestamp(node, "until")));
        if let (Some(Some(from)), Some((node, Some(until)))) = (from, until)
            && until <= from
        {
            self.problem("S008", node.span, "`until` is not after `from`, so that no time lies between").help("exchange the two");
        }
        if let (Some(begins), Some((node, Some(until)))) = (self.begins, until)
            && until <= begins
        {
            let message = format!("the clock is never before {until}");
            self.problem("S101", node.span, message).help(format!("it begins at {begins}, as `clock` says"));
        }
        let daily = fields.get("daily").map(|node| self.hours(node));
        fields.get("days").into_iter().for_each(|node| self.once(node));
        let days = fields.get("days").map(|node| self.each(node, "days", |reader, node| reader.choice(node, "day", &DAYS)));
        if let (Some(node), Some(days)) = (fields.get("days"), &days)
            && DAYS.iter().all(|(_, day)| days.contains(day))
        {
            self.warn("S106", node.span, "these are all the days of the week", "leave them out");
        }
        if let Some(node) = fields.get("days").filter(|node| matches!(&node.kind, Kind::List(items) if items.is_empty())) {
            self.problem("S101", node.span, "the clock is never on none of the days").label("expected days, such as `[sat, sun]`");
        }
        let zone = fields.get("zone").map(|node| self.zone(node));
        let window = Window {
            from: from.map_or(Some(None), |from| from.map(Some))?,
            until: until.map_or(Some(None), |(_, until)| until.map(Some))?,
            daily: daily.map_or(Some(None), |daily| daily.map(Some))?,
            days: days.unwrap_or_default(),
            zone: zone.map_or(Some(TimeZone::UTC), |zone| zone)?,
        };
        if window.from < window.until
            && window.is_never()
            && let Some(node) = fields.get("days")
        {
            self.problem("S101", node.span, "none of these days lies between `from` and `until`")
                .help("leave the days out, or move the ends");
        }
        Some(window)
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
            let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
            let near = nearest(&name, known.iter().map(String::as_str)).or_else(|| {
                let city =
                    |known: &&String| known.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(&name.replace(' ', "_")));
                known.iter().find(city).map(String::as_str)
            });
            let help = near.map_or_else(|| "for example `Europe/London`".to_owned(), |near| format!("did you mean `{near}`?"));
            self.problem("S009", node.span, format!("unknown time zone `{name}`")).help(help);
        }
        zone
    }
}

/// Whether every request has that part, and it is a mapping.
pub(super) fn is_always_there(part: &str) -> bool {
    ["parameters", "query", "headers"].contains(&part)
}

/// How a text is written as a pattern that looks like one: with flags behind it, with one of its slashes, or as in other languages with
/// slashes around it, where no path stands.
fn other_pattern(text: &str, place: &[Option<String>]) -> Option<String> {
    let is_pattern = |inner: &str| inner.contains(['^', '$', '|', '(', '[', '\\', '.', '+', '?']);
    if let Some(rest) = text.strip_prefix('~') {
        let (inner, flags) = match rest.strip_prefix('/').and_then(|inner| inner.rsplit_once('/')) {
            Some((inner, flags)) if flags.bytes().all(|flag| flag.is_ascii_alphabetic()) => (inner, flags),
            _ => (rest.trim_start_matches('/'), ""),
        };
        let flags = if flags.contains('i') { "(?i)" } else { "" };
        let is_meant = rest.starts_with('/') || is_pattern(inner);
        return is_meant.then(|| format!("a regular expression is written `~/{flags}{inner}/`"));
    }
    if text.len() > 1 && text.starts_with('^') {
        return Some(format!("a regular expression is written `~/{text}/`"));
    }
    let inner = text.strip_prefix('/')?.strip_suffix('/').filter(|inner| !inner.is_empty())?;
    (is_pattern(inner) && place.first() != Some(&Some("path".to_owned()))).then(|| format!("a regular expression is written `~/{inner}/`"))
}

/// How a text that something would have to be filled into is written as a condition.
fn template(text: &str, place: &[Option<String>]) -> Option<String> {
    let inner = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).unwrap_or(text).trim();
    let is_path = |path: &str| path.strip_prefix('$').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_lowercase()));
    let is_alone = is_path(inner) && inner.contains('.') && !inner.contains(char::is_whitespace);
    let has_some = text.split("{{").skip(1).any(|part| is_path(part.trim_start()));
    if is_alone {
        return Some(format!("nothing is filled in here; a condition compares: `{} == {inner}`", dotted(place)));
    }
    has_some.then(|| "nothing is filled in here; a condition compares with `==`, and finds a part with `contains`".to_owned())
}

/// Parts of the names of members that have numbers, whatever the document calls their type.
const MEASURES: [&str; 11] = ["weight", "length", "width", "height", "amount", "price", "quantity", "value", "cost", "total", "count"];

/// How a text is written as a range that looks like one, where a number is expected.
fn other_range(text: &str, place: &[Option<String>]) -> Option<String> {
    let name = place.iter().rev().flatten().next()?.to_lowercase();
    if !MEASURES.iter().any(|measure| name.contains(measure)) {
        return None;
    }
    let text = text.trim();
    let number = |text: &str| text.trim().parse::<f64>().ok().map(|_| text.trim().to_owned());
    let range = if let Some(rest) = text.strip_prefix('>') {
        format!("{}..", number(rest.trim_start_matches('='))?)
    } else if let Some(rest) = text.strip_prefix('<') {
        format!("..{}", number(rest.trim_start_matches('='))?)
    } else {
        let (from, to) = text.split_once("..").or_else(|| text.split_once('-'))?;
        format!("{}..{}", number(from)?, number(to)?)
    };
    Some(format!("a range of numbers, its ends included, is written `{range}`"))
}

/// A place of the request as expressions name it.
fn dotted(place: &[Option<String>]) -> String {
    place.iter().fold("$request".to_owned(), |text, step| match step {
        Some(name) => format!("{text}.{name}"),
        None => text + "[]",
    })
}

/// The names of headers as requests have them.
fn in_lower_case(shape: Shape) -> Shape {
    match shape {
        Shape::Members(rows) => Shape::Members(rows.into_iter().map(|(name, row)| (name.to_ascii_lowercase(), row)).collect()),
        other => other,
    }
}
