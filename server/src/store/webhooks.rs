//! Webhooks in the control store. Their secrets are not here: they are derived from a key that is no part of it.

use shared::webhook::{Webhook, WebhookKind};

use super::words::{of_word, word};
use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

fn webhook(row: &sql::Row) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: row.try_get(0)?,
        label: row.try_get(1)?,
        organization: Some(row.try_get::<String, _>(7)?).filter(|code| !code.is_empty()),
        kinds: of_list(row.try_get(8)?)?,
        address: row.try_get(2)?,
        by: row.try_get(3)?,
        created: Moment(row.try_get(4)?).rfc3339(),
        waiting: row.try_get(5)?,
        dead: row.try_get(6)?,
    })
}

/// Kinds of events between commas; nothing: all.
fn list_of(kinds: Option<&[WebhookKind]>) -> String {
    kinds.map_or_else(String::new, |kinds| {
        kinds
            .iter()
            .fold(",".to_owned(), |list, kind| list + &word(kind) + ",")
    })
}

fn of_list(list: &str) -> Result<Option<Vec<WebhookKind>>, StoreError> {
    if list.is_empty() {
        return Ok(None);
    }
    let kinds = list.split(',').filter(|kind| !kind.is_empty());
    kinds
        .map(|kind| of_word("a kind of event", kind.to_owned()))
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}

/// Keeps a new webhook and answers its identifier.
pub async fn insert(
    tx: &mut WriteTx,
    system: &str,
    webhook: &Webhook,
    now: Moment,
) -> Result<i64, StoreError> {
    Ok(sql::query_scalar(
        "INSERT INTO webhooks (system, address, label, by, created, organization, kinds) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(system)
    .bind(&webhook.address)
    .bind(&webhook.label)
    .bind(&webhook.by)
    .bind(now.0)
    .bind(webhook.organization.as_deref().unwrap_or_default())
    .bind(list_of(webhook.kinds.as_deref()))
    .fetch_one(&mut **tx)
    .await?)
}

/// Removes a webhook with its deliveries; whether there was one.
pub async fn remove(tx: &mut WriteTx, system: &str, id: i64) -> Result<bool, StoreError> {
    let done = sql::query("DELETE FROM webhooks WHERE system = $1 AND id = $2")
        .bind(system)
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The webhooks of a system, by identifier.
pub async fn list(store: &Store, system: &str) -> Result<Vec<Webhook>, StoreError> {
    let rows = sql::query(
        "SELECT id, label, address, by, created, \
         (SELECT COUNT(*) FROM deliveries WHERE webhook = webhooks.id AND state = 'waiting'), \
         (SELECT COUNT(*) FROM deliveries WHERE webhook = webhooks.id AND state = 'dead'), organization, kinds \
         FROM webhooks WHERE system = $1 ORDER BY id",
    )
    .bind(system)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(webhook).collect()
}

/// One webhook of a system.
pub async fn get(store: &Store, system: &str, id: i64) -> Result<Option<Webhook>, StoreError> {
    Ok(list(store, system)
        .await?
        .into_iter()
        .find(|webhook| webhook.id == id))
}
