//! The one place that knows the server's addresses: a typed function for each route, and what can go wrong on the way.
//!
//! A session that ended, or a password that the server wants again, is asked for in a dialog and the request is made
//! once more: what a person was doing stays where it was.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use gloo_net::http::{Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::problem::Problem;

use crate::session;

mod access;
mod migration;
mod operation;
mod press;

pub use access::*;
pub use migration::*;
pub use operation::*;
pub use press::Press;

/// What a request gives.
pub type Answer<T> = Result<T, ApiError>;

/// Why a request gave nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiError {
    /// The server refused or failed, and said why.
    Problem(Box<Problem>),
    /// The server did not answer.
    Network,
    /// The answer is not what this console understands.
    Decode(String),
    /// The person closed the dialog that the request was waiting for.
    Cancelled,
}

impl ApiError {
    /// Whether the problem is of this kind, such as `gate-closed`.
    pub fn is(&self, kind: &str) -> bool {
        matches!(self, Self::Problem(problem) if problem.kind.strip_prefix("/problems/") == Some(kind))
    }

    /// What happened, in a few words.
    pub fn title(&self) -> String {
        match self {
            Self::Problem(problem) => problem.title.clone(),
            Self::Network => "Switchyard does not answer".into(),
            Self::Decode(_) => "The answer could not be read".into(),
            Self::Cancelled => "Not done".into(),
        }
    }

    /// What happened this time and what to do, in sentences.
    pub fn detail(&self) -> String {
        match self {
            Self::Problem(problem) => crate::format::told(&match &problem.remedy {
                Some(remedy) => format!("{} {remedy}", problem.detail),
                None => problem.detail.clone(),
            }),
            Self::Network => "The connection to the server is lost. A run goes on without this page. Try again in a moment.".into(),
            Self::Decode(why) => format!(
                "This page and the server may be of different releases. Reload the page. ({why})"
            ),
            Self::Cancelled => "Nothing was changed.".into(),
        }
    }

    /// Why one field was not accepted.
    pub fn field(&self, name: &str) -> Option<String> {
        match self {
            Self::Problem(problem) => problem
                .fields
                .iter()
                .find(|field| field.field == name)
                .map(|field| field.message.clone()),
            _ => None,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}. {}", self.title(), self.detail())
    }
}

impl std::error::Error for ApiError {}

/// The address of a file to download, for `<a href download>`.
pub fn file(path: &str) -> String {
    format!("/api/v1{path}")
}

struct Call {
    method: Method,
    path: String,
    body: Option<String>,
    key: Option<String>,
}

async fn get<T: DeserializeOwned>(path: impl Into<String>) -> Answer<T> {
    decode(send(call(Method::GET, path.into(), None)).await)
}

async fn submit<T: DeserializeOwned>(
    method: Method,
    path: impl Into<String>,
    body: &impl Serialize,
) -> Answer<T> {
    let body = serde_json::to_string(body).map_err(|error| ApiError::Decode(error.to_string()))?;
    decode(send(call(method, path.into(), Some(body))).await)
}

/// Carried out once, however often the same press asks for it.
async fn submit_once<T: DeserializeOwned>(
    path: impl Into<String>,
    body: &impl Serialize,
    press: Press,
) -> Answer<T> {
    let path = path.into();
    let body = serde_json::to_string(body).map_err(|error| ApiError::Decode(error.to_string()))?;
    let call = Call {
        key: Some(press.key(&path, &body)),
        ..call(Method::POST, path, Some(body))
    };
    decode(send(call).await)
}

/// Without a body, and whatever the server answers is not read.
async fn command(method: Method, path: impl Into<String>) -> Answer<()> {
    send(call(method, path.into(), None)).await.map(|_| ())
}

fn call(method: Method, path: String, body: Option<String>) -> Call {
    Call {
        method,
        path,
        body,
        key: None,
    }
}

fn decode<T: DeserializeOwned>(text: Answer<String>) -> Answer<T> {
    let text = text?;
    let text = if text.is_empty() { "null" } else { &text };
    serde_json::from_str(text).map_err(|error| ApiError::Decode(error.to_string()))
}

// boxed: one state machine for all routes instead of one in each of them
fn send(call: Call) -> Pin<Box<dyn Future<Output = Answer<String>>>> {
    Box::pin(async move {
        loop {
            let error = match send_once(&call).await {
                Err(error @ ApiError::Problem(_)) => error,
                other => return other,
            };
            // a refused sign-in is an answer to whoever signs in, not a session that ended
            let goes_on = if error.is("not-signed-in") && call.path != "/session" {
                session::current().wait_for_sign_in().await
            } else if error.is("password-needed") {
                session::current().wait_for_password().await
            } else {
                return Err(error);
            };
            if !goes_on {
                return Err(ApiError::Cancelled);
            }
        }
    })
}

async fn send_once(call: &Call) -> Answer<String> {
    let mut request = RequestBuilder::new(&file(&call.path)).method(call.method.clone());
    if let Some(key) = &call.key {
        request = request.header("Idempotency-Key", key);
    }
    let sent = match &call.body {
        Some(body) => {
            request
                .header("Content-Type", "application/json")
                .body(body.as_str())
                .map_err(|error| ApiError::Decode(error.to_string()))?
                .send()
                .await
        }
        None => request.send().await,
    };
    let response = sent.map_err(|_| ApiError::Network)?;
    let text = response.text().await.map_err(|_| ApiError::Network)?;
    if response.ok() {
        return Ok(text);
    }
    let problem = serde_json::from_str(&text).unwrap_or_else(|_| Problem {
        kind: "about:blank".into(),
        title: format!("The server answered {}", response.status()),
        status: response.status(),
        detail: "It gave no reason. A proxy in between may be the cause.".into(),
        remedy: None,
        instance: None,
        fields: Vec::new(),
    });
    Err(ApiError::Problem(Box::new(problem)))
}

fn of(system: &str, rest: &str) -> String {
    format!("/systems/{}{rest}", crate::route::encode(system))
}

/// Appends `name=value` pairs that have a value to a path.
fn with_query(path: String, pairs: &[(&str, Option<String>)]) -> String {
    let query: Vec<String> = pairs
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_ref()?)))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", crate::route::encode(value)))
        .collect();
    if query.is_empty() {
        path
    } else {
        format!("{path}?{}", query.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: &str) -> ApiError {
        ApiError::Problem(Box::new(Problem {
            kind: kind.into(),
            title: "Gate closed".into(),
            status: 409,
            detail: "23 of 847 records have no organization.".into(),
            remedy: Some("Assign them.".into()),
            instance: None,
            fields: Vec::new(),
        }))
    }

    #[test]
    fn a_problem_is_known_by_its_kind_and_tells_the_remedy() {
        let error = problem("/problems/gate-closed");
        assert!(error.is("gate-closed"));
        assert!(!error.is("closed"));
        assert_eq!(
            error.detail(),
            "23 of 847 records have no organization. Assign them."
        );
    }

    #[test]
    fn a_query_names_only_what_has_a_value_and_escapes_it() {
        let path = with_query(
            "/audit".into(),
            &[
                ("actor", Some("o'brien & co".into())),
                ("q", None),
                ("action", Some(String::new())),
            ],
        );
        assert_eq!(path, "/audit?actor=o%27brien%20%26%20co");
    }
}
