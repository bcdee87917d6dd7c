//! What a page is, and what becomes of a request for one.

use std::pin::Pin;

use ::http::{Method, Response};
use maud::Markup;

use crate::server::body::Payload;
use crate::server::ui::failure::Failure;
use crate::server::ui::view::View;

/// What a page's function returns.
type Showing<'v> = Pin<Box<dyn Future<Output = Result<Shown, Failure>> + Send + 'v>>;

/// A row of the table of pages.
pub(super) struct Page {
    pub method: Method,
    /// Below `/_seatrial/ui`; `{s}` is the name of a sandbox, which is there when the function is called.
    pub path: &'static str,
    /// The tab that is marked.
    pub tab: &'static str,
    pub show: for<'v> fn(&'v View<'v>) -> Showing<'v>,
}

/// What a request for a page gets.
pub(super) enum Shown {
    Content(Content),
    To { address: String, cookie: Option<String> },
    File(Response<Payload>),
}

/// What is within the frame.
pub(super) struct Content {
    pub title: String,
    pub body: Markup,
}

impl Shown {
    pub fn content(title: impl Into<String>, body: Markup) -> Self {
        Self::Content(Content { title: title.into(), body })
    }

    pub fn to(address: impl Into<String>) -> Self {
        Self::To { address: address.into(), cookie: None }
    }
}
