//! The key that links are signed with. It is no part of the control store, so that a copy of the store opens nothing.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::key_file::{self, KeyError, LENGTH};
use crate::secret::Secret;

const FILE: &str = "status-links.key";

/// The key.
#[derive(Debug, Clone)]
pub struct LinkKey(Secret<[u8; LENGTH]>);

impl LinkKey {
    /// Of these bytes.
    pub fn of(bytes: [u8; LENGTH]) -> Self {
        Self(Secret::new(bytes))
    }

    /// An HMAC-SHA256 that is to sign something of this kind: a signature of one kind is worth nothing for another.
    pub(crate) fn mac(&self, kind: &str) -> Option<Hmac<Sha256>> {
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
        let read = LinkKey(key_file::read_or_make(&self.path)?);
        Ok(self.key.get_or_init(|| read))
    }
}
