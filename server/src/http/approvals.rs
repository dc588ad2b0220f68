//! Requests for approvals of a system.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use shared::approval::{Approval, ApprovalAction, DecideApproval, RequestApproval};
use shared::event::Topic;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::idempotency::{IdempotencyKey, Press};
use super::problem::Answer;
use crate::accounts::{Administrator, Fresh, Operator, Viewer};
use crate::approvals::{self, Asked, Verdict};
use crate::state::AppState;
use crate::systems::System;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, request))
        .routes(routes!(decide))
}

/// The newest requests.
#[utoipa::path(get, path = "/systems/{system}/approvals", tag = "approvals",
    params(("system" = String, Path)), responses((status = OK, body = Vec<Approval>)))]
async fn list(
    viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<Vec<Approval>>> {
    let system = state.systems.get(&system)?;
    let waiting = approvals::open_actions(&state.store, state.clock.now(), system.slug()).await?;
    let mut current = HashMap::new();
    for action in waiting {
        // what cannot be measured now is shown as it was written; using it measures again
        if let Ok(subject) = approvals::subject::of(&state, &system, action).await {
            current.insert(action, subject.fingerprints());
        }
    }
    let now = state.clock.now();
    let found = approvals::list(&state.store, now, &viewer, system.slug(), |action| {
        current.get(&action).cloned()
    });
    Ok(Json(found.await?))
}

/// Asks for an approval of exactly what the person saw.
#[utoipa::path(post, path = "/systems/{system}/approvals", tag = "approvals",
    params(
        ("system" = String, Path),
        IdempotencyKey
    ),
    request_body = RequestApproval,
    responses((status = OK, body = Approval)))]
async fn request(
    operator: Operator,
    State(state): State<AppState>,
    press: Press,
    Path(system): Path<String>,
    Json(wanted): Json<RequestApproval>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&operator, &wanted)
        .run(StatusCode::OK, async move {
            ask(&state, &system, &operator, &wanted).await
        })
        .await
}

async fn ask(
    state: &AppState,
    system: &Arc<System>,
    operator: &Operator,
    wanted: &RequestApproval,
) -> Answer<Approval> {
    let subject = approvals::subject::of(state, system, wanted.action).await?;
    let asked = Asked {
        system: system.slug(),
        action: wanted.action,
        text: &subject.text(&wanted.fingerprint),
        fingerprint: &wanted.fingerprint,
        current: &subject.fingerprints(),
    };
    let good_for = state.config.approvals.expires();
    let now = state.clock.now();
    let approval = approvals::request(&state.store, now, operator, asked, good_for).await?;
    state.hub.changed(system.slug(), Topic::Approvals);
    Ok(approval)
}

/// Agrees or refuses; never the one who asked.
#[utoipa::path(post, path = "/systems/{system}/approvals/{id}", tag = "approvals",
    params(("system" = String, Path), ("id" = i64, Path), IdempotencyKey),
    request_body = DecideApproval, responses((status = OK, body = Approval)))]
async fn decide(
    administrator: Fresh<Administrator>,
    State(state): State<AppState>,
    press: Press,
    Path((system, id)): Path<(String, i64)>,
    Json(decision): Json<DecideApproval>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&administrator, &decision)
        .run(StatusCode::OK, async move {
            settle(&state, &system, &administrator, id, &decision).await
        })
        .await
}

async fn settle(
    state: &AppState,
    system: &Arc<System>,
    administrator: &Fresh<Administrator>,
    id: i64,
    decision: &DecideApproval,
) -> Answer<Approval> {
    let action: ApprovalAction = approvals::action_of(&state.store, system.slug(), id).await?;
    let subject = approvals::subject::of(state, system, action).await?;
    let verdict = Verdict {
        approve: decision.approve,
        note: &decision.note,
    };
    let now = state.clock.now();
    let current = subject.fingerprints();
    let decided = approvals::decide(
        &state.store,
        now,
        administrator,
        system.slug(),
        id,
        &current,
        verdict,
    );
    let approval = decided.await?;
    for topic in [Topic::Approvals, Topic::Run, Topic::System] {
        state.hub.changed(system.slug(), topic);
    }
    Ok(approval)
}
