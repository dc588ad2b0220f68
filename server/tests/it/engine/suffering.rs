//! What suffers outside of the target, only the caller of the executor knows: a run holds for it before its first step,
//! between steps and between batches, and a way back does not.

use std::sync::Mutex;
use std::time::Duration;

use server::db::Dialect;
use server::engine::executor::{Event, Outcome};
use server::engine::journal::StepState;

use super::watch::SUFFERS;
use super::world::{PLAYBOOK, SMALL, Watch, World, applied, on_both, undone};

on_both! {
    a_run_does_not_begin_while_the_application_suffers
    a_run_holds_between_its_steps
    a_run_holds_between_its_batches
    a_way_back_holds_for_nobody
}

fn suffering(when: fn(&[Event]) -> bool) -> Watch {
    Watch {
        suffers: Mutex::new(Some(when)),
        ..Watch::new()
    }
}

/// Drives until the run holds, answers at which step, and lets it go on to its end.
async fn held(world: &World, watch: &Watch) -> String {
    let goal = applied();
    let release = async {
        let found = |event: &Event| match event {
            Event::Held { step, reason, .. } => Some((step.clone(), reason.clone())),
            _ => None,
        };
        for _ in 0..12_000 {
            let held = watch.events.lock().unwrap().iter().find_map(found);
            if let Some((step, reason)) = held {
                assert_eq!(reason, SUFFERS);
                let before = done(watch);
                // twice as long as it takes to look again
                tokio::time::sleep(Duration::from_secs(1)).await;
                assert_eq!(done(watch), before, "it went on");
                *watch.suffers.lock().unwrap() = None;
                return step;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the run did not hold");
    };
    let (outcome, step) = tokio::join!(world.drive(&goal, watch), release);
    assert_eq!(outcome.unwrap(), Outcome::Done);
    let log: Vec<String> = (watch.events.lock().unwrap().iter())
        .filter_map(|event| match event {
            Event::Log { line, .. } => Some(line.clone()),
            _ => None,
        })
        .collect();
    let line = format!("The run holds for {SUFFERS}.");
    assert_eq!(log.iter().filter(|told| **told == line).count(), 1);
    assert!(log.contains(&"The run goes on.".to_owned()), "{log:?}");
    step
}

/// Steps that were told to be done, and rows.
fn done(watch: &Watch) -> (usize, usize) {
    let events = watch.events.lock().unwrap();
    let rows = |event: &&Event| matches!(event, Event::Rows { .. });
    (
        events.iter().filter(|event| is_done(event)).count(),
        events.iter().filter(rows).count(),
    )
}

fn is_done(event: &Event) -> bool {
    matches!(event, Event::Step { state, .. } if *state == StepState::Done)
}

async fn a_run_does_not_begin_while_the_application_suffers(dialect: Dialect) {
    let world = World::on(dialect, &SMALL, PLAYBOOK).await;
    let first = world.plan().await.steps[0].key.clone();
    let watch = suffering(|events| !events.iter().any(is_done));
    assert_eq!(held(&world, &watch).await, first);
}

async fn a_run_holds_between_its_steps(dialect: Dialect) {
    let mut world = World::on(dialect, &SMALL, PLAYBOOK).await;
    // work outside of the target ends a transaction of many small steps
    world.options.backup = true;
    let first = world.plan().await.steps[0].key.clone();
    let watch = suffering(|events| events.iter().any(is_done));
    assert_ne!(held(&world, &watch).await, first);
}

async fn a_run_holds_between_its_batches(dialect: Dialect) {
    let numbers =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)";
    let parents = format!("INSERT INTO parent {numbers} SELECT i, 'parent' FROM n");
    let children = format!("INSERT INTO child {numbers} SELECT i, i, 'child' FROM n");
    let statements = [
        "CREATE TABLE parent (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name text)",
        "CREATE TABLE child (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, parent_id bigint NOT NULL \
         REFERENCES parent (id), note text)",
        &parents,
        &children,
    ];
    let playbook = super::postgres::PLAYBOOK;
    let world = World::on(dialect, &statements, playbook).await;
    let watch = suffering(|events| events.iter().any(is_part));
    assert_eq!(held(&world, &watch).await, "g.populate.child");
}

/// Whether a part of the rows of a step was told, after which more come.
fn is_part(event: &Event) -> bool {
    matches!(event, Event::Rows { step, done, total, .. } if step == "g.populate.child" && done < total)
}

async fn a_way_back_holds_for_nobody(dialect: Dialect) {
    let world = World::on(dialect, &SMALL, PLAYBOOK).await;
    world.apply().await;
    let watch = suffering(|_| true);
    let outcome = world.drive(&undone(), &watch).await;
    assert_eq!(outcome.unwrap(), Outcome::Done);
}
