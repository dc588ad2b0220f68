//! `switchyard mode` on the sample system and its running application, with no console beside it.

use std::process::Output;

use serde_json::Value;

use super::{switchyard, text};
use crate::killed::machine::Machine;

fn mode(machine: &Machine, arguments: &[&str]) -> Output {
    switchyard(&[&["mode", "obcms"], arguments].concat())
        .current_dir(machine.directory.path())
        .output()
        .unwrap()
}

fn said(output: &Output, code: i32) -> String {
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

fn environment(machine: &Machine) -> String {
    std::fs::read_to_string(&machine.installed().environment_file).unwrap()
}

/// Migrates the sample and does what has to be done before it may be switched; no console runs then.
async fn make_ready(machine: &mut Machine) {
    machine.prepare_pilot().await;
    machine.start();
    machine.get_ready().await;
    let run = machine.start_run();
    machine.run_is(&run, "done").await;
    for item in [
        "staging-validated",
        "training-complete",
        "default-organization-agreed",
        "oversight-agreed",
    ] {
        machine.tick(item);
    }
    machine.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_second_administrator_the_mode_is_switched_only_for_a_reason_that_stays() {
    const REASON: &str = "nobody answers the telephone tonight";
    let mut machine = Machine::new(0, |_, command| command).await;
    make_ready(&mut machine).await;
    let file = machine.file("switchyard.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let strict = "[approvals]\nrequire_second_administrator = true\n\n";
    std::fs::write(&file, format!("{strict}{text}")).unwrap();
    let written = environment(&machine);

    let refused = said(&mode(&machine, &["multi"]), 1);
    for words in ["second administrator", "--without-approval", "page Mode"] {
        assert!(refused.contains(words), "{words} is not said: {refused}");
    }
    let short = mode(&machine, &["multi", "--without-approval", "at night"]);
    assert_eq!(short.status.code(), Some(2));
    assert_eq!(environment(&machine), written, "nothing is written");

    said(&mode(&machine, &["multi", "--without-approval", REASON]), 0);
    assert!(environment(&machine).contains("BMMS_MODE=bmms"));
    // the way back asks nobody
    said(&mode(&machine, &["single"]), 0);
    assert_eq!(environment(&machine), written);

    machine.start();
    machine.audit_says(&[("approval.waived", 1), ("mode.switch-started", 2)]);
    let (_, page) = machine.call("GET", "/audit?action=approval.waived", None);
    let told = &page["entries"][0];
    assert_eq!(told["object"], "mode switch 1", "{told:#}");
    assert!(told["text"].as_str().unwrap().contains(REASON), "{told:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mode_is_told_refused_switched_and_switched_back_and_only_its_variable_changes() {
    let mut machine = Machine::new(0, |_, command| command).await;
    let written = environment(&machine);
    assert!(written.contains("BMMS_MODE=obcms"), "{written}");

    let told = said(&mode(&machine, &[]), 0);
    assert!(
        told.starts_with("OBCMS") && told.contains("closed"),
        "{told}"
    );
    let refused = said(&mode(&machine, &["multi"]), 1);
    assert!(refused.contains("switchyard: "), "{refused}");
    assert_eq!(
        environment(&machine),
        written,
        "refused, so nothing is written"
    );
    assert_eq!(mode(&machine, &["many"]).status.code(), Some(2));

    make_ready(&mut machine).await;
    let switched = said(&mode(&machine, &["multi"]), 0);
    assert!(!switched.is_empty());
    assert_eq!(
        environment(&machine),
        written.replace("BMMS_MODE=obcms", "BMMS_MODE=bmms"),
        "every other byte stays"
    );
    let told = said(&mode(&machine, &["--format", "json"]), 0);
    let view: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(view["current"]["mode"], "multi", "{view:#}");
    assert_eq!(view["application_value"], "bmms", "{view:#}");

    said(&mode(&machine, &["single"]), 0);
    assert_eq!(environment(&machine), written);
    let told = said(&mode(&machine, &["--format", "json"]), 0);
    let view: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(view["application_value"], "obcms", "{view:#}");
}
