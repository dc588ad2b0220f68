//! Public status: what leaves the server, to whom, in which forms, and when.

mod burst;
mod hanging;
mod leaks;
mod links;
mod mirror;
mod moments;
mod notices;
mod outage;
mod pages;

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::json;
use server::config::{Config, Visibility};
use shared::account::Role;

use crate::app::{Answer, Client, TestApp};
use crate::probes::Answering;
use crate::site::Site;

/// A public system whose application answers, with people's words in its configuration.
async fn site(application: &Answering) -> Site {
    site_with(application, |_| ()).await
}

async fn site_with(application: &Answering, change: impl FnOnce(&mut Config)) -> Site {
    let address = application.address.clone();
    Site::start_with(move |config| {
        config.public_address = Some("http://status.example.org".to_owned().try_into().unwrap());
        // tests let hours pass
        config.sessions.idle_minutes = 1440;
        config.status.organization = "Office for Other Bangsamoro Communities".into();
        let system = &mut config.systems[0];
        system.health_url = Some(format!("{address}/health").try_into().unwrap());
        system.timezone = "Asia/Manila".into();
        system.status.visibility = Visibility::Public;
        system.status.contact = "Call local 204.".into();
        change(config);
    })
    .await
}

/// GET outside of the API.
pub async fn get(app: &TestApp, path: &str) -> Answer {
    get_knowing(app, path, None).await
}

async fn get_knowing(app: &TestApp, path: &str, etag: Option<&str>) -> Answer {
    let mut request = Request::builder().uri(path);
    if let Some(etag) = etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    app.anonymous()
        .request(request.body(Body::empty()).unwrap())
        .await
}

async fn operator(site: &Site) -> Client {
    site.app
        .client_named("juana-operator", Role::Operator)
        .await
}

/// An administrator who has announced the work, as the checklist wants it.
async fn announced(site: &Site) -> Client {
    let mut amina = site.app.client(Role::Administrator).await;
    let update = json!({ "title": "Work planned", "body": "" });
    amina.post("/systems/obcms/updates", update).await;
    let window = json!({ "title": "Work", "body": "", "starts": "2026-11-21T02:00", "ends": "2026-11-21T06:00" });
    amina.post("/systems/obcms/windows", window).await;
    amina
}

/// Makes what is public anew, as the publisher does.
async fn publish(site: &Site) {
    let system = site.app.state.systems.get("obcms").unwrap();
    server::status::refresh(&site.app.state, &system)
        .await
        .unwrap();
}

/// Every public address of the system.
const FILES: [&str; 8] = [
    "/status",
    "/status/status.json",
    "/status/obcms",
    "/status/obcms/status.json",
    "/status/obcms/feed.atom",
    "/status/obcms/feed.json",
    "/status/obcms/maintenance.ics",
    "/status/obcms/badge.svg",
];
