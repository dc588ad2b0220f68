//! Files before everything else: an answer from memory needs neither a session nor the layers around the API, and
//! they would cost several times what a small file does.

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
use crate::metrics::Metrics;

/// Answers the console's files itself, with the same headers as everything else, and counts them. All else, its pages
/// too, goes to the routes.
#[derive(Clone)]
pub(in crate::http) struct FilesFirst {
    routes: Router,
    metrics: Arc<Metrics>,
}

impl FilesFirst {
    pub(in crate::http) fn before(routes: Router, metrics: Arc<Metrics>) -> Self {
        Self { routes, metrics }
    }

    fn file(&self, request: &Request) -> Option<Response> {
        let (method, path) = (request.method(), request.uri().path());
        let asked = method == Method::GET || method == Method::HEAD;
        if !asked || !names_a_file(path) {
            return None;
        }
        let started = Instant::now();
        let asset = asset::find(path.trim_start_matches('/'))?;
        let response = answer(&asset, request.headers(), method);
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
        match self.file(&request) {
            Some(response) => Either::Left(ready(Ok(response))),
            None => Either::Right(self.routes.call(request)),
        }
    }
}
