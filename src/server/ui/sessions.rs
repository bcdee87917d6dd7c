//! Sessions of people who have shown the token of the admin API, and the tokens that show that a form is ours.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac::{self, HMAC_SHA256, Key};

use crate::base::entropy::Secret;
use crate::server::clock::wall;
use crate::server::secret::secret;

/// The cookie of a session.
const COOKIE: &str = "seatrial-session";

/// How long a session lasts.
const LIFE: Duration = Duration::from_secs(12 * 60 * 60);

/// By how much the clocks of two replicas may differ.
const SKEW: Duration = Duration::from_secs(60);

/// How many ends of sessions are remembered.
const MOST: usize = 10_000;

/// What sessions and forms are signed with. All replicas of a fleet sign alike, so that any of them takes what another one gave; another
/// token of the admin API ends all sessions.
pub(super) struct Sessions {
    key: Key,
    /// When each began that was ended here before its time, by its id.
    ended: Mutex<BTreeMap<String, i64>>,
}

impl Sessions {
    /// Sessions that are signed with a secret, for those who have shown the token.
    pub fn new(secret: &Secret, token: &str) -> Self {
        let key = hmac::sign(&Key::new(HMAC_SHA256, secret), token.as_bytes());
        Self { key: Key::new(HMAC_SHA256, key.as_ref()), ended: Mutex::default() }
    }

    /// Opens a session; the cookie that is its only key.
    pub fn open(&self) -> String {
        let id = format!("{}.{}", wall().as_second(), URL_SAFE_NO_PAD.encode(secret()));
        let seal = self.seal(&id);
        format!("{COOKIE}={id}.{seal}; HttpOnly; SameSite=Strict; Path=/_seatrial; Max-Age={}", LIFE.as_secs())
    }

    /// Ends the session of a request; the cookie that says so.
    pub fn close(&self, parts: &Parts) -> String {
        if let Some((id, began)) = self.read(parts) {
            let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
            let now = wall().as_second();
            ended.retain(|_, began| is_alive(*began, now));
            if ended.len() < MOST {
                ended.insert(id, began);
            }
        }
        format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/_seatrial; Max-Age=0")
    }

    /// The id of the session that a request belongs to.
    pub fn find(&self, parts: &Parts) -> Option<String> {
        let (id, _) = self.read(parts)?;
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        (!ended.contains_key(&id)).then_some(id)
    }

    /// The id of a session that was opened, and is not over, and when it began.
    fn read(&self, parts: &Parts) -> Option<(String, i64)> {
        let (id, seal) = cookie(parts, COOKIE)?.rsplit_once('.')?;
        let seal = URL_SAFE_NO_PAD.decode(seal).ok()?;
        hmac::verify(&self.key, sealed(id).as_bytes(), &seal).ok()?;
        let began = id.split('.').next()?.parse().ok()?;
        is_alive(began, wall().as_second()).then(|| (id.to_owned(), began))
    }

    fn seal(&self, id: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, sealed(id).as_bytes()))
    }

    /// What forms of a session send along.
    pub fn form_token(&self, session: Option<&str>) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, filled(session).as_bytes()))
    }

    pub fn is_form_token(&self, session: Option<&str>, given: &str) -> bool {
        let given = URL_SAFE_NO_PAD.decode(given).unwrap_or_default();
        hmac::verify(&self.key, filled(session).as_bytes(), &given).is_ok()
    }
}

/// What is signed of a session. No form has such a text.
fn sealed(id: &str) -> String {
    format!("session {id}")
}

/// What is signed of a form.
fn filled(session: Option<&str>) -> String {
    format!("form {}", session.unwrap_or_default())
}

/// Whether a session that began then is not over. It may have begun where the clock is ahead of this one.
fn is_alive(began: i64, now: i64) -> bool {
    let age = now.saturating_sub(began);
    let limit = if age < 0 { SKEW } else { LIFE };
    age.unsigned_abs() < limit.as_secs()
}

/// The value of a cookie.
pub(super) fn cookie<'p>(parts: &'p Parts, name: &str) -> Option<&'p str> {
    let headers = parts.headers.get_all(::http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    headers.flat_map(|header| header.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_one_process_and_one_session() {
        let (sessions, others) = (Sessions::new(&[1; 32], "known"), Sessions::new(&[2; 32], "known"));
        let token = sessions.form_token(Some("a"));
        assert!(sessions.is_form_token(Some("a"), &token));
        assert!(!sessions.is_form_token(Some("b"), &token) && !sessions.is_form_token(None, &token));
        assert!(!others.is_form_token(Some("a"), &token) && !sessions.is_form_token(None, ""));
    }

    #[test]
    fn a_session_ends_after_half_a_day() {
        let now = 1_800_000_000;
        assert!(is_alive(now, now) && is_alive(now - 43_199, now) && is_alive(now + 59, now));
        assert!(!is_alive(now - 43_200, now) && !is_alive(now + 60, now) && !is_alive(i64::MIN, now) && !is_alive(i64::MAX, -now));
    }

    #[test]
    fn a_session_is_found_by_its_cookie_until_it_ends() {
        let sessions = Sessions::new(&[1; 32], "known");
        let cookie = sessions.open();
        let pair = cookie.split(';').next().expect("a cookie has a value");
        let request = |cookie: &str| http::Request::get("/").header("cookie", cookie).body(()).expect("a request").into_parts().0;
        assert!(sessions.find(&request(&format!("a=b; {pair}"))).is_some());
        assert!(Sessions::new(&[1; 32], "known").find(&request(pair)).is_some(), "another replica takes it");
        assert!(Sessions::new(&[1; 32], "changed").find(&request(pair)).is_none());
        let later = pair.replacen(|digit: char| digit.is_ascii_digit(), "9", 1);
        for unlike in ["seatrial-session=guessed", "seatrial-session=1.2.3", &later, &format!("{pair}A")] {
            assert!(sessions.find(&request(unlike)).is_none(), "{unlike}");
        }
        sessions.close(&request(pair));
        assert!(sessions.find(&request(pair)).is_none());
    }
}
