//! What was gathered of a drive since it was last written down: written in one transaction, then told.

use shared::event::Topic;
use shared::plan::Gate;
use shared::run::RunProgress;
use shared::state::{Level, StepState};

use crate::moment::Moment;
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::run_details;
use crate::store::runs::{self, StepRow};
use crate::systems::System;

/// What was gathered, ready to be written and told.
pub(super) struct Taken {
    pub(super) steps: Vec<(usize, StepRow)>,
    pub(super) progress: Option<RunProgress>,
    pub(super) paced: bool,
    pub(super) speed: Option<f64>,
    pub(super) log: Vec<(Moment, Level, Option<String>, String)>,
    pub(super) gates: Vec<(Moment, Gate)>,
    pub(super) started: Moment,
}

impl Taken {
    /// Writes it in one transaction, then tells it to whoever watches.
    pub(super) async fn write(
        self,
        state: &AppState,
        system: &System,
        run: i64,
        number: i64,
    ) -> Result<(), StoreError> {
        let Some(mut progress) = self.progress else {
            return Ok(());
        };
        // a gate that is measured again opens without a word, and whoever decided may have asked meanwhile
        let goes_on = progress.holds_for.is_some()
            || (self.steps.iter()).any(|(_, step)| step.state == StepState::Running);
        let mut tx = state.store.write().await?;
        // a person may have set it since, and the drive need not have looked
        if !self.paced
            && let Some(before) = runs::progress(&mut tx, run).await?
        {
            progress.pace = before.pace;
        }
        let began = goes_on && runs::begin(&mut tx, run).await?;
        let stepped = began || !self.steps.is_empty() || !self.gates.is_empty();
        runs::save_progress(&mut tx, run, &progress).await?;
        runs::save_steps(&mut tx, run, &self.steps).await?;
        for (at, gate) in &self.gates {
            run_details::save_gate(&mut tx, run, gate, *at).await?;
        }
        if let Some(speed) = self.speed {
            let at = state.clock.now().since(self.started).as_millis();
            let at = u64::try_from(at).unwrap_or(u64::MAX);
            run_details::append_speed(&mut tx, run, at, speed).await?;
        }
        let lines = run_details::append_log(&mut tx, run, &self.log).await?;
        tx.commit().await?;
        state.hub.progress(system.slug(), progress);
        if !lines.is_empty() {
            state.hub.log(system.slug(), number, lines);
        }
        if stepped {
            state.hub.changed(system.slug(), Topic::Run);
        }
        Ok(())
    }
}
