//! What happens in a sandbox, for the script of a page that shows it.

use ::http::Method;
use bytes::Bytes;

use crate::server::ui::failure::Failure;
use crate::server::ui::shown::Shown;
use crate::server::ui::view::View;

/// The events of the admin API, behind the session of the page.
pub(super) async fn stream(view: &View<'_>) -> Result<Shown, Failure> {
    let answer = view.ask(Method::GET, &view.route("/stream?topics=calls,clock"), "application/json", &Bytes::new()).await?;
    if !answer.status().is_success() {
        let status = answer.status();
        return view.bytes(answer).await.and(Err(Failure::new(status, "there is no stream")));
    }
    Ok(Shown::File(answer))
}
