//! The PostgreSQL arm: the driver's options, the settings of our sessions and its error codes.

#![expect(
    clippy::disallowed_types,
    reason = "the one place where dynamic SQL is handed to the driver"
)]

mod values;

use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::postgres::{PgConnection, PgDatabaseError};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection as _, Executor, SqlSafeStr, Statement as _, TypeInfo,
};

use super::address::PostgresAddress;
use super::dialect::{Pieces, pieces};
use super::{Access, DbError, Patience, Row, Statement, Value};
use values::Parameter;

/// How long a server may take to answer a new connection.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a writing session waits for a lock: whoever comes behind it in the queue waits as
/// long, so it gives up soon and asks again.
const LOCK_WAIT: Duration = Duration::from_millis(50);

/// How long an autovacuum may take to give way once it was asked to.
const VACUUM_WAIT: Duration = Duration::from_secs(2);

/// How long an index that is built beside its writers waits for one older transaction.
const TRANSACTION_WAIT: Duration = Duration::from_secs(600);

/// The oldest version whose behaviour is known: `NOT NULL` proven by a check (12), row identity
/// in partitions and parallel restores (13).
const OLDEST: i64 = 130_000;

/// A connection to a PostgreSQL database.
#[derive(Debug)]
pub(super) struct Postgres {
    connection: PgConnection,
    place: String,
    /// Whether a statement failed since the transaction began: the server would answer a COMMIT
    /// with a rollback, and without an error.
    failed: bool,
}

