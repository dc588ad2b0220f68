//! Public status pages, feeds, calendars and badges: answered from memory, the same for everybody, fit for a CDN.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::conditional::{is_known_as, last_modified};
use super::extract::PublicPath;
use super::problem::PageAnswer;
use super::security;
use crate::state::AppState;
use crate::status::{self, Board, File};

/// A change is to be seen within two seconds, of which the publisher takes up to one; when we are gone, a CDN keeps the
/// last state for a day, which says how old it is.
const FRESH: &str = "public, max-age=1, stale-if-error=86400";
const YEAR: &str = "public, max-age=31536000, immutable";
/// What a status page may load: its own style and script, and itself again.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Routes of this area. They stand outside of `/api`: what is here is for everybody.
pub(super) fn routes() -> axum::Router<AppState> {
    axum::Router::new()
        .route("/status", get(index))
        .route("/status/{slug}", get(system))
        .route("/status/{slug}/{file}", get(file))
        .method_not_allowed_fallback(no_such_method)
}

/// Whether this is an address of pages for everybody, of which those that no route has are no pages of the console.
pub(super) fn is_public(path: &str) -> bool {
    ["/status/", "/s/", "/subscription/"]
        .iter()
        .any(|area| path.starts_with(area))
}

/// Nothing here is told by another method: public, private and unknown pages answer alike.
pub(super) async fn no_such_method() -> Response {
    nothing_here()
}

/// A file of a public system that is ready, asked for by its exact path below `/status/`: complete, with the headers of
/// every answer. None leaves the question to the routes.
pub(super) fn ready(
    board: &Board,
    path: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Option<Response> {
    let (slug, name) = path.split_once('/').unwrap_or((path, "index.html"));
    let snapshot = board.kept(slug)?;
    let mut response = answer(snapshot.file(name)?, FRESH, method, headers);
    security::guard(response.headers_mut());
    Some(response)
}

async fn index(method: Method, headers: HeaderMap, State(state): State<AppState>) -> PageAnswer {
    let snapshot = status::index(&state).await?;
    Ok(snapshot
        .files
        .first()
        .map_or_else(nothing_here, |page| answer(page, FRESH, &method, &headers)))
}

async fn system(
    method: Method,
    headers: HeaderMap,
    State(state): State<AppState>,
    PublicPath(slug): PublicPath<String>,
) -> PageAnswer {
    if let Some(asset) = asset(&slug) {
        return Ok(answer(&asset, YEAR, &method, &headers));
    }
    if slug == "status.json" {
        let snapshot = status::index(&state).await?;
        return Ok(named(&snapshot.files, &slug, &method, &headers));
    }
    if let Some(lower) = typed_in_capitals(&state, &slug) {
        return Ok(moved(format!("/status/{lower}")));
    }
    of_system(&state, &slug, "index.html", &method, &headers).await
}

async fn file(
    method: Method,
    headers: HeaderMap,
    State(state): State<AppState>,
    PublicPath((slug, file)): PublicPath<(String, String)>,
) -> PageAnswer {
    if let Some(lower) = typed_in_capitals(&state, &slug)
        && let Some(system) = status::public_system(&state, &lower)
    {
        let snapshot = status::snapshot(&state, system).await?;
        // the name of one of ours, not what somebody wrote
        let name = snapshot.file(&file).map(|file| file.name);
        return Ok(name.map_or_else(nothing_here, |name| {
            moved(format!("/status/{lower}/{name}"))
        }));
    }
    of_system(&state, &slug, &file, &method, &headers).await
}

/// The slug that is meant, when this one differs by capitals alone; only what is public anyway is corrected.
pub(super) fn typed_in_capitals(state: &AppState, slug: &str) -> Option<String> {
    let lower = slug.to_ascii_lowercase();
    (lower != slug && status::public_system(state, &lower).is_some()).then_some(lower)
}

/// Leads there for good, with the same method.
pub(super) fn moved(there: String) -> Response {
    let there = [(header::LOCATION, there)];
    (StatusCode::PERMANENT_REDIRECT, there).into_response()
}

async fn of_system(
    state: &AppState,
    slug: &str,
    file: &str,
    method: &Method,
    headers: &HeaderMap,
) -> PageAnswer {
    let Some(system) = status::public_system(state, slug) else {
        return Ok(nothing_here());
    };
    let snapshot = status::snapshot(state, system).await?;
    Ok(named(&snapshot.files, file, method, headers))
}

fn named(files: &[File], name: &str, method: &Method, headers: &HeaderMap) -> Response {
    found(files, name, FRESH, method, headers)
}

/// The file of this name, with this cache control.
pub(super) fn found(
    files: &[File],
    name: &str,
    cache: &'static str,
    method: &Method,
    headers: &HeaderMap,
) -> Response {
    files
        .iter()
        .find(|file| file.name == name)
        .map_or_else(nothing_here, |file| answer(file, cache, method, headers))
}

fn asset(name: &str) -> Option<File> {
    let asset = [&*status::STYLE, &*status::SCRIPT, &*status::ICON]
        .into_iter()
        .find(|asset| asset.name == name)?;
    Some(File {
        name: "",
        kind: asset.kind,
        bytes: asset.bytes.clone(),
        etag: format!("\"{name}\""),
        changed: None,
    })
}

/// Unknown, private, expired and revoked: one answer, without a word of what was asked for.
pub(super) fn nothing_here() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (StatusCode::NOT_FOUND, headers, status::nothing_here()).into_response()
}

fn answer(file: &File, cache: &'static str, method: &Method, headers: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Ok(etag) = HeaderValue::from_str(&file.etag) {
        out.insert(header::ETAG, etag);
    }
    if let Some(changed) = file.changed.and_then(last_modified) {
        out.insert(header::LAST_MODIFIED, changed);
    }
    out.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    // badges and feeds stand on other people's pages
    out.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    out.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    if is_known_as(headers, &file.etag, file.changed) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(file.bytes.len()));
    if method == Method::GET {
        *response.body_mut() = Body::from(file.bytes.clone());
    }
    response
}
