//! Headers that keep browsers strict, and the refusal of commands that another site sends.

use axum::extract::Request;
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Response as HttpResponse, StatusCode, header,
};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use super::problem::Problem;
use crate::config::Config;

/// Headers of every answer.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    guard(response.headers_mut());
    response
}

/// Adds what keeps a browser strict. Pages set their own content policy; all else may load nothing.
pub(super) fn guard(headers: &mut HeaderMap) {
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::REFERRER_POLICY, "no-referrer");
    set(
        headers,
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
    );
    set(
        headers,
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    let resource_policy = HeaderName::from_static("cross-origin-resource-policy");
    if !headers.contains_key(&resource_policy) {
        set(headers, resource_policy, "same-origin");
    }
    set(headers, header::X_FRAME_OPTIONS, "DENY");
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        set(
            headers,
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        );
    }
}

/// Answers of the API are for nobody else and for now only.
pub(super) async fn api_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

/// Refuses commands that a browser sends for another site (`Sec-Fetch-Site`, `Origin`).
pub(super) fn cross_site(
    config: &Config,
) -> CsrfLayer<fn(ProtectionError) -> HttpResponse<axum::body::Body>> {
    let layer = CsrfLayer::new();
    // a proxy may speak to us under another host name than people do
    let layer = match layer.clone().add_trusted_origin(config.origin()) {
        Ok(trusting) => trusting,
        Err(_) => layer,
    };
    layer.with_rejection_response(refused as fn(ProtectionError) -> _)
}

fn refused(_: ProtectionError) -> Response {
    Problem::of_protocol(
        "cross-site",
        StatusCode::FORBIDDEN,
        "From another site",
        "This command came from another site and was refused.",
    )
    .remedy("Open the console by its own address and do it there.")
    .into_response()
}
