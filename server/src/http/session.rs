//! Signing in and out, who is asking, and one's own account.

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::account::{ChangePassword, ConfirmPassword, Session, SessionView, SignIn};
use shared::problem::Problem as Body;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::{self, ClientAddress};
use super::cookie;
use super::extract::{Json, Path};
use super::problem::Answer;
use crate::accounts::sign_in::{self, SignedIn, Visitor};
use crate::accounts::{Actor, Proof as _, Viewer, own};
use crate::secret::Secret;
use crate::state::AppState;
use crate::store::accounts;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show, sign_in, sign_out))
        .routes(routes!(confirm))
        .routes(routes!(change_password))
        .routes(routes!(own_sessions, end_others))
        .routes(routes!(end_one))
}

/// Who is asking.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = OK, body = Session)))]
async fn show(State(state): State<AppState>, parts: Parts) -> Answer<Json<Session>> {
    let actor = access::actor(&parts, &state).await?;
    let first_run = match &actor {
        Some(_) => false,
        None => {
            let mut connection = state.store.reader().await?;
            !accounts::any(&mut connection).await?
        }
    };
    Ok(Json(Session {
        account: actor.as_ref().map(|actor| actor.account().clone()),
        first_run,
        version: env!("CARGO_PKG_VERSION").into(),
        fresh_until: actor
            .as_ref()
            .and_then(Actor::fresh_until)
            .map(|until| until.rfc3339()),
    }))
}

/// Sign in.
#[utoipa::path(
    post, path = "/session", tag = "session", request_body = SignIn,
    responses((status = OK, body = Session), (status = UNAUTHORIZED, body = Body), (status = TOO_MANY_REQUESTS, body = Body))
)]
async fn sign_in(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Json(body): Json<SignIn>,
) -> Answer<Response> {
    let visitor = visitor(&headers, &state, address);
    let password = Secret::new(body.password);
    let signed_in = sign_in::sign_in(&state, &body.username, password, visitor).await?;
    Ok(welcome(&state, signed_in))
}

/// Sign out. Signing out twice is no error.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = NO_CONTENT)))]
async fn sign_out(State(state): State<AppState>, parts: Parts) -> Answer<Response> {
    if let Some(actor) = access::actor(&parts, &state).await? {
        let viewer = Viewer::of(actor)?;
        own::end_session(&state, &viewer, viewer.session()).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set(response.headers_mut(), cookie::clear_session(&state.config));
    Ok(response)
}

/// Confirm the password: destructive actions need none for ten minutes.
#[utoipa::path(
    post, path = "/session/confirm", tag = "session", request_body = ConfirmPassword,
    responses((status = OK, body = Session), (status = UNPROCESSABLE_ENTITY, body = Body))
)]
async fn confirm(
    viewer: Viewer,
    State(state): State<AppState>,
    Json(body): Json<ConfirmPassword>,
) -> Answer<Json<Session>> {
    let until = own::confirm(&state, &viewer, Secret::new(body.password)).await?;
    Ok(Json(Session {
        account: Some(viewer.account().clone()),
        first_run: false,
        version: env!("CARGO_PKG_VERSION").into(),
        fresh_until: Some(until.rfc3339()),
    }))
}

/// Change one's own password; all other sessions end.
#[utoipa::path(
    put, path = "/account/password", tag = "session", request_body = ChangePassword,
    responses((status = NO_CONTENT), (status = UNPROCESSABLE_ENTITY, body = Body))
)]
async fn change_password(
    viewer: Viewer,
    State(state): State<AppState>,
    Json(body): Json<ChangePassword>,
) -> Answer<StatusCode> {
    own::change_password(&state, &viewer, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's own sessions.
#[utoipa::path(get, path = "/account/sessions", tag = "session", responses((status = OK, body = Vec<SessionView>)))]
async fn own_sessions(
    viewer: Viewer,
    State(state): State<AppState>,
) -> Answer<Json<Vec<SessionView>>> {
    Ok(Json(own::own_sessions(&state, &viewer).await?))
}

/// End all of one's own sessions but this one.
#[utoipa::path(delete, path = "/account/sessions", tag = "session", responses((status = NO_CONTENT)))]
async fn end_others(viewer: Viewer, State(state): State<AppState>) -> Answer<StatusCode> {
    own::end_other_sessions(&state, &viewer).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of one's own sessions.
#[utoipa::path(
    delete, path = "/account/sessions/{id}", tag = "session", params(("id" = String, Path)),
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Body))
)]
async fn end_one(
    viewer: Viewer,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    own::end_session(&state, &viewer, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where a person comes from, by the headers of the browser.
pub(super) fn visitor(headers: &HeaderMap, state: &AppState, address: String) -> Visitor {
    let secret = |token: &str| Secret::new(token.to_owned());
    Visitor {
        agent: headers
            .get(header::USER_AGENT)
            .and_then(|agent| agent.to_str().ok())
            .unwrap_or("unknown browser")
            .to_owned(),
        address,
        device: cookie::device(headers, &state.config).map(secret),
        session: cookie::token(headers, &state.config).map(secret),
    }
}

/// The answer to somebody who has just signed in.
pub(super) fn welcome(state: &AppState, signed_in: SignedIn) -> Response {
    let mut response = Json(Session {
        account: Some(signed_in.account),
        first_run: false,
        version: env!("CARGO_PKG_VERSION").into(),
        fresh_until: Some(signed_in.fresh_until.rfc3339()),
    })
    .into_response();
    let headers = response.headers_mut();
    set(
        headers,
        cookie::set_session(&state.config, signed_in.token.expose()),
    );
    set(
        headers,
        cookie::set_device(&state.config, signed_in.device.expose()),
    );
    response
}

fn set(headers: &mut HeaderMap, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        headers.append(header::SET_COOKIE, cookie);
    }
}
