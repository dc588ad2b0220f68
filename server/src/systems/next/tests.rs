//! The one next action, for each state that a system can be in.

use super::*;

fn facts() -> Facts {
    Facts {
        slug: "obcms".into(),
        title: "OBCMS".into(),
        multi: "BMMS".into(),
        switch_gates: Some(Vec::new()),
        ..Facts::default()
    }
}

fn run(state: RunState) -> Option<RunSummary> {
    Some(RunSummary {
        number: 3,
        title: "OBCMS to BMMS".into(),
        state,
        started_by: "amina".into(),
        started: "2026-11-20T02:00:00Z".into(),
        finished: None,
        steps_done: 4,
        steps_total: 9,
        reason: None,
    })
}

fn missing(title: &str, is_backup: bool) -> Missing {
    Missing {
        told: title.to_owned(),
        is_backup,
    }
}

fn href(facts: &Facts) -> Option<String> {
    next_action(facts).href
}

#[test]
fn the_way_from_the_first_step_to_the_last_has_one_next_action_each() {
    let mut facts = Facts {
        missing: vec![
            missing("Back up the database", true),
            missing("Rollback plan documented", false),
        ],
        no_backup: Some("No backup was made.".into()),
        pilot_lacks: 3,
        to_onboard: (43, 44),
        ..facts()
    };
    let page = |facts: &Facts, page: &str| {
        assert_eq!(
            href(facts).as_deref(),
            Some(&*format!("/systems/obcms/{page}"))
        );
    };
    page(&facts, "checklist");
    let text = next_action(&facts).detail;
    assert!(
        text.starts_with("2 required items are left"),
        "all are counted, as in the journey: {text}"
    );
    facts.missing.pop();
    page(&facts, "rollback");
    facts.no_backup = None;
    facts.missing.clear();
    page(&facts, "runs/new");
    facts.run = run(RunState::Running);
    page(&facts, "runs/3");
    facts.run = run(RunState::Done);
    facts.migrated = true;
    page(&facts, "reports");
    facts.report = Some((1, 2));
    page(&facts, "reports/1");
    facts.report = Some((2, 0));
    page(&facts, "organizations");
    facts.pilot_lacks = 0;
    facts.switch_gates = Some(vec!["Training complete".into()]);
    page(&facts, "mode");
    facts.switch_gates = Some(Vec::new());
    assert_eq!(next_action(&facts).title, "Switch to BMMS mode");
    facts.is_multi = true;
    page(&facts, "organizations?view=board");
    facts.to_onboard = (0, 44);
    assert_eq!(next_action(&facts).button, None);
}

#[test]
fn a_run_at_the_coverage_gate_asks_for_the_records_that_are_left() {
    let facts = Facts {
        run: run(RunState::WaitingAtGate),
        coverage: Some(Coverage {
            assigned: 824,
            total: 847,
        }),
        waiting: Some(Gate {
            name: "coverage".into(),
            title: "Every PPA has an organization".into(),
            state: shared::state::GateState::Closed,
            evidence: "319 of 342".into(),
            measured: None,
            sentence: None,
            href: Some("/systems/obcms/coverage".into()),
            overridable: false,
            overridden: None,
        }),
        ..facts()
    };
    let next = next_action(&facts);
    assert_eq!(next.title, "Give 23 records an organization");
    assert_eq!(next.button.as_deref(), Some("Review 23 records"));
    assert_eq!(next.tone, Tone::Gate);
}

#[test]
fn what_happened_is_written_down_before_the_rest_is_tried_again() {
    let mut facts = Facts {
        run: run(RunState::Paused),
        after_tasks: 5,
        ..facts()
    };
    let next = next_action(&facts);
    assert_eq!(next.title, "Write down what happened");
    assert_eq!(next.href.as_deref(), Some("/systems/obcms/rollback"));
    assert!(next.detail.contains("Run 3 can be resumed"), "{next:?}");
    // also where only the mode was taken back: it is not switched again before that
    facts.run = run(RunState::Done);
    facts.migrated = true;
    facts.report = Some((1, 0));
    assert_eq!(next_action(&facts).title, "Write down what happened");
    facts.after_tasks = 0;
    assert_eq!(next_action(&facts).title, "Switch to BMMS mode");
    facts.run = run(RunState::Paused);
    assert_eq!(next_action(&facts).title, "Resume run 3");
}

#[test]
fn a_target_that_cannot_be_read_comes_before_all_else() {
    let facts = Facts {
        unreachable: Some("It is locked.".into()),
        run: run(RunState::Running),
        ..facts()
    };
    assert_eq!(next_action(&facts).tone, Tone::Failed);
    assert_eq!(standing(&facts).word, "Not readable");
}
