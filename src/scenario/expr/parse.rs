//! Tokens to a tree, by recursive descent: one function per level of binding, from loose to tight.

use std::ops::Range;

use serde_json::Value;

use super::lex::{self, Spot, Token, error};
use super::{Comparison, Expr, ExprError, Function, MAX_PATTERNS, NO_PATTERN, Node, Operator, PathUse, Uses};
use crate::base::patterns::{self, Pattern};
use crate::scenario::error::{nearest, quoted};

/// Longest expression. With no repetition in the language, this and the size of a pattern bound the cost of one.
const MAX_TEXT: usize = 4096;
/// How deep an expression may be nested.
const MAX_DEPTH: usize = 32;

const FUNCTIONS: [(&str, Function, usize); 4] = [
    (Function::Len.name(), Function::Len, 1),
    (Function::Lower.name(), Function::Lower, 1),
    (Function::StartsWith.name(), Function::StartsWith, 2),
    (Function::EndsWith.name(), Function::EndsWith, 2),
];

pub(super) fn parse(text: &str) -> Result<Expr, ExprError> {
    if text.len() > MAX_TEXT {
        return Err(error(format!("expression of {} bytes is too long, at most {MAX_TEXT} are read", text.len()), 0..0));
    }
    if let Some(inner) = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
        let start = text.len() - text.trim_start().len();
        let help = Some(format!("leave the braces out: `{}`", inner.trim()));
        return Err(ExprError { help, ..error("this is an expression already, and no template", start..start + 2) });
    }
    let mut parser = Parser { tokens: lex::tokens(text)?, at: 0, depth: 0, uses: Uses::default() };
    let root = parser.any()?;
    let rest = parser.spot();
    if rest.token != Token::End {
        return Err(parser.leftover(rest));
    }
    Ok(Expr { text: text.to_owned(), root, uses: parser.uses })
}

struct Parser {
    tokens: Vec<Spot>,
    at: usize,
    depth: usize,
    uses: Uses,
}

impl Parser {
    /// The token to be read next; the last one, `End`, is never passed.
    fn spot(&self) -> Spot {
        self.tokens.get(self.at).cloned().unwrap_or(Spot { token: Token::End, range: 0..0 })
    }

    fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len().saturating_sub(1));
    }

    fn sign(&mut self, wanted: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Spot { token: Token::Sign(sign), .. }) if *sign == wanted);
        if found {
            self.advance();
        }
        found
    }

    fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Spot { token: Token::Word(word), .. }) if word == wanted);
        if found {
            self.advance();
        }
        found
    }

    /// Runs one level deeper, refusing what is nested beyond reason.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, ExprError>) -> Result<T, ExprError> {
        if self.depth >= MAX_DEPTH {
            return Err(error(format!("expression is nested more than {MAX_DEPTH} levels deep"), self.spot().range));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn any(&mut self) -> Result<Node, ExprError> {
        let first = self.all()?;
        let mut nodes = vec![first];
        while self.word("or") {
            nodes.push(self.all()?);
        }
        Ok(single(nodes, Node::Any))
    }

    fn all(&mut self) -> Result<Node, ExprError> {
        let first = self.not()?;
        let mut nodes = vec![first];
        while self.word("and") {
            nodes.push(self.not()?);
        }
        Ok(single(nodes, Node::All))
    }

    fn not(&mut self) -> Result<Node, ExprError> {
        if self.word("not") {
            return self.deeper(|parser| Ok(Node::Not(Box::new(parser.not()?))));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Node, ExprError> {
        let start = self.spot().range.start;
        let left = self.sum()?;
        if self.word("exists") {
            return Ok(Node::Exists(Box::new(left)));
        }
        if self.word("matches") {
            return self.pattern(left);
        }
        let Some(comparison) = self.comparator() else {
            return Ok(left);
        };
        let right = self.sum()?;
        let next = self.spot();
        if self.comparator().is_some() {
            let mut error = error("comparisons cannot be chained", next.range);
            error.help = Some("join two comparisons with `and`".to_owned());
            return Err(error);
        }
        let end = self.tokens.get(self.at.saturating_sub(1)).map_or(start, |spot| spot.range.end);
        Ok(Node::Compare(comparison, Box::new((left, right)), start..end))
    }

    fn comparator(&mut self) -> Option<Comparison> {
        let comparison = match self.spot().token {
            Token::Sign("==") => Comparison::Equal,
            Token::Sign("!=") => Comparison::Different,
            Token::Sign("<") => Comparison::Less,
            Token::Sign("<=") => Comparison::LessOrEqual,
            Token::Sign(">") => Comparison::Greater,
            Token::Sign(">=") => Comparison::GreaterOrEqual,
            Token::Word(word) if word == "in" => Comparison::In,
            Token::Word(word) if word == "contains" => Comparison::Contains,
            _ => return None,
        };
        self.advance();
        Some(comparison)
    }

    /// The pattern has to be a literal: it is compiled once, and its cost is known before the first call.
    fn pattern(&mut self, left: Node) -> Result<Node, ExprError> {
        let Spot { token, range } = self.spot();
        let Token::Text(pattern) = token else {
            let mut error = error("`matches` needs a quoted pattern", range);
            error.help = Some("for example `matches '^[A-Z]{2}$'`".to_owned());
            return Err(error);
        };
        if self.uses.patterns >= MAX_PATTERNS {
            return Err(error(format!("more than {MAX_PATTERNS} patterns in one expression"), range));
        }
        self.uses.patterns += 1;
        self.advance();
        match patterns::compile(&pattern) {
            Ok(Pattern { regex, bytes, places }) => {
                self.uses.pattern_bytes += bytes;
                Ok(Node::Matches(Box::new(left), regex, places))
            }
            Err(reason) => {
                let mut error = error(NO_PATTERN, range);
                error.label = Some(reason.to_string());
                Err(error)
            }
        }
    }

    fn sum(&mut self) -> Result<Node, ExprError> {
        self.arithmetic(&[("+", Operator::Add), ("-", Operator::Subtract)], Self::product)
    }

    fn product(&mut self) -> Result<Node, ExprError> {
        self.arithmetic(&[("*", Operator::Multiply), ("/", Operator::Divide)], Self::unary)
    }

    /// A flat list of operands, so that a long sum does not make a deep tree.
    fn arithmetic(&mut self, signs: &[(&str, Operator)], operand: fn(&mut Self) -> Result<Node, ExprError>) -> Result<Node, ExprError> {
        let first = operand(self)?;
        let mut rest = Vec::new();
        while let Some((_, operator)) = signs.iter().find(|(sign, _)| self.sign(sign)) {
            rest.push((*operator, operand(self)?));
        }
        Ok(if rest.is_empty() { first } else { Node::Arithmetic(Box::new(first), rest) })
    }

    fn unary(&mut self) -> Result<Node, ExprError> {
        if self.sign("-") {
            return self.deeper(|parser| Ok(Node::Negate(Box::new(parser.unary()?))));
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Node, ExprError> {
        let Spot { token, range } = self.spot();
        match token {
            Token::Number(number) => self.literal(Value::Number(number)),
            Token::Text(text) => self.literal(Value::String(text)),
            Token::Path(path) => {
                self.advance();
                self.uses.paths.push(PathUse { path: path.clone(), range: range.clone() });
                Ok(Node::Path(path, range))
            }
            Token::Word(word) => match word.as_str() {
                "true" => self.literal(Value::Bool(true)),
                "false" => self.literal(Value::Bool(false)),
                "null" => self.literal(Value::Null),
                "and" | "or" | "in" | "contains" | "matches" | "exists" => {
                    Err(ExprError { help: self.turned(&word), ..missing(format!("expected a value before `{word}`"), range) })
                }
                _ => self.call(&word, range),
            },
            Token::Sign("(") => {
                self.advance();
                let inner = self.deeper(Self::any)?;
                if let Spot { token: Token::Sign(","), range } = self.spot() {
                    let mut error = error("expected `)`", range);
                    error.help = Some("a list stands in square brackets: `in [1, 2]`".to_owned());
                    return Err(error);
                }
                self.close(")", &range)?;
                Ok(inner)
            }
            Token::Sign("[") => {
                self.advance();
                let items = self.items("]", &range)?;
                Ok(Node::List(items))
            }
            Token::Sign(">") if self.follows("<") => Err(ExprError {
                help: Some("use `!=`".to_owned()),
                ..missing("`<>` is not an operator".to_owned(), range.start - 1..range.end)
            }),
            Token::Sign(sign) => Err(missing(format!("expected a value, found `{sign}`"), range)),
            Token::End => Err(missing("expected a value, found the end".to_owned(), range)),
        }
    }

    /// Whether the token before the next one is a sign.
    fn follows(&self, sign: &str) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        matches!(before, Some(Spot { token: Token::Sign(found), .. }) if *found == sign)
    }

    /// How to write an operator that stands in front of its value, as functions of other languages do.
    fn turned(&self, word: &str) -> Option<String> {
        let mut behind = self.tokens.get(self.at + 1..)?.iter().filter(|spot| spot.token != Token::Sign("("));
        let Token::Path(path) = &behind.next()?.token else { return None };
        let is_negated = self.at.checked_sub(1).is_some_and(|at| self.tokens[at].token == Token::Word("not".to_owned()));
        Some(match word {
            "exists" => format!("it stands behind: `{}{path} exists`", if is_negated { "not " } else { "" }),
            "and" | "or" => return None,
            word => format!("it stands between: `{path} {word} …`"),
        })
    }

    fn literal(&mut self, value: Value) -> Result<Node, ExprError> {
        self.advance();
        Ok(Node::Literal(value))
    }

    fn call(&mut self, word: &str, range: Range<usize>) -> Result<Node, ExprError> {
        self.advance();
        let open = self.spot();
        if !self.sign("(") {
            let mut error = error(format!("`{word}` is not a value"), range);
            let of = |arity: usize| match (&open.token, arity) {
                (Token::Path(path), 1) => format!("{word}({path})"),
                (Token::Path(path), _) => format!("{word}({path}, 'a')"),
                (_, 1) => format!("{word}($request.body)"),
                _ => format!("{word}($request.path, '/a')"),
            };
            error.help = Some(match word.split_once('.') {
                Some(_) => format!("paths start with `$`: `${word}`"),
                None if let Some((.., arity)) = FUNCTIONS.iter().find(|(name, ..)| *name == word) => {
                    format!("`{word}` is a function: `{}`", of(*arity))
                }
                None => foreign_value(word).unwrap_or_else(|| format!("quote text: `'{word}'`; paths begin with `$`")),
            });
            return Err(error);
        }
        let Some((name, function, arity)) = FUNCTIONS.iter().find(|(name, ..)| *name == word) else {
            let mut error = error(format!("unknown function `{word}`"), range);
            let names = FUNCTIONS.map(|(name, ..)| name);
            error.help = Some(function(word).map_or_else(|| crate::scenario::error::suggestion(word, &names), str::to_owned));
            return Err(error);
        };
        let arguments = self.items(")", &open.range)?;
        if arguments.len() != *arity {
            let end = self.tokens.get(self.at.saturating_sub(1)).map_or(open.range.end, |spot| spot.range.end);
            return Err(error(format!("`{name}` takes {arity}, found {}", count(arguments.len())), range.start..end));
        }
        Ok(Node::Call(*function, arguments))
    }

    fn items(&mut self, close: &str, open: &Range<usize>) -> Result<Vec<Node>, ExprError> {
        let mut items = Vec::new();
        if self.sign(close) {
            return Ok(items);
        }
        loop {
            items.push(self.deeper(Self::any)?);
            if !self.sign(",") {
                self.close(close, open)?;
                return Ok(items);
            }
        }
    }

    fn close(&mut self, close: &str, open: &Range<usize>) -> Result<(), ExprError> {
        if self.sign(close) {
            return Ok(());
        }
        let mut error = error(format!("expected `{close}`"), self.spot().range);
        error.help = Some(format!("close the bracket opened at character {}", open.start + 1));
        Err(error)
    }

    /// What to write for an operator of another language.
    fn foreign(&self, token: &Token) -> Option<String> {
        let Token::Word(word) = token else {
            let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|spot| &spot.token);
            let path = if let Some(Token::Path(path)) = before { path.to_string() } else { String::new() };
            let is_contains = ["includes", "contains", "include", "has"].contains(&path.rsplit('.').next().unwrap_or_default());
            let help = match path.rsplit_once('.') {
                Some((whole, _)) if is_contains => format!("`contains` stands between: `{whole} contains …`"),
                _ => "functions stand in front: `starts_with($request.path, '/a')`".to_owned(),
            };
            return matches!(token, Token::Sign("(")).then_some(help);
        };
        let lower = word.to_lowercase();
        if lower == "not" {
            let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
            let next = match self.tokens.get(self.at + 1).map(|spot| &spot.token) {
                Some(Token::Word(next)) => next.as_str(),
                _ => "in",
            };
            return before.map(|spot| match &spot.token {
                Token::Path(path) => format!("`not` stands in front: `not {path} {next} …`"),
                _ => "`not` stands in front of a condition".to_owned(),
            });
        }
        FOREIGN.iter().find(|(words, _)| words.contains(&&*lower)).map(|(_, help)| (*help).to_owned())
    }

    /// What stands where an expression should have ended.
    fn leftover(&self, spot: Spot) -> ExprError {
        let mut error = error("expected an operator or the end", spot.range);
        if let Some(help) = self.foreign(&spot.token) {
            error.help = Some(help);
        } else if let Token::Path(_) | Token::Text(_) | Token::Number(_) = &spot.token {
            error.help = Some("two conditions are joined by `and` or `or`, and two values stand around a comparison".to_owned());
        } else if let Token::Word(word) = &spot.token {
            let known = ["and", "or", "in", "contains", "matches", "exists"];
            error.help = Some(match nearest(word, known) {
                Some(word) => format!("did you mean `{word}`?"),
                None if FUNCTIONS.iter().any(|(name, ..)| name == word) => format!("`{word}` is a function: `{word}($request.path, '/a')`"),
                None => format!("operators are {} and the usual signs; quote text", quoted(&known)),
            });
        }
        error
    }
}

/// What other languages have as words for values of this one.
fn foreign_value(word: &str) -> Option<String> {
    let value = match word {
        "undefined" | "nil" => "null",
        word if ["None", "Null", "NULL"].contains(&word) => "null",
        word if word.eq_ignore_ascii_case("true") => "true",
        word if word.eq_ignore_ascii_case("false") => "false",
        _ => return None,
    };
    Some(format!("write `{value}`"))
}

/// Operators of other languages that are words, with those of this one.
const FOREIGN: [(&[&str], &str); 10] = [
    (&["is", "isnt"], "`== null` asks whether something is missing, and `exists` behind it whether it is there"),
    (&["eq", "equals"], "use `==`"),
    (&["ne", "neq"], "use `!=`"),
    (&["gt"], "use `>`"),
    (&["lt"], "use `<`"),
    (&["ge", "gte"], "use `>=`"),
    (&["le", "lte"], "use `<=`"),
    (&["like", "match", "regex"], "use `matches '^a.*$'`"),
    (&["has", "includes", "include"], "use `contains`"),
    (&["between"], "use `>=` and `<=`, joined by `and`"),
];

/// What to write for a function of another language.
fn function(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "size" | "length" | "count" | "strlen" => "did you mean `len`?",
        "upper" | "uppercase" | "toupper" => "compare in lower case: `lower(x) == 'text'`",
        "lowercase" | "tolower" | "downcase" => "did you mean `lower`?",
        "now" | "time" | "date" | "today" | "hour" => "the clock is a condition of its own: `when: {clock: {days: [sat, sun]}}`",
        "random" | "rand" | "chance" | "sample" => "chance is a condition of its own: `when: {chance: 0.2}`",
        "regex" | "match" | "regexp" | "test" => "use `matches '^a.*$'`",
        "includes" | "has" => "use `contains`",
        "int" | "float" | "number" | "parseint" | "parsefloat" | "tonumber" => {
            "numbers in texts are compared by `request: {body: {weight: \"1..\"}}`"
        }
        _ => return None,
    })
}

fn missing(message: String, range: Range<usize>) -> ExprError {
    error(message, range)
}

fn count(arguments: usize) -> String {
    match arguments {
        0 => "none".to_owned(),
        more => more.to_string(),
    }
}

fn single(mut nodes: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(only) if nodes.is_empty() => only,
        Some(last) => {
            nodes.push(last);
            join(nodes)
        }
        None => join(nodes),
    }
}
