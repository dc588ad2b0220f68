//! Rollbacks.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use server::db::{Access, Connection, DatabaseUrl};

use super::machine::{Machine, waiting};

fn as_it_is(_: &std::path::Path, command: Vec<String>) -> Vec<String> {
    command
}

/// A migrated system; answers the name of the backup from before.
async fn migrated(machine: &mut Machine) -> String {
    machine.start();
    let backup = machine.get_ready().await;
    let run = machine.start_run();
    machine.run_is(&run, "done").await;
    backup
}

fn begin(machine: &Machine, way: &Value, cost: impl Fn(&Value) -> Value) {
    let options = machine.get("/rollback");
    let fingerprint = cost(&options)["fingerprint"].clone();
    machine.post(
        "/rollback",
        json!({ "way": way, "fingerprint": fingerprint, "confirm": "OBCMS" }),
    );
}

async fn ended(machine: &Machine) -> Value {
    let options = machine
        .wait("/rollback", "the end of the rollback", |options| {
            options["current"]["state"] != "running"
        })
        .await;
    assert_eq!(
        options["current"]["state"],
        "done",
        "{:#}\n{}",
        options["current"],
        machine.log()
    );
    options["current"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn undoing_groups_and_then_everything_goes_on_after_each_kill() {
    let mut machine = Machine::new(0, as_it_is).await;
    migrated(&mut machine).await;
    let group = json!({ "partial": { "groups": ["recommendations"] } });
    begin(&machine, &group, |options| {
        let groups = options["groups"].as_array().unwrap();
        let one = groups.iter().find(|one| one["name"] == "recommendations");
        one.unwrap()["cost"].clone()
    });
    for pause in [5, 30] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        machine.kill();
        machine.start();
    }
    ended(&machine).await;
    for group in machine.get("/coverage")["groups"].as_array().unwrap() {
        let stays = group["name"] != "recommendations";
        for model in group["models"].as_array().unwrap() {
            assert_eq!(model["required"], stays, "{}", model["table"]);
        }
    }
    let again = machine.start_run();
    machine.run_is(&again, "done").await;
    begin(&machine, &json!("undo-all"), |options| {
        options["undo_all"].clone()
    });
    for pause in [10, 50, 110] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        machine.kill();
        machine.start();
    }
    ended(&machine).await;
    let coverage = machine.get("/coverage");
    assert_eq!(coverage["all"]["assigned"], 0);
    machine.audit_says(&[("rollback.done", 2), ("rollback.failed", 0)]);
}

/// The way that restores this backup.
fn begin_to_restore(machine: &Machine, backup: &str) {
    let way = json!({ "restore": { "backup": backup } });
    begin(machine, &way, |options| {
        let restores = options["restores"].as_array().unwrap();
        let one = restores.iter().find(|one| one["backup"]["name"] == *backup);
        one.unwrap()["cost"].clone()
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_stop_breaks_a_restore_off_and_the_next_one_carries_it_out() {
    let mut machine = Machine::new(0, as_it_is).await;
    let backup = migrated(&mut machine).await;
    let url = machine.installed().database.clone();
    let mut writer = Connection::open(&url, Access::Write).await.unwrap();
    // whenever the signal comes, nothing was replaced: somebody else is writing
    writer.begin_write().await.unwrap();
    begin_to_restore(&machine, &backup);
    machine
        .wait("/rollback", "the restore", |options| {
            let steps = options["current"]["steps"].as_array();
            let restores = |step: &&Value| step["title"] == "Restore the backup";
            let step = steps.and_then(|steps| steps.iter().find(restores));
            step.is_some_and(|step| step["state"] == "running")
        })
        .await;
    machine.ask_to_stop();
    writer.roll_back().await;
    machine.ends();
    let log = machine.log();
    assert!(!log.contains("did not end in time"), "{log}");
    let migrated = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'organizations_organization'";
    assert_eq!(writer.count(migrated).await.unwrap(), 1, "it was replaced");
    writer.close().await;
    let left = ["restoring-", "before-restore-"].map(|name| beside(&machine, name).len());
    assert_eq!(left, [0, 0], "half a restore was left behind");

    machine.start();
    // nobody presses anything
    ended(&machine).await;
    assert_eq!(machine.get("/coverage")["all"]["assigned"], 0);
    let left = ["restoring-", "before-restore-"].map(|name| beside(&machine, name).len());
    assert_eq!(left, [0, 1]);
    machine.audit_says(&[("rollback.done", 1), ("rollback.failed", 0)]);
}

/// Databases beside that of the application which have this in their name.
fn beside(machine: &Machine, name: &str) -> Vec<PathBuf> {
    let live = machine.installed().database.path().unwrap();
    let files = std::fs::read_dir(live.parent().unwrap()).unwrap();
    files
        .map(|file| file.unwrap().path())
        .filter(|file| {
            let file = file.file_name().unwrap().to_string_lossy();
            file.contains(&format!(".{name}")) && !file.ends_with("-wal") && !file.ends_with("-shm")
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_goes_on_after_each_kill_and_keeps_what_it_replaces() {
    let mut machine = Machine::new(0, waiting).await;
    let backup = migrated(&mut machine).await;
    begin_to_restore(&machine, &backup);
    // killed while the application is being stopped
    let began = machine.file("began");
    machine
        .wait("/rollback", "the stop", |_| began.exists())
        .await;
    machine.kill();
    std::fs::write(machine.file("go"), "").unwrap();
    machine.start();
    // and at moments of the export, the restore and after it
    for pause in [60, 150, 250] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        machine.kill();
        machine.start();
    }
    let record = ended(&machine).await;
    assert!(record["export"].is_string(), "{record:#}");
    assert_eq!(machine.get("/coverage")["all"]["assigned"], 0);
    assert_eq!(machine.get("/runs")[0]["state"], "rolled-back");
    let view = machine.get("");
    assert_eq!(view["health"]["healthy"], true, "{:#}", view["health"]);
    // the database as it was before the rollback lies beside it
    assert_eq!(beside(&machine, "restoring-"), Vec::<PathBuf>::new());
    let mut kept = 0;
    for path in beside(&machine, "before-restore-") {
        let url = DatabaseUrl::Sqlite(path);
        let mut db = Connection::open(&url, Access::Read).await.unwrap();
        let migrated =
            "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'organizations_organization'";
        kept += db.count(migrated).await.unwrap();
        db.close().await;
    }
    assert!(kept >= 1, "the migrated database is gone");
    machine.audit_says(&[("rollback.done", 1), ("rollback.failed", 0)]);
}
