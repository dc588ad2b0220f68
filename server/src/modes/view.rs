//! Everything that the page of the mode shows.

use std::sync::Arc;

use shared::mode::{Mode, ModeChange, ModeView};

use super::bound::bound_to;
use super::known::{badge, known, names};
use super::refusal::refused;
use super::{gates, needs_approval, no_modes};
use crate::engine::playbook;
use crate::state::AppState;
use crate::store::modes as rows;
use crate::systems::{System, SystemError};

/// Everything that the mode page shows.
pub async fn view(state: &AppState, system: &Arc<System>) -> Result<ModeView, SystemError> {
    let names = names(system).ok_or_else(no_modes)?;
    // before the application is asked: what is told of a switch that is done is what it says after it
    let mut history = rows::switches(&state.store, system.slug()).await?;
    let newest = (!history.is_empty()).then(|| history.remove(0));
    let health = system.health().await;
    let known = known(system, health.as_ref());
    let current = known.mode.unwrap_or(Mode::Single);
    let organizations = crate::organizations::active_count(system)
        .await
        .unwrap_or(0);
    let gates = gates(state, system, current.other()).await?;
    Ok(ModeView {
        current: badge(&names, current, organizations),
        other: badge(&names, current.other(), organizations),
        variable: names.variable.clone(),
        file_value: known.file,
        application_value: known.application,
        trouble: known.trouble,
        changes: changes(
            &names,
            current,
            &system.playbook()?.organizations.default.code,
        ),
        fingerprint: bound_to(system, &names, current.other(), &gates),
        needs_approval: needs_approval(state, current.other()),
        gates,
        usual_downtime_ms: rows::usual_downtime_ms(&state.store, system.slug()).await?,
        switch: newest,
        history,
        refused: refused(state, system).await?.map(|why| why.to_string()),
    })
}

fn changes(names: &playbook::Mode, current: Mode, unit: &str) -> Vec<ModeChange> {
    let line = |what: &str, single: String, multi: &str| {
        let (now, after) = match current {
            Mode::Single => (single, multi.to_owned()),
            Mode::Multi => (multi.to_owned(), single),
        };
        ModeChange {
            what: what.into(),
            now,
            after,
        }
    };
    vec![
        line(
            &format!("{} in the environment file", names.variable),
            names.single.clone(),
            &names.multi,
        ),
        line(
            "Organization selector in the navigation",
            "Hidden".into(),
            "Shown",
        ),
        line(
            "Lists and dashboards",
            format!("Everything, all of {unit}"),
            "Of the chosen organization",
        ),
        line(
            "New records",
            format!("Belong to {unit}"),
            "Belong to the person's organization",
        ),
        line(
            "View over all organizations (OCM)",
            "Off".into(),
            "On, read only",
        ),
    ]
}
