//! What pages say and how large they can get: made from public statuses that are put together here.

use shared::status::{
    DayState, PublicAvailability, PublicCoverage, PublicDay, PublicIndex, PublicKind, PublicPhase,
    PublicState, PublicStatus, PublicWork, Share, WorkStage,
};

use super::{Place, index, system};
use crate::config::StatusConfig;
use crate::notices::{to_html, to_plain};
use crate::status::style::{SCRIPT, STYLE};
use crate::status::{badge, example};

const ADDRESS: &str = "https://status.example.org/status/obcms";

fn page(status: &PublicStatus) -> String {
    system(&StatusConfig::default(), status, &Place::live(), ADDRESS)
}

/// The words of a page, without its marks.
fn words(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for letter in html.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            letter if !inside => out.push(letter),
            _ => {}
        }
    }
    out
}

fn work(stage: WorkStage, sentence: &str, finished: Option<&str>) -> PublicWork {
    let done = Share {
        percent: 40,
        counted: true,
    };
    PublicWork {
        stage,
        sentence: sentence.into(),
        started: Some("2026-11-20T01:00:00Z".into()),
        finished: finished.map(str::to_owned),
        expected_end: None,
        done,
        phases: (0..9)
            .map(|number| PublicPhase {
                title: format!("Mark each record with its organization, part {number}"),
                meaning: "Existing records are marked; nothing else in them changes.".into(),
                stage,
                done,
            })
            .collect(),
    }
}

#[test]
fn the_page_says_the_mode_whom_to_ask_and_what_became_of_the_work() {
    let mut status = example::status();
    status.mode = Some("BMMS".into());
    status.contact = "Call local 204.".into();
    for (stage, sentence, word) in [
        (WorkStage::Done, "The work is done.", "Done"),
        (
            WorkStage::TakenBack,
            "The work was taken back.",
            "Taken back",
        ),
        (
            WorkStage::Ended,
            "The work was ended before it was finished.",
            "Ended",
        ),
    ] {
        status.work = Some(work(stage, sentence, Some("2026-11-20T02:30:00Z")));
        let said = words(&page(&status));
        for expected in [
            "It runs in BMMS mode.",
            "Call local 204.",
            &format!("{sentence} Ended 20 Nov 2026, 10:30 (Asia/Manila)."),
            word,
        ] {
            assert!(said.contains(expected), "{expected}: {said}");
        }
    }
}

#[test]
fn every_state_has_its_word_and_its_own_icon_on_page_list_and_badge() {
    let mut icons = std::collections::BTreeSet::new();
    for state in [
        PublicState::Working,
        PublicState::Slow,
        PublicState::Maintenance,
        PublicState::Unavailable,
        PublicState::Unknown,
    ] {
        let status = PublicStatus {
            state,
            ..example::status()
        };
        let word = state.word();
        let html = page(&status);
        assert!(html.contains(&format!("<title>{word}: OBCMS status</title>")));
        let verdict = &html[html.find("class=\"verdict\"").unwrap()..];
        let icon = verdict.split("href=\"#i-").nth(1).unwrap();
        icons.insert(icon.split('"').next().unwrap().to_owned());
        let of_list = list(vec![status.clone()]);
        let line = &of_list[of_list.find("class=\"state\"").unwrap()..];
        let line = line.split("</div>").next().unwrap();
        assert!(words(line).contains(word), "{line}");
        assert!(badge::of(&status).contains(&format!("<title>OBCMS: {word}</title>")));
    }
    assert_eq!(icons.len(), 5, "{icons:?}");
}

fn list(systems: Vec<PublicStatus>) -> String {
    let all = PublicIndex {
        title: "System status".into(),
        organization: String::new(),
        systems,
        checked: "2026-11-20T02:00:00Z".into(),
        stale: false,
    };
    index(&all, &Place::live(), "https://status.example.org")
}

