//! Evidence: when a run has ended, what was planned, approved, measured, done and went wrong is gathered once, sealed in
//! the control store as a signed bundle, and bound into the audit log by its hash. The same run gives the same bytes
//! whenever it is asked for.

mod archive;
mod bundle;
mod content;
mod gather;
mod html;
mod incidents;
mod key;
mod markdown;
mod measure;
mod packed;
mod verify;
mod words;

use std::sync::Arc;

use shared::event::Topic;
use shared::evidence::{EvidenceBundle, EvidenceState};

use crate::audit::{self, Entry};
use crate::key_file::KeyError;
use crate::refusal::{Kind, Refusal};
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::evidence::{self as table, Due};
use crate::systems::{System, SystemError};

pub use archive::TooLarge;
pub use key::{KeptSigningKey, hexadecimal, parse as parse_key, pem};
pub use verify::verify;

/// Why there is no evidence, or no bundle of it.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The run goes on, or ended just now.
    #[error("There is no evidence of run {0} yet.")]
    NotSealed(i64),
    /// The key cannot be read or made.
    #[error("Evidence cannot be signed.")]
    Key(#[from] KeyError),
    /// It is too large.
    #[error(transparent)]
    Large(#[from] TooLarge),
    /// It cannot be written as JSON.
    #[error("the evidence of run {run} cannot be written")]
    Unwritten {
        /// Number of the run.
        run: i64,
        /// Why.
        source: serde_json::Error,
    },
    /// The system or its target failed.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The control store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal for EvidenceError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotSealed(_) => Kind::Conflict,
            Self::Key(_) | Self::Large(_) | Self::Unwritten { .. } => Kind::Internal,
            Self::System(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::NotSealed(_) => Some(
                "It is sealed within seconds of the end of the run, while the console is running."
                    .into(),
            ),
            Self::Key(_) => Some(
                "Bring evidence.key back from a copy of the data directory, readable for the user of the console."
                    .into(),
            ),
            Self::Large(_) | Self::Unwritten { .. } => None,
            Self::System(error) => error.remedy(),
            Self::Store(error) => error.remedy(),
        }
    }
}

/// A bundle, ready to be given away.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// What is known of it.
    pub known: EvidenceBundle,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Seals the evidence of every run of a system that ended and has none of that end.
///
/// # Errors
/// When the control store fails. A target that cannot be read is written down as such.
pub async fn seal_due(state: &AppState, system: &Arc<System>) -> Result<(), EvidenceError> {
    for due in table::due(&state.store, system.slug()).await? {
        seal(state, system, due).await?;
    }
    Ok(())
}

async fn seal(state: &AppState, system: &Arc<System>, due: Due) -> Result<(), EvidenceError> {
    let gathered = gather::gather(state, system, due).await?;
    let run = gathered.run;
    let number = due.number;
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    let evidence = gathered.seal(&mut tx, now).await?;
    let content =
        serde_json::to_string_pretty(&evidence).map_err(|source| EvidenceError::Unwritten {
            run: number,
            source,
        })?;
    let archive = bundle::make(&evidence, content, state.evidence_key.get()?)?;
    let hash = bundle::sha256(&archive);
    if !table::insert(&mut tx, run, due.ended, now, &hash, &archive).await? {
        return Ok(());
    }
    let text = format!("Sealed the evidence of run {number}: SHA-256 {hash}.");
    let entry = Entry::by_itself("evidence.sealed", format!("run {number}"), text);
    audit::append(&mut tx, now, entry.on(system.slug())).await?;
    tx.commit().await?;
    state.hub.changed(system.slug(), Topic::Run);
    Ok(())
}

/// Whether there is evidence of a run, and what evidence is signed with.
///
/// # Errors
/// When there is no such run, or the key cannot be read.
pub async fn state_of(
    state: &AppState,
    system: &System,
    number: i64,
) -> Result<EvidenceState, EvidenceError> {
    let run = crate::runs::find(state, system, number).await?;
    Ok(EvidenceState {
        bundle: table::newest(&state.store, run.id, file_name(system, number)).await?,
        public_key: hexadecimal(&state.evidence_key.get()?.verifying_key()),
    })
}

fn file_name(system: &System, number: i64) -> String {
    format!("{}-run-{number}-evidence.zip", system.slug())
}

/// Gives the bundle of a run away, and writes that down. `entry` makes the entry of action, object and text.
///
/// # Errors
/// When there is no such run or no evidence of it yet.
pub async fn export(
    state: &AppState,
    system: &System,
    number: i64,
    entry: impl FnOnce(&'static str, String, String) -> Entry,
) -> Result<Bundle, EvidenceError> {
    let run = crate::runs::find(state, system, number).await?;
    let known = table::newest(&state.store, run.id, file_name(system, number))
        .await?
        .ok_or(EvidenceError::NotSealed(number))?;
    let bytes = table::archive(&state.store, run.id, &known.sha256)
        .await?
        .ok_or(EvidenceError::NotSealed(number))?;
    let text = format!(
        "Took the evidence of run {number}: SHA-256 {}.",
        known.sha256
    );
    let entry = entry("evidence.exported", format!("run {number}"), text).on(system.slug());
    audit::record(&state.store, state.clock.now(), entry).await?;
    Ok(Bundle { known, bytes })
}
