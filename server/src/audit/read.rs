//! Reading the audit log: filtered pages, the whole as CSV, and whether the chain is whole.

use futures_util::TryStreamExt as _;

use shared::audit::{AuditEntry, AuditPage, AuditVerification};

use super::chain::{self, Link};
use crate::moment::Moment;
use crate::store::{Store, StoreError, sql};

/// Which entries; an absent part fits all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Slug of a system.
    pub system: Option<String>,
    /// Account name.
    pub actor: Option<String>,
    /// Action, such as `run.started`.
    pub action: Option<String>,
    /// Text that object or sentence contain, whatever its case.
    pub text: Option<String>,
}

/// The pattern that finds text anywhere, whatever letters `LIKE` gives a meaning to.
fn anywhere(text: &str) -> String {
    let literal = text
        .replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_");
    format!("%{literal}%")
}

/// Largest page.
const LARGEST_PAGE: u32 = 200;

/// The condition of a [`Filter`], with its values as $1 to $4.
macro_rules! fitting {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            " FROM audit WHERE ($1 IS NULL OR system = $1) AND ($2 IS NULL OR actor = $2) \
             AND ($3 IS NULL OR action = $3) \
             AND ($4 IS NULL OR lower(text || ' ' || object) LIKE lower($4) ESCAPE '!')",
            $tail
        )
    };
}

/// A page, newest first; `before` is the id of the last entry of the page before.
///
/// # Errors
/// When the control store cannot be read.
pub async fn page(
    store: &Store,
    filter: &Filter,
    before: Option<i64>,
    limit: u32,
) -> Result<AuditPage, StoreError> {
    let limit = i64::from(limit.clamp(1, LARGEST_PAGE));
    let mut reader = store.reader().await?;
    let rows = sql::query(fitting!(
        "SELECT id, at, actor, system, action, object, text, refused, address, hash",
        " AND ($5 IS NULL OR id < $5) ORDER BY id DESC LIMIT $6"
    ))
    .bind(&filter.system)
    .bind(&filter.actor)
    .bind(&filter.action)
    .bind(filter.text.as_deref().map(anywhere))
    .bind(before)
    .bind(limit + 1)
    .fetch_all(&mut *reader)
    .await?;
    let mut entries = rows
        .iter()
        .map(entry)
        .collect::<Result<Vec<_>, sqlx::Error>>()?;
    let more = entries.len() as i64 > limit;
    entries.truncate(limit as usize);
    let total: i64 = sql::query_scalar(fitting!("SELECT COUNT(id)", ""))
        .bind(&filter.system)
        .bind(&filter.actor)
        .bind(&filter.action)
        .bind(filter.text.as_deref().map(anywhere))
        .fetch_one(&mut *reader)
        .await?;
    let actors = sql::query_scalar(
        "SELECT DISTINCT actor FROM audit WHERE ($1 IS NULL OR system = $1) ORDER BY actor",
    )
    .bind(&filter.system)
    .fetch_all(&mut *reader)
    .await?;
    let actions = sql::query_scalar(
        "SELECT DISTINCT action FROM audit WHERE ($1 IS NULL OR system = $1) ORDER BY action",
    )
    .bind(&filter.system)
    .fetch_all(&mut *reader)
    .await?;
    Ok(AuditPage {
        next: more.then(|| entries.last().map(|entry| entry.id)).flatten(),
        entries,
        total: u64::try_from(total).unwrap_or(0),
        actors,
        actions,
    })
}

/// What was written last about one thing of a system.
///
/// # Errors
/// When the control store cannot be read.
pub async fn newest_of(
    store: &Store,
    system: &str,
    object: &str,
) -> Result<Option<AuditEntry>, StoreError> {
    let row = sql::query(
        "SELECT id, at, actor, system, action, object, text, refused, address, hash FROM audit \
         WHERE system = $1 AND object = $2 ORDER BY id DESC LIMIT 1",
    )
    .bind(system)
    .bind(object)
    .fetch_optional(store.read())
    .await?;
    Ok(row.as_ref().map(entry).transpose()?)
}

