//! Reads a body into the members of a known class, as strictly as ShipTime's parser does and in its words.
//!
//! ShipTime runs on Jackson, which reads a body as a stream: the first thing wrong with it is the only thing told, and
//! nothing behind it is looked at. An unknown member is such a thing.
//! Recorded 2025-10: the text for an unknown member, its list of known properties and its column.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Number, Value};

use super::cursor::{Cursor, Fault, TextPosition, Token};

/// What a member may hold.
pub(crate) enum Shape {
    Text,
    Number,
    Integer,
    Flag,
    /// A moment; read into `yyyy-MM-ddTHH:mm:ss.SSSZ`.
    Moment,
    /// A day; read into `yyyy-MM-dd`.
    Day,
    Choice(&'static Choice),
    List(&'static Shape),
    Object(&'static Class),
}

/// An enumeration: its class, the names in the order they are printed, and names that are accepted beside them.
pub(crate) struct Choice {
    pub(crate) class: &'static str,
    pub(crate) names: &'static [&'static str],
    pub(crate) also: &'static [&'static str],
}

/// A payload class and its members in the order they are printed.
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) members: &'static [(&'static str, Shape)],
}

enum Step {
    Member(&'static str, String),
    Element(usize),
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    path: Vec<Step>,
    source: String,
}

const LIST: &str = "java.util.ArrayList";

/// Reads `body`, or says what the parser says. `identity` is the hash that Java prints for the stream it reads from.
/// Members that are null are left out; texts of numbers and flags are what they say.
pub(crate) fn read(class: &'static Class, body: &[u8], identity: u32) -> Result<Map<String, Value>, String> {
    let source = format!("java.io.ByteArrayInputStream@{identity:x}");
    let mut reader = Reader { cursor: Cursor::new(body), path: Vec::new(), source };
    if reader.cursor.at_end() {
        let place = TextPosition { line: 1, column: 0 };
        return Err(reader.tell(Fault { text: "No content to map due to end-of-input".to_owned(), place, opened: None }));
    }
    match reader.object(class) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Ok(Map::new()),
        Err(fault) => Err(reader.tell(fault)),
    }
}

