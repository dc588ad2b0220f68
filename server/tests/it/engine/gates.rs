//! Gates: measured in the transaction of the step they guard, overridden only where that is
//! allowed, and opened by what a person does about them.

use server::engine::executor::{Event, Level, Outcome, Overriding};
use server::engine::gate::GateEvidence;

use super::world::{PLAYBOOK, SMALL, Watch, World, applied, until};

async fn undecided(rows: u32) -> World {
    let world = World::new(&SMALL, PLAYBOOK).await;
    world
        .execute(format!(
            "UPDATE project_ppa SET office = NULL WHERE id <= {rows}"
        ))
        .await;
    world
}

async fn waits(world: &World, watch: &Watch) -> GateEvidence {
    match world.drive(&applied(), watch).await.unwrap() {
        Outcome::WaitingAtGate(evidence) => evidence,
        other => panic!("{other:?}"),
    }
}

fn insists() -> Watch {
    Watch {
        overriding: Some(Overriding {
            by: "Farida Usman".into(),
            reason: "The old version is gone".into(),
        }),
        ..Watch::new()
    }
}

const PLACE: &str = "UPDATE project_ppa SET organization_id = \
     (SELECT id FROM organizations_organization) WHERE organization_id IS NULL";

#[tokio::test]
async fn coverage_below_the_whole_refuses_required_whoever_insists() {
    let world = undecided(5).await;
    let gate = waits(&world, &insists()).await;
    assert_eq!(gate.step, "projects.required.project_ppa");
    assert_eq!((gate.value, gate.whole), (29, 34));
    assert_eq!(gate.evidence, "5 of 34 PPAs have no organization.");
    assert!(!gate.overridable && gate.remedy.contains("Assign the 5"));

    world.execute(PLACE).await;
    assert_eq!(world.apply().await, Outcome::Done);
}

#[tokio::test]
async fn a_child_follows_when_its_parent_is_decided() {
    let playbook = PLAYBOOK
        .replace(
            "table = \"communities_community\"\n",
            "table = \"communities_community\"\norganization = { expression = \"NULL\" }\n",
        )
        .replace("[[invariants]]", "[[invariants]]\ntitle = \"x\"");
    let world = World::new(&SMALL, &playbook).await;
    let gate = waits(&world, &Watch::new()).await;
    assert_eq!(gate.step, "communities.required.communities_community");
    world
        .execute(PLACE.replace("project_ppa", "communities_community"))
        .await;
    assert_eq!(world.apply().await, Outcome::Done);
    let left = "SELECT COUNT(*) FROM communities_profile WHERE +organization_id IS NULL";
    assert_eq!(world.count(left).await, 0);
}

/// Each way to the database and back keeps other writers waiting.
#[tokio::test]
async fn on_sqlite_the_coverage_of_small_tables_is_counted_in_one_statement() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    world
        .drive(&until("populate"), &Watch::new())
        .await
        .unwrap();
    let watch = Watch::new();
    assert_eq!(
        world.drive(&applied(), &watch).await.unwrap(),
        Outcome::Done
    );
    let events = watch.events.lock().unwrap().clone();
    let measured = (events.iter())
        .filter(|event| matches!(event, Event::Gate(gate) if gate.gate == "coverage"))
        .count();
    assert_eq!(measured, 3);
    let calls = watch.calls.lock().unwrap().clone();
    let begun = calls.iter().rposition(|call| *call == "begin").unwrap();
    // the lease, one count for two tables and the third, the row that records them, the invariant
    let expected = ["begin", "execute", "read", "execute", "read"];
    assert_eq!(calls[begun..begun + 5], expected);
}

/// Inserts a row that no rule places right before the transaction of the step begins: a look at
/// the gate before it would have found it open.
#[tokio::test]
async fn a_row_that_comes_between_the_look_and_the_step_is_seen() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let stopped = until("projects.populate.project_ppa");
    world.drive(&stopped, &Watch::new()).await.unwrap();
    let left = "SELECT COUNT(*) FROM project_ppa WHERE organization_id IS NULL";
    assert_eq!(world.count(left).await, 0);
    world
        .execute("INSERT INTO project_ppa (title) VALUES ('late')")
        .await;
    let gate = waits(&world, &Watch::new()).await;
    assert_eq!(gate.evidence, "1 of 35 PPAs have no organization.");
    let required = "SELECT \"notnull\" FROM pragma_table_xinfo('project_ppa') \
                    WHERE name = 'organization_id'";
    assert_eq!(world.count(required).await, 0);
}