fn entry(row: &sql::Row) -> Result<AuditEntry, sqlx::Error> {
    Ok(AuditEntry {
        id: row.try_get("id")?,
        at: Moment(row.try_get("at")?).rfc3339(),
        actor: row.try_get("actor")?,
        system: row.try_get("system")?,
        action: row.try_get("action")?,
        object: row.try_get("object")?,
        text: row.try_get("text")?,
        refused: row.try_get("refused")?,
        address: row.try_get("address")?,
        hash: row.try_get("hash")?,
    })
}

/// Entries that fit, oldest first, as CSV with a head. A cell that a spreadsheet would take for a formula gets an
/// apostrophe before it.
///
/// # Errors
/// When the control store cannot be read.
pub async fn csv(store: &Store, filter: &Filter) -> Result<String, StoreError> {
    let mut reader = store.reader().await?;
    let mut rows = sql::query(fitting!(
        "SELECT id, at, actor, system, action, object, text, refused, address, hash",
        " ORDER BY id"
    ))
    .bind(&filter.system)
    .bind(&filter.actor)
    .bind(&filter.action)
    .bind(filter.text.as_deref().map(anywhere))
    .fetch(&mut *reader);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error| StoreError::content("an audit entry", error);
    writer
        .write_record([
            "id", "at", "actor", "system", "action", "object", "text", "refused", "address", "hash",
        ])
        .map_err(failed)?;
    while let Some(row) = rows.try_next().await? {
        let entry = entry(&row)?;
        let cells = [
            entry.id.to_string(),
            entry.at,
            entry.actor,
            entry.system.unwrap_or_default(),
            entry.action,
            entry.object,
            entry.text,
            entry.refused.to_string(),
            entry.address.unwrap_or_default(),
            entry.hash,
        ];
        writer
            .write_record(cells.map(without_formula))
            .map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| StoreError::content("an audit entry", error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A cell that no spreadsheet computes.
fn without_formula(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell
    }
}

/// Computes every hash again and says whether the chain is whole.
///
/// # Errors
/// When the control store cannot be read.
pub async fn verify(connection: &mut sql::Connection) -> Result<AuditVerification, StoreError> {
    let mut rows = sql::query(
        "SELECT id, at, actor, system, action, object, text, refused, address, previous_hash, hash \
         FROM audit ORDER BY id",
    )
    .fetch(connection);
    let mut previous = chain::START.to_owned();
    let mut entries = 0_u64;
    let mut broken_at = None;
    while let Some(row) = rows.try_next().await? {
        entries += 1;
        let id: i64 = row.try_get("id")?;
        let actor: String = row.try_get("actor")?;
        let system: Option<String> = row.try_get("system")?;
        let action: String = row.try_get("action")?;
        let object: String = row.try_get("object")?;
        let text: String = row.try_get("text")?;
        let address: Option<String> = row.try_get("address")?;
        let kept_previous: String = row.try_get("previous_hash")?;
        let kept: String = row.try_get("hash")?;
        let hash = chain::hash(&Link {
            id,
            at: row.try_get("at")?,
            actor: &actor,
            system: system.as_deref(),
            action: &action,
            object: &object,
            text: &text,
            refused: row.try_get("refused")?,
            address: address.as_deref(),
            previous: &previous,
        });
        // a gap in the numbers is an entry that was taken away
        let expected = i64::try_from(entries).unwrap_or(i64::MAX);
        if broken_at.is_none() && (id != expected || kept_previous != previous || kept != hash) {
            broken_at = Some(id.min(expected));
        }
        previous = kept;
    }
    Ok(AuditVerification {
        whole: broken_at.is_none(),
        entries,
        head: (entries > 0).then_some(previous),
        broken_at,
    })
}

#[cfg(test)]
mod tests {
    use super::without_formula;

    #[test]
    fn a_cell_that_begins_like_a_formula_is_text() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"] {
            assert!(without_formula(cell.into()).starts_with('\''));
        }
        assert_eq!(without_formula("run 3".into()), "run 3");
    }
}
