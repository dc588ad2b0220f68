//! Rollbacks.

use std::time::Duration;

use serde_json::{Value, json};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_goes_on_after_each_kill_and_keeps_what_it_replaces() {
    let mut machine = Machine::new(0, waiting).await;
    let backup = migrated(&mut machine).await;
    let way = json!({ "restore": { "backup": backup } });
    begin(&machine, &way, |options| {
        let restores = options["restores"].as_array().unwrap();
        let one = restores.iter().find(|one| one["backup"]["name"] == *backup);
        one.unwrap()["cost"].clone()
    });
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
    let directory = machine
        .installed()
        .database
        .path()
        .unwrap()
        .parent()
        .unwrap();
    let mut kept = 0;
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains(".before-restore-") || name.ends_with("-wal") || name.ends_with("-shm") {
            assert!(!name.contains(".restoring-"), "{name} was left behind");
            continue;
        }
        let url = server::db::DatabaseUrl::Sqlite(path);
        let mut db = server::db::Connection::open(&url, server::db::Access::Read)
            .await
            .unwrap();
        let migrated =
            "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'organizations_organization'";
        kept += db.count(migrated).await.unwrap();
        db.close().await;
    }
    assert!(kept >= 1, "the migrated database is gone");
    machine.audit_says(&[("rollback.done", 1), ("rollback.failed", 0)]);
}
