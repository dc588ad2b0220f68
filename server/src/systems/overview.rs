//! The list of systems and the overview of one: facts gathered from target, application and control store.

use std::sync::Arc;

use shared::Timestamp;
use shared::coverage::{Coverage, CoverageSummary};
use shared::mode::{Mode, ModeSwitch, SwitchState};
use shared::organization::Stage;
use shared::rollback::{RollbackKind, RollbackRecord, RollbackState};
use shared::run::RunSummary;
use shared::state::{GateState, RunState};
use shared::system::{HealthFacts, SystemOverview, SystemSummary, TargetFacts};

use super::next::{Facts, next_action, standing};
use super::{PILOT, Reading, System, SystemError, journey, measured};
use crate::db::{DatabaseUrl, Dialect};
use crate::health::Health;
use crate::moment::Moment;
use crate::state::AppState;
use crate::store::{organizations as records, reports, run_details, runs};
use crate::{backups, coverage, modes, organizations, rollbacks};

/// Lines of the list of systems, those that need a person first.
pub async fn list(state: &AppState) -> Result<Vec<SystemSummary>, SystemError> {
    let mut all = Vec::with_capacity(state.systems.all().len());
    for system in state.systems.all() {
        let gathered = gather(state, system, None).await?;
        all.push(gathered.summary(state, system));
    }
    all.sort_by_key(|summary| match summary.next.tone {
        shared::system::Tone::Failed => 0,
        shared::system::Tone::Gate => 1,
        shared::system::Tone::Paused => 2,
        _ => 3,
    });
    Ok(all)
}

/// What was gathered about one system.
struct Gathered {
    facts: Facts,
    target: Option<Arc<Reading>>,
    known: modes::Known,
    organizations: usize,
}

async fn gather(
    state: &AppState,
    system: &Arc<System>,
    health: Option<&Health>,
) -> Result<Gathered, SystemError> {
    let slug = system.slug();
    let target = system.reading().await;
    let newest = runs::summaries(&state.store, slug)
        .await?
        .into_iter()
        .next();
    let waiting = match &newest {
        Some(run) if run.state == RunState::WaitingAtGate => {
            let row = runs::get(&state.store, slug, run.number).await?;
            match row {
                Some(row) => {
                    let gates = run_details::gates(&state.store, row.id).await?;
                    crate::runs::shown::in_the_way(run.state, None, &gates)
                }
                None => None,
            }
        }
        _ => None,
    };
    let switches = crate::store::modes::switches(&state.store, slug).await?;
    let switching = switches
        .first()
        .is_some_and(|switch| switch.state == SwitchState::Running);
    let history = rollbacks::history(state, system).await?;
    let rolling_back = history
        .first()
        .is_some_and(|record| record.state == RollbackState::Running);
    let known = modes::known(system, health);
    let names = modes::names(system);
    let (unreachable, target) = match target {
        Ok(target) => (None, Some(target)),
        Err(error) => {
            use crate::refusal::Refusal;
            let remedy = error.remedy().unwrap_or_default();
            (Some(format!("{error}. {remedy}")), None)
        }
    };
    let models: Vec<_> = target
        .iter()
        .flat_map(|target| &target.groups)
        .flat_map(|group| &group.models)
        .collect();
    let migrated = !models.is_empty() && models.iter().all(|model| model.required);
    // a report tells of the target as it was: it counts until a run or a rollback has changed that
    let run_ended = newest.as_ref().and_then(|run| moment(&run.finished));
    let changed = run_ended.max(changed_by_rollback(&history));
    let report = reports::list(&state.store, slug)
        .await?
        .into_iter()
        .next()
        .filter(|report| migrated && Moment::parse(&report.at) >= changed)
        .map(|report| (report.number, report.checks - report.checks_passed));
    let (organizations, active) = target.as_deref().map_or((0, 0), organizations_of);
    let prepared = records::records(&state.store, slug)
        .await?
        .iter()
        .filter(|record| matches!(record.stage, Stage::Prepared | Stage::Pilot | Stage::Active))
        .filter(|record| {
            target
                .as_deref()
                .is_some_and(|target| target.has_organization(&record.code))
        })
        .count();
    let switch_gates = match &names {
        Some(_) if migrated && known.mode != Some(Mode::Multi) => Some(
            modes::gates(state, system, Mode::Multi)
                .await?
                .into_iter()
                .filter(|gate| gate.state == GateState::Closed)
                .map(|gate| gate.title)
                .collect(),
        ),
        Some(_) => Some(Vec::new()),
        None => None,
    };
    let facts = Facts {
        slug: slug.to_owned(),
        title: system.config.title.clone(),
        unreachable,
        rolling_back,
        switching,
        waiting,
        missing: if migrated {
            Vec::new()
        } else {
            measured::missing(state, system).await?
        },
        no_backup: backups::fresh_enough(state, system).await?.err(),
        coverage: target
            .as_ref()
            .map(|target| coverage::headline(&target.groups)),
        migrated,
        report,
        switch_gates,
        multi: names
            .as_ref()
            .map(|names| modes::title(names, Mode::Multi))
            .unwrap_or_default(),
        is_multi: known.mode == Some(Mode::Multi),
        pilot_lacks: PILOT.saturating_sub(prepared),
        to_onboard: (organizations.saturating_sub(active), organizations),
        after_tasks: after_tasks(&history, newest.as_ref(), &switches),
        run: newest,
    };
    Ok(Gathered {
        facts,
        target,
        known,
        organizations,
    })
}

