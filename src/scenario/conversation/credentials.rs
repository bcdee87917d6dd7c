//! Conversations are written with the credentials of the default sandbox; this maps them to those of the sandbox in which they are
//! played.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::engine::{Machine, Sandbox};

/// Pairs of a credential of the default sandbox and the other sandbox's credential in the same row and member.
#[derive(Clone, Debug, Default)]
pub struct CredentialMap(Vec<(String, String)>);

/// The text with the default sandbox's credentials instead of those of `sandbox`: the form that conversations have in files.
#[must_use]
pub fn with_default_credentials(machine: &Machine, sandbox: &Sandbox, mount: &str, text: &str) -> String {
    let CredentialMap(mut pairs) = CredentialMap::of(machine, sandbox, mount);
    // A shorter credential, made by a scenario, may stand anywhere in a text without being one.
    pairs.retain(|(_, theirs)| theirs.len() >= 8);
    let default = |text: &str| pairs.iter().fold(text.to_owned(), |text, (default, theirs)| text.replace(theirs.as_str(), default));
    let mut words = default(text).split_inclusive("Basic ").map(str::to_owned).collect::<Vec<_>>();
    for word in words.iter_mut().skip(1) {
        let end = word.find(|letter: char| !(letter.is_ascii_alphanumeric() || "+/=".contains(letter))).unwrap_or(word.len());
        let pair = STANDARD.decode(&word[..end]).ok().and_then(|pair| String::from_utf8(pair).ok());
        if let Some(pair) = pair {
            *word = format!("{}{}", STANDARD.encode(default(&pair)), &word[end..]);
        }
    }
    words.concat()
}

impl CredentialMap {
    /// The map for a sandbox and the vendor at `mount`.
    #[must_use]
    pub fn of(machine: &Machine, sandbox: &Sandbox, mount: &str) -> Self {
        let default = machine.default_sandbox().lock().world.accounts().credentials(mount);
        let theirs = sandbox.lock().world.accounts().credentials(mount);
        Self::between(default.iter().map(|row| &*row.fields), theirs.iter().map(|row| &*row.fields))
    }

    /// The map from some rows of credentials to others, one by one.
    pub fn between<'r>(
        default: impl IntoIterator<Item = &'r Map<String, Value>>,
        theirs: impl IntoIterator<Item = &'r Map<String, Value>>,
    ) -> Self {
        let pairs = default.into_iter().zip(theirs).flat_map(|(default, theirs)| {
            let members = default.iter();
            members.filter_map(|(name, value)| Some((value.as_str()?.to_owned(), theirs.get(name)?.as_str()?.to_owned())))
        });
        let mut pairs: Vec<(String, String)> = pairs.filter(|(default, theirs)| default != theirs).collect();
        // One may be a part of another, and the whole is meant.
        pairs.sort_by_key(|(default, _)| std::cmp::Reverse(default.len()));
        Self(pairs)
    }

    /// Leaves out credentials of the other side.
    pub fn without(&mut self, is_left_out: impl Fn(&str) -> bool) {
        self.0.retain(|(_, theirs)| !is_left_out(theirs));
    }

    /// The text with the default sandbox's credentials in place of the other ones that are long enough to be no ordinary word.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let long = self.0.iter().filter(|(_, theirs)| theirs.len() >= 8);
        long.fold(text.to_owned(), |text, (default, theirs)| text.replace(theirs.as_str(), default))
    }

    /// A header with the sandbox's own credentials.
    #[must_use]
    pub fn header(&self, value: &str) -> String {
        let Some(pair) = value.strip_prefix("Basic ").and_then(|pair| STANDARD.decode(pair).ok()) else {
            return self.0.iter().fold(value.to_owned(), |text, (default, theirs)| text.replace(default.as_str(), theirs));
        };
        let pair = String::from_utf8_lossy(&pair).into_owned();
        let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.substitute(user, 0), self.substitute(password, 1))))
    }

    /// The sandbox's credential for one of the default sandbox; any other text is returned as it is. `nth` tells apart credentials
    /// that are equal in the default sandbox, such as a user name and a password.
    #[must_use]
    pub fn substitute<'t>(&'t self, text: &'t str, nth: usize) -> &'t str {
        let found: Vec<&str> = self.0.iter().filter(|(default, _)| default == text).map(|(_, theirs)| theirs.as_str()).collect();
        found.get(nth).or(found.first()).copied().unwrap_or(text)
    }
}
