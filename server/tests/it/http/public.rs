//! What is answered to anybody, outside of the API: every plain route of the sources stands in one table here, so that a
//! new one is a decision. The routes of the API are in the document, and have their table in `access.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use shared::account::Role;

use crate::app::TestApp;

/// Method and path of what is for everybody.
const PUBLIC: &[(&str, &str)] = &[
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/status"),
    ("GET", "/status/{slug}"),
    ("GET", "/status/{slug}/{file}"),
    ("GET", "/status/{slug}/subscribe"),
    ("POST", "/status/{slug}/subscribe"),
    // the token of the link is the right
    ("GET", "/s/{token}"),
    ("GET", "/s/{token}/{file}"),
    ("GET", "/s/{token}/subscribe"),
    ("POST", "/s/{token}/subscribe"),
    // the token of the mail is the right
    ("GET", "/subscription/confirm/{token}"),
    ("POST", "/subscription/confirm/{token}"),
    ("GET", "/subscription/stop/{token}"),
    ("POST", "/subscription/stop/{token}"),
];

/// Below these stands the API alone.
const MOUNTS: &[&str] = &["/api", "/v1"];

/// Calls that give a path a meaning without the document.
const CALLS: [&str; 4] = [".route(", ".nest(", ".route_service(", ".nest_service("];

fn sources(place: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The arguments of a call, up to the parenthesis that closes it.
fn arguments(text: &str) -> &str {
    let mut open = 1;
    let end = text.find(|letter| {
        match letter {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        open == 0
    });
    &text[..end.unwrap_or(text.len())]
}

/// Methods and paths that a source gives a meaning; a mount has no method. A path that is no literal cannot be judged.
fn routes(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for call in CALLS {
        for rest in text.split(call).skip(1) {
            let arguments = arguments(rest);
            let (path, rest) = arguments
                .trim_start()
                .strip_prefix('"')
                .and_then(|rest| rest.split_once('"'))
                .unwrap_or_else(|| panic!("{call}{arguments}): the path is no literal"));
            let methods: Vec<String> = ["get", "post", "put", "patch", "delete", "any"]
                .into_iter()
                .filter(|method| {
                    [" ", ".", "\n"]
                        .iter()
                        .any(|before| rest.contains(&format!("{before}{method}(")))
                })
                .map(str::to_uppercase)
                .collect();
            if call == ".route(" && !methods.is_empty() {
                found.extend(methods.into_iter().map(|method| (method, path.to_owned())));
            } else {
                found.push((call.to_owned(), path.to_owned()));
            }
        }
    }
    found
}

#[test]
fn every_plain_route_of_the_sources_is_known_to_be_for_everybody() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source.join("http.rs")];
    sources(&source.join("http"), &mut files);
    let mut met = BTreeSet::new();
    for file in files {
        for (method, path) in routes(&fs::read_to_string(&file).unwrap()) {
            let public = PUBLIC.contains(&(method.as_str(), path.as_str()));
            let mount = method == ".nest(" && MOUNTS.contains(&path.as_str());
            assert!(
                public || mount,
                "{} has {method} {path}, which stands in no table of rights: give it a right and put it into the \
                 document, or say in PUBLIC that it is for everybody",
                file.display()
            );
            met.insert((method, path));
        }
    }
    for (method, path) in PUBLIC {
        let line = ((*method).to_owned(), (*path).to_owned());
        assert!(met.contains(&line), "{method} {path} has no route");
    }
}

#[test]
fn a_route_is_found_however_it_is_written() {
    let text = "Router::new()\n.route(\n\"/a/{b}\",\nget(one).post(two),\n).nest_service(\"/c\", files(3))\
                .route_service(\"/d\", service)";
    let owned = |method: &str, path: &str| (method.to_owned(), path.to_owned());
    assert_eq!(
        routes(text),
        [
            owned("GET", "/a/{b}"),
            owned("POST", "/a/{b}"),
            owned(".route_service(", "/d"),
            owned(".nest_service(", "/c"),
        ]
    );
}

#[tokio::test]
async fn what_is_for_everybody_asks_nobody_who_they_are() {
    let app = TestApp::start().await;
    let mut clients = [app.anonymous(), app.client(Role::Viewer).await];
    for (method, path) in PUBLIC {
        let path = path
            .split('/')
            .map(|part| {
                if part.starts_with('{') {
                    "unknown"
                } else {
                    part
                }
            })
            .collect::<Vec<_>>()
            .join("/");
        let mut answers = Vec::new();
        for client in &mut clients {
            let request = Request::builder().method(*method).uri(&path);
            let request = request.body(Body::empty()).unwrap();
            let status = client.request(request).await.status;
            assert!(
                ![StatusCode::UNAUTHORIZED, StatusCode::METHOD_NOT_ALLOWED].contains(&status)
                    && !status.is_server_error(),
                "{path}: {status}"
            );
            answers.push(status);
        }
        assert_eq!(answers[0], answers[1], "{method} {path} asks who is there");
    }
}
