//! Other people's accounts, for administrators.

use axum::extract::State;
use axum::http::StatusCode;
use shared::account::{Account, ChangeAccount, InvitedAccount, NewAccount};
use shared::problem::Problem as Body;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::problem::Answer;
use crate::accounts::{Administrator, Fresh, people};
use crate::state::AppState;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, invite))
        .routes(routes!(change))
        .routes(routes!(reset))
}

/// All accounts.
#[utoipa::path(get, path = "/accounts", tag = "accounts", responses((status = OK, body = Vec<Account>)))]
async fn list(by: Administrator, State(state): State<AppState>) -> Answer<Json<Vec<Account>>> {
    Ok(Json(people::all(&state, &by).await?))
}

/// Invite a person.
#[utoipa::path(
    post, path = "/accounts", tag = "accounts", request_body = NewAccount,
    responses((status = CREATED, body = InvitedAccount), (status = UNPROCESSABLE_ENTITY, body = Body))
)]
async fn invite(
    by: Administrator,
    State(state): State<AppState>,
    Json(body): Json<NewAccount>,
) -> Answer<(StatusCode, Json<InvitedAccount>)> {
    let invited = people::invite(&state, &by, body).await?;
    Ok((StatusCode::CREATED, Json(invited)))
}

/// Change an account.
#[utoipa::path(
    patch, path = "/accounts/{id}", tag = "accounts", params(("id" = String, Path)), request_body = ChangeAccount,
    responses((status = OK, body = Account), (status = NOT_FOUND, body = Body), (status = CONFLICT, body = Body))
)]
async fn change(
    by: Fresh<Administrator>,
    State(state): State<AppState>,
    Path(id): Path<String>,
    Json(body): Json<ChangeAccount>,
) -> Answer<Json<Account>> {
    Ok(Json(people::change(&state, &by, &id, body).await?))
}

/// Make a link for a new password.
#[utoipa::path(
    post, path = "/accounts/{id}/reset", tag = "accounts", params(("id" = String, Path)),
    responses((status = OK, body = InvitedAccount), (status = NOT_FOUND, body = Body), (status = CONFLICT, body = Body))
)]
async fn reset(
    by: Fresh<Administrator>,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Answer<Json<InvitedAccount>> {
    Ok(Json(people::reset(&state, &by, &id).await?))
}
