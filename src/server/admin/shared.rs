//! Requests to the admin API of a fleet: what they change is committed before they are answered, and what they show is the newest, and
//! committed.

use std::sync::Arc;

use ::http::header::RETRY_AFTER;
use ::http::{Method, StatusCode};

use crate::engine::{DEFAULT, Sandbox};
use crate::fleet::{Fault, Fleet, Patience, Reach};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::response::AdminResponse;
use crate::server::admin::route::{Reaches, Route};
use crate::server::admin::sandboxes;
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::server::verdicts::{Unsaid, unsaid};

/// How often something is looked at that is taken back meanwhile.
const LOOKS: u32 = 3;

/// Answers a request as a replica of a fleet.
pub(super) async fn answer(admin: &Admin, fleet: &Arc<Fleet>, route: &Route, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    let named = match request.parameter("s") {
        "" => request.query("sandbox"),
        name => Some(name),
    };
    match route.reaches() {
        Reaches::Nothing => route.run(admin, request).await,
        Reaches::Look => look(admin, fleet, named, route, request).await,
        Reaches::Own => {
            settled(admin, fleet, named).await?;
            route.run(admin, request).await
        }
        Reaches::Change => {
            let reach = named.map_or_else(Reach::all, Reach::one);
            change(admin, fleet, &reach, route, request).await
        }
        Reaches::List => {
            if let Some(name) = named.filter(|name| route.method == Method::DELETE && *name != DEFAULT) {
                sandboxes::answers_are_out_elsewhere(admin, fleet, name).await;
            }
            change(admin, fleet, &Reach::list(named), route, request).await
        }
    }
}

async fn change(
    admin: &Admin,
    fleet: &Arc<Fleet>,
    reach: &Reach,
    route: &Route,
    request: &AdminRequest<'_>,
) -> Result<AdminResponse, Problem> {
    let (patience, mut reach) = (Patience::new(), reach.clone());
    loop {
        let failed = match fleet.section(&reach).await {
            Ok(mut section) => {
                if let Some(sandbox) = sandbox(admin, request) {
                    admin.webhook_sender.settle(&sandbox).await;
                }
                let (answered, unsaid) = unsaid(route.run(admin, request)).await;
                if section.claims_unlisted() {
                    // Who has a credential first is decided where nobody else gets one meanwhile.
                    reach.list = true;
                    continue;
                }
                unsaid.begin_anew().for_each(|sandbox| section.begins_anew(sandbox));
                match section.commit().await {
                    Ok(()) => return told(admin, fleet, answered, unsaid).await,
                    Err(failed) => {
                        let receipt = failed.receipt.clone();
                        match fleet.after(failed, &patience).await {
                            Ok(true) => return told(admin, fleet, answered, unsaid).await,
                            Ok(false) => continue,
                            Err(fault) => {
                                admin.verdicts.keep_for(receipt, unsaid);
                                return Err(away(&fault));
                            }
                        }
                    }
                }
            }
            Err(fault) => fault.into(),
        };
        fleet.after(failed, &patience).await.map_err(|fault| away(&fault))?;
    }
}

/// Answers when others know of the verdicts on what ended, which is committed. Where that is not possible they are told later.
async fn told(admin: &Admin, fleet: &Fleet, answered: Result<AdminResponse, Problem>, unsaid: Unsaid) -> Result<AdminResponse, Problem> {
    unsaid.say(&admin.verdicts, fleet).await;
    if let Some(told) = admin.verdicts.told() {
        let _ = told.flush().await;
    }
    answered
}

async fn look(
    admin: &Admin,
    fleet: &Arc<Fleet>,
    named: Option<&str>,
    route: &Route,
    request: &AdminRequest<'_>,
) -> Result<AdminResponse, Problem> {
    for count in 0..LOOKS {
        let before = if count == 0 { settled(admin, fleet, named).await? } else { caught_up(fleet, named).await? };
        let answered = route.run(admin, request).await;
        let after = match named {
            Some(name) => fleet.settled(name).await,
            None => Some(fleet.settled_all().await),
        };
        if before == after || answered.is_err() {
            return answered;
        }
    }
    Err(away(&Fault::Away("what was looked at was taken back".to_owned())))
}

/// Makes what is due in a sandbox, and its copy as new as the ledger; how often that was taken back so far.
async fn settled(admin: &Admin, fleet: &Arc<Fleet>, named: Option<&str>) -> Result<Option<u64>, Problem> {
    if let Some(sandbox) = named.and_then(|name| admin.machine.sandbox(name)) {
        // What is settled is committed with when that was.
        sandbox.touch(wall());
        let settle = admin.webhook_sender.settle_shared(&sandbox).await;
        settle.map_err(|fault| away(&fault))?;
    }
    caught_up(fleet, named).await
}

async fn caught_up(fleet: &Arc<Fleet>, named: Option<&str>) -> Result<Option<u64>, Problem> {
    let patience = Patience::new();
    loop {
        let caught_up = match named {
            Some(name) => fleet.catch_up(name).await,
            None => fleet.catch_up_all().await.map(Some),
        };
        match caught_up {
            Ok(taken_back) => return Ok(taken_back),
            Err(fault) => fleet.after(fault.into(), &patience).await.map_err(|fault| away(&fault))?,
        };
    }
}

fn sandbox(admin: &Admin, request: &AdminRequest<'_>) -> Option<Arc<Sandbox>> {
    admin.machine.sandbox(request.parameter("s"))
}

/// The database did not answer.
pub(super) fn away(fault: &Fault) -> Problem {
    unavailable(fault.to_string())
}

/// The same for those who bring no token.
pub(super) fn away_in_public(fault: &Fault) -> Problem {
    unavailable(fault.in_public())
}

fn unavailable(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).with_header(RETRY_AFTER, "1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::admin::routes::ROUTES;

    #[test]
    fn nothing_that_changes_something_is_run_again_to_show_it() {
        for route in ROUTES.iter().filter(|route| route.changes) {
            assert_ne!(route.reaches(), Reaches::Look, "{} {}", route.method, route.path);
        }
    }
}
