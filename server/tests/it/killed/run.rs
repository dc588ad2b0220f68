//! Runs.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use server::db::{Access, Connection};
use server::sample::PLAYBOOK;
use server::sample::app::process;

use super::machine::Machine;
use crate::engine::world::World;

fn as_it_is(_: &std::path::Path, command: Vec<String>) -> Vec<String> {
    command
}

fn is_complete(machine: &Machine, run: &str) {
    let view = machine.get(run);
    assert_eq!(
        view["progress"]["steps_done"], view["progress"]["steps_total"],
        "{:#}",
        view["progress"]
    );
    let coverage = machine.get("/coverage");
    assert_eq!(coverage["all"]["assigned"], coverage["all"]["total"]);
    for group in coverage["groups"].as_array().unwrap() {
        for model in group["models"].as_array().unwrap() {
            assert_eq!(model["required"], true, "{}", model["table"]);
        }
    }
}

/// The application goes on answering, and writes nothing more of its own.
async fn write_nothing(machine: &Machine) {
    let state = &machine.installed().state;
    let mut launch = process::stop(state).await.unwrap().unwrap();
    let flag = |one: &String| one == "--write-every-ms";
    let at = launch.arguments.iter().position(flag).unwrap();
    launch.arguments.drain(at..at + 2);
    process::start(state, &launch).await.unwrap();
}

/// A copy of the target, migrated with the same decisions by somebody whom nothing disturbs.
async fn undisturbed(machine: &Machine) -> World {
    let file = machine.file("twin.sqlite3");
    let mut db = Connection::open(&machine.installed().database, Access::Write)
        .await
        .unwrap();
    db.execute(format!("VACUUM INTO '{}'", file.display()))
        .await
        .unwrap();
    db.close().await;
    let url = format!("sqlite:{}", file.display());
    let command = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_switchyard"))
            .args(arguments)
            .args(["--database", &url])
            .current_dir(machine.directory.path())
            .output()
            .unwrap();
        output.status.code()
    };
    let run = ["run", "obcms-to-bmms", "--quiet-seconds", "0"];
    assert_eq!(command(&run), Some(1), "23 projects need a person");
    let decide = [
        "decisions",
        "assign",
        "obcms-to-bmms",
        "--model",
        "PPA",
        "--organization",
        "OOBC",
        "--all",
    ];
    assert_eq!(command(&decide), Some(0));
    assert_eq!(command(&run), Some(0));
    World::existing(file, PLAYBOOK)
}

/// The first line in which two targets differ: all of them are more than anybody reads.
async fn difference(one: &World, other: &World) -> Option<(String, String)> {
    let (one, other) = (one.dump().await, other.dump().await);
    assert_eq!(one.lines().count(), other.lines().count());
    (one.lines().zip(other.lines()))
        .find(|(one, other)| one != other)
        .map(|(one, other)| (one.to_owned(), other.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_server_is_killed_again_and_again_ends_as_if_nothing_had_happened() {
    let mut machine = Machine::new(23, as_it_is).await;
    write_nothing(&machine).await;
    let undisturbed = undisturbed(&machine).await;
    machine.start();
    machine.get_ready().await;
    let run = machine.start_run();
    for pause in [15, 40, 80, 140] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        machine.kill();
        machine.start();
    }
    let waiting = machine.run_is(&run, "waiting-at-gate").await;
    assert!(waiting["waiting"]["name"].is_string(), "{waiting:#}");
    machine.decide();
    for pause in [10, 60, 120] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        machine.kill();
        machine.start();
    }
    machine.run_is(&run, "done").await;
    is_complete(&machine, &run);
    let target = World::existing(machine.installed().database.file().unwrap(), PLAYBOOK);
    assert_eq!(difference(&target, &undisturbed).await, None);
    machine.audit_says(&[("run.started", 1), ("run.done", 1), ("run.failed", 0)]);
    // the gate that was measured again and again was told once
    let log = machine.get(&format!("{run}/log"));
    let lines = |part: &str| {
        log["lines"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| line["text"].as_str().unwrap().contains(part))
            .count()
    };
    assert_eq!(lines("23 of 342 PPAs have no organization"), 1, "{log:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_stop_pauses_its_run_and_the_next_one_goes_on() {
    // whenever the signal comes, the run is not done: nobody has decided yet
    let mut machine = Machine::new(23, as_it_is).await;
    machine.start();
    machine.get_ready().await;
    let run = machine.start_run();
    tokio::time::sleep(Duration::from_millis(60)).await;
    machine.stop();
    assert!(
        !machine.log().contains("did not end in time"),
        "{}",
        machine.log()
    );
    machine.start();
    // nobody presses anything
    machine.run_is(&run, "waiting-at-gate").await;
    machine.decide();
    machine.run_is(&run, "done").await;
    is_complete(&machine, &run);
    machine.audit_says(&[("run.done", 1), ("run.resume", 0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_the_journal_calls_running_is_found_and_goes_on_when_a_person_says_so() {
    let mut machine = Machine::new(23, as_it_is).await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_switchyard"))
        .args(["run", "obcms-to-bmms", "--quiet-seconds", "0", "--database"])
        .arg(machine.installed().database.to_string())
        .current_dir(machine.directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    // until the first steps are in the journal; it cannot end, because 23 projects need a person
    while !line.contains(".nullable.") {
        line.clear();
        let read = std::io::BufRead::read_line(&mut stderr, &mut line).unwrap();
        assert!(read > 0, "the run ended before it could be killed");
    }
    child.kill().unwrap();
    child.wait().unwrap();

    machine.start();
    let runs = machine
        .wait("/runs", "the run of the journal", |runs| {
            runs.as_array().is_some_and(|runs| !runs.is_empty())
        })
        .await;
    assert_eq!(runs[0]["state"], "paused", "{runs:#}");
    assert_eq!(runs[0]["started_by"], "switchyard");
    assert!(
        runs[0]["reason"].as_str().unwrap().contains("journal"),
        "{runs:#}"
    );
    let run = format!("/runs/{}", runs[0]["number"]);
    // another run cannot begin beside it
    let plan = machine.get("/plan");
    let body = json!({ "fingerprint": plan["fingerprint"] });
    let (status, _) = machine.call("POST", "/systems/obcms/runs", Some(&body));
    assert_eq!(status, 409);
    machine.post(&format!("{run}/commands"), json!({ "command": "resume" }));
    machine.run_is(&run, "waiting-at-gate").await;
    machine.decide();
    let ended = machine.run_is(&run, "done").await;
    assert_ne!(ended["summary"]["finished"], Value::Null);
    is_complete(&machine, &run);
}
