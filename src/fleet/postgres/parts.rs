//! Parts, the checkpoints that refer to them, and what checkpoints stand for.

use std::sync::Arc;

use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::pool::{Pool, within};
use super::writing::KEPT;
use super::{BEGIN, damaged, query};
use crate::fleet::ledger::{Checkpoint, Fault};
use crate::fleet::parts::Parts;

/// How long ago somebody who writes parts has written the latest one.
const WRITTEN: &str = "interval '10 seconds'";
/// How many records and exchanges, and how many parts, are removed in one statement.
const ROWS: i64 = 500;
const PARTS: i64 = 16;

/// Tokens of parts that nothing refers to, and that nobody writes any more.
const STRAYS: &str = "SELECT part.sandbox, part.token FROM seatrial_part AS part
    LEFT JOIN seatrial_head AS head ON head.sandbox = part.sandbox
    LEFT JOIN seatrial_record AS record ON record.sandbox = part.sandbox AND record.life = head.life
      AND record.version = part.version AND record.token = part.token
    WHERE record.token IS NULL AND head.checkpoint_parts IS DISTINCT FROM part.token";

pub(super) async fn write(pool: &Arc<Pool>, name: &str, version: i64, token: i64, number: u32, body: &[u8]) -> Result<(), Fault> {
    let connection = pool.get().await?;
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    let statement = "INSERT INTO seatrial_part (sandbox, token, number, version, body) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT DO NOTHING";
    let parameters: [(&(dyn ToSql + Sync), Type); 5] =
        [(&name, Type::TEXT), (&token, Type::INT8), (&number, Type::INT4), (&version, Type::INT8), (&body, Type::BYTEA)];
    within(connection.client.execute_typed(statement, &parameters)).await?;
    connection.give_back();
    Ok(())
}

pub(super) async fn read(pool: &Arc<Pool>, name: &str, token: i64, number: u32) -> Result<Option<Vec<u8>>, Fault> {
    let statement = "SELECT body FROM seatrial_part WHERE sandbox = $1 AND token = $2 AND number = $3";
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    let rows = query(
        pool,
        statement,
        vec![(Box::new(name.to_owned()), Type::TEXT), (Box::new(token), Type::INT8), (Box::new(number), Type::INT4)],
    );
    rows.await?.first().map(|row| row.try_get(0).map_err(damaged)).transpose()
}

pub(super) async fn is_written(pool: &Arc<Pool>, name: &str) -> Result<bool, Fault> {
    let statement = format!("SELECT 1 FROM seatrial_part WHERE sandbox = $1 AND at > clock_timestamp() - {WRITTEN} LIMIT 1");
    Ok(!query(pool, &statement, vec![(Box::new(name.to_owned()), Type::TEXT)]).await?.is_empty())
}

/// Whether all parts are there, which are not removed as long as the sandbox, or the list, is held.
pub(super) async fn are_there(client: &Client, name: &str, parts: &Parts) -> Result<bool, Fault> {
    let statement = "SELECT count(*), coalesce(sum(length(body)), 0)::bigint FROM seatrial_part WHERE sandbox = $1 AND token = $2";
    let row = within(client.query_typed_one(statement, &[(&name, Type::TEXT), (&parts.token, Type::INT8)])).await?;
    let (count, bytes): (i64, i64) = (row.try_get(0).map_err(damaged)?, row.try_get(1).map_err(damaged)?);
    Ok(count == i64::from(parts.count) && bytes.unsigned_abs() == parts.bytes)
}

