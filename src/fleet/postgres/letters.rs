//! Letters to inboxes, within bounds.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_postgres::types::{ToSql, Type};

use super::pool::{Pool, within};
use super::{BEGIN, damaged};
use crate::fleet::ledger::{AMONG_REPLICAS, Begun, Fault, InboxRow, Letter, Letters, Share, answered};
use crate::fleet::patience::{PAUSE, Patience};

/// How many shares in inboxes there are at most, and how many letters and bytes each inbox holds, and bytes all of them.
const SHARES: i64 = 1024;
const LETTERS: i64 = 500;
const BYTES: i64 = 1 << 20;
const TOTAL_BYTES: i64 = 64 << 20;

/// One at a time, so that the bounds hold.
const TURN: &str = "SELECT pg_advisory_xact_lock(744772)";
const COUNT: &str = "INSERT INTO seatrial_inbox (inbox, received) VALUES ($1, $2) ON CONFLICT (inbox) \
    DO UPDATE SET received = seatrial_inbox.received + $2, latest = clock_timestamp() RETURNING received - $2";
/// A sandbox that has begun since its share has: what it had is gone. Says whether it is the other way round.
const ANEW: &str = "WITH old AS (SELECT life, began FROM seatrial_share WHERE inbox = $1 AND sandbox = $2),
  letters AS (DELETE FROM seatrial_letter USING old
    WHERE inbox = $1 AND sandbox = $2 AND old.life > 0 AND (old.life, old.began) < ($3, $4)),
  share AS (UPDATE seatrial_share AS share SET received = CASE WHEN old.life > 0 THEN 0 ELSE received END, life = $3, began = $4
    FROM old WHERE inbox = $1 AND sandbox = $2 AND (old.life, old.began) < ($3, $4))
  SELECT (life, began) > ($3, $4) FROM old";
const SHARE: &str = "INSERT INTO seatrial_share (inbox, sandbox, life, began, received) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (inbox, sandbox) DO UPDATE SET received = seatrial_share.received + $5, latest = clock_timestamp()";
const ADD: &str = "INSERT INTO seatrial_letter (inbox, sandbox, number, body, weight) SELECT $1, $2, $3 + place, body, weight \
    FROM unnest($4::bytea[], $5::smallint[]) WITH ORDINALITY AS letter (body, weight, place)";
/// Of each share the best letters come first, and of all letters those that are the first ones of their shares.
const FIT: &str = "WITH own AS (
    SELECT number, length(body) AS bytes, row_number() OVER best AS place, sum(length(body)) OVER best AS until
    FROM seatrial_letter WHERE inbox = $1 WINDOW best AS (PARTITION BY sandbox ORDER BY weight DESC, number DESC)
  ), ranked AS (
    SELECT number, row_number() OVER (ORDER BY place, number DESC) AS place, sum(bytes) OVER (ORDER BY until, number DESC) AS bytes FROM own
  ), gone AS (
    DELETE FROM seatrial_letter AS letter USING ranked
    WHERE letter.inbox = $1 AND letter.number = ranked.number AND ranked.place > 1 AND (ranked.place > $2 OR ranked.bytes > $3)
    RETURNING letter.weight
  ), heavy AS (SELECT count(*) AS count FROM gone WHERE weight >= $4)
  UPDATE seatrial_inbox SET dropped_heavy = dropped_heavy + heavy.count FROM heavy WHERE inbox = $1 AND heavy.count > 0";
const WEIGH: &str = "WITH held AS (SELECT sandbox, sum(length(body)) AS bytes FROM seatrial_letter WHERE inbox = $1 GROUP BY sandbox),
  weighed AS (SELECT sandbox, coalesce(held.bytes, 0) AS bytes FROM seatrial_share LEFT JOIN held USING (sandbox) WHERE inbox = $1)
  UPDATE seatrial_share AS share SET bytes = weighed.bytes FROM weighed
  WHERE inbox = $1 AND share.sandbox = weighed.sandbox AND share.bytes <> weighed.bytes";
