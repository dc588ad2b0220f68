//! A backup written and proven, by hand or for a run: one at a time of a system, whichever console does it.

use std::sync::Arc;

use shared::backup::{BackupState, BackupSummary};
use shared::event::Topic;
use shared::work::WorkOn;

use super::going_on::{claim, turn};
use super::{directory, find, list, refused};
use crate::accounts::Operator;
use crate::audit::{self, Entry};
use crate::engine::backup::{self as proof, BackupError};
use crate::engine::progress::Watch;
use crate::state::AppState;
use crate::store::backups::{self as rows, Verification};
use crate::systems::{System, SystemError};

/// Begins a backup and its verification in the background.
pub async fn start(
    state: &AppState,
    system: &Arc<System>,
    actor: &Operator,
) -> Result<BackupSummary, SystemError> {
    system.url()?;
    let Some(busy) = claim(state, system).await? else {
        return Err(in_progress());
    };
    let name = reserve(state, system, actor.username(), "by hand", Some(actor)).await?;
    let begun = rows::all(&state.store, system.slug())
        .await?
        .into_iter()
        .find(|backup| backup.name == name)
        .ok_or_else(|| SystemError::not_found("The backup is gone.", "Make another one."))?;
    let (state, system) = (state.clone(), system.clone());
    state.tasks.clone().spawn(async move {
        let _busy = busy;
        if let Err(error) = write_and_verify(&state, &system, &name).await {
            tracing::warn!(system = system.slug(), backup = %name, %error, "a backup failed");
        }
    });
    Ok(begun)
}

/// Makes a backup and verifies it, waiting for both, and before that for the end of another one. For runs.
pub async fn make(
    state: &AppState,
    system: &Arc<System>,
    by: &str,
    purpose: &str,
) -> Result<BackupSummary, SystemError> {
    let _busy = turn(state, system).await?;
    let name = reserve(state, system, by, purpose, None).await?;
    write_and_verify(state, system, &name).await?;
    list(state, system)
        .await?
        .into_iter()
        .find(|backup| backup.name == name)
        .ok_or_else(|| SystemError::not_found("The backup is gone.", "Make another one."))
}

/// Restores a backup into a scratch database and compares it, in the background.
pub async fn start_verification(
    state: &AppState,
    system: &Arc<System>,
    name: &str,
    actor: &Operator,
) -> Result<BackupSummary, SystemError> {
    let backup = find(state, system, name).await?;
    let Some(busy) = claim(state, system).await? else {
        return Err(in_progress());
    };
    let mut tx = state.store.write().await?;
    rows::set_verification(&mut tx, system.slug(), name, Verification::Begun).await?;
    audit::append(
        &mut tx,
        state.clock.now(),
        Entry::by(
            actor,
            "backup.verification-started",
            format!("backup {name}"),
            format!("Restores {name} into a scratch database and compares it."),
        )
        .on(system.slug()),
    )
    .await?;
    tx.commit().await?;
    state.hub.changed(system.slug(), Topic::Backups);
    let (state, system, name) = (state.clone(), system.clone(), name.to_owned());
    state.tasks.clone().spawn(async move {
        let _busy = busy;
        if let Err(error) = verify(&state, &system, &name).await {
            tracing::warn!(system = system.slug(), backup = %name, %error, "a verification failed");
        }
    });
    Ok(BackupSummary {
        state: BackupState::Verifying,
        ..backup
    })
}

fn in_progress() -> SystemError {
    SystemError::conflict(
        "A backup of this system is being written or verified.",
        "Wait until it is done.",
    )
}

