//! Letters to inboxes, within bounds.

use std::sync::Arc;

use tokio_postgres::types::{ToSql, Type};

use super::damaged;
use super::pool::{Pool, within};
use crate::fleet::ledger::{Fault, InboxRow, Letters};

/// How many inboxes there are at most, and how many letters and bytes each holds.
const BOXES: i64 = 64;
const LETTERS: i64 = 500;
const BYTES: i64 = 1 << 20;

/// One at a time, so that the bounds hold.
const BEGIN: &str = "BEGIN; SELECT pg_advisory_xact_lock(744772)";
const COUNT: &str = "INSERT INTO seatrial_inbox (inbox, received) VALUES ($1, 1) ON CONFLICT (inbox) \
    DO UPDATE SET received = seatrial_inbox.received + 1, latest = clock_timestamp() RETURNING received";
const ADD: &str = "INSERT INTO seatrial_letter (inbox, number, body) VALUES ($1, $2, $3)";
const FIT: &str = "DELETE FROM seatrial_letter AS letter USING (
    SELECT number, row_number() OVER newest AS place, sum(length(body)) OVER newest AS bytes FROM seatrial_letter WHERE inbox = $1
    WINDOW newest AS (ORDER BY number DESC)
  ) AS ranked
  WHERE letter.inbox = $1 AND letter.number = ranked.number AND ranked.place > 1 AND (ranked.place > $2 OR ranked.bytes > $3)";
const MAKE_ROOM: &str = "DELETE FROM seatrial_inbox WHERE inbox IN (SELECT inbox FROM seatrial_inbox ORDER BY latest DESC OFFSET $1)";

/// Adds a letter; the oldest ones make room.
pub(super) async fn post(pool: &Arc<Pool>, inbox: &str, body: &[u8]) -> Result<(), Fault> {
    let connection = pool.get().await?;
    let client = &connection.client;
    within(client.batch_execute(BEGIN)).await?;
    let row = within(client.query_typed_one(COUNT, &[(&inbox, Type::TEXT)])).await?;
    let number: i64 = row.try_get(0).map_err(damaged)?;
    let letter: [(&(dyn ToSql + Sync), Type); 3] = [(&inbox, Type::TEXT), (&number, Type::INT8), (&body, Type::BYTEA)];
    within(client.execute_typed(ADD, &letter)).await?;
    let bounds: [(&(dyn ToSql + Sync), Type); 3] = [(&inbox, Type::TEXT), (&LETTERS, Type::INT8), (&BYTES, Type::INT8)];
    within(client.execute_typed(FIT, &bounds)).await?;
    within(client.execute_typed(MAKE_ROOM, &[(&BOXES, Type::INT8)])).await?;
    within(client.batch_execute("COMMIT")).await?;
    connection.give_back();
    Ok(())
}

/// The letters of an inbox; `None` if there is none of that name. With `opens` there is one from now on.
pub(super) async fn read(pool: &Arc<Pool>, inbox: &str, opens: bool) -> Result<Option<Letters>, Fault> {
    let connection = pool.get().await?;
    let client = &connection.client;
    if opens {
        let open = "INSERT INTO seatrial_inbox (inbox, received) SELECT $1, 0 WHERE (SELECT count(*) FROM seatrial_inbox) < $2 \
            ON CONFLICT DO NOTHING";
        let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&inbox, Type::TEXT), (&BOXES, Type::INT8)];
        within(client.execute_typed(open, &parameters)).await?;
    }
    let statement = "SELECT inbox.received, letter.number, letter.body FROM seatrial_inbox AS inbox \
        LEFT JOIN seatrial_letter AS letter USING (inbox) WHERE inbox = $1 ORDER BY letter.number";
    let rows = within(client.query_typed(statement, &[(&inbox, Type::TEXT)])).await?;
    connection.give_back();
    let Some(first) = rows.first() else { return Ok(None) };
    let received: i64 = first.try_get(0).map_err(damaged)?;
    let mut letters = Letters { received: received.unsigned_abs(), letters: Vec::new() };
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
        (SELECT count(*) FROM seatrial_letter AS letter WHERE letter.inbox = box.inbox) FROM seatrial_inbox AS box ORDER BY inbox";
    let rows = within(connection.client.query_typed(statement, &[])).await?;
    connection.give_back();
    let row = |row: &tokio_postgres::Row| {
        let (name, received, latest, letters): (_, i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let (received, letters) = (received.unsigned_abs(), letters.unsigned_abs());
        Ok(InboxRow { name, letters, received, latest: (received > 0).then_some(latest) })
    };
    rows.iter().map(row).collect::<Result<_, _>>().map_err(damaged)
}

/// Removes an inbox with its letters.
pub(super) async fn clear(pool: &Arc<Pool>, inbox: &str) -> Result<(), Fault> {
    let connection = pool.get().await?;
    let statement = "DELETE FROM seatrial_inbox WHERE inbox = $1";
    within(connection.client.execute_typed(statement, &[(&inbox, Type::TEXT)])).await?;
    connection.give_back();
    Ok(())
}
