//! A control store of before the outbox, with deliveries in every state: the new version loses none and tells none twice.

use std::time::Duration;

use server::config::Config;
use server::webhooks::deliver_due;
use shared::account::Role;
use shared::status_link::{Audience, StatusLink};
use shared::webhook::{Delivery, DeliveryState, Webhook};

use crate::app::START;
use crate::site::Site;
use crate::webhooks::Receiver;

/// The schema as version 7 left it.
const BEFORE: [&str; 7] = [
    include_str!("../../../migrations/sqlite/0001_control_store.sql"),
    include_str!("../../../migrations/sqlite/0002_health.sql"),
    include_str!("../../../migrations/sqlite/0003_notices.sql"),
    include_str!("../../../migrations/sqlite/0004_status_links.sql"),
    include_str!("../../../migrations/sqlite/0005_organization_intents.sql"),
    include_str!("../../../migrations/sqlite/0006_webhooks.sql"),
    include_str!("../../../migrations/sqlite/0007_evidence.sql"),
];

/// What the older version left: four updates told to one webhook, one of them to another as well.
fn store_of_version_7(config: &Config, addresses: [&str; 2]) {
    let path = config.data.join("switchyard.sqlite3");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let store = rusqlite::Connection::open(&path).unwrap();
    store
        .execute_batch("CREATE TABLE schema_versions (version INTEGER NOT NULL PRIMARY KEY, applied INTEGER NOT NULL) STRICT;")
        .unwrap();
    for (version, migration) in (1..).zip(BEFORE) {
        store.execute_batch(migration).unwrap();
        store
            .execute("INSERT INTO schema_versions VALUES (?1, 0)", [version])
            .unwrap();
    }
    let day_before = START.0 - 86_400_000;
    for (id, address) in (1..).zip(addresses) {
        store
            .execute(
                "INSERT INTO webhooks (id, system, address, label, by, created) VALUES (?1, 'obcms', ?2, 'Help desk', 'amina', 0)",
                (id, address),
            )
            .unwrap();
    }
    for id in 1..=4 {
        let sql = "INSERT INTO updates (id, system, title, body, publish_at, by) VALUES (?1, 'obcms', 'News ' || ?1, '', ?2, 'amina')";
        store.execute(sql, (id, day_before + id)).unwrap();
    }
    for (id, audience) in [
        ("a", r#"{"kind":"executive"}"#),
        ("b", r#"{"kind":"organization","code":"MOH"}"#),
    ] {
        let sql = "INSERT INTO status_links (id, system, label, audience, by, created, expires) VALUES (?1, 'obcms', ?1, ?2, 'amina', 0, ?3)";
        store.execute(sql, (id, audience, START.0)).unwrap();
    }
    // a mode switch and an organization of long ago, which were told then or never
    store
        .execute(
            "INSERT INTO organizations (system, code, code_key, name, kind, stage, created, changed) \
             VALUES ('obcms', 'MOH', 'moh', 'Health', 'ministry', 'active', 5, 5)",
            (),
        )
        .unwrap();
    for (webhook, update, state, attempts, error) in [
        (1, 1, "delivered", 1, None),
        (1, 2, "dead", 12, Some("the receiver answered 500")),
        (1, 3, "waiting", 3, Some("the receiver answered 503")),
        (1, 4, "waiting", 0, None),
        (2, 1, "delivered", 2, None),
        (2, 2, "delivered", 1, None),
        (2, 3, "waiting", 0, None),
        (2, 4, "delivered", 1, None),
    ] {
        let body = format!(
            "{{\"event\":\"update-{update}\",\"kind\":\"update\",\"system\":\"obcms\",\"organization\":null,\
             \"title\":\"News {update}\",\"text\":\"\",\"at\":\"2026-11-19T02:00:00Z\",\"url\":null}}"
        );
        let sql = "INSERT INTO deliveries (webhook, event, body, state, attempts, next_at, error, created, finished) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6, CASE ?4 WHEN 'waiting' THEN NULL ELSE ?6 END)";
        let event = format!("update-{update}");
        store
            .execute(
                sql,
                (webhook, event, body, state, attempts, day_before, error),
            )
            .unwrap();
    }
}

#[tokio::test]
async fn links_of_an_older_version_keep_their_audience() {
    let site = Site::start_with(|config: &mut Config| {
        store_of_version_7(
            config,
            ["https://one.example.org/", "https://two.example.org/"],
        );
    })
    .await;
    let mut client = site.app.client(Role::Administrator).await;
    let links: Vec<StatusLink> = client.get("/systems/obcms/status-links").await.read();
    let audience = |id: &str| {
        links
            .iter()
            .find(|link| link.id == id)
            .unwrap()
            .audience
            .clone()
    };
    assert_eq!(audience("a"), Audience::Executive);
    let code = "MOH".to_owned();
    assert_eq!(audience("b"), Audience::Organization { code });
}

#[tokio::test]
async fn deliveries_of_an_older_version_are_neither_lost_nor_told_twice() {
    let (first, second) = (Receiver::start().await, Receiver::start().await);
    let addresses = [first.address.clone(), second.address.clone()];
    let site = Site::start_with(move |config: &mut Config| {
        config.outgoing =
            serde_json::from_value(serde_json::json!({ "allow": ["127.0.0.1"] })).unwrap();
        store_of_version_7(config, [&addresses[0], &addresses[1]]);
    })
    .await;
    let state = &site.app.state;
    let mut client = site.app.client(Role::Administrator).await;
    let all: Vec<Webhook> = client.get("/systems/obcms/webhooks").await.read();
    let counts: Vec<_> = all
        .iter()
        .map(|one| (one.id, one.waiting, one.dead))
        .collect();
    assert_eq!(counts.len(), 2);
    for wanted in [(1, 2, 1), (2, 1, 0)] {
        assert!(counts.contains(&wanted), "{counts:?}");
    }
    // nothing of what was written down before is derived anew
    assert_eq!(server::outbox::enqueue(state).await.unwrap(), 0);
    assert_eq!(deliver_due(state).await.unwrap(), 3);
    assert_eq!(deliver_due(state).await.unwrap(), 0);
    assert_eq!(first.events(), ["update-3", "update-4"]);
    assert_eq!(second.events(), ["update-3"]);
    let kept: Vec<Delivery> = client
        .get("/systems/obcms/webhooks/1/deliveries")
        .await
        .read();
    let dead = kept.iter().find(|one| one.event == "update-2").unwrap();
    assert_eq!((dead.state, dead.attempts), (DeliveryState::Dead, 12));
    assert_eq!(dead.error.as_deref(), Some("the receiver answered 500"));
    client
        .post("/systems/obcms/webhooks/1/replay", serde_json::json!(null))
        .await;
    assert_eq!(deliver_due(state).await.unwrap(), 1);
    assert_eq!(first.events(), ["update-3", "update-4", "update-2"]);
    site.app.wait(Duration::from_secs(3600));
    assert_eq!(server::outbox::enqueue(state).await.unwrap(), 0);
    assert_eq!(deliver_due(state).await.unwrap(), 0);
}
