//! Carries a mode switch out, step by step, each written down before and after: a server that is killed goes on from
//! there, and a switch that does not come up goes back by itself.

mod hold;
mod record;
mod steps;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::mode::{ModeSwitch, SwitchState};
use shared::state::StepState;

use super::begin::closed;
use super::gates;
use super::known::{of_value, value};
use super::probes::Probes;
use crate::engine::playbook;
use crate::environment_file;
use crate::state::AppState;
use crate::store::modes as rows;
use crate::systems::{System, SystemError};
use record::unanswered;
use steps::{
    ANSWER, ANSWER_BACK, ASK, CHANGE, CHANGE_BACK, MEASURE, RESTART, RESTART_BACK, going_back,
};

pub(super) use steps::planned;

/// Longest time for an application to come up when its restart hook names none.
const COME_UP: Duration = Duration::from_secs(60);
/// How often the probes are looked at.
const LOOK: Duration = Duration::from_millis(250);

struct Switching<'a> {
    state: &'a AppState,
    system: &'a Arc<System>,
    names: playbook::Mode,
    file: PathBuf,
    health_url: String,
    switch: ModeSwitch,
    answers_before: Vec<bool>,
    downtime_before: u64,
    probes: Option<Probes>,
}

/// Carries a switch to its end, from wherever it is.
pub async fn drive_switch(
    state: &AppState,
    system: &Arc<System>,
    switch: ModeSwitch,
) -> Result<SwitchState, SystemError> {
    let Some(_hold) = hold::take(state, system)? else {
        return Ok(SwitchState::Running);
    };
    // whoever had it before may have ended it
    let switch = match rows::get(&state.store, system.slug(), switch.id).await? {
        Some(now) if now.state == SwitchState::Running => now,
        Some(now) => return Ok(now.state),
        None => switch,
    };
    let names = super::names(system).ok_or_else(super::no_modes)?;
    let (Some(file), Some(url)) = (
        system.config.environment_file.clone(),
        system.config.health_url.clone(),
    ) else {
        return Err(SystemError::unavailable(
            "The configuration lacks environment_file or health_url.",
            "Add them and start again: the switch goes on then.",
        ));
    };
    let mut switching = Switching {
        state,
        system,
        names,
        file,
        health_url: url.as_str().to_owned(),
        answers_before: switch.answers.clone(),
        downtime_before: switch.downtime_ms.unwrap_or(0),
        switch,
        probes: None,
    };
    switching.carry_out().await?;
    Ok(switching.switch.state)
}

