//! What a way back does to the application itself: its mode, its hooks, and looking whether it is well.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::duration;
use shared::mode::{Mode, SwitchState};
use shared::rollback::RollbackRecord;

use crate::state::AppState;
use crate::store::modes as switches;
use crate::systems::{System, SystemError};
use crate::{environment_file, modes};

/// Longest time for the application to answer again.
const COME_UP: Duration = Duration::from_secs(60);

pub(super) async fn switch_mode(
    state: &AppState,
    system: &Arc<System>,
    record: &RollbackRecord,
) -> Result<String, SystemError> {
    let known = modes::known(system, system.health().await.as_ref());
    let going_on = switches::switches(&state.store, system.slug())
        .await?
        .into_iter()
        .find(|switch| switch.state == SwitchState::Running);
    let switch = match going_on {
        Some(switch) => switch,
        None if known.mode == Some(Mode::Single) && known.trouble.is_none() => {
            return Ok("It is in the mode for one organization.".into());
        }
        None => {
            modes::begin(
                state,
                system,
                Mode::Single,
                modes::Asker::Rollback(&record.by),
            )
            .await?
        }
    };
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if state.shutdown.is_cancelled() {
            return Err(SystemError::unavailable(
                "The server stops.",
                "It goes on then.",
            ));
        }
        let now = switches::get(&state.store, system.slug(), switch.id)
            .await?
            .unwrap_or_else(|| switch.clone());
        match now.state {
            SwitchState::Running => {}
            SwitchState::Done => {
                let downtime = duration::words(now.downtime_ms.unwrap_or(0));
                return Ok(format!("Without an answer for {downtime}."));
            }
            SwitchState::WentBack | SwitchState::Failed => {
                return Err(SystemError::conflict(
                    now.error.unwrap_or_else(|| "The switch failed.".into()),
                    "Look at the mode page.",
                ));
            }
        }
    }
}

pub(super) fn set_variable(system: &System) -> Result<String, SystemError> {
    let (Some(names), Some(file)) = (modes::names(system), &system.config.environment_file) else {
        return Ok("There is no variable to set.".into());
    };
    let told = |error: environment_file::EnvironmentFileError| {
        SystemError::conflict(
            system.without_places(&format!("{error}.")),
            system.without_places(&error.remedy()),
        )
    };
    let now = environment_file::read_variable(file, &names.variable).map_err(told)?;
    if now.as_deref() == Some(&names.single) {
        return Ok(format!("{} is {} already.", names.variable, names.single));
    }
    environment_file::set_variable(file, &names.variable, now.as_deref(), &names.single)
        .map_err(told)?;
    Ok(format!("{} is {} again.", names.variable, names.single))
}

pub(super) async fn run_hook(system: &System, name: &str) -> Result<String, SystemError> {
    let Some(hook) = system.hook(name) else {
        return Ok(format!("There is no hook {name}."));
    };
    match system.run_hook(&hook).await {
        Ok(done) => {
            let took = u64::try_from(done.took.as_millis()).unwrap_or(u64::MAX);
            Ok(format!("The hook took {}.", duration::words(took)))
        }
        Err(error) => Err(SystemError::conflict(
            system.without_places(&format!("{error}.")),
            error.remedy(),
        )),
    }
}

pub(super) async fn healthy(state: &AppState, system: &System) -> Result<String, SystemError> {
    let began = Instant::now();
    loop {
        if state.shutdown.is_cancelled() {
            return Err(SystemError::unavailable(
                "The server stops.",
                "It goes on then.",
            ));
        }
        if let Some(health) = system.health().await
            && health.healthy
        {
            return Ok(format!(
                "It is well and answers in {} ms.",
                health.response_ms
            ));
        }
        if began.elapsed() >= COME_UP {
            return Err(SystemError::unavailable(
                format!(
                    "The application did not answer well within {} s.",
                    COME_UP.as_secs()
                ),
                "The rollback itself is done. Look at the application and its log.",
            ));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
