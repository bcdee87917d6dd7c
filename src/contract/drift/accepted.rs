//! The list of differences that are known, each with the reason why it is no news.

use serde::Deserialize;
use serde_json::Value;

use super::Difference;
use crate::base::text;

/// A list of accepted differences.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    accepted: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// Operations or schemas; `*` stands for any text, here and in the next two.
    subject: OneOrMore,
    /// Where in each of them; the whole of it unless told.
    #[serde(default)]
    place: OneOrMore,
    kind: String,
    /// What differs, where not every difference of the kind is meant.
    #[serde(default)]
    detail: Option<String>,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Default for OneOrMore {
    fn default() -> Self {
        Self::One(String::new())
    }
}

impl OneOrMore {
    fn all(&self) -> &[String] {
        match self {
            Self::One(pattern) => std::slice::from_ref(pattern),
            Self::More(patterns) => patterns,
        }
    }
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AcceptedError {
    #[error("{0}; it has `accepted`, a list of `{{subject, place, kind, detail, reason}}`")]
    Shape(#[from] serde_json::Error),
    #[error("row {0} accepts `*`, which is every subject: name the operation or the schema")]
    Anything(usize),
    #[error("row {0} gives no reason")]
    NoReason(usize),
}

impl Accepted {
    /// Reads a list.
    ///
    /// # Errors
    /// When it is none, or a row says too little.
    pub fn read(list: Value) -> Result<Self, AcceptedError> {
        let list: Self = serde_json::from_value(list)?;
        for (row, number) in list.accepted.iter().zip(1..) {
            if row.subject.all().iter().any(|subject| subject.trim_matches('*').is_empty()) {
                return Err(AcceptedError::Anything(number));
            }
            if row.reason.trim().is_empty() {
                return Err(AcceptedError::NoReason(number));
            }
        }
        Ok(list)
    }

    pub(super) fn accepts(&self, difference: &Difference) -> bool {
        self.accepted.iter().any(|row| row.fits(difference))
    }

    /// The subjects and places of rows that fit no difference.
    pub(super) fn stale(&self, differences: &[Difference]) -> Vec<String> {
        let mut stale = Vec::new();
        for row in &self.accepted {
            let fitting: Vec<&Difference> = differences.iter().filter(|difference| row.fits(difference)).collect();
            let is_used = |pattern: &str, part: fn(&Difference) -> &str| fitting.iter().any(|row| text::fits_glob(part(row), pattern));
            let subjects = row.subject.all().iter().filter(|pattern| !is_used(pattern, |row| &row.subject));
            stale.extend(subjects.map(|subject| format!("{subject} {} {}", row.place.all().join(" "), row.kind)));
            if !fitting.is_empty() {
                let places = row.place.all().iter().filter(|pattern| !is_used(pattern, |row| &row.place));
                stale.extend(places.map(|place| format!("{} {place} {}", row.subject.all().join(" "), row.kind)));
            }
        }
        stale
    }
}

impl Row {
    fn fits(&self, difference: &Difference) -> bool {
        let is_one = |patterns: &OneOrMore, text: &str| patterns.all().iter().any(|pattern| text::fits_glob(text, pattern));
        is_one(&self.subject, &difference.subject)
            && is_one(&self.place, &difference.place)
            && difference.kind.word() == self.kind
            && self.detail.as_ref().is_none_or(|detail| text::fits_glob(&difference.detail, detail))
    }
}
