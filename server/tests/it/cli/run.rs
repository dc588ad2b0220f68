//! `switchyard run` and `switchyard rollback` take a target there and back, and say why when they do not.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::target::Target;
use super::{switchyard, text};

const OURS: &str =
    "SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'switchyard\\_%' ESCAPE '\\'";

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_prints_the_sql_of_every_step_and_changes_nothing() {
    let target = Target::with_undecided(23).await;
    let before = std::fs::read(&target.database).unwrap();
    let told = target.done("run", &["--dry-run"]);
    for part in [
        "communities.nullable.communities_community",
        "sql      ALTER TABLE \"communities_community\" ADD COLUMN \"organization_id\"",
        "   locks    ",
        "   cost     ",
        "   undo     ",
        "   gate     ",
        "Nothing was changed.",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let plan: Value =
        serde_json::from_str(&target.done("run", &["--dry-run", "--format", "json"])).unwrap();
    let steps = plan["steps"].as_array().unwrap();
    assert!(steps.len() > 20 && plan["run"].is_null(), "{plan:#}");
    let short = target.done("run", &["--dry-run", "--until", "organizations"]);
    assert!(!short.contains(".nullable."), "{short}");
    assert!(before == std::fs::read(&target.database).unwrap());
    assert_eq!(target.count(OURS).await, 0);
    assert!(!target.directory.path().join("backups").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_to_its_end_with_a_backup_of_its_own_and_can_be_undone() {
    let target = Target::with_undecided(0).await;
    let output = target.command("run", &["--quiet-seconds", "0"]);
    let progress = super::text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{progress}");
    assert!(
        progress.contains("Taking the backup backups/"),
        "{progress}"
    );
    assert!(progress.contains(" rows/s"), "{progress}");
    assert!(progress.contains("organizations.table: done"), "{progress}");
    let tables = target.migrated().await;
    assert!(tables > 0);
    let verified = switchyard(&["verify", "obcms-to-bmms", "--database", &target.url()])
        .output()
        .unwrap();
    assert_eq!(verified.status.code(), Some(0));

    // the same command has nothing to do any more
    let again: Value = serde_json::from_str(&target.done("run", &["--format", "json"])).unwrap();
    assert_eq!(
        again["done"].as_u64().unwrap() + again["skipped"].as_u64().unwrap(),
        again["steps"].as_u64().unwrap()
    );
    let backups = std::fs::read_dir(target.directory.path().join("backups")).unwrap();
    assert_eq!(backups.count(), 1);

    let reason = target.refused("rollback", &["--group", "nothing"]);
    assert!(reason.contains("no group nothing"), "{reason}");
    let output = target.command("rollback", &["--group", "mana"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(super::text(&output.stderr).contains("--yes"));
    assert!(super::text(&output.stdout).contains("loses"));
    assert_eq!(target.migrated().await, tables);
    target.done("rollback", &["--group", "mana", "--yes"]);
    let left = target.migrated().await;
    assert!(0 < left && left < tables, "{left} of {tables}");

    // and forward again: the run goes on where the group was undone
    target.ran(&[]);
    assert_eq!(target.migrated().await, tables);
    target.done("rollback", &["--yes"]);
    assert_eq!(target.migrated().await, 0);
    target.done("rollback", &["--yes"]);

    // after everything was undone a new run begins
    let stopped = target.done("run", &["--until", "organizations"]);
    assert!(stopped.contains(" steps are done"), "{stopped}");
    assert_eq!(target.migrated().await, 0);
    assert_eq!(target.count("SELECT COUNT(*) FROM switchyard_run").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_gate_is_exit_code_1_with_its_remedy_and_the_same_command_goes_on_after_the_decision()
 {
    let target = Target::with_undecided(23).await;
    let made = target.directory.path().join("kept");
    let made = made.to_str().unwrap();
    let taken = switchyard(&["backup", "--database", &target.url(), "--out", made])
        .args(["--name", "before"])
        .output()
        .unwrap();
    assert_eq!(taken.status.code(), Some(0));
    let backup = format!("{made}/before");

    let reason = target.refused("run", &["--quiet-seconds", "0", "--backup", &backup]);
    assert!(
        reason.contains("23 of") && reason.contains("have no organization."),
        "{reason}"
    );
    assert!(
        reason.contains("switchyard coverage counts what is left"),
        "{reason}"
    );
    let reason = target.refused("run", &["--quiet-seconds", "0", "--backup", &backup]);
    assert!(reason.contains("Going on with the run"), "{reason}");
    let dry = target.done("run", &["--dry-run"]);
    assert!(
        dry.starts_with("The run ") && !dry.contains(".nullable."),
        "{dry}"
    );

    target.decide().await;
    target.ran(&["--backup", &backup]);
    assert_eq!(target.count("SELECT COUNT(*) FROM switchyard_run").await, 1);
    assert!(!target.directory.path().join("backups").exists());

    let output = target.command("rollback", &["--full", &backup]);
    assert_eq!(output.status.code(), Some(1));
    assert!(super::text(&output.stdout).starts_with("Restoring "));
    assert!(target.migrated().await > 0);
    let lost = target.directory.path().join("lost.json");
    let lost = lost.to_str().unwrap();
    target.done("rollback", &["--full", &backup, "--yes", "--export", lost]);
    let lost: Value = serde_json::from_str(&std::fs::read_to_string(lost).unwrap()).unwrap();
    assert!(lost["rows"].is_array(), "{lost:#}");
    assert_eq!(target.migrated().await, 0);
    assert_eq!(target.count(OURS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_time_opens_is_waited_for_or_overridden_with_a_reason() {
    let target = Target::with_undecided(0).await;
    let output = target.command("run", &["--override", "no-old-writers"]);
    assert_eq!(output.status.code(), Some(2), "a reason is needed");
    target.done("run", &["--quiet-seconds", "5", "--until", "populate"]);
    // as if the columns had been added just now, however slow this machine is
    target
        .execute("UPDATE switchyard_journal SET finished_at_ms = 1000 * strftime('%s', 'now') WHERE finished_at_ms > 0")
        .await;
    let output = target.command("run", &[]);
    let progress = super::text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{progress}");
    assert!(progress.contains(" Waiting "), "{progress}");

    let target = Target::with_undecided(0).await;
    let reason = "The old version is gone";
    let overriding = ["--override", "no-old-writers", "--reason", reason];
    let arguments = [&["--quiet-seconds", "86400"], &overriding[..]].concat();
    let output = target.command("run", &arguments);
    let progress = super::text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{progress}");
    let kept =
        "SELECT COUNT(*) FROM switchyard_journal WHERE evidence LIKE '%The old version is gone%'";
    assert!(target.count(kept).await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_pauses_a_run_and_the_same_command_finishes_it() {
    let target = Target::with_undecided(0).await;
    let mut child = switchyard(&["run", "obcms-to-bmms", "--database", &target.url()])
        .args(["--quiet-seconds", "0"])
        .current_dir(target.directory.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    stderr.read_line(&mut first).unwrap();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{first}{rest}");
    assert!(rest.contains("paused by a signal"), "{first}{rest}");
    assert!(target.migrated().await == 0);
    target.ran(&[]);
    assert!(target.migrated().await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_fails_refuses_a_run_before_anything_is_written() {
    let target = Target::with_undecided(0).await;
    let writer = target.locked().await;
    let reason = target.refused("run", &["--quiet-seconds", "0"]);
    assert!(
        reason.contains("Another writer has held the lock") && reason.contains("nothing was begun"),
        "{reason}"
    );
    writer.close().await;
    assert_eq!(target.count(OURS).await, 0);
    assert!(!target.directory.path().join("backups").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_may_not_be_written_refuses_a_run_even_of_the_superuser() {
    use std::os::unix::fs::PermissionsExt as _;
    let target = Target::with_undecided(0).await;
    let whole = std::fs::read(&target.database).unwrap();
    let read_only = std::fs::Permissions::from_mode(0o444);
    std::fs::set_permissions(&target.database, read_only).unwrap();
    let url = target.url();
    let arguments = [
        "run",
        "obcms-to-bmms",
        "--quiet-seconds",
        "0",
        "--database",
        &url,
    ];
    let mut command = switchyard(&arguments);
    let writes = std::fs::File::options().write(true).open(&target.database);
    if writes.is_ok() {
        // the superuser writes what nobody may, unless exactly that right is taken away
        let program = command.get_program().to_owned();
        command = std::process::Command::new("setpriv");
        command
            .args(["--bounding-set", "-dac_override,-dac_read_search"])
            .arg(program)
            .args(arguments);
    }
    let output = command
        .current_dir(target.directory.path())
        .output()
        .unwrap();
    let reason = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{reason}");
    assert!(
        reason.contains("Database can be written") && reason.contains("nothing was begun"),
        "{reason}"
    );
    assert!(std::fs::read(&target.database).unwrap() == whole);
    assert!(!target.directory.path().join("backups").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_on_a_full_disk_says_so_and_leaves_nothing_behind() {
    let target = Target::with_undecided(0).await;
    let directory = target.directory.path().join("backups");
    // no file may become larger than 2 MB, which a process that ignores the signal hears as an error
    let output = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 4000; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_switchyard"))
        .args(["backup", "--database", &target.url(), "--out"])
        .arg(&directory)
        .output()
        .unwrap();
    let reason = super::text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{reason}");
    assert!(
        reason.contains("disk") || reason.contains("space"),
        "{reason}"
    );
    let left = std::fs::read_dir(&directory).map_or(0, Iterator::count);
    assert_eq!(left, 0, "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_with_a_reason_and_changes_nothing() {
    let target = Target::with_undecided(0).await;
    let reason = target.refused("run", &["--until", "nowhere"]);
    assert!(
        reason.contains("no step or phase nowhere") && reason.contains("--dry-run"),
        "{reason}"
    );
    let reason = target.refused("rollback", &["--yes"]);
    assert!(reason.contains("no run of"), "{reason}");
    let playbook = target.directory.path().join("wrong.toml");
    let text = server::sample::PLAYBOOK.replace("\"communities_community\"", "\"no_such_table\"");
    std::fs::write(&playbook, text).unwrap();
    let output = switchyard(&["run", "wrong.toml", "--database", &target.url()])
        .current_dir(target.directory.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = super::text(&output.stdout);
    assert!(
        told.contains("wrong.toml, line ") && told.contains("no_such_table"),
        "{told}"
    );
    assert_eq!(target.count(OURS).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pace_of_a_run_is_changed_from_beside_it_and_only_where_there_is_one() {
    let target = Target::with_undecided(0).await;
    let pace = |percent: &str| {
        switchyard(&["pace", percent, "--database", &target.url()])
            .output()
            .unwrap()
    };
    let none = pace("50");
    assert_eq!(none.status.code(), Some(1));
    assert!(super::text(&none.stderr).contains("has no run"));
    assert_eq!(pace("4").status.code(), Some(2));
    target.ran(&["--until", "nullable"]);
    let set = pace("50");
    assert_eq!(set.status.code(), Some(0), "{}", super::text(&set.stderr));
    assert!(super::text(&set.stdout).contains("works 50 % of the time"));
    let kept = "SELECT COUNT(*) FROM switchyard_pace WHERE percent = 50";
    assert_eq!(target.count(kept).await, 1);
}
