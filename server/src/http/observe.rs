//! One log line, one id and one count for each request; causes of problems go to the log here and nowhere else.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use super::problem::Problem;
use crate::accounts::token;
use crate::state::AppState;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Around every request. The id is always our own: one that a client chose could forge lines of the log.
pub(super) async fn observe(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let id = token::identifier().unwrap_or_else(|_| "unknown".into());
    let method = request.method().clone();
    // without the query, and without the token of an invitation's address: both can hold what a log must not
    let path = loggable(request.uri().path());
    let span = tracing::info_span!("request", id = %id);
    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = started.elapsed();
    let _entered = span.enter();
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if let Some(cause) = problem.cause() {
            if response.status().is_server_error() {
                tracing::error!(kind = problem.kind(), cause, %method, path, "request failed");
            } else {
                tracing::info!(kind = problem.kind(), cause, %method, path, "request refused");
            }
        }
        let mut told = problem.response(Some(id.clone()));
        let (old, _) = response.into_parts();
        for (name, value) in &old.headers {
            if !told.headers().contains_key(name) {
                told.headers_mut().append(name, value.clone());
            }
        }
        response = told;
    }
    let status = response.status().as_u16();
    state.metrics.answered(&method, status, took);
    tracing::debug!(%method, path, status, took_ms = took.as_secs_f64() * 1000.0, "answered");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn loggable(path: &str) -> String {
    for secret in ["/invitations/", "/welcome/", "/confirm/", "/stop/"] {
        if let Some((before, _)) = path.split_once(secret) {
            return format!("{before}{secret}…");
        }
    }
    // the address of a private page is the right to read it
    if path.starts_with("/s/") {
        return "/s/…".to_owned();
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::loggable;

    #[test]
    fn tokens_of_links_never_reach_the_log() {
        assert_eq!(loggable("/api/v1/invitations/abc"), "/api/v1/invitations/…");
        assert_eq!(loggable("/welcome/abc"), "/welcome/…");
        assert_eq!(loggable("/s/abc/subscribe"), "/s/…");
        assert_eq!(loggable("/subscription/stop/abc"), "/subscription/stop/…");
        assert_eq!(
            loggable("/subscription/confirm/abc"),
            "/subscription/confirm/…"
        );
        assert_eq!(loggable("/systems/obcms"), "/systems/obcms");
    }
}
