//! Which format all replicas write, and who reads it.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::pool::{Pool, within};
use super::{DatabaseRow, SHOWN, damaged};
use crate::fleet::ledger::{Fault, ReplicaRow};

/// The replicas that were heard of lately.
pub(super) async fn replicas(client: &Client) -> Result<Vec<ReplicaRow>, Fault> {
    let statement = format!(
        "SELECT id, version, reads, greatest(extract(epoch FROM clock_timestamp() - seen), 0)::float8 FROM seatrial_replica \
        WHERE seen > clock_timestamp() - {SHOWN} ORDER BY id"
    );
    let rows = within(client.query_typed(&statement, &[])).await?;
    let row = |row: &DatabaseRow| {
        let (id, version, seen): (i64, String, f64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(3)?);
        let reads = u8::try_from(row.try_get::<_, i16>(2)?).unwrap_or_default();
        Ok(ReplicaRow { id, version, reads, seen: Duration::try_from_secs_f64(seen).unwrap_or_default() })
    };
    rows.iter().map(row).collect::<Result<_, _>>().map_err(damaged)
}

/// The format that all replicas write; the first one who brings one sets it. Waits for who has them write a later one meanwhile.
pub(super) async fn agree(pool: &Arc<Pool>, own: u8) -> Result<u8, Fault> {
    let connection = pool.get().await?;
    let client = &connection.client;
    let bring = "INSERT INTO seatrial_format (format) VALUES ($1) ON CONFLICT DO NOTHING";
    within(client.execute_typed(bring, &[(&i16::from(own), Type::INT2)])).await?;
    let row = within(client.query_typed_one("SELECT format FROM seatrial_format FOR SHARE", &[])).await?;
    let format: i16 = row.try_get(0).map_err(damaged)?;
    connection.give_back();
    u8::try_from(format).map_err(|_| Fault::Damaged(format!("{format} is no format")))
}

/// Has all replicas write a format, unless some do not read it: these. A replica that begins meanwhile is seen here, or waits for the
/// end of this and then hears of the format.
pub(super) async fn upgrade(pool: &Arc<Pool>, format: u8) -> Result<Vec<ReplicaRow>, Fault> {
    let connection = pool.get().await?;
    let client = &connection.client;
    within(client.batch_execute("BEGIN; SET LOCAL lock_timeout = '4s'")).await?;
    let raise = "UPDATE seatrial_format SET format = greatest(format, $1)";
    within(client.execute_typed(raise, &[(&i16::from(format), Type::INT2)])).await?;
    let mut behind = replicas(client).await?;
    behind.retain(|replica| replica.reads < format);
    within(client.batch_execute(if behind.is_empty() { "COMMIT" } else { "ROLLBACK" })).await?;
    connection.give_back();
    Ok(behind)
}
