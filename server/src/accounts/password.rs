//! Passwords: what is accepted, and Argon2id hashes of them, made and checked beside the runtime's own threads.
//!
//! Hashing is dear on purpose, so what strangers can spend is bounded: few at once, few waiting. Devices that are known
//! have a turn of their own, which strangers cannot use up.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::secret::Secret;

/// Shortest password.
pub const SHORTEST: usize = 12;
/// Longest password: hashing a megabyte is a way to keep a server busy.
pub const LONGEST: usize = 256;
/// Hashes of strangers at one time, in the whole process: each takes 19 MiB and a processor.
const AT_ONCE: usize = 2;
/// Strangers that may wait for their turn; at about 30 ms a hash this is a second.
const WAITING: usize = 64;

/// OWASP's parameters for Argon2id: 19 MiB, 2 passes, 1 lane (Password Storage Cheat Sheet).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Anybody; refused when too many wait.
    Anyone,
    /// Devices and sessions that are known, and links: strangers cannot fill this lane.
    Known,
}

static STRANGERS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_ONCE)));
static KNOWN: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(1)));
static STRANGERS_WAITING: AtomicUsize = AtomicUsize::new(0);

/// Why a password could not be hashed or checked; a defect or a machine without memory.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The hash could not be made or read.
    #[error("the password could not be hashed")]
    Hash(#[from] argon2::password_hash::Error),
    /// The parameters are refused by the library.
    #[error("the parameters of the password hash were refused")]
    Parameters(argon2::Error),
    /// Too many strangers wait for their turn.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// The thread died.
    #[error("the thread that hashes passwords ended")]
    Thread,
}

/// What is wrong with a new password, as a sentence; none when it will do.
pub fn trouble(password: &str, username: &str) -> Option<String> {
    let length = password.chars().count();
    if length < SHORTEST {
        Some(format!(
            "Has {length} characters. Use at least {SHORTEST}; several words are easy to keep in mind."
        ))
    } else if password.len() > LONGEST {
        Some(format!(
            "Is longer than {LONGEST} bytes. Use a shorter one."
        ))
    } else if !username.is_empty() && password.to_lowercase() == username.to_lowercase().repeat(2) {
        Some("Is the account name twice. Use something that others cannot guess.".into())
    } else if password.chars().all(|letter| password.starts_with(letter)) {
        Some("Is one character repeated. Use something that others cannot guess.".into())
    } else {
        None
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(PasswordError::Parameters)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a new password.
///
/// # Errors
/// When it cannot be hashed.
pub async fn hash(password: Secret<String>) -> Result<String, PasswordError> {
    beside(Lane::Known, move || {
        let hash = argon2()?.hash_password(password.expose().as_bytes())?;
        Ok(hash.to_string())
    })
    .await
}

/// Checks a password against the kept hash. Without a hash (unknown or invited account) the same work is done, so
/// that time does not tell whether the account exists; the answer is then false.
///
/// # Errors
/// When the hash cannot be read, or too many strangers wait.
pub async fn matches(
    lane: Lane,
    password: Secret<String>,
    kept: Option<String>,
) -> Result<bool, PasswordError> {
    if password.expose().len() > LONGEST {
        return Ok(false);
    }
    beside(lane, move || {
        let argon2 = argon2()?;
        let bytes = password.expose().as_bytes();
        match kept {
            // a hash that cannot be read is nobody's password; the work is done all the same
            Some(kept) => match PasswordHash::new(&kept) {
                Ok(kept) => Ok(argon2.verify_password(bytes, &kept).is_ok()),
                Err(_) => {
                    argon2.hash_password(bytes)?;
                    Ok(false)
                }
            },
            None => {
                argon2.hash_password(bytes)?;
                Ok(false)
            }
        }
    })
    .await
}

/// A place in the line of strangers, given up however the wait ends.
struct Place;

impl Place {
    fn take() -> Result<Self, PasswordError> {
        let before = STRANGERS_WAITING.fetch_add(1, Ordering::SeqCst);
        let place = Self;
        if before < WAITING {
            Ok(place)
        } else {
            Err(PasswordError::Busy)
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        STRANGERS_WAITING.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn beside<T: Send + 'static>(
    lane: Lane,
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    let turn = match lane {
        Lane::Known => Arc::clone(&KNOWN).acquire_owned().await,
        Lane::Anyone => {
            let _place = Place::take()?;
            Arc::clone(&STRANGERS).acquire_owned().await
        }
    }
    .map_err(|_| PasswordError::Thread)?;
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    })
    .await
    .map_err(|_| PasswordError::Thread)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits_its_hash() {
        let kept = hash(Secret::new("correct horse battery".into()))
            .await
            .unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let check = |password: &str| {
            matches(
                Lane::Known,
                Secret::new(password.into()),
                Some(kept.clone()),
            )
        };
        assert!(check("correct horse battery").await.unwrap());
        assert!(!check("correct horse batterz").await.unwrap());
        assert!(
            !matches(Lane::Known, Secret::new("x".into()), None)
                .await
                .unwrap()
        );
    }

    #[test]
    fn a_password_that_others_guess_is_refused_with_what_to_do() {
        assert!(trouble("short", "amina").is_some());
        assert!(trouble("aaaaaaaaaaaaaaaa", "amina").is_some());
        assert!(trouble("salamatsalamat", "Salamat").is_some());
        assert!(trouble("three quiet mountains", "amina").is_none());
    }
}
