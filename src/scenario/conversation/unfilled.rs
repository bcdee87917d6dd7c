//! What a conversation would send with its braces in it: variables that the environment lacks, names that no step before saves, and
//! secrets that were hidden when it was written.

use std::collections::BTreeSet;

use super::placeholders::{self, ALWAYS, VARIABLE, is_name};
use crate::scenario::error::{Diagnostic, Span, nearest};
use crate::scenario::node::{Kind, Node};
use crate::scenario::story::{Action, Body, Call, HeaderText, SentHeaders, Story};

/// What stands in an export in place of a secret.
const HIDDEN: &str = "[redacted]";

impl Story {
    /// Everything that would be sent otherwise than it is meant. Each name is told where it stands first.
    #[must_use]
    pub fn unfilled(&self, has_variable: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
        let known = BTreeSet::from(ALWAYS);
        let mut look = Look { story: self, has_variable, known, told: BTreeSet::new(), found: Vec::new() };
        for step in &self.steps {
            match &step.action {
                Action::Call(call) => look.call(call, step.repeat > 1),
                Action::Subscribe(made) => made.secret.iter().for_each(|secret| look.sent(secret, made.span)),
                Action::Receives(expected) => expected.iter().for_each(|webhook| look.node(&webhook.node, false)),
                Action::Advance(..) | Action::Unsubscribe(_) => {}
            }
        }
        look.found
    }
}

/// What is said of braces with something in them that is nearly a name, and would be sent as it is.
pub(in crate::scenario) fn wrong_form(text: &str, meant: Option<&str>, owner: Option<&str>) -> Option<(String, String)> {
    let help = match (meant, owner) {
        (Some(name), _) if name.trim() == text.trim() => format!("leave the blanks out: `{{{{{name}}}}}`"),
        (Some(name), _) => format!("write `{{{{{name}}}}}`"),
        (None, Some(owner)) => format!("save what is needed of `{owner}` under a name of its own: `save: {{NAME: path.0.member}}`"),
        (None, None) => return None,
    };
    Some((format!("`{{{{{text}}}}}` is not filled in"), help))
}

struct Look<'s> {
    story: &'s Story,
    has_variable: &'s dyn Fn(&str) -> bool,
    /// Names that have a value at this step.
    known: BTreeSet<&'s str>,
    told: BTreeSet<&'s str>,
    found: Vec<Diagnostic>,
}

impl<'s> Look<'s> {
    fn call(&mut self, call: &'s Call, is_repeated: bool) {
        let saved = call.save.iter().map(|(name, _)| name.as_str());
        if is_repeated {
            self.known.extend(saved.clone());
        }
        self.sent(&call.line, call.line.span);
        self.headers(&self.story.headers, &call.headers);
        self.headers(&call.headers, &[]);
        match &call.body {
            Some(Body::Json(node) | Body::Form(node)) => self.node(node, true),
            Some(Body::Text(text)) => self.sent(text, call.line.span),
            Some(Body::Bytes(_)) | None => {}
        }
        if let Some(expected) = &call.expect {
            let content = &expected.content;
            [&content.json, &content.has].into_iter().flatten().for_each(|node| self.node(node, false));
            let headers = content.headers.iter().filter_map(|(_, value)| value.as_ref());
            headers.chain(&content.text).for_each(|text| self.text(text, text.span, false));
        }
        self.known.extend(saved);
    }

    /// Headers of a call, but for those that it has itself.
    fn headers(&mut self, headers: &'s SentHeaders, own: &[(crate::scenario::error::Spanned<String>, Option<HeaderText>)]) {
        for (name, value) in headers {
            if let Some(HeaderText::Text(text)) = value
                && !own.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
            {
                self.sent(text, text.span);
            }
        }
    }

    fn node(&mut self, node: &'s Node, is_sent: bool) {
        match &node.kind {
            Kind::Text(text) => self.text(text, node.span, is_sent),
            Kind::List(items) => items.iter().for_each(|item| self.node(item, is_sent)),
            Kind::Map(members) => members.iter().for_each(|member| {
                self.text(&member.key, member.key.span, is_sent);
                self.node(&member.value, is_sent);
            }),
            _ => {}
        }
    }

    fn sent(&mut self, text: &'s str, span: Span) {
        self.text(text, span, true);
    }

    fn text(&mut self, text: &'s str, span: Span, is_sent: bool) {
        for (place, name) in placeholders::all(text) {
            // A value that is nothing but a name may have blanks around it.
            let is_whole = place == (0..text.len()) && self.known.contains(name.trim());
            let meant = placeholders::meant(name).filter(|meant| !is_whole && self.may_be(meant));
            let owner = placeholders::owner(name).filter(|owner| self.known.contains(owner));
            if let Some((message, help)) = wrong_form(name, meant.as_deref(), owner).filter(|_| is_sent) {
                self.tell(name, span, message, help);
                continue;
            }
            let (message, help) = match name.strip_prefix(VARIABLE) {
                Some(variable) if !(self.has_variable)(variable) => {
                    let help = format!("set it, or write the value in place of `{{{{{name}}}}}`");
                    (format!("the environment has no variable `{variable}`"), help)
                }
                None if is_sent && is_name(name) && !self.known.contains(name) => {
                    let near = nearest(name, self.known.iter().copied().filter(|known| known.len() > 1));
                    let help = near.map_or_else(
                        || format!("a step before it has `save: {{{name}: path.into.the.answer}}`"),
                        |near| format!("did you mean `{{{{{near}}}}}`?"),
                    );
                    (format!("no step before saves `{name}`"), help)
                }
                _ => continue,
            };
            self.tell(name, span, message, help);
        }
        if is_sent && text.contains(HIDDEN) {
            let help = "export the calls with `secrets=show`, or write the secret, or `{{env.NAME}}`, in its place";
            self.tell(HIDDEN, span, format!("`{HIDDEN}` stands for a secret that was hidden"), help.to_owned());
        }
    }

    /// Whether a name has a value at this step.
    fn may_be(&self, name: &str) -> bool {
        self.known.contains(name) || name.starts_with(VARIABLE)
    }

    fn tell(&mut self, name: &'s str, span: Span, message: String, help: String) {
        if self.told.insert(name) {
            self.found.push(Diagnostic::at("S011", message, &self.story.source, span, &help));
        }
    }
}
