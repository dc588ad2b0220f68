//! Everything that the health page of a system shows.

use std::time::Duration;

use jiff::tz::TimeZone;
use shared::health::{HealthLimits, HealthMark, HealthPoint, HealthView};

use super::days::{availability_percent, days, mean};
use super::each;
use crate::moment::Moment;
use crate::state::AppState;
use crate::store::health::{HOUR_MS, Sum};
use crate::store::{StoreError, health as table, modes, runs};
use crate::systems::System;

/// Most points of the chart.
const POINTS: i64 = 400;

/// The page for the last `hours`.
///
/// # Errors
/// When the control store cannot be read.
pub async fn view(state: &AppState, system: &System, hours: u32) -> Result<HealthView, StoreError> {
    let config = &system.config.probes;
    let now = state.clock.now();
    let from = now.minus(Duration::from_secs(u64::from(hours) * 3600));
    let zone = TimeZone::get(&system.config.timezone).unwrap_or(TimeZone::UTC);
    let width = ((now.0 - from.0) / POINTS).max(1);
    let stretches = if hours <= config.keep_days * 24 {
        table::stretches(&state.store, system.slug(), from, now, width).await?
    } else {
        // from hours, so that no bad one falls out of the chart; what lies ahead was measured before the clock was set back
        let first = -(-from.0).div_euclid(HOUR_MS);
        let hours = first..now.0.div_euclid(HOUR_MS) + 1;
        table::hours(&state.store, system.slug(), hours, -from.0, width).await?
    };
    let days = days(&state.store, system.slug(), now, &zone).await?;
    let judgement = super::judge(state, system).await?;
    let silent = judgement
        .last_beat_ms
        .is_none_or(|beat| u128::from(beat) > config.silent_after().as_millis());
    Ok(HealthView {
        probes: each::view(state.probes.latest(system.slug()), system, silent),
        now: judgement,
        not_measured: system
            .config
            .health_url
            .is_none()
            .then(|| "Its configuration has no health_url.".into()),
        limits: HealthLimits {
            interval_seconds: config.interval_seconds,
            slow_ms: config.slow_ms,
            bad_samples: config.bad_samples,
            good_samples: config.good_samples,
            minimum_samples: config.minimum_samples,
        },
        from: from.rfc3339(),
        to: now.rfc3339(),
        points: (stretches.iter())
            .map(|(number, sum)| point(Moment(from.0 + number * width), sum))
            .collect(),
        availability_percent: availability_percent(&days),
        days,
        baselines: table::baselines(&state.store, system.slug()).await?,
        marks: marks(state, system, from).await?,
        zone: system.config.timezone.clone(),
    })
}

fn point(at: Moment, sum: &Sum) -> HealthPoint {
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    HealthPoint {
        at: at.rfc3339(),
        response_ms: mean(sum.response_sum_ms, sum.answers),
        response_max_ms: (sum.answers > 0).then(|| count(sum.response_max_ms)),
        database_ms: mean(sum.database_sum_ms, sum.database_answers),
        samples: count(sum.samples),
        bad: count(sum.bad),
        errors: count(sum.errors),
    }
}

async fn marks(
    state: &AppState,
    system: &System,
    from: Moment,
) -> Result<Vec<HealthMark>, StoreError> {
    let since = from.rfc3339();
    let recent = |until: &Option<String>| until.as_ref().is_none_or(|until| *until >= since);
    let runs = runs::summaries(&state.store, system.slug()).await?;
    let switches = modes::switches(&state.store, system.slug()).await?;
    let mut marks: Vec<HealthMark> = runs
        .into_iter()
        .filter(|run| recent(&run.finished))
        .map(|run| HealthMark {
            at: run.started,
            until: run.finished,
            title: format!("Run {}", run.number),
        })
        .chain(
            switches
                .into_iter()
                .filter(|switch| recent(&switch.finished))
                .map(|switch| HealthMark {
                    at: switch.started,
                    until: switch.finished,
                    title: "Mode switch".into(),
                }),
        )
        .collect();
    marks.sort_by(|one, other| one.at.cmp(&other.at));
    Ok(marks)
}
