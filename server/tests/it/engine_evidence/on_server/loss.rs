//! What a restore would lose is counted row by row, against the backup restored beside the live database.

use server::engine::loss::{Change, Loss, LostRow, export, since};
use server::engine::progress::Watch;

use super::Application;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_since_is_counted_by_table_and_exported_row_by_row() {
    let application = Application::new().await;
    let backup = application.take("first").await;
    let lost = since(application.url(), &backup, None, Watch::nobody());
    assert_eq!(lost.await.unwrap(), Loss::default());
    let written = r#"
        UPDATE project SET budget = 2 WHERE title = 'Wells';
        INSERT INTO note (project_id, text) VALUES (2, 'new');
        DELETE FROM note WHERE text = 'dug';
        INSERT INTO log VALUES ('a'), ('c');
        DELETE FROM log WHERE line IS NULL;
        UPDATE visit SET place = 'Jolo' WHERE at = '2031-01-01';
        CREATE TABLE later (id int PRIMARY KEY);
        INSERT INTO later VALUES (10), (9);
        INSERT INTO "Old ""Archive"""."Größe.x" VALUES (7, true);
        ALTER TABLE project ADD COLUMN organization_id bigint DEFAULT 1;
        DROP TABLE empty"#;
    application.execute(written).await;
    let file = application.directory.path().join("lost.json");
    let exported = export(application.url(), &backup, None, &file, Watch::nobody())
        .await
        .unwrap();
    let counted: Vec<_> = (exported.loss.tables.iter())
        .map(|table| (&*table.table, table.created, table.changed, table.deleted))
        .collect();
    let named = |part: &str| counted.iter().filter(|one| one.0.contains(part)).count();
    assert_eq!(named("Größe"), 1, "{counted:?}");
    for expected in [
        ("later", 2, 0, 0),
        // without a key a changed row is one deleted and one made
        ("log", 2, 0, 1),
        ("note", 1, 0, 1),
        ("project", 0, 1, 0),
        ("visit", 1, 0, 1),
    ] {
        assert!(counted.contains(&expected), "{expected:?}: {counted:?}");
    }
    assert_eq!(counted.len(), 6, "{counted:?}");

    let text = std::fs::read_to_string(&file).unwrap();
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows: Vec<LostRow> = serde_json::from_value(whole["rows"].clone()).unwrap();
    assert_eq!(rows.len() as u64, exported.rows);
    let changed = rows.iter().find(|row| row.what == Change::Changed).unwrap();
    let of = |side: &Option<serde_json::Map<String, serde_json::Value>>| {
        side.as_ref().unwrap()["budget"].to_string()
    };
    assert!(of(&changed.before).contains("1.50"), "{changed:?}");
    assert!(of(&changed.after).contains("2.00"), "{changed:?}");
}
