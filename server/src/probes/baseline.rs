//! Named baselines: what was usual before a release, to compare with what comes after it.

use std::time::Duration;

use shared::health::{Baseline, Outcome};
use shared::problem::FieldProblem;

use crate::accounts::Operator;
use crate::audit::{self, Entry};
use crate::refusal::{Kind, Refusal};
use crate::state::AppState;
use crate::store::{StoreError, health as table};
use crate::systems::System;

/// Samples with an answer that a baseline needs at least; fewer tell nothing about the slowest tenth.
const LEAST: usize = 20;
const LONGEST_NAME: usize = 80;

/// Why a baseline is not captured.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// Too few samples.
    #[error(
        "Only {found} samples with an answer were taken in that time; a baseline needs {LEAST}."
    )]
    TooFew {
        /// Samples found.
        found: usize,
    },
    /// A field was not accepted.
    #[error("{}", .0.message)]
    Field(FieldProblem),
    /// The name is taken.
    #[error("There is a baseline “{0}” already.")]
    Taken(String),
    /// The control store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal for BaselineError {
    fn kind(&self) -> Kind {
        match self {
            Self::TooFew { .. } | Self::Taken(_) => Kind::Conflict,
            Self::Field(_) => Kind::Invalid,
            Self::Store(error) => error.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::TooFew { .. } => Some("Take a longer time, or wait for more samples.".into()),
            Self::Field(_) => Some("Correct the field.".into()),
            Self::Taken(_) => Some("Choose another name; a baseline is never changed.".into()),
            Self::Store(error) => error.remedy(),
        }
    }

    fn fields(&self) -> Vec<FieldProblem> {
        match self {
            Self::Field(field) => vec![field.clone()],
            _ => Vec::new(),
        }
    }
}

/// Captures the samples of the last `minutes` under a name.
///
/// # Errors
/// When there are too few, or the name is empty, too long or taken.
pub async fn capture(
    state: &AppState,
    system: &System,
    actor: &Operator,
    name: &str,
    minutes: u32,
) -> Result<Baseline, BaselineError> {
    let field = |field: &str, message: String| {
        BaselineError::Field(FieldProblem {
            field: field.into(),
            message,
        })
    };
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        let message = format!("Write a name of 1 to {LONGEST_NAME} characters.");
        return Err(field("name", message));
    }
    let most = system.config.probes.keep_days * 24 * 60;
    if !(1..=most).contains(&minutes) {
        let message = format!("Write a number from 1 to {most}: samples are not kept longer.");
        return Err(field("minutes", message));
    }
    let now = state.clock.now();
    let from = now.minus(Duration::from_secs(u64::from(minutes) * 60));
    let samples = table::since(&state.store, system.slug(), from).await?;
    let mut times: Vec<u32> = samples
        .iter()
        .filter_map(|sample| sample.response_ms)
        .collect();
    if times.len() < LEAST {
        return Err(BaselineError::TooFew { found: times.len() });
    }
    times.sort_unstable();
    let bad = samples
        .iter()
        .filter(|sample| sample.outcome == Outcome::Bad)
        .count();
    let mut baseline = Baseline {
        id: 0,
        name: name.to_owned(),
        by: actor.username().to_owned(),
        at: now.rfc3339(),
        samples: u32::try_from(samples.len()).unwrap_or(u32::MAX),
        p10_ms: percentile(&times, 10),
        p50_ms: percentile(&times, 50),
        p90_ms: percentile(&times, 90),
        bad_percent: bad as f64 * 100.0 / samples.len() as f64,
    };
    let mut tx = state.store.write().await?;
    baseline.id = table::insert_baseline(&mut tx, system.slug(), now, &baseline)
        .await
        .map_err(|error| match error {
            taken if taken.is_unique_violation() => BaselineError::Taken(name.to_owned()),
            other => other.into(),
        })?;
    let text = format!(
        "Baseline “{name}” was captured: {} samples, half of them under {} ms.",
        baseline.samples, baseline.p50_ms
    );
    let entry = Entry::by(actor, "health.baseline", name, text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    Ok(baseline)
}

/// The value that `percent` of the sorted values do not exceed (nearest rank).
fn percentile(sorted: &[u32], percent: usize) -> u32 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let times: Vec<u32> = (1..=20).collect();
        assert_eq!(percentile(&times, 10), 2);
        assert_eq!(percentile(&times, 50), 10);
        assert_eq!(percentile(&times, 90), 18);
        assert_eq!(percentile(&[7], 90), 7);
    }
}
