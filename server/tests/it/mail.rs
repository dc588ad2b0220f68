//! Subscribers by mail against a real mail server: who is told, what, once, and what happens when the server misbehaves.

mod encrypted;
mod sending;
pub mod sink;
mod slow;
mod subscribing;
mod upgraded;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;
use server::config::{Config, Visibility};
use server::mail::Sending;
use shared::account::Role;

use crate::app::{Answer, Client};
use crate::site::Site;
use sink::{Mail, Sink};

pub const PASSWORD: &str = "hunter2-of-the-mail-server";

/// A public system that sends mail through this server.
async fn site(sink: &Sink) -> Site {
    site_with(sink, |_| ()).await
}

async fn site_with(sink: &Sink, change: impl FnOnce(&mut Config)) -> Site {
    Site::start_with(|config: &mut Config| {
        configure(config, sink.port);
        change(config);
    })
    .await
}

pub fn configure(config: &mut Config, port: u16) {
    config.public_address = Some("http://status.example.org".to_owned().try_into().unwrap());
    config.sessions.idle_minutes = 1440;
    config.sessions.absolute_hours = 168;
    let mail = json!({
        "server": "127.0.0.1",
        "port": port,
        "encryption": "none",
        "from": "OBCMS status <status@example.org>",
        "timeout_seconds": 30,
    });
    config.mail = Some(serde_json::from_value(mail).unwrap());
    config.systems[0].status.visibility = Visibility::Public;
    config.systems[0].timezone = "Asia/Manila".into();
}

/// A request of a browser without script: a form, or none.
async fn open(site: &Site, method: Method, path: &str, form: Option<&str>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if form.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let body = form.map_or(Body::empty(), |form| Body::from(form.to_owned()));
    site.app
        .anonymous()
        .request(request.body(body).unwrap())
        .await
}

async fn subscribe(site: &Site, path: &str, address: &str) -> Answer {
    let form = format!(
        "address={}&website=",
        address.replace('@', "%40").replace('+', "%2B")
    );
    open(site, Method::POST, path, Some(&form)).await
}

/// Subscribes on the public page and confirms.
async fn subscribed(site: &Site, sink: &Sink, address: &str) {
    subscribed_at(site, sink, "/status/obcms/subscribe", address).await;
}

async fn subscribed_at(site: &Site, sink: &Sink, path: &str, address: &str) {
    let answer = subscribe(site, path, address).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    work(site).await;
    let question = newest(sink, address);
    let confirm = question.path("/subscription/confirm/").unwrap();
    let answer = open(site, Method::POST, &confirm, Some("")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

fn newest(sink: &Sink, address: &str) -> Mail {
    let mails = sink.mails();
    let found = mails.into_iter().rev().find(|mail| mail.to == address);
    found.unwrap_or_else(|| panic!("no mail to {address}"))
}

/// Subjects of the mails to somebody, without questions.
fn told(sink: &Sink, address: &str) -> Vec<String> {
    sink.mails()
        .iter()
        .filter(|mail| mail.to == address)
        .map(|mail| mail.header("subject").unwrap())
        .filter(|subject| !subject.contains("confirm your address"))
        .collect()
}

/// Fills the outbox and sends what is due.
async fn work(site: &Site) -> u32 {
    work_on(site, &mut Sending::default()).await
}

async fn work_on(site: &Site, sending: &mut Sending) -> u32 {
    server::outbox::enqueue(&site.app.state).await.unwrap();
    sending.deliver_due(&site.app.state).await.unwrap()
}

async fn operator(site: &Site) -> Client {
    site.app
        .client_named("juana-operator", Role::Operator)
        .await
}

async fn publish(client: &mut Client, title: &str, body: &str) {
    let body = json!({ "title": title, "body": body });
    let answer = client.post("/systems/obcms/updates", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
}
