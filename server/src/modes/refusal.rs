//! Why the mode of a system cannot be switched now, besides gates.

use std::fmt;

use shared::state::RunState;

use crate::state::AppState;
use crate::store::{modes as rows, rollbacks, runs};
use crate::systems::{System, SystemError};

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The configuration of the system lacks this key.
    Lacks(&'static str),
    /// A switch is going on.
    Switching,
    /// A rollback is going on.
    RollingBack,
    /// The run with this number has not ended.
    Run(i64, RunState),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lacks(key) => write!(
                f,
                "The configuration of this system has no {key}: the switch could not be made and checked."
            ),
            Self::Switching => f.write_str("A switch is going on."),
            Self::RollingBack => f.write_str("A rollback is going on."),
            Self::Run(number, state) => {
                write!(f, "Run {number} is {}.", crate::runs::spoken(*state))
            }
        }
    }
}

/// What keeps the mode from being switched now, if anything does.
pub(super) async fn refused(
    state: &AppState,
    system: &System,
) -> Result<Option<Refusal>, SystemError> {
    let config = &system.config;
    let lacks = [
        (config.environment_file.is_none(), "environment_file"),
        (config.health_url.is_none(), "health_url"),
        (config.hooks.restart.is_none(), "hooks.restart"),
    ];
    if let Some((_, key)) = lacks.iter().find(|(lacks, _)| *lacks) {
        return Ok(Some(Refusal::Lacks(key)));
    }
    let mut tx = state.store.write().await?;
    if rows::is_switching(&mut tx, system.slug()).await? {
        return Ok(Some(Refusal::Switching));
    }
    if rollbacks::is_rolling_back(&mut tx, system.slug()).await? {
        return Ok(Some(Refusal::RollingBack));
    }
    Ok(runs::open_in(&mut tx, system.slug())
        .await?
        .map(|run| run.summary)
        .filter(|run| run.state.is_active())
        .map(|run| Refusal::Run(run.number, run.state)))
}
