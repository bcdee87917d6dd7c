//! OpenAPI documents of users, 3.0 and 3.1, as the catalog of operations reads them: the keywords of 3.1 in those of 3.0, references to
//! schemas of `components` alone, an id for every operation. What cannot be read is told where it stands.
//!
//! **Invariant:** no document takes more than its limits: of bytes, depth and values (`node`), of values after references were followed,
//! and of what one value may have to be held against (`openapi/parts.rs`).

mod operations;
mod own;
mod parts;
mod schemas;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::error::{Diagnostic, Source, Span, nearest};
use super::node::{self, Kind, Member, Node};

/// Values of a document once its references were followed: its schemas, and what is copied to several places.
const MOST_VALUES: usize = 500_000;
/// So much text counts as one value more, where it is copied.
const BYTES_PER_VALUE: usize = 256;
/// What its patterns may take when they are compiled.
const MOST_PATTERN_BYTES: usize = 32 << 20;
/// Problems that are kept, of which the first are shown, and names that are looked through for one that was meant.
const MOST_PROBLEMS: usize = 1_000;
const MOST_NAMES: usize = 2_000;
/// Mappings with more members get an index, so that many references into one take no time that multiplies.
const FEW_MEMBERS: usize = 16;
/// References that lead to references.
const MOST_STEPS: usize = 16;

/// A document that was read.
pub struct Document {
    /// As OpenAPI 3.0, without what is not read.
    pub json: Value,
    /// What it says that is not held against requests and answers.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a document.
///
/// # Errors
///
/// Everything that is wrong with it.
pub fn document(bytes: &[u8], file: &str) -> Result<Document, Vec<Diagnostic>> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let source = Arc::new(Source::new(file, text));
    if let Err(error) = std::str::from_utf8(bytes) {
        let start = error.valid_up_to();
        let span = Span::new(start, start + char::REPLACEMENT_CHARACTER.len_utf8());
        let mut problem = Diagnostic::new("S001", &source, span, "text is not utf-8");
        problem.help("save the file as utf-8");
        return Err(vec![problem]);
    }
    let (root, problems) = node::load_within(&source, &node::DOCUMENT);
    let Some(root) = root else { return super::parse::outcome((None, problems)) };
    let mut reader = Reader {
        source: &source,
        root: &root,
        is_newer: false,
        problems,
        hoisted: BTreeMap::new(),
        pending: Vec::new(),
        left: MOST_VALUES,
        told: BTreeSet::new(),
        maps: BTreeMap::new(),
        patterns: BTreeSet::new(),
        pattern_bytes: 0,
    };
    let json = reader.document();
    let Reader { mut problems, .. } = reader;
    problems.sort_by_key(|problem| problem.span.start);
    let (warnings, problems): (Vec<_>, Vec<_>) = problems.into_iter().partition(Diagnostic::is_warning);
    super::parse::outcome((json, problems)).map(|json| Document { json, warnings })
}

/// A problem of a document that was read, where the path of an operation stands, or else at its beginning.
#[must_use]
pub fn problem(bytes: &[u8], file: &str, message: String) -> Diagnostic {
    let source = Arc::new(Source::new(file, String::from_utf8_lossy(bytes)));
    let quoted = message.split('`').skip(1).step_by(2).filter(|word| word.starts_with('/')).find_map(|word| {
        let start = source.text.find(word)?;
        Some(Span::new(start, start + word.len()))
    });
    let mut problem = Diagnostic::new("S300", &source, quoted.unwrap_or_default(), message);
    problem.help("OpenAPI 3.0 and 3.1 are read");
    problem
}

struct Reader<'d> {
    source: &'d Arc<Source>,
    root: &'d Node,
    is_newer: bool,
    problems: Vec<Diagnostic>,
    /// Schemas that stand elsewhere and are referred to: their pointers, with the components that they become.
    hoisted: BTreeMap<String, String>,
    pending: Vec<(String, &'d Node)>,
    left: usize,
    /// Keywords that were told not to be judged, each once.
    told: BTreeSet<String>,
    /// The members of large mappings, by the addresses of these.
    maps: BTreeMap<usize, BTreeMap<&'d str, &'d Node>>,
    /// The patterns so far, each once, and what they take.
    patterns: BTreeSet<&'d str>,
    pattern_bytes: usize,
}

