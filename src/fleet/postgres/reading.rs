//! What a copy needs of a sandbox.

use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::pool::within;
use super::{DatabaseRow, HEAD, damaged, head};
use crate::fleet::ledger::{Fault, Head, Mark, News, Row, Since};

/// How many records, and how many exchanges, are read while the sandbox is held; others that follow it are never much behind.
const HELD: (usize, usize) = (256, 4096);
/// How many of them are read at once otherwise, which is mostly all that there is.
const NEWEST: (usize, usize) = (32, 512);
/// How many rows, and about how many bytes, one statement reads otherwise.
const ROWS: usize = 1000;
const BYTES: i64 = 8 << 20;

const RECORDS: &str = "SELECT version, before, token, events FROM seatrial_record WHERE sandbox = $1 AND life = $2 AND version >= $3 \
    ORDER BY version";
const EXCHANGES: &str = "SELECT number, body FROM seatrial_exchange WHERE sandbox = $1 AND life = $2 AND number > $3 ORDER BY number";

/// A record, and the token of its commit.
type Record = (Row, i64);

/// What is new in a sandbox that is held from now on.
pub(super) async fn hold(client: &Client, name: &str, since: Since) -> Result<Option<News>, Fault> {
    newest(client, name, since, " FOR UPDATE", HELD).await
}

/// What is new in a sandbox, if it is not much. Its row is read first: each statement sees what the one before has waited for.
async fn newest(client: &Client, name: &str, since: Since, lock: &str, most: (usize, usize)) -> Result<Option<News>, Fault> {
    let Mark { life, version, .. } = since.mark.unwrap_or(Mark { life: 0, version: 0, token: 0 });
    let written = i64::try_from(since.written).unwrap_or(i64::MAX);
    let (find, next) = (format!("{HEAD} WHERE sandbox = $1{lock}"), version + 1);
    let newer: [(&(dyn ToSql + Sync), Type); 3] = [(&name, Type::TEXT), (&life, Type::INT8), (&next, Type::INT8)];
    let later: [(&(dyn ToSql + Sync), Type); 3] = [(&name, Type::TEXT), (&life, Type::INT8), (&written, Type::INT8)];
    let (records, exchanges) = (format!("{RECORDS} LIMIT {}", most.0), format!("{EXCHANGES} LIMIT {}", most.1));
    let (heads, records, exchanges) = tokio::join!(
        biased;
        within(client.query_typed(&find, &newer[..1])),
        within(client.query_typed(&records, &newer)),
        within(client.query_typed(&exchanges, &later)),
    );
    let (heads, records, exchanges) = (heads?, records?, exchanges?);
    let Some(row) = heads.first() else { return Ok(None) };
    let Head { mark, .. } = head(row)?;
    let (records, exchanges) = (records.iter().map(record).collect::<Result<Vec<_>, _>>()?, numbered(&exchanges)?);
    let is_all = since.mark.is_some_and(|since| leads(since, &records, mark)) && exchanges.len() < most.1;
    let (rows, exchanges) = if is_all { (rows(records), exchanges) } else { Default::default() };
    Ok(Some(News { head: head(row)?, is_whole: false, is_more: !is_all, rows, exchanges }))
}

