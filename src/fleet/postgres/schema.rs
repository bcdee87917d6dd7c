//! The tables, and how they come to be: numbered steps, made once, by the replica that comes first.

use std::cmp::Ordering;

use tokio_postgres::Client;

use super::DatabaseError;

/// What the tables are changed by, in order. A step that was released is never changed.
const STEPS: [&str; 10] = [FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH, SEVENTH, EIGHTH, NINTH, TENTH];

const FIRST: &str = "
CREATE TABLE seatrial_head (
  sandbox text PRIMARY KEY,
  life bigint NOT NULL,
  version bigint NOT NULL,
  token bigint NOT NULL,
  checkpoint bigint NOT NULL,
  checkpoint_bytes bigint NOT NULL,
  since_checkpoint bigint NOT NULL,
  used bigint NOT NULL,
  courier bigint,
  courier_until timestamptz
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX seatrial_head_life ON seatrial_head (life);
CREATE TABLE seatrial_record (
  sandbox text NOT NULL,
  life bigint NOT NULL,
  version bigint NOT NULL,
  before bigint NOT NULL,
  token bigint NOT NULL,
  events bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (sandbox, life, version)
);
CREATE TABLE seatrial_exchange (
  sandbox text NOT NULL,
  life bigint NOT NULL,
  number bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (sandbox, life, number)
);
CREATE TABLE seatrial_inbox (inbox text PRIMARY KEY, received bigint NOT NULL, latest timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE seatrial_letter (
  inbox text NOT NULL REFERENCES seatrial_inbox ON DELETE CASCADE,
  number bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (inbox, number)
);
CREATE TABLE seatrial_replica (id bigint PRIMARY KEY, version text NOT NULL, seen timestamptz NOT NULL);
CREATE TABLE seatrial_begun (one boolean PRIMARY KEY DEFAULT true CHECK (one), text text NOT NULL);
INSERT INTO seatrial_begun (text) VALUES ('');
CREATE SEQUENCE seatrial_life;
ALTER TABLE seatrial_record ALTER events SET STORAGE EXTERNAL;
";

const SECOND: &str = "
CREATE TABLE seatrial_secret (one boolean PRIMARY KEY DEFAULT true CHECK (one), secret bytea NOT NULL);
";

const THIRD: &str = "
CREATE TABLE seatrial_gone (token bigint PRIMARY KEY, at timestamptz NOT NULL);
";

/// A fleet that had been begun before this step has one database.
const FOURTH: &str = "
CREATE TABLE seatrial_place (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  fleet bigint NOT NULL,
  place int NOT NULL,
  names text[] NOT NULL,
  is_whole boolean NOT NULL
);
INSERT INTO seatrial_place (fleet, place, names, is_whole)
  SELECT (random() * 4611686018427387904)::bigint, 0, ARRAY[current_database()::text], true FROM seatrial_begun WHERE text <> '';
";

/// What had been written before this step has the format 1.
const FIFTH: &str = "
ALTER TABLE seatrial_replica ADD reads smallint NOT NULL DEFAULT 1;
CREATE TABLE seatrial_format (one boolean PRIMARY KEY DEFAULT true CHECK (one), format smallint NOT NULL);
INSERT INTO seatrial_format (format) SELECT 1 FROM seatrial_begun WHERE text <> '';
";

/// All that is written of a sandbox is found by its name, so that tables can be distributed by it.
const SIXTH: &str = "
ALTER TABLE seatrial_gone ADD sandbox text NOT NULL DEFAULT '';
ALTER TABLE seatrial_gone DROP CONSTRAINT seatrial_gone_pkey;
ALTER TABLE seatrial_gone ADD PRIMARY KEY (sandbox, token);
";

/// A fleet that had been begun before this step takes what the next replica brings.
const SEVENTH: &str = "
CREATE TABLE seatrial_options (one boolean PRIMARY KEY DEFAULT true CHECK (one), text text NOT NULL);
INSERT INTO seatrial_options (text) VALUES ('');
";

/// When the credentials of a sandbox may have changed, which letters make room for others, and the sandbox whose webhook came
/// last into an inbox, if one has.
const EIGHTH: &str = "
ALTER TABLE seatrial_head ADD readdressed timestamptz;
CREATE INDEX seatrial_head_readdressed ON seatrial_head (readdressed) WHERE readdressed IS NOT NULL;
ALTER TABLE seatrial_letter ADD weight smallint NOT NULL DEFAULT 0;
ALTER TABLE seatrial_inbox ADD dropped_heavy bigint NOT NULL DEFAULT 0;
ALTER TABLE seatrial_inbox ADD owner text;
";

/// What each sandbox has in each inbox, and all who are none, who are called `''`. What had come before this step is of these. The owners
/// of inboxes are for earlier versions alone.
const NINTH: &str = "
CREATE TABLE seatrial_share (
  inbox text NOT NULL REFERENCES seatrial_inbox ON DELETE CASCADE,
  sandbox text NOT NULL,
  received bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  latest timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (inbox, sandbox)
);
CREATE INDEX seatrial_share_sandbox ON seatrial_share (sandbox);
ALTER TABLE seatrial_letter ADD sandbox text NOT NULL DEFAULT '';
INSERT INTO seatrial_share (inbox, sandbox, received, bytes, latest)
  SELECT inbox, '', received, (SELECT coalesce(sum(length(body)), 0) FROM seatrial_letter AS letter WHERE letter.inbox = box.inbox), latest
  FROM seatrial_inbox AS box WHERE inbox NOT LIKE E'\\x01%';
";

/// The version in which each sandbox was reset last, and the life and such a version that the letters of a share are of. Those that earlier
/// versions write are of none.
///
/// Parts of what is too large for one statement: the events of the record of that version and token, or what stands for all records up
/// to that version. `checkpoint_events` refers to the latter, whose token is `checkpoint_parts`.
const TENTH: &str = "
ALTER TABLE seatrial_head ADD began bigint NOT NULL DEFAULT 0;
ALTER TABLE seatrial_share ADD life bigint NOT NULL DEFAULT 0, ADD began bigint NOT NULL DEFAULT 0;
CREATE TABLE seatrial_part (
  sandbox text NOT NULL,
  token bigint NOT NULL,
  number int NOT NULL,
  version bigint NOT NULL,
  body bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (sandbox, token, number)
);
ALTER TABLE seatrial_part ALTER body SET STORAGE EXTERNAL;
ALTER TABLE seatrial_head ADD checkpoint_parts bigint, ADD checkpoint_events bytea;
";

/// Refuses tables that are not those of this version.
pub(super) async fn check(client: &Client) -> Result<(), DatabaseError> {
    let found = client.query_typed_one("SELECT to_regclass('seatrial_schema') IS NOT NULL", &[]).await?;
    if !found.try_get(0)? {
        return Err(DatabaseError::Nothing);
    }
    let row = client.query_typed_one("SELECT steps FROM seatrial_schema", &[]).await?;
    match usize::try_from(row.try_get::<_, i32>(0)?).unwrap_or_default().cmp(&STEPS.len()) {
        Ordering::Less => Err(DatabaseError::Older),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(DatabaseError::Newer),
    }
}

/// Brings the tables to what this version needs. Another replica that does it meanwhile waits.
pub(super) async fn migrate(client: &Client) -> Result<(), DatabaseError> {
    // A lock of the transaction, because a pooler may give the session to somebody else.
    client.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(744771)").await?;
    let found = client.query_typed_one("SELECT to_regclass('seatrial_schema') IS NOT NULL", &[]).await?;
    if !found.try_get(0)? {
        let make = "CREATE TABLE seatrial_schema (one boolean PRIMARY KEY DEFAULT true CHECK (one), steps int NOT NULL);
            INSERT INTO seatrial_schema (steps) VALUES (0)";
        client.batch_execute(make).await?;
    }
    let row = client.query_typed_one("SELECT steps FROM seatrial_schema", &[]).await?;
    let known = i32::try_from(STEPS.len()).unwrap_or(i32::MAX);
    let made: i32 = row.try_get(0)?;
    if made >= known {
        // Who finds everything as it is to be needs no right to make tables.
        client.batch_execute("ROLLBACK").await?;
        return if made > known { Err(DatabaseError::Newer) } else { Ok(()) };
    }
    for step in STEPS.iter().skip(usize::try_from(made).unwrap_or_default()) {
        client.batch_execute(step).await?;
    }
    client.batch_execute(&format!("UPDATE seatrial_schema SET steps = {known}; COMMIT")).await?;
    Ok(())
}
