//! The key that links are signed with: 32 random bytes in a file of the data directory, readable by its owner alone. It is
//! no part of the control store, so that a copy of the store opens nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::Sha256;

use crate::secret::Secret;

const FILE: &str = "status-links.key";
const LENGTH: usize = 32;

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
        "{path} is not a key of {LENGTH} bytes: remove it, and every link made so far stops working"
    )]
    Length {
        /// Which.
        path: PathBuf,
    },
    /// The operating system gave no random bits.
    #[error("no random bits")]
    Random(#[from] rand::rngs::SysError),
}

/// The key.
#[derive(Debug, Clone)]
pub struct LinkKey(Secret<[u8; LENGTH]>);

impl LinkKey {
    /// Of these bytes.
    pub fn of(bytes: [u8; LENGTH]) -> Self {
        Self(Secret::new(bytes))
    }

    /// An HMAC-SHA256 that is to sign something of this kind: a signature of one kind is worth nothing for another.
    pub(super) fn mac(&self, kind: &str) -> Option<Hmac<Sha256>> {
        // a key of any length is taken, so this cannot fail
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose()).ok()?;
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        Some(mac)
    }

    /// A secret of its own for something of this name. It cannot be guessed from others, and nobody has to keep it.
    pub fn derive(&self, name: &str) -> Vec<u8> {
        self.mac(name)
            .map(|mac| mac.finalize().into_bytes().to_vec())
            .unwrap_or_default()
    }
}

/// Where the key is, read when it is needed first.
#[derive(Debug)]
pub struct KeptKey {
    path: PathBuf,
    key: OnceLock<LinkKey>,
}

impl KeptKey {
    /// In the data directory.
    pub fn in_directory(data: &Path) -> Self {
        Self {
            path: data.join(FILE),
            key: OnceLock::new(),
        }
    }

    /// The key; made when there is none.
    ///
    /// # Errors
    /// When it cannot be read or made.
    pub fn get(&self) -> Result<&LinkKey, KeyError> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let read = self.read()?;
        Ok(self.key.get_or_init(|| read))
    }

    fn read(&self) -> Result<LinkKey, KeyError> {
        let failed = |source| KeyError::File {
            path: self.path.clone(),
            source,
        };
        if !self.path.exists() {
            let mut bytes = [0_u8; LENGTH];
            SysRng.try_fill_bytes(&mut bytes)?;
            let directory = self.path.parent().unwrap_or(Path::new("."));
            // 0600 from the first byte on; one that another process made meanwhile wins
            let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
            file.write_all(&bytes).map_err(failed)?;
            file.as_file().sync_all().map_err(failed)?;
            if let Err(error) = file.persist_noclobber(&self.path)
                && error.error.kind() != std::io::ErrorKind::AlreadyExists
            {
                return Err(failed(error.error));
            }
        }
        let bytes = std::fs::read(&self.path).map_err(failed)?;
        bytes
            .try_into()
            .map(LinkKey::of)
            .map_err(|_| KeyError::Length {
                path: self.path.clone(),
            })
    }
}
