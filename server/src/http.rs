//! The HTTP surface: this file is its table of contents. One file an area in `http/`, each with a `routes()` that is
//! merged in [`api`]; errors become RFC 9457 problems in `http/problem.rs`, rights are extractors of `http/access.rs`.
//! It holds no rule of the domain.

mod access;
mod accounts;
mod approvals;
mod audit;
mod backups;
mod checklist;
mod conditional;
mod cookie;
mod coverage;
mod data;
mod events;
mod evidence;
mod extract;
mod health;
mod idempotency;
mod invitations;
mod mode;
mod notices;
mod observe;
mod openapi;
mod organizations;
mod problem;
mod reports;
mod rollback;
mod runs;
mod security;
mod session;
mod static_files;
mod status;
mod status_links;
mod subscribers;
mod subscription;
mod system_health;
mod systems;
mod webhooks;

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

pub use access::ClientAddress;
pub use extract::{Json, Path, Query};
pub use problem::{Answer, Problem};

use crate::state::AppState;

/// Largest body of a command in bytes; a route that takes files sets its own.
const LARGEST_BODY: usize = 256 * 1024;

/// Every route of the API, relative to `/api/v1`. An area is added here, once.
fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::heading())
        .merge(session::routes())
        .merge(invitations::routes())
        .merge(accounts::routes())
        .merge(audit::routes())
        .merge(events::routes())
        .merge(systems::routes())
        .merge(runs::routes())
        .merge(evidence::routes())
        .merge(coverage::routes())
        .merge(backups::routes())
        .merge(organizations::routes())
        .merge(mode::routes())
        .merge(approvals::routes())
        .merge(checklist::routes())
        .merge(data::routes())
        .merge(reports::routes())
        .merge(rollback::routes())
        .merge(system_health::routes())
        .merge(notices::routes())
        .merge(status_links::routes())
        .merge(subscribers::routes())
        .merge(webhooks::routes())
        .merge(openapi::routes())
}

/// The OpenAPI document of the API.
pub fn document() -> utoipa::openapi::OpenApi {
    api().into_openapi()
}

/// Everything that the server answers.
pub fn router(state: AppState) -> Router {
    let (api, _) = api().split_for_parts();
    let api = api
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::no_such_method);
    let outside = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .merge(for_the_public(status::routes()))
        .merge(for_the_public(status_links::pages()))
        .fallback(static_files::serve);
    let routes = Router::new()
        .nest(
            "/api",
            Router::new()
                .nest("/v1", api)
                .fallback(problem::no_such_route)
                .layer(middleware::from_fn(security::api_headers)),
        )
        .merge(outside)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(security::cross_site(&state.config))
        .merge(for_the_public(subscription::pages()))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(middleware::from_fn(security::headers))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            observe::observe,
        ))
        .with_state(state.clone());
    Router::new().fallback_service(static_files::FilesFirst::before(routes, &state))
}

/// Pages that people without an account read: a defect is told as a page too.
fn for_the_public<S: Clone + Send + Sync + 'static>(pages: Router<S>) -> Router<S> {
    pages.layer(CatchPanicLayer::custom(problem::panicked_on_page))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, StatusCode, header};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn broken() {
        panic!("the secret 4711 is not what it should be");
    }

    #[tokio::test]
    async fn a_defect_is_a_page_for_the_public_and_a_problem_for_all_others_and_says_nothing_of_itself()
     {
        let routes: Router<()> = Router::new().fallback(broken);
        let page = for_the_public(routes.clone());
        let problem = routes.layer(CatchPanicLayer::custom(problem::panicked));
        for (routes, kind) in [
            (page, "text/html; charset=utf-8"),
            (problem, "application/problem+json"),
        ] {
            let request = Request::get("/broken").body(Body::empty()).unwrap();
            let answer = routes.oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(answer.headers()[header::CONTENT_TYPE], kind);
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let body = String::from_utf8_lossy(&body);
            assert!(!body.contains("4711"), "{body}");
        }
    }
}
