//! Which place a database has among those of a fleet. It is written in each of them when the fleet begins, so that no sandbox is looked
//! for where it is not.

use tokio_postgres::types::{ToSql, Type};

use super::pool::{Pooled, within};
use super::{DatabaseError, DatabaseRow, Opening, Postgres, damaged, query};
use crate::fleet::ledger::{Fault, Ledger as _};

/// The place of a database, as it is written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// A number by chance, which all databases of the fleet have.
    pub fleet: i64,
    pub place: i32,
    /// Whether all of them have theirs. The first one is the last to say so.
    pub is_whole: bool,
    /// What all of them were called then, in order.
    pub names: Vec<String>,
}

/// Why databases are not those of one fleet, all of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    #[error("`{0}` and `{1}` belong to different fleets")]
    Strangers(String, String),
    #[error("`{0}` and `{1}` are the same database")]
    Same(String, String),
    #[error("the fleet was begun with {}, of which {} is not among these", told(.names), told(.missing))]
    Missing { names: Vec<String>, missing: Vec<String> },
    #[error("the fleet was begun with {}; `{new}` is none of them, and is empty", told(.names))]
    New { names: Vec<String>, new: String },
}

fn told(names: &[String]) -> String {
    format!("`{}`", names.join("`, `"))
}

/// What is to be done with databases.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Their places, in the order in which they were given.
    Goes(Vec<usize>),
    /// Some have no place yet, because nobody has begun the fleet, or he who did was ended meanwhile.
    Begins,
}

/// Whether databases of these names are those of one fleet.
pub(super) fn judge(names: &[String], placed: &[Option<Placed>]) -> Result<Next, PlaceError> {
    let Some((own, fleet)) =
        placed.iter().enumerate().find_map(|(index, placed)| Some((index, placed.as_ref().filter(|row| row.is_whole)?)))
    else {
        return Ok(Next::Begins);
    };
    let mut order: Vec<Option<usize>> = vec![None; fleet.names.len()];
    for (index, (name, placed)) in names.iter().zip(placed).enumerate() {
        match placed {
            Some(row) if row.fleet == fleet.fleet => match order.get_mut(usize::try_from(row.place).unwrap_or(usize::MAX)) {
                Some(Some(other)) => return Err(PlaceError::Same(names[*other].clone(), name.clone())),
                Some(place) => *place = Some(index),
                None => return Err(PlaceError::Strangers(names[own].clone(), name.clone())),
            },
            Some(row) if row.is_whole => return Err(PlaceError::Strangers(names[own].clone(), name.clone())),
            _ => return Err(PlaceError::New { names: fleet.names.clone(), new: name.clone() }),
        }
    }
    let missing: Vec<String> = order.iter().zip(&fleet.names).filter(|(place, _)| place.is_none()).map(|(_, name)| name.clone()).collect();
    if missing.is_empty() {
        Ok(Next::Goes(order.into_iter().flatten().collect()))
    } else {
        Err(PlaceError::Missing { names: fleet.names.clone(), missing })
    }
}

/// The places of databases, in the order in which they were given; those that have none get one.
pub(super) async fn settle(databases: &[(String, Postgres)], opening: Opening) -> Result<Vec<usize>, DatabaseError> {
    let names: Vec<String> = databases.iter().map(|(name, _)| name.clone()).collect();
    if let Next::Goes(order) = judge(&names, &read_all(databases).await?)? {
        return Ok(order);
    }
    if opening == Opening::Refuses {
        return Err(DatabaseError::Nothing);
    }
    // One replica at a time. Others with the same databases hold them in the same order.
    let mut locks = Vec::new();
    for (_, database) in databases {
        let connection = database.pool.get().await?;
        let lock = "BEGIN; SET LOCAL lock_timeout = '6s'; SELECT pg_advisory_xact_lock(744773)";
        within(connection.client.batch_execute(lock)).await?;
        locks.push(connection);
    }
    let settled = begin(databases, names).await;
    locks.into_iter().for_each(Pooled::roll_back);
    settled
}

