//! A control store in a file belongs to one console: a second one would drive the same runs and send the same mails.
//!
//! The lock is on a file beside it, because SQLite's own locks on the store are lost as soon as a process closes any
//! handle of it. The operating system takes it back when the process ends, however it ends: none is ever stale.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::{StoreError, make_directory};

/// The right to serve from a file, as long as this value lives.
#[derive(Debug)]
pub(super) struct Alone {
    _locked: File,
}

impl Alone {
    /// Takes it for the control store in this file.
    pub(super) fn with(store: &Path) -> Result<Self, StoreError> {
        make_directory(store)?;
        let beside = beside(store);
        let failed = |source| StoreError::Directory {
            path: beside.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&beside)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // a console that just begins has not written it yet
                let _ = file.read_to_string(&mut text);
                return Err(StoreError::InUse {
                    path: store.to_owned(),
                    process: text.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(failed)?;
        Ok(Self { _locked: file })
    }
}

fn beside(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