impl<'d> Reader<'d> {
    fn document(&mut self) -> Option<Value> {
        let root = self.root;
        let Kind::Map(members) = &root.kind else {
            self.problem("S300", root.span, format!("{} is no OpenAPI document", root.found())).help("it begins with `openapi: 3.1.0`");
            return None;
        };
        self.version(members)?;
        let own = root.get("x-seatrial");
        own.into_iter().for_each(|own| self.own(own));
        for member in members {
            self.extension(&member.key.value, member.key.span, "x-seatrial");
        }
        let schemes = root.get("components").and_then(|components| components.get("securitySchemes"));
        let schemes = self.security_schemes(schemes);
        let paths = self.paths(&schemes);
        let mut components = Map::new();
        for member in root.get("components").and_then(|components| components.get("schemas")).map_or(&[][..], Node::members) {
            let schema = self.schema(&member.value);
            components.insert(member.key.value.clone(), schema);
        }
        while let Some((name, node)) = self.pending.pop() {
            let schema = self.schema(node);
            components.insert(name, schema);
        }
        self.parts(&components, &paths);
        let mut document =
            json!({"openapi": "3.0.3", "info": {"title": self.text("info", "title"), "version": self.text("info", "version")}});
        for name in ["servers", "security", "x-seatrial", "x-rate-limit"] {
            if let Some(node) = root.get(name) {
                document[name] = self.copy(node);
            }
        }
        document["paths"] = paths.into();
        document["components"] = json!({"schemas": components, "securitySchemes": schemes});
        Some(document)
    }

    fn version(&mut self, members: &[Member]) -> Option<()> {
        let root = self.root;
        let found = members.iter().find(|member| member.key.value == "openapi");
        if let Some(old) = members.iter().find(|member| member.key.value == "swagger") {
            self.problem("S300", old.key.span, "Swagger 2.0 is not read").help("convert it to OpenAPI 3.0 or 3.1 first");
            return None;
        }
        let Some(found) = found else {
            let span = members.first().map_or(root.span, |member| member.key.span);
            self.problem("S300", span, "no member `openapi`, which says the version")
                .help("an OpenAPI document begins with `openapi: 3.1.0`");
            return None;
        };
        let version = found.value.scalar();
        self.is_newer = version.starts_with("3.1");
        if !self.is_newer && !version.starts_with("3.0") {
            self.problem("S300", found.value.span, format!("OpenAPI {version} is not read")).help("OpenAPI 3.0 and 3.1 are read");
            return None;
        }
        Some(())
    }

    fn text(&self, object: &str, member: &str) -> String {
        self.root.get(object).and_then(|object| object.get(member)).map(Node::scalar).unwrap_or_default()
    }

    fn problem(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.problems.truncate(MOST_PROBLEMS);
        let index = self.problems.len();
        self.problems.push(Diagnostic::new(code, self.source, span, message));
        &mut self.problems[index]
    }

    /// Counts values that a node becomes; false once there are too many.
    fn takes(&mut self, node: &Node, count: usize) -> bool {
        if self.left > 0 && self.left <= count {
            let message = format!("references multiply the document to more than {MOST_VALUES} values");
            self.problem("S002", node.span, message).help("mount the part of it that your client calls");
        }
        self.left = self.left.saturating_sub(count);
        self.left > 0
    }

    /// Counts a node and all in it.
    fn takes_all(&mut self, node: &Node) -> bool {
        self.left > 0 && self.takes(node, node.weight())
    }

    /// A node as it stands.
    fn copy(&mut self, node: &Node) -> Value {
        if self.takes_all(node) { node.to_json() } else { Value::Null }
    }

