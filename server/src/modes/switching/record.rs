//! What is written down of a switch, before and after each of its steps and at its end.

use std::time::Instant;

use shared::event::Topic;
use shared::mode::SwitchState;
use shared::state::StepState;

use super::Switching;
use crate::audit::{self, Entry};
use crate::modes::known::title;
use crate::modes::probes::EVERY;
use crate::store::modes as rows;
use crate::systems::SystemError;

impl Switching<'_> {
    pub(super) fn is_due(&self, place: usize) -> bool {
        self.switch.steps[place].state != StepState::Done
    }

    pub(super) async fn begin(&mut self, place: usize) -> Result<Instant, SystemError> {
        self.switch.steps[place].state = StepState::Running;
        self.save().await?;
        Ok(Instant::now())
    }

    pub(super) async fn finish(
        &mut self,
        place: usize,
        began: Instant,
        detail: String,
    ) -> Result<(), SystemError> {
        self.set(place, StepState::Done, began, detail);
        self.save().await
    }

    pub(super) async fn fail(
        &mut self,
        place: usize,
        began: Instant,
        why: String,
    ) -> Result<String, SystemError> {
        self.set(place, StepState::Failed, began, why.clone());
        self.save().await?;
        Ok(why)
    }

    fn set(&mut self, place: usize, state: StepState, began: Instant, detail: String) {
        let step = &mut self.switch.steps[place];
        step.state = state;
        step.detail = detail;
        step.took_ms = u64::try_from(began.elapsed().as_millis()).ok();
    }

    pub(super) async fn save(&mut self) -> Result<(), SystemError> {
        self.gather();
        let mut tx = self.state.store.write().await?;
        rows::save(&mut tx, &self.switch, None).await?;
        tx.commit().await?;
        self.state.hub.changed(self.system.slug(), Topic::Mode);
        Ok(())
    }

    fn gather(&mut self) {
        if let Some(probes) = &self.probes {
            let mut answers = self.answers_before.clone();
            answers.extend(probes.seconds());
            self.switch.answers = answers;
            self.switch.downtime_ms = Some(self.downtime());
        }
    }

    pub(super) async fn end(&mut self, state: SwitchState) -> Result<(), SystemError> {
        self.gather();
        self.probes = None;
        self.switch.state = state;
        let now = self.state.clock.now();
        let wanted = title(&self.names, self.switch.to);
        let before = title(&self.names, self.switch.from);
        let why = self.switch.error.clone().unwrap_or_default();
        let (action, text) = match state {
            SwitchState::Done => (
                "mode.switched",
                format!(
                    "{wanted} mode is on; without an answer for {}.",
                    unanswered(self.switch.downtime_ms.unwrap_or(0))
                ),
            ),
            SwitchState::WentBack => (
                "mode.went-back",
                format!("{wanted} mode did not come up, {before} mode is on: {why}"),
            ),
            SwitchState::Failed | SwitchState::Running => {
                ("mode.failed", format!("Neither mode came up: {why}"))
            }
        };
        let mut tx = self.state.store.write().await?;
        rows::save(&mut tx, &self.switch, Some(now)).await?;
        let object = format!("mode switch {}", self.switch.id);
        let entry = Entry::by_itself(action, object, text).on(self.system.slug());
        audit::append(&mut tx, now, entry).await?;
        tx.commit().await?;
        self.state.hub.changed(self.system.slug(), Topic::Mode);
        self.state.hub.changed(self.system.slug(), Topic::System);
        Ok(())
    }
}

/// A measured time without an answer, in words: what is shorter than the time between two questions shows as none.
pub(super) fn unanswered(ms: u64) -> String {
    match ms {
        0 => format!("less than {} ms", EVERY.as_millis()),
        ms => format!("{ms} ms"),
    }
}
