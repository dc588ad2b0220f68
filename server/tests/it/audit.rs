//! The audit log: nobody changes it unseen, and it can be read, filtered and taken away as a table.

use axum::http::{StatusCode, header};
use server::audit::{self, Entry};
use server::store::sql;
use shared::account::Role;
use shared::audit::{AuditPage, AuditVerification};

use crate::app::TestApp;

/// A server with ten entries of two systems.
async fn with_entries() -> TestApp {
    let app = TestApp::start().await;
    for number in 1..=10 {
        let system = if number % 2 == 0 { "obcms" } else { "other" };
        let entry = Entry::of("amina", "run.started", format!("run {number}"), "Started.");
        audit::record(&app.state.store, app.clock.now(), entry.on(system))
            .await
            .unwrap();
    }
    app
}

async fn verify(app: &TestApp) -> AuditVerification {
    let mut reader = app.state.store.reader().await.unwrap();
    audit::verify(&mut reader).await.unwrap()
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_or_shorten_the_log() {
    let app = with_entries().await;
    for statement in [
        "UPDATE audit SET actor = 'bao' WHERE id = 3",
        "DELETE FROM audit WHERE id = 3",
    ] {
        let mut tx = app.state.store.write().await.unwrap();
        let refused = sql::query(statement).execute(&mut *tx).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"));
    }
    assert!(verify(&app).await.whole);
}

async fn forge(app: &TestApp, statement: &'static str) {
    let mut tx = app.state.store.write().await.unwrap();
    for statement in [
        "DROP TRIGGER audit_is_never_changed",
        "DROP TRIGGER audit_is_never_shortened",
        statement,
    ] {
        sql::query(statement).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_forged_log_is_found_at_its_first_forged_entry() {
    for (statement, first) in [
        ("UPDATE audit SET actor = 'bao' WHERE id = 4", 4),
        ("UPDATE audit SET at = at + 1 WHERE id = 5", 5),
        ("UPDATE audit SET address = '' WHERE id = 6", 6),
        ("UPDATE audit SET refused = 1 WHERE id = 10", 10),
        ("DELETE FROM audit WHERE id = 7", 7),
        ("DELETE FROM audit WHERE id = 1", 1),
        ("UPDATE audit SET previous_hash = hash WHERE id = 8", 8),
    ] {
        let app = with_entries().await;
        forge(&app, statement).await;
        let found = verify(&app).await;
        assert!(!found.whole, "{statement}");
        assert_eq!(found.broken_at, Some(first), "{statement}");
        let mut viewer = app.client(Role::Viewer).await;
        let told: AuditVerification = viewer.get("/audit/verification").await.read();
        assert_eq!(told.broken_at, Some(first));
    }
}

#[tokio::test]
async fn entries_written_at_the_same_time_make_one_chain() {
    let app = TestApp::start().await;
    let writing = (0..40).map(|number| {
        let state = app.state.clone();
        tokio::spawn(async move {
            let entry = Entry::by_itself("test.written", format!("entry {number}"), "Written.");
            audit::record(&state.store, state.clock.now(), entry).await
        })
    });
    for written in futures_util::future::join_all(writing).await {
        written.unwrap().unwrap();
    }
    let found = verify(&app).await;
    assert!(found.whole);
    assert_eq!(found.entries, 40);
}

#[tokio::test]
async fn pages_are_filtered_and_follow_each_other_without_a_gap() {
    let app = with_entries().await;
    let mut viewer = app.client(Role::Viewer).await;
    let first: AuditPage = viewer.get("/audit?system=obcms&limit=3").await.read();
    let ids = |page: &AuditPage| {
        page.entries
            .iter()
            .map(|entry| entry.id)
            .collect::<Vec<_>>()
    };
    assert_eq!((ids(&first), first.total), (vec![10, 8, 6], 5));
    let path = format!("/audit?system=obcms&limit=3&before={}", first.next.unwrap());
    let second: AuditPage = viewer.get(&path).await.read();
    assert_eq!((ids(&second), second.next), (vec![4, 2], None));
    let found: AuditPage = viewer.get("/audit?q=RUN%207").await.read();
    assert_eq!(ids(&found), [7]);
    let none: AuditPage = viewer.get("/audit?actor=bao").await.read();
    assert_eq!((none.total, none.actors), (0, vec!["amina".to_owned()]));
}

#[tokio::test]
async fn a_name_that_looks_like_a_formula_is_text_in_the_export() {
    let app = TestApp::start().await;
    let entry = Entry::of(
        "amina",
        "test.written",
        "=HYPERLINK(\"http://evil\")",
        "a \"b\", c",
    );
    audit::record(&app.state.store, app.clock.now(), entry)
        .await
        .unwrap();
    let mut operator = app.client(Role::Operator).await;
    let answer = operator.get("/audit.csv").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer.headers[header::CONTENT_DISPOSITION]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    let mut reader = csv::Reader::from_reader(answer.text.as_bytes());
    let record = reader.records().next().unwrap().unwrap();
    assert_eq!(&record[5], "'=HYPERLINK(\"http://evil\")");
    assert_eq!(&record[6], "a \"b\", c");
    // and taking it away is itself written down
    let page: AuditPage = operator.get("/audit?action=audit.exported").await.read();
    assert_eq!(page.total, 1);
}

#[tokio::test]
async fn a_wrong_query_is_refused_with_its_reason() {
    let app = TestApp::start().await;
    let mut viewer = app.client(Role::Viewer).await;
    let answer = viewer.get("/audit?limit=many").await;
    assert_eq!(answer.problem(), "invalid");
    assert_eq!(answer.json()["fields"][0]["field"], "query");
}
