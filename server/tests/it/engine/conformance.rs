//! Each operation is applied, verified, undone and redone, and leaves nothing behind.

use server::engine::executor::{Goal, Outcome};

use super::world::{PLAYBOOK, SMALL, Watch, World, applied};

#[tokio::test]
async fn a_migration_runs_to_its_end_and_is_what_django_would_have_made() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    assert_eq!(world.apply().await, Outcome::Done);

    let definition = world
        .rows("SELECT sql FROM sqlite_schema WHERE name = 'communities_community'")
        .await[0]
        .string(0);
    assert_eq!(
        definition,
        "CREATE TABLE \"communities_community\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \
         \"name\" varchar(255) NOT NULL, \"code\" varchar(20) NOT NULL UNIQUE, \
         \"organization_id\" bigint NOT NULL REFERENCES \"organizations_organization\" (\"id\") \
         DEFERRABLE INITIALLY DEFERRED)"
    );
    for (table, rows) in [
        ("communities_community", 23),
        ("communities_profile", 41),
        ("project_ppa", 34),
    ] {
        let placed = format!(
            "SELECT COUNT(*) FROM {table} WHERE organization_id = \
             (SELECT id FROM organizations_organization WHERE code = 'OOBC')"
        );
        assert_eq!(world.count(&placed).await, rows, "{table}");
        let default = format!(
            "SELECT COUNT(*) FROM pragma_table_xinfo('{table}') \
             WHERE name = 'organization_id' AND \"notnull\" = 1 AND dflt_value IS NULL"
        );
        assert_eq!(
            world.count(&default).await,
            1,
            "no default may stay on {table}"
        );
        let index = format!(
            "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'index' AND tbl_name = '{table}' \
             AND sql LIKE '%(\"organization_id\")'"
        );
        assert_eq!(world.count(&index).await, 1, "{table}");
    }
    assert_eq!(
        world.count("SELECT COUNT(*) FROM django_migrations").await,
        4
    );
    assert_eq!(world.leftovers().await, Vec::<String>::new());
    assert_eq!(world.rows("PRAGMA foreign_key_check").await, vec![]);
    assert_eq!(
        world.rows("PRAGMA integrity_check").await[0].string(0),
        "ok"
    );
}

#[tokio::test]
async fn what_was_done_is_undone_to_the_last_character_and_can_be_done_again() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let before = world.dump().await;
    assert_eq!(world.apply().await, Outcome::Done);
    let after = world.dump().await;
    assert_ne!(before, after);

    assert_eq!(world.undo().await, Outcome::Done);
    // the sequence of the recorded rows goes on, as it does for any deleted row
    world
        .execute("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'django_migrations'")
        .await;
    assert_eq!(world.dump().await, before);
    assert_eq!(world.leftovers().await, Vec::<String>::new());

    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(world.dump().await, after);
}

#[tokio::test]
async fn one_group_is_undone_alone_and_migrated_again() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    world.apply().await;
    let after = world.dump().await;
    let goal = Goal::Undone {
        groups: Some(["projects".to_owned()].into()),
    };
    let outcome = world.drive(&goal, &Watch::new()).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    let columns = |table: &str| {
        format!("SELECT COUNT(*) FROM pragma_table_xinfo('{table}') WHERE name = 'organization_id'")
    };
    assert_eq!(world.count(&columns("project_ppa")).await, 0);
    assert_eq!(world.count(&columns("communities_community")).await, 1);
    let outcome = world.drive(&applied(), &Watch::new()).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(world.dump().await, after);
}

const RESCOPED: &str =
    "\n[[groups.unique]]\ntable = \"communities_community\"\ncolumns = [\"code\"]\n\n";

fn second_organization() -> [&'static str; 2] {
    [
        "INSERT INTO organizations_organization (code, name, org_type, is_active, metadata, \
         created_at, updated_at) VALUES ('MAFAR', 'Agriculture', 'ministry', 1, '{}', 'x', 'x')",
        "INSERT INTO communities_community (name, code, organization_id) \
         SELECT 'same code', 'C1', id FROM organizations_organization WHERE code = 'MAFAR'",
    ]
}

/// A unique constraint over `code`, made by `statements` on top of the small application.
async fn rescoped(world: &World) {
    let before = world.dump().await;
    assert_eq!(world.apply().await, Outcome::Done);
    let after = world.dump().await;
    for statement in second_organization() {
        world.execute(statement).await;
    }
    let mut db = world.open().await;
    let twice = "INSERT INTO communities_community (name, code, organization_id) \
                 SELECT 'again', 'C1', id FROM organizations_organization WHERE code = 'OOBC'";
    assert!(
        db.execute(twice).await.is_err(),
        "unique within an organization"
    );
    db.close().await;

    // two organizations use the code: it cannot be unique over all of them again
    match world.undo().await {
        Outcome::Failed { step, error } => {
            assert!(step.contains(".unique."), "{step}");
            assert!(error.contains("UNIQUE"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    world
        .execute("DELETE FROM communities_community WHERE name = 'same code'")
        .await;
    world
        .execute("DELETE FROM organizations_organization WHERE code = 'MAFAR'")
        .await;
    assert_eq!(world.undo().await, Outcome::Done);
    let reset = "UPDATE sqlite_sequence SET seq = CASE name WHEN 'django_migrations' THEN 1 \
                 ELSE 23 END WHERE name IN ('django_migrations', 'communities_community')";
    world.execute(reset).await;
    assert_eq!(world.dump().await, before);
    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(world.dump().await, after);
}

#[tokio::test]
async fn a_unique_column_becomes_unique_per_organization_and_back() {
    let playbook = PLAYBOOK.replace(
        "[[groups]]\nname = \"projects\"",
        &format!("{RESCOPED}[[groups]]\nname = \"projects\""),
    );
    rescoped(&World::new(&SMALL, &playbook).await).await;
}

#[tokio::test]
async fn a_unique_index_becomes_unique_per_organization_and_back() {
    let playbook = PLAYBOOK.replace(
        "[[groups]]\nname = \"projects\"",
        &format!("{RESCOPED}[[groups]]\nname = \"projects\""),
    );
    let mut statements = SMALL.to_vec();
    let table = SMALL[2].replace(" UNIQUE", "");
    statements[2] = &table;
    statements
        .push("CREATE UNIQUE INDEX \"communities_code\" ON \"communities_community\" (\"code\")");
    rescoped(&World::new(&statements, &playbook).await).await;
}
