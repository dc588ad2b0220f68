//! Live events through the API: numbered, resumed, and ended with the session and with the server.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use shared::account::Role;
use shared::event::Topic;

use crate::app::{Client, TestApp};

/// What came on a stream so far.
struct Stream {
    body: BodyDataStream,
    text: String,
}

impl Stream {
    async fn open(client: &mut Client, last: Option<&str>) -> Self {
        let mut request = Request::get("/api/v1/events");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = client.answer(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The next event with data: its id and the data.
    async fn next(&mut self) -> (Option<String>, Value) {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    frame
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(|value| value.trim().to_owned())
                };
                let (id, data) = (field("id:"), field("data:"));
                self.text = rest.to_owned();
                if let Some(data) = data {
                    return (id, serde_json::from_str(&data).unwrap());
                }
                continue;
            }
            let bytes = tokio::time::timeout(Duration::from_secs(60), self.body.next())
                .await
                .expect("an event in time")
                .expect("the stream goes on")
                .unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// Waits for the end of the stream.
    async fn end(mut self) {
        let ended = async { while self.body.next().await.is_some() {} };
        tokio::time::timeout(Duration::from_secs(60), ended)
            .await
            .expect("the stream ends");
    }
}

#[tokio::test]
async fn an_event_comes_with_its_number_and_is_not_lost_with_the_connection() {
    let app = TestApp::start().await;
    let mut viewer = app.client(Role::Viewer).await;
    let mut stream = Stream::open(&mut viewer, None).await;
    app.state.hub.changed("obcms", Topic::Run);
    let (id, event) = stream.next().await;
    assert_eq!(
        event,
        json!({ "changed": { "system": "obcms", "topic": "run" } })
    );
    drop(stream);
    app.state.hub.changed("obcms", Topic::Mode);
    app.state.hub.changed("obcms", Topic::Backups);
    let mut stream = Stream::open(&mut viewer, id.as_deref()).await;
    assert_eq!(stream.next().await.1["changed"]["topic"], "mode");
    assert_eq!(stream.next().await.1["changed"]["topic"], "backups");
}

#[tokio::test]
async fn a_reader_from_before_a_restart_is_told_to_ask_for_everything() {
    let app = TestApp::start().await;
    let mut viewer = app.client(Role::Viewer).await;
    let mut stream = Stream::open(&mut viewer, Some("4711")).await;
    let (id, event) = stream.next().await;
    assert_eq!(event, json!("resync"));
    app.state.hub.changed("obcms", Topic::Run);
    let (next, _) = stream.next().await;
    let number = |id: Option<String>| id.unwrap().parse::<u64>().unwrap();
    assert_eq!(number(next), number(id) + 1, "and goes on from here");
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let app = TestApp::start().await;
    let mut viewer = app.client(Role::Viewer).await;
    let stream = Stream::open(&mut viewer, None).await;
    app.state.shutdown.cancel();
    stream.end().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let app = TestApp::start().await;
    let mut administrator = app.client(Role::Administrator).await;
    let mut viewer = app.client(Role::Viewer).await;
    let stream = Stream::open(&mut viewer, None).await;
    let change = json!({ "version": 1, "disabled": true });
    let answer = administrator
        .patch("/accounts/account-viewer", change)
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    stream.end().await;
}
