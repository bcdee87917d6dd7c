//! What all replicas sign with.

use std::sync::Arc;

use tokio_postgres::types::Type;

use super::damaged;
use super::pool::{Pool, within};
use crate::base::entropy::Secret;
use crate::fleet::ledger::Fault;

/// The secret of the fleet; the first one who brings one sets it.
pub(super) async fn agree(pool: &Arc<Pool>, own: Secret) -> Result<Secret, Fault> {
    let connection = pool.get().await?;
    let (client, own) = (&connection.client, &own[..]);
    let bring = "INSERT INTO seatrial_secret (secret) VALUES ($1) ON CONFLICT DO NOTHING";
    within(client.execute_typed(bring, &[(&own, Type::BYTEA)])).await?;
    let row = within(client.query_typed_one("SELECT secret FROM seatrial_secret", &[])).await?;
    let secret: Vec<u8> = row.try_get(0).map_err(damaged)?;
    connection.give_back();
    secret.try_into().map_err(|_| Fault::Damaged("its secret is not 32 bytes".to_owned()))
}
