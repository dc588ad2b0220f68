//! Puts together what the public may know about one system: the one place where facts of the server become public ones.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use shared::health::{Judgement, Verdict};
use shared::run::RunSummary;
use shared::status::{
    DayState, PublicAvailability, PublicCoverage, PublicDay, PublicOrganization, PublicState,
    PublicStatus, PublicUpdate, PublicWindow, PublicWork,
};

use super::measured::measured;
use super::{text, timeline};
use crate::config::Show;
use crate::moment::Moment;
use crate::notices::{to_html, to_plain};
use crate::state::AppState;
use crate::store::notices::{UpdateRow, WindowRow};
use crate::store::{StoreError, notices, runs};
use crate::systems::{System, SystemError};
use crate::{organizations, probes};

/// The page of one organization waits for so long: there is nothing else on it.
const PATIENCE_OF_ONE: Duration = Duration::from_secs(5);
/// Updates that a page shows.
const UPDATES: usize = 30;
/// Windows that are over stay on the page for this long.
const WINDOW_STAYS: Duration = Duration::from_secs(7 * 86_400);

/// What a page shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The parts.
    pub(super) show: &'a [Show],
    /// The organization whose own progress is shown.
    pub(super) organization: Option<&'a str>,
}

impl Scope<'_> {
    fn shows(&self, part: Show) -> bool {
        self.show.contains(&part)
    }
}

/// What a page tells.
pub(super) struct Composed {
    pub(super) status: PublicStatus,
    /// When it changes by time alone.
    pub(super) next: Option<Moment>,
}

/// Everything that a page of this scope may tell about a system, now.
pub(super) async fn compose(
    state: &AppState,
    system: &Arc<System>,
    scope: Scope<'_>,
) -> Result<Composed, SystemError> {
    let now = state.clock.now();
    let config = &system.config.status;
    let newest = runs::summaries(&state.store, system.slug())
        .await?
        .into_iter()
        .next();
    let measured = measured(state, system, newest.as_ref()).await;
    let judgement = probes::judge(state, system).await?;
    let maintenance = maintenance(state, system, now).await?;
    let written = notices::updates(&state.store, system.slug()).await?;
    let next = next_change(system, &judgement, &maintenance, &written, now);
    let going_on = maintenance
        .iter()
        .any(|window| window.stage.is_open() && is_begun(window, now));
    let public = public_state(&judgement, going_on);
    let work = if scope.shows(Show::Progress) {
        match &newest {
            Some(newest) => work(state, system, newest, measured.coverage.as_ref(), now).await?,
            None => None,
        }
    } else {
        None
    };
    let status = PublicStatus {
        slug: system.slug().to_owned(),
        title: system.config.title.clone(),
        summary: config.summary.clone(),
        state: public,
        headline: text::headline(
            &system.config.title,
            public,
            is_measured(system, &judgement),
        ),
        detail: work
            .as_ref()
            .filter(|work| work.finished.is_none())
            .map_or_else(String::new, |work| work.sentence.clone()),
        checked: now.rfc3339(),
        stale: false,
        zone: system.config.timezone.clone(),
        mode: measured.mode.filter(|_| scope.shows(Show::Mode)),
        work,
        coverage: measured.coverage.filter(|_| scope.shows(Show::Coverage)),
        organization: match scope.organization {
            Some(code) => organization(state, system, code).await,
            None => None,
        },
        availability: if scope.shows(Show::Availability) && system.config.health_url.is_some() {
            Some(availability(state, system, now).await?)
        } else {
            None
        },
        maintenance,
        updates: updates(written, now),
        contact: config.contact.clone(),
    };
    Ok(Composed { status, next })
}

/// The first moment ahead at which something is said that is not said now.
fn next_change(
    system: &System,
    judgement: &Judgement,
    windows: &[PublicWindow],
    updates: &[UpdateRow],
    now: Moment,
) -> Option<Moment> {
    let silent = judgement.last_beat_ms.map(|ms| {
        let beat = now.minus(Duration::from_millis(ms));
        beat.plus(system.config.probes.silent_after() + Duration::from_millis(1))
    });
    windows
        .iter()
        .filter(|window| window.stage.is_open())
        .flat_map(|window| [&window.starts, &window.ends])
        .filter_map(|at| Moment::parse(at))
        .chain(updates.iter().map(|row| row.publish_at))
        .chain(silent)
        .filter(|at| *at > now)
        .min()
}

fn public_state(judgement: &Judgement, maintenance: bool) -> PublicState {
    match (judgement.verdict, maintenance) {
        (Verdict::Good, _) if judgement.slow => PublicState::Slow,
        (Verdict::Good, _) => PublicState::Working,
        (Verdict::Bad | Verdict::NotEnoughEvidence, true) => PublicState::Maintenance,
        (Verdict::Bad, false) => PublicState::Unavailable,
        (Verdict::NotEnoughEvidence, false) => PublicState::Unknown,
    }
}

/// Whether samples come in: the last one is no older than it has to be.
fn is_measured(system: &System, judgement: &Judgement) -> bool {
    let silent_after = system.config.probes.silent_after().as_millis();
    judgement
        .last_beat_ms
        .is_some_and(|ms| u128::from(ms) <= silent_after)
}

fn is_begun(window: &PublicWindow, now: Moment) -> bool {
    Moment::parse(&window.starts).is_some_and(|starts| starts <= now)
}

