//! The ways back, with what each would cost now, and carrying one out.

use std::sync::Arc;

use shared::rollback::{RollbackRecord, RollbackState};
use shared::system::WayBack;

use crate::state::AppState;
use crate::store::rollbacks as rows;
use crate::systems::{System, SystemError};

/// Rollbacks of a system with their tasks, newest first.
pub async fn history(
    state: &AppState,
    system: &System,
) -> Result<Vec<RollbackRecord>, SystemError> {
    Ok(rows::all(&state.store, system.slug()).await?)
}

/// The ways back as lines, each with its cost now.
pub async fn ways_back(_state: &AppState, _system: &Arc<System>) -> Vec<WayBack> {
    Vec::new()
}

/// Carries a rollback to its end, from wherever it is.
pub async fn drive_rollback(
    _state: &AppState,
    _system: &Arc<System>,
    record: RollbackRecord,
) -> Result<RollbackState, SystemError> {
    Ok(record.state)
}
