//! Links that let a person in: what one offers, and accepting it.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use shared::account::{AcceptInvitation, Invitation, Session};
use shared::problem::Problem as Body;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::ClientAddress;
use super::extract::{Json, Path};
use super::problem::Answer;
use super::session;
use crate::accounts::links;
use crate::state::AppState;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(look, accept))
}

/// What a link offers.
#[utoipa::path(
    get, path = "/invitations/{token}", tag = "session", params(("token" = String, Path)),
    responses((status = OK, body = Invitation), (status = NOT_FOUND, body = Body))
)]
async fn look(
    State(state): State<AppState>,
    Path(token): Path<String>,
) -> Answer<Json<Invitation>> {
    Ok(Json(links::look(&state, &token).await?))
}

/// Accept a link: sets the password and signs in. Works once.
#[utoipa::path(
    post, path = "/invitations/{token}", tag = "session", params(("token" = String, Path)),
    request_body = AcceptInvitation,
    responses((status = OK, body = Session), (status = NOT_FOUND, body = Body), (status = UNPROCESSABLE_ENTITY, body = Body))
)]
async fn accept(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Path(token): Path<String>,
    headers: HeaderMap,
    Json(body): Json<AcceptInvitation>,
) -> Answer<Response> {
    let visitor = session::visitor(&headers, &state, address);
    let signed_in = links::accept(&state, &token, body, visitor).await?;
    Ok(session::welcome(&state, signed_in))
}
