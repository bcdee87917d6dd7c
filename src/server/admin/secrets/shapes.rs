//! Takes out what is a credential by its shape or by its place in a command: `Bearer …`, signed tokens, keys with a prefix that says whose
//! they are, private keys, `--password …`.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;

use super::clean::{Clean, quoted, until};
use super::values::Found;

/// Whether a text may have the shape of a credential: the name of a scheme in it, or the beginning of a signed token.
pub(super) fn is_shaped(text: &str) -> bool {
    static ANY: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let built = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(BEGINNINGS);
        built.expect("the beginnings are few")
    });
    ANY.is_match(text)
}

/// What credentials have in front of them, or begin with.
const BEGINNINGS: [&str; 24] = [
    "earer",
    "EARER",
    "asic",
    "ASIC",
    "Token",
    "eyJ",
    "AIza",
    "AKIA",
    "SG.",
    "_live_",
    "_test_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "npm_",
    "hooks.slack.com/",
    "/webhooks/",
    "api.telegram.org/",
    "webhook.office.com/",
];

/// A text without what is a credential wherever it stands: behind the name of a scheme, signed tokens, private keys.
pub(super) fn shaped<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
        let schemes = r"(?-u)\b(?:(?<basic>(?i:basic))|(?i:bearer)|[A-Z][A-Za-z]*Token)[ \t]+(?<value>[\w.~+/=-]{4,})";
        let words = r"[a-z]{2,16}_(?:live|test)_[0-9A-Za-z]{24,}|gh[oprsu]_\w{36}|github_pat_\w{22,}|npm_\w{36}|AKIA[0-9A-Z]{16}";
        let marks = r"glpat-[\w-]{20,}|xox[abeprs]-[\w-]{10,}|AIza[\w-]{35}|SG\.[\w-]{16,}\.[\w-]{16,}";
        let slack = r"hooks\.slack(?:-gov)?\.com/[a-z]+/(?:[A-Z0-9]{6,16}/)+";
        let bots = r"discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[0-9]+/|api\.telegram\.org/(?:file/)?bot[0-9]+(?::|%3[Aa])";
        let office = r"webhook\.office\.com/webhookb2/[\w@.-]+/IncomingWebhook/";
        let hooks = format!(r"(?:{slack}|{bots}|{office})(?<hook>[\w-]{{4,}}(?:/[0-9a-f-]{{36}})?)");
        Regex::new(&format!(r"{schemes}|{hooks}|(?<signed>\b(?:eyJ[\w-]+\.[\w.-]+|{words}|{marks}))")).expect("the pattern is one")
    });
    if !is_shaped(text) {
        return text.into();
    }
    let mut clean = Clean::new(text);
    for place in SHAPES.captures_iter(text) {
        if let Some(hook) = place.name("hook") {
            clean.hide(hook.range(), found);
            continue;
        }
        let Some(value) = place.name("value").or(place.name("signed")) else { continue };
        // A sentence about the scheme goes on with a word, a challenge with `realm=`.
        let is_word = value.as_str().trim_end_matches(['.', '=']).bytes().skip(1).all(|byte| byte.is_ascii_lowercase());
        let is_pair = found.add_password(value.as_str());
        if is_pair || !(is_word || place.name("basic").is_some()) {
            clean.hide(value.range(), found);
        }
    }
    clean.finish()
}

/// Private keys, from their first line to their last; of one that is cut, all that there is. Those of PuTTY have lines behind a count.
pub(super) fn private_keys<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    let mut clean = Clean::new(text);
    let mut at = 0;
    while let Some(start) = text[at..].find("-----BEGIN ").map(|offset| at + offset) {
        let label = start + "-----BEGIN ".len();
        at = until(text, label, &['-', '\n']);
        if text[label..at].contains("PRIVATE KEY") {
            at = text[at..].find("-----END").map_or(text.len(), |end| until(text, at + end, &['\n', '"', '\'', '<', '&', '\\']));
            clean.hide(start..at, found);
        }
    }
    if clean.done == 0
        && let Some(start) = text.find("Private-Lines:").map(|start| start + "Private-Lines:".len())
    {
        let end = text[start..].find("Private-MAC").map_or_else(|| until(text, start, &['"', '\'', '<']), |length| start + length);
        clean.hide(start..end, found);
    }
    clean.finish()
}

