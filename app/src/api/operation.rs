//! Routes about operating a system: organizations, data, mode, rollback, backups, reports.

use gloo_net::http::Method;
use serde::de::IgnoredAny;
use shared::backup::{BackupSummary, KeptDatabase, ReleaseKept};
use shared::browse::{AllOrganizations, BrowseModels, RowPage};
use shared::health::{Baseline, CaptureBaseline, HealthView};
use shared::mode::{ModeSwitch, ModeView, SwitchMode};
use shared::notice::{NoticePreview, Notices, PreviewNotice, WriteUpdate, WriteWindow};
use shared::organization::{
    ChangeOrganization, ImportOrganizations, ImportResult, IsolationCheck, MoveOrganization,
    NewOrganization, Organization, OrganizationDetail, OrganizationList, PlanWaves,
};
use shared::report::{Report, ReportComparison, ReportSummary};
use shared::rollback::{RollbackCost, RollbackOptions, RollbackRecord, StartRollback, WriteTask};
use shared::status_link::{MadeStatusLink, MakeStatusLink, StatusLink};
use shared::subscriber::Subscribers;
use shared::webhook::{Delivery, MadeWebhook, MakeWebhook, TriedCall, Webhook};

use super::{Answer, Press, command, file, get, of, submit, submit_once, with_query};
use crate::route::encode;

/// All organizations of a system.
pub async fn organizations(system: &str) -> Answer<OrganizationList> {
    get(of(system, "/organizations")).await
}

/// Makes an organization.
pub async fn new_organization(system: &str, body: &NewOrganization) -> Answer<Organization> {
    submit(Method::POST, of(system, "/organizations"), body).await
}

/// Says what importing a CSV file would do.
pub async fn preview_import(system: &str, csv_base64: String) -> Answer<ImportResult> {
    let body = ImportOrganizations {
        csv_base64,
        preview: true,
        seen: None,
    };
    submit(Method::POST, of(system, "/organizations/import"), &body).await
}

/// Imports a CSV file of which the preview was `seen`.
pub async fn import_organizations(
    system: &str,
    csv_base64: String,
    seen: String,
    press: Press,
) -> Answer<ImportResult> {
    let body = ImportOrganizations {
        csv_base64,
        preview: false,
        seen: Some(seen),
    };
    submit_once(of(system, "/organizations/import"), &body, press).await
}

/// Sets who is in which wave.
pub async fn plan_waves(system: &str, body: &PlanWaves) -> Answer<OrganizationList> {
    submit(Method::PUT, of(system, "/waves"), body).await
}

/// Takes a wave live.
pub async fn start_wave(system: &str, number: u32, press: Press) -> Answer<IgnoredAny> {
    submit_once(of(system, &format!("/waves/{number}/start")), &(), press).await
}

/// Everything about one organization.
pub async fn organization(system: &str, code: &str) -> Answer<OrganizationDetail> {
    get(organization_path(system, code, "")).await
}

/// Changes an organization.
pub async fn change_organization(
    system: &str,
    code: &str,
    body: &ChangeOrganization,
) -> Answer<OrganizationDetail> {
    submit(Method::PATCH, organization_path(system, code, ""), body).await
}

/// Moves an organization to another stage.
pub async fn move_organization(
    system: &str,
    code: &str,
    body: &MoveOrganization,
    press: Press,
) -> Answer<IgnoredAny> {
    submit_once(organization_path(system, code, "/move"), body, press).await
}

/// Checks that an organization sees no row of another.
pub async fn check_isolation(system: &str, code: &str) -> Answer<IsolationCheck> {
    submit(
        Method::POST,
        organization_path(system, code, "/isolation"),
        &(),
    )
    .await
}

fn organization_path(system: &str, code: &str, rest: &str) -> String {
    of(system, &format!("/organizations/{}{rest}", encode(code)))
}

/// Models that can be browsed, counted for one organization or all.
pub async fn browse_models(system: &str, organization: Option<String>) -> Answer<BrowseModels> {
    get(with_query(
        of(system, "/data"),
        &[("organization", organization)],
    ))
    .await
}

