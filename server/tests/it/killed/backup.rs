//! Backups.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::machine::Machine;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_whose_server_is_killed_counts_for_nothing_and_the_next_one_is_made() {
    let mut machine = Machine::new(0, |_, command| command).await;
    // as an earlier kill may have left it, whatever the pauses below hit
    let place = machine.file("data/backups/obcms");
    let early = place.join("obcms-20260101-000000.unfinished");
    std::fs::create_dir_all(&early).unwrap();
    std::fs::write(early.join("database.sqlite3"), "half").unwrap();
    machine.start();
    for pause in [5, 40, 90] {
        machine.post("/backups", Value::Null);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        machine.kill();
        machine.start();
        // what was begun is over: nothing is being written or proved, and nothing of it is left
        machine
            .wait("/backups", "the clean-up", |all| {
                let all = all.as_array().unwrap();
                let goes_on = all
                    .iter()
                    .any(|one| one["state"] == "writing" || one["state"] == "verifying");
                !goes_on && leftovers(&place).is_empty()
            })
            .await;
    }
    // whoever looks for a backup of that night finds what became of it
    let log = machine.log();
    let told = log
        .lines()
        .find(|line| line.contains("removed what a killed backup left"));
    assert!(
        told.is_some_and(|line| line.contains("obcms-20260101-000000.unfinished")),
        "{log}"
    );
    machine.get_ready().await;
    let run = machine.start_run();
    machine.run_is(&run, "done").await;
}

/// Directories of half a backup or half a verification.
fn leftovers(place: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(place);
    (entries.into_iter().flatten().flatten())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".unfinished") || name.starts_with(".scratch-"))
        .collect()
}
