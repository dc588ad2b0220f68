//! Switches of the mode.

use serde_json::{Value, json};

use super::machine::{Machine, waiting};

/// Migrated, and a switch begun whose restart hook waits: the environment file is edited, nothing is restarted yet.
async fn between_edit_and_restart() -> Machine {
    let mut machine = Machine::new(0, waiting).await;
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
    machine.post("/mode", json!({ "to": "multi", "confirm": "BMMS" }));
    let began = machine.file("began");
    machine
        .wait("/mode", "the restart", |_| began.exists())
        .await;
    assert!(variable(&machine).contains("BMMS_MODE=bmms"));
    machine
}

fn variable(machine: &Machine) -> String {
    std::fs::read_to_string(&machine.installed().environment_file).unwrap()
}

async fn ended(machine: &Machine) -> Value {
    machine
        .wait("/mode", "the end of the switch", |view| {
            view["switch"]["state"] != "running"
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_killed_after_the_edit_is_carried_to_its_end_by_the_next_server() {
    let mut machine = between_edit_and_restart().await;
    machine.kill();
    std::fs::write(machine.file("go"), "").unwrap();
    machine.start();
    let view = ended(&machine).await;
    assert_eq!(view["switch"]["state"], "done", "{:#}", view["switch"]);
    assert_eq!(view["application_value"], "bmms");
    assert_eq!(view["current"]["mode"], "multi");
    assert_eq!(view["history"], json!([]), "it is one switch");
    machine.audit_says(&[("mode.switch-started", 1), ("mode.switched", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_killed_after_the_edit_goes_back_when_the_application_does_not_come_up() {
    let mut machine = between_edit_and_restart().await;
    machine.kill();
    let text = variable(&machine);
    let broken = format!("{text}\nSAMPLE_FAIL_IN_MODE=bmms\n");
    std::fs::write(&machine.installed().environment_file, broken).unwrap();
    std::fs::write(machine.file("go"), "").unwrap();
    machine.start();
    let view = ended(&machine).await;
    assert_eq!(view["switch"]["state"], "went-back", "{:#}", view["switch"]);
    assert_eq!(view["application_value"], "obcms");
    assert!(variable(&machine).contains("BMMS_MODE=obcms"));
    machine.audit_says(&[("mode.switch-started", 1), ("mode.went-back", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_stop_while_the_application_restarts_leaves_the_rest_to_the_next()
{
    let mut machine = between_edit_and_restart().await;
    std::fs::write(machine.file("go"), "").unwrap();
    machine.stop();
    machine.start();
    let view = ended(&machine).await;
    assert_eq!(view["switch"]["state"], "done", "{:#}", view["switch"]);
    assert_eq!(view["application_value"], "bmms");
    machine.audit_says(&[("mode.switch-started", 1), ("mode.switched", 1)]);
}
