//! Looks through an expression for what its author cannot mean.

use std::ops::Range;

use serde_json::Value;

use super::meant::{in_texts, is_object, unslashed};
use super::texts::{Numbers, Place};
use super::{DOUBTFUL, Looked, NEVER, Type, TypeProblem, Types, UNLIKE};
use crate::scenario::expr::{Comparison, Function, Node, Operator, Path, class};
use crate::scenario::shape::Shape;

/// So many values of a list are held against what they are compared with.
const MOST_ITEMS: usize = 16;

pub(super) struct Checking<'e> {
    pub text: &'e str,
    pub types: &'e dyn Types,
    /// What nodes that are an index of these stand for ([`super::Joint`]).
    pub shapes: &'e [(Node, Option<&'e Shape>)],
    pub problems: Vec<TypeProblem>,
}

impl Checking<'_> {
    pub fn problem(&mut self, code: &'static str, range: Range<usize>, message: String, help: Option<String>) {
        self.problems.push(TypeProblem { code, message, range, help });
    }

    /// Something that has to be true or false.
    pub fn condition(&mut self, node: &Node) {
        let found = self.node(node);
        if !found.can_be(Type::FLAG_BIT) {
            let message = format!("`{}` is {}, and only `true` counts as true", self.written(node), found.noun());
            let help = "compare it, or ask whether it `exists`".to_owned();
            self.problem(NEVER, self.range(node), message, Some(help));
        } else if matches!(node, Node::Literal(Value::Bool(false))) {
            self.problem(NEVER, 0..self.text.len(), "`false` is never true".to_owned(), None);
        }
    }

    fn node(&mut self, node: &Node) -> Type {
        match node {
            Node::Literal(value) => Type::of_value(value),
            Node::Path(path, range) => self.path(path, range),
            Node::List(items) => {
                items.iter().for_each(|item| drop(self.node(item)));
                Type::LIST
            }
            Node::Any(nodes) | Node::All(nodes) => {
                nodes.iter().for_each(|node| self.condition(node));
                Type::FLAG
            }
            Node::Not(inner) => {
                // What is not `true` makes `not` true: no mistake, unless it cannot be either.
                let found = self.node(inner);
                if !found.can_be(Type::FLAG_BIT) {
                    let message = format!("`{}` is {}, so that `not` is always true", self.written(inner), found.noun());
                    self.problem(UNLIKE, self.range(inner), message, Some("did you mean `not … exists`?".to_owned()));
                }
                Type::FLAG
            }
            Node::Compare(comparison, sides, range) => {
                self.compare(*comparison, &sides.0, &sides.1, range);
                Type::FLAG
            }
            Node::Matches(inner, regex, _) => {
                let found = self.node(inner);
                if let Some((is_never, meant)) = unslashed(regex.as_str(), inner) {
                    let message = if is_never {
                        format!("nothing matches `{regex}`: no slash stands in front of the beginning or behind the end of a text")
                    } else {
                        format!("`{regex}` matches texts with both of its slashes in them")
                    };
                    let help = format!("a pattern stands in quotes alone: `matches '{meant}'`");
                    self.problem(if is_never { NEVER } else { DOUBTFUL }, self.range(node), message, Some(help));
                } else if found.kinds & !Type::NULL == Type::TEXT_BIT && !found.texts.any(|word| regex.is_match(word)) {
                    let message = format!("`{}` never matches `{regex}`", self.written(inner));
                    self.problem(NEVER, self.range(inner), message, found.texts.advice(""));
                } else if !found.can_be(Type::TEXT_BIT) {
                    let message = format!("`{}` is {}, and patterns match text", self.written(inner), found.noun());
                    let help = (found.kinds & !Type::NULL == Type::NUMBER_BIT).then(|| self.by_size(inner));
                    self.problem(UNLIKE, self.range(inner), message, help);
                } else if is_object((inner, &found)) {
                    self.doubt_of_object(self.range(inner), "matches");
                } else if let Some(doubt) = found.doubt_of_pattern(&self.written(inner), regex) {
                    self.doubt(self.range(inner), doubt);
                }
                Type::FLAG
            }
            Node::Exists(inner) => {
                self.node(inner);
                Type::FLAG
            }
            Node::Negate(inner) => {
                let zero = Type::of_value(&Value::from(0));
                self.calculate(zero, Operator::Subtract, inner)
            }
            Node::Arithmetic(first, rest) => {
                let before = self.problems.len();
                let first = self.operand(first, rest.first().map(|(operator, _)| *operator));
                let found = rest.iter().fold(first, |found, (operator, node)| self.calculate(found, *operator, node));
                // What is wrong with one of its parts is wrong with the others for the same reason.
                self.problems.truncate(before + 1);
                found
            }
            Node::Call(function, arguments) => self.call(*function, arguments),
        }
    }

    fn path(&mut self, path: &Path, range: &Range<usize>) -> Type {
        let members = path.members();
        // What every call, and every parcel, has.
        let is_there = match (path.root.as_str(), &members[..]) {
            ("call", [Some(name)]) => ["nth", "operation"].contains(name),
            ("request", [Some(name)]) => ["method", "path"].contains(name),
            ("answer", [Some(name)]) => *name == "wire",
            ("parcel", [Some(name)]) => ["tracking_number", "carrier", "service", "subject", "transit_days"].contains(name),
            _ => false,
        };
        match self.types.look_up(&path.root, &members) {
            Looked::To(found) if is_there => found,
            Looked::To(found) => {
                self.member_of_list(path, &members, range);
                found.or(&Type::of(Type::NULL))
            }
            // Told where paths are looked at, in templates as well.
            Looked::Unlisted { .. } if members.first() == Some(&Some("query")) => Type::TEXT.or(&Type::of(Type::NULL)),
            Looked::Missing { .. } | Looked::Unlisted { .. } => Type::ANY,
        }
    }

    /// Tells of a member that is asked of what may also be a list.
    fn member_of_list(&mut self, path: &Path, members: &[Option<&str>], range: &Range<usize>) {
        // How many there are is told elsewhere.
        let is_list = |length: &usize| {
            members[*length].is_some_and(|name| !["length", "size", "count"].contains(&name))
                && matches!(self.types.look_up(&path.root, &members[..*length]), Looked::To(found) if found.may_be_list())
        };
        if path.root != "request" || members.first() != Some(&Some("body")) {
            return;
        }
        let Some(length) = (2..members.len()).find(is_list) else { return };
        let Some(list) = members[..length].iter().copied().collect::<Option<Vec<_>>>() else { return };
        let list = Path::of(&path.root, list.into_iter());
        let message = format!("`{list}` may be a list, and no list has a member `{}`", members[length].unwrap_or_default());
        self.problem(DOUBTFUL, range.clone(), message, Some(format!("an element of a list has a position: `{list}[0]`")));
    }

    fn compare(&mut self, comparison: Comparison, left: &Node, right: &Node, range: &Range<usize>) {
        let (one, other) = (self.node(left), self.node(right));
        let unlike =
            |what: &str| format!("`{}` is {}, and `{}` is {}: {what}", self.written(left), one.noun(), self.written(right), other.noun());
        let common = one.kinds & other.kinds & !Type::NULL;
        let problem = match comparison {
            Comparison::Equal | Comparison::Different if one.is_null() || other.is_null() => None,
            Comparison::Equal if common == 0 => Some(unlike("they are never equal")),
            Comparison::Different if common == 0 => Some(unlike("they always differ")),
            Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual
                if common & (Type::NUMBER_BIT | Type::TEXT_BIT) == 0 =>
            {
                Some(unlike("they have no order"))
            }
            Comparison::In | Comparison::Contains => {
                let (whole, part, (whole_node, part_node)) =
                    if comparison == Comparison::In { (&other, &one, (right, left)) } else { (&one, &other, (left, right)) };
                self.holds(whole, part, whole_node, part_node)
            }
            _ => None,
        };
        if let Some(message) = problem {
            let help = self.advice(comparison, &one, &other, left, right);
            self.problem(UNLIKE, range.clone(), message, help);
            return;
        }
        self.values(comparison, (left, &one), (right, &other), range);
    }

    /// Whether something can be looked for in something.
    fn holds(&self, whole: &Type, part: &Type, whole_node: &Node, part_node: &Node) -> Option<String> {
        if !whole.can_be(Type::LIST_BIT | Type::TEXT_BIT) {
            return Some(format!("`{}` is {}, and only lists and text contain something", self.written(whole_node), whole.noun()));
        }
        if let Node::List(items) = whole_node {
            let is_like = |item: &Node| match item {
                Node::Literal(value) => Type::of_value(value).kinds & part.kinds != 0,
                _ => true,
            };
            let first = items.first()?;
            let unlike = || {
                let list = Type::of_value(if let Node::Literal(value) = first { value } else { &Value::Null }).noun();
                format!("`{}` is {}, and the list has {list}: it is never in it", self.written(part_node), part.noun())
            };
            return (!items.iter().any(is_like)).then(unlike);
        }
        if whole.kinds & !Type::NULL == Type::TEXT_BIT && !part.can_be(Type::TEXT_BIT) {
            return Some(format!("`{}` is {}, and only text is in text", self.written(part_node), part.noun()));
        }
        let element = self.element(whole_node).filter(|_| !whole.can_be(Type::TEXT_BIT))?;
        let unlike = || {
            let (list, item) = (self.written(whole_node), self.written(part_node));
            format!("`{item}` is {}, and each element of `{list}` is {}: it is never in it", part.noun(), element.noun())
        };
        (element.kinds & part.kinds & !Type::NULL == 0).then(unlike)
    }

    /// What the elements of a document's list are, where that is known.
    fn element(&self, list: &Node) -> Option<Type> {
        let Node::Path(path, _) = list else { return None };
        let members = [&path.members()[..], &[None]].concat();
        if let Looked::To(found) = self.types.look_up(&path.root, &members) { Some(found) } else { None }
    }

    /// A comparison of values of which none can be as it says.
    fn values(&mut self, comparison: Comparison, left: (&Node, &Type), right: (&Node, &Type), range: &Range<usize>) {
        if left.1.is_null() || right.1.is_null() {
            return;
        }
        // What is known of the one side is held against what is written on the other.
        let (known, fixed) = if matches!(left.0, Node::Literal(_)) { (right, left) } else { (left, right) };
        let (name, value) = (self.written(known.0), self.written(fixed.0));
        let word = if let Node::Literal(Value::String(text)) = fixed.0 { Some(text.as_str()) } else { None };
        let found = match comparison {
            Comparison::Equal if !left.1.meets(right.1) => Some((format!("`{name}` is never `{value}`"), known.1.advice(word))),
            Comparison::Different if !left.1.meets(right.1) => {
                Some((format!("`{name}` always differs from `{value}`"), known.1.advice(word)))
            }
            Comparison::Different if known.1.is_only(word) => Some((format!("`{name}` is always `{value}`"), None)),
            Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual
                if !left.1.compares(comparison, right.1) =>
            {
                let sign = if std::ptr::eq(known.0, left.0) { comparison } else { comparison.turned() }.sign();
                Some((format!("`{name}` is never `{sign} {value}`"), known.1.advice(None)))
            }
            Comparison::In => self.in_list(left, right),
            Comparison::Contains => Self::has(left.1, right.0, Place::Anywhere)
                .map(|(part, advice)| (format!("`{}` never contains `'{part}'`", self.written(left.0)), advice)),
            _ => None,
        };
        match found {
            Some((message, _)) if word.is_some_and(|word| word.contains('*')) && comparison == Comparison::Equal => {
                let help = "globs belong to `request`, as in `request: {path: \"/tracks/*\"}`; here, `matches` takes a regular expression";
                self.problem(NEVER, range.clone(), message, Some(help.to_owned()));
            }
            Some((message, help)) => self.problem(NEVER, range.clone(), message, help),
            None => self.doubts(comparison, known, fixed.0, range, std::ptr::eq(known.0, right.0)),
        }
    }

    /// A comparison that can hold, and hardly as its author means it.
    fn doubts(&mut self, comparison: Comparison, known: (&Node, &Type), fixed: &Node, range: &Range<usize>, is_turned: bool) {
        let name = self.written(known.0);
        let items = match (comparison, fixed) {
            (Comparison::Equal | Comparison::Different, node) => std::slice::from_ref(node),
            (Comparison::In, Node::List(items)) => &items[..items.len().min(MOST_ITEMS)],
            (comparison, Node::Literal(Value::String(text))) if comparison.opposite().is_some() => {
                if let Some((message, help)) = known.1.doubt(&name, text).filter(|_| known.1.can_be(Type::NUMBER_BIT)) {
                    self.problem(DOUBTFUL, range.clone(), message, Some(help));
                    return;
                }
                let is_number = text.parse::<f64>().is_ok_and(f64::is_finite) && known.1.kinds & !Type::NULL == Type::TEXT_BIT;
                if let (Node::Path(path, _), true) = (known.0, is_number) {
                    let is_less = matches!(comparison, Comparison::Less | Comparison::LessOrEqual);
                    let is_upper = is_less != is_turned;
                    let message = format!("`{name}` is text, and compared by the order of letters: `10` is less than `9`");
                    self.problem(DOUBTFUL, range.clone(), message, Some(in_texts(path, text, is_upper)));
                }
                return;
            }
            (Comparison::Contains | Comparison::In, Node::Literal(Value::String(part))) => {
                let is_part = is_turned == (comparison == Comparison::In);
                if let Some(doubt) = known.1.doubt_of_part(&name, part, Place::Anywhere).filter(|_| is_part) {
                    self.doubt(range.clone(), doubt);
                } else if is_part && is_object(known) {
                    self.doubt_of_object(range.clone(), "contains");
                }
                return;
            }
            _ => return,
        };
        if matches!(known.0, Node::Path(path, _) if path.root == "answer" && path.members() == [Some("status")]) {
            let number = |item: &Node| if let Node::Literal(Value::Number(number)) = item { number.as_f64() } else { None };
            if let Some((message, help)) = items.iter().filter_map(number).find_map(|number| self.types.doubt_of_status(number)) {
                self.problem(DOUBTFUL, range.clone(), message, Some(help));
            }
            return;
        }
        let words = || items.iter().filter_map(|item| if let Node::Literal(Value::String(word)) = item { Some(word) } else { None });
        if let Some(word) = words().find(|word| word.len() > 1 && word.contains('*')) {
            let message = format!("`'{word}'` is this text itself, `*` included");
            let help = "globs belong to `request`, as in `request: {body: {name: \"A*\"}}`; here, `matches` takes a regular expression";
            self.problem(DOUBTFUL, range.clone(), message, Some(help.to_owned()));
            return;
        }
        let words = words();
        if let Some(doubt) = words.filter_map(|word| known.1.doubt(&name, word)).next() {
            self.doubt(range.clone(), doubt);
        }
    }

    /// Tells of what can hold, and hardly does: what it is, and what to do.
    fn doubt(&mut self, range: Range<usize>, (message, help): (String, String)) {
        self.problem(DOUBTFUL, range, message, Some(help));
    }

    /// A value that is never in a list, or never one of the values in it; a text that is in none.
    fn in_list(&self, left: (&Node, &Type), right: (&Node, &Type)) -> Option<(String, Option<String>)> {
        let name = self.written(left.0);
        let Node::List(items) = right.0 else {
            let (part, advice) = Self::has(right.1, left.0, Place::Anywhere)?;
            return Some((format!("`'{part}'` is never in `{}`", self.written(right.0)), advice));
        };
        let is_never = |item: &&Node| matches!(item, Node::Literal(value) if !value.is_null() && !left.1.meets(&Type::of_value(value)));
        let never: Vec<&Node> = items.iter().take(MOST_ITEMS).filter(is_never).collect();
        let first = never.first()?;
        let word = if let Node::Literal(Value::String(text)) = first { Some(text.as_str()) } else { None };
        let what =
            if never.len() == items.len() { format!("in `{}`", self.written(right.0)) } else { format!("`{}`", self.written(first)) };
        Some((format!("`{name}` is never {what}"), left.1.advice(word)))
    }

    /// A fixed text that none of the texts of a type has in it.
    fn has<'n>(whole: &Type, part: &'n Node, place: Place) -> Option<(&'n str, Option<String>)> {
        let Node::Literal(Value::String(part)) = part else { return None };
        let is_text = whole.kinds & !Type::NULL == Type::TEXT_BIT;
        (is_text && !whole.texts.has(part, place)).then(|| (part.as_str(), whole.texts.advice(part)))
    }

    /// What to do about two values of unlike types.
    fn advice(&self, comparison: Comparison, one: &Type, other: &Type, left: &Node, right: &Node) -> Option<String> {
        let (text, number) = if one.kinds & !Type::NULL == Type::TEXT_BIT { (left, right) } else { (right, left) };
        let is_number = one.kinds & !Type::NULL == Type::NUMBER_BIT;
        match (comparison, right) {
            (Comparison::Contains, _) if is_number => return Some(self.by_size(left)),
            (Comparison::In, Node::List(items)) if is_number => {
                let number = |item: &Node| if let Node::Literal(Value::String(text)) = item { text.parse::<f64>().is_ok() } else { false };
                let bare: Vec<String> = items.iter().map(|item| self.written(item).trim_matches('\'').to_owned()).collect();
                return items.iter().all(number).then(|| format!("take the quotes away: `[{}]`", bare.join(", ")));
            }
            _ => {}
        }
        let is_text_and_number = one.kinds | other.kinds == Type::TEXT_BIT | Type::NUMBER_BIT | (one.kinds | other.kinds) & Type::NULL;
        let is_credential = |node: &Node| matches!(node, Node::Path(path, _) if path.root == "credential" && path.steps.is_empty());
        if is_credential(left) || is_credential(right) {
            return Some("the name of its account is `$credential.account`".to_owned());
        }
        if !is_text_and_number {
            return None;
        }
        match (number, text) {
            (Node::Literal(Value::Number(number)), Node::Path(path, _)) if comparison.opposite().is_some() => {
                let is_upper = matches!(comparison, Comparison::Less | Comparison::LessOrEqual) == std::ptr::eq(text, left);
                Some(in_texts(path, &number.to_string(), is_upper))
            }
            (_, Node::Literal(Value::String(text))) if class(text).is_some() => class(text),
            (Node::Literal(Value::Number(number)), _) => Some(format!("quote it: `'{number}'`")),
            (_, Node::Literal(Value::String(text))) if text.parse::<f64>().is_ok() => Some(format!("take the quotes away: `{text}`")),
            _ => None,
        }
    }

    /// How a number is compared, for those who took it for a text.
    fn by_size(&self, node: &Node) -> String {
        let name = self.written(node);
        let is_status = matches!(node, Node::Path(path, _) if path.root == "answer" && path.members() == [Some("status")]);
        let by = if is_status { format!("`{name} >= 500 and {name} < 600`") } else { format!("`{name} >= 1`") };
        format!("numbers are compared by their size: {by}")
    }

    /// Something that is calculated with, by an operator.
    fn operand(&mut self, node: &Node, by: Option<Operator>) -> Type {
        let found = self.node(node);
        if !found.can_be(Type::NUMBER_BIT) {
            let message = format!("`{}` is {}, and only numbers can be calculated with", self.written(node), found.noun());
            let is_path = matches!(node, Node::Path(path, _) if path.root == "request");
            let help = match by {
                Some(Operator::Subtract) if is_path => {
                    Some("a name with `-` in front of a digit stands in brackets: `$request.headers[\"x-2\"]`")
                }
                Some(Operator::Add) if found.kinds & !Type::NULL == Type::TEXT_BIT => Some("texts are not joined: compare each by itself"),
                _ => None,
            };
            self.problem(UNLIKE, self.range(node), message, help.map(str::to_owned));
        }
        found
    }

    fn calculate(&mut self, found: Type, operator: Operator, node: &Node) -> Type {
        let other = self.operand(node, Some(operator));
        if !(found.can_be(Type::NUMBER_BIT) && other.can_be(Type::NUMBER_BIT)) {
            // Told already.
            return Type::ANY;
        }
        let is_zero = operator == Operator::Divide && (other.numbers.least, other.numbers.most) == (0.0, 0.0);
        let numbers = found.numbers.calculate(operator, other.numbers);
        let is_number = numbers.is_some() && (found.kinds | other.kinds) == Type::NUMBER_BIT;
        let kinds = if is_zero { Type::NULL } else { Type::NUMBER_BIT | if is_number { 0 } else { Type::NULL } };
        Type { numbers: numbers.unwrap_or(Numbers::ANY), ..Type::of(kinds) }
    }

    /// What something is, whatever is wrong with it.
    pub fn type_of(&self, node: &Node) -> Type {
        Checking { text: self.text, types: self.types, shapes: &[], problems: Vec::new() }.node(node)
    }

    fn call(&mut self, function: Function, arguments: &[Node]) -> Type {
        let takes = match function {
            Function::Len => Type::TEXT_BIT | Type::LIST_BIT | Type::OBJECT_BIT,
            Function::Lower | Function::StartsWith | Function::EndsWith => Type::TEXT_BIT,
        };
        let mut types = Vec::new();
        for argument in arguments {
            let found = self.node(argument);
            if !found.can_be(takes) {
                let message = format!("`{}` is {}, expected {}", self.written(argument), found.noun(), Type::of(takes).noun());
                self.problem(UNLIKE, self.range(argument), message, None);
            }
            types.push(found);
        }
        let place = if function == Function::StartsWith { Place::Start } else { Place::End };
        match (function, arguments, &types[..]) {
            (Function::Len, _, [found]) => {
                let (least, most) = if found.kinds & takes == Type::TEXT_BIT { found.texts.lengths() } else { (0.0, f64::INFINITY) };
                let has_length = found.kinds & !takes == 0;
                let nothing = Type::of(if has_length { Type::NUMBER_BIT } else { Type::NULL });
                Type::whole(least..=most).or(&Type { kinds: nothing.kinds & Type::NULL, ..nothing })
            }
            (Function::Lower, _, [found]) => found.lowered(),
            (Function::StartsWith | Function::EndsWith, [whole, part], [found, _]) => {
                if let Some((part, advice)) = Self::has(found, part, place) {
                    let verb = if place == Place::Start { "begins" } else { "ends" };
                    self.problem(NEVER, self.range(whole), format!("`{}` never {verb} with `'{part}'`", self.written(whole)), advice);
                } else if let Node::Literal(Value::String(part)) = part
                    && let Some(doubt) = found.doubt_of_part(&self.written(whole), part, place)
                {
                    self.doubt(self.range(whole), doubt);
                }
                Type::FLAG
            }
            _ => Type::ANY,
        }
    }

    /// A node as it is written, as far as that is known.
    pub fn written(&self, node: &Node) -> String {
        let inner = |node: &Node| match node {
            Node::Any(_) | Node::All(_) => format!("({})", self.written(node)),
            _ => self.written(node),
        };
        let all = |nodes: &[Node], word: &str| nodes.iter().map(inner).collect::<Vec<_>>().join(word);
        match node {
            Node::Literal(value) => value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'")),
            Node::Path(path, _) => path.to_string(),
            Node::List(items) => format!("[{}]", items.iter().map(|item| self.written(item)).collect::<Vec<_>>().join(", ")),
            Node::Compare(comparison, sides, range) => match self.text.get(range.clone()) {
                Some(text) if !text.is_empty() => text.to_owned(),
                _ => format!("{} {} {}", self.written(&sides.0), comparison.sign(), self.written(&sides.1)),
            },
            Node::Call(function, arguments) => {
                format!("{}({})", function.name(), arguments.iter().map(|node| self.written(node)).collect::<Vec<_>>().join(", "))
            }
            Node::Arithmetic(first, rest) => {
                rest.iter().fold(self.written(first), |text, (operator, node)| format!("{text} {} {}", operator.sign(), self.written(node)))
            }
            Node::Negate(inner) => format!("-{}", self.written(inner)),
            Node::Matches(inner, regex, _) => format!("{} matches '{regex}'", self.written(inner)),
            Node::Exists(inner) => format!("{} exists", self.written(inner)),
            Node::Not(node) => format!("not {}", inner(node)),
            Node::Any(nodes) => all(nodes, " or "),
            Node::All(nodes) => all(nodes, " and "),
        }
    }

    pub fn range(&self, node: &Node) -> Range<usize> {
        self.extent(node).unwrap_or(0..self.text.len())
    }

    /// From the first to the last place of a node that is known.
    fn extent(&self, node: &Node) -> Option<Range<usize>> {
        match node {
            Node::Path(_, range) | Node::Compare(_, _, range) => Some(range.clone()),
            Node::Not(inner) | Node::Exists(inner) | Node::Matches(inner, ..) => self.extent(inner),
            Node::Call(_, nodes) => self.extent(nodes.first()?),
            Node::Any(nodes) | Node::All(nodes) => Some(self.extent(nodes.first()?)?.start..self.extent(nodes.last()?)?.end),
            _ => None,
        }
    }
}