fn moment(at: &Option<Timestamp>) -> Option<Moment> {
    at.as_deref().and_then(Moment::parse)
}

/// When the newest rollback that touched the target ended; the mode is no part of the target.
fn changed_by_rollback(history: &[RollbackRecord]) -> Option<Moment> {
    history
        .iter()
        .find(|record| record.way != RollbackKind::Mode)
        .and_then(|record| moment(&record.finished))
}

/// Tasks that are left after the last rollback. A migration or a switch to many organizations since says that people
/// went on.
fn after_tasks(
    history: &[RollbackRecord],
    run: Option<&RunSummary>,
    switches: &[ModeSwitch],
) -> usize {
    let Some(record) = history
        .first()
        .filter(|record| record.state == RollbackState::Done)
    else {
        return 0;
    };
    let migrated = run
        .filter(|run| run.state == RunState::Done)
        .and_then(|run| moment(&run.finished));
    let switched = switches
        .iter()
        .find(|switch| switch.to == Mode::Multi && switch.state == SwitchState::Done)
        .and_then(|switch| moment(&switch.finished));
    if migrated.max(switched) > moment(&record.finished) {
        return 0;
    }
    record.tasks.iter().filter(|task| !task.done).count()
}

/// How many organizations the target has, and how many of them are active.
fn organizations_of(target: &Reading) -> (usize, usize) {
    let all = target.organizations.as_deref().unwrap_or_default();
    (all.len(), all.iter().filter(|one| one.active).count())
}

impl Gathered {
    fn summary(&self, state: &AppState, system: &System) -> SystemSummary {
        let names = modes::names(system);
        SystemSummary {
            slug: system.slug().to_owned(),
            title: system.config.title.clone(),
            environment: system.config.environment.clone(),
            migration: system.playbook().map_or_else(
                |_| "Playbook not readable".into(),
                |playbook| playbook.title.clone(),
            ),
            standing: standing(&self.facts),
            mode: names
                .zip(self.known.mode)
                .map(|(names, mode)| modes::badge(&names, mode, self.organizations)),
            coverage: self.facts.coverage.map(|all: Coverage| CoverageSummary {
                all,
                measured: state.clock.now().rfc3339(),
            }),
            run: self.facts.run.clone(),
            next: next_action(&self.facts),
            unreachable: self.facts.unreachable.clone(),
        }
    }
}

/// Everything that the overview of a system shows.
pub async fn overview(
    state: &AppState,
    system: &Arc<System>,
) -> Result<SystemOverview, SystemError> {
    let health = system.recent_health().await;
    let gathered = gather(state, system, health.as_ref()).await?;
    let checklist = measured::checklist(state, system).await?;
    let stages = organizations::stage_counts(state, system).await?;
    Ok(SystemOverview {
        summary: gathered.summary(state, system),
        target: target_facts(system, &gathered, health.as_ref()),
        journey: journey::journey(
            state,
            system,
            &gathered.facts,
            gathered.target.as_deref(),
            &stages,
        )
        .await?,
        activity: journey::activity(state, system).await?,
        backup: backups::newest_verified(state, system).await?,
        ways_back: rollbacks::ways_back(state, system).await,
        health: health.map(|health| HealthFacts {
            healthy: health.healthy,
            status: health.status,
            response_ms: health.response_ms,
            mode: health.mode,
            at: state.clock.now().rfc3339(),
        }),
        organizations: stages,
        checklist_done: checklist.done,
        checklist_total: checklist.total,
    })
}

fn target_facts(system: &System, gathered: &Gathered, health: Option<&Health>) -> TargetFacts {
    let url = system.url().ok();
    let measured = gathered.target.as_ref().map_or(0, |target| target.bytes);
    TargetFacts {
        engine: match url.map(DatabaseUrl::dialect) {
            Some(Dialect::Postgres) => "PostgreSQL".into(),
            _ => "SQLite".into(),
        },
        size_bytes: url
            .and_then(DatabaseUrl::path)
            .and_then(|path| std::fs::metadata(path).ok())
            .map_or(measured, |about| about.len()),
        tables: gathered.target.as_ref().map_or(0, |target| {
            u32::try_from(target.schema.tables.len()).unwrap_or(u32::MAX)
        }),
        name: system.target_name(),
        release: health.and_then(|health| health.release.clone()),
    }
}
