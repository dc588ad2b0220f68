//! Waves: organizations that go live together, the pilot of three first, each watched for some days before the next.

use std::collections::HashMap;
use std::sync::Arc;

use shared::organization::{OrganizationList, PlanWaves, Stage};

use super::change::add_stage;
use super::intent::{self, Act, Intent};
use super::known::Known;
use super::view;
use crate::accounts::{Administrator, Operator};
use crate::state::AppState;
use crate::store::organizations::{Record, WaveRow};
use crate::systems::{System, SystemError};
use crate::wording::counted;

/// Organizations of the pilot at most.
const PILOT: usize = 3;
/// Waves at most.
const MOST_WAVES: usize = 50;
/// Days that a wave can be watched at most.
const MOST_DAYS: u32 = 365;

/// Sets who is in which wave. A wave that has started keeps its place and its organizations.
pub async fn plan_waves(
    state: &AppState,
    system: &Arc<System>,
    wanted: &PlanWaves,
    actor: &Operator,
) -> Result<OrganizationList, SystemError> {
    let _one = super::alone(state, system).await?;
    intent::settle(state, system).await?;
    let known = Known::gather(state, system).await?;
    let places = check(&known, wanted)?;
    let waves: Vec<WaveRow> = (0..)
        .zip(&wanted.waves)
        .map(|(number, wave)| WaveRow {
            number,
            title: wave.title.trim().to_owned(),
            soak_days: wave.soak_days,
            started: known
                .waves
                .iter()
                .find(|before| before.number == number)
                .and_then(|before| before.started),
        })
        .collect();
    let text = format!("Planned {}.", counted(waves.len() as u64, "wave", "waves"));
    let mut intent = Intent::of(actor, Act::Planned, "organization waves".into(), text);
    intent.waves = Some(waves);
    for record in known.records() {
        let wave = places.get(&record.code.to_lowercase()).copied();
        if record.wave == wave {
            continue;
        }
        let moved = Record {
            wave,
            changed: state.clock.now(),
            ..record.clone()
        };
        intent.records.push((moved, record.version));
    }
    intent::carry_out(state, system, &known.playbook.organizations, &intent).await?;
    view::list(state, system).await
}

/// Wave by code in lower case.
fn check(known: &Known, wanted: &PlanWaves) -> Result<HashMap<String, u32>, SystemError> {
    let wrong = |message: String| Err(SystemError::field("waves", message));
    if wanted.waves.len() > MOST_WAVES {
        return wrong(format!("At most {MOST_WAVES} waves can be planned."));
    }
    let mut places = HashMap::new();
    for (number, wave) in (0..).zip(&wanted.waves) {
        if wave.title.trim().is_empty() {
            return wrong(format!("Wave {number} has no title."));
        }
        if wave.soak_days > MOST_DAYS {
            return wrong(format!(
                "\"{}\" is watched for {} days; at most {MOST_DAYS} can be planned.",
                wave.title, wave.soak_days
            ));
        }
        if number == 0 && wave.organizations.len() > PILOT {
            return wrong(format!(
                "The pilot has {} organizations; at most {PILOT} go first.",
                wave.organizations.len()
            ));
        }
        for code in &wave.organizations {
            let record = known.record(code)?;
            if known.is_default(record) {
                return wrong(format!(
                    "{code} is the default organization: it is active already."
                ));
            }
            if places.insert(code.to_lowercase(), number).is_some() {
                return wrong(format!("{code} is in two waves."));
            }
        }
    }
    for started in known.waves.iter().filter(|wave| wave.started.is_some()) {
        let keeps = known
            .records()
            .filter(|record| record.wave == Some(started.number))
            .all(|record| places.get(&record.code.to_lowercase()) == Some(&started.number));
        if !keeps || wanted.waves.len() <= started.number as usize {
            return wrong(format!(
                "\"{}\" has started: it keeps its place and its organizations.",
                started.title
            ));
        }
    }
    Ok(places)
}

/// Starts a wave: its prepared organizations become pilots, or active.
pub async fn start_wave(
    state: &AppState,
    system: &Arc<System>,
    number: u32,
    actor: &Administrator,
) -> Result<OrganizationList, SystemError> {
    let _one = super::alone(state, system).await?;
    intent::settle(state, system).await?;
    let known = Known::gather(state, system).await?;
    let Some(wave) = known.waves.iter().find(|wave| wave.number == number) else {
        return Err(SystemError::not_found(
            format!("There is no wave {number}."),
            "Plan the waves first.",
        ));
    };
    if let Some(why) = known.wave_blocked(wave) {
        return Err(SystemError::gate_closed(
            why,
            format!("\"{}\" starts when that holds.", wave.title),
        ));
    }
    let to = if number == 0 {
        Stage::Pilot
    } else {
        Stage::Active
    };
    let waves: Vec<WaveRow> = known
        .waves
        .iter()
        .map(|other| WaveRow {
            started: if other.number == number {
                Some(state.clock.now())
            } else {
                other.started
            },
            ..other.clone()
        })
        .collect();
    let members: Vec<&Record> = known
        .records()
        .filter(|record| record.wave == Some(number) && record.stage == Stage::Prepared)
        .collect();
    let codes: Vec<&str> = members.iter().map(|record| record.code.as_str()).collect();
    let text = format!("Started \"{}\": {}.", wave.title, codes.join(", "));
    let mut intent = Intent::of(actor, Act::WaveStarted, "organization waves".into(), text);
    intent.waves = Some(waves);
    for record in members {
        add_stage(state, &known, record, to, "", &mut intent);
    }
    // all of them or none: one transaction of the target
    intent::carry_out(state, system, &known.playbook.organizations, &intent).await?;
    view::list(state, system).await
}
