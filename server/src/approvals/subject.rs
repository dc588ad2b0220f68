//! What an approval of each kind may be bound to now: measured each time, so that any change makes an approval void.

use std::sync::Arc;

use shared::approval::ApprovalAction;

use crate::backups;
use crate::modes;
use crate::rollbacks;
use crate::state::AppState;
use crate::systems::{System, SystemError};

/// What can be approved of one kind of action now.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    choices: Vec<Choice>,
}

/// One thing that can be approved.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What an approval of it is bound to.
    pub fingerprint: String,
    /// What would happen, as a sentence.
    pub text: String,
}

impl Subject {
    /// Everything that an approval may be bound to.
    pub fn fingerprints(&self) -> Vec<String> {
        self.choices
            .iter()
            .map(|choice| choice.fingerprint.clone())
            .collect()
    }

    /// What would happen for this fingerprint; empty when it is not one of them.
    pub fn text(&self, fingerprint: &str) -> String {
        let choice = self
            .choices
            .iter()
            .find(|choice| choice.fingerprint == fingerprint);
        choice.map(|choice| choice.text.clone()).unwrap_or_default()
    }
}

/// Measures what can be approved of this kind now.
///
/// # Errors
/// When the target or the control store cannot be read.
pub async fn of(
    state: &AppState,
    system: &Arc<System>,
    action: ApprovalAction,
) -> Result<Subject, SystemError> {
    let choices = match action {
        ApprovalAction::Run => run(system).await?,
        ApprovalAction::Mode => mode(state, system).await?,
        ApprovalAction::Rollback => rollbacks::choices(state, system).await?,
        ApprovalAction::Release => backups::choices(system).await?,
    };
    Ok(Subject { choices })
}

async fn run(system: &Arc<System>) -> Result<Vec<Choice>, SystemError> {
    let mut db = system.reader().await?;
    let plan = system.compile(&mut db).await?;
    Ok(plan
        .ok()
        .map(|plan| Choice {
            text: format!(
                "Run “{}” on {}: {} steps",
                plan.title,
                system.config.title,
                plan.steps.len()
            ),
            fingerprint: plan.fingerprint,
        })
        .into_iter()
        .collect())
}

async fn mode(state: &AppState, system: &Arc<System>) -> Result<Vec<Choice>, SystemError> {
    Ok(vec![Choice {
        fingerprint: modes::fingerprint(state, system).await?,
        text: format!("Switch {} to many organizations", system.config.title),
    }])
}