impl Postgres {
    pub(super) async fn open(
        address: &PostgresAddress,
        access: Access,
        patience: Patience,
    ) -> Result<Self, DbError> {
        let place = address.to_string();
        let unreachable = |detail: String| DbError::Unreachable {
            place: place.clone(),
            detail,
        };
        let mut options = address.options()?.disable_statement_logging();
        if options.get_application_name().is_none() {
            options = options.application_name("switchyard");
        }
        let connection = match tokio::time::timeout(CONNECT, options.connect()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(sqlx::Error::Database(error))) => {
                return Err(refused(&place, error.as_ref()));
            }
            Ok(Err(error)) => return Err(unreachable(error.to_string())),
            Err(_) => return Err(unreachable("it did not answer within 10 s".into())),
        };
        let mut opened = Self {
            connection,
            place: place.clone(),
            failed: false,
        };
        opened.settle(access, patience).await?;
        Ok(opened)
    }

    /// Makes the session independent of what the role or the database has set, so that values
    /// read the same everywhere, a lock is never waited for longer than is polite, and rows that
    /// our role may not see are an error rather than left out of a count. What a machine that is
    /// gone without a word had locked is free some seconds later.
    async fn settle(&mut self, access: Access, patience: Patience) -> Result<(), DbError> {
        let read_only = match access {
            Access::Read => "on",
            Access::Write => "off",
        };
        let settings = format!(
            "SET statement_timeout = 0; SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = '5min'; \
             SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; \
             SET tcp_user_timeout = '10s'; \
             SET default_transaction_read_only = {read_only}; SET TimeZone = 'UTC'; \
             SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'; \
             SET extra_float_digits = 1; SET standard_conforming_strings = on; \
             SET row_security = off; \
             SET client_min_messages = warning",
            match access {
                Access::Read => patience.0,
                Access::Write => patience.0.min(LOCK_WAIT),
            }
            .as_millis()
            .max(1)
        );
        self.execute(&Statement::new(settings)).await?;
        let mut about = None;
        let question = "SELECT current_setting('server_version_num')::int8, \
                        current_setting('server_version'), pg_is_in_recovery()";
        self.for_each(&Statement::new(question), |row| about = Some(row))
            .await?;
        usable(&self.place, &about.unwrap_or(Row(Vec::new())), access)?;
        if access == Access::Write {
            self.end_statements_of_nobody().await;
        }
        Ok(())
    }

    /// Has the server look, while a statement runs, whether whoever asked is still there: it would
    /// carry it out to its end for nobody, and keep its locks. Versions before 14 cannot, nor can
    /// servers on some systems.
    async fn end_statements_of_nobody(&mut self) {
        let look = "SELECT set_config(name, '2s', false) FROM pg_settings \
                    WHERE name = 'client_connection_check_interval'";
        let done = self.for_each(&Statement::new(look), |_| {}).await;
        if done.is_err() {
            self.failed = false;
        }
    }

    /// See [`super::Connection::outlast_transactions`].
    pub(super) async fn outlast_transactions(&mut self, on: bool) -> Result<(), DbError> {
        let wait = if on { TRANSACTION_WAIT } else { LOCK_WAIT };
        let set = format!("SET lock_timeout = {}", wait.as_millis());
        self.execute(&Statement::new(set)).await?;
        Ok(())
    }

    /// See [`super::Connection::displace_vacuum`].
    pub(super) async fn displace_vacuum(&mut self, relation: &str) -> Result<(), DbError> {
        let lock = format!(
            "SELECT set_config('lock_timeout', (setting::int8 + {})::text, true) \
             FROM pg_settings WHERE name = 'deadlock_timeout'; \
             LOCK TABLE {relation} IN SHARE UPDATE EXCLUSIVE MODE; \
             SET LOCAL lock_timeout = {}",
            VACUUM_WAIT.as_millis(),
            LOCK_WAIT.as_millis()
        );
        self.execute(&Statement::new(lock)).await.map(drop)
    }

    pub(super) async fn execute(&mut self, statement: &Statement) -> Result<u64, DbError> {
        if is(&statement.sql, "COMMIT") && self.failed {
            self.end(&Statement::new("ROLLBACK")).await?;
            return Err(DbError::Statement {
                detail: "a statement of the transaction failed, so it was rolled back".into(),
                sql: "COMMIT".into(),
            });
        }
        if is(&statement.sql, "COMMIT") || is(&statement.sql, "ROLLBACK") {
            return self.end(statement).await;
        }
        // what failed outside of a transaction is no part of the one that begins
        if statement.sql.starts_with("BEGIN") {
            self.failed = false;
        }
        // what failed behind a savepoint is forgotten with it
        let forgotten = statement.sql.starts_with("ROLLBACK TO SAVEPOINT ");
        let mut rows = 0;
        let done = async {
            if statement.values.is_empty() {
                let sql = AssertSqlSafe(statement.sql.clone());
                let done = sqlx::raw_sql(sql).execute(&mut self.connection).await?;
                rows = done.rows_affected();
                return Ok(());
            }
            let (sql, arguments) = bound(&mut self.connection, statement).await?;
            rows = with(sql, arguments)
                .execute(&mut self.connection)
                .await?
                .rows_affected();
            Ok(())
        }
        .await;
        self.checked(&statement.sql, done)?;
        if forgotten {
            self.failed = false;
        }
        Ok(rows)
    }

    /// Ends the open transaction.
    async fn end(&mut self, statement: &Statement) -> Result<u64, DbError> {
        self.failed = false;
        let sql = AssertSqlSafe(statement.sql.clone());
        let done = sqlx::raw_sql(sql).execute(&mut self.connection).await;
        done.map(|done| done.rows_affected())
            .map_err(|error| refine(&self.place, &statement.sql, error))
    }

    pub(super) async fn for_each(
        &mut self,
        statement: &Statement,
        mut visit: impl FnMut(Row),
    ) -> Result<(), DbError> {
        let done = async {
            if statement.values.is_empty() {
                let query = sqlx::raw_sql(AssertSqlSafe(statement.sql.clone()));
                let mut rows = query.fetch(&mut self.connection);
                while let Some(row) = rows.try_next().await? {
                    visit(values::read(&row)?);
                }
                return Ok(());
            }
            let (sql, arguments) = bound(&mut self.connection, statement).await?;
            let mut rows = with(sql, arguments).fetch(&mut self.connection);
            while let Some(row) = rows.try_next().await? {
                visit(values::read(&row)?);
            }
            Ok(())
        }
        .await;
        self.checked(&statement.sql, done)
    }

    pub(super) async fn prepare(&mut self, sql: &str) -> Result<(), DbError> {
        let text = AssertSqlSafe(placeholders(&pieces(sql), &[])).into_sql_str();
        let done = (&mut self.connection).prepare(text).await.map(drop);
        self.checked(sql, done)
    }

    pub(super) async fn close(self) {
        let _ = self.connection.close().await;
    }

    fn checked<T>(&mut self, sql: &str, done: Result<T, sqlx::Error>) -> Result<T, DbError> {
        done.map_err(|error| {
            self.failed = true;
            refine(&self.place, sql, error)
        })
    }
}

/// Whether a server can be worked with, by what it says of itself: its version as a number and in
/// words, and whether it is a standby.
fn usable(place: &str, about: &Row, access: Access) -> Result<(), DbError> {
    let place = place.to_owned();
    if about.integer(0) < OLDEST {
        let version = about.string(1);
        return Err(DbError::TooOld { place, version });
    }
    if access == Access::Write && about.integer(2) == 1 {
        return Err(DbError::Standby { place });
    }
    Ok(())
}

fn is(sql: &str, word: &str) -> bool {
    sql.trim().eq_ignore_ascii_case(word)
}

fn with(
    sql: String,
    parameters: Vec<Parameter>,
) -> sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments> {
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for parameter in parameters {
        query = query.bind(parameter);
    }
    query
}

