//! What a way back would lose is counted row by row, and what the migration itself did is no loss.

use server::db::{Access, Value};
use server::engine::backup::{self, Backup};
use server::engine::loss::{Change, Loss, LostRow, assignments, export, since};
use server::engine::progress::Watch;

use super::office::{Office, playbook};

async fn take(office: &Office) -> Backup {
    backup::take(&office.url, &office.backups(), "first", Watch::nobody())
        .await
        .unwrap()
}

async fn lost(office: &Office, backup: &Backup) -> Loss {
    since(&office.url, backup, Some(&playbook()), Watch::nobody())
        .await
        .unwrap()
}

async fn rows(office: &Office, backup: &Backup) -> Vec<LostRow> {
    let file = office.directory.path().join("lost.json");
    let _ = std::fs::remove_file(&file);
    let exported = export(
        &office.url,
        backup,
        Some(&playbook()),
        &file,
        Watch::nobody(),
    )
    .await
    .unwrap();
    assert_eq!(exported.bytes, std::fs::metadata(&file).unwrap().len());
    let text = std::fs::read_to_string(&file).unwrap();
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(whole["backup"], "first");
    let rows: Vec<LostRow> = serde_json::from_value(whole["rows"].clone()).unwrap();
    assert_eq!(rows.len() as u64, exported.rows);
    rows
}

#[tokio::test]
async fn an_untouched_database_loses_nothing() {
    let office = Office::new().await;
    let backup = take(&office).await;
    assert_eq!(lost(&office, &backup).await, Loss::default());
}

#[tokio::test]
async fn what_the_migration_did_is_no_loss() {
    let office = Office::new().await;
    let backup = take(&office).await;
    for sql in [
        "CREATE TABLE organization (id integer PRIMARY KEY, code text, name text)",
        "INSERT INTO organization VALUES (1, 'OOBC', 'Office for Other Bangsamoro Communities')",
        "ALTER TABLE project ADD COLUMN organization_id bigint NULL REFERENCES organization (id)",
        "UPDATE project SET organization_id = 1",
        "INSERT INTO migrations VALUES (2, '0002_organizations')",
        "CREATE TABLE switchyard_run (run TEXT PRIMARY KEY)",
        "INSERT INTO switchyard_run VALUES ('one')",
    ] {
        office.execute(sql).await;
    }
    let loss = lost(&office, &backup).await;
    assert_eq!(loss.rows(), 0, "{loss:?}");
    let named: Vec<_> = loss
        .tables
        .iter()
        .map(|table| (table.table.as_str(), table.by_migration))
        .collect();
    assert_eq!(named, [("migrations", 1), ("organization", 1)]);
    office
        .execute("INSERT INTO organization VALUES (2, 'MOH', 'Ministry of Health')")
        .await;
    assert_eq!(
        lost(&office, &backup).await.rows(),
        1,
        "an onboarded organization is a loss"
    );
}

#[tokio::test]
async fn rows_made_changed_and_deleted_are_found_each_at_its_key() {
    let office = Office::new().await;
    let backup = take(&office).await;
    for sql in [
        "ALTER TABLE project ADD COLUMN organization_id bigint",
        "UPDATE project SET organization_id = 1, title = 'Roads and bridges' WHERE id = 2",
        "DELETE FROM project WHERE id = 4",
        "INSERT INTO project (id, title) VALUES (0, 'first'), (6, 'last')",
        "INSERT INTO tag VALUES ('Ñ', 'new')",
        "DELETE FROM project_tag WHERE tag_id = 'road'",
    ] {
        office.execute(sql).await;
    }
    let loss = lost(&office, &backup).await;
    let project = loss
        .tables
        .iter()
        .find(|table| table.table == "project")
        .unwrap();
    assert_eq!(project.model.as_deref(), Some("Project"));
    assert_eq!(
        (project.created, project.changed, project.deleted),
        (2, 1, 1)
    );
    let found: Vec<_> = rows(&office, &backup)
        .await
        .into_iter()
        .map(|row| (row.table, row.what, row.key))
        .collect();
    let number = Value::Integer;
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(
        found,
        [
            ("project".into(), Change::Created, vec![number(0)]),
            ("project".into(), Change::Changed, vec![number(2)]),
            ("project".into(), Change::Deleted, vec![number(4)]),
            ("project".into(), Change::Created, vec![number(6)]),
            (
                "project_tag".into(),
                Change::Deleted,
                vec![number(2), text("road")]
            ),
            ("tag".into(), Change::Created, vec![text("Ñ")]),
        ]
    );
}

