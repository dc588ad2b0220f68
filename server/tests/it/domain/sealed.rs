//! Evidence of runs that did not go as planned, and of one on a server: each is sealed, whole, and names its incidents.

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::db::Dialect;
use server::{evidence, reconcile};
use shared::account::Role;
use shared::evidence::{Evidence, EvidenceState, IncidentKind};

use super::evidence::{download, file};
use crate::app::Client;
use crate::site::{Site, back_up, run_is, tick_required};

/// What the sealed bundle of a run says, which is whole.
pub(super) async fn sealed(client: &mut Client, run: i64) -> Evidence {
    sealed_with(client, run, "evidence.json").await.0
}

/// The same with the text of one of its files.
pub(super) async fn sealed_with(client: &mut Client, run: i64, name: &str) -> (Evidence, String) {
    let path = format!("/systems/obcms/runs/{run}/evidence");
    let state = client
        .until(&path, "the seal", |state| {
            state["bundle"]["sha256"].is_string()
        })
        .await;
    let state: EvidenceState = serde_json::from_value(state).unwrap();
    let (status, _, archive) = download(client, &format!("{path}.zip")).await;
    assert_eq!(status, StatusCode::OK);
    let key = evidence::parse_key(&state.public_key).unwrap();
    let checked = evidence::verify(&archive, Some(&key));
    assert!(checked.whole, "{checked:?}");
    let evidence = serde_json::from_str(&file(&archive, "evidence.json")).unwrap();
    (evidence, file(&archive, name))
}

/// Whether an incident of this kind says this.
pub(super) fn tells(evidence: &Evidence, kind: IncidentKind, words: &str) -> bool {
    let incidents = evidence.incidents.iter();
    incidents
        .filter(|incident| incident.kind == kind)
        .any(|incident| incident.text.contains(words))
}

async fn start(site: &Site) -> Client {
    reconcile::begin(&site.app.state);
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    tick_required(&mut amina).await;
    back_up(&mut amina).await;
    let plan = amina.get("/systems/obcms/plan").await.json();
    let start = json!({ "fingerprint": plan["fingerprint"] });
    let started = amina.post("/systems/obcms/runs", start).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text);
    amina
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_failed_and_was_ended_is_sealed_with_its_failure() {
    let site = Site::start().await;
    site.world
        .execute(
            "CREATE TRIGGER stubborn BEFORE UPDATE ON project_ppa WHEN OLD.id = 30 \
             BEGIN SELECT RAISE(ABORT, 'row 30 is closed'); END",
        )
        .await;
    let mut amina = start(&site).await;
    run_is(&mut amina, 1, "failed").await;
    let open: Value = amina.get("/systems/obcms/runs/1/evidence").await.json();
    assert!(
        open["bundle"].is_null(),
        "a run that failed can be tried again"
    );
    let end = json!({ "command": "abort" });
    let answer = amina.post("/systems/obcms/runs/1/commands", end).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    run_is(&mut amina, 1, "aborted").await;
    let told = sealed(&mut amina, 1).await;
    for (kind, words) in [
        (IncidentKind::Failure, "row 30 is closed"),
        (IncidentKind::Stop, "amina"),
    ] {
        assert!(tells(&told, kind, words), "{kind:?}: {:?}", told.incidents);
    }
    let failed = |step: &&shared::evidence::EvidenceStep| {
        step.key == "projects.populate.project_ppa" && step.error.is_some()
    };
    assert!(told.steps.iter().any(|step| failed(&step)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_on_a_server_is_sealed_with_its_counts_and_hashes() {
    let site = Site::on(Dialect::Postgres, |_| ()).await;
    let mut amina = start(&site).await;
    run_is(&mut amina, 1, "done").await;
    let told = sealed(&mut amina, 1).await;
    let coverage = told.counts.coverage.unwrap();
    assert!(coverage.total > 0 && coverage.is_complete(), "{coverage:?}");
    let after = told.hashes.schema_after.as_ref();
    assert_ne!(Some(&told.hashes.schema_before), after);
    let proved = |backup: &shared::evidence::EvidenceBackup| {
        backup.verified.is_some() && backup.manifest.is_some()
    };
    assert!(told.hashes.backups.iter().any(proved));
}
