//! The clock in the header: what time it is there, how it passes, what comes next; and what may be done to it.

use ::http::{Method, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::time::Timestamp;
use crate::engine::{Sandbox, TaskKind};
use crate::server::clock::wall;
use crate::server::ui::failure::Failure;
use crate::server::ui::form::Form;
use crate::server::ui::parts::{self, count};
use crate::server::ui::view::View;
use crate::world::Mode;

/// The clock of a sandbox.
pub(super) struct Clock {
    pub now: Timestamp,
    mode: Mode,
    next: Option<Timestamp>,
    next_kind: Option<TaskKind>,
    /// How many tasks are planned.
    pub due: u64,
    /// Where an advance that is under way leads to.
    to: Option<Timestamp>,
}

impl Clock {
    pub fn of(sandbox: &Sandbox) -> Self {
        let state = sandbox.lock();
        let to = state.world.target().map(|target| target.to);
        let (clock, agenda) = (state.world.clock(), state.world.agenda());
        let next_kind = agenda.next_task().map(TaskKind::of);
        Self { now: clock.now(wall()), mode: clock.mode(), next: agenda.next(), next_kind, due: agenda.len() as u64, to }
    }

    fn passes(&self) -> String {
        match self.mode {
            Mode::Frozen => "Frozen".to_owned(),
            Mode::Realtime => "Running".to_owned(),
            Mode::Speed(factor) => format!("{} times as fast", count(factor.max(1.0) as u64)),
        }
    }
}

/// The clock with its buttons.
pub(super) fn control(view: &View<'_>, clock: &Clock) -> Markup {
    let button = |by: &'static str, label: &'static str| {
        html! {
            form.nos method="post" action=(view.link("/do/advance")) {
                (view.hidden())
                input type="hidden" name="by" value=(by);
                button.b { (label) }
            }
        }
    };
    html! {
        section.clock aria-label="Virtual clock" {
            div {
                time datetime=(clock.now) data-clock {
                    span.d { span.nos { (clock.now.strftime("%a ")) } (clock.now.strftime("%-d %b %Y")) }
                    " " (clock.now.strftime("%H:%M:%S")) " "
                    span.d.nos { "UTC" }
                }
                div.next {
                    @match (clock.to, clock.next) {
                        (Some(to), _) => { "Moving to " (to.strftime("%-d %b %H:%M:%S")) },
                        (None, Some(next)) => {
                            (clock.passes()) " · next "
                            @if let Some(kind) = clock.next_kind { span.nos { (kind.word()) " event " } }
                            a href=(view.link("/agenda")) { (parts::moment(next, clock.now)) }
                            span.nos { ", in " (parts::span(next.duration_since(clock.now))) }
                        },
                        (None, None) => { (clock.passes()) " · nothing planned" },
                    }
                }
            }
            div.acts {
                form method="post" action=(view.link("/do/next")) {
                    (view.hidden())
                    button.b data-key="N" disabled[clock.next.is_none()] { "Next event" }
                }
                (button("1h", "+1 h"))
                (button("1d", "+1 d"))
                details.menu {
                    summary aria-label="More clock actions" { "⋯" }
                    div.pop.fields {
                        form.field method="post" action=(view.link("/do/advance")) {
                            (view.hidden())
                            label for="by" { "Advance by" }
                            span.row { input #by name="by" type="text" value="72h" size="12"; button.b { "Advance" } }
                        }
                        form.field method="post" action=(view.link("/do/advance")) {
                            (view.hidden())
                            label for="to" { "Advance to" }
                            span.row {
                                input #to name="to" type="text" value=(clock.next.unwrap_or(clock.now)) size="20";
                                button.b { "Advance" }
                            }
                        }
                        form.field method="post" action=(view.link("/do/mode")) {
                            (view.hidden())
                            label for="mode" { "Time passes" }
                            span.row {
                                select #mode name="mode" {
                                    option value="frozen" selected[clock.mode == Mode::Frozen] { "only when told (frozen)" }
                                    option value="realtime" selected[clock.mode == Mode::Realtime] { "as the wall clock" }
                                    option value="60" selected[clock.mode == Mode::Speed(60.0)] { "60 times as fast" }
                                    option value="3600" selected[clock.mode == Mode::Speed(3600.0)] { "3,600 times as fast" }
                                }
                                button.b { "Set" }
                            }
                        }
                        p.xs.muted { "The clock only moves forward." }
                    }
                }
            }
        }
    }
}

/// `by` a span or `to` an instant.
pub(super) async fn advance(view: &View<'_>) -> Result<(), Failure> {
    let body = match (view.form.text("by"), view.form.text("to")) {
        (Some(by), _) => json!({"by": by}),
        (None, Some(to)) => json!({"to": to}),
        (None, None) => return Err(Failure::new(StatusCode::BAD_REQUEST, "a span such as `72h` is needed")),
    };
    put(view, Method::POST, "/clock/advance", &body).await
}

/// Advances to the next event of the agenda.
pub(super) async fn next(view: &View<'_>) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Answer {
        next: Option<Timestamp>,
    }
    let Answer { next } = view.get(&view.route("/clock")).await?;
    let next = next.ok_or_else(|| Failure::new(StatusCode::CONFLICT, "nothing is planned in this sandbox"))?;
    put(view, Method::POST, "/clock/advance", &json!({"to": next})).await
}

pub(super) async fn mode(view: &View<'_>) -> Result<(), Failure> {
    put(view, Method::PUT, "/clock", &json!({"mode": mode_of(&view.form)})).await
}

fn mode_of(form: &Form) -> Value {
    let mode = form.get("mode");
    mode.parse::<f64>().map_or_else(|_| mode.into(), |factor| json!({"speed": factor}))
}

async fn put(view: &View<'_>, method: Method, path: &str, body: &Value) -> Result<(), Failure> {
    view.send(method, &view.route(path), Some(body)).await.map(drop)
}