/// One that makes room at once is not found, and posted again, to the same end.
const POSTED: &str = "SELECT 1 FROM seatrial_letter WHERE inbox = $1 AND number = $2 AND body = $3";
const TOTALS: &str = "SELECT count(*) - $1, coalesce(sum(bytes), 0)::bigint - $2 FROM seatrial_share";
/// Room is made by who has the most shares, a sandbox or all who are none: by the other one of his that has received nothing for the
/// longest time. An inbox goes with its last share.
const FEWER: &str = "WITH share AS (SELECT inbox, sandbox, latest, count(*) OVER (PARTITION BY sandbox) AS owned FROM seatrial_share),
  chosen AS (SELECT inbox, sandbox FROM share WHERE (inbox, sandbox) <> ($1, $2) ORDER BY owned DESC, latest LIMIT $3),
  shares AS (DELETE FROM seatrial_share AS share USING chosen WHERE (share.inbox, share.sandbox) = (chosen.inbox, chosen.sandbox)),
  letters AS (DELETE FROM seatrial_letter AS letter USING chosen WHERE (letter.inbox, letter.sandbox) = (chosen.inbox, chosen.sandbox))
  DELETE FROM seatrial_inbox AS box WHERE inbox IN (SELECT inbox FROM chosen)
    AND NOT EXISTS (SELECT FROM seatrial_share AS share WHERE share.inbox = box.inbox AND (inbox, sandbox) NOT IN (SELECT * FROM chosen))";
/// The same for bytes, by letters alone: how many there were stays known.
const LIGHTER: &str = "WITH share AS (
    SELECT inbox, sandbox, latest, bytes, sum(bytes) OVER (PARTITION BY sandbox) AS owned FROM seatrial_share WHERE bytes > 0
  ), ranked AS (
    SELECT inbox, sandbox, sum(bytes) OVER (ORDER BY owned DESC, latest, inbox, sandbox) - bytes AS before
    FROM share WHERE (inbox, sandbox) <> ($1, $2)
  ), chosen AS (SELECT inbox, sandbox FROM ranked WHERE before < $3),
  shares AS (UPDATE seatrial_share AS share SET bytes = 0 FROM chosen WHERE (share.inbox, share.sandbox) = (chosen.inbox, chosen.sandbox))
  DELETE FROM seatrial_letter AS letter USING chosen WHERE (letter.inbox, letter.sandbox) = (chosen.inbox, chosen.sandbox)";
/// The letters of an inbox, and behind them its shares, as they were at one time.
const READ: &str = "SELECT inbox.received, letter.number, letter.body, inbox.dropped_heavy, NULL AS sandbox, 0 AS life, 0 AS began \
    FROM seatrial_inbox AS inbox LEFT JOIN seatrial_letter AS letter USING (inbox) WHERE inbox = $1 \
  UNION ALL SELECT received, NULL, NULL, 0, sandbox, life, began FROM seatrial_share WHERE inbox = $1 ORDER BY number, sandbox";
/// Sandboxes have begun since: their letters from before are gone. Of those that were reset none has come yet; what had been of an earlier
/// life goes, and inboxes with it in which nobody else has had a letter.
const FORGET: &str = "WITH begun AS (SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS begun (sandbox, life, began)),
  old AS (
    SELECT share.inbox, sandbox, begun.life, begun.began, share.life = begun.life OR (share.life = 0 AND begun.began > 0) AS goes_on
    FROM seatrial_share AS share JOIN begun USING (sandbox) WHERE (share.life, share.began) < (begun.life, begun.began)
  ),
  emptied AS (UPDATE seatrial_share AS share SET received = 0, bytes = 0, life = old.life, began = old.began
    FROM old WHERE (share.inbox, share.sandbox) = (old.inbox, old.sandbox) AND goes_on),
  gone AS (DELETE FROM seatrial_share AS share USING old WHERE (share.inbox, share.sandbox) = (old.inbox, old.sandbox) AND NOT goes_on),
  letters AS (DELETE FROM seatrial_letter AS letter USING old WHERE (letter.inbox, letter.sandbox) = (old.inbox, old.sandbox))
  DELETE FROM seatrial_inbox AS box WHERE inbox IN (SELECT inbox FROM old WHERE NOT goes_on) AND NOT EXISTS
    (SELECT FROM seatrial_share AS other WHERE other.inbox = box.inbox AND (sandbox <> '' OR received > 0)
      AND (inbox, sandbox) NOT IN (SELECT inbox, sandbox FROM old WHERE NOT goes_on))";

/// The name of an inbox, and the sandbox as it has begun whose webhooks come into it; empty if they are none.
#[derive(Clone, Copy)]
pub(super) struct Inbox<'i> {
    pub inbox: &'i str,
    pub sandbox: &'i str,
    pub begun: Begun,
}

/// Adds letters; the lightest ones make room, and of these the oldest.
pub(super) async fn post(pool: &Arc<Pool>, inbox: Inbox<'_>, letters: &[Letter]) -> Result<(), Fault> {
    let (patience, mut committing) = (Patience::new(), None);
    loop {
        let posted = answered(async {
            // Who waits for his turn takes no connection from others.
            let _turn = pool.posting.lock().await;
            post_in_turn(pool, inbox, letters, &mut committing).await
        });
        match posted.await {
            Err(Fault::Away(_)) if !patience.is_over() => tokio::time::sleep(PAUSE).await,
            done => return done,
        }
    }
}

