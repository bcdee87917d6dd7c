//! What all replicas have alike.

use std::sync::Arc;

use tokio_postgres::types::{ToSql, Type};

use super::pool::{Pool, within};
use super::{damaged, formats};
use crate::fleet::ledger::Fault;
use crate::fleet::options::only_adds;

pub(super) async fn read(pool: &Arc<Pool>) -> Result<String, Fault> {
    let connection = pool.get().await?;
    // Waits for who changes it meanwhile.
    let row = within(connection.client.query_typed_one("SELECT text FROM seatrial_options FOR SHARE", &[])).await?;
    let text = row.try_get(0).map_err(damaged)?;
    connection.give_back();
    Ok(text)
}

/// Sets it in place of what it was, unless it has something else and replicas were heard of that have that. One that begins meanwhile is
/// seen here, or waits for the end of this and then reads it.
pub(super) async fn set(pool: &Arc<Pool>, before: &str, own: &str) -> Result<bool, Fault> {
    let connection = pool.get().await?;
    let client = &connection.client;
    within(client.batch_execute("BEGIN; SET LOCAL lock_timeout = '4s'")).await?;
    let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&before, Type::TEXT), (&own, Type::TEXT)];
    let set = within(client.execute_typed("UPDATE seatrial_options SET text = $2 WHERE text = $1", &parameters)).await?;
    let is_set = set > 0 && (only_adds(before, own) || formats::replicas(client).await?.is_empty());
    within(client.batch_execute(if is_set { "COMMIT" } else { "ROLLBACK" })).await?;
    connection.give_back();
    Ok(is_set)
}
