//! Letters to inboxes, within bounds.

use std::sync::Arc;

use tokio_postgres::types::{ToSql, Type};

use super::pool::{Pool, within};
use super::{BEGIN, damaged};
use crate::fleet::ledger::{AMONG_REPLICAS, Fault, InboxRow, Letter, Letters, answered};
use crate::fleet::patience::{PAUSE, Patience};

/// How many inboxes there are at most, and how many letters and bytes each holds.
const BOXES: i64 = 64;
const LETTERS: i64 = 500;
const BYTES: i64 = 1 << 20;

/// One at a time, so that the bounds hold.
const TURN: &str = "SELECT pg_advisory_xact_lock(744772)";
const COUNT: &str = "INSERT INTO seatrial_inbox (inbox, received, owner) VALUES ($1, $2, $3) ON CONFLICT (inbox) \
    DO UPDATE SET received = seatrial_inbox.received + $2, latest = clock_timestamp(), owner = coalesce($3, seatrial_inbox.owner) \
    RETURNING received - $2";
const ADD: &str = "INSERT INTO seatrial_letter (inbox, number, body, weight) SELECT $1, $2 + place, body, weight \
    FROM unnest($3::bytea[], $4::smallint[]) WITH ORDINALITY AS letter (body, weight, place)";
const FIT: &str = "WITH ranked AS (
    SELECT number, row_number() OVER best AS place, sum(length(body)) OVER best AS bytes FROM seatrial_letter WHERE inbox = $1
    WINDOW best AS (ORDER BY weight DESC, number DESC)
  ), gone AS (
    DELETE FROM seatrial_letter AS letter USING ranked
    WHERE letter.inbox = $1 AND letter.number = ranked.number AND ranked.place > 1 AND (ranked.place > $2 OR ranked.bytes > $3)
    RETURNING letter.weight
  ), heavy AS (SELECT count(*) AS count FROM gone WHERE weight >= $4)
  UPDATE seatrial_inbox SET dropped_heavy = dropped_heavy + heavy.count FROM heavy WHERE inbox = $1 AND heavy.count > 0";
/// One that makes room at once is not found, and posted again, to the same end.
const POSTED: &str = "SELECT 1 FROM seatrial_letter WHERE inbox = $1 AND number = $2 AND body = $3";
/// Room is made by who has the most inboxes, a sandbox or all who are none: by the other one of his that has received nothing for the
/// longest time. Inboxes among replicas make room for nobody.
const MAKE_ROOM: &str = "WITH box AS (
    SELECT inbox, latest, count(*) OVER (PARTITION BY owner) AS owned, count(*) OVER () - $2 AS excess FROM seatrial_inbox
    WHERE inbox NOT LIKE E'\\x01%'
  )
  DELETE FROM seatrial_inbox WHERE inbox IN
    (SELECT inbox FROM box WHERE inbox <> $1 ORDER BY owned DESC, latest LIMIT greatest((SELECT max(excess) FROM box), 0))";

/// The name of an inbox, and the sandbox whose webhooks come into it, if they are some.
type Inbox<'i> = (&'i str, Option<&'i str>);

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
async fn post_in_turn(pool: &Arc<Pool>, (inbox, owner): Inbox<'_>, letters: &[Letter], committing: &mut Option<i64>) -> Result<(), Fault> {
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
    let count = i64::try_from(letters.len()).unwrap_or(i64::MAX);
    let counted: [(&(dyn ToSql + Sync), Type); 3] = [(&inbox, Type::TEXT), (&count, Type::INT8), (&owner, Type::TEXT)];
    let row = within(client.query_typed_one(COUNT, &counted)).await?;
    let before: i64 = row.try_get(0).map_err(damaged)?;
    let (bodies, weights): (Vec<&[u8]>, Vec<i16>) = letters.iter().map(|letter| (&*letter.body, letter.weight)).unzip();
    let added: [(&(dyn ToSql + Sync), Type); 4] =
        [(&inbox, Type::TEXT), (&before, Type::INT8), (&bodies, Type::BYTEA_ARRAY), (&weights, Type::INT2_ARRAY)];
    within(client.execute_typed(ADD, &added)).await?;
    let bounds: [(&(dyn ToSql + Sync), Type); 4] =
        [(&inbox, Type::TEXT), (&LETTERS, Type::INT8), (&BYTES, Type::INT8), (&Letter::HEAVY, Type::INT2)];
    within(client.execute_typed(FIT, &bounds)).await?;
    within(client.execute_typed(MAKE_ROOM, &[(&inbox, Type::TEXT), (&BOXES, Type::INT8)])).await?;
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
        let open = "INSERT INTO seatrial_inbox (inbox, received) SELECT $1, 0 \
            WHERE (SELECT count(*) FROM seatrial_inbox WHERE inbox NOT LIKE E'\\x01%') < $2 \
            ON CONFLICT DO NOTHING";
        let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&inbox, Type::TEXT), (&BOXES, Type::INT8)];
        within(client.execute_typed(open, &parameters)).await?;
    }
    let statement = "SELECT inbox.received, letter.number, letter.body, inbox.dropped_heavy FROM seatrial_inbox AS inbox \
        LEFT JOIN seatrial_letter AS letter USING (inbox) WHERE inbox = $1 ORDER BY letter.number";
    let rows = within(client.query_typed(statement, &[(&inbox, Type::TEXT)])).await?;
    connection.give_back();
    let Some(first) = rows.first() else { return Ok(None) };
    let (received, dropped): (i64, i64) = (first.try_get(0).map_err(damaged)?, first.try_get(3).map_err(damaged)?);
    let mut letters = Letters { received: received.unsigned_abs(), dropped_heavy: dropped.unsigned_abs(), letters: Vec::new() };
    for row in &rows {
        let (number, body): (Option<i64>, Option<Vec<u8>>) = (row.try_get(1).map_err(damaged)?, row.try_get(2).map_err(damaged)?);
        letters.letters.extend(number.zip(body).map(|(number, body)| (number.unsigned_abs(), body)));
    }
    Ok(Some(letters))
}

/// All inboxes, without what is in them.
pub(super) async fn all(pool: &Arc<Pool>) -> Result<Vec<InboxRow>, Fault> {
    let connection = pool.get().await?;
    let statement = "SELECT inbox, received, (extract(epoch FROM latest) * 1000000)::bigint, \
        (SELECT count(*) FROM seatrial_letter AS letter WHERE letter.inbox = box.inbox) FROM seatrial_inbox AS box \
        WHERE inbox NOT LIKE E'\\x01%' ORDER BY inbox";
    let rows = within(connection.client.query_typed(statement, &[])).await?;
    connection.give_back();
    let row = |row: &tokio_postgres::Row| {
        let (name, received, latest, letters): (_, i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let (received, letters) = (received.unsigned_abs(), letters.unsigned_abs());
        Ok(InboxRow { name, letters, received, latest: (received > 0).then_some(latest) })
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