/// Gives databases their places, unless somebody else has done so meanwhile.
async fn begin(databases: &[(String, Postgres)], names: Vec<String>) -> Result<Vec<usize>, DatabaseError> {
    if let Next::Goes(order) = judge(&names, &read_all(databases).await?)? {
        return Ok(order);
    }
    let fleet = databases.first().map_or(0, |(_, database)| database.chance());
    let write = "INSERT INTO seatrial_place (fleet, place, names, is_whole) VALUES ($1, $2, $3, false) \
        ON CONFLICT (one) DO UPDATE SET fleet = $1, place = $2, names = $3 WHERE NOT seatrial_place.is_whole";
    for ((_, database), place) in databases.iter().zip(0_i32..) {
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [(&fleet, Type::INT8), (&place, Type::INT4), (&names, Type::TEXT_ARRAY)];
        database.once(async |client| client.execute_typed(write, &parameters).await).await?;
    }
    // One that was given twice has the latter place now.
    for (index, row) in read_all(databases).await?.into_iter().enumerate() {
        let place = row.and_then(|row| usize::try_from(row.place).ok()).filter(|place| *place != index);
        if let Some(twin) = place.and_then(|place| names.get(place)) {
            return Err(PlaceError::Same(names[index].clone(), twin.clone()).into());
        }
    }
    let end = "UPDATE seatrial_place SET is_whole = true WHERE fleet = $1";
    for (_, database) in databases {
        database.once(async |client| client.execute_typed(end, &[(&fleet, Type::INT8)]).await).await?;
    }
    match judge(&names, &read_all(databases).await?)? {
        Next::Goes(order) => Ok(order),
        Next::Begins => Err(Fault::Damaged("the databases do not keep their places".to_owned()).into()),
    }
}

async fn read_all(databases: &[(String, Postgres)]) -> Result<Vec<Option<Placed>>, Fault> {
    let mut all = Vec::new();
    for (_, database) in databases {
        let statement = "SELECT fleet, place, names, is_whole FROM seatrial_place";
        let rows = query(&database.pool, statement, vec![]).await?;
        let row = |row: &DatabaseRow| {
            Ok(Placed { fleet: row.try_get(0)?, place: row.try_get(1)?, names: row.try_get(2)?, is_whole: row.try_get(3)? })
        };
        all.push(rows.first().map(row).transpose().map_err(damaged)?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::{Next, PlaceError, Placed, judge};

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn row(fleet: i64, place: i32, of: &[&str]) -> Option<Placed> {
        Some(Placed { fleet, place, names: names(of), is_whole: true })
    }

    #[test]
    fn databases_are_found_in_any_order() {
        let of = &["a", "b", "c"];
        let placed = [row(1, 2, of), row(1, 0, of), row(1, 1, of)];
        assert_eq!(judge(&names(&["C", "A", "B"]), &placed), Ok(Next::Goes(vec![1, 2, 0])));
        assert_eq!(judge(&names(&["a", "b"]), &[None, None]), Ok(Next::Begins));
    }

    #[test]
    fn who_was_ended_while_he_began_is_gone_on_for() {
        let half = |placed: Option<Placed>| placed.map(|row| Placed { is_whole: false, ..row });
        let of = &["a", "b"];
        assert_eq!(judge(&names(of), &[half(row(1, 0, of)), None]), Ok(Next::Begins));
        assert_eq!(judge(&names(of), &[half(row(1, 0, of)), row(1, 1, of)]), Ok(Next::Goes(vec![0, 1])));
    }

    #[test]
    fn other_databases_are_refused_by_their_names() {
        let of = &["a", "b"];
        let refused = |given: &[&str], placed: &[Option<Placed>]| judge(&names(given), placed).expect_err("it is refused").to_string();
        let told = refused(&["a"], &[row(1, 0, of)]);
        assert_eq!(told, "the fleet was begun with `a`, `b`, of which `b` is not among these");
        let told = refused(&["a", "b", "c"], &[row(1, 0, of), row(1, 1, of), None]);
        assert_eq!(told, "the fleet was begun with `a`, `b`; `c` is none of them, and is empty");
        let told = refused(&["a", "x"], &[row(1, 0, of), row(2, 0, &["x"])]);
        assert_eq!(told, "`a` and `x` belong to different fleets");
        let placed = [row(1, 0, of), row(1, 0, of)];
        assert_eq!(judge(&names(&["a", "A"]), &placed), Err(PlaceError::Same("a".to_owned(), "A".to_owned())));
    }
}
