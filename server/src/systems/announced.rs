//! What a machine knows of what people were told: an update since the last run ended, whom it reached, and a window ahead.

use std::time::Duration;

use shared::state::RunState;

use super::{System, SystemError};
use crate::moment::Moment;
use crate::state::AppState;
use crate::store::notices::{UpdateRow, WindowRow};
use crate::store::outbox::{self, Told};
use crate::store::{StoreError, notices, runs, status_links, subscribers};

/// Length of a maintenance window that the checklist of the migration asks for.
const USUAL: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(2 * 3600)..=Duration::from_secs(4 * 3600);

/// Whether it holds, and the evidence.
pub(super) type Found = (bool, String);

/// Whether somebody reads what is written here: everybody, whoever has a link, or whoever is told by mail.
pub(super) async fn is_read(
    state: &AppState,
    system: &System,
    now: Moment,
) -> Result<bool, StoreError> {
    if system.config.status.is_public() {
        return Ok(true);
    }
    let links = status_links::list(&state.store, system.slug()).await?;
    let is_live = links.iter().any(|link| {
        link.revoked.is_none() && Moment::parse(&link.expires).is_some_and(|end| end > now)
    });
    Ok(is_live || subscribers::are_there(&state.store, system.slug()).await?)
}

/// What was announced since the last run ended: news of an earlier migration tell nobody about this one. Answers whether
/// people were told, and whether a window lies ahead.
pub(super) async fn found(
    state: &AppState,
    system: &System,
    now: Moment,
) -> Result<(Found, Found), SystemError> {
    let runs = runs::summaries(&state.store, system.slug()).await?;
    if let Some(run) = runs.first().filter(|run| run.state == RunState::Done) {
        let over = (true, format!("Run {} is done.", run.number));
        return Ok((over.clone(), over));
    }
    let after = runs
        .iter()
        .filter_map(|run| Moment::parse(run.finished.as_deref()?))
        .max()
        .unwrap_or(Moment(0));
    let updates = notices::updates(&state.store, system.slug()).await?;
    let mut newest = None;
    for row in updates {
        if row.publish_at > now || row.publish_at <= after {
            continue;
        }
        let name = format!("update-{}", row.update.id);
        let told = outbox::told(&state.store, system.slug(), &name).await?;
        let found = notified(&row, &told);
        if found.0 {
            newest = Some(found);
            break;
        }
        newest.get_or_insert(found);
    }
    let notified = newest.unwrap_or_else(|| {
        let nothing = "No update was published yet. Write one under Notices.";
        (false, nothing.to_owned())
    });
    let windows = notices::windows(&state.store, system.slug()).await?;
    let next = windows
        .into_iter()
        .filter(|row| row.window.stage.is_open() && row.ends > now)
        .min_by_key(|row| row.starts);
    let window = match next {
        Some(row) => (true, window(&row)),
        None => (
            false,
            "No maintenance window lies ahead. Schedule one under Notices.".into(),
        ),
    };
    Ok((notified, window))
}

fn notified(row: &UpdateRow, told: &Told) -> Found {
    let published = format!(
        "“{}” was published at {}",
        row.update.title,
        row.publish_at.rfc3339()
    );
    let all = told.delivered + told.waiting + told.dead;
    if !told.is_queued && told.listeners > 0 {
        let text = format!(
            "{published}; {} are to be told in a moment.",
            told.listeners
        );
        return (false, text);
    }
    if all == 0 {
        let text = format!("{published}, where whoever opens the page reads it.");
        return (true, text);
    }
    let given_up = match told.dead {
        0 => String::new(),
        dead => format!("; {dead} given up, see Who is told"),
    };
    let text = format!("{published}; told {} of {all}{given_up}.", told.delivered);
    (told.delivered > 0, text)
}

fn window(row: &WindowRow) -> String {
    let long = row.ends.since(row.starts);
    let unusual = if USUAL.contains(&long) {
        ""
    } else {
        " The checklist asks for 2 to 4 hours."
    };
    let window = &row.window;
    format!(
        "“{}” from {} to {}: {}.{unusual}",
        window.title,
        window.starts,
        window.ends,
        in_hours(long)
    )
}

/// Such as `3 h 30 min`.
fn in_hours(long: Duration) -> String {
    let minutes = long.as_secs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use shared::notice::{Update, Window, WindowStage};

    use super::*;

    #[test]
    fn people_count_as_told_when_one_was_reached_or_nobody_is_to_be() {
        let row = UpdateRow {
            update: Update {
                id: 1,
                title: "Work planned".into(),
                body: String::new(),
                publish_at: String::new(),
                resolved: None,
                version: 1,
                by: "amina".into(),
                history: Vec::new(),
            },
            edited: None,
            publish_at: Moment(1_795_140_000_000),
        };
        let told = |delivered, waiting, dead, is_queued, listeners| Told {
            delivered,
            waiting,
            dead,
            is_queued,
            listeners,
        };
        for (told, holds, ends) in [
            (
                told(0, 0, 0, false, 0),
                true,
                ", where whoever opens the page reads it.",
            ),
            (
                told(0, 0, 0, true, 0),
                true,
                ", where whoever opens the page reads it.",
            ),
            (
                told(0, 0, 0, false, 12),
                false,
                "; 12 are to be told in a moment.",
            ),
            (told(0, 12, 0, true, 12), false, "; told 0 of 12."),
            (told(12, 0, 0, true, 12), true, "; told 12 of 12."),
            (
                told(11, 0, 1, true, 12),
                true,
                "; told 11 of 12; 1 given up, see Who is told.",
            ),
            (
                told(0, 0, 2, true, 2),
                false,
                "; told 0 of 2; 2 given up, see Who is told.",
            ),
        ] {
            let (found, text) = notified(&row, &told);
            assert_eq!(found, holds, "{told:?}");
            let said = format!("“Work planned” was published at 2026-11-20T02:00:00Z{ends}");
            assert_eq!(text, said);
        }
    }

    #[test]
    fn a_window_says_how_long_it_is_and_warns_outside_of_two_to_four_hours() {
        let row = |minutes: u64| {
            let starts = Moment(1_795_140_000_000);
            let ends = starts.plus(Duration::from_secs(minutes * 60));
            WindowRow {
                window: Window {
                    id: 1,
                    title: "Restart".into(),
                    body: String::new(),
                    starts: starts.rfc3339(),
                    ends: ends.rfc3339(),
                    starts_local: String::new(),
                    ends_local: String::new(),
                    interruption_minutes: None,
                    stage: WindowStage::Scheduled,
                    version: 1,
                    by: "amina".into(),
                    changed: starts.rfc3339(),
                    history: Vec::new(),
                },
                starts,
                ends,
            }
        };
        for (minutes, ends) in [
            (119, ": 1 h 59 min. The checklist asks for 2 to 4 hours."),
            (120, ": 2 h."),
            (240, ": 4 h."),
            (241, ": 4 h 1 min. The checklist asks for 2 to 4 hours."),
            (45, ": 45 min. The checklist asks for 2 to 4 hours."),
        ] {
            let said = window(&row(minutes));
            assert!(said.ends_with(ends), "{said}");
        }
    }
}
