//! Many calls in one section.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::engine::Sandbox;
use crate::fleet::copy::Copy;
use crate::fleet::ledger::Fault;
use crate::fleet::patience::{Patience, now};
use crate::fleet::replica::Fleet;
use crate::fleet::section::{Failed, Section};

/// How many calls are in a section, and how long it takes up further ones.
const MOST: usize = 64;
const SPAN: Duration = Duration::from_millis(10);

/// A call that waits for a section: it may be run more than once, and hears of the end once.
pub(super) type Job = Box<dyn FnMut(Stage) + Send>;

pub(super) enum Stage {
    Run,
    Done(Result<(), Undone>),
}

/// Why a call was not made.
#[derive(Clone, Debug)]
pub enum Undone {
    Fault(Fault),
    /// There is no such sandbox any more.
    Gone,
}

/// Calls of a section that is made. Those that are left when it is dropped are undone.
struct Batch {
    copy: Arc<Copy>,
    jobs: Vec<Job>,
    /// Whether nobody waits any more.
    is_over: bool,
}

impl Batch {
    fn end(&mut self, end: &Result<(), Undone>) {
        self.jobs.drain(..).for_each(|mut job| job(Stage::Done(end.clone())));
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut jobs = self.copy.jobs();
        self.jobs.extend(jobs.waiting.drain(..));
        jobs.is_served = false;
        drop(jobs);
        self.end(&Err(Undone::Gone));
    }
}

impl Fleet {
    /// Makes a call in the next section of a sandbox. It may be made twice, and only the last one counts.
    ///
    /// # Errors
    /// When the sandbox is gone, or the database does not answer for a while.
    pub async fn call<T: Send + 'static>(
        self: &Arc<Self>,
        sandbox: &Arc<Sandbox>,
        mut act: impl FnMut() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        let copy = self.copy_of(sandbox).ok_or(Undone::Gone)?;
        let (sender, done) = oneshot::channel();
        let (mut sender, mut result) = (Some(sender), None);
        let job: Job = Box::new(move |stage| match stage {
            Stage::Run => result = Some(act()),
            Stage::Done(end) => {
                let done = end.and_then(|()| result.take().ok_or(Undone::Gone));
                let _ = sender.take().map(|sender| sender.send(done));
            }
        });
        if copy.wait(job) {
            self.workers().spawn(Arc::clone(self).serve(copy));
        }
        done.await.unwrap_or(Err(Undone::Gone))
    }

    /// Makes sections of the calls that wait, until there are none.
    async fn serve(self: Arc<Self>, copy: Arc<Copy>) {
        let mut batch = Batch { copy: Arc::clone(&copy), jobs: Vec::new(), is_over: false };
        loop {
            let end = self.section_of(&copy, &mut batch).await;
            batch.end(&end);
            let mut jobs = copy.jobs();
            if jobs.waiting.is_empty() {
                // The next call begins anew.
                jobs.is_served = false;
                batch.is_over = true;
                return;
            }
        }
    }

    /// Makes one section of calls that wait.
    async fn section_of(self: &Arc<Self>, copy: &Arc<Copy>, batch: &mut Batch) -> Result<(), Undone> {
        let patience = Patience::new();
        loop {
            let failed = match self.begin(copy).await {
                Ok(None) => {
                    batch.jobs.extend(copy.jobs().waiting.drain(..));
                    return Err(Undone::Gone);
                }
                Ok(Some(section)) => {
                    run(copy, batch);
                    match section.commit().await {
                        Ok(()) => return Ok(()),
                        Err(failed) => failed,
                    }
                }
                Err(fault) => Failed::from(fault),
            };
            match self.after(failed, &patience).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(fault) => {
                    batch.jobs.extend(copy.jobs().waiting.drain(..));
                    return Err(Undone::Fault(fault));
                }
            }
        }
    }

    async fn begin(self: &Arc<Self>, copy: &Arc<Copy>) -> Result<Option<Section>, Fault> {
        let mut hold = self.ledger.begin();
        let Some(held) = self.hold_copy(&mut hold, Arc::clone(copy)).await? else { return Ok(None) };
        Ok(Some(Section { fleet: Arc::clone(self), hold: Some(hold), held: vec![held], list: None, begun: String::new(), begins: None }))
    }
}

/// Runs the calls of a batch, and takes up those that came meanwhile.
fn run(copy: &Copy, batch: &mut Batch) {
    let until = now() + SPAN;
    batch.jobs.iter_mut().for_each(|job| job(Stage::Run));
    while batch.jobs.len() < MOST && now() < until {
        let Some(mut job) = copy.jobs().waiting.pop_front() else { return };
        job(Stage::Run);
        batch.jobs.push(job);
    }
}
