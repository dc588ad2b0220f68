//! The console's files, embedded in the release binary and held in memory (a debug build reads them from `dist/`).

mod asset;
mod policy;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use asset::Asset;

const YEAR: &str = "public, max-age=31536000, immutable";
const CHECK: &str = "no-cache";

/// Answers every address that no route has: a file, or the console for an address of one of its pages.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            [(header::ALLOW, "GET, HEAD")],
        )
            .into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let names_a_file = path
        .rsplit('/')
        .next()
        .is_some_and(|last| last.contains('.'));
    let found = if path == "index.html" || !names_a_file {
        asset::find("index.html")
    } else {
        asset::find(path)
    };
    match found {
        Some(asset) => answer(&asset, &headers, &method),
        // a missing script must not be answered with a page: the browser would report a wrong type instead
        None if names_a_file => (StatusCode::NOT_FOUND, "There is no such file.\n").into_response(),
        None => not_built(),
    }
}

fn answer(asset: &Asset, headers: &HeaderMap, method: &Method) -> Response {
    let packed = asset.packed.as_ref().filter(|_| takes_brotli(headers));
    let etag = if packed.is_some() {
        format!("\"{}-br\"", asset.hash)
    } else {
        format!("\"{}\"", asset.hash)
    };
    let mut response = Response::new(Body::empty());
    let out = response.headers_mut();
    out.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(if asset.immutable { YEAR } else { CHECK }),
    );
    if asset.packed.is_some() {
        out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if let Some(policy) = asset
        .policy
        .as_ref()
        .and_then(|policy| HeaderValue::from_str(policy).ok())
    {
        out.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .split(',')
                .any(|tag| tag.trim().trim_start_matches("W/") == etag || tag.trim() == "*")
        });
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        out.insert(header::ETAG, etag);
    }
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    if packed.is_some() {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    let bytes = packed.unwrap_or(&asset.bytes);
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    if method == Method::GET {
        *response.body_mut() = Body::from(bytes.clone());
    }
    response
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            parts.next() == Some("br")
                && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
}

fn not_built() -> Response {
    let page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Switchyard</title>\
        <h1>The console is not built</h1>\
        <p>The API answers below <code>/api/v1</code>, but this binary was built without the files of the console.</p>\
        <p>Run <code>make build</code>, which builds the console into <code>dist/</code> and then the binary around it.</p>";
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        page,
    )
        .into_response()
}
