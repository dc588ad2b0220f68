//! Backups of a system: what lies on the disk is the truth, the control store adds who made each and what goes on.

mod clean_up;
mod going_on;
mod kept;
mod making;

use std::collections::HashMap;
use std::path::PathBuf;

use shared::backup::{BackupState, BackupSummary};

use crate::engine::backup::{self as proof, Acceptance, Backup, BackupError, Found};
use crate::moment::Moment;
use crate::refusal::Kind;
use crate::state::AppState;
use crate::store::backups as rows;
use crate::systems::{System, SystemError};

pub use clean_up::{clean_up, clean_up_after_others};
use going_on::is_going_on_here;
pub use going_on::{BackingUp, going_on};
pub use kept::{Releasing, choices, kept, release, release_of};
pub use making::{make, start, start_verification};

/// Backups of a system, newest first.
pub async fn list(state: &AppState, system: &System) -> Result<Vec<BackupSummary>, SystemError> {
    let known = rows::all(&state.store, system.slug()).await?;
    let directory = directory(system, state);
    let found = tokio::task::spawn_blocking(move || proof::list(&directory))
        .await
        .map_err(|_| SystemError::unavailable("The backups could not be listed.", "Try again."))?
        .map_err(|error| refused(system, &error))?;
    let here = is_going_on_here(system);
    let written = known
        .iter()
        .find(|known| here && known.state == BackupState::Writing)
        .map(|known| format!("{}.", known.name));
    // the directory that one is written into is no other backup
    let is_written =
        |found: &Found| (written.as_ref()).is_some_and(|name| found.name().starts_with(name));
    let mut by_name: HashMap<String, BackupSummary> = known
        .into_iter()
        .map(|backup| (backup.name.clone(), backup))
        .collect();
    let mut all: Vec<BackupSummary> = found
        .into_iter()
        .filter(|found| !is_written(found))
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
            BackupState::Writing if here => all.push(known),
            // it was interrupted: nothing of it can be used
            BackupState::Writing => {}
            _ => all.push(unusable(name, "its directory is gone", Some(known))),
        }
    }
    // one that another console works on is told of by its events
    let going_on = |state| here && matches!(state, BackupState::Writing | BackupState::Verifying);
    for backup in all.iter_mut().filter(|one| going_on(one.state)) {
        backup.progress = system.backing_up.progress_of(&backup.name);
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

fn directory(system: &System, state: &AppState) -> PathBuf {
    system.config.backup_directory(&state.config.data)
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
        progress: None,
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
            progress: None,
            made_for: "made outside of this console".into(),
        })
    }
}
