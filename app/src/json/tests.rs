//! What the server writes is what the console reads.

use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::account::{Account, Role, Session};
use shared::coverage::{AssignByRule, AssignmentRule};
use shared::event::{Event, Topic};
use shared::rollback::RollbackKind;
use shared::run::{LogLine, SpeedPoint};
use shared::state::Level;

use super::from_str;

fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    for text in [
        serde_json::to_string(value).unwrap(),
        serde_json::to_string_pretty(value).unwrap(),
    ] {
        assert_eq!(&from_str::<T>(&text).unwrap(), value, "{text}");
    }
}

fn line(text: &str) -> LogLine {
    LogLine {
        id: -3,
        at: "2026-11-20T02:31:04Z".into(),
        level: Level::Warning,
        step: None,
        text: text.into(),
    }
}

#[test]
fn structures_with_lists_options_and_variants_come_back_as_they_were() {
    check(&Session {
        account: Some(Account {
            id: "a1".into(),
            username: "f.usman".into(),
            name: "Conchita Reyes Peña".into(),
            role: Role::Administrator,
            disabled: false,
            invited: true,
            last_signed_in: None,
            created: "2026-11-20T02:31:04Z".into(),
            version: i64::MAX,
        }),
        first_run: false,
        version: "0.1.0".into(),
        fresh_until: None,
    });
    check(&vec![
        SpeedPoint {
            at_ms: u64::MAX,
            rows_per_second: 0.125,
        },
        SpeedPoint {
            at_ms: 0,
            rows_per_second: -1.5e-9,
        },
    ]);
    check(&Vec::<SpeedPoint>::new());
    check(&Some((1_u64, 2_u64)));
}

#[test]
fn variants_of_every_form_come_back_as_they_were() {
    check(&Event::Resync);
    check(&Event::Changed {
        system: None,
        topic: Topic::Coverage,
    });
    check(&Event::Log {
        system: "obcms".into(),
        run: 14,
        lines: vec![line("a"), line("b")],
    });
    check(&RollbackKind::UndoAll);
    check(&RollbackKind::Partial {
        groups: vec!["mana".into(), "communities".into()],
    });
    check(&AssignByRule {
        model: "PPA".into(),
        rule: AssignmentRule::Reason {
            reason: "no office".into(),
            organization: "MOH".into(),
        },
        preview: true,
    });
}

#[test]
fn texts_of_every_kind_come_back_as_they_were() {
    for text in [
        "",
        "plain",
        "\"quoted\" \\ / \n\t\r\u{8}\u{c}\u{1}",
        "Peñafrancia · 北 · 🚂 · \u{2028}",
    ] {
        check(&line(text));
    }
    assert_eq!(
        from_str::<String>(r#""\ud83d\ude82 \u00f1""#).unwrap(),
        "🚂 ñ"
    );
}

#[test]
fn fields_that_the_console_does_not_know_are_passed_over() {
    let text = r#"{"later":[1,{"deep":{"er":["\"]}",null,true]}},-2.5e3,false],"at_ms":7,"rows_per_second":2}"#;
    let point: SpeedPoint = from_str(text).unwrap();
    assert_eq!((point.at_ms, point.rows_per_second), (7, 2.0));
}

#[test]
fn what_is_not_whole_is_refused_with_a_reason() {
    let refused = |text: &str| from_str::<SpeedPoint>(text).unwrap_err().to_string();
    assert_eq!(refused(r#"{"at_ms":7}"#), "lacks rows_per_second");
    assert_eq!(
        refused(r#"{"at_ms":"7","rows_per_second":2}"#),
        "a number expected at byte 9"
    );
    assert_eq!(
        refused(r#"{"at_ms":7,"rows_per_second":2} x"#),
        "the end expected at byte 32"
    );
    for text in [
        "",
        "{",
        "[",
        "null",
        r#"{"at_ms""#,
        r#"{"at_ms":7,}"#,
        r#"{"at_ms":7 "x":1}"#,
        r#"{"x":"\u12"}"#,
    ] {
        assert!(from_str::<SpeedPoint>(text).is_err(), "{text}");
    }
    assert_eq!(
        from_str::<Role>(r#""owner""#).unwrap_err().to_string(),
        "does not know owner"
    );
    assert!(from_str::<String>(r#""\ud83dx""#).is_err());
    assert!(from_str::<String>("\"never ends").is_err());
    assert!(from_str::<Vec<u64>>("[1 2]").is_err());
}