impl Reader<'_> {
    fn value(&mut self, shape: &'static Shape) -> Result<Value, Fault> {
        let token = self.cursor.token()?;
        if token == Token::Null {
            self.cursor.literal(token);
            return Ok(Value::Null);
        }
        match shape {
            Shape::Object(class) => self.object(class),
            Shape::List(of) => self.list(of, token),
            Shape::Text => self.text(token),
            Shape::Integer => self.integer(token),
            Shape::Number => self.double(token),
            Shape::Flag => self.flag(token),
            Shape::Moment => self.moment(token),
            Shape::Day => Ok(match self.moment(token)? {
                Value::String(moment) => Value::String(moment.chars().take(10).collect()),
                other => other,
            }),
            Shape::Choice(choice) => self.choice(choice, token),
        }
    }

    fn object(&mut self, class: &'static Class) -> Result<Value, Fault> {
        let place = self.cursor.token_place();
        match self.cursor.token()? {
            Token::Object => {}
            Token::Text => {
                let text = self.cursor.text("")?;
                return Err(self.no_constructor(class, place, "String", &format!("String value ('{text}')")));
            }
            Token::Number => {
                let number = self.cursor.number()?.to_owned();
                return Err(self.no_constructor(class, place, "int/Int", &format!("Number value ({number})")));
            }
            token @ (Token::True | Token::False) => {
                let told = format!("boolean value ({})", token == Token::True);
                return Err(self.no_constructor(class, place, "boolean/Boolean", &told));
            }
            token => return Err(self.out_of(class.name, token, place)),
        }
        let mut members = Map::new();
        let mut more = self.cursor.open_object()?;
        while more {
            let name = self.cursor.name()?;
            let known = class.members.iter().find(|(known, _)| *known == name);
            self.path.push(Step::Member(class.name, name.clone()));
            let Some((_, shape)) = known else {
                return Err(self.unknown(class, &name)?);
            };
            let value = self.value(shape)?;
            self.path.pop();
            if value.is_null() {
                members.shift_remove(&name);
            } else {
                members.insert(name, value);
            }
            more = self.cursor.more()?;
        }
        // Members leave in the order of the class, whatever order they came in.
        let mut sorted = Map::new();
        for (name, _) in class.members {
            if let Some(value) = members.remove(*name) {
                sorted.insert((*name).to_owned(), value);
            }
        }
        Ok(Value::Object(sorted))
    }

    fn list(&mut self, of: &'static Shape, token: Token) -> Result<Value, Fault> {
        if token != Token::Array {
            let place = self.cursor.token_place();
            return Err(self.out_of(LIST, token, place));
        }
        let mut elements = Vec::new();
        let mut more = self.cursor.open_array()?;
        while more {
            self.path.push(Step::Element(elements.len()));
            let value = self.value(of)?;
            self.path.pop();
            if !value.is_null() {
                elements.push(value);
            }
            more = self.cursor.more()?;
        }
        Ok(Value::Array(elements))
    }

    fn text(&mut self, token: Token) -> Result<Value, Fault> {
        let place = self.cursor.token_place();
        Ok(Value::String(match token {
            Token::Text => self.cursor.text("")?,
            Token::Number => self.cursor.number()?.to_owned(),
            Token::True | Token::False => {
                self.cursor.literal(token);
                (token == Token::True).to_string()
            }
            _ => return Err(self.out_of("java.lang.String", token, place)),
        }))
    }

    fn integer(&mut self, token: Token) -> Result<Value, Fault> {
        let place = self.cursor.token_place();
        let (digits, quoted) = match token {
            Token::Number => (self.cursor.number()?.to_owned(), false),
            Token::Text => (self.cursor.text("")?.trim().to_owned(), true),
            _ => return Err(self.out_of("java.lang.Integer", token, place)),
        };
        if digits.is_empty() {
            return Ok(Value::Null);
        }
        if let Ok(number) = digits.parse::<i32>() {
            return Ok(Value::from(number));
        }
        let text = if quoted {
            format!("Can not construct instance of java.lang.Integer from String value '{digits}': not a valid Integer value")
        } else if digits.contains(['.', 'e', 'E']) {
            format!(
                "Can not coerce a floating-point value ('{digits}') into Integer; enable `DeserializationFeature.ACCEPT_FLOAT_AS_INT` to allow"
            )
        } else {
            format!("Numeric value ({digits}) out of range of int (-2147483648 - 2147483647)")
        };
        Err(Fault { text, place, opened: None })
    }

    fn double(&mut self, token: Token) -> Result<Value, Fault> {
        let place = self.cursor.token_place();
        let digits = match token {
            Token::Number => self.cursor.number()?.to_owned(),
            Token::Text => self.cursor.text("")?.trim().to_owned(),
            _ => return Err(self.out_of("java.lang.Double", token, place)),
        };
        if digits.is_empty() {
            return Ok(Value::Null);
        }
        // A double is printed with its point, whatever was written: 10 comes back as 10.0.
        match serde_json::from_str::<f64>(&digits).ok().and_then(Number::from_f64) {
            Some(number) => Ok(Value::Number(number)),
            None => {
                let text = format!("Can not construct instance of java.lang.Double from String value '{digits}': not a valid Double value");
                Err(Fault { text, place, opened: None })
            }
        }
    }

    fn flag(&mut self, token: Token) -> Result<Value, Fault> {
        let place = self.cursor.token_place();
        match token {
            Token::True | Token::False => {
                self.cursor.literal(token);
                Ok(Value::Bool(token == Token::True))
            }
            Token::Number => Ok(Value::Bool(self.cursor.number()? != "0")),
            Token::Text => match self.cursor.text("")?.trim() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                "" => Ok(Value::Null),
                other => {
                    let text = format!(
                        "Can not construct instance of java.lang.Boolean from String value '{other}': only \"true\" or \"false\" recognized"
                    );
                    Err(Fault { text, place, opened: None })
                }
            },
            _ => Err(self.out_of("java.lang.Boolean", token, place)),
        }
    }

    fn moment(&mut self, token: Token) -> Result<Value, Fault> {
        let place = self.cursor.token_place();
        let moment = match token {
            Token::Number => {
                let millis = self.cursor.number()?.parse::<i64>().ok();
                millis.and_then(|millis| Timestamp::from_millisecond(millis).ok())
            }
            Token::Text => {
                let written = self.cursor.text("")?.trim().to_owned();
                if written.is_empty() {
                    return Ok(Value::Null);
                }
                let Some(moment) = parse_moment(&written) else {
                    let text = format!(
                        "Can not construct instance of java.util.Date from String value '{written}': not a valid representation \
                         (error: Failed to parse Date value '{written}': Can not parse date \"{written}\": not compatible with any of \
                         standard forms (\"yyyy-MM-dd'T'HH:mm:ss.SSSZ\", \"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'\", \"EEE, dd MMM yyyy HH:mm:ss \
                         zzz\", \"yyyy-MM-dd\"))"
                    );
                    return Err(Fault { text, place, opened: None });
                };
                Some(moment)
            }
            _ => return Err(self.out_of("java.util.Date", token, place)),
        };
        Ok(moment.map_or(Value::Null, |moment| Value::String(print_moment(moment))))
    }

    fn choice(&mut self, choice: &'static Choice, token: Token) -> Result<Value, Fault> {
        let place = self.cursor.token_place();
        if token != Token::Text {
            return Err(self.out_of(choice.class, token, place));
        }
        let name = self.cursor.text("")?;
        let trimmed = name.trim();
        if choice.names.contains(&trimmed) || choice.also.contains(&trimmed) {
            return Ok(Value::String(trimmed.to_owned()));
        }
        let text = format!(
            "Can not construct instance of {} from String value '{name}': value not one of declared Enum instance names: [{}]",
            choice.class,
            choice.names.join(", ")
        );
        Err(Fault { text, place, opened: None })
    }

    fn unknown(&mut self, class: &'static Class, name: &str) -> Result<Fault, Fault> {
        let place = self.cursor.read_ahead_place()?;
        let known: Vec<String> = class.members.iter().map(|(known, _)| format!("\"{known}\"")).collect();
        let text = format!(
            "Unrecognized field \"{name}\" (class {}), not marked as ignorable ({} known properties: {}])",
            class.name,
            known.len(),
            known.join(", ")
        );
        Ok(Fault { text, place, opened: None })
    }

    fn no_constructor(&self, class: &Class, place: TextPosition, of: &str, value: &str) -> Fault {
        let text = format!(
            "Can not construct instance of {}: no {of}-argument constructor/factory method to deserialize from {value}",
            class.name
        );
        Fault { text, place, opened: None }
    }

    fn out_of(&self, class: &str, token: Token, place: TextPosition) -> Fault {
        Fault { text: format!("Can not deserialize instance of {class} out of {token} token"), place, opened: None }
    }

    /// The message as printed: the text, the place, and the way from the root to the culprit.
    fn tell(&self, fault: Fault) -> String {
        let source = |place: TextPosition| format!("[Source: {}; line: {}, column: {}]", self.source, place.line, place.column);
        let opened = fault
            .opened
            .map_or_else(String::new, |(kind, place)| format!(": expected close marker for {kind} (start marker at {})", source(place)));
        let mut told = format!("{}{opened}\n at {}", fault.text, source(fault.place));
        // A syntax error is thrown by the parser itself, which knows no classes.
        let syntax = ["Unexpected ", "Unrecognized token", "Unrecognized character", "Illegal ", "Invalid numeric", "Numeric value"];
        if !self.path.is_empty() && !syntax.iter().any(|start| fault.text.starts_with(start)) {
            let steps: Vec<String> = self
                .path
                .iter()
                .map(|step| match step {
                    Step::Member(class, name) => format!("{class}[\"{name}\"]"),
                    Step::Element(index) => format!("{LIST}[{index}]"),
                })
                .collect();
            told.push_str(&format!(" (through reference chain: {})", steps.join("->")));
        }
        told
    }
}

