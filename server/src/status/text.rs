//! The sentences of public pages. All of them stand here or are written by an operator: none comes from a playbook, the
//! engine, a hook or an error, because those may name tables, hosts or people.

use shared::state::RunState;
use shared::status::{PublicState, PublicWindow, WorkStage};

use crate::engine::plan::PhaseName;

/// Title of a phase, and what it means for people.
pub(super) fn phase(name: PhaseName) -> (&'static str, &'static str) {
    match name {
        PhaseName::Backup => (
            "Make a safe copy",
            "A full copy of all data is made and tested.",
        ),
        PhaseName::Organizations => (
            "Prepare the list of organizations",
            "The organizations that will share the system are entered.",
        ),
        PhaseName::Nullable => (
            "Make room for the organization",
            "Each record gets a place for the organization it belongs to.",
        ),
        PhaseName::Populate => (
            "Mark each record with its organization",
            "Existing records are marked; nothing else in them changes.",
        ),
        PhaseName::Required => (
            "Require the organization",
            "From now on no record can be without its organization.",
        ),
        PhaseName::Middleware => (
            "Prepare the application",
            "The application learns which organization a person works for.",
        ),
        PhaseName::Views => (
            "Check every page",
            "Each page is opened and compared with before.",
        ),
        PhaseName::Isolation => (
            "Separate the organizations",
            "The database itself shows each organization its own records only.",
        ),
        PhaseName::Verification => (
            "Check the result",
            "The numbers are compared with those from before.",
        ),
    }
}

/// Where a run stands, and a sentence on it. `held` says that it holds because others suffer, `left` are records that
/// still need a decision.
pub(super) fn work(state: RunState, held: bool, left: Option<u64>) -> (WorkStage, String) {
    let said = |stage, text: &str| (stage, text.to_owned());
    match state {
        RunState::Queued => said(WorkStage::Now, "The work starts in a moment."),
        RunState::Running if held => said(
            WorkStage::Waiting,
            "The work waits so that it does not disturb the system. It goes on by itself.",
        ),
        RunState::Running => said(WorkStage::Now, "The work goes on in the background."),
        RunState::WaitingAtGate => match left.filter(|left| *left > 0) {
            Some(1) => said(
                WorkStage::Waiting,
                "The work waits: staff decide to which organization the last record belongs.",
            ),
            Some(left) => (
                WorkStage::Waiting,
                format!(
                    "The work waits: staff decide to which organization {} records belong.",
                    grouped(left)
                ),
            ),
            None => said(
                WorkStage::Waiting,
                "The work waits until a check before the next step passes.",
            ),
        },
        RunState::WaitingForApproval => said(
            WorkStage::Waiting,
            "The work waits until a second person approves the next step.",
        ),
        RunState::Paused => said(
            WorkStage::Waiting,
            "The work is paused. What is done stays, and it goes on from there.",
        ),
        RunState::Done => said(WorkStage::Done, "The work is done."),
        RunState::Failed => said(
            WorkStage::Failed,
            "A step did not succeed and changed nothing. People look at it; what was done before it stays.",
        ),
        RunState::Stuck => said(
            WorkStage::Failed,
            "The work stopped and needs a person. People look at it.",
        ),
        RunState::Aborted => said(
            WorkStage::Ended,
            "The work was ended before it was finished. What was done before stays.",
        ),
        RunState::RollingBack => said(WorkStage::TakenBack, "The work is being taken back."),
        // of a part only, perhaps: what is left of it, only its steps can tell
        RunState::RolledBack => said(WorkStage::TakenBack, "The work was taken back."),
    }
}

/// Whether it can be used, as the sentence that people look for first. `begun` says that samples come in, but are too
/// few for a verdict.
pub(super) fn headline(title: &str, state: PublicState, begun: bool) -> String {
    match state {
        PublicState::Working => format!("{title} is working. You can use it as usual."),
        PublicState::Slow => format!("{title} is working, but slower than usual."),
        PublicState::Maintenance => format!("{title} is not available during planned maintenance."),
        PublicState::Unavailable => format!("{title} is not available right now."),
        PublicState::Unknown if begun => format!("We have just begun to measure {title}."),
        PublicState::Unknown => format!("Nobody can tell right now whether {title} works."),
    }
}

/// Where a maintenance window is.
pub(super) fn window(window: &PublicWindow) -> String {
    if window.overdue {
        format!("{}, longer than planned", window.stage.word())
    } else {
        window.stage.word().to_owned()
    }
}

