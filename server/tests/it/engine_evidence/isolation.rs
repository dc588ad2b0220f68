//! Every way in which a row can hang on another organization's is found and shown.

use server::db::Access;
use server::engine::isolation::{check, check_organization};

use super::office::{Office, playbook};

#[tokio::test]
async fn a_migrated_database_has_no_crossing() {
    let office = Office::migrated().await;
    let mut db = office.open(Access::Read).await;
    let isolation = check(&mut db, &playbook(), &office.schema().await)
        .await
        .unwrap();
    assert_eq!(isolation.crossing(), 0);
    let titles: Vec<_> = isolation
        .connections
        .iter()
        .map(|check| check.title.as_str())
        .collect();
    assert!(titles.contains(&"note along project_id"), "{titles:?}");
}

#[tokio::test]
async fn a_child_of_another_organization_is_found_with_its_row() {
    let office = Office::migrated().await;
    office
        .execute("UPDATE note SET organization_id = 2 WHERE id = 1")
        .await;
    let (schema, playbook) = (office.schema().await, playbook());
    let mut db = office.open(Access::Read).await;
    let isolation = check(&mut db, &playbook, &schema).await.unwrap();
    let found: Vec<_> = isolation
        .connections
        .iter()
        .filter(|check| check.crossing > 0)
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].samples,
        ["row 1 of note joins organizations 2 and 1"]
    );

    for (code, crossing) in [("OOBC", 1), ("MSSD", 1), ("MOH", 0)] {
        let alone = check_organization(&mut db, &playbook, &schema, code)
            .await
            .unwrap();
        assert_eq!(alone.foreign_rows, crossing, "{code}: {:?}", alone.findings);
        assert!(alone.reads >= 4);
    }
    let alone = check_organization(&mut db, &playbook, &schema, "OOBC")
        .await
        .unwrap();
    assert_eq!(
        alone.rows,
        [("Project".to_owned(), 2), ("Note".to_owned(), 1)]
    );
}

#[tokio::test]
async fn a_link_between_rows_of_two_organizations_is_found() {
    let office = Office::migrated().await;
    for sql in [
        "CREATE TABLE project_related (id integer PRIMARY KEY, from_id bigint REFERENCES project (id), to_id bigint REFERENCES project (id))",
        "INSERT INTO project_related VALUES (1, 1, 2), (2, 1, 5)",
    ] {
        office.execute(sql).await;
    }
    let mut db = office.open(Access::Read).await;
    let isolation = check(&mut db, &playbook(), &office.schema().await)
        .await
        .unwrap();
    let link = isolation
        .connections
        .iter()
        .find(|check| check.table == "project_related")
        .unwrap();
    assert_eq!((link.crossing, link.parents.len()), (1, 2));
    assert!(
        link.samples[0].starts_with("row 2 of project_related"),
        "{:?}",
        link.samples
    );
}

#[tokio::test]
async fn a_row_of_an_organization_that_does_not_exist_is_found() {
    let office = Office::migrated().await;
    office
        .execute("UPDATE project SET organization_id = 77 WHERE id = 3")
        .await;
    let mut db = office.open(Access::Read).await;
    let isolation = check(&mut db, &playbook(), &office.schema().await)
        .await
        .unwrap();
    assert_eq!(isolation.crossing(), 1);
}
