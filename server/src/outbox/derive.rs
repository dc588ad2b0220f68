//! What is told: derived from what is stored, so that nothing has to remember to tell it. As with the status page, no word
//! of it comes from a playbook, the engine, an error or an account.

use std::time::Duration;

use shared::mode::SwitchState;
use shared::organization::Stage;
use shared::state::RunState;
use shared::webhook::{WebhookEvent, WebhookKind};

use super::OutboxError;
use crate::config::Show;
use crate::moment::Moment;
use crate::notices::to_plain;
use crate::state::AppState;
use crate::status::{Zone, run_in_words};
use crate::store::outbox::{self as table, Reach};
use crate::store::{StoreError, modes, notices, organizations, runs};
use crate::systems::System;

/// What happened longer ago is not looked at again: it was written down long since.
const BACK: Duration = Duration::from_secs(7 * 86_400);

/// Something that happened.
struct Happened {
    at: Moment,
    event: WebhookEvent,
    /// What of a public page shows it as well; none: every page does.
    part: Option<Show>,
}

/// Puts what happened into the outbox, once, for everybody who is to be told, and answers how many deliveries are new.
///
/// # Errors
/// When the control store cannot be read or written.
pub async fn enqueue(state: &AppState) -> Result<u64, OutboxError> {
    let mut new = 0;
    for system in state.systems.all() {
        let now = state.clock.now();
        let known = table::known(&state.store, system.slug()).await?;
        let mut happened = happened(state, system, now).await?;
        happened.retain(|one| !known.contains(&one.event.event));
        if happened.is_empty() {
            continue;
        }
        let status = &system.config.status;
        let mut tx = state.store.write().await?;
        for one in &happened {
            let public =
                status.is_public() && one.part.is_none_or(|part| status.show.contains(&part));
            let mail = (state.config.mail.is_some(), public);
            let reach = reach(&one.event);
            new += table::add(&mut tx, &one.event, one.at, reach, mail, now).await?;
        }
        tx.commit().await?;
    }
    Ok(new)
}

fn reach(event: &WebhookEvent) -> Reach<'_> {
    match (&event.kind, &event.organization) {
        (WebhookKind::Organization, Some(code)) => Reach::Organization(code),
        (WebhookKind::Run, _) => Reach::WholeSystem,
        _ => Reach::Everybody,
    }
}

