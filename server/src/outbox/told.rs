//! The words of what is told, and the stable name of each: from one row of what is stored, without looking anything up. As
//! with the status page, no word comes from a playbook, the engine, an error or an account.

use shared::mode::{ModeSwitch, SwitchState};
use shared::organization::Stage;
use shared::run::RunSummary;
use shared::state::RunState;
use shared::webhook::WebhookKind;

use crate::moment::Moment;
use crate::notices::to_plain;
use crate::status::{Zone, run_in_words};
use crate::store::notices::{UpdateRow, WindowRow};
use crate::store::organizations::Move;

/// Something that happened, and how it is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    /// Stable: what has this name is told once.
    pub(super) name: String,
    pub(super) kind: WebhookKind,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) at: Moment,
    /// Code of the organization that it is about.
    pub(super) organization: Option<String>,
}

fn told(name: String, kind: WebhookKind, title: String, text: String, at: Moment) -> Told {
    Told {
        name,
        kind,
        title,
        text,
        at,
        organization: None,
    }
}

/// An update is told when it is published, and again when what it tells of is over.
pub(super) fn of_update(row: &UpdateRow, now: Moment) -> Vec<Told> {
    if row.publish_at > now {
        return Vec::new();
    }
    let (id, title) = (row.update.id, &row.update.title);
    let text = to_plain(&row.update.body);
    let mut all = vec![told(
        format!("update-{id}"),
        WebhookKind::Update,
        title.clone(),
        text.clone(),
        row.publish_at,
    )];
    // what was over when it was published says so itself
    let resolved = row.update.resolved.as_deref().and_then(Moment::parse);
    if let Some(resolved) = resolved.filter(|resolved| *resolved > row.publish_at) {
        all.push(told(
            format!("update-{id}-resolved"),
            WebhookKind::Update,
            format!("Resolved: {title}"),
            text,
            resolved,
        ));
    }
    all
}

/// A window is told when somebody changes it, and when it begins or takes longer than planned by itself.
pub(super) fn of_window(system: &str, row: &WindowRow, zone: &Zone, now: Moment) -> Vec<Told> {
    let window = &row.window;
    let changed = Moment::parse(&window.changed).unwrap_or(now);
    let text = format!(
        "{}.\n{}",
        zone.both_ranges(&window.starts, &window.ends),
        to_plain(&window.body)
    );
    let tell = |what: &str, words: String, at| {
        told(
            format!("window-{}-{}{what}", window.id, window.version),
            WebhookKind::Window,
            format!("{system}: {} ({words})", window.title),
            text.clone(),
            at,
        )
    };
    let words = row.stage_at(changed).word().to_lowercase();
    let mut all = vec![tell("", words, changed)];
    if row.begins_by_itself() && row.starts > changed && row.starts <= now {
        let words = row.stage_at(now).word().to_lowercase();
        all.push(tell("-begun", words, row.starts));
    }
    if row.is_overdue_at(now) && row.ends > changed {
        let words = "takes longer than planned".to_owned();
        all.push(tell("-overdue", words, row.ends));
    }
    all
}

/// A run is told when it starts, and whenever it stops: each gate once, and the next again.
pub(super) fn of_run(system: &str, run: &RunSummary, now: Moment) -> Vec<Told> {
    let Some(started) = Moment::parse(&run.started) else {
        return Vec::new();
    };
    let tell = |name: String, words: &str, state, at| {
        told(
            format!("run-{}-{name}", run.number),
            WebhookKind::Run,
            format!("{system}: {words}"),
            run_in_words(state),
            at,
        )
    };
    let mut all = vec![tell(
        "started".into(),
        "work has started",
        RunState::Running,
        started,
    )];
    let done = run.steps_done;
    let (name, words) = match run.state {
        RunState::Queued | RunState::Running => return all,
        RunState::Paused => (format!("paused-{done}"), "work is paused"),
        RunState::WaitingAtGate => (format!("waiting-{done}"), "work waits"),
        RunState::WaitingForApproval => (format!("approval-{done}"), "work waits"),
        RunState::Done => (format!("done-{done}"), "work is done"),
        RunState::Failed => (format!("failed-{done}"), "work did not succeed"),
        RunState::Stuck => (format!("stuck-{done}"), "work did not succeed"),
        RunState::Aborted => (format!("ended-{done}"), "work was ended"),
        // fewer are done with every look
        RunState::RollingBack => ("rolling-back".into(), "work is being taken back"),
        RunState::RolledBack => (format!("rolled-back-{done}"), "work was taken back"),
    };
    let finished = run.finished.as_deref().and_then(Moment::parse);
    all.push(tell(name, words, run.state, finished.unwrap_or(now)));
    all
}

