//! Commands that would do something twice answer the same key with the same answer, so that a lost answer can be asked
//! for again without doing it again. The key is reserved before the command begins: the same request at the same
//! instant waits for the answer. What has begun goes on when the browser is gone.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::{Duration, Instant};

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tracing::Instrument as _;
use utoipa::IntoParams;

use super::problem::{Answer, Problem};
use crate::accounts::Actor;
use crate::refusal::Kind;
use crate::state::AppState;
use crate::store::idempotency::{Command, KeptAnswer, Reservation, Reserved, reserve};

/// Longest key, in characters.
const LONGEST_KEY: usize = 200;
/// How long a reservation lasts unless it is renewed: a key is free this long after its console died.
const LASTS: Duration = Duration::from_secs(15);
/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(5);
/// How long the same request waits for the answer of the first: longer than [`LASTS`], so that after a crash it goes on.
const WAIT: Duration = Duration::from_secs(20);
/// Time between two looks for that answer.
const LOOK: Duration = Duration::from_millis(100);

/// The header of a request that does something once.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct IdempotencyKey {
    /// The same key answers what the first request answered
    #[param(rename = "Idempotency-Key")]
    #[expect(dead_code, reason = "it stands in the OpenAPI document only")]
    key: Option<String>,
}

/// A press of a button: which request it is, and its key when it has one.
pub(super) struct Press {
    state: AppState,
    request: String,
    key: Option<String>,
}

impl FromRequestParts<AppState> for Press {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let key = match parts.headers.get("idempotency-key") {
            None => None,
            Some(key) => Some(
                key.to_str()
                    .ok()
                    .filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY)
                    .ok_or_else(|| {
                        Problem::new(
                            Kind::Invalid,
                            "The header Idempotency-Key is empty or too long.",
                        )
                    })?
                    .to_owned(),
            ),
        };
        // the routers in between cut off what they matched
        let uri = parts
            .extensions
            .get::<OriginalUri>()
            .map_or(&parts.uri, |original| &original.0);
        Ok(Self {
            state: state.clone(),
            request: format!("{} {}", parts.method, uri.path()),
            key,
        })
    }
}

impl Press {
    /// With who pressed it, and the body.
    pub(super) fn of(self, actor: &Actor, body: &impl Serialize) -> Once {
        let Self {
            state,
            request,
            key,
        } = self;
        let command = key.map(|key| {
            let text = serde_json::to_string(body).unwrap_or_default();
            Command {
                account: actor.id().to_owned(),
                key,
                request_hash: hex::encode(Sha256::digest(format!("{request}\n{text}"))),
            }
        });
        Once { state, command }
    }
}

/// A request to carry a command out once.
pub(super) struct Once {
    state: AppState,
    command: Option<Command>,
}

impl Once {
    /// Carries `work` out once for the key of this request and answers with `status`; the same request with the same key
    /// is answered as the first was. Without a key it is done each time.
    pub(super) async fn run<T: Serialize + 'static>(
        self,
        status: StatusCode,
        work: impl Future<Output = Answer<T>> + Send + 'static,
    ) -> Answer<Response> {
        let reservation = match &self.command {
            None => None,
            Some(command) => match first(&self.state, command).await? {
                Turn::First(reservation) => Some(reservation),
                Turn::Later(kept) => return Ok(answer(kept)),
            },
        };
        // a task of its own: a handler ends with its connection, and would leave the command half-done
        let carried_out = carry_out(self.state.clone(), reservation, status, work);
        match self.state.tasks.spawn(carried_out.in_current_span()).await {
            Ok(done) => done.map(answer),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Err(Problem::new(
                    Kind::Unavailable,
                    "The server stopped before this was done.",
                )),
            },
        }
    }
}

/// Whose turn it is.
enum Turn {
    First(Reservation),
    Later(KeptAnswer),
}

async fn first(state: &AppState, command: &Command) -> Answer<Turn> {
    let began = Instant::now();
    loop {
        match reserve(&state.store, command, state.clock.now(), LASTS).await? {
            Reserved::Mine(reservation) => return Ok(Turn::First(reservation)),
            Reserved::Answered(kept) => return Ok(Turn::Later(kept)),
            Reserved::Foreign => {
                return Err(Problem::new(
                    Kind::Conflict,
                    "This Idempotency-Key was used for another request.",
                )
                .remedy("Use a new key for a new request."));
            }
            Reserved::Running if began.elapsed() >= WAIT => {
                return Err(Problem::new(
                    Kind::Conflict,
                    "The same request is still being carried out.",
                )
                .remedy(
                    "Send it again with the same key in a while: it is answered when it is done.",
                ));
            }
            Reserved::Running => tokio::time::sleep(LOOK).await,
        }
    }
}

async fn carry_out<T: Serialize>(
    state: AppState,
    reservation: Option<Reservation>,
    status: StatusCode,
    work: impl Future<Output = Answer<T>>,
) -> Answer<KeptAnswer> {
    let work = async {
        let done = work.await?;
        let body = serde_json::to_string(&done)
            .map_err(|_| Problem::new(Kind::Internal, "The answer could not be written."))?;
        let status = status.as_u16();
        Ok(KeptAnswer { status, body })
    };
    let Some(reservation) = reservation else {
        return work.await;
    };
    let done = tokio::select! {
        done = AssertUnwindSafe(work).catch_unwind() => done,
        never = keep(&state, &reservation) => match never {},
    };
    let written = match &done {
        Ok(Ok(kept)) => reservation.answer(&state.store, kept).await,
        // refused or panicked: the same request may try again
        Ok(Err(_)) | Err(_) => reservation.give_up(&state.store).await,
    };
    if let Err(error) = written {
        // what was done is done: that its answer is not kept must not look like a failure
        tracing::warn!(%error, "the answer to a command was not kept for its key");
    }
    match done {
        Ok(done) => done,
        Err(panic) => resume_unwind(panic),
    }
}

/// Renews a reservation for as long as its command goes on.
async fn keep(state: &AppState, reservation: &Reservation) -> Infallible {
    loop {
        tokio::time::sleep(RENEW).await;
        if let Err(error) = reservation.renew(&state.store, LASTS).await {
            tracing::warn!(%error, "the reservation of a key could not be renewed; tried again");
        }
    }
}

fn answer(kept: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let json = [(header::CONTENT_TYPE, "application/json")];
    (status, json, kept.body).into_response()
}
