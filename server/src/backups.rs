//! Backups of a system: what lies on the disk is the truth, the control store adds who made each and what goes on.

mod clean_up;
mod kept;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use shared::backup::{BackupState, BackupSummary};
use shared::event::Topic;

use crate::accounts::Operator;
use crate::audit::{self, Entry};
use crate::engine::backup::{self as proof, Acceptance, Backup, BackupError, Found};
use crate::engine::progress::Watch;
use crate::moment::Moment;
use crate::refusal::Kind;
use crate::state::AppState;
use crate::store::{Exclusive, backups as rows};
use crate::systems::{Busy, System, SystemError};

pub use clean_up::{clean_up, clean_up_after_others};
pub use kept::{Releasing, choices, kept, release, release_of};

/// Work that only one task of a system does at a time.
const WORK: &str = "backup";

/// Backups of a system, newest first.
pub async fn list(state: &AppState, system: &System) -> Result<Vec<BackupSummary>, SystemError> {
    let known = rows::all(&state.store, system.slug()).await?;
    let directory = directory(system, state);
    let found = tokio::task::spawn_blocking(move || proof::list(&directory))
        .await
        .map_err(|_| SystemError::unavailable("The backups could not be listed.", "Try again."))?
        .map_err(|error| refused(system, &error))?;
    let mut by_name: HashMap<String, BackupSummary> = known
        .into_iter()
        .map(|backup| (backup.name.clone(), backup))
        .collect();
    let mut all: Vec<BackupSummary> = found
        .into_iter()
        .map(|found| match found {
            Found::Backup(backup) => {
                let known = by_name.remove(&backup.name);
                match (system.url()).map_or(Ok(()), |url| proof::look(&backup, url)) {
                    Ok(()) => summary(&backup, known),
                    Err(why) => {
                        let why = system.without_places(&why.to_string());
                        unusable(backup.name.clone(), &why, Some(summary(&backup, known)))
                    }
                }
            }
            Found::Unusable { name, why, .. } => {
                let known = by_name.remove(&name);
                unusable(name, &system.without_places(&why.to_string()), known)
            }
        })
        .collect();
    for (name, known) in by_name {
        match known.state {
            BackupState::Writing if system.is_busy(WORK) => all.push(known),
            // it was interrupted: nothing of it can be used
            BackupState::Writing => {}
            _ => all.push(unusable(name, "its directory is gone", Some(known))),
        }
    }
    all.sort_by(|left, right| {
        right
            .taken
            .cmp(&left.taken)
            .then(right.name.cmp(&left.name))
    });
    Ok(all)
}

/// The newest backup that was restored and compared.
pub async fn newest_verified(
    state: &AppState,
    system: &System,
) -> Result<Option<BackupSummary>, SystemError> {
    Ok(list(state, system)
        .await?
        .into_iter()
        .find(|backup| backup.state == BackupState::Verified))
}

/// The backup that allows a destructive step now, or why none does.
pub async fn fresh_enough(
    state: &AppState,
    system: &System,
) -> Result<Result<BackupSummary, String>, SystemError> {
    let hours = system.config.backup_hours;
    let oldest = state.clock.now().minus(system.config.backup_age());
    Ok(match newest_verified(state, system).await? {
        Some(backup) if Moment::parse(&backup.taken).is_some_and(|taken| taken >= oldest) => {
            Ok(backup)
        }
        Some(backup) => Err(format!(
            "The newest verified backup, {}, is older than {hours} hours.",
            backup.name
        )),
        None => Err("No backup was restored and compared yet.".into()),
    })
}

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