    /// What stands at a JSON pointer of a URL.
    fn at(&mut self, pointer: &str) -> Option<&'d Node> {
        let mut node = self.root;
        for step in pointer.split('/').skip(1) {
            let step = crate::base::text::percent_decode(step).replace("~1", "/").replace("~0", "~");
            node = match &node.kind {
                Kind::List(items) => items.get(step.parse::<usize>().ok()?)?,
                Kind::Map(members) if members.len() > FEW_MEMBERS => {
                    let index = || members.iter().map(|member| (member.key.value.as_str(), &member.value)).collect();
                    self.maps.entry(std::ptr::from_ref(node).addr()).or_insert_with(index).get(&*step).copied()?
                }
                _ => node.get(&step)?,
            };
        }
        (pointer.is_empty() || pointer.starts_with('/')).then_some(node)
    }

    /// What a node stands for that may be a reference to another one, of parameters, responses, bodies and paths.
    fn resolved(&mut self, node: &'d Node) -> Option<&'d Node> {
        let mut node = node;
        for _ in 0..MOST_STEPS {
            let Some(reference) = node.get("$ref") else { return Some(node) };
            node = self.target(reference)?;
        }
        self.problem("S304", node.span, "the reference leads to itself").help("refer to what is meant");
        None
    }

    /// The node that the text of a reference leads to.
    fn target(&mut self, reference: &'d Node) -> Option<&'d Node> {
        let Kind::Text(text) = &reference.kind else {
            self.problem("S301", reference.span, format!("{} as reference, expected text", reference.found())).help("`$ref` is a URL");
            return None;
        };
        let Some(pointer) = text.strip_prefix('#') else {
            self.problem("S301", reference.span, format!("`{text}` is in another file, which is not read"))
                .help("bundle the document into one file first");
            return None;
        };
        let found = self.at(pointer);
        if found.is_none() {
            let (folder, name) = pointer.rsplit_once('/').unwrap_or_default();
            let known = self.at(folder).filter(|_| self.problems.len() < MOST_PROBLEMS).map_or(&[][..], Node::members);
            let nearest = nearest(name, known.iter().take(MOST_NAMES).map(|member| member.key.value.as_str()));
            let help = nearest.map_or_else(|| format!("nothing stands at `{pointer}`"), |word| format!("did you mean `#{folder}/{word}`?"));
            self.problem("S301", reference.span, format!("`{text}` refers to nothing")).help(help);
        }
        found
    }

    fn security_schemes(&mut self, schemes: Option<&'d Node>) -> Map<String, Value> {
        let rows = schemes.map_or(&[][..], Node::members);
        let mut found = Map::new();
        for member in rows {
            let Some(scheme) = self.resolved(&member.value) else { continue };
            let kind = scheme.get("type").map(Node::scalar).unwrap_or_default();
            let mut row = json!({"type": kind});
            for name in ["in", "name", "scheme"] {
                if let Some(node) = scheme.get(name) {
                    row[name] = node.scalar().into();
                }
            }
            // The rest of it does not matter here, and would have to be complete.
            let row = match &*kind {
                "apiKey" | "http" => row,
                "oauth2" => json!({"type": "http", "scheme": "bearer"}),
                "openIdConnect" => json!({"type": "http", "scheme": "bearer"}),
                "mutualTLS" => json!({"type": "apiKey", "in": "header", "name": "x-client-certificate"}),
                other => {
                    let known = "expected one of `apiKey`, `http`, `oauth2`, `openIdConnect`, `mutualTLS`";
                    self.problem("S300", scheme.span, format!("unknown type `{other}` of a security scheme")).help(known);
                    continue;
                }
            };
            found.insert(member.key.value.clone(), row);
        }
        found
    }
}

impl Node {
    fn members(&self) -> &[Member] {
        if let Kind::Map(members) = &self.kind { members } else { &[] }
    }

    fn items(&self) -> &[Self] {
        if let Kind::List(items) = &self.kind { items } else { &[] }
    }

    fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|member| member.key.value == name).map(|member| &member.value)
    }

    fn scalar(&self) -> String {
        match &self.kind {
            Kind::Text(text) => text.clone(),
            Kind::Number(number) => number.to_string(),
            Kind::Bool(flag) => flag.to_string(),
            _ => String::new(),
        }
    }

    fn is_true(&self) -> bool {
        self.kind == Kind::Bool(true)
    }

    /// As how many values its copy counts: itself and all in it, long texts as several.
    fn weight(&self) -> usize {
        let inner = match &self.kind {
            Kind::Text(text) => text.len() / BYTES_PER_VALUE,
            Kind::List(items) => items.iter().map(Self::weight).sum(),
            Kind::Map(members) => members.iter().map(|member| member.key.value.len() / BYTES_PER_VALUE + member.value.weight()).sum(),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => 0,
        };
        1 + inner
    }
}
