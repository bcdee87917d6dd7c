//! Letters in inboxes, which are in the first part of the ledger: they belong to a sandbox as it has begun. Those from before it was reset,
//! or of another one of its name, count for nothing; the replica that next reads them removes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fleet::ledger::{Begun, Fault, InboxRow, Letters, Share, Trip};
use crate::fleet::replica::Fleet;

impl Fleet {
    /// Since when letters of a sandbox count, as far as this replica knows; `None` if there is none of that name.
    #[must_use]
    pub fn begun(&self, name: &str) -> Option<Begun> {
        self.copy(name).map(|copy| copy.begun())
    }

    /// The letters of an inbox that count; `None` if there is none of that name. With `opens` there is one from now on.
    ///
    /// # Errors
    /// When a database does not answer.
    pub fn letters<'l>(&'l self, inbox: &'l str, opens: bool) -> Trip<'l, Option<Letters>> {
        Box::pin(async move {
            loop {
                let Some(letters) = self.ledger().letters(inbox.to_owned(), opens).await? else { return Ok(None) };
                if self.are_as_begun(letters.shares.iter()).await? {
                    return Ok(Some(letters));
                }
            }
        })
    }

    /// All inboxes of users, in the order of their names, with the letters that count.
    ///
    /// # Errors
    /// When a database does not answer.
    pub fn inboxes(&self) -> Trip<'_, Vec<InboxRow>> {
        Box::pin(async move {
            loop {
                let rows = self.ledger().inboxes().await?;
                if self.are_as_begun(rows.iter().flat_map(|row| &row.shares)).await? {
                    return Ok(rows);
                }
            }
        })
    }

    /// Removes what does not count any more; whether there was nothing of that. What is in a part that is away stays until it is back.
    async fn are_as_begun(&self, shares: impl Iterator<Item = &Share>) -> Result<bool, Fault> {
        let mut by_name = BTreeMap::<&str, Vec<Begun>>::new();
        shares.for_each(|share| share.sandbox.iter().for_each(|name| by_name.entry(name).or_default().push(share.begun)));
        let mut by_part = BTreeMap::<usize, Vec<Arc<str>>>::new();
        by_name.keys().for_each(|name| by_part.entry(self.ledger().part_of(name)).or_default().push((*name).into()));
        let mut ended = Vec::new();
        for (part, names) in by_part {
            if part > 0 && self.is_part_away(part) {
                continue;
            }
            let heads = self.ledger().heads_of(names.clone()).await?;
            let now: BTreeMap<&str, Begun> = heads.iter().map(|head| (&*head.name, head.begun())).collect();
            for name in &names {
                let shares = by_name.get(&**name).into_iter().flatten();
                let now = now.get(&**name).copied();
                let is_over = |begun: &Begun| now.is_none_or(|now| begun.life > 0 && *begun < now);
                if let Some(latest) = shares.copied().filter(is_over).max() {
                    ended.push((name.to_string(), now.unwrap_or(Begun::after(latest.life))));
                }
            }
        }
        if ended.is_empty() {
            return Ok(true);
        }
        self.ledger().forget(ended).await.map(|()| false)
    }
}
