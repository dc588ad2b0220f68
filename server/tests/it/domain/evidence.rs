//! The evidence of a run: sealed at its end and at the end of each way back, the same bytes for everybody, checked without
//! the console, and every damage of it named.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use server::evidence;
use shared::account::Role;
use shared::evidence::{Evidence, EvidenceState, IncidentKind};

use super::journey::back;
use super::world::World;
use crate::app::Client;

fn switchyard(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_switchyard"))
        .args(arguments)
        .output()
        .unwrap()
}

pub(super) async fn download(client: &mut Client, path: &str) -> (StatusCode, String, Vec<u8>) {
    let request = Request::builder()
        .method(Method::GET)
        .uri(format!("/api/v1{path}"))
        .body(Body::empty())
        .unwrap();
    let answer = client.answer(request).await;
    let (parts, body) = answer.into_parts();
    let named = parts
        .headers
        .get(header::CONTENT_DISPOSITION)
        .map(|value| value.to_str().unwrap().to_owned());
    let bytes = body.collect().await.unwrap().to_bytes().to_vec();
    (parts.status, named.unwrap_or_default(), bytes)
}

/// Waits for a bundle that is another than `before`.
async fn sealed(world: &mut World, run: i64, before: &str) -> EvidenceState {
    let before = before.to_owned();
    let state = world
        .wait(&format!("/runs/{run}/evidence"), "the seal", move |state| {
            state["bundle"]["sha256"]
                .as_str()
                .is_some_and(|hash| hash != before)
        })
        .await;
    serde_json::from_value(state).unwrap()
}

pub(super) fn file(archive: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
    std::io::read_to_string(archive.by_name(name).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_and_its_way_back_leave_evidence_that_is_checked_without_the_console() {
    let mut world = World::start().await;
    world.tick_required().await;
    world.back_up().await;
    let run = world.start_run().await;
    world.run_is(run, "waiting-at-gate").await;
    let open: EvidenceState =
        serde_json::from_value(world.get(&format!("/runs/{run}/evidence")).await).unwrap();
    assert_eq!(open.bundle, None, "a run that goes on has no evidence");
    let path = format!("/systems/obcms/runs/{run}/evidence.zip");
    assert_eq!(
        download(&mut world.administrator, &path).await.0,
        StatusCode::CONFLICT
    );
    world
        .post(
            "/decisions/rule",
            json!({ "model": "PPA", "preview": false, "rule": { "all": { "organization": "OOBC" } } }),
        )
        .await;
    world.run_is(run, "done").await;

    let state = sealed(&mut world, run, "").await;
    let known = state.bundle.clone().unwrap();
    let key = evidence::parse_key(&state.public_key).unwrap();
    let (status, named, archive) = download(&mut world.administrator, &path).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        named,
        format!("attachment; filename=\"obcms-run-{run}-evidence.zip\"")
    );
    assert_eq!(archive.len() as u64, known.bytes);
    assert_eq!(
        download(&mut world.administrator, &path).await.2,
        archive,
        "the same bytes each time"
    );
    let checked = evidence::verify(&archive, Some(&key));
    assert!(checked.whole, "{checked:?}");
    what_it_says(&archive, run);
    damaged(&archive);
    offline(&world, &archive, &state.public_key);

    // who took it stands in the audit log, with what it was bound to when it was sealed
    let audit = world
        .administrator
        .get("/audit?system=obcms&text=evidence")
        .await
        .json();
    let entries: Vec<(&str, &str)> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["action"].as_str().unwrap(),
                entry["text"].as_str().unwrap(),
            )
        })
        .collect();
    for action in ["evidence.sealed", "evidence.exported"] {
        assert!(
            entries
                .iter()
                .any(|(found, text)| *found == action && text.contains(&known.sha256)),
            "{action}: {entries:?}"
        );
    }
    let mut viewer = world.app.client(Role::Viewer).await;
    assert_eq!(download(&mut viewer, &path).await.0, StatusCode::FORBIDDEN);

    world.app.wait(std::time::Duration::from_secs(60));
    back(&mut world, json!("undo-all"), |options: &Value| {
        options["undo_all"]["fingerprint"].clone()
    })
    .await;
    sealed(&mut world, run, &known.sha256).await;
    let (_, _, after) = download(&mut world.administrator, &path).await;
    assert!(evidence::verify(&after, Some(&key)).whole);
    let told: Evidence = serde_json::from_str(&file(&after, "evidence.json")).unwrap();
    assert_eq!(told.rollbacks.len(), 1);
    assert!(
        told.incidents
            .iter()
            .any(|one| one.kind == IncidentKind::WayBack),
        "{:?}",
        told.incidents
    );
    assert_eq!(told.counts.coverage.unwrap().assigned, 0);
}

