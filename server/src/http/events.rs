//! Live events as a server-sent stream, resumed after a lost connection by the id of the last event.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event as Sse, KeepAlive};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use prometheus_client::metrics::gauge::Gauge;
use shared::event::{Event, Topic};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Answer;
use crate::accounts::{Viewer, sessions};
use crate::events::{Listening, Numbered};
use crate::state::AppState;

/// A line without content at least this often, so that proxies and browsers see that the stream lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How soon a stream notices that its session ended, when nothing said so.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(listen))
}

/// Live events of everything that this console shows.
#[utoipa::path(
    get, path = "/events", tag = "events",
    params(("Last-Event-ID" = Option<u64>, Header, description = "Id of the last event seen")),
    responses((status = OK, description = "`data` is an event as JSON, `id` its number", body = Event, content_type = "text/event-stream"))
)]
async fn listen(
    viewer: Viewer,
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Answer<Response> {
    let after = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.parse().ok());
    let listening = state.hub.listen(after);
    let counted = Counted::new(state.metrics.event_streams.clone());
    let ended = ended(state, viewer);
    let stream = events(listening).take_until(async move {
        let _counted = counted;
        ended.await;
    });
    let mut response = axum::response::Sse::new(stream)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    // nginx keeps answers back otherwise
    response.headers_mut().insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

/// Ends when the server stops, and soon after the session does: signed out, too old, or the account disabled.
async fn ended(state: AppState, viewer: Viewer) {
    let mut people = state.hub.listen(None).receiver;
    loop {
        let due = async {
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = about_people(&mut people) => {}
            }
        };
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            () = due => {}
        }
        match sessions::lives_still(&state, &viewer).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "a session could not be looked up: its stream ends");
                return;
            }
        }
    }
}

/// Waits until something about accounts changes.
async fn about_people(receiver: &mut Receiver<Numbered>) {
    loop {
        match receiver.recv().await {
            Ok(numbered) => {
                if matches!(
                    *numbered.event,
                    Event::Changed {
                        topic: Topic::Accounts,
                        ..
                    }
                ) {
                    return;
                }
            }
            // it may have been among those missed
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// One stream in the numbers of the server, for as long as it lives.
struct Counted(Gauge);

impl Counted {
    fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn events(listening: Listening) -> impl Stream<Item = Result<Sse, Infallible>> {
    let Listening {
        missed,
        too_old,
        newest,
        receiver,
    } = listening;
    // named at once, so that a reader that loses its connection before the first event can say where it was
    let start = if too_old {
        written(newest, &Event::Resync)
    } else {
        Sse::default().id(newest.to_string()).comment("listening")
    };
    let missed = stream::iter(missed).map(|numbered| written(numbered.id, &numbered.event));
    let live = stream::unfold(receiver, |mut receiver| async move {
        match receiver.recv().await {
            Ok(numbered) => Some((written(numbered.id, &numbered.event), receiver)),
            // the reader was too slow: what it missed is gone
            Err(RecvError::Lagged(_)) => {
                Some((Sse::default().data(text(&Event::Resync)), receiver))
            }
            Err(RecvError::Closed) => None,
        }
    });
    stream::once(async { start })
        .chain(missed)
        .chain(live)
        .map(Ok)
}

fn written(id: u64, event: &Event) -> Sse {
    Sse::default().id(id.to_string()).data(text(event))
}

fn text(event: &Event) -> String {
    serde_json::to_string(event).unwrap_or_else(|_| r#""resync""#.into())
}
