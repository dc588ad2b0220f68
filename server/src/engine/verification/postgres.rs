//! What PostgreSQL itself says of its soundness.

use super::{Check, Section, section};
use crate::db::{Connection, DbError};

/// Damaged pages that were met, indexes that are not complete, foreign keys that were not checked.
pub(super) async fn integrity(db: &mut Connection) -> Result<Section, DbError> {
    let damaged = db
        .count(
            "SELECT COALESCE(SUM(checksum_failures), 0) FROM pg_stat_database \
             WHERE datname = current_database()",
        )
        .await?;
    let invalid: Vec<String> = db
        .rows("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1")
        .await?
        .iter()
        .map(|row| row.string(0))
        .collect();
    let unchecked: Vec<String> = db
        .rows(
            "SELECT conname || ' of ' || conrelid::regclass::text FROM pg_constraint \
             WHERE contype = 'f' AND NOT convalidated ORDER BY 1",
        )
        .await?
        .iter()
        .map(|row| row.string(0))
        .collect();
    let count = |found: &[String]| found.len() as f64;
    let checks = vec![
        Check::of(
            "file",
            "No damaged page was met",
            format!("{damaged} pages failed their checksum"),
            (damaged > 0).then(|| "Restore a verified backup, and look at the disk.".to_owned()),
        )
        .with_value(damaged as f64),
        Check::of(
            "indexes",
            "Indexes are complete",
            format!("{} incomplete", invalid.len()),
            (!invalid.is_empty()).then(|| {
                format!(
                    "{} broke off while built: drop and build again.",
                    invalid.join(", ")
                )
            }),
        )
        .with_value(count(&invalid)),
        Check::of(
            "foreign-keys",
            "Foreign keys were checked for every row",
            format!("{} not checked", unchecked.len()),
            (!unchecked.is_empty()).then(|| format!("Validate {}.", unchecked.join(", "))),
        )
        .with_value(count(&unchecked)),
    ];
    Ok(section("integrity", "Database integrity", checks))
}