fn what_it_says(archive: &[u8], run: i64) {
    let content = file(archive, "evidence.json");
    let told: Evidence = serde_json::from_str(&content).unwrap();
    assert_eq!((told.system.as_str(), told.run.number), ("obcms", run));
    let coverage = told.counts.coverage.unwrap();
    assert!(coverage.total > 0 && coverage.is_complete(), "{coverage:?}");
    assert!(told.counts.rows_written > 0);
    assert!(told.gates.iter().any(|gate| gate.measured.is_some()));
    assert!(
        told.steps.iter().all(|step| step.took_ms.is_some()),
        "each step has its time"
    );
    assert_ne!(
        Some(&told.hashes.schema_before),
        told.hashes.schema_after.as_ref()
    );
    assert!(told.hashes.backups.iter().any(|backup| {
        backup.verified.is_some()
            && backup
                .manifest
                .as_ref()
                .is_some_and(|hash| hash.len() == 64)
    }));
    assert!(
        told.incidents
            .iter()
            .any(|one| one.kind == IncidentKind::Hold),
        "{:?}",
        told.incidents
    );
    assert!(
        told.audit
            .entries
            .iter()
            .any(|entry| entry.action == "run.started")
    );
    assert_eq!(told.audit.head.as_ref().map(String::len), Some(64));
    for name in ["evidence.md", "evidence.html"] {
        let text = file(archive, name);
        assert!(
            text.contains(&format!("Evidence of run {run} on OBCMS")),
            "{name}"
        );
        assert!(text.contains(&told.hashes.schema_before), "{name}");
    }
    let page = file(archive, "evidence.html");
    for forbidden in ["<script", "javascript:", "http://", "https://", "src="] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

/// Every header, and content at some hundred places.
fn damaged(archive: &[u8]) {
    let stride = (archive.len() / 400).max(1);
    let tail = archive.len().saturating_sub(500);
    for at in (0..archive.len())
        .step_by(stride)
        .chain(0..60)
        .chain(tail..archive.len())
    {
        let mut changed = archive.to_vec();
        changed[at] ^= 1;
        let checked = evidence::verify(&changed, None);
        let named = checked
            .faults
            .iter()
            .any(|fault| (fault.from..fault.to).contains(&(at as u64)));
        assert!(!checked.whole && named, "byte {at}: {:?}", checked.faults);
    }
}

fn offline(world: &World, archive: &[u8], public_key: &str) {
    let directory = tempfile::tempdir().unwrap();
    let good = directory.path().join("good.zip");
    std::fs::write(&good, archive).unwrap();
    let good = good.to_str().unwrap();
    let checked = switchyard(&["evidence", "verify", good, "--key", public_key]);
    assert!(checked.status.success(), "{checked:?}");

    let mut bytes = archive.to_vec();
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    let bad = directory.path().join("bad.zip");
    std::fs::write(&bad, &bytes).unwrap();
    let checked = switchyard(&["evidence", "verify", bad.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&checked.stdout).contains("evidence."),
        "{checked:?}"
    );

    let other = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    assert_eq!(
        switchyard(&["evidence", "verify", good, "--key", other])
            .status
            .code(),
        Some(1)
    );
    assert_eq!(
        switchyard(&["evidence", "verify", good, "--key", "zz"])
            .status
            .code(),
        Some(1)
    );
    assert_eq!(
        switchyard(&["evidence", "verify", "/nowhere.zip"])
            .status
            .code(),
        Some(1)
    );

    let data = world.app.directory.path();
    let kept = data.join("evidence.key");
    assert_eq!(
        std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let key = switchyard(&["evidence", "key", "--data", data.to_str().unwrap()]);
    assert_eq!(String::from_utf8_lossy(&key.stdout).trim(), public_key);

    let config = directory.path().join("switchyard.toml");
    let text = format!(
        "data = \"{}\"\n[[systems]]\nslug = \"obcms\"\ntitle = \"OBCMS\"\ndatabase = \"{}\"\nplaybook = \"obcms-to-bmms\"\n",
        data.display(),
        world.installed.database
    );
    std::fs::write(&config, text).unwrap();
    let out = directory.path().join("out.zip");
    let arguments = [
        "evidence",
        "export",
        "obcms",
        "--run",
        "1",
        "--config",
        config.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let written = switchyard(&arguments);
    assert!(written.status.success(), "{written:?}");
    assert_eq!(std::fs::read(&out).unwrap(), archive);
    assert_eq!(
        switchyard(&arguments).status.code(),
        Some(1),
        "nothing is overwritten"
    );
}
