//! Random tokens for cookies and links, and the hash of them that is kept.

use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// A new token: 256 random bits from the operating system, 43 characters that need no escaping in an address.
///
/// # Errors
/// When the operating system gives no random bits.
pub fn random() -> Result<Secret<String>, rand::rngs::SysError> {
    use base64::Engine as _;
    let mut bytes = [0_u8; 32];
    SysRng.try_fill_bytes(&mut bytes)?;
    Ok(Secret::new(
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes),
    ))
}

/// What is kept of a token. A plain hash will do: there is nothing to guess in 256 random bits.
pub fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// A short random identifier that is no secret.
///
/// # Errors
/// When the operating system gives no random bits.
pub fn identifier() -> Result<String, rand::rngs::SysError> {
    let mut bytes = [0_u8; 9];
    SysRng.try_fill_bytes(&mut bytes)?;
    Ok(hex::encode(bytes))
}