/// One organization's own progress; none while the target cannot be read, or when it is gone.
async fn organization(
    state: &AppState,
    system: &Arc<System>,
    code: &str,
) -> Option<PublicOrganization> {
    let detail = organizations::detail(state, system, code);
    let detail = tokio::time::timeout(PATIENCE_OF_ONE, detail)
        .await
        .ok()?
        .ok()?;
    let plural = |label: &str| {
        system
            .playbook()
            .ok()
            .and_then(|playbook| {
                playbook
                    .models()
                    .find(|(_, model)| model.label == label)
                    .map(|(_, model)| model.plural())
            })
            .unwrap_or_else(|| label.to_owned())
    };
    Some(PublicOrganization {
        name: detail.organization.name,
        stage: detail.organization.stage,
        ready_done: detail.organization.ready_done,
        ready_total: detail.organization.ready_total,
        records: detail
            .rows
            .into_iter()
            .map(|rows| (plural(&rows.model), rows.rows))
            .collect(),
    })
}

async fn work(
    state: &AppState,
    system: &System,
    newest: &RunSummary,
    coverage: Option<&PublicCoverage>,
    now: Moment,
) -> Result<Option<PublicWork>, StoreError> {
    let Some(run) = runs::get(&state.store, system.slug(), newest.number).await? else {
        return Ok(None);
    };
    let steps = runs::steps(&state.store, run.id).await?;
    let left = coverage.map(|coverage| {
        coverage
            .kinds
            .iter()
            .map(|kind| kind.total.saturating_sub(kind.assigned))
            .sum()
    });
    Ok(Some(timeline::of_run(&run, &steps, left, now)))
}

async fn availability(
    state: &AppState,
    system: &System,
    now: Moment,
) -> Result<PublicAvailability, StoreError> {
    let zone = TimeZone::get(&system.config.timezone).unwrap_or(TimeZone::UTC);
    let days = probes::days(&state.store, system.slug(), now, &zone).await?;
    Ok(PublicAvailability {
        percent: probes::availability_percent(&days),
        response_ms: days.last().and_then(|day| day.response_ms),
        days: days
            .into_iter()
            .map(|day| PublicDay {
                day: day.day,
                state: if day.measured_seconds == 0 {
                    DayState::NotMeasured
                } else if day.bad_seconds > 0 {
                    DayState::Unavailable
                } else if day.slow_seconds > 0 {
                    DayState::Slow
                } else {
                    DayState::Worked
                },
                unavailable_minutes: day.bad_seconds.div_ceil(60),
                slow_minutes: day.slow_seconds.div_ceil(60),
                response_ms: day.response_ms,
            })
            .collect(),
    })
}

async fn maintenance(
    state: &AppState,
    system: &System,
    now: Moment,
) -> Result<Vec<PublicWindow>, StoreError> {
    let mut windows: Vec<PublicWindow> = notices::windows(&state.store, system.slug())
        .await?
        .into_iter()
        .filter(|row| row.window.stage.is_open() || row.ends.plus(WINDOW_STAYS) > now)
        .map(|row| public_window(row, now))
        .collect();
    windows.sort_by(|one, other| one.starts.cmp(&other.starts));
    Ok(windows)
}

fn public_window(row: WindowRow, now: Moment) -> PublicWindow {
    let (stage, overdue) = (row.stage_at(now), row.is_overdue_at(now));
    let window = row.window;
    PublicWindow {
        id: window.id,
        title: window.title,
        html: to_html(&window.body),
        text: to_plain(&window.body),
        starts: window.starts,
        ends: window.ends,
        stage,
        overdue,
        interruption_minutes: window.interruption_minutes,
        changed: window.changed,
        version: window.version,
    }
}

fn updates(written: Vec<UpdateRow>, now: Moment) -> Vec<PublicUpdate> {
    written
        .into_iter()
        .filter(|row| row.publish_at <= now)
        .take(UPDATES)
        .map(public_update)
        .collect()
}

fn public_update(row: UpdateRow) -> PublicUpdate {
    let update = row.update;
    PublicUpdate {
        id: update.id,
        title: update.title,
        html: to_html(&update.body),
        text: to_plain(&update.body),
        published: update.publish_at,
        edited: row.edited.map(Moment::rfc3339),
        resolved: update.resolved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_said_to_be_as_it_was_measured_and_maintenance_excuses_only_what_does_not_work() {
        use PublicState::{Maintenance, Slow, Unavailable, Unknown, Working};
        let judgement = |verdict, slow| Judgement {
            verdict,
            slow,
            reason: String::new(),
            last_beat_ms: None,
        };
        for (verdict, slow, maintenance, expected) in [
            (Verdict::Good, false, false, Working),
            (Verdict::Good, false, true, Working),
            (Verdict::Good, true, false, Slow),
            (Verdict::Good, true, true, Slow),
            (Verdict::Bad, false, false, Unavailable),
            (Verdict::Bad, true, false, Unavailable),
            (Verdict::Bad, false, true, Maintenance),
            (Verdict::NotEnoughEvidence, false, false, Unknown),
            (Verdict::NotEnoughEvidence, false, true, Maintenance),
        ] {
            assert_eq!(
                public_state(&judgement(verdict, slow), maintenance),
                expected,
                "{verdict:?}, slow: {slow}, maintenance: {maintenance}"
            );
        }
    }
}
