//! The form that asks for the token of the admin API, where one is needed. The token is in no page, address or cookie.

use std::time::Duration;

use ::http::header::{HeaderValue, LOCATION};
use ::http::request::Parts;
use ::http::{Method, Response, StatusCode};
use maud::html;

use crate::server::admin::Admin;
use crate::server::body::{Payload, full_body};
use crate::server::ui::access;
use crate::server::ui::failure::Failure;
use crate::server::ui::form::Form;
use crate::server::ui::frame;
use crate::server::ui::parts;
use crate::server::ui::sessions::Sessions;
use crate::server::ui::view::{PAGES, is_of_pages};

/// How long the answer takes to a token that was wrong. Nobody else waits for it.
const PAUSE: Duration = Duration::from_secs(1);

/// The form. It answers every address, so that the page that was wanted comes after it.
pub(super) fn ask(sessions: &Sessions, parts: &Parts) -> Response<Payload> {
    let wanted = parts.uri.path_and_query().map_or("", |path| path.as_str());
    form(sessions, StatusCode::UNAUTHORIZED, if parts.method == Method::GET { wanted } else { "" }, None)
}

/// Opens a session for the right token, or ends it.
pub(super) async fn answer(admin: &Admin, sessions: &Sessions, parts: &Parts, sent: &Form) -> Response<Payload> {
    if parts.method != Method::POST {
        return form(sessions, StatusCode::OK, "", None);
    }
    let session = sessions.find(parts);
    if !sessions.is_form_token(session.as_deref(), sent.get("token")) {
        let detail = "the form is of another process or session; load the page again";
        return frame::plain_failure(&Failure::new(StatusCode::FORBIDDEN, detail));
    }
    if sent.get("out") == "1" {
        let cookie = sessions.close(parts);
        return access::with_cookie(to(&format!("{PAGES}/login")), Some(&cookie));
    }
    if !admin.guard.is_token(sent.get("secret").trim()) {
        tokio::time::sleep(PAUSE).await;
        return form(sessions, StatusCode::FORBIDDEN, sent.get("back"), Some("This is not the token of this server."));
    }
    let back = sent.get("back");
    let back = if is_of_pages(back) { back } else { "/_seatrial/ui/" };
    access::with_cookie(to(back), Some(&sessions.open()))
}

fn form(sessions: &Sessions, status: StatusCode, back: &str, wrong: Option<&str>) -> Response<Payload> {
    let body = html! {
        div.head { div { h1 { "Sign in" } p { "This server is reached by others, so its admin API needs its token." } } }
        @if let Some(wrong) = wrong { (parts::notice(wrong)) }
        form.fields method="post" action={ (PAGES) "/login" } {
            input type="hidden" name="token" value=(sessions.form_token(None));
            input type="hidden" name="back" value=(back);
            div.field {
                label for="secret" { "Token: " code { "SEATRIAL_ADMIN_TOKEN" } ", or the one that was printed when the server started" }
                input #secret name="secret" type="password" autocomplete="current-password" required autofocus;
            }
            div { button.b.main { "Sign in" } }
        }
    };
    frame::bare(status, "Sign in", &body)
}

fn to(address: &str) -> Response<Payload> {
    let mut response = Response::new(full_body(""));
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().extend(HeaderValue::from_str(address).ok().map(|address| (LOCATION, address)));
    response
}
