//! The evidence on PostgreSQL: preflight, analysis, coverage, decisions, isolation and the final
//! verification, on the same small application as on SQLite.

use server::db::{Access, Connection, Dialect};
use server::engine::analyse::analyse;
use server::engine::decision::{self, Assignment, BulkRule, Query};
use server::engine::executor::Outcome;
use server::engine::preflight::{self, Surroundings, Verdict};
use server::engine::verification::CheckResult;
use server::engine::{coverage, inspect, isolation, lint, loss, verification};

use crate::engine::world::{PLAYBOOK, SMALL, Watch, World, until};

async fn small() -> World {
    let mut statements = SMALL.to_vec();
    statements.push(
        "INSERT INTO project_ppa (title, office) VALUES ('Nobody''s', NULL), ('Lost', 'GONE')",
    );
    World::on(Dialect::Postgres, &statements, PLAYBOOK).await
}

#[tokio::test]
async fn a_sound_target_passes_the_checks_before_a_run() {
    let world = small().await;
    let checks = preflight::run(&world.url, &world.playbook, &Surroundings::default()).await;
    let failed: Vec<_> = checks
        .iter()
        .filter(|check| check.verdict != Verdict::Passed)
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(checks.iter().any(|check| check.name == "expressions"));
}

#[tokio::test]
async fn a_mistake_in_an_expression_is_found_before_the_run() {
    let mut world = small().await;
    let text = PLAYBOOK.replace("t.office", "t.ofice");
    world.playbook = server::engine::Playbook::parse("test.toml", &text).unwrap();
    let checks = preflight::run(&world.url, &world.playbook, &Surroundings::default()).await;
    let check = checks
        .iter()
        .find(|check| check.name == "expressions")
        .unwrap();
    assert_eq!(check.verdict, Verdict::Failed);
    assert!(check.evidence.contains("ofice"), "{}", check.evidence);
}

#[tokio::test]
async fn a_role_without_rights_is_told_which_grants_it_lacks() {
    let world = small().await;
    let mut db = world.open().await;
    let role = format!("guest_{}", std::process::id());
    // until PostgreSQL 15 everybody may by default
    db.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        .await
        .unwrap();
    db.execute(format!("CREATE ROLE {role} LOGIN"))
        .await
        .unwrap();
    db.execute(format!(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    ))
    .await
    .unwrap();
    let guest = world.url_as(&role);
    let checks = preflight::run(&guest, &world.playbook, &Surroundings::default()).await;
    let check = checks
        .iter()
        .find(|check| check.name == "privileges")
        .unwrap();
    assert_eq!(check.verdict, Verdict::Failed);
    let remedy = check.remedy.as_deref().unwrap();
    assert!(remedy.contains("GRANT CREATE ON SCHEMA public"), "{remedy}");
    assert!(remedy.contains("owner of project_ppa"), "{remedy}");
    db.execute(format!("DROP OWNED BY {role}")).await.unwrap();
    db.execute(format!("DROP ROLE {role}")).await.unwrap();
}

#[tokio::test]
async fn rows_without_a_rule_are_decided_and_the_run_goes_on_to_a_proven_end() {
    let world = small().await;
    let mut db = world.open().await;
    let (_, analysis) = analyse(&mut db).await.unwrap();
    assert!(analysis.django);
    let mut schema = inspect(&mut db).await.unwrap();
    lint::lint(&mut db, &world.playbook, &schema).await.unwrap();

    let outcome = world
        .drive(&until("populate"), &Watch::new())
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Done);
    let measured = coverage::measure(&mut db, &world.playbook).await.unwrap();
    let ppas = measured.model("project_ppa").unwrap().counts.unwrap();
    assert_eq!((ppas.assigned, ppas.total), (34, 36));
    let mut meter = coverage::Meter::new(world.open().await);
    assert_eq!(
        meter.measure(&world.playbook).await.unwrap().all.missing(),
        2
    );

    schema = inspect(&mut db).await.unwrap();
    let (_, model) = world.playbook.model("project_ppa").unwrap();
    let all = Query::default();
    let page = decision::page(&mut db, &world.playbook, &schema, model, &all)
        .await
        .unwrap();
    assert_eq!(page.total, 2);
    let found = Query {
        search: Some("GONE".into()),
        ..Query::default()
    };
    let page = decision::page(&mut db, &world.playbook, &schema, model, &found)
        .await
        .unwrap();
    assert_eq!(page.matching, 1, "{page:?}");
    let key = page.rows[0].key.clone();
    let one = [Assignment {
        key: key.clone(),
        organization: "OOBC".into(),
    }];
    let done = decision::assign(&mut db, &world.playbook, &schema, model, &one, "me")
        .await
        .unwrap();
    assert_eq!((done.assigned, done.left), (1, 1));
    let record = decision::decisions(&mut db, &world.playbook, model, 10)
        .await
        .unwrap();
    assert_eq!(record[0].organization, "OOBC");
    let lost = loss::assignments(&mut db, &world.playbook, &schema, None)
        .await
        .unwrap();
    assert_eq!(lost.len(), 1, "{lost:?}");
    let back = decision::undo(&mut db, &world.playbook, &schema, model, &[key])
        .await
        .unwrap();
    assert_eq!(back, 1);
    let rule = BulkRule::All {
        organization: "OOBC".into(),
    };
    let done =
        decision::assign_by_rule(&mut db, &world.playbook, &schema, model, &rule, "me", false)
            .await
            .unwrap();
    assert_eq!((done.assigned, done.left), (2, 0));

    assert_eq!(world.apply().await, Outcome::Done);
    schema = inspect(&mut db).await.unwrap();
    let crossing = isolation::check(&mut db, &world.playbook, &schema)
        .await
        .unwrap();
    assert!(crossing.connections.iter().all(|check| check.crossing == 0));
    isolation::check_organization(&mut db, &world.playbook, &schema, "OOBC")
        .await
        .unwrap();
    let mut reader = Connection::open(&world.url, Access::Read).await.unwrap();
    let proof = verification::measure(&mut reader, &world.playbook)
        .await
        .unwrap();
    let open: Vec<_> = proof
        .checks()
        .filter(|check| check.result != CheckResult::Passed)
        .collect();
    assert!(open.is_empty(), "{open:#?}");
}
