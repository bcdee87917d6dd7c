//! The page for browsers, at `/_seatrial/ui/`: what happened, why, what comes next, and a hand on it.
//!
//! ```text
//! request ─▶ access ─▶ the table of pages ─▶ page ──▶ frame ─▶ HTML
//!                                             │ ▲
//!                                             ▼ │ in process
//!                                          admin API
//! ```
//!
//! A page is a file: an async function from a [`View`] to what is shown, which it asks the admin API for, and markup (`maud`, which
//! escapes whatever it is given). Forms post to `/{s}/do/{action}`; `actions` is the table of what they may do, each a call of the admin
//! API. `frame` is what all pages share, with the table of tabs. **Invariant:** the page can do nothing that the admin API cannot, and
//! nothing in it is markup that came from elsewhere: no `PreEscaped`, no script or style but the two files in `assets/`.

mod access;
mod actions;
mod agenda;
mod assets;
mod body;
mod clock;
mod contract;
mod delivery;
mod failure;
mod form;
mod frame;
mod go;
mod home;
mod live;
mod login;
mod parcel;
mod parcels;
mod parts;
mod reference;
mod request;
mod requests;
mod rows;
mod sandboxes;
mod scenario;
mod sessions;
mod shown;
mod view;
mod webhooks;

use std::sync::{Arc, LazyLock, Once};

use ::http::header::LOCATION;
use ::http::request::Parts;
use ::http::{Method, Response, StatusCode};
use bytes::Bytes;
use indexmap::IndexMap;
use matchit::Router;

use crate::base::text;
use crate::engine;
use crate::server::access::AdminAuth;
use crate::server::admin::{self, Admin, ROOT};
use crate::server::body::{Payload, full_body};
use crate::server::secret::secret;
use crate::server::ui::failure::Failure;
use crate::server::ui::form::Form;
use crate::server::ui::sessions::Sessions;
use crate::server::ui::shown::{Page, Shown};
use crate::server::ui::view::View;

/// Where the page is, below [`ROOT`].
const BELOW: &str = "/ui";

/// Makes a row of the table: method, path below `/_seatrial/ui`, the tab that is marked, and the function.
macro_rules! page {
    ($method:ident $path:literal, $tab:literal, $show:path) => {
        Page { method: Method::$method, path: $path, tab: $tab, show: |view| Box::pin($show(view)) }
    };
}

static PAGES: &[Page] = &[
    page!(GET "/", "", go::default),
    page!(GET "/go", "", go::look_up),
    page!(GET "/go/{id}", "", go::look_up),
    page!(GET "/{s}", "Home", home::show),
    page!(GET "/{s}/requests", "Requests", requests::show),
    page!(GET "/{s}/requests/latest", "Requests", request::latest),
    page!(GET "/{s}/requests/{id}", "Requests", request::show),
    page!(GET "/{s}/requests/{id}/body/{of}", "Requests", request::body),
    page!(GET "/{s}/requests/{id}/export", "Requests", request::export),
    page!(GET "/{s}/export", "Requests", requests::export),
    page!(GET "/{s}/clear", "Requests", requests::ask_to_clear),
    page!(GET "/{s}/parcels", "Parcels", parcels::show),
    page!(GET "/{s}/parcels/{number}", "Parcels", parcel::show),
    page!(GET "/{s}/parcels/{number}/label", "Parcels", parcel::label),
    page!(GET "/{s}/webhooks", "Webhooks", webhooks::show),
    page!(GET "/{s}/webhooks/{id}/remove", "Webhooks", webhooks::ask_to_remove),
    page!(GET "/{s}/deliveries/{id}", "Webhooks", delivery::show),
    page!(GET "/{s}/inbox", "Webhooks", delivery::find_inbox),
    page!(GET "/{s}/inbox/{name}", "Webhooks", delivery::inbox),
    page!(GET "/{s}/agenda", "Agenda", agenda::show),
    page!(GET "/{s}/contract", "Contract", contract::show),
    page!(GET "/{s}/reference", "Reference", reference::show),
    page!(GET "/{s}/reference/{vendor}", "Reference", reference::show),
    page!(GET "/{s}/reference/{vendor}/{operation}", "Reference", reference::show),
    page!(POST "/{s}/reference/{vendor}/{operation}", "Reference", reference::attempt),
    page!(GET "/sandboxes", "Sandboxes", sandboxes::show),
    page!(GET "/{s}/sandbox", "Sandboxes", sandboxes::one),
    page!(GET "/{s}/sandbox/export", "Sandboxes", sandboxes::export),
    page!(GET "/{s}/sandbox/{what}", "Sandboxes", sandboxes::ask),
    page!(GET "/{s}/scenario", "Scenario", scenario::show),
    page!(POST "/{s}/scenario", "Scenario", scenario::draft),
    page!(GET "/{s}/live", "", live::stream),
    page!(POST "/{s}/do/{action}", "", actions::run),
];