/// What follows an option of a command with the name of a secret, or `-u name:`, and what a tab parts from such a name.
pub(super) fn options<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    static OPTION: LazyLock<Regex> = LazyLock::new(|| {
        let (option, column) =
            (r"(?:^|[\s=('\x22`])--?(?<option>[A-Za-z][\w.-]{0,63})(?:[ \t]+|=)", r"(?m:^)[ ]*(?<column>[\w.-]{1,64})\t+");
        Regex::new(&format!("(?-u){option}|{column}")).expect("the pattern is one")
    });
    if !text.contains(" -") && !text.starts_with('-') && !text.contains('\t') {
        return text.into();
    }
    let names = Arc::clone(&found.names);
    let (mut clean, mut at) = (Clean::new(text), 0);
    while let Some(place) = OPTION.captures_at(text, at) {
        let start = place.get(0).map_or(text.len(), |whole| whole.end());
        let Some(name) = place.name("option").or(place.name("column")) else { break };
        // The blank behind an option may be the one before the next.
        at = name.end();
        let name = name.as_str();
        let is_column = place.name("column").is_some();
        let value = || quoted(text, start).unwrap_or_else(|| start..until(text, start, if is_column { &ENDS[1..4] } else { &ENDS }));
        if !is_column && ["u", "U", "user", "proxy-user"].contains(&name) {
            let value = value();
            if let Some(colon) = text[value.clone()].find(':') {
                clean.hide(value.start + colon + 1..value.end, found);
            }
        } else if names.is_secret(name) && !text[..start].ends_with('=') && !text[start..].starts_with('-') {
            clean.hide(value(), found);
        }
    }
    clean.finish()
}

/// What statements of databases, files of logins, addresses of drivers, commands with short options and digests say:
/// `IDENTIFIED BY '…'`, `login … password …`, `jdbc:oracle:thin:user/…@`, `mysql -p…`, `http -a ada:…`, `Digest … response=…`,
/// `ada:…@host:5432/shop`, `system/…@//host:1521/xe`.
pub(super) fn said<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    static SAID: LazyLock<Regex> = LazyLock::new(|| {
        let statement = r"(?-u:\b)(?i:identified[ \t]+by|password)[ \t]+(?<quote>['\x22])";
        let login = r"(?-u:\b)(?:login|user)[ \t\r\n]+[^\s|│]+[ \t\r\n]+password[ \t\r\n]+(?<word>[^\s'\x22]+)";
        let driver = r"(?-u:\b)jdbc:[A-Za-z0-9:]+:[^\s/@:'\x22]+/(?<driver>[^\s'\x22@]+)@";
        let attached = r"(?-u:\b)(?:mysql|mariadb)[\w-]{0,16}[ \t](?:[^\n;|&]*?[ \t])?-p(?<attached>[^\s'\x22]+|['\x22])";
        let short = r"redis-cli[ \t](?:[^\n;|&]*?[ \t])?-a|[a-z][\w-]*[ \t]+(?:[a-z]+[ \t]+)?login[ \t](?:[^\n;|&]*?[ \t])?-p";
        let apart = format!(r"(?-u:\b)(?:sshpass[ \t]+-p|{short})[ \t]*(?<apart>[^\s'\x22]+|['\x22])");
        let digest = r"(?-u:\b)(?i:digest)[ \t](?:[^\r\n]*?[, ])?response=(?<digest>[^\s'\x22,]+|['\x22])";
        let http = r"(?-u:\b)(?:https?|xhs?)[ \t](?:[^\n;|&]*?[ \t])?(?:-a|--auth)[ \t=]*['\x22]?[^\s:'\x22]+:(?<http>[^\s'\x22]+)";
        let host = r"(?-u:[\w-]+(?:\.[\w-]+)*:[0-9]{2,5}\b)";
        let pair = format!(r"(?:^|[\s'\x22=(,;])(?-u:[\w.$+-])+:(?<pair>[^\s:/@'\x22<>]{{4,}})@{host}");
        let oracle = r"(?:^|[\s'\x22=(,;])(?-u:[\w.$#])+/(?<oracle>[^\s:/@'\x22<>]{2,})@//(?-u:[\w.-])";
        let sqlplus = r"(?-u:\b)(?:sqlplus|sqlldr|expdp|impdp)[ \t](?:[^\n;|&]*?[ \t])?['\x22]?(?-u:[\w.$#])+/(?<sqlplus>[^\s:/@'\x22<>]+)";
        Regex::new(&format!("{statement}|{login}|{driver}|{attached}|{apart}|{digest}|{http}|{pair}|{oracle}|{sqlplus}"))
            .expect("the pattern is one")
    });
    let begins = [
        "assword",
        "ASSWORD",
        "dentified",
        "DENTIFIED",
        "jdbc:",
        "mysql",
        "mariadb",
        "sshpass",
        "redis-cli",
        "response=",
        " login ",
        " -a",
        " --auth",
        "sqlplus",
        "sqlldr",
        "expdp",
        "impdp",
    ];
    // The name of an account and a password stand before a host with its port.
    let has_host = || text.split_once('@').is_some_and(|(account, host)| account.contains([':', '/']) && host.contains([':', '/']));
    if !begins.iter().any(|begin| text.contains(begin)) && !has_host() {
        return text.into();
    }
    let mut clean = Clean::new(text);
    for place in SAID.captures_iter(text) {
        let word = ["quote", "word", "driver", "attached", "apart", "digest", "http", "pair", "oracle", "sqlplus"]
            .iter()
            .find_map(|name| place.name(name));
        if let Some(word) = word {
            clean.hide(quoted(text, word.start()).unwrap_or(word.range()), found);
        }
    }
    clean.finish()
}

/// What ends a word of a command.
const ENDS: [char; 6] = [' ', '\t', '\r', '\n', '"', '\''];
