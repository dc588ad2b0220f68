//! What a console that was killed began and cannot finish: half a backup, and rows that say one is being made.

use std::sync::Arc;

use shared::backup::{BackupState, BackupSummary};

use super::going_on::claim;
use super::{directory, proof, refused, rows};
use crate::state::AppState;
use crate::store::backups::Verification;
use crate::systems::{System, SystemError};

/// Forgets what an earlier process began and did not finish.
pub async fn clean_up(state: &AppState, system: &Arc<System>) -> Result<(), SystemError> {
    let Some(_busy) = claim(state, system).await? else {
        return Ok(());
    };
    let place = directory(system, state);
    let removed = tokio::task::spawn_blocking(move || proof::remove_leftovers(&place))
        .await
        .map_err(|_| SystemError::unavailable("The backups could not be listed.", "Try again."))?
        .map_err(|error| refused(system, &error))?;
    for name in removed {
        tracing::info!(
            system = system.slug(),
            name,
            "removed what a killed backup left"
        );
    }
    for backup in rows::all(&state.store, system.slug()).await? {
        let mut tx = state.store.write().await?;
        match backup.state {
            BackupState::Writing => rows::forget(&mut tx, system.slug(), &backup.name).await?,
            BackupState::Verifying => {
                let unknown = Verification::BrokenOff(None);
                rows::set_verification(&mut tx, system.slug(), &backup.name, unknown).await?;
            }
            BackupState::Verified | BackupState::Unverified | BackupState::Unusable => continue,
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Forgets what another console began and cannot finish, because it was killed.
pub async fn clean_up_after_others(
    state: &AppState,
    system: &Arc<System>,
) -> Result<(), SystemError> {
    // what is going on here may be proving a backup too
    if !state.store.is_shared() || system.is_busy("run") || system.is_busy("rollback") {
        return Ok(());
    }
    let goes_on = |backup: &BackupSummary| {
        matches!(backup.state, BackupState::Writing | BackupState::Verifying)
    };
    if rows::all(&state.store, system.slug())
        .await?
        .iter()
        .any(goes_on)
    {
        clean_up(state, system).await?;
    }
    Ok(())
}