/// Makes a backup and verifies it, waiting for both. For runs and rollbacks.
pub async fn make(
    state: &AppState,
    system: &Arc<System>,
    by: &str,
    purpose: &str,
) -> Result<BackupSummary, SystemError> {
    let Some(_busy) = claim(state, system).await? else {
        return Err(in_progress());
    };
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
    rows::set_state(
        &mut tx,
        system.slug(),
        name,
        BackupState::Verifying,
        None,
        None,
    )
    .await?;
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

/// One backup by name.
pub async fn find(
    state: &AppState,
    system: &System,
    name: &str,
) -> Result<BackupSummary, SystemError> {
    list(state, system)
        .await?
        .into_iter()
        .find(|backup| backup.name == name)
        .ok_or_else(|| {
            SystemError::not_found(
                format!("There is no backup {name}."),
                "Choose one from the list of backups.",
            )
        })
}

/// Directory of one backup, which has to be one of the list.
pub async fn place(state: &AppState, system: &System, name: &str) -> Result<PathBuf, SystemError> {
    find(state, system, name).await?;
    Ok(directory(system, state).join(name))
}

/// What a backup has to be before it is restored into this system's target.
pub fn acceptance(system: &System) -> Result<Acceptance, SystemError> {
    Ok(Acceptance {
        target: Some(system.url()?.clone()),
        moved: false,
        not_before: None,
    })
}

/// The error of the engine, as the domain says it.
pub fn refused(system: &System, error: &BackupError) -> SystemError {
    SystemError::Refused {
        kind: match error {
            BackupError::Rejected(_) | BackupError::Exists { .. } => Kind::Conflict,
            _ => Kind::Unavailable,
        },
        sentence: capital(&system.without_places(&error.to_string())),
        remedy: system.without_places(&error.remedy()),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// Claims writing and verifying backups of a system, on this console and any other; none while it goes on.
async fn claim(
    state: &AppState,
    system: &Arc<System>,
) -> Result<Option<(Busy, Exclusive)>, SystemError> {
    let Some(here) = system.claim(WORK) else {
        return Ok(None);
    };
    let work = format!("backups of {}", system.slug());
    let anywhere = state.store.try_exclusive(&work).await?;
    Ok(anywhere.map(|anywhere| (here, anywhere)))
}

fn in_progress() -> SystemError {
    SystemError::conflict(
        "A backup of this system is being written or verified.",
        "Wait until it is done.",
    )
}

fn directory(system: &System, state: &AppState) -> PathBuf {
    system.config.backup_directory(&state.config.data)
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
        Ok(()) => proof::take(system.url()?, &place, name, watch(state)).await,
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
    rows::set_state(
        &mut tx,
        system.slug(),
        name,
        BackupState::Verifying,
        None,
        None,
    )
    .await?;
    tx.commit().await?;
    state.hub.changed(system.slug(), Topic::Backups);
    verify(state, system, name).await
}

async fn verify(state: &AppState, system: &Arc<System>, name: &str) -> Result<(), SystemError> {
    let place = directory(system, state).join(name);
    let verified = proof::verify(&place, system.url()?.into(), watch(state)).await;
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    let (end, text) = match &verified {
        Ok(found) => {
            let took = found.restore_ms + found.compare_ms;
            rows::set_state(
                &mut tx,
                system.slug(),
                name,
                BackupState::Verified,
                None,
                Some((now, took)),
            )
            .await?;
            (
                "backup.verified",
                format!(
                    "Restored {name} into a scratch database: {} tables and {} rows are equal.",
                    found.tables, found.rows
                ),
            )
        }
        Err(BackupError::Rejected(why)) => {
            let why = system.without_places(&why.to_string());
            rows::set_state(
                &mut tx,
                system.slug(),
                name,
                BackupState::Unusable,
                Some(&why),
                None,
            )
            .await?;
            ("backup.unusable", format!("{name} cannot be used: {why}."))
        }
        Err(error) => {
            rows::set_state(
                &mut tx,
                system.slug(),
                name,
                BackupState::Unverified,
                Some(&system.without_places(&error.to_string())),
                None,
            )
            .await?;
            (
                "backup.verification-failed",
                system.without_places(&format!("{name} was not verified: {error}.")),
            )
        }
    };
    let entry = Entry::by_itself(end, format!("backup {name}"), text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    state.hub.changed(system.slug(), Topic::Backups);
    state.hub.changed(system.slug(), Topic::System);
    verified.map(drop).map_err(|error| refused(system, &error))
}

/// Breaks a backup off when the server stops; an unfinished one is never taken for whole.
fn watch(state: &AppState) -> Watch<'static> {
    let shutdown = state.shutdown.clone();
    Watch::new(move |_| {
        if shutdown.is_cancelled() {
            std::ops::ControlFlow::Break(())
        } else {
            std::ops::ControlFlow::Continue(())
        }
    })
}

fn summary(backup: &Backup, known: Option<BackupSummary>) -> BackupSummary {
    let proven = backup.verification.as_ref();
    let state = match known.as_ref().map(|known| known.state) {
        Some(state @ (BackupState::Verifying | BackupState::Unusable)) => state,
        _ if proven.is_some() => BackupState::Verified,
        _ => BackupState::Unverified,
    };
    BackupSummary {
        name: backup.name.clone(),
        taken: backup.taken().to_string(),
        size_bytes: backup.manifest.bytes,
        tables: u32::try_from(backup.manifest.content.tables.len()).unwrap_or(u32::MAX),
        rows: backup.manifest.content.rows(),
        state,
        trouble: known.as_ref().and_then(|known| known.trouble.clone()),
        verified: proven.map(|proven| proven.at.to_string()),
        restore_ms: proven.map(|proven| proven.restore_ms + proven.compare_ms),
        made_for: known.map_or_else(
            || "made outside of this console".into(),
            |known| known.made_for,
        ),
    }
}

fn unusable(name: String, why: &str, known: Option<BackupSummary>) -> BackupSummary {
    BackupSummary {
        name,
        state: BackupState::Unusable,
        trouble: Some(why.to_owned()),
        ..known.unwrap_or_else(|| BackupSummary {
            name: String::new(),
            taken: Moment(0).rfc3339(),
            size_bytes: 0,
            tables: 0,
            rows: 0,
            state: BackupState::Unusable,
            trouble: None,
            verified: None,
            restore_ms: None,
            made_for: "made outside of this console".into(),
        })
    }
}
