//! How much of the time a run works. It is kept in the target's journal, so that whoever drives
//! the run heeds it, and it can be changed while the run goes on.

use std::time::Duration;

use super::journal;
use crate::db::{Connection, DbError, Dialect, Row, Statement};

/// The slowest pace, in percent.
const SLOWEST: u8 = 5;

/// Of the time between two batches, how much is work: the rest is the application's alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace(u8);

/// A pace that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pace is between {SLOWEST} and 100 percent")]
pub struct NoPace;

impl Pace {
    /// As fast as is polite.
    pub const FULL: Self = Self(100);

    /// A pace of so many percent.
    pub fn percent(percent: u8) -> Result<Self, NoPace> {
        match percent {
            SLOWEST..=100 => Ok(Self(percent)),
            _ => Err(NoPace),
        }
    }

    /// How many percent it is.
    pub fn as_percent(self) -> u8 {
        self.0
    }

    /// How long to rest after a batch that took so long. In SQLite, where a batch holds the whole file, the others get a
    /// turn even at full pace; in PostgreSQL they have it all the time.
    pub(super) fn rest_after(self, dialect: Dialect, took: Duration) -> Duration {
        let percent = u32::from(self.0);
        let rest = took * (100 - percent) / percent;
        match dialect {
            Dialect::Sqlite => rest.max(took / 10),
            Dialect::Postgres => rest,
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::FULL
    }
}

/// Changes the pace of a run that the journal knows; answers whether it does.
pub async fn set(db: &mut Connection, run: &str, pace: Pace) -> Result<bool, DbError> {
    if !journal::knows_any(db).await? {
        return Ok(false);
    }
    // a journal that an earlier version made has no such table
    db.execute(journal::pace_table(db.dialect())).await?;
    let statement = Statement::new(
        "INSERT INTO switchyard_pace (run, percent) \
         SELECT run, CAST(? AS BIGINT) FROM switchyard_run WHERE run = ? \
         ON CONFLICT (run) DO UPDATE SET percent = excluded.percent",
    )
    .bind(i64::from(pace.0))
    .bind(run);
    Ok(db.execute(statement).await? > 0)
}

/// The pace that a run is asked to keep; none when the journal knows no such run or nobody asked.
pub async fn of(db: &mut Connection, run: &str) -> Result<Option<Pace>, DbError> {
    Ok(db.row(asked(run)).await?.as_ref().and_then(read))
}

/// What asks for the pace of a run.
pub(super) fn asked(run: &str) -> Statement {
    Statement::new("SELECT percent FROM switchyard_pace WHERE run = ?").bind(run)
}

/// What was answered.
pub(super) fn read(row: &Row) -> Option<Pace> {
    let percent = u8::try_from(row.integer(0)).ok()?;
    Pace::percent(percent).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_pace_rests_as_long_as_it_works_and_the_full_one_leaves_a_turn() {
        let took = Duration::from_millis(100);
        let rest = |percent, dialect| Pace::percent(percent).unwrap().rest_after(dialect, took);
        assert_eq!(rest(100, Dialect::Sqlite), Duration::from_millis(10));
        assert_eq!(rest(100, Dialect::Postgres), Duration::ZERO);
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            assert_eq!(rest(50, dialect), Duration::from_millis(100));
            assert_eq!(rest(5, dialect), Duration::from_millis(1_900));
        }
        assert_eq!(Pace::percent(4), Err(NoPace));
        assert_eq!(Pace::percent(101), Err(NoPace));
    }
}