/// What happened lately, oldest first.
async fn happened(
    state: &AppState,
    system: &System,
    now: Moment,
) -> Result<Vec<Happened>, StoreError> {
    let slug = system.slug();
    let title = &system.config.title;
    let url = system
        .config
        .status
        .is_public()
        .then(|| format!("{}/status/{slug}", state.config.origin()));
    let tell = |event: String, kind, title: String, text: String, at: Moment| {
        let part = match kind {
            WebhookKind::Run => Some(Show::Progress),
            WebhookKind::Mode => Some(Show::Mode),
            _ => None,
        };
        let event = WebhookEvent {
            event,
            kind,
            system: slug.to_owned(),
            organization: None,
            title,
            text,
            at: at.rfc3339(),
            url: url.clone(),
        };
        Happened { at, event, part }
    };
    let zone = Zone::of(&system.config.timezone);
    let since = now.minus(BACK);
    let mut all = Vec::new();
    // both lists have the newest first, and what happened in one moment keeps its order
    for row in notices::updates(&state.store, slug)
        .await?
        .into_iter()
        .rev()
    {
        if row.publish_at <= now && row.publish_at >= since {
            let text = to_plain(&row.update.body);
            let name = format!("update-{}", row.update.id);
            all.push(tell(
                name,
                WebhookKind::Update,
                row.update.title,
                text,
                row.publish_at,
            ));
        }
    }
    for row in notices::windows(&state.store, slug)
        .await?
        .into_iter()
        .rev()
    {
        let changed = Moment::parse(&row.window.changed).unwrap_or(now);
        if changed >= since {
            let window = row.window;
            let name = format!("window-{}-{}", window.id, window.version);
            let words = format!(
                "{title}: {} ({})",
                window.title,
                window.stage.word().to_lowercase()
            );
            let text = format!(
                "{}.\n{}",
                zone.both_ranges(&window.starts, &window.ends),
                to_plain(&window.body)
            );
            all.push(tell(name, WebhookKind::Window, words, text, changed));
        }
    }
    for run in runs::summaries(&state.store, slug)
        .await?
        .into_iter()
        .take(5)
    {
        let Some(started) = Moment::parse(&run.started) else {
            continue;
        };
        let words = run_in_words(run.state);
        let begun = run_in_words(RunState::Running);
        let name = format!("run-{}-started", run.number);
        all.push(tell(
            name,
            WebhookKind::Run,
            format!("{title}: work has started"),
            begun,
            started,
        ));
        if matches!(run.state, RunState::Queued | RunState::Running) {
            continue;
        }
        let at = run
            .finished
            .as_deref()
            .and_then(Moment::parse)
            .unwrap_or(now);
        // the same gate is told once; the next one is another
        let name = format!("run-{}-{}-{}", run.number, word(run.state), run.steps_done);
        all.push(tell(
            name,
            WebhookKind::Run,
            format!("{title}: {}", state_title(run.state)),
            words,
            at,
        ));
    }
    for switch in modes::switches(&state.store, slug)
        .await?
        .into_iter()
        .take(5)
    {
        let (Some(at), Some(words)) = (
            switch.finished.as_deref().and_then(Moment::parse),
            switch_title(switch.state),
        ) else {
            continue;
        };
        let name = format!("mode-{}", switch.id);
        let text = switch.downtime_ms.map_or_else(String::new, |ms| {
            format!("It was not available for {:.1} s.", ms as f64 / 1000.0)
        });
        all.push(tell(
            name,
            WebhookKind::Mode,
            format!("{title}: {words}"),
            text,
            at,
        ));
    }
    for moved in organizations::moves(&state.store, slug, since).await? {
        let text = format!("{}: {}.", moved.name, stage_in_words(moved.stage));
        let mut one = tell(
            format!("move-{}", moved.id),
            WebhookKind::Organization,
            format!(
                "{title}: {} is now {}",
                moved.code,
                moved.stage.word().to_lowercase()
            ),
            text,
            moved.at,
        );
        one.event.organization = Some(moved.code);
        all.push(one);
    }
    all.sort_by_key(|one| one.at);
    Ok(all)
}

fn stage_in_words(stage: Stage) -> &'static str {
    match stage {
        Stage::Invited => "invited to share the system",
        Stage::Prepared => "everything is prepared; its people cannot sign in yet",
        Stage::Pilot => "its people try the system out before the others",
        Stage::Active => "its people work with the system",
        Stage::Suspended => "its people cannot use the system for now",
    }
}

fn word(state: RunState) -> &'static str {
    match state {
        RunState::Queued | RunState::Running => "started",
        RunState::Paused => "paused",
        RunState::WaitingAtGate => "waiting",
        RunState::WaitingForApproval => "approval",
        RunState::Done => "done",
        RunState::Failed => "failed",
        RunState::Aborted => "ended",
        RunState::RollingBack => "rolling-back",
        RunState::RolledBack => "rolled-back",
        RunState::Stuck => "stuck",
    }
}

fn state_title(state: RunState) -> &'static str {
    match state {
        RunState::Queued | RunState::Running => "work has started",
        RunState::Paused => "work is paused",
        RunState::WaitingAtGate | RunState::WaitingForApproval => "work waits",
        RunState::Done => "work is done",
        RunState::Failed | RunState::Stuck => "work did not succeed",
        RunState::Aborted => "work was ended",
        RunState::RollingBack => "work is being taken back",
        RunState::RolledBack => "work was taken back",
    }
}

fn switch_title(state: SwitchState) -> Option<&'static str> {
    match state {
        SwitchState::Running => None,
        SwitchState::Done => Some("the mode was switched"),
        SwitchState::WentBack => Some("the mode was switched back by itself"),
        SwitchState::Failed => Some("the switch of the mode failed"),
    }
}
