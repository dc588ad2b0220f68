//! Rows of a target: paged without gaps, by organization, with secrets kept from view.

use axum::http::StatusCode;
use shared::account::Role;
use shared::browse::{AllOrganizations, BrowseModels, RowPage};

use crate::site::Site;

#[tokio::test]
async fn pages_hold_every_row_once() {
    let site = Site::start().await;
    site.world
        .execute(
            "INSERT INTO project_ppa (title, office) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL \
             SELECT i + 1 FROM n WHERE i < 100) SELECT 'More ' || i, 'OOBC' FROM n",
        )
        .await;
    let mut viewer = site.app.client(Role::Viewer).await;
    let mut keys = Vec::new();
    let mut path = "/systems/obcms/data/PPA".to_owned();
    loop {
        let page: RowPage = viewer.get(&path).await.read();
        assert_eq!(page.total, 134);
        keys.extend(page.rows.iter().map(|row| row[0].clone().expect("a key")));
        let Some(next) = page.next else { break };
        path = format!("/systems/obcms/data/PPA?after={next}");
    }
    let expected: Vec<String> = (1..=134).map(|key| key.to_string()).collect();
    assert_eq!(keys, expected);
}

#[tokio::test]
async fn rows_of_an_organization_are_asked_for_only_once_rows_have_one() {
    let site = Site::start().await;
    let mut viewer = site.app.client(Role::Viewer).await;
    let answer = viewer.get("/systems/obcms/data?organization=OOBC").await;
    assert_eq!(answer.problem(), "not-found", "{}", answer.text);

    let site = Site::migrated().await;
    let mut viewer = site.app.client(Role::Viewer).await;
    let models: BrowseModels = viewer
        .get("/systems/obcms/data?organization=oobc")
        .await
        .read();
    let rows: Vec<_> = models
        .models
        .iter()
        .map(|model| (model.label.as_str(), model.rows))
        .collect();
    assert_eq!(rows, [("Community", 23), ("Profile", 41), ("PPA", 34)]);
    let page: RowPage = viewer
        .get("/systems/obcms/data/ppa?organization=OOBC&q=PPA%2012")
        .await
        .read();
    assert_eq!((page.total, page.model.as_str()), (1, "PPA"));
}

#[tokio::test]
async fn a_search_takes_its_text_as_it_is() {
    let site = Site::start().await;
    site.world
        .execute("UPDATE project_ppa SET title = '100 % grant_aid' WHERE id = 7")
        .await;
    let mut viewer = site.app.client(Role::Viewer).await;
    for text in ["100%20%25", "grant_aid", "%25"] {
        let page: RowPage = viewer
            .get(&format!("/systems/obcms/data/PPA?q={text}"))
            .await
            .read();
        assert_eq!(page.rows.len(), 1, "{text}: no letter of it is a wild card");
    }
}

#[tokio::test]
async fn a_column_that_is_named_like_a_secret_is_not_shown() {
    let site = Site::start().await;
    site.world
        .execute("ALTER TABLE project_ppa ADD COLUMN api_token text DEFAULT 'planted'")
        .await;
    let mut viewer = site.app.client(Role::Viewer).await;
    let answer = viewer.get("/systems/obcms/data/PPA").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains("hidden") && !answer.text.contains("planted"));
}

#[tokio::test]
async fn what_is_unknown_is_named_with_what_there_is() {
    let site = Site::start().await;
    let mut viewer = site.app.client(Role::Viewer).await;
    let answer = viewer.get("/systems/obcms/data/Nothing").await;
    assert_eq!(answer.problem(), "not-found");
    assert!(
        answer.text.contains("Community, Profile, PPA"),
        "{}",
        answer.text
    );
    let answer = viewer
        .get("/systems/obcms/data/PPA?after=%5B%22x%22,1%5D")
        .await;
    assert_eq!(answer.problem(), "invalid");
}

#[tokio::test]
async fn before_the_migration_no_organization_has_a_row_and_that_is_no_error() {
    let site = Site::start().await;
    let mut viewer = site.app.client(Role::Viewer).await;
    let all: AllOrganizations = viewer.get("/systems/obcms/all").await.read();
    assert!(all.organizations.is_empty(), "{all:?}");
    assert!(all.totals.iter().all(|total| total.rows == 0), "{all:?}");
}

#[tokio::test]
async fn all_organizations_are_counted_together_after_the_migration() {
    let site = Site::migrated().await;
    site.world
        .execute(
            "INSERT INTO organizations_organization (code, name, org_type, is_active, metadata, created_at, \
             updated_at) VALUES ('MOH', 'Ministry of Health', 'ministry', 0, '{}', 'x', 'x')",
        )
        .await;
    site.world
        .execute(
            "UPDATE project_ppa SET organization_id = (SELECT id FROM organizations_organization \
             WHERE code = 'MOH') WHERE id <= 4",
        )
        .await;
    let mut viewer = site.app.client(Role::Viewer).await;
    let all: AllOrganizations = viewer.get("/systems/obcms/all").await.read();
    let totals: Vec<_> = all
        .organizations
        .iter()
        .map(|one| (one.code.as_str(), one.total))
        .collect();
    assert_eq!(totals[0], ("MOH", 4));
    assert_eq!(totals[1].0, "OOBC");
    assert_eq!(
        totals.iter().map(|one| one.1).sum::<u64>(),
        all.totals.iter().map(|one| one.rows).sum::<u64>()
    );
    assert_eq!(all.with_rows, 2);
}
