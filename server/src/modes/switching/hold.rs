//! One process carries out a switch at a time.

use std::fs::{File, TryLockError};

use crate::state::AppState;
use crate::systems::{System, SystemError};

/// Keeps other processes, such as the command line beside a console, from carrying out the same switch. None when one
/// does. The system takes the lock back when the process ends, however it ends.
pub(super) fn take(state: &AppState, system: &System) -> Result<Option<File>, SystemError> {
    let directory = state.config.data.join("locks");
    let path = directory.join(format!("{}-mode", system.slug()));
    let failed = |error: std::io::Error| {
        SystemError::unavailable(
            system.without_places(&format!("{} cannot be locked: {error}.", path.display())),
            "Check that the data directory can be written.",
        )
    };
    std::fs::create_dir_all(&directory).map_err(failed)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
