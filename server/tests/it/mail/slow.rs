//! A mail server that answers, but takes its time: mails come late, and nothing else waits for them.

use std::time::{Duration, Instant};

use serde_json::json;
use server::mail::Sending;
use server::webhooks;
use shared::account::Role;

use super::sink::{Behaviour, Sink};
use super::{publish, site_with, subscribed, told};
use crate::webhooks::Receiver;

#[tokio::test]
async fn a_mail_server_that_takes_its_time_delays_no_call_of_a_webhook() {
    let (sink, receiver) = (Sink::start().await, Receiver::start().await);
    let site = site_with(&sink, |config| {
        // longer than the calls take on any machine
        config.mail.as_mut().unwrap().timeout_seconds = 300;
        config.outgoing = serde_json::from_value(json!({ "allow": ["127.0.0.1"] })).unwrap();
    })
    .await;
    let mut administrator = site.app.client(Role::Administrator).await;
    let webhook = json!({ "label": "Help desk", "address": receiver.address });
    let made = administrator.post("/systems/obcms/webhooks", webhook).await;
    assert!(made.status.is_success(), "{}", made.text);
    subscribed(&site, &sink, "amina@example.org").await;
    site.app.wait(Duration::from_secs(1));
    sink.behave(Behaviour::IsSlow);
    for title in ["One", "Two", "Three"] {
        publish(&mut administrator, title, "x").await;
    }
    let state = site.app.state.clone();
    server::outbox::enqueue(&state).await.unwrap();
    let mails = {
        let state = state.clone();
        tokio::spawn(async move { Sending::default().deliver_due(&state).await.unwrap() })
    };
    let began = Instant::now();
    while receiver.events().len() < 3 {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{:?}",
            receiver.events()
        );
        webhooks::deliver_due(&state).await.unwrap();
    }
    let told_first = told(&sink, "amina@example.org");
    assert!(told_first.is_empty() && !mails.is_finished());
    sink.behave(Behaviour::Takes);
    assert_eq!(mails.await.unwrap(), 3);
    assert_eq!(told(&sink, "amina@example.org").len(), 3);
}
