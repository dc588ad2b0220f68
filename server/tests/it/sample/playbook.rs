//! The sample's playbook fits the sample's database.

use server::db::{Access, Connection, DatabaseUrl};
use server::engine::playbook::Playbook;
use server::sample;

use super::small_sample;

#[tokio::test]
async fn every_expression_and_statement_of_the_playbook_prepares() {
    let playbook = Playbook::parse("obcms-to-bmms.toml", sample::PLAYBOOK).unwrap();
    let (_directory, path) = small_sample(|_| {}).await;
    let url = DatabaseUrl::Sqlite(path);
    let mut connection = Connection::open(&url, Access::Write).await.unwrap();
    // what the migration adds, so that invariants and list queries can be prepared
    connection
        .execute("CREATE TABLE organizations_organization (id integer PRIMARY KEY, code text)")
        .await
        .unwrap();
    for (_, model) in playbook.models() {
        let table = &model.table;
        if let Some(title) = &model.title {
            let sql = format!("SELECT \"{title}\" FROM \"{table}\"");
            connection.prepare(&sql).await.unwrap();
        }
        for expression in [&model.candidates, &model.reason].into_iter().flatten() {
            let sql = format!("SELECT {expression} FROM \"{table}\" AS t");
            connection.prepare(&sql).await.unwrap();
        }
        let add = format!("ALTER TABLE \"{table}\" ADD COLUMN organization_id bigint");
        connection.execute(add).await.unwrap();
    }
    for invariant in &playbook.invariants {
        assert_eq!(connection.count(invariant.sql.as_str()).await.unwrap(), 0);
    }
    for query in &playbook.checks.queries {
        connection
            .prepare(&query.sql.replace(":organization", "1"))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn budget_codes_suggest_the_office_of_14_projects() {
    let playbook = Playbook::parse("obcms-to-bmms.toml", sample::PLAYBOOK).unwrap();
    let (_, ppa) = playbook.model("project_central_ppa").unwrap();
    let candidates = ppa.candidates.as_deref().unwrap();
    let (_directory, path) = small_sample(|_| {}).await;
    let url = DatabaseUrl::Sqlite(path);
    let mut connection = Connection::open(&url, Access::Read).await.unwrap();
    let suggestions = connection
        .rows(format!(
            "SELECT {candidates}, COUNT(*) FROM project_central_ppa AS t WHERE t.implementing_office = '' GROUP BY 1"
        ))
        .await
        .unwrap();
    let suggestions: Vec<_> = suggestions
        .iter()
        .map(|row| (row.text(0), row.integer(1)))
        .collect();
    assert_eq!(suggestions, [(None, 9), (Some("OOBC"), 14)]);
}
