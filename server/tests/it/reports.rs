//! Verification reports: what they say before and after a migration, as files and beside each other.

use axum::http::{StatusCode, header};
use shared::account::Role;
use shared::report::{CheckResult, Report, ReportComparison, ReportSummary};

use crate::app::Client;
use crate::site::Site;

async fn measure(client: &mut Client) -> Report {
    let answer = client.post("/systems/obcms/reports", ()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.read()
}

fn results(report: &Report, section: &str) -> Vec<CheckResult> {
    let found = report.sections.iter().find(|found| found.name == section);
    found
        .expect("the section")
        .checks
        .iter()
        .map(|check| check.result)
        .collect()
}

#[tokio::test]
async fn a_report_fails_before_the_migration_and_its_measurements_pass_after_it() {
    let site = Site::start().await;
    let mut operator = site.app.client(Role::Operator).await;
    let before = measure(&mut operator).await;
    assert!(!before.summary.passed);
    assert!(
        results(&before, "models")
            .iter()
            .all(|result| *result == CheckResult::Failed)
    );

    site.world.apply().await;
    let after = measure(&mut operator).await;
    for section in [
        "organizations",
        "models",
        "structure",
        "isolation",
        "integrity",
    ] {
        let passed = results(&after, section)
            .iter()
            .all(|result| *result == CheckResult::Passed);
        assert!(passed, "{section}: {after:?}");
    }
    // no application answers in this test: that is said, not passed over
    assert_eq!(results(&after, "middleware"), [CheckResult::NotMeasured]);
    assert!(!after.summary.passed);

    let path = format!(
        "/systems/obcms/reports/{}/compare?with={}",
        after.summary.number, before.summary.number
    );
    let comparison: ReportComparison = operator.get(&path).await.read();
    assert!(
        comparison
            .differences
            .iter()
            .any(|found| found.after == "23/23 (100%)"),
        "{comparison:?}"
    );
    assert!(comparison.differences.iter().all(|found| !found.worse));
}

#[tokio::test]
async fn a_missing_row_is_counted_by_the_report() {
    let site = Site::start().await;
    site.world
        .execute("UPDATE project_ppa SET office = NULL WHERE id <= 5")
        .await;
    site.world.apply().await;
    let mut operator = site.app.client(Role::Operator).await;
    let report = measure(&mut operator).await;
    let models = report
        .sections
        .iter()
        .find(|found| found.name == "models")
        .expect("models");
    let ppas = models
        .checks
        .iter()
        .find(|check| check.title == "PPAs")
        .expect("PPAs");
    assert_eq!(ppas.measured, "29/34 (85.2%)");
    assert_eq!(ppas.result, CheckResult::Failed);
}

#[tokio::test]
async fn reports_are_numbered_kept_and_downloaded() {
    let site = Site::start().await;
    let mut operator = site.app.client(Role::Operator).await;
    measure(&mut operator).await;
    measure(&mut operator).await;
    let list: Vec<ReportSummary> = operator.get("/systems/obcms/reports").await.read();
    assert_eq!(
        list.iter().map(|one| one.number).collect::<Vec<_>>(),
        [2, 1]
    );
    let file = operator.get("/systems/obcms/reports/2/report.md").await;
    assert!(
        file.text.starts_with("# OBCMS verification report 2\n"),
        "{}",
        file.text
    );
    let disposition = &file.headers[header::CONTENT_DISPOSITION];
    assert_eq!(disposition, "attachment; filename=\"obcms-report-2.md\"");
    let json: Report = operator
        .get("/systems/obcms/reports/2/report.json")
        .await
        .read();
    assert_eq!(json.fingerprint.len(), 64);
    assert_eq!(
        operator.get("/systems/obcms/reports/9").await.problem(),
        "not-found"
    );
}

#[tokio::test]
async fn a_viewer_reads_reports_and_does_not_make_them() {
    let site = Site::start().await;
    let mut viewer = site.app.client(Role::Viewer).await;
    assert_eq!(
        viewer.post("/systems/obcms/reports", ()).await.problem(),
        "not-allowed"
    );
    assert_eq!(
        viewer.get("/systems/obcms/reports").await.status,
        StatusCode::OK
    );
}
