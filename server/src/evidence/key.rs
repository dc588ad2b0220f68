//! The Ed25519 key that evidence is signed with, and how its public half is written.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{SigningKey, VerifyingKey};

use crate::key_file::{self, KeyError};

const FILE: &str = "evidence.key";
/// What stands before the 32 bytes of a public key in a SubjectPublicKeyInfo (RFC 8410).
const PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// Where the key is, read when it is needed first.
#[derive(Debug)]
pub struct KeptSigningKey {
    path: PathBuf,
    key: OnceLock<SigningKey>,
}

impl KeptSigningKey {
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
    pub fn get(&self) -> Result<&SigningKey, KeyError> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let read = SigningKey::from_bytes(key_file::read_or_make(&self.path)?.expose());
        Ok(self.key.get_or_init(|| read))
    }
}

/// A public key as 64 hexadecimal digits.
pub fn hexadecimal(key: &VerifyingKey) -> String {
    hex::encode(key.as_bytes())
}

/// A public key as PEM, for other programs.
pub fn pem(key: &VerifyingKey) -> String {
    let mut bytes = PREFIX.to_vec();
    bytes.extend_from_slice(key.as_bytes());
    format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(bytes))
}

/// Reads a public key: 64 hexadecimal digits or PEM. None when it is neither, or no point of the curve.
pub fn parse(text: &str) -> Option<VerifyingKey> {
    let text = text.trim();
    let bytes = match text.strip_prefix(BEGIN) {
        Some(rest) => {
            let body: String = rest.strip_suffix(END)?.split_whitespace().collect();
            let bytes = STANDARD.decode(body).ok()?;
            bytes.strip_prefix(&PREFIX)?.to_vec()
        }
        None => hex::decode(text).ok()?,
    };
    VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_read_in_both_forms_that_it_is_written_in() {
        let key = SigningKey::from_bytes(&[7; 32]).verifying_key();
        assert_eq!(parse(&hexadecimal(&key)), Some(key));
        assert_eq!(parse(&pem(&key)), Some(key));
        for wrong in ["", "zz", "00", &"f".repeat(63), BEGIN] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