/// How many letters there were before a commit is left in `committing`, by which it is found if nobody hears of its end.
async fn post_in_turn(pool: &Arc<Pool>, inbox: Inbox<'_>, letters: &[Letter], committing: &mut Option<i64>) -> Result<(), Fault> {
    let Inbox { inbox, sandbox, begun } = inbox;
    let connection = pool.get().await?;
    let client = &connection.client;
    within(client.batch_execute(&format!("{BEGIN}; {TURN}"))).await?;
    if let (Some(before), Some(first)) = (*committing, letters.first()) {
        let number = before + 1;
        let wanted: [(&(dyn ToSql + Sync), Type); 3] = [(&inbox, Type::TEXT), (&number, Type::INT8), (&first.body, Type::BYTEA)];
        if !within(client.query_typed(POSTED, &wanted)).await?.is_empty() {
            connection.roll_back();
            return Ok(());
        }
    }
    let share: [(&(dyn ToSql + Sync), Type); 4] =
        [(&inbox, Type::TEXT), (&sandbox, Type::TEXT), (&begun.life, Type::INT8), (&begun.version, Type::INT8)];
    if !sandbox.is_empty() {
        let rows = within(client.query_typed(ANEW, &share)).await?;
        if rows.first().is_some_and(|row| row.try_get(0).unwrap_or_default()) {
            connection.roll_back();
            return Ok(());
        }
    }
    let count = i64::try_from(letters.len()).unwrap_or(i64::MAX);
    let row = within(client.query_typed_one(COUNT, &[(&inbox, Type::TEXT), (&count, Type::INT8)])).await?;
    let before: i64 = row.try_get(0).map_err(damaged)?;
    let (bodies, weights): (Vec<&[u8]>, Vec<i16>) = letters.iter().map(|letter| (&*letter.body, letter.weight)).unzip();
    let added: [(&(dyn ToSql + Sync), Type); 3] = [(&before, Type::INT8), (&bodies, Type::BYTEA_ARRAY), (&weights, Type::INT2_ARRAY)];
    within(client.execute_typed(ADD, &[&share[..2], &added].concat())).await?;
    let bounds: [(&(dyn ToSql + Sync), Type); 4] =
        [(&inbox, Type::TEXT), (&LETTERS, Type::INT8), (&BYTES, Type::INT8), (&Letter::HEAVY, Type::INT2)];
    within(client.execute_typed(FIT, &bounds)).await?;
    // Inboxes among replicas make room for nobody.
    if !inbox.starts_with(AMONG_REPLICAS) {
        within(client.execute_typed(SHARE, &[&share[..], &[(&count, Type::INT8)]].concat())).await?;
        within(client.execute_typed(WEIGH, &share[..1])).await?;
        let bounds: [(&(dyn ToSql + Sync), Type); 2] = [(&SHARES, Type::INT8), (&TOTAL_BYTES, Type::INT8)];
        let row = within(client.query_typed_one(TOTALS, &bounds)).await?;
        for (statement, column) in [(FEWER, 0), (LIGHTER, 1)] {
            let excess: i64 = row.try_get(column).map_err(damaged)?;
            if excess > 0 {
                within(client.execute_typed(statement, &[&share[..2], &[(&excess, Type::INT8)]].concat())).await?;
            }
        }
    }
    *committing = Some(before);
    within(client.batch_execute("COMMIT")).await?;
    connection.give_back();
    Ok(())
}

/// The letters of an inbox; `None` if there is none of that name. With `opens` there is one from now on.
pub(super) async fn read(pool: &Arc<Pool>, inbox: &str, opens: bool) -> Result<Option<Letters>, Fault> {
    let connection = pool.get().await?;
    let client = &connection.client;
    if opens {
        let open = "WITH box AS (INSERT INTO seatrial_inbox (inbox, received) SELECT $1, 0 \
            WHERE (SELECT count(*) FROM seatrial_share) < $2 ON CONFLICT DO NOTHING RETURNING inbox) \
            INSERT INTO seatrial_share (inbox, sandbox) SELECT inbox, '' FROM box";
        let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&inbox, Type::TEXT), (&SHARES, Type::INT8)];
        within(client.execute_typed(open, &parameters)).await?;
    }
    let rows = within(client.query_typed(READ, &[(&inbox, Type::TEXT)])).await?;
    connection.give_back();
    if rows.is_empty() {
        return Ok(None);
    }
    let mut letters = Letters::default();
    for row in &rows {
        let (received, sandbox): (i64, Option<String>) = (row.try_get(0).map_err(damaged)?, row.try_get(4).map_err(damaged)?);
        if let Some(sandbox) = sandbox {
            let begun = Begun { life: row.try_get(5).map_err(damaged)?, version: row.try_get(6).map_err(damaged)? };
            letters.shares.push(share_of(sandbox, begun, received));
            continue;
        }
        let dropped: i64 = row.try_get(3).map_err(damaged)?;
        (letters.received, letters.dropped_heavy) = (received.unsigned_abs(), dropped.unsigned_abs());
        let (number, body): (Option<i64>, Option<Vec<u8>>) = (row.try_get(1).map_err(damaged)?, row.try_get(2).map_err(damaged)?);
        letters.letters.extend(number.zip(body).map(|(number, body)| (number.unsigned_abs(), body)));
    }
    Ok(Some(letters))
}

