//! Brings the control store's schema up to date, in one exclusive transaction: two servers that start together cannot
//! both do it, and one that dies half-way leaves the old schema. (The migrator of sqlx takes no lock on SQLite.)

use std::path::Path;

use sqlx::sqlite::SqlitePool;

use super::StoreError;

/// Schema versions in order; a published one is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_control_store.sql"),
    include_str!("../../migrations/0002_health.sql"),
    include_str!("../../migrations/0003_notices.sql"),
    include_str!("../../migrations/0004_status_links.sql"),
    include_str!("../../migrations/0005_organization_intents.sql"),
    include_str!("../../migrations/0006_webhooks.sql"),
    include_str!("../../migrations/0007_evidence.sql"),
    include_str!("../../migrations/0008_outbox.sql"),
];

/// Applies what is missing.
pub(super) async fn bring_up_to_date(pool: &SqlitePool, path: &Path) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let mut tx = pool.begin_with("BEGIN EXCLUSIVE").await?;
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER NOT NULL PRIMARY KEY, applied INTEGER NOT NULL) STRICT",
    )
    .execute(&mut *tx)
    .await?;
    let found: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM schema_versions")
        .fetch_one(&mut *tx)
        .await?;
    if found > known {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    for (version, sql) in (1..).zip(MIGRATIONS) {
        if version <= found {
            continue;
        }
        sqlx::raw_sql(*sql).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO schema_versions (version, applied) VALUES ($1, $2)")
            .bind(version)
            .bind(jiff::Timestamp::now().as_millisecond())
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(())
}
