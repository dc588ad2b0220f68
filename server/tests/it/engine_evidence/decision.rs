//! Rows that no rule places wait for people; what people decide is recorded and can be taken back.

use server::db::Access;
use server::engine::Schema;
use server::engine::decision::{
    Assignment, BulkRule, DecisionError, Query, assign, assign_by_rule, decisions, page, undo,
};
use server::engine::playbook::Playbook;

use super::office::{Office, playbook};

struct Case {
    office: Office,
    playbook: Playbook,
    schema: Schema,
}

impl Case {
    async fn new() -> Self {
        let office = Office::migrated().await;
        let schema = office.schema().await;
        Self {
            office,
            playbook: playbook(),
            schema,
        }
    }

    async fn page(&self, table: &str, query: &Query) -> server::engine::decision::Page {
        let mut db = self.office.open(Access::Read).await;
        let (_, model) = self.playbook.model(table).unwrap();
        page(&mut db, &self.playbook, &self.schema, model, query)
            .await
            .unwrap()
    }

    async fn assign(
        &self,
        table: &str,
        rows: &[(&str, &str)],
    ) -> Result<server::engine::decision::Assigned, DecisionError> {
        let mut db = self.office.open(Access::Write).await;
        let (_, model) = self.playbook.model(table).unwrap();
        let rows: Vec<Assignment> = rows
            .iter()
            .map(|(key, organization)| Assignment {
                key: (*key).to_owned(),
                organization: (*organization).to_owned(),
            })
            .collect();
        assign(&mut db, &self.playbook, &self.schema, model, &rows, "amina").await
    }

    async fn by_rule(&self, rule: BulkRule, preview: bool) -> server::engine::decision::Assigned {
        let mut db = self.office.open(Access::Write).await;
        let (_, model) = self.playbook.model("project").unwrap();
        assign_by_rule(
            &mut db,
            &self.playbook,
            &self.schema,
            model,
            &rule,
            "amina",
            preview,
        )
        .await
        .unwrap()
    }

    async fn undo(&self, keys: &[&str]) -> Result<u64, DecisionError> {
        let mut db = self.office.open(Access::Write).await;
        let (_, model) = self.playbook.model("project").unwrap();
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        undo(&mut db, &self.playbook, &self.schema, model, &keys).await
    }
}

#[tokio::test]
async fn a_row_says_why_it_is_left_and_where_it_may_belong() {
    let case = Case::new().await;
    let projects = case.page("project", &Query::default()).await;
    assert_eq!(
        (projects.total, projects.matching, projects.next),
        (2, 2, None)
    );
    let titles: Vec<_> = projects
        .rows
        .iter()
        .map(|row| (row.key.as_str(), row.title.as_str()))
        .collect();
    assert_eq!(titles, [("3", "Bridge"), ("4", "Clinic")]);
    assert_eq!(projects.reasons, [("The rule gives no code".to_owned(), 2)]);
    assert_eq!(
        projects.rows[0].candidates,
        ["OOBC"],
        "GONE is no organization"
    );
    assert_eq!(projects.rows[1].candidates, ["MOH", "OOBC"]);

    let notes = case.page("note", &Query::default()).await;
    assert_eq!(
        notes.reasons,
        [
            (
                "The row of project it refers to has no organization".to_owned(),
                1
            ),
            ("project_id is empty".to_owned(), 1)
        ]
    );
}

#[tokio::test]
async fn pages_follow_the_key_and_search_and_reason_narrow_them() {
    let case = Case::new().await;
    case.office
        .execute(
            "INSERT INTO project (id, title, office) \
             WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 129) \
             SELECT i, 'Plan ' || i, CASE WHEN i % 2 THEN 'NOPE' END FROM n",
        )
        .await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let query = Query {
            after,
            limit: 50,
            ..Query::default()
        };
        let page = case.page("project", &query).await;
        assert_eq!(page.total, 122);
        seen.extend(
            page.rows
                .into_iter()
                .map(|row| row.key.parse::<i64>().unwrap()),
        );
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let wanted: Vec<i64> = [3, 4].into_iter().chain(10..130).collect();
    assert_eq!(seen, wanted, "each row once, in the order of numbers");

    let reason = "No organization has the code NOPE".to_owned();
    let narrowed = case
        .page(
            "project",
            &Query {
                reason: Some(reason),
                ..Query::default()
            },
        )
        .await;
    assert_eq!(narrowed.matching, 60);
    let searched = case
        .page(
            "project",
            &Query {
                search: Some("plan 12".into()),
                ..Query::default()
            },
        )
        .await;
    assert_eq!(searched.matching, 11, "Plan 12 and 120 to 129");
}