/// A switch of the mode is told when it ended.
pub(super) fn of_switch(system: &str, switch: &ModeSwitch) -> Option<Told> {
    let at = switch.finished.as_deref().and_then(Moment::parse)?;
    let (words, what) = match switch.state {
        SwitchState::Running => return None,
        SwitchState::Done => ("the mode was switched", ""),
        SwitchState::WentBack => (
            "the mode was switched back by itself",
            "It did not come up in the new mode and runs in the one before again.",
        ),
        SwitchState::Failed => (
            "the switch of the mode failed",
            "It came up in neither mode. People look at it.",
        ),
    };
    let away = switch.downtime_ms.map(|ms| {
        let seconds = ms as f64 / 1000.0;
        format!("It was not available for {seconds:.1} s.")
    });
    let sentences = [Some(what.to_owned()).filter(|what| !what.is_empty()), away];
    Some(told(
        format!("mode-{}", switch.id),
        WebhookKind::Mode,
        format!("{system}: {words}"),
        sentences
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
        at,
    ))
}

/// A move of an organization is told to whoever is told of it.
pub(super) fn of_move(system: &str, moved: Move) -> Told {
    let stage = match moved.stage {
        Stage::Invited => "invited to share the system",
        Stage::Prepared => "everything is prepared; its people cannot sign in yet",
        Stage::Pilot => "its people try the system out before the others",
        Stage::Active => "its people work with the system",
        Stage::Suspended => "its people cannot use the system for now",
    };
    let word = moved.stage.word().to_lowercase();
    Told {
        organization: Some(moved.code.clone()),
        ..told(
            format!("move-{}", moved.id),
            WebhookKind::Organization,
            format!("{system}: {} is now {word}", moved.code),
            format!("{}: {stage}.", moved.name),
            moved.at,
        )
    }
}

#[cfg(test)]
mod tests {
    use shared::mode::Mode;
    use shared::notice::{Update, Window, WindowStage};

    use super::*;

    const NOW: Moment = Moment(1_795_140_000_000);

    fn run(state: RunState, steps_done: u32) -> RunSummary {
        RunSummary {
            number: 4,
            title: "Migration".into(),
            state,
            started_by: "amina".into(),
            started: "2026-11-20T01:00:00Z".into(),
            finished: None,
            steps_done,
            steps_total: 9,
            reason: Some("SELECT 1".into()),
        }
    }

    #[test]
    fn every_state_of_a_run_is_told_in_its_own_words() {
        for (state, name, title) in [
            (RunState::Paused, "run-4-paused-3", "OBCMS: work is paused"),
            (
                RunState::WaitingAtGate,
                "run-4-waiting-3",
                "OBCMS: work waits",
            ),
            (
                RunState::WaitingForApproval,
                "run-4-approval-3",
                "OBCMS: work waits",
            ),
            (RunState::Done, "run-4-done-3", "OBCMS: work is done"),
            (
                RunState::Failed,
                "run-4-failed-3",
                "OBCMS: work did not succeed",
            ),
            (
                RunState::Stuck,
                "run-4-stuck-3",
                "OBCMS: work did not succeed",
            ),
            (RunState::Aborted, "run-4-ended-3", "OBCMS: work was ended"),
            (
                RunState::RollingBack,
                "run-4-rolling-back",
                "OBCMS: work is being taken back",
            ),
            (
                RunState::RolledBack,
                "run-4-rolled-back-3",
                "OBCMS: work was taken back",
            ),
        ] {
            let all = of_run("OBCMS", &run(state, 3), NOW);
            assert_eq!(all[0].name, "run-4-started", "{state:?}");
            assert_eq!(all[1].name, name, "{state:?}");
            assert_eq!(all[1].title, title, "{state:?}");
            assert_eq!(all[1].text, run_in_words(state), "{state:?}");
        }
        for state in [RunState::Queued, RunState::Running] {
            assert_eq!(of_run("OBCMS", &run(state, 3), NOW).len(), 1, "{state:?}");
        }
    }

    #[test]
    fn one_gate_is_told_once_the_next_again_and_taking_back_once_however_often_it_is_looked_at() {
        let name = |state, done| of_run("OBCMS", &run(state, done), NOW)[1].name.clone();
        let waits = |done| name(RunState::WaitingAtGate, done);
        assert_eq!(waits(3), waits(3));
        assert_ne!(waits(3), waits(5));
        let taken_back = |done| name(RunState::RollingBack, done);
        assert_eq!(taken_back(5), taken_back(4));
    }