async fn reserve(
    state: &AppState,
    system: &System,
    by: &str,
    purpose: &str,
    actor: Option<&Operator>,
) -> Result<String, SystemError> {
    let now = state.clock.now();
    let at = jiff::Timestamp::from_millisecond(now.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let base = format!("{}-{}", system.slug(), at.strftime("%Y%m%d-%H%M%S"));
    let taken: Vec<String> = rows::all(&state.store, system.slug())
        .await?
        .into_iter()
        .map(|backup| backup.name)
        .collect();
    let place = directory(system, state);
    let name = std::iter::once(base.clone())
        .chain((2..).map(|number| format!("{base}-{number}")))
        .find(|name| !taken.contains(name) && !place.join(name).exists())
        .unwrap_or(base);
    let mut tx = state.store.write().await?;
    rows::insert(&mut tx, system.slug(), &name, now, by, purpose).await?;
    let object = format!("backup {name}");
    let text = format!("Began the backup {name}, {purpose}.");
    let entry = match actor {
        Some(actor) => Entry::by(actor, "backup.started", object, text),
        None => Entry::by_itself("backup.started", object, text),
    };
    audit::append(&mut tx, now, entry.on(system.slug())).await?;
    tx.commit().await?;
    state.hub.changed(system.slug(), Topic::Backups);
    Ok(name)
}

async fn write_and_verify(
    state: &AppState,
    system: &Arc<System>,
    name: &str,
) -> Result<(), SystemError> {
    let place = directory(system, state);
    let taken = match std::fs::create_dir_all(&place) {
        Ok(()) => proof::take(system.url()?, &place, name, watch(state, system, name)).await,
        Err(source) => Err(BackupError::File {
            doing: "made",
            path: place.clone(),
            source,
        }),
    };
    let backup = match taken {
        Ok(backup) => backup,
        Err(error) => {
            let mut tx = state.store.write().await?;
            rows::forget(&mut tx, system.slug(), name).await?;
            let text = system.without_places(&format!("The backup {name} was not made: {error}."));
            audit::append(
                &mut tx,
                state.clock.now(),
                Entry::by_itself("backup.failed", format!("backup {name}"), text).on(system.slug()),
            )
            .await?;
            tx.commit().await?;
            state.hub.changed(system.slug(), Topic::Backups);
            return Err(refused(system, &error));
        }
    };
    let mut tx = state.store.write().await?;
    rows::written(
        &mut tx,
        system.slug(),
        name,
        backup.manifest.bytes,
        u32::try_from(backup.manifest.content.tables.len()).unwrap_or(u32::MAX),
        backup.manifest.content.rows(),
    )
    .await?;
    tx.commit().await?;
    state.hub.changed(system.slug(), Topic::Backups);
    verify(state, system, name).await
}

async fn verify(state: &AppState, system: &Arc<System>, name: &str) -> Result<(), SystemError> {
    let place = directory(system, state).join(name);
    let verified = proof::verify(&place, system.url()?.into(), watch(state, system, name)).await;
    let now = state.clock.now();
    let (end, text, verification) = match &verified {
        Ok(found) => (
            "backup.verified",
            format!(
                "Restored {name} into a scratch database: {} tables and {} rows are equal.",
                found.tables, found.rows
            ),
            Verification::Passed {
                at: now,
                took_ms: found.restore_ms + found.compare_ms,
            },
        ),
        Err(BackupError::Rejected(why)) => {
            let why = system.without_places(&why.to_string());
            (
                "backup.unusable",
                format!("{name} cannot be used: {why}."),
                Verification::Rejected(why),
            )
        }
        Err(error) => {
            let why = system.without_places(&error.to_string());
            (
                "backup.verification-failed",
                format!("{name} was not verified: {why}."),
                Verification::BrokenOff(Some(why)),
            )
        }
    };
    let mut tx = state.store.write().await?;
    rows::set_verification(&mut tx, system.slug(), name, verification).await?;
    let entry = Entry::by_itself(end, format!("backup {name}"), text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    state.hub.changed(system.slug(), Topic::Backups);
    state.hub.changed(system.slug(), Topic::System);
    verified.map(drop).map_err(|error| refused(system, &error))
}

/// Notes and tells how far a backup is, and breaks it off when the server stops; an unfinished one is never taken for whole.
fn watch(state: &AppState, system: &Arc<System>, name: &str) -> Watch<'static> {
    let (state, system, name) = (state.clone(), system.clone(), name.to_owned());
    Watch::new(move |progress| {
        if system.backing_up.note(&name, progress) {
            let work = WorkOn::Backup { name: name.clone() };
            state.hub.work(system.slug(), work, progress.into());
        }
        if state.shutdown.is_cancelled() {
            std::ops::ControlFlow::Break(())
        } else {
            std::ops::ControlFlow::Continue(())
        }
    })
}
