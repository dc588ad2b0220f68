//! Subscribers in the control store. Whoever unsubscribes is forgotten at once, and whoever never confirmed after a while.

use shared::subscriber::{Subscriber, Subscribers};

use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

/// Subscribers that a list shows.
const SHOWN: u32 = 200;

/// Somebody who asks to be told.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Slug of the system.
    pub system: &'a str,
    /// Address.
    pub address: &'a str,
    /// Identifier of the link; empty: the public page.
    pub link: &'a str,
    /// Code of the organization; empty: the whole system.
    pub organization: &'a str,
}

/// Who unsubscribes or confirms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Slug of the system.
    pub system: String,
    /// Whether the address is confirmed.
    pub is_confirmed: bool,
}

/// Keeps an address with the question whether it is right, unless it is confirmed already or was asked since `asked_after`.
/// Answers whether the question is queued.
pub async fn ask(
    tx: &mut WriteTx,
    who: Asked<'_>,
    asked_after: Moment,
    now: Moment,
) -> Result<bool, StoreError> {
    let id: Option<i64> = sql::query_scalar(
        "INSERT INTO subscribers (system, address, link, organization, created, asked) VALUES ($1, $2, $3, $4, $5, $5) \
         ON CONFLICT (system, link, address) DO UPDATE SET asked = excluded.asked \
         WHERE subscribers.confirmed IS NULL AND subscribers.asked <= $6 RETURNING id",
    )
    .bind(who.system)
    .bind(who.address)
    .bind(who.link)
    .bind(who.organization)
    .bind(now.0)
    .bind(asked_after.0)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(id) = id else {
        return Ok(false);
    };
    sql::query(
        "INSERT INTO deliveries (subscriber, state, next_at, created) VALUES ($1, 'waiting', $2, $2) \
         ON CONFLICT (subscriber) WHERE event IS NULL DO UPDATE SET state = 'waiting', attempts = 0, next_at = $2, \
         created = $2, error = NULL, finished = NULL",
    )
    .bind(id)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(true)
}

/// Questions that were asked of this address lately, for whatever system.
pub async fn asked_lately(
    tx: &mut WriteTx,
    address: &str,
    since: Moment,
) -> Result<i64, StoreError> {
    Ok(
        sql::query_scalar("SELECT COUNT(*) FROM subscribers WHERE address = $1 AND asked > $2")
            .bind(address)
            .bind(since.0)
            .fetch_one(&mut **tx)
            .await?,
    )
}

/// How many did not confirm yet, and how many there are.
pub async fn counts(tx: &mut WriteTx, system: &str) -> Result<(i64, i64), StoreError> {
    Ok(sql::query_as(
        "SELECT COUNT(*) FILTER (WHERE confirmed IS NULL), COUNT(*) FROM subscribers WHERE system = $1",
    )
    .bind(system)
    .fetch_one(&mut **tx)
    .await?)
}

/// Who this is; none when they are forgotten.
pub async fn get(store: &Store, id: i64) -> Result<Option<Known>, StoreError> {
    let row: Option<(String, bool)> =
        sql::query_as("SELECT system, confirmed IS NOT NULL FROM subscribers WHERE id = $1")
            .bind(id)
            .fetch_optional(store.read())
            .await?;
    Ok(row.map(|(system, is_confirmed)| Known {
        system,
        is_confirmed,
    }))
}

/// Confirms an address; whether it is known. A second time changes nothing.
pub async fn confirm(tx: &mut WriteTx, id: i64, now: Moment) -> Result<bool, StoreError> {
    let done =
        sql::query("UPDATE subscribers SET confirmed = COALESCE(confirmed, $2) WHERE id = $1")
            .bind(id)
            .bind(now.0)
            .execute(&mut **tx)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets somebody, and every further subscription of the same address to the same system: whoever says stop means it.
/// What waits for them goes too. Answers the system, when they were known.
pub async fn forget(tx: &mut WriteTx, id: i64) -> Result<Option<String>, StoreError> {
    Ok(sql::query_scalar(
        "DELETE FROM subscribers WHERE (system, address) = (SELECT system, address FROM subscribers WHERE id = $1) \
         RETURNING system",
    )
    .bind(id)
    .fetch_all(&mut **tx)
    .await?
    .into_iter()
    .next())
}

/// Forgets one subscription of a system; whether there was one.
pub async fn remove(tx: &mut WriteTx, system: &str, id: i64) -> Result<bool, StoreError> {
    let done = sql::query("DELETE FROM subscribers WHERE system = $1 AND id = $2")
        .bind(system)
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether anybody is told by mail what happens to a system.
pub async fn are_there(store: &Store, system: &str) -> Result<bool, StoreError> {
    Ok(sql::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM subscribers WHERE system = $1 AND confirmed IS NOT NULL)",
    )
    .bind(system)
    .fetch_one(store.read())
    .await?)
}

