//! `switchyard decisions` and `switchyard release`: what the console does with rows that no rule places and with kept
//! databases, from a script.

use std::fs;
use std::process::Output;

use serde_json::Value;

use super::target::Target;
use super::{switchyard, text};

/// Runs one of the subcommands on the sample's playbook and database.
fn decisions(target: &Target, name: &str, arguments: &[&str]) -> Output {
    switchyard(&[
        "decisions",
        name,
        "obcms-to-bmms",
        "--database",
        &target.url(),
    ])
    .args(arguments)
    .current_dir(target.directory.path())
    .output()
    .unwrap()
}

fn done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    text(&output.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_wait_at_the_gate_are_listed_exported_and_assigned_and_the_run_goes_on() {
    let target = Target::with_undecided(23).await;
    let early = refused(&decisions(&target, "list", &[]));
    assert!(
        early.contains("no table has the organization's column yet"),
        "{early}"
    );

    let at_gate = target.refused("run", &["--quiet-seconds", "0"]);
    assert!(at_gate.contains("23"), "{at_gate}");
    let listed = done(&decisions(&target, "list", &[]));
    assert!(
        listed.contains("(project_central_ppa): 23 rows"),
        "{listed}"
    );
    let json = done(&decisions(
        &target,
        "list",
        &["--format", "json", "--limit", "2"],
    ));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["total"], 23);
    let rows = json[0]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let key = rows[0]["key"].as_str().unwrap();

    // what cannot be assigned changes nothing
    let model = ["--model", "PPA", "--organization"];
    let unknown = [&model[..], &["NOWHERE", "--all"]].concat();
    let why = refused(&decisions(&target, "assign", &unknown));
    assert!(
        why.contains("no organization with the code NOWHERE"),
        "{why}"
    );
    let why = refused(&decisions(
        &target,
        "assign",
        &["--model", "Boat", "--organization", "OOBC", "--all"],
    ));
    assert!(
        why.contains("no model Boat") && why.contains("PPA"),
        "{why}"
    );
    let counted = [&model[..], &["OOBC", "--all", "--dry-run"]].concat();
    let told = done(&decisions(&target, "assign", &counted));
    assert!(told.contains("23 rows would get an organization"), "{told}");

    let one = [&model[..], &["OOBC", "--key", key]].concat();
    let told = done(&decisions(&target, "assign", &one));
    assert_eq!(told.trim(), "PPA: 1 row got an organization, 22 left.");

    // a file, filled in for one row as a spreadsheet leaves it
    let file = target.directory.path().join("left.csv");
    let path = file.to_str().unwrap();
    let told = done(&decisions(&target, "export", &["--out", path]));
    assert!(told.contains("22 rows"), "{told}");
    let again = refused(&decisions(&target, "export", &["--out", path]));
    assert!(again.contains("does not exist yet"), "{again}");
    let exported = fs::read_to_string(&file).unwrap();
    let mut lines: Vec<String> = exported.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 23);
    lines[1].push_str("OOBC");
    fs::write(&file, format!("\u{feff}{}\r\n", lines.join("\r\n"))).unwrap();
    let told = done(&decisions(&target, "assign", &["--file", path]));
    assert_eq!(told.trim(), "PPA: 1 row got an organization, 21 left.");
    // the same file again finds its row decided
    let told = done(&decisions(&target, "assign", &["--file", path]));
    assert!(
        told.contains("0 rows got") && told.contains("1 row had one already"),
        "{told}"
    );

    // a driver that lives somewhere else takes steps back: the column may be gone in a moment
    let rest = [&model[..], &["OOBC", "--all"]].concat();
    let lease = |until: &str| {
        format!(
            "UPDATE switchyard_lease SET owner = 'a console', machine = 'elsewhere', expires_at_ms = {until}"
        )
    };
    target.execute(&lease("9999999999999")).await;
    let why = refused(&decisions(&target, "assign", &rest));
    assert!(
        why.contains("a console is driving this target; nothing was assigned"),
        "{why}"
    );
    let told = done(&decisions(&target, "assign", &counted));
    assert!(told.contains("21 rows would get"), "{told}");
    target.execute(&lease("0")).await;

    assert!(done(&decisions(&target, "assign", &rest)).contains("21 rows got"));
    assert_eq!(
        done(&decisions(&target, "list", &[])).trim(),
        "Every row has an organization."
    );
    target.ran(&[]);
}

#[test]
fn which_rows_are_assigned_has_to_be_said_in_one_way() {
    let database = ["obcms-to-bmms", "--database", "sqlite:none.sqlite3"];
    for arguments in [
        vec!["--model", "PPA", "--organization", "OOBC"],
        vec!["--model", "PPA", "--all"],
        vec![
            "--model",
            "PPA",
            "--all",
            "--best-candidate",
            "--organization",
            "OOBC",
        ],
        vec!["--all", "--organization", "OOBC"],
        vec!["--file", "left.csv", "--organization", "OOBC"],
    ] {
        let output = switchyard(&["decisions", "assign"])
            .args(database)
            .args(&arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_list_of_decisions_is_refused_with_the_columns_it_has_to_have() {
    let target = Target::with_undecided(0).await;
    target.ran(&[]);
    let file = target.directory.path().join("other.csv");
    fs::write(&file, "name,code\nMOH,1\n").unwrap();
    let path = file.to_str().unwrap();
    let why = refused(&decisions(&target, "assign", &["--file", path]));
    assert!(
        why.contains("has no column model") && why.contains("organization"),
        "{why}"
    );
    fs::write(&file, b"model,key,organization\nPPA,1,\xff\n").unwrap();
    let why = refused(&decisions(&target, "assign", &["--file", path]));
    assert!(why.contains("cannot be read"), "{why}");
    fs::write(&file, "model,key,organization\nPPA,1,\n").unwrap();
    let told = done(&decisions(&target, "assign", &["--file", path]));
    assert!(told.contains("No row of the file"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restore_has_kept_is_told_and_removed_only_when_that_is_accepted() {
    let target = Target::with_undecided(0).await;
    let url = target.url();
    let backups = target.directory.path().join("taken");
    let run = |arguments: &[&str]| {
        switchyard(arguments)
            .current_dir(target.directory.path())
            .output()
            .unwrap()
    };
    let release = |arguments: &[&str]| run(&[&["release", "--database", &url], arguments].concat());
    assert_eq!(done(&release(&[])).trim(), "Nothing is kept.");

    let place = backups.to_str().unwrap();
    done(&run(&[
        "backup",
        "--database",
        &url,
        "--out",
        place,
        "--name",
        "before",
    ]));
    target.ran(&[]);
    let backup = backups.join("before");
    done(&run(&[
        "restore",
        backup.to_str().unwrap(),
        "--database",
        &url,
    ]));

    let told = done(&release(&["--format", "json"]));
    let told: Value = serde_json::from_str(&told).unwrap();
    let name = told["kept"][0].as_str().unwrap();
    let kept = target.database.with_file_name(name);
    assert!(kept.exists());
    let why = refused(&release(&[name]));
    assert!(why.contains("--yes") && kept.exists(), "{why}");
    let live = target.database.file_name().unwrap().to_str().unwrap();
    let why = refused(&release(&[live, "--yes"]));
    assert!(
        why.contains("no restore has kept") && why.contains(name),
        "{why}"
    );
    assert!(target.database.exists());
    let told = done(&release(&[name, "--yes"]));
    assert!(
        told.contains("Released") && told.contains("Nothing is kept."),
        "{told}"
    );
    assert!(!kept.exists());
    let both = release(&[name, "--all"]);
    assert_eq!(both.status.code(), Some(2));
}