fn share_of(sandbox: String, begun: Begun, received: i64) -> Share {
    Share { sandbox: Some(sandbox).filter(|sandbox| !sandbox.is_empty()), begun, received: received.unsigned_abs() }
}

/// All inboxes, without what is in them. Letters are counted after shares are read: who finds those as they have begun counts no others.
pub(super) async fn all(pool: &Arc<Pool>) -> Result<Vec<InboxRow>, Fault> {
    let connection = pool.get().await?;
    let statement = "SELECT inbox, sandbox, life, began, received FROM seatrial_share ORDER BY inbox, sandbox";
    let rows = within(connection.client.query_typed(statement, &[])).await?;
    let mut shares = BTreeMap::<String, Vec<Share>>::new();
    let share = |row: &tokio_postgres::Row| {
        let begun = Begun { life: row.try_get(2)?, version: row.try_get(3)? };
        Ok((row.try_get(0)?, share_of(row.try_get(1)?, begun, row.try_get(4)?)))
    };
    for row in rows.iter().map(share) {
        let (inbox, share) = row.map_err(damaged)?;
        shares.entry(inbox).or_default().push(share);
    }
    let statement = "SELECT inbox, received, (extract(epoch FROM latest) * 1000000)::bigint, \
        (SELECT count(*) FROM seatrial_letter AS letter WHERE letter.inbox = box.inbox) FROM seatrial_inbox AS box \
        WHERE inbox NOT LIKE E'\\x01%' ORDER BY inbox";
    let rows = within(connection.client.query_typed(statement, &[])).await?;
    connection.give_back();
    let row = |row: &tokio_postgres::Row| {
        let (name, received, latest, letters): (String, i64, i64, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let (received, letters) = (received.unsigned_abs(), letters.unsigned_abs());
        let shares = shares.get(&name).cloned().unwrap_or_default();
        Ok(InboxRow { name, letters, received, latest: (received > 0).then_some(latest), shares })
    };
    rows.iter().map(row).collect::<Result<_, _>>().map_err(damaged)
}

/// Removes an inbox with its letters; of one among replicas the letters alone, so that its numbers go on.
pub(super) async fn clear(pool: &Arc<Pool>, inbox: &str) -> Result<(), Fault> {
    let connection = pool.get().await?;
    let is_of_users = !inbox.starts_with(AMONG_REPLICAS);
    let statement =
        if is_of_users { "DELETE FROM seatrial_inbox WHERE inbox = $1" } else { "DELETE FROM seatrial_letter WHERE inbox = $1" };
    within(connection.client.execute_typed(statement, &[(&inbox, Type::TEXT)])).await?;
    connection.give_back();
    Ok(())
}

/// Removes the letters from before sandboxes have begun so.
pub(super) async fn forget(pool: &Arc<Pool>, sandboxes: &[(String, Begun)]) -> Result<(), Fault> {
    let names: Vec<&str> = sandboxes.iter().map(|(name, _)| &**name).collect();
    let (lives, versions): (Vec<i64>, Vec<i64>) = sandboxes.iter().map(|(_, begun)| (begun.life, begun.version)).unzip();
    answered(async {
        let _turn = pool.posting.lock().await;
        let connection = pool.get().await?;
        within(connection.client.batch_execute(&format!("{BEGIN}; {TURN}"))).await?;
        let parameters: [(&(dyn ToSql + Sync), Type); 3] =
            [(&names, Type::TEXT_ARRAY), (&lives, Type::INT8_ARRAY), (&versions, Type::INT8_ARRAY)];
        within(connection.client.execute_typed(FORGET, &parameters)).await?;
        within(connection.client.batch_execute("COMMIT")).await?;
        connection.give_back();
        Ok(())
    })
    .await
}