#[test]
fn each_window_and_moment_names_its_zone_and_the_list_names_none_for_all_when_they_differ() {
    let mut manila = example::status();
    manila.maintenance = vec![example::window(1)];
    let mut berlin = manila.clone();
    berlin.slug = "archive".into();
    berlin.title = "Archive".into();
    berlin.zone = "Europe/Berlin".into();
    let said = words(&list(vec![manila.clone(), berlin]));
    for expected in [
        "Sunday 13 December 2026, 02:00 to 06:00 (Asia/Manila)",
        "Saturday 12 December 2026, 19:00 to 23:00 (Europe/Berlin)",
        "As of 20 Nov 2026, 10:00 (Asia/Manila)",
        "Each time is in the zone beside it",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert!(!said.contains("Times are"), "{said}");
    assert!(words(&list(vec![manila.clone()])).contains("Times are Asia/Manila time"));

    manila.updates = vec![example::update(1)];
    manila.updates[0].resolved = Some("2026-11-20T03:00:00Z".into());
    manila.updates[0].edited = Some("2026-11-20T04:00:00Z".into());
    manila.work = Some(work(WorkStage::Now, "The work goes on.", None));
    if let Some(work) = &mut manila.work {
        work.expected_end = Some(("2026-11-20T05:00:00Z".into(), "2026-11-20T06:00:00Z".into()));
    }
    let said = words(&page(&manila));
    for expected in [
        "Last update 20 Nov 2026, 10:00 (Asia/Manila)",
        "Resolved 20 Nov 2026, 11:00 (Asia/Manila)",
        "Changed 20 Nov 2026, 12:00 (Asia/Manila)",
        "Expected end: between 20 Nov 2026, 13:00 and 20 Nov 2026, 14:00 (Asia/Manila).",
        "Scheduled: Sunday 13 December 2026, 02:00 to 06:00 (Asia/Manila)",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }

    // both ends in one minute are one moment to whoever reads it
    if let Some(work) = &mut manila.work {
        work.expected_end = Some(("2026-11-20T05:00:10Z".into(), "2026-11-20T05:00:50Z".into()));
    }
    let said = words(&page(&manila));
    assert!(
        said.contains("Expected end: about 20 Nov 2026, 13:00 (Asia/Manila)."),
        "{said}"
    );
}

/// As much as there can be, with this text in every notice.
fn crowded(text: &str) -> PublicStatus {
    let mut status = example::status();
    status.mode = Some("BMMS".into());
    status.work = Some(work(WorkStage::Now, "The work goes on.", None));
    status.coverage = Some(PublicCoverage {
        counted: status.checked.clone(),
        kinds: (0..12)
            .map(|number| PublicKind {
                name: format!("Community profiles of kind {number}"),
                assigned: 1_234_567,
                total: 2_345_678,
            })
            .collect(),
    });
    let states = [
        DayState::Worked,
        DayState::Slow,
        DayState::Unavailable,
        DayState::NotMeasured,
    ];
    status.availability = Some(PublicAvailability {
        percent: Some(99.987),
        response_ms: Some(1_234),
        days: (0..90)
            .map(|day| PublicDay {
                day: format!("2026-{:02}-{:02}", 8 + day / 30, 1 + day % 30),
                state: states[day % 4],
                unavailable_minutes: 1_440,
                slow_minutes: 1_440,
                response_ms: Some(1_000 + day as u32),
            })
            .collect(),
    });
    let title: String = text.chars().take(160).collect();
    status.updates = (0..30)
        .map(|id| shared::status::PublicUpdate {
            title: title.clone(),
            html: to_html(text),
            text: to_plain(text),
            edited: Some("2026-11-20T04:00:00Z".into()),
            resolved: Some("2026-11-20T03:00:00Z".into()),
            ..example::update(id)
        })
        .collect();
    status.maintenance = (0..60)
        .map(|id| shared::status::PublicWindow {
            title: title.clone(),
            html: to_html(text),
            text: to_plain(text),
            interruption_minutes: Some(240),
            ..example::window(id)
        })
        .collect();
    status
}

#[test]
fn a_page_with_as_much_as_there_can_be_takes_less_than_60_kb_with_all_it_loads() {
    for letter in ["x ", "& ", "\"", "م ", "*a* ", "- a\n"] {
        let text: String = letter.chars().cycle().take(5_000).collect();
        let status = crowded(&text);
        let html = page(&status);
        let bytes = html.len() + STYLE.bytes.len() + SCRIPT.bytes.len();
        assert!(bytes < 60_000, "{letter:?}: {bytes} bytes");
        assert!(html.contains("Older updates are in full in <a href=\"/status/obcms/feed.atom\">"));
        assert!(
            html.contains("All windows are in full in <a href=\"/status/obcms/maintenance.ics\">")
        );
        let many = list((0..4).map(|_| status.clone()).collect());
        let bytes = many.len() + STYLE.bytes.len() + SCRIPT.bytes.len();
        assert!(bytes < 60_000, "the list with {letter:?}: {bytes} bytes");
    }
}

#[test]
fn the_newest_text_is_shown_in_full_even_with_5000_letters() {
    let text: String = "Ministeryo ".chars().cycle().take(5_000).collect();
    let html = page(&crowded(&text));
    let newest =
        &html[html.find("id=\"update-0\"").unwrap()..html.find("id=\"update-1\"").unwrap()];
    assert!(newest.contains(text.trim_end()), "{newest}");
}

#[test]
fn the_answers_of_90_days_are_a_line_and_a_table() {
    let html = page(&crowded("x"));
    assert!(html.contains("<svg class=\"answers\""), "{html}");
    let said = words(&html);
    assert!(
        said.contains("On the slowest day, 30 Oct, it answered in 1089 ms on average."),
        "{said}"
    );
    assert!(said.contains("Time to answer, by week"), "{said}");
}
