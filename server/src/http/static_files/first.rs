//! Files and public pages before everything else: an answer from memory needs neither a session nor the layers around
//! the API, and they would cost several times what it does.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use futures_util::future::Either;
use tower::Service;

use super::{answer, asset, names_a_file};
use crate::http::status;
use crate::metrics::Metrics;
use crate::state::AppState;
use crate::status::Board;

/// Answers the console's files and the public pages that are ready itself, with the same headers as everything else, and
/// counts them. All else, the console's pages too, goes to the routes.
#[derive(Clone)]
pub(in crate::http) struct FilesFirst {
    routes: Router,
    board: Arc<Board>,
    metrics: Arc<Metrics>,
}

impl FilesFirst {
    /// Cloned for each request, so it takes of the state what it needs.
    pub(in crate::http) fn before(routes: Router, state: &AppState) -> Self {
        Self {
            routes,
            board: state.board.clone(),
            metrics: state.metrics.clone(),
        }
    }

    fn ready(&self, request: &Request) -> Option<Response> {
        let (method, path) = (request.method(), request.uri().path());
        if method != Method::GET && method != Method::HEAD {
            return None;
        }
        let started = Instant::now();
        let response = match path.strip_prefix("/status/") {
            Some(page) => status::ready(&self.board, page, method, request.headers())?,
            None if names_a_file(path) => {
                let asset = asset::find(path.trim_start_matches('/'))?;
                answer(&asset, request.headers(), method)
            }
            None => return None,
        };
        let status = response.status().as_u16();
        self.metrics.answered(method, status, started.elapsed());
        Some(response)
    }
}

impl Service<Request> for FilesFirst {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, RouteFuture<Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request>::poll_ready(&mut self.routes, context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.ready(&request) {
            Some(response) => Either::Left(ready(Ok(response))),
            None => Either::Right(self.routes.call(request)),
        }
    }
}
