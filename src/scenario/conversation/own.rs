//! Credentials of the default sandbox, which stories are written with, and what stands in their place in another one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::engine::{Machine, Sandbox};

/// Texts of the default sandbox's credentials, with what stands in their place.
pub struct Own(Vec<(String, String)>);

/// A text in which the credentials of a sandbox stand, with those of the default one in their place: the form that
/// conversations have in files.
#[must_use]
pub fn portable(machine: &Machine, sandbox: &Sandbox, mount: &str, text: &str) -> String {
    let Own(mut own) = Own::of(machine, sandbox, mount);
    // What a scenario made so short may stand anywhere in a text without being a credential.
    own.retain(|(_, mine)| mine.len() >= 8);
    let usual = |text: &str| own.iter().fold(text.to_owned(), |text, (usual, mine)| text.replace(mine.as_str(), usual));
    let mut words = usual(text).split_inclusive("Basic ").map(str::to_owned).collect::<Vec<_>>();
    for word in words.iter_mut().skip(1) {
        let end = word.find(|letter: char| !(letter.is_ascii_alphanumeric() || "+/=".contains(letter))).unwrap_or(word.len());
        let pair = STANDARD.decode(&word[..end]).ok().and_then(|pair| String::from_utf8(pair).ok());
        if let Some(pair) = pair {
            *word = format!("{}{}", STANDARD.encode(usual(&pair)), &word[end..]);
        }
    }
    words.concat()
}

impl Own {
    /// Those of a sandbox with the vendor at `mount`.
    #[must_use]
    pub fn of(machine: &Machine, sandbox: &Sandbox, mount: &str) -> Self {
        let usual = machine.default_sandbox().lock().world.accounts.credentials(mount);
        let mine = sandbox.lock().world.accounts.credentials(mount);
        let rows = usual.iter().zip(mine.iter());
        let texts = rows.flat_map(|(usual, mine)| {
            let members = usual.facts.iter();
            members.filter_map(|(name, value)| Some((value.as_str()?.to_owned(), mine.facts.get(name)?.as_str()?.to_owned())))
        });
        Self(texts.filter(|(usual, mine)| usual != mine).collect())
    }

    /// A header with the sandbox's own credentials.
    #[must_use]
    pub fn header(&self, value: &str) -> String {
        let Some(pair) = value.strip_prefix("Basic ").and_then(|pair| STANDARD.decode(pair).ok()) else {
            return self.0.iter().fold(value.to_owned(), |text, (usual, mine)| text.replace(usual.as_str(), mine));
        };
        let pair = String::from_utf8_lossy(&pair).into_owned();
        let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.mine(user, 0), self.mine(password, 1))))
    }

    /// What stands in the place of a text of the default sandbox's; `nth` tells apart what is written alike there.
    #[must_use]
    pub fn mine<'t>(&'t self, text: &'t str, nth: usize) -> &'t str {
        let found: Vec<&str> = self.0.iter().filter(|(usual, _)| usual == text).map(|(_, mine)| mine.as_str()).collect();
        found.get(nth).or(found.first()).copied().unwrap_or(text)
    }
}