/// The text of a statement and its values as its parameters have to be sent. The server says
/// which type each has; a value that is not written in that type's own way is sent as text, and
/// the server makes the type of it as it does of any literal.
async fn bound(
    connection: &mut PgConnection,
    statement: &Statement,
) -> Result<(String, Vec<Parameter>), sqlx::Error> {
    let pieces = pieces(&statement.sql);
    let wanted = pieces.values.iter().max().map_or(0, |last| last + 1);
    if wanted != statement.values.len() {
        return Err(sqlx::Error::Protocol(format!(
            "the statement has {} placeholders and {} values",
            wanted,
            statement.values.len()
        )));
    }
    let plain = placeholders(&pieces, &[]);
    let prepared = connection
        .prepare(AssertSqlSafe(plain.clone()).into_sql_str())
        .await?;
    let types: Vec<String> = match prepared.parameters() {
        Some(sqlx::Either::Left(types)) => {
            types.iter().map(|kind| kind.name().to_owned()).collect()
        }
        _ => vec!["TEXT".to_owned(); statement.values.len()],
    };
    let mut parameters = Vec::with_capacity(types.len());
    let mut casts = vec![None; types.len()];
    for ((value, kind), cast) in statement.values.iter().zip(&types).zip(&mut casts) {
        parameters.push(match values::encode(value, kind) {
            Some(parameter) => parameter,
            None => {
                *cast = Some(kind.clone());
                Parameter::text(value)
            }
        });
    }
    if casts.iter().all(Option::is_none) {
        return Ok((plain, parameters));
    }
    let cast = placeholders(&pieces, &casts);
    // prepared before values are bound, so that the server and not the driver says their types
    connection
        .prepare(AssertSqlSafe(cast.clone()).into_sql_str())
        .await?;
    Ok((cast, parameters))
}

/// The text with its placeholders numbered, and cast where a type is given.
fn placeholders(pieces: &Pieces, casts: &[Option<String>]) -> String {
    let mut sql = pieces.text[0].clone();
    for (piece, &at) in pieces.text[1..].iter().zip(&pieces.values) {
        match casts.get(at).and_then(Option::as_ref) {
            Some(kind) => sql.push_str(&format!("${}::text::{kind}", at + 1)),
            None => sql.push_str(&format!("${}", at + 1)),
        }
        sql.push_str(piece);
    }
    sql
}

/// Why a server did not let us in.
fn refused(place: &str, error: &dyn sqlx::error::DatabaseError) -> DbError {
    let code = error.code().unwrap_or_default();
    let place = place.to_owned();
    let detail = error.message().to_owned();
    match code.as_ref() {
        "28P01" | "28000" => DbError::Authentication { place, detail },
        _ => DbError::Unreachable { place, detail },
    }
}

/// Tells the driver's errors apart by PostgreSQL's own codes.
fn refine(place: &str, sql: &str, error: sqlx::Error) -> DbError {
    let lost = |detail: String| DbError::ConnectionLost {
        place: place.to_owned(),
        detail,
    };
    let database = match error {
        sqlx::Error::Database(database) => database,
        sqlx::Error::Decode(detail) | sqlx::Error::Encode(detail) => {
            return DbError::Statement {
                detail: detail.to_string(),
                sql: sql.to_owned(),
            };
        }
        sqlx::Error::Protocol(detail) => {
            return DbError::Statement {
                detail,
                sql: sql.to_owned(),
            };
        }
        error => return lost(error.to_string()),
    };
    let code = database.code().unwrap_or_default().into_owned();
    let detail = match database.try_downcast_ref::<PgDatabaseError>() {
        Some(about) => said(about),
        None => database.message().to_owned(),
    };
    DbError::from_postgres(&code, place, sql, detail)
}

/// The server's message with its detail, which names the row or the object.
fn said(about: &PgDatabaseError) -> String {
    match about.detail() {
        Some(detail) => format!("{} ({})", about.message(), detail.trim_end_matches('.')),
        None => about.message().to_owned(),
    }
}

impl Parameter {
    /// A value as text, for the server to make its type of.
    fn text(value: &Value) -> Self {
        Self(match value {
            Value::Null => None,
            Value::Blob { blob } => Some(format!("\\x{}", hex::encode(blob)).into_bytes()),
            value => Some(value.display().into_bytes()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_older_than_13_is_refused_with_its_version_and_13_is_not() {
        let says = |number: i64, version: &str| {
            let about = Row(vec![number.into(), version.into(), 0.into()]);
            usable("postgres://db/obcms", &about, Access::Read)
        };
        let refused = says(120_022, "12.22 (Debian 12.22-1)").unwrap_err();
        let told = format!("{refused}. {}", refused.remedy());
        assert_eq!(
            told,
            "postgres://db/obcms is PostgreSQL 12.22 (Debian 12.22-1); 13 or later is needed. \
             Upgrade the server first."
        );
        says(130_000, "13.0").unwrap();
        says(180_001, "18.1").unwrap();
    }
}
