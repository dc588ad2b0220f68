//! Backups.

use std::time::Duration;

use serde_json::Value;

use super::machine::Machine;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_whose_server_is_killed_counts_for_nothing_and_the_next_one_is_made() {
    let mut machine = Machine::new(0, |_, command| command).await;
    machine.start();
    for pause in [5, 40, 90] {
        machine.post("/backups", Value::Null);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        machine.kill();
        machine.start();
        // what was begun is over: nothing is being written or proved
        machine
            .wait("/backups", "the clean-up", |all| {
                let all = all.as_array().unwrap();
                !all.iter()
                    .any(|one| one["state"] == "writing" || one["state"] == "verifying")
            })
            .await;
    }
    machine.get_ready().await;
    let run = machine.start_run();
    machine.run_is(&run, "done").await;
}