#[tokio::test]
async fn a_decision_is_recorded_and_rows_that_hang_on_it_follow() {
    let case = Case::new().await;
    let done = case.assign("project", &[("3", "MOH")]).await.unwrap();
    assert_eq!(
        (done.assigned, done.passed_over, done.followed, done.left),
        (1, 0, 1, 1)
    );
    let note = case
        .office
        .count("SELECT organization_id FROM note WHERE id = 3")
        .await;
    assert_eq!(note, 3);
    let mut db = case.office.open(Access::Read).await;
    let (_, model) = case.playbook.model("project").unwrap();
    let recorded = decisions(&mut db, &case.playbook, model, 10).await.unwrap();
    assert_eq!(recorded.len(), 1);
    let decision = &recorded[0];
    assert_eq!(
        (
            decision.key.as_str(),
            decision.organization.as_str(),
            decision.by.as_str(),
            &decision.rule
        ),
        ("3", "MOH", "amina", &None)
    );
}

#[tokio::test]
async fn a_row_that_has_an_organization_is_never_moved_by_a_decision() {
    let case = Case::new().await;
    let done = case
        .assign("project", &[("1", "MOH"), ("99", "MOH"), ("4", "MOH")])
        .await
        .unwrap();
    assert_eq!((done.assigned, done.passed_over), (1, 2));
    assert_eq!(
        case.office
            .count("SELECT organization_id FROM project WHERE id = 1")
            .await,
        1
    );
}

#[tokio::test]
async fn an_unknown_organization_refuses_all_of_it() {
    let case = Case::new().await;
    let refused = case.assign("project", &[("3", "MOH"), ("4", "NOPE")]).await;
    assert!(matches!(
        refused,
        Err(DecisionError::UnknownOrganization { .. })
    ));
    assert_eq!(
        case.page("project", &Query::default()).await.total,
        2,
        "also not the first"
    );
}

#[tokio::test]
async fn a_rule_takes_what_it_says_and_a_preview_changes_nothing() {
    let case = Case::new().await;
    let preview = case.by_rule(BulkRule::BestCandidate, true).await;
    assert_eq!((preview.assigned, preview.left), (1, 1));
    assert_eq!(case.page("project", &Query::default()).await.total, 2);
    assert_eq!(case.by_rule(BulkRule::BestCandidate, false).await, preview);
    let reason = BulkRule::Reason {
        reason: "The rule gives no code".into(),
        organization: "OOBC".into(),
    };
    assert_eq!(case.by_rule(reason, false).await.assigned, 1);
    let none = BulkRule::All {
        organization: "OOBC".into(),
    };
    assert_eq!(case.by_rule(none, false).await.assigned, 0);
    let rules = case
        .office
        .count("SELECT COUNT(DISTINCT rule) FROM switchyard_decision")
        .await;
    assert_eq!(rules, 2);
}

#[tokio::test]
async fn a_decision_can_be_taken_back_while_the_column_may_be_empty() {
    let case = Case::new().await;
    let before = case
        .office
        .rows("SELECT id, organization_id FROM note ORDER BY id")
        .await;
    case.assign("project", &[("3", "MOH"), ("4", "MOH")])
        .await
        .unwrap();
    case.office
        .execute("UPDATE project SET organization_id = 1 WHERE id = 4")
        .await;
    assert_eq!(
        case.undo(&["3", "4", "1"]).await.unwrap(),
        1,
        "4 was given another since, 1 was none"
    );
    assert_eq!(case.page("project", &Query::default()).await.total, 1);
    assert_eq!(
        case.office
            .rows("SELECT id, organization_id FROM note ORDER BY id")
            .await,
        before
    );
    assert_eq!(
        case.office
            .count("SELECT COUNT(*) FROM switchyard_decision")
            .await,
        1
    );
}

#[tokio::test]
async fn before_the_run_there_is_nothing_to_decide() {
    let office = Office::new().await;
    let (playbook, schema) = (playbook(), office.schema().await);
    let mut db = office.open(Access::Read).await;
    let (_, model) = playbook.model("project").unwrap();
    let refused = page(&mut db, &playbook, &schema, model, &Query::default()).await;
    assert!(matches!(refused, Err(DecisionError::NotBegun { .. })));
}