/// What a maintenance window means for those who use the system.
pub(super) fn interruption(title: &str, minutes: Option<u32>) -> String {
    match minutes {
        Some(1) => format!("{title} will not be available for up to 1 minute of it."),
        Some(minutes) => {
            format!("{title} will not be available for up to {minutes} minutes of it.")
        }
        None => "No interruption is expected.".into(),
    }
}

/// The sentence over the list of systems.
pub(super) fn index_headline(states: &[PublicState]) -> String {
    let count = |wanted: PublicState| states.iter().filter(|state| **state == wanted).count();
    let down = count(PublicState::Unavailable);
    if states.is_empty() {
        "No system publishes its status here.".into()
    } else if down == 1 {
        "One system is not available.".into()
    } else if down > 1 {
        format!("{down} systems are not available.")
    } else if count(PublicState::Maintenance) > 0 {
        "Planned maintenance is going on.".into()
    } else if count(PublicState::Unknown) > 0 {
        "Not every system is measured right now.".into()
    } else if count(PublicState::Slow) > 0 {
        "All systems are working, some slower than usual.".into()
    } else {
        "All systems are working.".into()
    }
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_a_run_has_its_stage_and_a_true_sentence() {
        use RunState::*;
        for (state, stage, sentence) in [
            (Queued, WorkStage::Now, "The work starts in a moment."),
            (
                Running,
                WorkStage::Now,
                "The work goes on in the background.",
            ),
            (
                Paused,
                WorkStage::Waiting,
                "The work is paused. What is done stays, and it goes on from there.",
            ),
            (
                WaitingAtGate,
                WorkStage::Waiting,
                "The work waits until a check before the next step passes.",
            ),
            (
                WaitingForApproval,
                WorkStage::Waiting,
                "The work waits until a second person approves the next step.",
            ),
            (Done, WorkStage::Done, "The work is done."),
            (
                Failed,
                WorkStage::Failed,
                "A step did not succeed and changed nothing. People look at it; what was done before it stays.",
            ),
            (
                Aborted,
                WorkStage::Ended,
                "The work was ended before it was finished. What was done before stays.",
            ),
            (
                RollingBack,
                WorkStage::TakenBack,
                "The work is being taken back.",
            ),
            (RolledBack, WorkStage::TakenBack, "The work was taken back."),
            (
                Stuck,
                WorkStage::Failed,
                "The work stopped and needs a person. People look at it.",
            ),
        ] {
            assert_eq!(
                work(state, false, None),
                (stage, sentence.to_owned()),
                "{state:?}"
            );
        }
    }

    #[test]
    fn work_that_holds_for_others_waits_and_says_so() {
        let (stage, sentence) = work(RunState::Running, true, None);
        assert_eq!(stage, WorkStage::Waiting);
        assert!(sentence.starts_with("The work waits so that"), "{sentence}");
    }

    #[test]
    fn records_that_people_have_to_decide_are_why_work_waits() {
        let said = |left| work(RunState::WaitingAtGate, false, Some(left)).1;
        assert!(said(1).contains("the last record belongs"), "{}", said(1));
        assert!(said(1_200).contains("1,200 records"), "{}", said(1_200));
        assert!(said(0).contains("a check"), "{}", said(0));
    }

    #[test]
    fn every_state_of_a_system_has_its_headline() {
        use PublicState::*;
        for (state, begun, headline_) in [
            (Working, true, "OBCMS is working. You can use it as usual."),
            (Slow, true, "OBCMS is working, but slower than usual."),
            (
                Maintenance,
                true,
                "OBCMS is not available during planned maintenance.",
            ),
            (Unavailable, true, "OBCMS is not available right now."),
            (Unknown, true, "We have just begun to measure OBCMS."),
            (
                Unknown,
                false,
                "Nobody can tell right now whether OBCMS works.",
            ),
        ] {
            assert_eq!(headline("OBCMS", state, begun), headline_, "{state:?}");
        }
    }

    #[test]
    fn the_worst_system_decides_the_sentence_over_the_list() {
        use PublicState::{Maintenance, Slow, Unavailable, Unknown, Working};
        for (states, starts) in [
            (&[][..], "No system publishes"),
            (&[Working, Working], "All systems are working."),
            (&[Working, Slow], "All systems are working, some"),
            (&[Unknown, Slow], "Not every"),
            (&[Unknown, Maintenance], "Planned"),
            (&[Maintenance, Unavailable], "One system is not"),
            (&[Unavailable, Unavailable, Working], "2 systems"),
        ] {
            assert!(index_headline(states).starts_with(starts), "{states:?}");
        }
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            [0, 999, 1000, 38_217, 1_234_567].map(grouped),
            ["0", "999", "1,000", "38,217", "1,234,567"]
        );
    }
}
