//! The audit log: append-only, and each entry's hash covers the one before, so that a change in the middle shows.
//! Entries are written in the same transaction as the change they tell of. They must not hold secrets.

mod chain;
mod read;

pub use read::{Filter, csv, newest_of, page, verify};

use shared::evidence::EvidenceEntry;

use crate::accounts::Actor;
use crate::moment::Moment;
use crate::store::{Store, StoreError, WriteTx, sql};

/// Account name of what Switchyard does by itself.
pub const ITSELF: &str = "switchyard";

/// Something that happened, ready to be written down.
#[derive(Debug, Clone)]
pub struct Entry {
    actor: String,
    system: Option<String>,
    action: &'static str,
    object: String,
    text: String,
    refused: bool,
    address: Option<String>,
}

impl Entry {
    /// Something that a person did. `action` is such as `run.started`, `object` such as `run 3`, `text` a sentence.
    pub fn by(
        actor: &Actor,
        action: &'static str,
        object: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            actor: actor.username().to_owned(),
            system: None,
            action,
            object: object.into(),
            text: text.into(),
            refused: false,
            address: Some(actor.address().to_owned()),
        }
    }

    /// Something that Switchyard did by itself.
    pub fn by_itself(
        action: &'static str,
        object: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self::of(ITSELF, action, object, text)
    }

    /// Something that a named person did without a session: signing in, or through the command line.
    pub fn of(
        actor: impl Into<String>,
        action: &'static str,
        object: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            actor: actor.into(),
            system: None,
            action,
            object: object.into(),
            text: text.into(),
            refused: false,
            address: None,
        }
    }

    /// It concerns this system.
    #[must_use]
    pub fn on(mut self, system: impl Into<String>) -> Self {
        self.system = Some(system.into());
        self
    }

    /// It was refused.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.refused = true;
        self
    }

    /// It came from this address.
    #[must_use]
    pub fn from_address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }
}

/// Writes an entry in the transaction of the change it tells of.
///
/// # Errors
/// When the control store cannot write it; the caller's change must not be kept then either.
pub async fn append(tx: &mut WriteTx, at: Moment, entry: Entry) -> Result<(), StoreError> {
    let last: Option<(i64, String)> =
        sql::query_as("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")
            .fetch_optional(&mut **tx)
            .await?;
    let (id, previous) = last.map_or((1, chain::START.to_owned()), |(id, hash)| (id + 1, hash));
    let hash = chain::hash(&chain::Link {
        id,
        at: at.0,
        actor: &entry.actor,
        system: entry.system.as_deref(),
        action: entry.action,
        object: &entry.object,
        text: &entry.text,
        refused: entry.refused,
        address: entry.address.as_deref(),
        previous: &previous,
    });
    sql::query(
        "INSERT INTO audit (id, at, actor, system, action, object, text, refused, address, previous_hash, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(id)
    .bind(at.0)
    .bind(entry.actor)
    .bind(entry.system)
    .bind(entry.action)
    .bind(entry.object)
    .bind(entry.text)
    .bind(entry.refused)
    .bind(entry.address)
    .bind(previous)
    .bind(hash)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The hash that an entry has to have, computed again.
pub fn hash_of(entry: &EvidenceEntry) -> String {
    chain::hash(&chain::Link {
        id: entry.id,
        at: Moment::parse(&entry.at).map_or(0, |at| at.0),
        actor: &entry.actor,
        system: entry.system.as_deref(),
        action: &entry.action,
        object: &entry.object,
        text: &entry.text,
        refused: entry.refused,
        address: entry.address.as_deref(),
        previous: &entry.previous,
    })
}

/// Writes an entry about something that changed nothing in the control store, such as a refusal.
///
/// # Errors
/// When the control store cannot write it.
pub async fn record(store: &Store, at: Moment, entry: Entry) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    append(&mut tx, at, entry).await?;
    tx.commit().await
}
