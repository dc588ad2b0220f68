//! Who follows a server, how far behind each is, and how much of the log is kept for them.

use crate::db::{Connection, DbError, Dialect};

/// Who follows a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replication {
    /// Whether the role may see how far each is (`pg_monitor`).
    pub visible: bool,
    /// Connected replicas, the one furthest behind first.
    pub replicas: Vec<Replica>,
    /// Slots, the one that keeps most first.
    pub slots: Vec<Slot>,
}

/// A server or program that follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// Name that it gives itself.
    pub name: String,
    /// What it does, in the server's words.
    pub state: Option<String>,
    /// Bytes of the log that it has not replayed.
    pub behind_bytes: Option<u64>,
    /// The same in milliseconds.
    pub behind_ms: Option<u64>,
}

/// A slot, which keeps the log for its reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Whether somebody reads it now.
    pub active: bool,
    /// Bytes of the log that it keeps.
    pub kept_bytes: Option<u64>,
}

/// Looks who follows; nothing for a database that nobody can follow.
pub async fn replication(db: &mut Connection) -> Result<Option<Replication>, DbError> {
    if db.dialect() != Dialect::Postgres {
        return Ok(None);
    }
    let visible = db.count(VISIBLE).await? > 0;
    let size = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    let replicas = db.rows(REPLICAS).await?;
    let slots = db.rows(SLOTS).await?;
    Ok(Some(Replication {
        visible,
        replicas: (replicas.iter())
            .map(|row| Replica {
                name: row.string(0),
                state: row.text(1).map(str::to_owned),
                behind_bytes: size(row.value(2).as_i64()),
                behind_ms: size(row.value(3).as_i64()),
            })
            .collect(),
        slots: (slots.iter())
            .map(|row| Slot {
                name: row.string(0),
                active: row.integer(1) == 1,
                kept_bytes: size(row.value(2).as_i64()),
            })
            .collect(),
    }))
}

/// What a role may not see of others it sees as NULL.
const VISIBLE: &str =
    "SELECT COUNT(*) FROM (SELECT 1) AS one WHERE pg_has_role('pg_read_all_stats', 'USAGE')";

/// A standby can itself be followed, from the place in the log that it has come to.
const REPLICAS: &str = "SELECT COALESCE(application_name, ''), state, \
     CASE WHEN replay_lsn IS NOT NULL THEN GREATEST(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() \
      THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, replay_lsn), 0)::int8 END, \
     (extract(epoch FROM replay_lag) * 1000)::int8 \
     FROM pg_stat_replication ORDER BY 3 DESC NULLS LAST, 1 LIMIT 20";

const SLOTS: &str = "SELECT slot_name::text, active, \
     CASE WHEN restart_lsn IS NOT NULL THEN GREATEST(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() \
      THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn), 0)::int8 END \
     FROM pg_replication_slots ORDER BY 3 DESC NULLS LAST, 1 LIMIT 20";