/// A day, or a day and a time with or without an offset; without one it is UTC.
fn parse_moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    if text.len() == 10 {
        let day = text.parse::<Date>().ok()?;
        return day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    }
    let local = text.parse::<jiff::civil::DateTime>().ok()?;
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// A moment as ShipTime prints it.
pub(crate) fn print_moment(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::payloads::RATE_REQUEST;
    use super::*;

    fn check(body: &str, expected: &str) {
        let told = read(&RATE_REQUEST, body.as_bytes(), 0x6ca7_0751).expect_err("the body is refused");
        assert_eq!(told, expected);
    }

    #[test]
    fn the_recorded_refusal_is_reproduced_to_the_letter() {
        let body = concat!(
            r#"{"from":{"countryCode":"CA","postalCode":"V2R 4H1"},"to":{"countryCode":"CA","postalCode":"k6h5l6"},"#,
            r#""packageType":"PALLET","unitOfMeasurement":"METRIC","lineItems":[{"length":40,"width":48,"height":48,"#,
            r#""weight":1800}],"shipDate":"2025-10-10T19:34:24.776Z","palletType":"standard","stackable":true}"#
        );
        check(
            body,
            concat!(
                r#"Unrecognized field "palletType" (class com.shiptime.rest.payload.RateRequest), not marked as ignorable "#,
                r#"(10 known properties: "packageType", "unitOfMeasurement", "insuranceType", "serviceOptions", "from", "to", "#,
                r#""lineItems", "waitTimeLimit", "shipDate", "customsInvoice"])"#,
                "\n at [Source: java.io.ByteArrayInputStream@6ca70751; line: 1, column: 270] (through reference chain: ",
                r#"com.shiptime.rest.payload.RateRequest["palletType"])"#
            ),
        );
    }

    #[test]
    fn a_syntax_error_is_told_with_its_place() {
        check(
            "{\n  \"from\": ?}",
            "Unexpected character ('?' (code 63)): expected a valid value (number, String, array, object, 'true', 'false' or \
             'null')\n at [Source: java.io.ByteArrayInputStream@6ca70751; line: 2, column: 12]",
        );
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_read_or_refused(cut in 0_usize..200, at in 0_usize..200, byte: u8) {
            let mut body = br#"{"from":{"city":"M\u00e9tis","notify":true},"lineItems":[{"length":1.5e2,"declaredValue":{"amount":-7}}, null],"shipDate":"2026-01-06","waitTimeLimit":30}"#.to_vec();
            if let Some(slot) = body.get_mut(at) {
                *slot = byte;
            }
            body.truncate(cut);
            let _ = read(&RATE_REQUEST, &body, 1);
        }
    }
}