#[tokio::test]
async fn an_old_writer_keeps_the_gate_closed_until_an_administrator_says_why_not() {
    let mut world = World::new(&SMALL, PLAYBOOK).await;
    world.options.quiet_seconds = Some(3_600);
    world
        .drive(&until("populate"), &Watch::new())
        .await
        .unwrap();
    world
        .execute("INSERT INTO communities_community (name, code) VALUES ('new', 'N')")
        .await;
    let gate = waits(&world, &Watch::new()).await;
    assert_eq!(gate.gate, "no-old-writers");
    assert!(gate.overridable);
    assert!(
        gate.evidence
            .starts_with("1 rows of communities_community came without")
    );

    let watch = insists();
    assert_eq!(
        world.drive(&applied(), &watch).await.unwrap(),
        Outcome::Done
    );
    let events = watch.events.lock().unwrap().clone();
    assert!(events.iter().any(|event| matches!(
        event,
        Event::Log { level: Level::Warning, line, .. }
            if line.contains("Farida Usman") && line.contains("The old version is gone")
    )));
    // and the target itself remembers
    let remembered = world.journal().await.unwrap();
    let step = remembered
        .step("communities.required.communities_community")
        .unwrap();
    let evidence = step.evidence.as_deref().unwrap_or_default();
    assert!(evidence.contains("no-old-writers was overridden by Farida Usman"));
}

#[tokio::test]
async fn quiet_counts_from_the_stamp_even_when_no_old_writer_came() {
    let mut world = World::new(&SMALL, PLAYBOOK).await;
    world.options.quiet_seconds = Some(3_600);
    let gate = waits(&world, &Watch::new()).await;
    assert_eq!(gate.gate, "no-old-writers");
    assert_eq!(gate.step, "communities.required.communities_community");
    assert_eq!(gate.whole, 3_600);
    assert!(gate.value < 60, "{gate:?}");
    assert!(
        gate.evidence
            .starts_with("No row of communities_community came without"),
        "{gate:?}"
    );

    // as long ago as it has to be
    world
        .execute("UPDATE switchyard_journal SET finished_at_ms = finished_at_ms - 3600000")
        .await;
    assert_eq!(world.apply().await, Outcome::Done);
}

#[tokio::test]
async fn rows_without_an_organization_are_said_before_any_waiting_for_quiet() {
    let mut world = undecided(5).await;
    world.options.quiet_seconds = Some(1);
    world
        .drive(
            &until("communities.required.communities_profile"),
            &insists(),
        )
        .await
        .unwrap();
    let gate = waits(&world, &Watch::new()).await;
    assert_eq!(gate.gate, "coverage");
}

#[tokio::test]
async fn a_broken_invariant_stops_the_run_where_it_says() {
    let world = World::new(
        &SMALL,
        &PLAYBOOK.replace(
            "SELECT COUNT(*) FROM communities_profile p",
            "SELECT 7 + COUNT(*) FROM communities_profile p",
        ),
    )
    .await;
    let gate = waits(&world, &insists()).await;
    assert_eq!(gate.step, "invariant.profiles-with-their-community");
    assert!(gate.evidence.contains("answers 7"));
}

#[tokio::test]
async fn a_table_is_made_again_only_behind_a_backup_that_was_restored_in_a_drill() {
    let mut world = World::new(&SMALL, PLAYBOOK).await;
    world.options.require = server::engine::operation::RequireWay::Rebuild;
    let watch = Watch {
        backup_verified: false,
        ..insists()
    };
    let gate = waits(&world, &watch).await;
    assert_eq!(gate.gate, "backup-verified");
    assert!(!gate.overridable && gate.remedy.contains("restore drill"));
    assert_eq!(world.apply().await, Outcome::Done);
}
