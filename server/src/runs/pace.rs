//! Another pace for a run that goes on. It is written into the target, where whoever drives the run looks.

use std::sync::Arc;

use shared::run::RunSummary;

use super::live::nothing_yet;
use super::{announce, find};
use crate::accounts::Operator;
use crate::audit::{self, Entry};
use crate::engine::pace::{self, Pace};
use crate::state::AppState;
use crate::store::runs;
use crate::systems::{System, SystemError};

/// Stores how much of the time a run shall work.
pub async fn set_pace(
    state: &AppState,
    system: &Arc<System>,
    number: i64,
    percent: u8,
    actor: &Operator,
) -> Result<RunSummary, SystemError> {
    let pace = Pace::percent(percent)
        .map_err(|error| SystemError::field("percent", format!("{error}.")))?;
    let run = find(state, system, number).await?;
    if !run.summary.state.is_open() {
        return Err(SystemError::conflict(
            format!("Run {number} has ended: it has no pace."),
            "Look at the run as it is now.",
        ));
    }
    let mut db = system.writer().await?;
    let known = pace::set(&mut db, &run.journal_run, pace).await;
    db.close().await;
    if !known? {
        return Err(SystemError::conflict(
            format!("Run {number} has not begun: the database knows no such run yet."),
            "Set the pace when it has begun.",
        ));
    }
    let mut tx = state.store.write().await?;
    let progress = shared::run::RunProgress {
        pace: percent,
        ..runs::progress(&mut tx, run.id)
            .await?
            .unwrap_or_else(|| nothing_yet(&run))
    };
    runs::save_progress(&mut tx, run.id, &progress).await?;
    let text = format!("Told run {number} to work {percent} % of the time.");
    let entry = Entry::by(actor, "run.pace", format!("run {number}"), text).on(system.slug());
    audit::append(&mut tx, state.clock.now(), entry).await?;
    tx.commit().await?;
    announce(state, system);
    Ok(find(state, system, number).await?.summary)
}
