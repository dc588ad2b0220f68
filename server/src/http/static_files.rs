//! The console's files, embedded in the release binary and held in memory (a debug build reads them from `dist/`).

mod asset;
mod first;
mod policy;

use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::conditional::is_known;
use asset::Asset;

pub(super) use first::FilesFirst;

/// Answers every address that no route has: a file, or the console for an address of one of its pages.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if super::status::is_public(uri.path()) {
        return super::status::nothing_here();
    }
    if method != Method::GET && method != Method::HEAD {
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            [(header::ALLOW, "GET, HEAD")],
        )
            .into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let names_a_file = names_a_file(path);
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

/// Whether a path ends like the name of a file; pages of the console have no dot.
fn names_a_file(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|last| last.contains('.'))
}

fn answer(asset: &Asset, headers: &HeaderMap, method: &Method) -> Response {
    let form = match &asset.packed {
        Some(packed) if takes_brotli(headers) => packed,
        _ => &asset.plain,
    };
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = form.headers.clone();
    if is_known(headers, &form.etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        for of_a_body in [
            header::CONTENT_TYPE,
            header::CONTENT_ENCODING,
            header::CONTENT_LENGTH,
        ] {
            response.headers_mut().remove(of_a_body);
        }
    } else if method == Method::GET {
        *response.body_mut() = Body::from(form.bytes.clone());
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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_file_is_as_strict_with_browsers_as_every_other_answer() {
        let response = answer(&Asset::sample(true), &HeaderMap::new(), &Method::GET);
        let headers = response.headers();
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
        assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY));
    }

    fn asked(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn brotli_goes_to_those_who_take_it_and_to_nobody_else() {
        for (accepted, packed) in [
            ("gzip, br", true),
            ("br;q=0.5", true),
            ("br;q=0", false),
            ("gzip", false),
        ] {
            let headers = asked(&[(header::ACCEPT_ENCODING, accepted)]);
            let response = answer(&Asset::sample(true), &headers, &Method::GET);
            let encoded = response.headers().contains_key(header::CONTENT_ENCODING);
            assert_eq!(encoded, packed, "{accepted}");
            assert_eq!(response.headers()[header::VARY], "accept-encoding");
            let length = if packed { "6" } else { "22" };
            assert_eq!(response.headers()[header::CONTENT_LENGTH], length);
        }
    }

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        for (known, status) in [
            ("\"abc\"", StatusCode::NOT_MODIFIED),
            ("W/\"abc\"", StatusCode::NOT_MODIFIED),
            ("\"x\", \"abc\"", StatusCode::NOT_MODIFIED),
            ("*", StatusCode::NOT_MODIFIED),
            // of the other encoding
            ("\"abc-br\"", StatusCode::OK),
            ("\"abd\"", StatusCode::OK),
        ] {
            let headers = asked(&[(header::IF_NONE_MATCH, known)]);
            let response = answer(&Asset::sample(true), &headers, &Method::GET);
            assert_eq!(response.status(), status, "{known}");
        }
    }

    #[tokio::test]
    async fn a_head_has_the_length_and_no_body() {
        use http_body_util::BodyExt as _;
        let response = answer(&Asset::sample(true), &HeaderMap::new(), &Method::HEAD);
        assert_eq!(response.headers()[header::CONTENT_LENGTH], "22");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(body.is_empty());
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_never_a_page() {
        let get = |path: &'static str, method| async move {
            serve(method, Uri::from_static(path), HeaderMap::new())
                .await
                .status()
        };
        assert_eq!(get("/app-0.wasm", Method::GET).await, StatusCode::NOT_FOUND);
        assert_eq!(
            get("/systems/a.b.js", Method::GET).await,
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            get("/systems", Method::POST).await,
            StatusCode::METHOD_NOT_ALLOWED
        );
        // the console, or the page that says how to build it
        let page = get("/systems/obcms/runs", Method::GET).await;
        assert!(page == StatusCode::OK || page == StatusCode::SERVICE_UNAVAILABLE);
    }
}
