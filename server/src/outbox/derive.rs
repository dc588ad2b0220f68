//! What is told: derived from what is stored, so that nothing has to remember to tell it. Its words are those of `told`.

use std::time::Duration;

use shared::webhook::{WebhookEvent, WebhookKind};

use super::OutboxError;
use super::told::{self, Told};
use crate::config::Show;
use crate::moment::Moment;
use crate::state::AppState;
use crate::status::Zone;
use crate::store::outbox::{self as table, Reach};
use crate::store::{StoreError, modes, notices, organizations, runs};
use crate::systems::System;

/// What happened longer ago is not looked at again: it was written down long since.
const BACK: Duration = Duration::from_secs(7 * 86_400);
/// Runs and switches of the mode that are looked at.
const LAST: usize = 5;

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
        happened.retain(|one| !known.contains(&one.name));
        if happened.is_empty() {
            continue;
        }
        let status = &system.config.status;
        let url = status
            .is_public()
            .then(|| format!("{}/status/{}", state.config.origin(), system.slug()));
        for one in happened {
            let at = one.at;
            let part = part(one.kind);
            let public = status.is_public() && part.is_none_or(|part| status.show.contains(&part));
            let mail = (state.config.mail.is_some(), public);
            let event = event(one, system.slug(), url.clone());
            // one at a time: whoever else writes does not wait for all of them, however many are told
            let mut tx = state.store.write().await?;
            new += table::add(&mut tx, &event, at, reach(&event), mail, now).await?;
            tx.commit().await?;
        }
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
async fn happened(state: &AppState, system: &System, now: Moment) -> Result<Vec<Told>, StoreError> {
    let slug = system.slug();
    let title = &system.config.title;
    let zone = Zone::of(&system.config.timezone);
    let since = now.minus(BACK);
    let mut all = Vec::new();
    // both lists have the newest first, and what happened in one moment keeps its order
    let updates = notices::updates(&state.store, slug).await?;
    all.extend(
        updates
            .iter()
            .rev()
            .flat_map(|row| told::of_update(row, now)),
    );
    let windows = notices::windows(&state.store, slug).await?;
    all.extend(
        windows
            .iter()
            .rev()
            .flat_map(|row| told::of_window(title, row, &zone, now)),
    );
    all.retain(|one| one.at >= since);
    let runs = runs::summaries(&state.store, slug).await?;
    all.extend(
        runs.iter()
            .take(LAST)
            .flat_map(|run| told::of_run(title, run, now)),
    );
    let switches = modes::switches(&state.store, slug).await?;
    all.extend(
        switches
            .iter()
            .take(LAST)
            .filter_map(|switch| told::of_switch(title, switch)),
    );
    let moves = organizations::moves(&state.store, slug, since).await?;
    all.extend(moves.into_iter().map(|moved| told::of_move(title, moved)));
    all.sort_by_key(|one| one.at);
    Ok(all)
}

/// What of a public page shows it as well; none: every page does.
fn part(kind: WebhookKind) -> Option<Show> {
    match kind {
        WebhookKind::Run => Some(Show::Progress),
        WebhookKind::Mode => Some(Show::Mode),
        _ => None,
    }
}

fn event(told: Told, slug: &str, url: Option<String>) -> WebhookEvent {
    WebhookEvent {
        event: told.name,
        kind: told.kind,
        system: slug.to_owned(),
        organization: told.organization,
        title: told.title,
        text: told.text,
        at: told.at.rfc3339(),
        url,
    }
}
