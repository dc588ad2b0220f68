//! The playbook takes the sample through the three steps and back while its application serves and
//! writes.

use std::time::Duration;

use server::db::DatabaseUrl;
use server::engine::executor::Outcome;
use server::engine::{Options, Playbook};
use server::sample;

use super::app::{PAGES, Running, written};
use crate::engine::world::{Watch, World, until};

fn world(running: &Running, quiet_seconds: u64) -> World {
    World {
        dir: tempfile::tempdir().unwrap(),
        url: DatabaseUrl::Sqlite(running.database.clone()),
        database: None,
        playbook: Playbook::parse("obcms-to-bmms.toml", sample::PLAYBOOK).unwrap(),
        options: Options {
            backup: false,
            quiet_seconds: Some(quiet_seconds),
            ..Options::default()
        },
    }
}

async fn unassigned(world: &World) -> Vec<(String, i64)> {
    let mut left = Vec::new();
    for (_, model) in world.playbook.models() {
        let count = format!(
            "SELECT COUNT(*) FROM {} WHERE organization_id IS NULL",
            model.table
        );
        match world.count(&count).await {
            0 => {}
            rows => left.push((model.table.clone(), rows)),
        }
    }
    left
}

async fn serves(running: &Running) {
    for page in PAGES {
        assert_eq!(running.get(page).await.0, 200, "{page}");
    }
    let (_, health) = running.health().await;
    let writes = health["writes"].as_u64().unwrap();
    written(running, writes + 8).await;
    let (status, health) = running.health().await;
    assert_eq!(status, 200, "{health}");
    assert_eq!(health["failed_writes"], 0, "{health}");
    assert_eq!(health["errors"], 0, "{health}");
}

const MIGRATIONS: &str = "SELECT COUNT(*) FROM django_migrations";

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_way_there_and_back_under_an_application_that_writes() {
    let running = Running::start("obcms", |start| {
        start.write_every = Some(Duration::from_millis(10));
    })
    .await;
    let world = world(&running, 0);
    assert_eq!(world.count(MIGRATIONS).await, 118);

    let outcome = world.apply().await;
    assert!(matches!(outcome, Outcome::WaitingAtGate(_)), "{outcome:?}");
    assert_eq!(
        unassigned(&world).await,
        [("project_central_ppa".to_owned(), 23)]
    );
    serves(&running).await;

    world
        .execute("UPDATE project_central_ppa SET organization_id = (SELECT id FROM organizations_organization WHERE code = 'OOBC') WHERE organization_id IS NULL")
        .await;
    let outcome = world.apply().await;
    assert!(matches!(outcome, Outcome::Done), "{outcome:?}");
    assert_eq!(unassigned(&world).await, []);
    assert_eq!(world.count(MIGRATIONS).await, 118 + 2 + 15);
    assert_eq!(world.rows("PRAGMA foreign_key_check").await, []);
    serves(&running).await;

    let outcome = world.undo().await;
    assert!(matches!(outcome, Outcome::Done), "{outcome:?}");
    assert_eq!(world.count(MIGRATIONS).await, 118);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
    let left = "SELECT COUNT(*) FROM sqlite_schema WHERE sql LIKE '%organization_id%' AND tbl_name NOT LIKE 'switchyard%'";
    assert_eq!(world.count(left).await, 0);
    serves(&running).await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_application_version_loses_no_write_and_holds_the_column_open() {
    let running = Running::start("obcms", |start| {
        start.write_every = Some(Duration::from_millis(10));
        start.old_writer = true;
    })
    .await;
    let world = world(&running, 60);
    let plan = world.plan().await;
    let steps: Vec<&str> = plan.steps.iter().map(|step| step.key.as_str()).collect();
    let required = steps
        .iter()
        .position(|key| key.contains(".required."))
        .unwrap();
    let outcome = world
        .drive(&until(steps[required - 1]), &Watch::new())
        .await;
    assert!(matches!(outcome, Ok(Outcome::Done)), "{outcome:?}");
    let entered = "SELECT COUNT(*) FROM communities_community WHERE name LIKE 'Community entered%'";
    let before = world.count(entered).await;
    serves(&running).await;
    assert!(world.count(entered).await > before);
    let outcome = world.apply().await;
    let Outcome::WaitingAtGate(evidence) = outcome else {
        panic!("a version that does not fill the column writes: {outcome:?}");
    };
    assert_eq!(evidence.gate, "no-old-writers");
    assert!(!evidence.holds, "{evidence:?}");
    // what it wrote has an organization all the same
    let left = "SELECT COUNT(*) FROM communities_community WHERE organization_id IS NULL";
    assert_eq!(world.count(left).await, 0);
    serves(&running).await;
    running.end().await;
}
