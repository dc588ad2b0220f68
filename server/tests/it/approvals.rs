//! Approvals: a second administrator, exactly this, for a time, once.

use std::time::Duration;

use serde_json::json;
use server::store::approvals;
use shared::account::Role;
use shared::approval::{Approval, ApprovalAction, ApprovalState};
use shared::plan::PlanView;

use crate::app::Client;
use crate::site::Site;

async fn asked(client: &mut Client) -> Approval {
    let plan: PlanView = client.get("/systems/obcms/plan").await.read();
    assert!(plan.refusals.is_empty(), "{plan:?}");
    let answer = client
        .post(
            "/systems/obcms/approvals",
            json!({ "action": "run", "fingerprint": plan.fingerprint }),
        )
        .await;
    answer.read()
}

#[tokio::test]
async fn the_one_who_asked_never_decides() {
    let site = Site::start().await;
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    let approval = asked(&mut amina).await;
    assert_eq!(
        (approval.state, approval.may_decide),
        (ApprovalState::Waiting, false)
    );
    let path = format!("/systems/obcms/approvals/{}", approval.id);
    let answer = amina.post(&path, json!({ "approve": true })).await;
    assert_eq!(answer.problem(), "not-allowed");

    let mut jamil = site.app.client_named("jamil", Role::Administrator).await;
    let decided: Approval = jamil
        .post(&path, json!({ "approve": true, "note": "seen" }))
        .await
        .read();
    assert_eq!(
        (decided.state, decided.decided_by.as_deref()),
        (ApprovalState::Approved, Some("jamil"))
    );
    let answer = jamil.post(&path, json!({ "approve": false })).await;
    assert_eq!(answer.problem(), "conflict", "a decision stands");
}

#[tokio::test]
async fn an_approval_ends_after_its_time() {
    let site = Site::start().await;
    let mut operator = site.app.client(Role::Operator).await;
    let approval = asked(&mut operator).await;
    site.app.wait(Duration::from_secs(4 * 3600));
    let mut jamil = site.app.client_named("jamil", Role::Administrator).await;
    let list: Vec<Approval> = jamil.get("/systems/obcms/approvals").await.read();
    assert_eq!(
        (list[0].id, list[0].state),
        (approval.id, ApprovalState::Expired)
    );
    let path = format!("/systems/obcms/approvals/{}", approval.id);
    assert_eq!(
        jamil
            .post(&path, json!({ "approve": true }))
            .await
            .problem(),
        "conflict"
    );
}

#[tokio::test]
async fn any_change_of_the_target_makes_it_void() {
    let site = Site::start().await;
    let mut operator = site.app.client(Role::Operator).await;
    let approval = asked(&mut operator).await;
    site.world
        .execute("ALTER TABLE project_ppa ADD COLUMN note text")
        .await;
    let mut jamil = site.app.client_named("jamil", Role::Administrator).await;
    let list: Vec<Approval> = jamil.get("/systems/obcms/approvals").await.read();
    assert_eq!(list[0].state, ApprovalState::Void);
    let why = list[0].void.clone().unwrap_or_default();
    assert!(why.contains("The plan is another one now"), "{why}");
    assert!(why.contains("has to ask again"), "{why}");
    let path = format!("/systems/obcms/approvals/{}", approval.id);
    assert_eq!(
        jamil
            .post(&path, json!({ "approve": true }))
            .await
            .problem(),
        "changed-meanwhile"
    );
}

#[tokio::test]
async fn an_approval_is_used_once_and_only_for_what_it_was_given() {
    let site = Site::start().await;
    let mut operator = site.app.client(Role::Operator).await;
    let approval = asked(&mut operator).await;
    let mut jamil = site.app.client_named("jamil", Role::Administrator).await;
    jamil
        .post(
            &format!("/systems/obcms/approvals/{}", approval.id),
            json!({ "approve": true }),
        )
        .await;

    let state = &site.app.state;
    let mut tx = state.store.write().await.expect("a transaction");
    let now = state.clock.now();
    let use_it = async |tx: &mut server::store::WriteTx, action, fingerprint: &str| {
        server::approvals::consume(tx, now, "obcms", action, fingerprint).await
    };
    assert!(use_it(&mut tx, ApprovalAction::Run, "other").await.is_err());
    assert!(
        use_it(&mut tx, ApprovalAction::Mode, &approval.fingerprint)
            .await
            .is_err()
    );
    let by = use_it(&mut tx, ApprovalAction::Run, &approval.fingerprint)
        .await
        .expect("an approval");
    assert_eq!(by, "jamil");
    assert!(
        use_it(&mut tx, ApprovalAction::Run, &approval.fingerprint)
            .await
            .is_err()
    );
    let kept = approvals::list(&mut tx, "obcms").await.expect("a list");
    assert_eq!(kept[0].decision, approvals::Decision::Used);
}

#[tokio::test]
async fn asking_twice_for_the_same_is_one_request() {
    let site = Site::start().await;
    let mut operator = site.app.client(Role::Operator).await;
    let first = asked(&mut operator).await;
    assert_eq!(asked(&mut operator).await.id, first.id);
    let answer = operator
        .post(
            "/systems/obcms/approvals",
            json!({ "action": "run", "fingerprint": "seen elsewhere" }),
        )
        .await;
    assert_eq!(answer.problem(), "changed-meanwhile");
}