/// A page of rows of one model.
pub async fn browse_rows(
    system: &str,
    model: &str,
    organization: Option<String>,
    after: Option<String>,
    words: Option<String>,
) -> Answer<RowPage> {
    get(with_query(
        of(system, &format!("/data/{}", encode(model))),
        &[
            ("organization", organization),
            ("after", after),
            ("q", words),
        ],
    ))
    .await
}

/// All organizations together.
pub async fn all_organizations(system: &str) -> Answer<AllOrganizations> {
    get(of(system, "/all")).await
}

/// Everything about the mode.
pub async fn mode(system: &str) -> Answer<ModeView> {
    get(of(system, "/mode")).await
}

/// Switches the mode.
pub async fn switch_mode(system: &str, body: &SwitchMode, press: Press) -> Answer<ModeSwitch> {
    submit_once(of(system, "/mode"), body, press).await
}

/// The ways back, with what each would cost now.
pub async fn rollback_options(system: &str) -> Answer<RollbackOptions> {
    get(of(system, "/rollback")).await
}

/// What undoing these groups together would cost now.
pub async fn rollback_cost(system: &str, groups: &[String]) -> Answer<RollbackCost> {
    let path = with_query(
        of(system, "/rollback/cost"),
        &[("groups", Some(groups.join(",")))],
    );
    get(path).await
}

/// Starts a rollback.
pub async fn start_rollback(
    system: &str,
    body: &StartRollback,
    press: Press,
) -> Answer<RollbackRecord> {
    submit_once(of(system, "/rollback"), body, press).await
}

/// Writes down a task after a rollback.
pub async fn write_task(system: &str, id: i64, task: &str, body: &WriteTask) -> Answer<IgnoredAny> {
    submit(
        Method::PUT,
        of(system, &format!("/rollbacks/{id}/tasks/{}", encode(task))),
        body,
    )
    .await
}

/// Address of the rows that a rollback would lose: of a restored backup, or of undone groups (comma separated).
pub fn lost_rows_file(system: &str, backup: Option<String>, groups: Option<String>) -> String {
    file(&with_query(
        of(system, "/rollback/export"),
        &[("backup", backup), ("groups", groups)],
    ))
}

/// Backups, newest first.
pub async fn backups(system: &str) -> Answer<Vec<BackupSummary>> {
    get(of(system, "/backups")).await
}

/// Makes a backup and verifies it.
pub async fn make_backup(system: &str, press: Press) -> Answer<BackupSummary> {
    submit_once(of(system, "/backups"), &(), press).await
}

/// Restores a backup into a scratch database and compares it.
pub async fn verify_backup(system: &str, name: &str) -> Answer<IgnoredAny> {
    submit(
        Method::POST,
        of(system, &format!("/backups/{}/verify", encode(name))),
        &(),
    )
    .await
}

/// Databases that restores have kept, oldest first.
pub async fn kept(system: &str) -> Answer<Vec<KeptDatabase>> {
    get(of(system, "/kept")).await
}

/// Removes a kept database for good.
pub async fn release_kept(
    system: &str,
    name: &str,
    body: &ReleaseKept,
    press: Press,
) -> Answer<IgnoredAny> {
    let path = of(system, &format!("/kept/{}/release", encode(name)));
    submit_once(path, body, press).await
}

/// Verification reports, newest first.
pub async fn reports(system: &str) -> Answer<Vec<ReportSummary>> {
    get(of(system, "/reports")).await
}

/// Measures and writes a report.
pub async fn make_report(system: &str, press: Press) -> Answer<Report> {
    submit_once(of(system, "/reports"), &(), press).await
}

/// One report.
pub async fn report(system: &str, number: i64) -> Answer<Report> {
    get(of(system, &format!("/reports/{number}"))).await
}

/// Address of a report as a file; `extension` is `md` or `json`.
pub fn report_file(system: &str, number: i64, extension: &str) -> String {
    file(&of(
        system,
        &format!("/reports/{number}/report.{extension}"),
    ))
}

/// A report beside an earlier one.
pub async fn compare_reports(system: &str, number: i64, with: i64) -> Answer<ReportComparison> {
    get(of(
        system,
        &format!("/reports/{number}/compare?with={with}"),
    ))
    .await
}