/// Forgets who subscribed through a link, because it was revoked.
pub async fn forget_link(tx: &mut WriteTx, link: &str) -> Result<(), StoreError> {
    sql::query("DELETE FROM subscribers WHERE link = $1")
        .bind(link)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whose time is over.
macro_rules! over {
    () => {
        "confirmed IS NULL AND asked < $1 OR link <> '' AND link NOT IN \
         (SELECT id FROM status_links WHERE revoked IS NULL AND expires > $2)"
    };
}

/// Forgets who did not confirm in time, and who subscribed through a link that has ended.
pub async fn sweep(
    store: &Store,
    unconfirmed_before: Moment,
    now: Moment,
) -> Result<(), StoreError> {
    let due: bool = sql::query_scalar(concat!(
        "SELECT EXISTS (SELECT 1 FROM subscribers WHERE ",
        over!(),
        ")"
    ))
    .bind(unconfirmed_before.0)
    .bind(now.0)
    .fetch_one(store.read())
    .await?;
    // no write lock for nothing
    if !due {
        return Ok(());
    }
    let mut tx = store.write().await?;
    sql::query(concat!("DELETE FROM subscribers WHERE ", over!()))
        .bind(unconfirmed_before.0)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// The pattern of addresses that hold these letters as they are.
fn containing(letters: &str) -> String {
    let mut pattern = String::from("%");
    for letter in letters.trim().to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// What operators see; `address` is a part of the addresses that are looked for.
pub async fn view(
    store: &Store,
    system: &str,
    address: &str,
    mail: bool,
) -> Result<Subscribers, StoreError> {
    let (confirmed, pending): (i64, i64) = sql::query_as(
        "SELECT COUNT(confirmed), COUNT(*) - COUNT(confirmed) FROM subscribers WHERE system = $1",
    )
    .bind(system)
    .fetch_one(store.read())
    .await?;
    let (waiting, dead): (i64, i64) = sql::query_as(
        "SELECT COUNT(*) FILTER (WHERE state = 'waiting'), COUNT(*) FILTER (WHERE state = 'dead') FROM deliveries \
         WHERE subscriber IN (SELECT id FROM subscribers WHERE system = $1)",
    )
    .bind(system)
    .fetch_one(store.read())
    .await?;
    let rows = sql::query(
        "SELECT subscribers.id, address, organization, status_links.label, subscribers.created, confirmed, \
         (SELECT error FROM deliveries WHERE subscriber = subscribers.id AND state = 'dead' ORDER BY id DESC LIMIT 1) \
         FROM subscribers LEFT JOIN status_links ON status_links.id = subscribers.link \
         WHERE subscribers.system = $1 AND address LIKE $2 ESCAPE '!' ORDER BY subscribers.id DESC LIMIT $3",
    )
    .bind(system)
    .bind(containing(address))
    .bind(SHOWN)
    .fetch_all(store.read())
    .await?;
    let newest: Result<Vec<Subscriber>, StoreError> = rows
        .iter()
        .map(|row| {
            Ok(Subscriber {
                id: row.try_get(0)?,
                address: row.try_get(1)?,
                organization: Some(row.try_get::<String, _>(2)?).filter(|code| !code.is_empty()),
                link: row.try_get(3)?,
                created: Moment(row.try_get(4)?).rfc3339(),
                confirmed: row
                    .try_get::<Option<i64>, _>(5)?
                    .map(|at| Moment(at).rfc3339()),
                error: row.try_get(6)?,
            })
        })
        .collect();
    Ok(Subscribers {
        mail,
        confirmed: confirmed.unsigned_abs(),
        pending: pending.unsigned_abs(),
        waiting: waiting.unsigned_abs(),
        dead: dead.unsigned_abs(),
        newest: newest?,
    })
}
