//! A whole server for tests: the real router on a control store in a temporary directory, called without a network,
//! with a client for each role and a clock that only a test moves.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use server::accounts::token;
use server::config::{Config, DatabaseSource};
use server::moment::{Clock, Moment};
use server::state::AppState;
use server::store::{Opener, Store, accounts, sessions};
use shared::account::Role;
use tower::ServiceExt as _;

use crate::postgres::Database;

/// Moment at which the clock of a test stands: 2026-11-20T02:00:00Z.
pub const START: Moment = Moment(1_795_140_000_000);

/// A server of one test.
pub struct TestApp {
    /// What its requests and tasks share.
    pub state: AppState,
    /// Its clock.
    pub clock: Clock,
    /// Its data; kept for as long as the server lives, then removed.
    pub directory: tempfile::TempDir,
    /// Its control store, where `TEST_CONTROL_STORE=postgres` asks for one on a server.
    _database: Option<Database>,
    router: axum::Router,
}

impl TestApp {
    /// A server with the default configuration and no account.
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// A server whose configuration `change` adapts.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut config = Config {
            data: directory.path().to_owned(),
            ..Config::default()
        };
        change(&mut config);
        let database = match std::env::var("TEST_CONTROL_STORE").as_deref() {
            Ok("postgres") if config.control_store.is_none() => {
                let database = Database::new().await;
                config.control_store = Some(DatabaseSource::Resolved(database.url.whole()));
                Some(database)
            }
            _ => None,
        };
        let clock = Clock::standing_at(START);
        let place = config.control_store_url().expect("an address");
        let store = Store::open_at(
            &place,
            Opener::Console {
                data: config.data.clone(),
            },
        )
        .await
        .expect("a control store");
        let state = AppState::new(config, store, clock.clone());
        // a test begins the loops that it needs
        state.leads.store(true, std::sync::atomic::Ordering::SeqCst);
        Self {
            router: server::http::router(state.clone()),
            state,
            clock,
            directory,
            _database: database,
        }
    }

    /// The file of the control store.
    pub fn control_store_file(&self) -> std::path::PathBuf {
        let place = self.state.config.control_store_url().expect("an address");
        place.path().expect("a file").to_owned()
    }

    /// A client that nobody is signed in with.
    pub fn anonymous(&self) -> Client {
        Client {
            router: self.router.clone(),
            cookies: Vec::new(),
            address: SocketAddr::from(([127, 0, 0, 1], 40000)),
        }
    }

    /// A client signed in as a new account of this role, named after it; straight into the store, because hashing a
    /// password for each test would take most of its time.
    pub async fn client(&self, role: Role) -> Client {
        self.client_named(accounts::role_word(role), role).await
    }

    /// A client signed in as a new account of this name and role.
    pub async fn client_named(&self, username: &str, role: Role) -> Client {
        let now = self.clock.now();
        let id = format!("account-{username}");
        let secret = token::random().expect("random bits");
        let mut tx = self.state.store.write().await.expect("a transaction");
        accounts::insert(
            &mut tx,
            &accounts::NewRow {
                id: &id,
                username,
                name: username,
                role,
                password_hash: Some("not a hash: this account cannot sign in by password"),
                created: now,
            },
        )
        .await
        .expect("an account");
        sessions::insert(
            &mut tx,
            &sessions::NewRow {
                id: &format!("session-{username}"),
                token_hash: &token::hash(secret.expose()),
                account: &id,
                at: now,
                agent: "test",
                address: "127.0.0.1",
            },
        )
        .await
        .expect("a session");
        tx.commit().await.expect("a commit");
        let mut client = self.anonymous();
        client.cookies = vec![("switchyard".into(), secret.expose().clone())];
        client
    }

    /// Moves the clock.
    pub fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }
}

/// Somebody's browser: keeps cookies.
#[derive(Clone)]
pub struct Client {
    router: axum::Router,
    /// Cookies by name.
    pub cookies: Vec<(String, String)>,
    /// Address it comes from.
    pub address: SocketAddr,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The body as a type of the API.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text).unwrap_or_else(|error| {
            panic!("{error} in answer {}: {}", self.status, self.text);
        })
    }

    /// The end of the problem's type, such as `not-allowed`; empty when it is none.
    pub fn problem(&self) -> String {
        self.json()["type"]
            .as_str()
            .and_then(|kind| kind.strip_prefix("/problems/"))
            .unwrap_or_default()
            .to_owned()
    }
}

impl Client {
    /// GET of a path below `/api/v1`.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// POST of JSON to a path below `/api/v1`.
    pub async fn post(&mut self, path: &str, body: impl serde::Serialize) -> Answer {
        self.send(Method::POST, path, Some(json(body))).await
    }

    /// PUT of JSON to a path below `/api/v1`.
    pub async fn put(&mut self, path: &str, body: impl serde::Serialize) -> Answer {
        self.send(Method::PUT, path, Some(json(body))).await
    }

    /// PATCH of JSON to a path below `/api/v1`.
    pub async fn patch(&mut self, path: &str, body: impl serde::Serialize) -> Answer {
        self.send(Method::PATCH, path, Some(json(body))).await
    }

    /// DELETE of a path below `/api/v1`.
    pub async fn delete(&mut self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Asks again until the answer is as wanted.
    pub async fn until(
        &mut self,
        path: &str,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let deadline = std::time::Instant::now() + Duration::from_secs(180);
        loop {
            let answer = self.get(path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
            let now = answer.json();
            if wanted(&now) {
                return now;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "{what} did not happen: {now:#}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Any request to a path below `/api/v1`.
    pub async fn send(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        self.request(request.body(body).expect("a request")).await
    }

    /// Like [`Client::send`], but reads no body that has no end: an answer that is no problem has none here.
    pub async fn head_of(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        let response = self.answer(request.body(body).expect("a request")).await;
        let (parts, body) = response.into_parts();
        let text = if parts.status.is_success() {
            String::new()
        } else {
            let bytes = body.collect().await.expect("a whole body").to_bytes();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    /// Any request at all; cookies are added and kept.
    pub async fn request(&mut self, request: Request<Body>) -> Answer {
        let response = self.answer(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// The answer with its body still to come.
    pub async fn answer(&mut self, mut request: Request<Body>) -> axum::response::Response {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            let line = cookies.join("; ").parse().expect("a cookie header");
            request.headers_mut().insert(header::COOKIE, line);
        }
        request.extensions_mut().insert(ConnectInfo(self.address));
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("the router answers");
        self.keep(response.headers());
        response
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE) {
            let pair = line.to_str().expect("text").split(';').next();
            let (name, value) = pair
                .and_then(|pair| pair.split_once('='))
                .expect("name and value");
            self.cookies.retain(|(kept, _)| kept != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

fn json(body: impl serde::Serialize) -> Value {
    serde_json::to_value(body).expect("JSON")
}