/// What a copy needs, in a transaction that sees one moment.
pub(super) async fn read(client: &Client, name: &str, since: Since) -> Result<Option<News>, Fault> {
    let newest = newest(client, name, since, "", NEWEST).await?;
    if newest.as_ref().is_none_or(|news| !news.is_more) {
        return Ok(newest);
    }
    let find = format!("{HEAD} WHERE sandbox = $1");
    let heads = within(client.query_typed(&find, &[(&name, Type::TEXT)])).await?;
    let Some(row) = heads.first() else { return Ok(None) };
    let head = head(row)?;
    let life = head.mark.life;
    if let Some(mark) = since.mark.filter(|mark| mark.life == life) {
        let records = records(client, name, life, mark.version + 1).await?;
        if leads(mark, &records, head.mark) {
            let exchanges = exchanges(client, name, life, i64::try_from(since.written).unwrap_or(i64::MAX)).await?;
            return Ok(Some(News { head, is_whole: false, is_more: false, rows: rows(records), exchanges }));
        }
    }
    let checkpoint: i64 = row.try_get(4).map_err(damaged)?;
    // It stands behind the record of its version, unless it is that record itself.
    let apart: Option<Vec<u8>> = row.try_get(9).map_err(damaged)?;
    let records = records(client, name, life, checkpoint + i64::from(apart.is_some())).await?;
    let first = Mark {
        life,
        version: checkpoint - i64::from(apart.is_none()),
        token: records.first().map_or(head.mark.token, |(row, _)| row.before),
    };
    if !leads(first, &records, head.mark) {
        return Err(Fault::Damaged(format!("records of sandbox `{name}` are missing")));
    }
    let exchanges = exchanges(client, name, life, 0).await?;
    let checkpoint = apart.map(|events| Row { version: checkpoint, before: 0, events });
    let rows = checkpoint.into_iter().chain(rows(records)).collect();
    Ok(Some(News { head, is_whole: true, is_more: false, rows, exchanges }))
}

/// Whether records follow each other without a gap, from one mark to another.
fn leads(from: Mark, records: &[Record], to: Mark) -> bool {
    let mut at = from;
    for (row, token) in records {
        if row.before != at.token || row.version != at.version + 1 {
            return false;
        }
        at = Mark { version: row.version, token: *token, ..at };
    }
    at == to
}

/// All records from a version on, so many at once as one statement reads easily.
async fn records(client: &Client, name: &str, life: i64, mut next: i64) -> Result<Vec<Record>, Fault> {
    let statement = portion_of(RECORDS, "events", "version");
    let mut all = Vec::new();
    loop {
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [(&name, Type::TEXT), (&life, Type::INT8), (&next, Type::INT8)];
        let found = within(client.query_typed(&statement, &parameters)).await?;
        if found.is_empty() {
            return Ok(all);
        }
        for row in &found {
            all.push(record(row)?);
        }
        next = all.last().map_or(next, |(row, _)| row.version + 1);
    }
}

/// All exchanges with larger numbers, so many at once as one statement reads easily.
async fn exchanges(client: &Client, name: &str, life: i64, mut after: i64) -> Result<Vec<(u64, Vec<u8>)>, Fault> {
    let statement = portion_of(EXCHANGES, "body", "number");
    let mut all = Vec::new();
    loop {
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [(&name, Type::TEXT), (&life, Type::INT8), (&after, Type::INT8)];
        let found = numbered(&within(client.query_typed(&statement, &parameters)).await?)?;
        let Some((last, _)) = found.last() else { return Ok(all) };
        after = last.cast_signed();
        all.extend(found);
    }
}

/// The first rows that a statement finds, the first one whatever it takes, which are not read before it is known what they take.
fn portion_of(statement: &str, body: &str, order: &str) -> String {
    format!(
        "SELECT * FROM (SELECT *, sum(length({body})) OVER (ORDER BY {order}) - length({body}) AS before_it \
        FROM ({statement} LIMIT {ROWS}) AS next) AS counted WHERE before_it < {BYTES} ORDER BY {order}"
    )
}

fn record(row: &DatabaseRow) -> Result<Record, Fault> {
    let read = || Ok((Row { version: row.try_get(0)?, before: row.try_get(1)?, events: row.try_get(3)? }, row.try_get(2)?));
    read().map_err(damaged)
}

fn rows(records: Vec<Record>) -> Vec<Row> {
    records.into_iter().map(|(row, _)| row).collect()
}

fn numbered(rows: &[DatabaseRow]) -> Result<Vec<(u64, Vec<u8>)>, Fault> {
    let row = |row: &DatabaseRow| Ok((row.try_get::<_, i64>(0)?.unsigned_abs(), row.try_get(1)?));
    rows.iter().map(row).collect::<Result<_, _>>().map_err(damaged)
}
