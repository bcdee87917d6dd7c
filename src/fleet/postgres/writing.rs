//! What a transaction writes when it ends.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;

use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::parts;
use super::pool::within;
use crate::fleet::ledger::{Append, Birth, Commit, Fault, Mark, Trip};

/// How long records are kept that a checkpoint stands for, for copies that are behind, and to find commits again.
pub(super) const KEPT: &str = "interval '60 seconds'";

const APPEND: &str = "WITH head AS (
    UPDATE seatrial_head SET version = $3, token = $5, used = greatest(used, $9),
      checkpoint = CASE WHEN $11 THEN $3 ELSE checkpoint END,
      checkpoint_bytes = CASE WHEN $11 THEN $10 ELSE checkpoint_bytes END,
      checkpoint_parts = CASE WHEN $11 THEN NULL ELSE checkpoint_parts END,
      checkpoint_events = CASE WHEN $11 THEN NULL ELSE checkpoint_events END,
      since_checkpoint = CASE WHEN $11 THEN 0 ELSE since_checkpoint + $10 END,
      readdressed = CASE WHEN $12 THEN clock_timestamp() ELSE readdressed END,
      began = CASE WHEN $13 THEN $3 ELSE began END
    WHERE sandbox = $1 AND life = $2 AND token = $4
    RETURNING 1
  ), exchanges AS (
    INSERT INTO seatrial_exchange (sandbox, life, number, body)
    SELECT $1, $2, added.number, added.body FROM head, unnest($7::bigint[], $8::bytea[]) AS added (number, body)
  )
  INSERT INTO seatrial_record (sandbox, life, version, before, token, events) SELECT $1, $2, $3, $4, $5, $6 FROM head";

const BIRTH: &str = "WITH head AS (
    INSERT INTO seatrial_head (sandbox, life, version, token, checkpoint, checkpoint_bytes, since_checkpoint, used)
    VALUES ($1, $2, 1, $3, 1, $4, 0, $5)
  )
  INSERT INTO seatrial_record (sandbox, life, version, before, token, events) VALUES ($1, $2, 1, 0, $3, $6)";

/// Removes the records of a sandbox; its latest commits, and that of its end, can still be found for a while.
fn death_of_records() -> String {
    format!(
        "WITH gone AS (DELETE FROM seatrial_record WHERE sandbox = $1 AND life = $2 RETURNING token, at)
        INSERT INTO seatrial_gone (sandbox, token, at) SELECT $1, token, at FROM gone WHERE at > clock_timestamp() - {KEPT}
          UNION ALL SELECT $1, $3, clock_timestamp() ON CONFLICT DO NOTHING"
    )
}

/// Writes a transaction and ends it. What is usual, records of one sandbox, is one statement, and goes together with the end; so does
/// what makes and removes sandboxes.
pub(super) async fn write(client: &Client, commit: &Commit) -> Result<(), Fault> {
    let Commit { token, begins, appends, births, deaths, used } = commit;
    let born = births.iter().map(|birth| (&birth.name, &birth.append));
    for (name, append) in appends.iter().map(|(name, _, append)| (name, append)).chain(born) {
        if let Some(parts) = &append.parts
            && !parts::are_there(client, name, parts).await?
        {
            return Err(Fault::Away("what was written before is gone".to_owned()));
        }
    }
    let mut trips: Vec<Trip<'_, ()>> = Vec::new();
    if let Some(text) = begins {
        trips.push(Box::pin(async move {
            within(client.execute_typed("UPDATE seatrial_begun SET text = $1", &[(text, Type::TEXT)])).await.map(drop)
        }));
    }
    for (name, second) in used {
        trips.push(Box::pin(async move {
            let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&&**name, Type::TEXT), (second, Type::INT8)];
            let statement = "UPDATE seatrial_head SET used = $2 WHERE sandbox = $1";
            within(client.execute_typed(statement, &parameters)).await.map(drop)
        }));
    }
    for birth in births {
        trips.push(Box::pin(bear(client, birth, *token)));
        if !birth.append.exchanges.is_empty() {
            trips.push(Box::pin(add_exchanges(client, birth)));
        }
    }
    if !deaths.is_empty() {
        trips.push(Box::pin(async move {
            let late = format!("DELETE FROM seatrial_gone WHERE at < clock_timestamp() - {KEPT}");
            within(client.execute_typed(&late, &[])).await.map(drop)
        }));
    }
    for death in deaths {
        let (head, exchanges) =
            ["seatrial_head", "seatrial_exchange"].map(|table| format!("DELETE FROM {table} WHERE sandbox = $1 AND life = $2")).into();
        for (statement, names_commit) in [(head, false), (exchanges, false), (death_of_records(), true)] {
            trips.push(Box::pin(async move {
                let parameters: [(&(dyn ToSql + Sync), Type); 3] =
                    [(&&*death.name, Type::TEXT), (&death.life, Type::INT8), (token, Type::INT8)];
                let parameters = if names_commit { &parameters[..] } else { &parameters[..2] };
                within(client.execute_typed(&statement, parameters)).await.map(drop)
            }));
        }
    }
    let Some(((name, before, append), others)) = appends.split_last() else {
        trips.push(Box::pin(within(client.batch_execute("COMMIT"))));
        return together(trips).await;
    };
    together(trips).await?;
    for (name, before, append) in others {
        add(client, name, *before, *token, append).await?;
        tidy(client, name, *before, append).await?;
    }
    let added = add(client, name, *before, *token, append);
    let tidied = tidy(client, name, *before, append);
    if append.cleared.is_none() && append.unlisted.is_empty() && append.again.is_empty() && append.checkpoint.is_none() {
        let (added, ended) = tokio::join!(biased; added, within(client.batch_execute("COMMIT")));
        added?;
        return ended;
    }
    added.await?;
    tidied.await?;
    within(client.batch_execute("COMMIT")).await
}

