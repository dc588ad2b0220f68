//! Bodies, paths and queries, whose errors are problems like all others. Rights come first: put the proof (`Viewer`,
//! `Operator`, ...) before these in a handler.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::problem::FieldProblem;

use super::problem::Problem;
use crate::refusal::Kind;

/// A JSON body, read or written.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let axum::Json(value) = axum::Json::from_request(request, state).await?;
        Ok(Self(value))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Parts of the path.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let axum::extract::Path(value) =
            axum::extract::Path::from_request_parts(parts, state).await?;
        Ok(Self(value))
    }
}

/// Parts of the path of a public page. What cannot be read names nothing that is published, and is answered like that.
#[derive(Debug, Clone)]
pub(super) struct PublicPath<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PublicPath<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(super::status::nothing_here()),
        }
    }
}

/// The query.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let axum::extract::Query(value) =
            axum::extract::Query::from_request_parts(parts, state).await?;
        Ok(Self(value))
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        match rejection {
            JsonRejection::JsonDataError(error) => {
                let message = reason(&error);
                Self::new(Kind::Invalid, "The body does not hold what is needed.")
                    .remedy("Correct the field named here.")
                    .fields(vec![FieldProblem {
                        field: "body".into(),
                        message,
                    }])
            }
            JsonRejection::MissingJsonContentType(_) => Self::of_protocol(
                "not-json",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Not JSON",
                "The body has to be JSON, with the content type `application/json`.",
            ),
            other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => Self::of_protocol(
                "too-large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "Too large",
                "The body is larger than this route takes.",
            ),
            _ => malformed("The body is not well-formed JSON."),
        }
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::new(Kind::NotFound, "There is nothing at this address.")
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        let message = reason(&rejection);
        Self::new(Kind::Invalid, "The query does not hold what is needed.").fields(vec![
            FieldProblem {
                field: "query".into(),
                message,
            },
        ])
    }
}

fn malformed(detail: &str) -> Problem {
    Problem::of_protocol("malformed", StatusCode::BAD_REQUEST, "Malformed", detail)
}

/// The innermost reason: the outer ones only repeat that something could not be read.
fn reason(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