    #[test]
    fn a_mode_that_went_back_by_itself_says_so_and_for_how_long_nobody_could_work() {
        let switch = |state, finished: Option<&str>| ModeSwitch {
            id: 2,
            from: Mode::Single,
            to: Mode::Multi,
            state,
            by: "amina".into(),
            started: "2026-11-20T01:00:00Z".into(),
            finished: finished.map(str::to_owned),
            steps: Vec::new(),
            answers: Vec::new(),
            downtime_ms: Some(2_340),
            error: Some("connection refused".into()),
        };
        let ended = |state| of_switch("OBCMS", &switch(state, Some("2026-11-20T01:01:00Z")));
        for (state, title, text) in [
            (
                SwitchState::Done,
                "OBCMS: the mode was switched",
                "It was not available for 2.3 s.",
            ),
            (
                SwitchState::WentBack,
                "OBCMS: the mode was switched back by itself",
                "It did not come up in the new mode and runs in the one before again. It was not available for 2.3 s.",
            ),
            (
                SwitchState::Failed,
                "OBCMS: the switch of the mode failed",
                "It came up in neither mode. People look at it. It was not available for 2.3 s.",
            ),
        ] {
            let told = ended(state).unwrap();
            assert_eq!((told.title.as_str(), told.text.as_str()), (title, text));
        }
        assert_eq!(
            of_switch("OBCMS", &switch(SwitchState::Running, None)),
            None
        );
    }

    fn window(stage: WindowStage, changed: &str) -> WindowRow {
        let (starts, ends) = ("2026-11-20T02:00:00Z", "2026-11-20T04:00:00Z");
        WindowRow {
            window: Window {
                id: 3,
                title: "Restart".into(),
                body: String::new(),
                starts: starts.into(),
                ends: ends.into(),
                starts_local: String::new(),
                ends_local: String::new(),
                interruption_minutes: None,
                stage,
                version: 2,
                by: "amina".into(),
                changed: changed.into(),
                history: Vec::new(),
            },
            starts: Moment::parse(starts).unwrap(),
            ends: Moment::parse(ends).unwrap(),
        }
    }

    #[test]
    fn a_window_is_told_when_it_is_changed_when_it_begins_and_when_it_takes_longer() {
        let zone = Zone::of("Asia/Manila");
        let titles = |row: &WindowRow, now: &str| -> Vec<(String, String)> {
            of_window("OBCMS", row, &zone, Moment::parse(now).unwrap())
                .into_iter()
                .map(|told| (told.name, told.title))
                .collect()
        };
        let named = |name: &str, title: &str| (name.to_owned(), title.to_owned());
        let scheduled = named("window-3-2", "OBCMS: Restart (scheduled)");
        let begun = named("window-3-2-begun", "OBCMS: Restart (in progress)");
        let overdue = named(
            "window-3-2-overdue",
            "OBCMS: Restart (takes longer than planned)",
        );
        let early = window(WindowStage::Scheduled, "2026-11-19T00:00:00Z");
        assert_eq!(
            titles(&early, "2026-11-20T01:59:59Z"),
            std::slice::from_ref(&scheduled)
        );
        assert_eq!(
            titles(&early, "2026-11-20T02:00:00Z"),
            [scheduled.clone(), begun.clone()]
        );
        assert_eq!(
            titles(&early, "2026-11-20T04:00:00Z"),
            [scheduled, begun, overdue]
        );
        // changed while it goes on: it is told as going on, and as begun no second time
        let late = window(WindowStage::Scheduled, "2026-11-20T02:30:00Z");
        assert_eq!(
            titles(&late, "2026-11-20T03:00:00Z"),
            [named("window-3-2", "OBCMS: Restart (in progress)")]
        );
        for stage in [WindowStage::Completed, WindowStage::Cancelled] {
            let over = window(stage, "2026-11-20T01:00:00Z");
            assert_eq!(titles(&over, "2026-11-21T00:00:00Z").len(), 1, "{stage:?}");
        }
    }

    #[test]
    fn an_update_is_told_when_it_is_published_and_when_it_is_resolved_later() {
        let update = |resolved: Option<&str>| UpdateRow {
            update: Update {
                id: 7,
                title: "Slow today".into(),
                body: "We **look** at it.".into(),
                publish_at: NOW.rfc3339(),
                resolved: resolved.map(str::to_owned),
                version: 1,
                by: "amina".into(),
                history: Vec::new(),
            },
            edited: None,
            publish_at: NOW,
        };
        let names = |row: &UpdateRow, now| -> Vec<String> {
            of_update(row, now)
                .into_iter()
                .map(|told| told.name)
                .collect()
        };
        assert!(names(&update(None), Moment(NOW.0 - 1)).is_empty());
        assert_eq!(names(&update(None), NOW), ["update-7"]);
        assert_eq!(names(&update(Some(&NOW.rfc3339())), NOW), ["update-7"]);
        let later = update(Some("2026-11-20T05:00:00Z"));
        assert_eq!(names(&later, NOW), ["update-7", "update-7-resolved"]);
        assert_eq!(of_update(&later, NOW)[1].title, "Resolved: Slow today");
    }
}
