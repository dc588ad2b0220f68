//! The one place where errors become answers: RFC 9457 problems with a stable type, a sentence and a remedy. Causes
//! inside the server go to the log with the id of the request, never into the answer.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::OriginalUri;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::problem::{FieldProblem, Problem as Body};

use crate::refusal::{Kind, Refusal};

/// What a handler answers.
pub type Answer<T> = Result<T, Problem>;

/// An error answer.
#[derive(Debug, Clone)]
pub struct Problem {
    body: Body,
    retry_after: Option<Duration>,
    cause: Option<Arc<str>>,
    /// Whether a person without an account reads it, on a page.
    on_page: bool,
}

/// What a handler of public pages answers.
pub type PageAnswer = Result<Response, OnPage>;

/// A problem on a public page: for people, and without a word of what failed.
#[derive(Debug)]
pub struct OnPage(Problem);

impl<E: Refusal> From<E> for OnPage {
    fn from(error: E) -> Self {
        Self(Problem {
            on_page: true,
            ..Problem::from(error)
        })
    }
}

impl IntoResponse for OnPage {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// Name, status and title of each kind; the name is the end of the stable type.
fn kind_row(kind: Kind) -> (&'static str, StatusCode, &'static str) {
    match kind {
        Kind::NotSignedIn => ("not-signed-in", StatusCode::UNAUTHORIZED, "Not signed in"),
        Kind::PasswordNeeded => ("password-needed", StatusCode::FORBIDDEN, "Password needed"),
        Kind::NotAllowed => ("not-allowed", StatusCode::FORBIDDEN, "Not allowed"),
        Kind::NotFound => ("not-found", StatusCode::NOT_FOUND, "Not found"),
        Kind::GateClosed => ("gate-closed", StatusCode::CONFLICT, "Gate closed"),
        Kind::ChangedMeanwhile => (
            "changed-meanwhile",
            StatusCode::CONFLICT,
            "Changed meanwhile",
        ),
        Kind::Conflict => ("conflict", StatusCode::CONFLICT, "Not possible now"),
        Kind::Invalid => ("invalid", StatusCode::UNPROCESSABLE_ENTITY, "Not accepted"),
        Kind::Throttled(_) => ("throttled", StatusCode::TOO_MANY_REQUESTS, "Too many tries"),
        Kind::Unavailable => (
            "unavailable",
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available now",
        ),
        Kind::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "Failed"),
    }
}

/// Time after which something unavailable is worth another try.
const TRY_AGAIN: Duration = Duration::from_secs(5);

impl Problem {
    /// A problem of a kind that the domain knows.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (name, status, title) = kind_row(kind);
        Self {
            retry_after: match kind {
                Kind::Throttled(after) => Some(after),
                Kind::Unavailable => Some(TRY_AGAIN),
                _ => None,
            },
            ..Self::of_protocol(name, status, title, detail)
        }
    }

    /// A problem that only HTTP knows, such as a body that is too large.
    pub(super) fn of_protocol(
        name: &str,
        status: StatusCode,
        title: &str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            body: Body {
                kind: format!("/problems/{name}"),
                title: title.to_owned(),
                status: status.as_u16(),
                detail: detail.into(),
                remedy: None,
                instance: None,
                fields: Vec::new(),
            },
            retry_after: None,
            cause: None,
            on_page: false,
        }
    }

    /// With what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.body.remedy = Some(remedy.into());
        self
    }

    /// With the fields that were not accepted.
    #[must_use]
    pub fn fields(mut self, fields: Vec<FieldProblem>) -> Self {
        self.body.fields = fields;
        self
    }

    /// What goes into the log.
    pub(super) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Stable type.
    pub(super) fn kind(&self) -> &str {
        &self.body.kind
    }

    /// The answer, with the id of the request.
    pub(super) fn response(&self, instance: Option<String>) -> Response {
        let status =
            StatusCode::from_u16(self.body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = if self.on_page {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CACHE_CONTROL, "no-store"),
                (header::CONTENT_SECURITY_POLICY, super::status::POLICY),
            ];
            let page = crate::status::nothing_now(instance.as_deref());
            (status, headers, page).into_response()
        } else {
            let body = Body {
                instance,
                ..self.body.clone()
            };
            let problem = [(header::CONTENT_TYPE, "application/problem+json")];
            (status, problem, axum::Json(body)).into_response()
        };
        let headers = response.headers_mut();
        if let Some(after) = self.retry_after {
            // rounded up: a client that comes back too early is refused again
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from(after.as_millis().div_ceil(1000).max(1) as u64),
            );
        }
        response
    }
}

impl<E: Refusal> From<E> for Problem {
    fn from(error: E) -> Self {
        let kind = error.kind();
        let mut problem = if kind == Kind::Internal {
            Self::new(
                kind,
                "Something inside Switchyard failed. Nothing half-done was kept.",
            )
            .remedy("Try again. When it fails again, look for this request's id in the log of the server.")
        } else {
            let mut problem = Self::new(kind, error.to_string()).fields(error.fields());
            problem.body.remedy = error.remedy();
            problem
        };
        let mut cause = error.to_string();
        let mut source = error.source();
        let has_source = source.is_some();
        while let Some(error) = source {
            cause.push_str(": ");
            cause.push_str(&error.to_string());
            source = error.source();
        }
        if kind == Kind::Internal || has_source {
            problem.cause = Some(cause.into());
        }
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.response(None);
        // `observe` writes the id of the request into it, and the cause into the log
        response.extensions_mut().insert(self);
        response
    }
}

/// For an address below `/api` that does not exist.
pub(super) async fn no_such_route(OriginalUri(uri): OriginalUri) -> Problem {
    Problem::new(Kind::NotFound, format!("There is no {}.", uri.path()))
        .remedy("The routes are listed in /api/v1/openapi.json.")
}

/// For a method that an address does not know.
pub(super) async fn no_such_method(method: Method, OriginalUri(uri): OriginalUri) -> Problem {
    Problem::of_protocol(
        "no-such-method",
        StatusCode::METHOD_NOT_ALLOWED,
        "No such method",
        format!("{} does not answer {method}.", uri.path()),
    )
}

/// For a handler that panicked: a defect, told apart from all else in the log.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    defect(panic).into_response()
}

/// The same for a public page.
pub(super) fn panicked_on_page(panic: Box<dyn Any + Send>) -> Response {
    let problem = Problem {
        on_page: true,
        ..defect(panic)
    };
    problem.into_response()
}

fn defect(panic: Box<dyn Any + Send>) -> Problem {
    let what = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    let mut problem = Problem::new(
        Kind::Internal,
        "Something inside Switchyard failed. Nothing half-done was kept.",
    )
    .remedy("Look for this request's id in the log of the server, and report the defect.");
    problem.cause = Some(format!("panic: {what}").into());
    problem
}
