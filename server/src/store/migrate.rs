//! Brings the control store's schema up to date, in one transaction that keeps other writers out: two servers that
//! start together cannot both do it, and one that dies half-way leaves the old schema. (The migrator of sqlx takes no
//! lock on SQLite.)

use super::sql::{self, Begun};
use super::{StoreError, WriteTx};

/// One schema version in the language of each database. Both make the same tables, columns and unique constraints.
struct Migration {
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($file:literal) => {
        Migration {
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../../migrations/postgres/", $file)),
        }
    };
}

/// Schema versions in order; a published one is never edited.
const MIGRATIONS: &[Migration] = &[
    migration!("0001_control_store.sql"),
    migration!("0002_health.sql"),
    migration!("0003_notices.sql"),
    migration!("0004_status_links.sql"),
    migration!("0005_organization_intents.sql"),
    migration!("0006_webhooks.sql"),
    migration!("0007_evidence.sql"),
    migration!("0008_outbox.sql"),
    migration!("0009_leases.sql"),
    migration!("0010_samples_by_time.sql"),
    migration!("0011_audience_of_links.sql"),
    migration!("0012_kinds_of_webhooks.sql"),
    migration!("0013_reserved_keys.sql"),
    migration!("0014_approvals_of_releases.sql"),
];

/// Applies what is missing; `place` is named in errors. While other consoles serve, tables are not changed under them.
pub(super) async fn bring_up_to_date(
    tx: &mut WriteTx,
    place: &str,
    others: bool,
) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let versions = match &tx.0 {
        Begun::Sqlite(_) => {
            "CREATE TABLE IF NOT EXISTS schema_versions \
             (version INTEGER NOT NULL PRIMARY KEY, applied INTEGER NOT NULL) STRICT"
        }
        Begun::Postgres(_) => {
            "CREATE TABLE IF NOT EXISTS schema_versions \
             (version BIGINT NOT NULL PRIMARY KEY, applied BIGINT NOT NULL)"
        }
    };
    sql::query(versions).execute(&mut **tx).await?;
    let found: i64 = sql::query_scalar("SELECT COALESCE(MAX(version), 0) FROM schema_versions")
        .fetch_one(&mut **tx)
        .await?;
    if found > known {
        return Err(StoreError::Newer {
            place: place.to_owned(),
            found,
            known,
        });
    }
    if others && found > 0 && found < known {
        return Err(StoreError::Served {
            place: place.to_owned(),
            found,
            known,
        });
    }
    for (version, migration) in (1_i64..).zip(MIGRATIONS) {
        if version <= found {
            continue;
        }
        let text = match &tx.0 {
            Begun::Sqlite(_) => migration.sqlite,
            Begun::Postgres(_) => migration.postgres,
        };
        tx.script(text).await?;
        sql::query("INSERT INTO schema_versions (version, applied) VALUES ($1, $2)")
            .bind(version)
            .bind(jiff::Timestamp::now().as_millisecond())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
