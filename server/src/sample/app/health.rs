//! The detailed health page.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::settings::Mode;
use super::{App, data, tenancy};

/// Answers 200 with `"status": "ok"` when the application can serve its pages in the mode it runs
/// in, and 503 with the reason when it cannot.
pub(super) async fn page(State(app): State<Arc<App>>) -> Response {
    let began = Instant::now();
    let probed = probe(&app).await;
    let (ok, connections, context, problem) = match probed {
        Ok((connections, context)) if context.is_none() && app.settings.mode == Mode::Multi => (
            false,
            connections,
            None,
            Some("no organization context can be set in bmms mode".to_owned()),
        ),
        Ok((connections, context)) => (true, connections, context, None),
        Err(error) => (false, 0, None, Some(error.to_string())),
    };
    let body = json!({
        "status": if ok { "ok" } else { "error" },
        "problem": problem,
        "mode": app.settings.mode.to_string(),
        "default_organization": app.settings.default_organization,
        "organization_context": context,
        "response_time_ms": began.elapsed().as_secs_f64() * 1000.0,
        "database": {
            "ok": connections > 0,
            "name": app.database.name(),
            "connections": connections,
        },
        "errors": app.errors.load(Ordering::Relaxed),
        "writes": app.written.load(Ordering::Relaxed),
        "failed_writes": app.failed_writes.load(Ordering::Relaxed),
        "last_failed_write": *app.last_failure.lock().await,
        "version": env!("CARGO_PKG_VERSION"),
        "started_at": app.started.to_string(),
        "process": std::process::id(),
    });
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let no_store = [("cache-control", "no-store")];
    (status, no_store, Json::<Value>(body)).into_response()
}

/// Reads from a table that the migration changes, not just from any: a page must work, not only
/// the connection.
async fn probe(app: &App) -> Result<(u32, Option<String>), tenancy::Refused> {
    let pool = app.database.pool().await?;
    let mut connection = pool.acquire().await?;
    let context = tenancy::context(app, &mut connection, None).await?;
    for list in data::LISTS {
        data::rows(&pool, &list, context.filter(), 1).await?;
    }
    let default = tenancy::default_context(&app.settings, &mut connection).await?;
    Ok((pool.size(), default))
}