/// The page, and the admin API that it is a window of.
pub(super) struct Ui {
    pub admin: Arc<Admin>,
    sessions: Sessions,
    /// Done once the documents of the vendors are being read, which the first page makes happen.
    reads_ahead: Once,
}

impl Ui {
    pub fn new(admin: Admin) -> Self {
        let token = if let AdminAuth::Token(token) = &admin.guard.auth { token } else { "" };
        let sessions = Sessions::new(&admin.fleet.as_ref().map_or_else(secret, |fleet| fleet.secret()), token);
        Self { admin: Arc::new(admin), sessions, reads_ahead: Once::new() }
    }

    /// Answers a request below `/_seatrial`: with a page, or as the admin API does.
    pub async fn answer(&self, parts: &Parts, body: &Bytes) -> Response<Payload> {
        let path = text::decode_unreserved(parts.uri.path());
        let below = path.strip_prefix(ROOT).unwrap_or_default();
        let page = below.strip_prefix(BELOW).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let is_door = matches!(below, "" | "/") && matches!(parts.method, Method::GET | Method::HEAD);
        match page {
            _ if !self.admin.has_page => access::typed(admin::answer(&self.admin, parts, body).await),
            _ if is_door => access::harden(redirect(&format!("{ROOT}{BELOW}/"))),
            Some("") => access::harden(redirect(&format!("{ROOT}{BELOW}/"))),
            Some(page) => access::harden(self.page(parts, page, body).await),
            None => access::typed(admin::answer(&self.admin, parts, body).await),
        }
    }

    async fn page(&self, parts: &Parts, path: &str, body: &Bytes) -> Response<Payload> {
        if let Err(denied) = self.admin.guard.check_page(parts) {
            return frame::plain_failure(&Failure::new(denied.status, denied.detail));
        }
        if let Some(name) = path.strip_prefix("/assets/") {
            return assets::answer(parts, name);
        }
        self.reads_ahead.call_once(|| {
            let machine = Arc::clone(&self.admin.machine);
            tokio::task::spawn_blocking(move || {
                for loaded in machine.vendors().loaded() {
                    let _ = loaded.catalog();
                }
            });
        });
        let form = match Form::read(parts, body) {
            Ok(form) => form,
            Err(failure) => return frame::plain_failure(&failure),
        };
        let session = self.sessions.find(parts);
        if path == "/login" {
            return login::answer(&self.admin, &self.sessions, parts, &form).await;
        }
        if !access::has_token(&self.admin.guard, parts) && session.is_none() {
            return login::ask(&self.sessions, parts);
        }
        let query = engine::pairs(parts.uri.query().unwrap_or_default());
        let mut view = View::new(&self.admin, &self.sessions, session, parts, query, form);
        let (tab, shown) = match find(&parts.method, path) {
            Ok((page, parameters)) => {
                view.parameters = parameters;
                (page.tab, self.show(&view, page).await)
            }
            Err(failure) => ("", Err(failure)),
        };
        match shown {
            Ok(Shown::Content(content)) => frame::write(&view, tab, StatusCode::OK, &content),
            Ok(Shown::To { address, cookie }) => access::with_cookie(redirect(&address), cookie.as_deref()),
            Ok(Shown::File(response)) => response,
            Err(failure) => frame::failure(&view, tab, &failure),
        }
    }