/// Adds a record and its exchanges, if the sandbox stands where they begin.
async fn add(client: &Client, name: &str, before: Mark, token: i64, append: &Append) -> Result<(), Fault> {
    let (version, size, is_checkpoint) = (before.version + 1, append.bytes(), append.checkpoint.is_some());
    let (numbers, bodies) = columns(append);
    let parameters: [(&(dyn ToSql + Sync), Type); 13] = [
        (&name, Type::TEXT),
        (&before.life, Type::INT8),
        (&version, Type::INT8),
        (&before.token, Type::INT8),
        (&token, Type::INT8),
        (&append.events, Type::BYTEA),
        (&numbers, Type::INT8_ARRAY),
        (&bodies, Type::BYTEA_ARRAY),
        (&append.used, Type::INT8),
        (&size, Type::INT8),
        (&is_checkpoint, Type::BOOL),
        (&append.readdresses, Type::BOOL),
        (&append.begins_anew, Type::BOOL),
    ];
    if !append.again.is_empty() {
        remove_exchanges(client, name, before.life, append.again.iter()).await?;
    }
    match within(client.execute_typed(APPEND, &parameters)).await? {
        1 => Ok(()),
        _ => Err(Fault::Away(format!("sandbox `{name}` does not stand where it did"))),
    }
}

/// Adds a sandbox with its first record.
async fn bear(client: &Client, Birth { name, life, append }: &Birth, token: i64) -> Result<(), Fault> {
    let (name, size) = (&**name, append.bytes());
    let parameters: [(&(dyn ToSql + Sync), Type); 6] = [
        (&name, Type::TEXT),
        (life, Type::INT8),
        (&token, Type::INT8),
        (&size, Type::INT8),
        (&append.used, Type::INT8),
        (&append.events, Type::BYTEA),
    ];
    within(client.execute_typed(BIRTH, &parameters)).await.map(drop)
}

async fn add_exchanges(client: &Client, Birth { name, life, append }: &Birth) -> Result<(), Fault> {
    let (name, (numbers, bodies)) = (&**name, columns(append));
    let statement = "INSERT INTO seatrial_exchange SELECT $1, $2, added.number, added.body \
        FROM unnest($3::bigint[], $4::bytea[]) AS added (number, body)";
    let parameters: [(&(dyn ToSql + Sync), Type); 4] =
        [(&name, Type::TEXT), (life, Type::INT8), (&numbers, Type::INT8_ARRAY), (&bodies, Type::BYTEA_ARRAY)];
    within(client.execute_typed(statement, &parameters)).await.map(drop)
}

/// Sends statements one behind the other, without waiting for what they answer, and then hears of all; the first error, because those
/// behind it say no more than that there was one, and the end of such a transaction says nothing.
async fn together(trips: Vec<Trip<'_, ()>>) -> Result<(), Fault> {
    let mut trips: Vec<_> = trips.into_iter().map(|trip| (Some(trip), Ok(()))).collect();
    poll_fn(|context| {
        for (trip, end) in &mut trips {
            if let Some(running) = trip
                && let Poll::Ready(done) = running.as_mut().poll(context)
            {
                (*trip, *end) = (None, done);
            }
        }
        if trips.iter().all(|(trip, _)| trip.is_none()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    trips.into_iter().try_for_each(|(_, end)| end)
}

fn columns(append: &Append) -> (Vec<i64>, Vec<&[u8]>) {
    append.exchanges.iter().map(|(number, body)| (number.cast_signed(), &**body)).unzip()
}

async fn remove_exchanges(client: &Client, name: &str, life: i64, numbers: impl Iterator<Item = &u64>) -> Result<(), Fault> {
    let numbers: Vec<i64> = numbers.map(|number| number.cast_signed()).collect();
    let parameters: [(&(dyn ToSql + Sync), Type); 3] = [(&name, Type::TEXT), (&life, Type::INT8), (&numbers, Type::INT8_ARRAY)];
    let statement = "DELETE FROM seatrial_exchange WHERE sandbox = $1 AND life = $2 AND number = ANY($3)";
    within(client.execute_typed(statement, &parameters)).await.map(drop)
}

/// Removes what a record has made superfluous.
async fn tidy(client: &Client, name: &str, before: Mark, append: &Append) -> Result<(), Fault> {
    let life = before.life;
    let gone = append.cleared.max(append.checkpoint.map(|first| first.saturating_sub(1)));
    let added: BTreeMap<u64, ()> = append.exchanges.iter().map(|(number, _)| (*number, ())).collect();
    if let Some(gone) = gone {
        let last = gone.cast_signed();
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [(&name, Type::TEXT), (&life, Type::INT8), (&last, Type::INT8)];
        let statement = "DELETE FROM seatrial_exchange WHERE sandbox = $1 AND life = $2 AND number <= $3";
        within(client.execute_typed(statement, &parameters)).await?;
    }
    if !append.unlisted.is_empty() {
        remove_exchanges(client, name, life, append.unlisted.iter().filter(|number| !added.contains_key(number))).await?;
    }
    if append.checkpoint.is_some() {
        let version = before.version + 1;
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [(&name, Type::TEXT), (&life, Type::INT8), (&version, Type::INT8)];
        let statement =
            format!("DELETE FROM seatrial_record WHERE sandbox = $1 AND life = $2 AND version < $3 AND at < clock_timestamp() - {KEPT}");
        within(client.execute_typed(&statement, &parameters)).await?;
    }
    Ok(())
}
