//! Sessions of people who have shown the token of the admin API, and the tokens that show that a form is ours.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac::{self, HMAC_SHA256, Key};

use crate::base::time::Timestamp;
use crate::server::clock::wall;
use crate::server::secret::secret;

/// The cookie of a session.
const COOKIE: &str = "seatrial-session";

/// How long a session lasts.
const LIFE: Duration = Duration::from_secs(12 * 60 * 60);

/// How many sessions there are at most; the oldest one makes room.
const MOST: usize = 1_000;

/// The sessions of this process, and what its forms are signed with.
pub(super) struct Sessions {
    key: Key,
    /// When each began, by its id.
    open: Mutex<BTreeMap<String, Timestamp>>,
    /// Held while a token is looked at, and for a second after a wrong one.
    pub turn: tokio::sync::Mutex<()>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { key: Key::new(HMAC_SHA256, &secret()), open: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl Sessions {
    /// Opens a session; the cookie that is its only key.
    pub fn open(&self) -> String {
        let (id, now) = (URL_SAFE_NO_PAD.encode(secret()), wall());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, began| now.duration_since(*began).unsigned_abs() < LIFE);
        if open.len() >= MOST
            && let Some(oldest) = open.iter().min_by_key(|(_, began)| **began).map(|(id, _)| id.clone())
        {
            open.remove(&oldest);
        }
        open.insert(id.clone(), now);
        format!("{COOKIE}={id}; HttpOnly; SameSite=Strict; Path=/_seatrial; Max-Age={}", LIFE.as_secs())
    }

    /// Ends the session of a request; the cookie that says so.
    pub fn close(&self, parts: &Parts) -> String {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        cookie(parts, COOKIE).and_then(|id| open.remove(id));
        format!("{COOKIE}=; HttpOnly; SameSite=Strict; Path=/_seatrial; Max-Age=0")
    }

    /// The id of the session that a request belongs to.
    pub fn find(&self, parts: &Parts) -> Option<String> {
        let id = cookie(parts, COOKIE)?;
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (id, began) = open.get_key_value(id)?;
        (wall().duration_since(*began).unsigned_abs() < LIFE).then(|| id.clone())
    }

    /// What forms of a session send along.
    pub fn form_token(&self, session: Option<&str>) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, session.unwrap_or_default().as_bytes()))
    }

    pub fn is_form_token(&self, session: Option<&str>, given: &str) -> bool {
        let given = URL_SAFE_NO_PAD.decode(given).unwrap_or_default();
        hmac::verify(&self.key, session.unwrap_or_default().as_bytes(), &given).is_ok()
    }
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
        let (sessions, others) = (Sessions::default(), Sessions::default());
        let token = sessions.form_token(Some("a"));
        assert!(sessions.is_form_token(Some("a"), &token));
        assert!(!sessions.is_form_token(Some("b"), &token) && !sessions.is_form_token(None, &token));
        assert!(!others.is_form_token(Some("a"), &token) && !sessions.is_form_token(None, ""));
    }

    #[test]
    fn a_session_is_found_by_its_cookie_until_it_ends() {
        let sessions = Sessions::default();
        let cookie = sessions.open();
        let pair = cookie.split(';').next().expect("a cookie has a value");
        let request = |cookie: &str| http::Request::get("/").header("cookie", cookie).body(()).expect("a request").into_parts().0;
        assert!(sessions.find(&request(&format!("a=b; {pair}"))).is_some());
        assert!(sessions.find(&request("seatrial-session=guessed")).is_none());
        sessions.close(&request(pair));
        assert!(sessions.find(&request(pair)).is_none());
    }
}
