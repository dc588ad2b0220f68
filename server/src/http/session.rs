//! Signing in and out, and who is asking.

use axum::extract::State;
use axum::http::request::Parts;
use shared::account::Session;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access;
use super::extract::Json;
use super::problem::Answer;
use crate::accounts::Actor;
use crate::state::AppState;
use crate::store::accounts;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Who is asking.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = OK, body = Session)))]
async fn show(State(state): State<AppState>, parts: Parts) -> Answer<Json<Session>> {
    let actor = access::actor(&parts, &state).await?;
    Ok(Json(view(&state, actor.as_ref()).await?))
}

async fn view(state: &AppState, actor: Option<&Actor>) -> Answer<Session> {
    let first_run = match actor {
        Some(_) => false,
        None => {
            let mut connection = state.store.reader().await?;
            !accounts::any(&mut connection).await?
        }
    };
    Ok(Session {
        account: actor.map(|actor| actor.account().clone()),
        first_run,
        version: env!("CARGO_PKG_VERSION").into(),
        fresh_until: actor
            .and_then(Actor::fresh_until)
            .map(|until| until.rfc3339()),
    })
}