    /// Has the sandboxes that a page is about as new as those of other replicas.
    async fn catch_up(&self, view: &View<'_>, page: &Page) -> Result<(), Failure> {
        let Some(fleet) = &self.admin.fleet else { return Ok(()) };
        let done = match page.path.starts_with("/{s}") {
            true => fleet.catch_up(view.sandbox()).await.map(drop),
            false => fleet.catch_up_all().await.map(drop),
        };
        done.map_err(|fault| Failure::new(StatusCode::SERVICE_UNAVAILABLE, fault.to_string()))
    }

    async fn show(&self, view: &View<'_>, page: &Page) -> Result<Shown, Failure> {
        self.catch_up(view, page).await?;
        if page.path.starts_with("/{s}") && self.admin.machine.sandbox(view.sandbox()).is_none() {
            return Err(Failure::new(StatusCode::NOT_FOUND, format!("there is no sandbox `{}`", view.sandbox())));
        }
        if page.method == Method::POST {
            view.check_form()?;
            let is_taste = actions::TASTES.iter().any(|(taste, _)| *taste == view.parameter("action"));
            if self.admin.recording.is_some() && !is_taste {
                return Err(Failure::new(StatusCode::FORBIDDEN, admin::RECORDED));
            }
        }
        (page.show)(view).await
    }
}

/// The path of the first page of a sandbox.
pub(crate) fn home(sandbox: &str) -> String {
    view::link(sandbox, "")
}

/// Names and values of the parameters of a path.
type Parameters = Vec<(&'static str, String)>;

/// The page of a path, and the parameters of the path.
fn find(method: &Method, path: &str) -> Result<(&'static Page, Parameters), Failure> {
    static ROUTER: LazyLock<Router<Vec<&'static Page>>> = LazyLock::new(router);
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let found = ROUTER.at(path).map_err(|_| Failure::new(StatusCode::NOT_FOUND, "there is no such page"))?;
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let page = found.value.iter().find(|page| page.method == method);
    let page = page.ok_or_else(|| Failure::new(StatusCode::METHOD_NOT_ALLOWED, format!("this page does not take {method}")))?;
    let decode = |name, value| {
        let value = text::percent_decode(value);
        // See `view::link`.
        (name, if name == "s" { value.trim_start_matches('@').to_owned() } else { value })
    };
    Ok((page, found.params.iter().map(|(name, value)| decode(name, value)).collect()))
}

fn router() -> Router<Vec<&'static Page>> {
    let mut by_path: IndexMap<&str, Vec<&'static Page>> = IndexMap::new();
    for page in PAGES {
        by_path.entry(page.path).or_default().push(page);
    }
    let mut router = Router::new();
    for (path, pages) in by_path {
        router.insert(path, pages).expect("the paths of the table are valid and distinct");
    }
    router
}

fn redirect(address: &str) -> Response<Payload> {
    let mut response = Response::new(full_body(""));
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().extend(address.parse().ok().map(|address| (LOCATION, address)));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_belongs_to_a_tab_or_to_none() {
        for page in PAGES {
            assert!(page.tab.is_empty() || frame::TABS.iter().any(|tab| tab.name == page.tab), "{}: {}", page.path, page.tab);
        }
        assert!(find(&Method::GET, "/default/requests").is_ok());
        let first =
            |page: &Page| page.path.split('/').nth(1).map(str::to_owned).filter(|first| !first.is_empty() && !first.starts_with('{'));
        for first in PAGES.iter().filter_map(first) {
            assert!(view::OF_NO_SANDBOX.contains(&&*first), "a sandbox may be named `{first}`");
        }
        assert_eq!(find(&Method::GET, "/a/b/c/d").err().map(|failure| failure.status), Some(StatusCode::NOT_FOUND));
        assert_eq!(find(&Method::PUT, "/default").err().map(|failure| failure.status), Some(StatusCode::METHOD_NOT_ALLOWED));
    }
}
