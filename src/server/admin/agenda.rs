//! What will happen in a sandbox, and when.

use schemars::JsonSchema;
use serde::Serialize;

use crate::base::time::Timestamp;
use crate::carrier::Parcel;
use crate::carrier::timeline::Next;
use crate::engine::webhooks::{DELIVERY, Delivery, Progress};
use crate::engine::{PARCEL, State, TaskKind};
use crate::server::admin::page::AFTER;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::state::Admin;
use crate::world::{Task, TaskKey};

pub(crate) const QUERY: &[(&str, &str)] = &[
    ("kind", "only what happens to a `parcel`, attempts of a `webhook`, or what a `vendor` has planned"),
    ("subject", "only what is about this: a tracking number, a delivery, or a document of the vendor"),
    ("limit", "at most so many (100)"),
    AFTER,
];

#[derive(Serialize, JsonSchema)]
pub(crate) struct Agenda {
    /// Those that fit, soonest first.
    tasks: Vec<TaskView>,
    /// How many tasks there are, whatever is asked for.
    due: usize,
    /// What to ask for with `after` when there are more.
    next: Option<String>,
}

/// Something that will happen in a sandbox.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Task")]
struct TaskView {
    at: Timestamp,
    kind: TaskKind,
    /// What happens, in the words of the machine, such as `parcel.step`.
    topic: String,
    vendor: String,
    account: String,
    /// The tracking number, the delivery, or the document of the vendor.
    subject: String,
    /// What it comes to: the status of a parcel, or the event of a webhook.
    what: Option<String>,
    /// Whether nothing will come of it, because what it was planned for has moved on.
    outdated: bool,
    /// Whether it waits for room in the sandbox, not for its time.
    waits_for_room: bool,
}

pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<Agenda, Problem> {
    let sandbox = admin.sandbox(request)?;
    let kind = request.query("kind").map(|word| {
        let known = || TaskKind::ALL.map(|kind| format!("`{}`", kind.word())).join(", ");
        let found = TaskKind::ALL.into_iter().find(|kind| kind.word() == word);
        found.ok_or_else(|| Problem::bad_request(format!("`kind` is one of {}, found `{word}`", known())))
    });
    let (kind, subject) = (kind.transpose()?, request.query("subject"));
    let limit: usize = request.number("limit")?.unwrap_or(100);
    let after = request
        .query(AFTER.0)
        .map(|text| key_of(text).ok_or_else(|| Problem::bad_request(format!("`after` is the `next` of another page, found `{text}`"))));
    let after = after.transpose()?;
    let state = sandbox.lock();
    let fits = |task: &Task| kind.is_none_or(|kind| TaskKind::of(task) == kind) && subject.is_none_or(|subject| *task.subject == *subject);
    let mut rows = state.world.agenda().after(after).filter(|(_, task, _)| fits(task)).peekable();
    let (mut tasks, mut last) = (Vec::new(), None);
    while let Some((key, task, waits)) = rows.next_if(|_| tasks.len() < limit.min(1_000)) {
        tasks.push(TaskView::of(&state, key, task, waits));
        last = Some(key);
    }
    let next = last.filter(|_| rows.peek().is_some()).map(|(at, number)| format!("{at}/{number}"));
    Ok(Agenda { tasks, due: state.world.agenda().len(), next })
}

fn key_of(text: &str) -> Option<TaskKey> {
    let (at, number) = text.rsplit_once('/')?;
    Some((at.parse().ok()?, number.parse().ok()?))
}

impl TaskView {
    fn of(state: &State, (at, _): TaskKey, task: &Task, waits_for_room: bool) -> Self {
        let account = state.world.accounts().get(task.account);
        let kind = TaskKind::of(task);
        let document = |kind| account.table(kind).and_then(|table| table.get(&task.subject));
        let (what, outdated) = match kind {
            TaskKind::Parcel => match document(&PARCEL).and_then(|body| serde_json::from_str::<Parcel>(body).ok()) {
                Some(parcel) if task.is_step() && parcel.step == task.step => match state.plan(account, &parcel, 1).pop() {
                    Some(Next::At(_, scan)) => (Some(scan.status.word().to_owned()), false),
                    _ => (None, true),
                },
                parcel => (None, parcel.is_none() || task.is_step()),
            },
            TaskKind::Webhook => match document(&DELIVERY).and_then(|body| serde_json::from_str::<Delivery>(body).ok()) {
                Some(row) => (Some(row.event), row.progress != Progress::Waiting || row.next.is_none_or(|next| next > at)),
                None => (None, true),
            },
            TaskKind::Vendor => (None, false),
        };
        Self {
            at,
            kind,
            topic: task.topic.to_string(),
            vendor: task.vendor.to_string(),
            account: account.name.to_string(),
            subject: task.subject.to_string(),
            what,
            outdated,
            waits_for_room,
        }
    }
}
