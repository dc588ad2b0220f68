//! What restores have kept of the database before: listed, and released for good by an administrator.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use shared::approval::ApprovalAction;
use shared::backup::{KeptDatabase, ReleaseKept};
use shared::event::Topic;

use super::refused;
use crate::accounts::{Administrator, Fresh};
use crate::approvals::{Allowed, subject::Choice};
use crate::audit::{self, Entry};
use crate::engine::restore::{self, Described};
use crate::state::AppState;
use crate::store::rollbacks;
use crate::systems::{System, SystemError};

/// Databases that restores have kept, oldest first.
pub async fn kept(state: &AppState, system: &System) -> Result<Vec<KeptDatabase>, SystemError> {
    let found = described(system).await?;
    let needs_approval = state.config.approvals.require_second_administrator;
    Ok(found
        .iter()
        .map(|one| KeptDatabase {
            name: one.kept.name(),
            since: one.since.map(|at| at.to_string()),
            size_bytes: one.bytes,
            fingerprint: fingerprint(system, one),
            needs_approval,
        })
        .collect())
}

/// What a second administrator can approve now.
pub async fn choices(system: &System) -> Result<Vec<Choice>, SystemError> {
    let found = described(system).await?;
    let title = &system.config.title;
    Ok(found
        .iter()
        .map(|one| Choice {
            fingerprint: fingerprint(system, one),
            text: format!("Release {} of {title} for good", one.kept.name()),
        })
        .collect())
}

/// Who releases.
#[derive(Debug, Clone, Copy)]
pub enum Releasing<'a> {
    /// A person at the console.
    Person(&'a Fresh<Administrator>),
    /// A person at the command line, and why it is done without an approval that is asked for, where that was written
    /// down.
    Command(&'a str, Option<&'a str>),
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
    release_of(state, system, name, Releasing::Person(actor)).await?;
    kept(state, system).await
}

/// Removes one of them for good. Where a second administrator is asked for, it uses up the approval of exactly this one.
pub async fn release_of(
    state: &AppState,
    system: &Arc<System>,
    name: &str,
    by: Releasing<'_>,
) -> Result<(), SystemError> {
    let found = described(system).await?;
    let Some(one) = found.iter().find(|one| one.kept.name() == name) else {
        return Err(SystemError::not_found(
            format!("No restore has kept {name}."),
            "Look at what is kept now: somebody else may have released it.",
        ));
    };
    let object = format!("kept database {name}");
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    // the last file of a restore that goes on is its way back
    if rollbacks::is_rolling_back(&mut tx, system.slug()).await? {
        return Err(SystemError::conflict(
            "A rollback of this system is going on.",
            "Wait until it is done.",
        ));
    }
    let mut text = format!("Releases {name} for good: the database as it was before a restore");
    if state.config.approvals.require_second_administrator {
        let (bound, slug) = (fingerprint(system, one), system.slug());
        let (who, reason) = match by {
            Releasing::Person(actor) => (actor.username(), None),
            Releasing::Command(name, reason) => (name, reason),
        };
        let action = ApprovalAction::Release;
        let allowed = Allowed::by(&mut tx, now, slug, action, Some(&bound), reason).await?;
        text.push_str(&format!(", {allowed}"));
        if let Some(waived) = allowed.waived(who, &object, slug) {
            audit::append(&mut tx, now, waived).await?;
        }
    }
    text.push('.');
    let entry = match by {
        Releasing::Person(actor) => Entry::by(actor, "backup.kept-released", &object, text),
        Releasing::Command(name, _) => Entry::of(name, "backup.kept-released", &object, text),
    };
    audit::append(&mut tx, now, entry.on(system.slug())).await?;
    tx.commit().await?;
    let released = restore::release(system.url()?, &one.kept).await;
    if let Err(error) = &released {
        let mut tx = state.store.write().await?;
        let text = system.without_places(&format!("{name} was not released: {error}."));
        let entry = Entry::by_itself("backup.kept-not-released", object, text);
        audit::append(&mut tx, state.clock.now(), entry.on(system.slug())).await?;
        tx.commit().await?;
    }
    for topic in [Topic::Backups, Topic::Approvals] {
        state.hub.changed(system.slug(), topic);
    }
    released.map_err(|error| refused(system, &error))
}

/// What an approval is bound to: nobody writes into a kept database, so which one it is says all.
fn fingerprint(system: &System, one: &Described) -> String {
    let name = one.kept.name();
    hex::encode(Sha256::digest(format!(
        "release\n{}\n{name}",
        system.slug()
    )))
}

async fn described(system: &System) -> Result<Vec<Described>, SystemError> {
    restore::describe(system.url()?)
        .await
        .map_err(|error| refused(system, &error))
}
