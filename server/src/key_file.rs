//! Keys of this console: 32 random bytes each, in a file of the data directory that its owner alone can read. They are no
//! part of the control store, so that a copy of the store opens and signs nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::secret::Secret;

/// Bytes of a key.
pub const LENGTH: usize = 32;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("the key {path} cannot be read or made")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a key.
    #[error(
        "{path} is not a key of {LENGTH} bytes: bring it back from a copy, or remove it for a new one, with which \
         nothing that the old one signed can be checked"
    )]
    Length {
        /// Which.
        path: PathBuf,
    },
    /// The operating system gave no random bits.
    #[error("no random bits")]
    Random(#[from] rand::rngs::SysError),
}

/// The key in a file; made when there is none.
///
/// # Errors
/// When it cannot be read or made.
pub fn read_or_make(path: &Path) -> Result<Secret<[u8; LENGTH]>, KeyError> {
    let failed = |source| KeyError::File {
        path: path.to_owned(),
        source,
    };
    if !path.exists() {
        let mut bytes = [0_u8; LENGTH];
        SysRng.try_fill_bytes(&mut bytes)?;
        let directory = path.parent().unwrap_or(Path::new("."));
        // 0600 from the first byte on; one that another process made meanwhile wins
        let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
        file.write_all(&bytes).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        if let Err(error) = file.persist_noclobber(path)
            && error.error.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(failed(error.error));
        }
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    bytes
        .try_into()
        .map(Secret::new)
        .map_err(|_| KeyError::Length {
            path: path.to_owned(),
        })
}