#[tokio::test]
async fn the_smallest_change_of_a_value_is_found_at_its_row() {
    for (what, sql, key) in [
        (
            "case only",
            "UPDATE project SET title = 'roads' WHERE id = 2",
            2,
        ),
        (
            "a space at the end",
            "UPDATE project SET title = 'Bridge ' WHERE id = 3",
            3,
        ),
        (
            "NULL for empty",
            "UPDATE project SET office = NULL WHERE id = 3",
            3,
        ),
        (
            "empty for NULL",
            "UPDATE project SET office = '' WHERE id = 4",
            4,
        ),
        ("the type", "UPDATE project SET scan = '' WHERE id = 2", 2),
        (
            "text for bytes",
            "UPDATE project SET scan = CAST(scan AS TEXT) WHERE id = 1",
            1,
        ),
        (
            "a decimal",
            "UPDATE project SET budget = 4.250000001 WHERE id = 5",
            5,
        ),
        (
            "the form of a letter",
            "UPDATE project SET title = 'Wells of N\u{303}un\u{303}gan' WHERE id = 1",
            1,
        ),
    ] {
        let office = Office::new().await;
        let backup = take(&office).await;
        office.execute(sql).await;
        let found = rows(&office, &backup).await;
        let [row] = &found[..] else {
            panic!("{what}: {found:?}");
        };
        assert_eq!(
            (row.what, &row.key),
            (Change::Changed, &vec![Value::Integer(key)]),
            "{what}"
        );
        assert_ne!(row.before, row.after, "{what}");
    }
}

#[tokio::test]
async fn two_values_that_changed_places_are_two_changed_rows() {
    let office = Office::new().await;
    let backup = take(&office).await;
    office
        .execute("UPDATE project SET title = CASE id WHEN 2 THEN 'Bridge' ELSE 'Roads' END WHERE id IN (2, 3)")
        .await;
    let loss = lost(&office, &backup).await;
    assert_eq!((loss.tables.len(), loss.tables[0].changed), (1, 2));
}

#[tokio::test]
async fn rows_without_a_key_are_compared_by_how_often_each_is_there() {
    let office = Office::new().await;
    let backup = take(&office).await;
    office.execute("DELETE FROM log WHERE rowid = 1").await;
    office.execute("INSERT INTO log VALUES ('b'), ('c')").await;
    let loss = lost(&office, &backup).await;
    let log = &loss.tables[0];
    assert_eq!(
        (log.created, log.changed, log.deleted, log.without_key),
        (2, 0, 1, true)
    );
}

#[tokio::test]
async fn assignments_that_a_rule_would_not_give_again_are_counted_by_group() {
    let office = Office::migrated().await;
    office
        .execute("UPDATE project SET organization_id = 3 WHERE id IN (2, 4)")
        .await;
    office
        .execute("INSERT INTO switchyard_decision VALUES ('project', '4', 3, 'amina', 0, NULL)")
        .await;
    let (playbook, schema) = (playbook(), office.schema().await);
    let mut db = office.open(Access::Read).await;
    let lost = assignments(&mut db, &playbook, &schema, None)
        .await
        .unwrap();
    let found: Vec<_> = lost
        .iter()
        .map(|lost| (lost.table.as_str(), lost.assignments, lost.decisions))
        .collect();
    assert_eq!(found, [("project", 2, 1)]);
    let other = ["elsewhere".to_owned()];
    assert!(
        assignments(&mut db, &playbook, &schema, Some(&other))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn an_export_never_overwrites_a_file() {
    let office = Office::new().await;
    let backup = take(&office).await;
    let file = office.directory.path().join("mine.json");
    std::fs::write(&file, "mine").unwrap();
    assert!(
        export(&office.url, &backup, None, &file, Watch::nobody())
            .await
            .is_err()
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}