impl Switching<'_> {
    async fn carry_out(&mut self) -> Result<(), SystemError> {
        let going_back = self.switch.steps.len() > CHANGE_BACK;
        let failed = if going_back {
            Some(self.switch.error.clone().unwrap_or_default())
        } else {
            self.forward().await?.err()
        };
        let Some(why) = failed else {
            return self.end(SwitchState::Done).await;
        };
        self.switch.error = Some(why);
        match self.back().await? {
            Ok(()) => self.end(SwitchState::WentBack).await,
            Err(why) => {
                let first = self.switch.error.clone().unwrap_or_default();
                self.switch.error = Some(format!("{first} Going back failed too: {why}"));
                self.end(SwitchState::Failed).await
            }
        }
    }

    /// Toward the mode wanted. The inner error is why it did not get there.
    async fn forward(&mut self) -> Result<Result<(), String>, SystemError> {
        let to = self.switch.to;
        let wanted = value(&self.names, to).to_owned();
        if self.is_due(MEASURE) {
            let began = self.begin(MEASURE).await?;
            let measured = gates(self.state, self.system, to).await?;
            if let Some(gate) = closed(&measured) {
                let why = format!(
                    "\"{}\" does not hold any more: {}",
                    gate.title, gate.evidence
                );
                return self.fail(MEASURE, began, why).await.map(Err);
            }
            let detail = match measured.len() {
                0 => "Going back has no conditions.".to_owned(),
                count => format!("All {count} conditions hold."),
            };
            self.finish(MEASURE, began, detail).await?;
        }
        if self.is_due(CHANGE) {
            let began = self.begin(CHANGE).await?;
            if let Err(why) = self.write(&wanted) {
                return self.fail(CHANGE, began, why).await.map(Err);
            }
            self.finish(
                CHANGE,
                began,
                format!("{} is {wanted}.", self.names.variable),
            )
            .await?;
        }
        if self.is_due(RESTART) {
            let began = self.begin(RESTART).await?;
            self.probe();
            match self.restart().await? {
                Ok(said) => self.finish(RESTART, began, said).await?,
                Err(why) => return self.fail(RESTART, began, why).await.map(Err),
            }
        }
        self.probe();
        let began = self.begin(ANSWER).await?;
        let said = match self.wait_for(&wanted).await? {
            Ok(said) => said,
            Err(why) => return self.fail(ANSWER, began, why).await.map(Err),
        };
        let downtime = self.downtime();
        self.finish(
            ANSWER,
            began,
            format!("It was without an answer for {}.", unanswered(downtime)),
        )
        .await?;
        let began = self.begin(ASK).await?;
        self.finish(ASK, began, format!("It runs in {said} mode."))
            .await?;
        Ok(Ok(()))
    }

    /// Back to the mode before.
    async fn back(&mut self) -> Result<Result<(), String>, SystemError> {
        let before = value(&self.names, self.switch.from).to_owned();
        // written but not noted is what a crash in between leaves
        let untouched = self.switch.steps[CHANGE].state != StepState::Done
            && self.file_value().as_deref() != Some(value(&self.names, self.switch.to));
        if untouched {
            return Ok(Ok(()));
        }
        if self.switch.steps.len() <= CHANGE_BACK {
            let back = going_back(&self.names, self.switch.from);
            self.switch.steps.extend(back);
            self.save().await?;
        }
        if self.is_due(CHANGE_BACK) {
            let began = self.begin(CHANGE_BACK).await?;
            if let Err(why) = self.write(&before) {
                return self.fail(CHANGE_BACK, began, why).await.map(Err);
            }
            self.finish(
                CHANGE_BACK,
                began,
                format!("{} is {before} again.", self.names.variable),
            )
            .await?;
        }
        self.probe();
        if self.is_due(RESTART_BACK) {
            let began = self.begin(RESTART_BACK).await?;
            match self.restart().await? {
                Ok(said) => self.finish(RESTART_BACK, began, said).await?,
                // it may run all the same: whether it does is asked next
                Err(why) => {
                    self.fail(RESTART_BACK, began, why).await?;
                }
            }
        }
        let began = self.begin(ANSWER_BACK).await?;
        match self.wait_for(&before).await? {
            Ok(said) => {
                self.finish(ANSWER_BACK, began, format!("It runs in {said} mode again."))
                    .await?;
                Ok(Ok(()))
            }
            Err(why) => self.fail(ANSWER_BACK, began, why).await.map(Err),
        }
    }

    fn file_value(&self) -> Option<String> {
        environment_file::read_variable(&self.file, &self.names.variable)
            .ok()
            .flatten()
    }

    /// Sets the variable; one that is as wanted already was set before a crash. A value that is none of the two modes
    /// was written by somebody since the switch was asked for, and stays.
    fn write(&self, wanted: &str) -> Result<(), String> {
        let told = |error: environment_file::EnvironmentFileError| {
            self.system
                .without_places(&format!("{error}. {}", error.remedy()))
        };
        let variable = &self.names.variable;
        let now = environment_file::read_variable(&self.file, variable).map_err(told)?;
        match now.as_deref() {
            Some(value) if value == wanted => return Ok(()),
            Some(value) if of_value(&self.names, value).is_none() => {
                return Err(format!(
                    "{variable} was changed to {value} meanwhile and was left so. Find out who changed it, set it by hand, then switch again."
                ));
            }
            _ => {}
        }
        environment_file::set_variable(&self.file, variable, now.as_deref(), wanted)
            .map(drop)
            .map_err(told)
    }

    async fn restart(&self) -> Result<Result<String, String>, SystemError> {
        let Some(hook) = self.system.hook("restart") else {
            return Ok(Err("The configuration has no hooks.restart.".into()));
        };
        Ok(match self.system.run_hook(&hook).await {
            Ok(done) => Ok(format!("The hook took {} ms.", done.took.as_millis())),
            Err(error) => Err(self
                .system
                .without_places(&format!("{error}. {}", error.remedy()))),
        })
    }

    /// Waits until the application is well and says that it runs in this mode.
    async fn wait_for(&mut self, wanted: &str) -> Result<Result<String, String>, SystemError> {
        let limit = self
            .system
            .hook("restart")
            .map_or(COME_UP, |hook| hook.timeout);
        let began = Instant::now();
        let mut written = Instant::now();
        loop {
            let now = self
                .probes
                .as_ref()
                .and_then(|probes| probes.mode_since(began));
            if let Some(Some(said)) = &now
                && said.eq_ignore_ascii_case(wanted)
            {
                return Ok(Ok(said.clone()));
            }
            if began.elapsed() >= limit {
                let seconds = limit.as_secs();
                return Ok(Err(match now {
                    Some(Some(said)) => format!(
                        "After {seconds} s the application answers and still says {said}, not {wanted}."
                    ),
                    Some(None) => format!(
                        "The application answers but does not say which mode it runs in; {wanted} was expected."
                    ),
                    None => format!("The application did not answer well within {seconds} s."),
                }));
            }
            if self.state.shutdown.is_cancelled() {
                return Err(SystemError::unavailable(
                    "The server stops while the application restarts.",
                    "The next one goes on with the switch.",
                ));
            }
            if written.elapsed() >= Duration::from_secs(1) {
                written = Instant::now();
                self.save().await?;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn probe(&mut self) {
        if self.probes.is_none() {
            self.probes = Some(Probes::begin(&self.health_url));
        }
    }

    fn downtime(&self) -> u64 {
        let now = self.probes.as_ref().map_or(0, |probes| {
            u64::try_from(probes.downtime().as_millis()).unwrap_or(u64::MAX)
        });
        self.downtime_before.saturating_add(now)
    }
}
