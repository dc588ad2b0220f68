//! Links to status pages in the control store. What makes a link work is not here.

use shared::status_link::StatusLink;

use super::words::{json, of_json};
use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

/// A link with its system.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkRow {
    /// Slug of the system.
    pub system: String,
    /// The link.
    pub link: StatusLink,
    /// When it ends.
    pub expires: Moment,
}

fn link(row: &sql::Row) -> Result<LinkRow, StoreError> {
    let expires = Moment(row.try_get(6)?);
    Ok(LinkRow {
        link: StatusLink {
            id: row.try_get(0)?,
            label: row.try_get(2)?,
            audience: of_json("the audience of a link", row.try_get(3)?)?,
            by: row.try_get(4)?,
            created: Moment(row.try_get(5)?).rfc3339(),
            expires: expires.rfc3339(),
            revoked: row
                .try_get::<Option<i64>, _>(7)?
                .map(|at| Moment(at).rfc3339()),
        },
        system: row.try_get(1)?,
        expires,
    })
}

/// Keeps a new link.
pub async fn insert(tx: &mut WriteTx, row: &LinkRow, now: Moment) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO status_links (id, system, label, audience, by, created, expires) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&row.link.id)
    .bind(&row.system)
    .bind(&row.link.label)
    .bind(json("the audience of a link", &row.link.audience)?)
    .bind(&row.link.by)
    .bind(now.0)
    .bind(row.expires.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The links of a system, newest first.
pub async fn list(store: &Store, system: &str) -> Result<Vec<StatusLink>, StoreError> {
    let rows = sql::query(
        "SELECT id, system, label, audience, by, created, expires, revoked FROM status_links \
         WHERE system = $1 ORDER BY created DESC, id LIMIT 200",
    )
    .bind(system)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(|row| Ok(link(row)?.link)).collect()
}

/// One link.
pub async fn get(store: &Store, id: &str) -> Result<Option<LinkRow>, StoreError> {
    let row = sql::query(
        "SELECT id, system, label, audience, by, created, expires, revoked FROM status_links WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(store.read())
    .await?;
    row.as_ref().map(link).transpose()
}

/// Revokes a link of a system; whether there was one that could be.
pub async fn revoke(
    tx: &mut WriteTx,
    system: &str,
    id: &str,
    now: Moment,
) -> Result<bool, StoreError> {
    let done = sql::query(
        "UPDATE status_links SET revoked = $3 WHERE system = $1 AND id = $2 AND revoked IS NULL",
    )
    .bind(system)
    .bind(id)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
