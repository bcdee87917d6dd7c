//! What is at `/` where no vendor is: where everything is, as a page, as JSON or as plain text. Browsers
//! are led to the page for them (`ui`), where there is one.

use std::fmt::Write as _;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, LOCATION, VARY};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde::Serialize;

use crate::engine::DEFAULT;
use crate::server::admin::{Admin, ROOT};
use crate::server::body::{Payload, full_body};
use crate::server::host;

/// The addresses of everything that is served.
#[derive(Serialize)]
struct StartPage {
    name: &'static str,
    version: &'static str,
    /// Names and base URLs of the mounts.
    vendors: Vec<Place>,
    admin: String,
    /// The document of the admin API.
    openapi: String,
    /// The documents of the vendors.
    documents: Vec<Place>,
    sandboxes: String,
    /// The journal of requests that met nothing.
    unmatched: String,
}

#[derive(Serialize)]
struct Place {
    name: String,
    url: String,
}

/// Whether a request asks for the page, if it meets no vendor.
pub(super) fn is_asked(method: &Method, path: &str) -> bool {
    matches!(*method, Method::GET | Method::HEAD) && path == "/"
}

/// The page, in the form that the request takes.
pub(super) fn response(admin: &Admin, parts: &Parts) -> Response<Payload> {
    let page = StartPage::of(admin, parts);
    let accept = parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if admin.has_page
        && accept.contains("text/html")
        && let Ok(address) = HeaderValue::from_str(&format!("{}/ui/", page.admin))
    {
        let mut response = Response::new(full_body(""));
        *response.status_mut() = StatusCode::SEE_OTHER;
        response.headers_mut().insert(LOCATION, address);
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
        return response;
    }
    let (kind, body) = if accept.contains("text/html") {
        ("text/html; charset=utf-8", page.html())
    } else if accept.contains("json") {
        ("application/json", serde_json::to_string(&page).expect("a page has text keys"))
    } else {
        ("text/plain; charset=utf-8", page.text())
    };
    let mut response = Response::new(full_body(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}

impl StartPage {
    fn of(admin: &Admin, parts: &Parts) -> Self {
        let (vendors, urls) = (admin.machine.vendors(), admin.machine.public_urls());
        let origin = host::origin(parts);
        let here = match (&urls.public, urls.admin) {
            (Some(public), _) => format!("{public}{ROOT}"),
            (None, Some(apart)) if apart.ip().is_unspecified() => format!("{}{ROOT}", origin.at_port(apart.port())),
            (None, Some(apart)) => format!("http://{apart}{ROOT}"),
            (None, None) => format!("{origin}{ROOT}"),
        };
        let url = |mount: &str| if admin.shares_listener { urls.url_from(&origin, DEFAULT, mount) } else { urls.url(DEFAULT, mount) };
        let vendor = |mount: &str| Place { name: mount.to_owned(), url: url(mount) };
        let document = |id: &str| Place { name: id.to_owned(), url: format!("{here}/specs/{id}") };
        Self {
            name: "seatrial",
            version: env!("CARGO_PKG_VERSION"),
            vendors: vendors.mounts().iter().map(|mount| vendor(mount)).collect(),
            openapi: format!("{here}/openapi.json"),
            documents: vendors.all().iter().map(|vendor| document(&vendor.id)).collect(),
            sandboxes: format!("{here}/sandboxes"),
            unmatched: format!("{here}/requests/unmatched"),
            admin: here,
        }
    }

    /// Headings with what is below them.
    fn sections(&self) -> [(&'static str, Vec<(&str, &str)>); 3] {
        fn places(rows: &[Place]) -> Vec<(&str, &str)> {
            rows.iter().map(|row| (row.name.as_str(), row.url.as_str())).collect()
        }
        let admin = vec![
            ("its document", self.openapi.as_str()),
            ("sandboxes, with credentials", self.sandboxes.as_str()),
            ("requests that met nothing", self.unmatched.as_str()),
        ];
        [("vendors: base URLs", places(&self.vendors)), ("admin API", admin), ("documents of the vendors", places(&self.documents))]
    }

    fn text(&self) -> String {
        let mut out = format!("Seatrial {}: carrier APIs on localhost\n", self.version);
        for (heading, rows) in self.sections() {
            let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
            let _ = write!(out, "\n{heading}\n");
            for (name, url) in rows {
                let _ = writeln!(out, "  {name:<width$}  {url}");
            }
        }
        out
    }

    /// Hosts of URLs have letters, digits and a few signs, so that nothing has to be escaped but what proxies say of paths.
    fn html(&self) -> String {
        let title = format!("Seatrial {}", self.version);
        let mut out = format!("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<h1>{title}</h1>\n");
        out.push_str("<p>Carrier APIs on localhost</p>\n");
        for (heading, rows) in self.sections() {
            let _ = write!(out, "<h2>{heading}</h2>\n<ul>\n");
            for (name, url) in rows {
                let url = url.replace('&', "&amp;").replace('\'', "&#39;").replace('"', "&quot;").replace('<', "&lt;");
                let _ = writeln!(out, "<li>{name}: <a href=\"{url}\">{url}</a></li>");
            }
            out.push_str("</ul>\n");
        }
        out
    }
}
