//! What a transaction does by way of a link that may be slow, lose things, and break.

use std::sync::Arc;

use seatrial::fleet::{Commit, Fault, Hold, Mark, News, Since, Trip};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Deeds, Health, LOCK, Session, away, lock};

/// What is new in a sandbox, and what the fleet was begun with, of which a lock tells one.
type Locked = (Option<News>, String);

impl Session {
    /// Waits for the lock of a sandbox, or of the list if it is not said since when; within the database's bounds.
    async fn locks(&mut self, name: Arc<str>, since: Option<Since>) -> Result<Locked, Fault> {
        let link = Arc::clone(&self.link);
        link.request(self.place).await?;
        let database = &link.database;
        let crashes = database.crashes(self.place);
        let locked = match self.transaction.take() {
            None => Err(away("the transaction was ended")),
            Some(mut hold) => match timeout(LOCK, locked(&mut hold, &name, since)).await {
                Ok(locked) if database.crashes(self.place) == crashes => {
                    self.transaction.put(hold);
                    locked
                }
                _ => Err(away("a lock was waited for too long")),
            },
        };
        if locked.is_ok() {
            self.position = database.history.position();
            link.forget(&name);
            self.held.push(name);
        }
        link.answer(self.place).await?;
        locked
    }
}

async fn locked(hold: &mut Box<dyn Hold>, name: &Arc<str>, since: Option<Since>) -> Result<Locked, Fault> {
    match since {
        Some(since) => Ok((hold.lock(Arc::clone(name), since).await?, String::new())),
        None => Ok((None, hold.lock_list().await?)),
    }
}

impl Hold for Session {
    fn lock_list(&mut self) -> Trip<'_, String> {
        Box::pin(async { self.locks("".into(), None).await.map(|(_, begun)| begun) })
    }

    fn lock(&mut self, name: Arc<str>, since: Since) -> Trip<'_, Option<News>> {
        Box::pin(async move {
            let (news, _) = self.locks(name, Some(since)).await?;
            Ok(news.map(|news| News { head: self.link.database.with_courier(news.head), ..news }))
        })
    }

    /// What was done before stays so.
    fn lock_again(&mut self, list: bool, marks: Vec<(Arc<str>, Mark)>) -> Trip<'_, bool> {
        Box::pin(async move {
            let link = Arc::clone(&self.link);
            link.request(self.place).await?;
            let database = &link.database;
            let crashes = database.crashes(self.place);
            let held = list.then(|| "".into()).into_iter().chain(marks.iter().map(|(name, _)| Arc::clone(name))).collect();
            let locked = match self.transaction.take() {
                None => Err(away("the transaction was ended")),
                Some(mut hold) => match timeout(LOCK, hold.lock_again(list, marks)).await {
                    Ok(locked) if database.crashes(self.place) == crashes => {
                        self.transaction.put(hold);
                        locked
                    }
                    _ => Err(away("a lock was waited for too long")),
                },
            };
            (self.position, self.held) = (database.history.position(), held);
            link.answer(self.place).await?;
            locked
        })
    }

    fn life(&mut self) -> Trip<'_, i64> {
        Box::pin(async {
            let link = Arc::clone(&self.link);
            link.request(self.place).await?;
            let Some(mut hold) = self.transaction.take() else { return Err(away("the transaction was ended")) };
            let life = hold.life().await;
            self.transaction.put(hold);
            link.answer(self.place).await?;
            life
        })
    }

    fn commit(self: Box<Self>, commit: Commit) -> Trip<'static, ()> {
        Box::pin(async move {
            let done = self.link.done(&self.held);
            let (link, database) = (Arc::clone(&self.link), Arc::clone(&self.link.database));
            // When a sandbox was last used says nothing of what was done in it, which was nothing that is kept, and may be done again.
            let is_look = commit.appends.is_empty() && commit.births.is_empty() && commit.deaths.is_empty();
            let (done, looks) = if is_look { (Deeds::new(), done) } else { (done, Deeds::new()) };
            if database.is_lossy() && link.is(Health::Well) && database.chance.says(1) {
                link.stops();
            }
            link.request(self.place).await?;
            let Some(hold) = self.transaction.take() else {
                link.answer(self.place).await?;
                return Err(away("the transaction was ended"));
            };
            let (sender, answered) = oneshot::channel();
            let (at_work, place) = (Arc::clone(&database), self.place);
            tokio::spawn(async move {
                let crashes = at_work.crashes(place);
                at_work.delay().await;
                if at_work.crashes(place) != crashes {
                    drop(sender.send(Err(away("the database crashed"))));
                    return;
                }
                let gone: Vec<_> = commit.deaths.iter().map(|death| Arc::clone(&death.name)).collect();
                let committed = hold.commit(commit).await;
                if committed.is_ok() {
                    lock(&at_work.lanes).retain(|name, _| !gone.contains(name));
                    if !is_look {
                        at_work.history.committed(done);
                    }
                }
                drop(sender.send(committed));
            });
            if database.is_lossy() && database.chance.says(4) {
                return Err(link.breaks().await);
            }
            let Ok(committed) = answered.await else {
                database.history.accuse("a commit does not fit to what there is".to_owned());
                return Err(away("the commit panicked"));
            };
            link.answer(self.place).await?;
            if committed.is_ok() {
                database.history.looked(self.position, looks);
            }
            committed
        })
    }

    fn release(self: Box<Self>) {
        let done = self.link.done(&self.held);
        self.link.database.history.looked(self.position, done);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let (transaction, link) = (Arc::clone(&self.transaction), Arc::clone(&self.link));
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            // The database hears of it, or ends the transaction by itself.
            if link.is(Health::Well) {
                link.database.chance.pause(30).await;
                drop(transaction.take());
            }
        });
    }
}
