//! What throttles signing in: failed tries by bucket, and devices that an account signed in from before.

use super::{StoreError, sql};
use crate::moment::Moment;

/// Failed tries of a bucket: how many, and when the last one was.
///
/// # Errors
/// When the control store cannot be read.
pub async fn failures(
    connection: &mut sql::Connection,
    bucket: &str,
) -> Result<Option<(i64, Moment)>, StoreError> {
    let found: Option<(i64, i64)> =
        sql::query_as("SELECT failures, last FROM sign_in_failures WHERE bucket = $1")
            .bind(bucket)
            .fetch_optional(connection)
            .await?;
    Ok(found.map(|(failures, last)| (failures, Moment(last))))
}

/// Writes the failed tries of a bucket.
///
/// # Errors
/// When the store cannot write.
pub async fn write(
    connection: &mut sql::Connection,
    bucket: &str,
    failures: i64,
    last: Moment,
) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO sign_in_failures (bucket, failures, last) VALUES ($1, $2, $3) \
         ON CONFLICT (bucket) DO UPDATE SET failures = excluded.failures, last = excluded.last",
    )
    .bind(bucket)
    .bind(failures)
    .bind(last.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes one try of a bucket back, because it did not fail.
///
/// # Errors
/// When the store cannot write.
pub async fn take_back(connection: &mut sql::Connection, bucket: &str) -> Result<(), StoreError> {
    sql::query(
        "UPDATE sign_in_failures SET failures = failures - 1 WHERE bucket = $1 AND failures > 0",
    )
    .bind(bucket)
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets the tries of a bucket.
///
/// # Errors
/// When the store cannot write.
pub async fn forget(connection: &mut sql::Connection, bucket: &str) -> Result<(), StoreError> {
    sql::query("DELETE FROM sign_in_failures WHERE bucket = $1")
        .bind(bucket)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets all tries before a moment.
///
/// # Errors
/// When the store cannot write.
pub async fn sweep(connection: &mut sql::Connection, before: Moment) -> Result<(), StoreError> {
    sql::query("DELETE FROM sign_in_failures WHERE last < $1")
        .bind(before.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether an account signed in from this device before.
///
/// # Errors
/// When the control store cannot be read.
pub async fn is_known_device(
    connection: &mut sql::Connection,
    account: &str,
    token_hash: &str,
) -> Result<bool, StoreError> {
    Ok(sql::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM known_devices WHERE token_hash = $1 AND account = $2)",
    )
    .bind(token_hash)
    .bind(account)
    .fetch_one(connection)
    .await?)
}

/// Notes that an account signed in from a device; keeps the newest 20 of an account.
///
/// # Errors
/// When the store cannot write.
pub async fn know_device(
    connection: &mut sql::Connection,
    account: &str,
    token_hash: &str,
    at: Moment,
) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO known_devices (token_hash, account, seen) VALUES ($1, $2, $3) \
         ON CONFLICT (token_hash, account) DO UPDATE SET seen = excluded.seen",
    )
    .bind(token_hash)
    .bind(account)
    .bind(at.0)
    .execute(&mut *connection)
    .await?;
    sql::query(
        "DELETE FROM known_devices WHERE account = $1 AND token_hash NOT IN \
         (SELECT token_hash FROM known_devices WHERE account = $1 ORDER BY seen DESC LIMIT 20)",
    )
    .bind(account)
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets the devices of an account, because its password was reset.
///
/// # Errors
/// When the store cannot write.
pub async fn forget_devices(
    connection: &mut sql::Connection,
    account: &str,
) -> Result<(), StoreError> {
    sql::query("DELETE FROM known_devices WHERE account = $1")
        .bind(account)
        .execute(connection)
        .await?;
    Ok(())
}