/// Updates and maintenance windows.
pub async fn notices(system: &str) -> Answer<Notices> {
    get(of(system, "/notices")).await
}

/// How a text will look.
pub async fn preview_notice(system: &str, body: &PreviewNotice) -> Answer<NoticePreview> {
    submit(Method::POST, of(system, "/notices/preview"), body).await
}

/// Publishes an update, or changes the one with this identifier.
pub async fn write_update(
    system: &str,
    id: Option<i64>,
    body: &WriteUpdate,
    press: Press,
) -> Answer<Notices> {
    write(system, "/updates", id, body, press).await
}

/// Schedules a maintenance window, or changes the one with this identifier.
pub async fn write_window(
    system: &str,
    id: Option<i64>,
    body: &WriteWindow,
    press: Press,
) -> Answer<Notices> {
    write(system, "/windows", id, body, press).await
}

async fn write(
    system: &str,
    kind: &str,
    id: Option<i64>,
    body: &impl serde::Serialize,
    press: Press,
) -> Answer<Notices> {
    match id {
        None => submit_once(of(system, kind), body, press).await,
        Some(id) => submit(Method::PUT, of(system, &format!("{kind}/{id}")), body).await,
    }
}

/// Measured health of a system in the last hours.
pub async fn health(system: &str, hours: u32) -> Answer<HealthView> {
    let path = of(system, "/health");
    get(with_query(path, &[("hours", Some(hours.to_string()))])).await
}

/// Keeps what was measured lately under a name.
pub async fn capture_baseline(system: &str, body: &CaptureBaseline) -> Answer<Baseline> {
    submit(Method::POST, of(system, "/health/baselines"), body).await
}

/// Subscribers by mail whose address holds these letters.
pub async fn subscribers(system: &str, address: &str) -> Answer<Subscribers> {
    let path = format!("/subscribers?address={}", encode(address));
    get(of(system, &path)).await
}

/// Removes a subscriber.
pub async fn remove_subscriber(system: &str, id: i64) -> Answer<()> {
    command(Method::DELETE, of(system, &format!("/subscribers/{id}"))).await
}

/// Tries the mails again that were given up.
pub async fn replay_mails(system: &str) -> Answer<Subscribers> {
    submit(Method::POST, of(system, "/subscribers/replay"), &()).await
}

/// The webhooks of a system.
pub async fn webhooks(system: &str) -> Answer<Vec<Webhook>> {
    get(of(system, "/webhooks")).await
}

/// Makes a webhook; its secret comes back this once.
pub async fn make_webhook(system: &str, body: &MakeWebhook) -> Answer<MadeWebhook> {
    submit(Method::POST, of(system, "/webhooks"), body).await
}

/// Removes a webhook.
pub async fn remove_webhook(system: &str, id: i64) -> Answer<()> {
    command(Method::DELETE, of(system, &format!("/webhooks/{id}"))).await
}

/// Calls a webhook now.
pub async fn try_webhook(system: &str, id: i64) -> Answer<TriedCall> {
    submit(
        Method::POST,
        of(system, &format!("/webhooks/{id}/test")),
        &(),
    )
    .await
}

/// The last deliveries of a webhook.
pub async fn deliveries(system: &str, id: i64) -> Answer<Vec<Delivery>> {
    get(of(system, &format!("/webhooks/{id}/deliveries"))).await
}

/// Tries the deliveries again that were given up.
pub async fn replay_webhook(system: &str, id: i64) -> Answer<Vec<Delivery>> {
    submit(
        Method::POST,
        of(system, &format!("/webhooks/{id}/replay")),
        &(),
    )
    .await
}

/// Links to the status page.
pub async fn status_links(system: &str) -> Answer<Vec<StatusLink>> {
    get(of(system, "/status-links")).await
}

/// Makes a link; its address comes back this once.
pub async fn make_status_link(system: &str, body: &MakeStatusLink) -> Answer<MadeStatusLink> {
    submit(Method::POST, of(system, "/status-links"), body).await
}

/// Revokes a link.
pub async fn revoke_status_link(system: &str, id: &str) -> Answer<()> {
    command(
        Method::DELETE,
        of(system, &format!("/status-links/{}", encode(id))),
    )
    .await
}
