//! What restores have kept of the database before: listed, and released for good by an administrator.

use std::sync::Arc;

use shared::backup::{KeptDatabase, ReleaseKept};
use shared::event::Topic;

use super::refused;
use crate::accounts::{Administrator, Fresh};
use crate::audit::{self, Entry};
use crate::engine::restore::{self, Described};
use crate::state::AppState;
use crate::store::rollbacks;
use crate::systems::{System, SystemError};

/// Databases that restores have kept, oldest first.
pub async fn kept(system: &System) -> Result<Vec<KeptDatabase>, SystemError> {
    Ok(described(system).await?.iter().map(line).collect())
}

/// Removes one of them for good, and answers those that are left.
pub async fn release(
    state: &AppState,
    system: &Arc<System>,
    name: &str,
    wanted: &ReleaseKept,
    actor: &Fresh<Administrator>,
) -> Result<Vec<KeptDatabase>, SystemError> {
    if wanted.confirm.trim() != system.config.title {
        return Err(SystemError::field(
            "confirm",
            format!("Type {} to confirm.", system.config.title),
        ));
    }
    let found = described(system).await?;
    let Some(one) = found.iter().find(|one| one.kept.name() == name) else {
        return Err(SystemError::not_found(
            format!("No restore has kept {name}."),
            "Look at what is kept now: somebody else may have released it.",
        ));
    };
    let object = format!("kept database {name}");
    let mut tx = state.store.write().await?;
    // the last file of a restore that goes on is its way back
    if rollbacks::is_rolling_back(&mut tx, system.slug()).await? {
        return Err(SystemError::conflict(
            "A rollback of this system is going on.",
            "Wait until it is done.",
        ));
    }
    let text = format!("Releases {name} for good: the database as it was before a restore.");
    let entry = Entry::by(actor, "backup.kept-released", &object, text);
    audit::append(&mut tx, state.clock.now(), entry.on(system.slug())).await?;
    tx.commit().await?;
    let released = restore::release(system.url()?, &one.kept).await;
    if let Err(error) = &released {
        let mut tx = state.store.write().await?;
        let text = system.without_places(&format!("{name} was not released: {error}."));
        let entry = Entry::by_itself("backup.kept-not-released", object, text);
        audit::append(&mut tx, state.clock.now(), entry.on(system.slug())).await?;
        tx.commit().await?;
    }
    state.hub.changed(system.slug(), Topic::Backups);
    released.map_err(|error| refused(system, &error))?;
    kept(system).await
}

async fn described(system: &System) -> Result<Vec<Described>, SystemError> {
    restore::describe(system.url()?)
        .await
        .map_err(|error| refused(system, &error))
}

fn line(one: &Described) -> KeptDatabase {
    KeptDatabase {
        name: one.kept.name(),
        since: one.since.map(|at| at.to_string()),
        size_bytes: one.bytes,
    }
}