/// Has a checkpoint count, while the sandbox is held: who sweeps parts holds it as well.
pub(super) async fn set_checkpoint(pool: &Arc<Pool>, checkpoint: &Checkpoint) -> Result<bool, Fault> {
    let Checkpoint { name, mark, since, parts } = checkpoint;
    let connection = pool.get().await?;
    let client = &connection.client;
    let name = &**name;
    let lock = "SELECT 1 FROM seatrial_head WHERE sandbox = $1 FOR UPDATE";
    let lock_parameters: [(&(dyn ToSql + Sync), Type); 1] = [(&name, Type::TEXT)];
    let (begun, locked, are_there) = tokio::join!(
        biased;
        within(client.batch_execute(BEGIN)),
        within(client.query_typed(lock, &lock_parameters)),
        are_there(client, name, parts),
    );
    begun?;
    locked?;
    if !are_there? {
        connection.roll_back();
        return Ok(false);
    }
    let statement = "UPDATE seatrial_head SET checkpoint = $3, checkpoint_parts = $5, checkpoint_events = $6, checkpoint_bytes = $7,
          since_checkpoint = CASE WHEN checkpoint_parts IS NOT DISTINCT FROM $5 THEN since_checkpoint
            ELSE greatest(since_checkpoint - $8, 0) END
        WHERE sandbox = $1 AND life = $2 AND (checkpoint < $3 OR checkpoint_parts IS NOT DISTINCT FROM $5)
          AND EXISTS (SELECT 1 FROM seatrial_record WHERE sandbox = $1 AND life = $2 AND version = $3 AND token = $4)";
    let (events, bytes) = (parts.reference(), parts.bytes.cast_signed());
    let parameters: [(&(dyn ToSql + Sync), Type); 8] = [
        (&name, Type::TEXT),
        (&mark.life, Type::INT8),
        (&mark.version, Type::INT8),
        (&mark.token, Type::INT8),
        (&parts.token, Type::INT8),
        (&events, Type::BYTEA),
        (&bytes, Type::INT8),
        (since, Type::INT8),
    ];
    let (set, ended) = tokio::join!(biased; within(client.execute_typed(statement, &parameters)), within(client.batch_execute("COMMIT")));
    let set = set?;
    ended?;
    connection.give_back();
    Ok(set == 1)
}

/// Removes a portion of what is superfluous in a sandbox; whether there may be more.
pub(super) async fn tidy(pool: &Arc<Pool>, name: &str, below: Option<(i64, u64)>) -> Result<bool, Fault> {
    let connection = pool.get().await?;
    let client = &connection.client;
    let mut is_more = false;
    if let Some((life, number)) = below {
        let statement = format!(
            "DELETE FROM seatrial_record WHERE sandbox = $1 AND life = $2 AND version IN (
              SELECT record.version FROM seatrial_record AS record JOIN seatrial_head AS head ON head.sandbox = record.sandbox
              WHERE record.sandbox = $1 AND head.sandbox = $1 AND head.life = $2 AND record.life = $2 AND record.version < head.checkpoint
                AND record.at < clock_timestamp() - {KEPT} ORDER BY record.version LIMIT {ROWS})"
        );
        let records: [(&(dyn ToSql + Sync), Type); 2] = [(&name, Type::TEXT), (&life, Type::INT8)];
        is_more |= within(client.execute_typed(&statement, &records)).await? > 0;
        let statement = format!(
            "DELETE FROM seatrial_exchange WHERE sandbox = $1 AND life = $2 AND number IN (SELECT number FROM seatrial_exchange
              WHERE sandbox = $1 AND life = $2 AND number < $3 ORDER BY number LIMIT {ROWS})"
        );
        let number = number.cast_signed();
        let exchanges: [(&(dyn ToSql + Sync), Type); 3] = [(&name, Type::TEXT), (&life, Type::INT8), (&number, Type::INT8)];
        is_more |= within(client.execute_typed(&statement, &exchanges)).await? > 0;
    }
    let strays =
        format!("{STRAYS} AND part.sandbox = $1 GROUP BY part.sandbox, part.token HAVING max(part.at) < clock_timestamp() - {KEPT}");
    let parameters: [(&(dyn ToSql + Sync), Type); 1] = [(&name, Type::TEXT)];
    if !within(client.query_typed(&format!("{strays} LIMIT 1"), &parameters)).await?.is_empty() {
        // Who refers to them holds one of these, and looks whether they are there.
        within(client.batch_execute(&format!("{BEGIN}; SELECT 1 FROM seatrial_begun FOR UPDATE"))).await?;
        within(client.query_typed("SELECT 1 FROM seatrial_head WHERE sandbox = $1 FOR UPDATE", &parameters)).await?;
        let statement = format!(
            "DELETE FROM seatrial_part WHERE sandbox = $1 AND (token, number) IN (
              SELECT token, number FROM seatrial_part JOIN ({strays}) AS stray USING (sandbox, token)
              WHERE seatrial_part.sandbox = $1 ORDER BY token, number LIMIT {PARTS})"
        );
        is_more |= within(client.execute_typed(&statement, &parameters)).await? > 0;
        within(client.batch_execute("COMMIT")).await?;
    }
    connection.give_back();
    Ok(is_more)
}

pub(super) async fn untidy(pool: &Arc<Pool>) -> Result<Vec<Arc<str>>, Fault> {
    let statement = format!(
        "SELECT DISTINCT sandbox FROM ({STRAYS}
          GROUP BY part.sandbox, part.token HAVING max(part.at) < clock_timestamp() - {KEPT}) AS stray"
    );
    let rows = query(pool, &statement, vec![]).await?;
    rows.iter().map(|row| row.try_get::<_, String>(0).map(Arc::from).map_err(damaged)).collect()
}
