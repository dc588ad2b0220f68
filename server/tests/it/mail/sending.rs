//! Sending: what a mail says, and a mail server that is down, busy, slow, or refuses.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use server::mail::Sending;
use shared::subscriber::Subscribers;

use super::sink::{Behaviour, Sink};
use super::{
    PASSWORD, newest, operator, publish, site, site_with, subscribed, told, work, work_on,
};
use crate::app::Client;
use crate::site::Site;

async fn view(client: &mut Client) -> Subscribers {
    client.get("/systems/obcms/subscribers").await.read()
}

/// Many confirmed subscribers at once, as they would be after months.
async fn many(site: &Site, count: i64) {
    execute(
        site,
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1) \
         INSERT INTO subscribers (system, address, created, asked, confirmed) \
         SELECT 'obcms', 'person' || n || '@example.org', 0, 0, 0 FROM numbers",
        count,
    )
    .await;
}

/// An update that everybody is to be told, and the operator who published it.
async fn news(site: &Site) -> Client {
    let mut operator = operator(site).await;
    publish(&mut operator, "News", "x").await;
    operator
}

/// The same, for so many subscribers.
async fn news_for(site: &Site, count: i64) -> Client {
    many(site, count).await;
    news(site).await
}

#[tokio::test]
async fn a_mail_says_when_in_both_zones_and_text_of_people_stays_text() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    let mut operator = operator(&site).await;
    subscribed(&site, &sink, "amina@example.org").await;
    site.app.wait(Duration::from_secs(1));
    let titled = |title: &str| {
        json!({
            "title": title, "body": "<img src=x onerror=alert(1)>\n\n.\n\nSee you.",
            "starts": "2026-12-13T02:00", "ends": "2026-12-13T06:00",
        })
    };
    let with_a_header = titled("Work\r\nBcc: all@example.org\r\n\r\nñ");
    let answer = (operator.post("/systems/obcms/windows", with_a_header)).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.text
    );
    let with_script = titled("Work <script>alert(1)</script> ñ");
    let answer = operator.post("/systems/obcms/windows", with_script).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    work(&site).await;
    let mail = newest(&sink, "amina@example.org");
    assert_eq!(mail.header("bcc"), None, "{}", mail.text);
    assert_eq!(mail.header("to").unwrap(), "amina@example.org");
    assert_eq!(mail.header("auto-submitted").unwrap(), "auto-generated");
    let text = mail.plain();
    let when = "Sunday 13 December 2026, 02:00 to 06:00 (Asia/Manila time); Saturday 12 December 2026, 18:00 to 22:00 (UTC)";
    assert_eq!(text.matches(when).count(), 2, "in text and HTML: {text}");
    let html = &text[text.find("<!DOCTYPE").unwrap()..];
    assert!(
        !html.contains("<script") && !html.contains("<img"),
        "{html}"
    );
    assert!(html.contains("&lt;img src=x"), "{html}");
    assert!(text.contains("See you."), "{text}");
    let head = mail.text.split("\r\n\r\n").next().unwrap();
    assert!(
        head.is_ascii() && head.lines().all(|line| line.len() < 900),
        "{head}"
    );
}

#[tokio::test]
async fn a_server_that_is_down_is_left_alone_for_a_while_and_nothing_is_lost_or_doubled() {
    let sink = Sink::start().await;
    let site = site_with(&sink, |config| {
        config.mail.as_mut().unwrap().timeout_seconds = 3;
    })
    .await;
    let mut operator = news_for(&site, 300).await;
    for behaviour in [Behaviour::IsClosing, Behaviour::Hangs] {
        sink.behave(behaviour.clone());
        let mut sending = Sending::default();
        let before = sink.connections();
        assert_eq!(work_on(&site, &mut sending).await, 0);
        let tried = sink.connections() - before;
        assert!(
            tried <= 4,
            "{behaviour:?}: 300 mails wait, and {tried} connections were tried"
        );
        // not again at once
        work_on(&site, &mut sending).await;
        assert_eq!(sink.connections() - before, tried, "{behaviour:?}");
        assert_eq!(view(&mut operator).await.waiting, 300);
    }
    sink.behave(Behaviour::Takes);
    site.app.wait(Duration::from_secs(60));
    assert_eq!(work(&site).await, 300);
    let mut to: Vec<String> = sink.mails().into_iter().map(|mail| mail.to).collect();
    to.sort();
    to.dedup();
    assert_eq!((to.len(), sink.mails().len()), (300, 300));
}

#[tokio::test]
async fn a_mail_that_was_taken_without_an_answer_is_sent_again_under_the_same_name() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    subscribed(&site, &sink, "amina@example.org").await;
    site.app.wait(Duration::from_secs(1));
    news(&site).await;
    sink.behave(Behaviour::DropsAfterTheMail);
    assert_eq!(work(&site).await, 0);
    sink.behave(Behaviour::Takes);
    site.app.wait(Duration::from_secs(60));
    assert_eq!(work(&site).await, 1);
    let ids: Vec<String> = sink
        .mails()
        .iter()
        .filter(|mail| mail.header("subject").unwrap() == "OBCMS: News")
        .map(|mail| mail.header("message-id").unwrap())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    assert!(ids[0].ends_with("@example.org>"), "{}", ids[0]);
}

#[tokio::test]
async fn an_address_that_is_refused_costs_the_others_nothing_and_can_be_replayed() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    let mut operator = news_for(&site, 12).await;
    // person1, person10, person11, person12
    sink.behave(Behaviour::Refuses("person1"));
    assert_eq!(work(&site).await, 8);
    let seen = view(&mut operator).await;
    assert_eq!((seen.dead, seen.waiting), (4, 0));
    let refused = seen
        .newest
        .iter()
        .find(|one| one.address == "person1@example.org")
        .unwrap();
    assert!(
        refused.error.as_deref().unwrap().contains("no such person"),
        "{refused:?}"
    );
    sink.behave(Behaviour::Takes);
    let replayed = operator
        .post("/systems/obcms/subscribers/replay", json!(null))
        .await;
    assert!(replayed.status.is_success(), "{}", replayed.text);
    assert_eq!(work(&site).await, 4);
    assert_eq!(view(&mut operator).await.dead, 0);
}

#[tokio::test]
async fn a_busy_server_is_tried_again_with_pauses_until_two_days_are_over() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    subscribed(&site, &sink, "amina@example.org").await;
    site.app.wait(Duration::from_secs(1));
    news(&site).await;
    sink.behave(Behaviour::IsBusy);
    work(&site).await;
    let before = sink.connections();
    site.app.wait(Duration::from_secs(5));
    work(&site).await;
    assert_eq!(sink.connections(), before, "not before its time");
    site.app.wait(Duration::from_secs(10));
    work(&site).await;
    assert_eq!(sink.connections(), before + 1);
    site.app.wait(Duration::from_secs(3 * 86_400));
    work(&site).await;
    let mut operator = site
        .app
        .client_named("later", shared::account::Role::Operator)
        .await;
    assert_eq!(view(&mut operator).await.dead, 1);
    sink.behave(Behaviour::Takes);
    assert_eq!(work(&site).await, 0);
}

#[tokio::test]
async fn ten_thousand_subscribers_are_queued_once_each_and_sent_in_parts_over_few_connections() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    let mut operator = news_for(&site, 10_000).await;
    let state = &site.app.state;
    assert_eq!(server::outbox::enqueue(state).await.unwrap(), 10_000);
    assert_eq!(server::outbox::enqueue(state).await.unwrap(), 0);
    // however long the queue is, a part of it is in memory
    let due = server::store::outbox::due_mails(&state.store, site.app.clock.now(), 200).await;
    assert_eq!(due.unwrap().len(), 200);
    // sending all would take minutes of a test: but for two parts and a half they are not due yet
    let mut tx = state.store.write().await.unwrap();
    server::store::sql::query(
        "UPDATE deliveries SET next_at = next_at + 3600000 WHERE id % 20 <> 0",
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(work(&site).await, 500);
    let mut to: Vec<String> = sink.mails().into_iter().map(|mail| mail.to).collect();
    to.sort();
    to.dedup();
    assert_eq!((to.len(), sink.mails().len()), (500, 500));
    assert!(sink.connections() < 40, "{}", sink.connections());
    assert_eq!(view(&mut operator).await.waiting, 9_500);
}

#[tokio::test]
async fn without_the_encryption_that_is_wanted_nothing_is_sent_and_no_password_leaves() {
    let sink = Sink::start().await;
    let site = site_with(&sink, |config| {
        let mail = json!({
            "server": "127.0.0.1", "port": sink.port, "encryption": "starttls", "from": "status@example.org", "timeout_seconds": 2,
        });
        config.mail = Some(serde_json::from_value(mail).unwrap());
    })
    .await;
    let mut operator = news_for(&site, 1).await;
    assert_eq!(work(&site).await, 0);
    assert!(sink.mails().is_empty());
    assert_eq!(view(&mut operator).await.waiting, 1);
}

#[tokio::test]
async fn an_account_that_is_refused_is_no_fault_of_the_mails_and_its_password_is_told_nowhere() {
    let sink = Sink::start().await;
    sink.behave(Behaviour::RefusesAccounts);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), PASSWORD).unwrap();
    // a file may not say so: without encryption a password would travel for all to read
    let site = site_with(&sink, |config| {
        let mut mail = config.mail.clone().unwrap();
        mail.account = Some("switchyard".into());
        mail.password = Some(server::config::SecretSource::Resolved(
            server::secret::Secret::new(PASSWORD.into()),
        ));
        config.mail = Some(mail);
    })
    .await;
    let mut operator = news_for(&site, 3).await;
    assert_eq!(work(&site).await, 0);
    let seen = operator.get("/systems/obcms/subscribers").await.text;
    assert!(!seen.contains(PASSWORD) && !format!("{:?}", site.app.state.config).contains(PASSWORD));
    let tried = server::mail::try_out(&site.app.state.config, "amina@example.org").await;
    let error = tried.unwrap_err().to_string();
    assert!(
        error.contains("who are you") && !error.contains(PASSWORD),
        "{error}"
    );
    sink.behave(Behaviour::Takes);
    site.app.wait(Duration::from_secs(60));
    assert_eq!(work(&site).await, 3);
    assert_eq!(told(&sink, "person1@example.org"), ["OBCMS: News"]);
}

#[tokio::test]
async fn what_was_told_is_not_told_again_however_long_ago_it_was() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    many(&site, 1).await;
    // a switch of the mode stays among the last ones for years
    let at = site.app.clock.now();
    execute(
        &site,
        "INSERT INTO mode_switches (system, from_mode, to_mode, state, by, started, finished, steps, answers) \
         VALUES ('obcms', 'single', 'multi', 'done', 'amina', $1, $1, '[]', '[]')",
        at.0,
    )
    .await;
    assert_eq!(work(&site).await, 1);
    for _ in 0..3 {
        site.app.wait(Duration::from_secs(31 * 86_400));
        assert_eq!(work(&site).await, 0);
    }
    assert_eq!(sink.mails().len(), 1);
    // what became of the deliveries is not kept for ever
    let left: i64 = server::store::sql::query_scalar("SELECT COUNT(*) FROM deliveries")
        .fetch_one(site.app.state.store.read())
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_clock_that_was_years_ahead_and_is_set_right_holds_no_mail_back() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    news_for(&site, 1).await;
    sink.behave(Behaviour::IsBusy);
    let mut sending = Sending::default();
    work_on(&site, &mut sending).await;
    // its next try as a clock ten years ahead would have written it
    let far = site
        .app
        .clock
        .now()
        .plus(Duration::from_secs(3650 * 86_400));
    execute(&site, "UPDATE deliveries SET next_at = $1", far.0).await;
    sink.behave(Behaviour::Takes);
    assert_eq!(work_on(&site, &mut sending).await, 1);
    assert_eq!(told(&sink, "person1@example.org").len(), 1);
}

#[tokio::test]
async fn who_unsubscribes_while_mails_are_being_sent_gets_none_any_more() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    news_for(&site, 1).await;
    let state = &site.app.state;
    server::outbox::enqueue(state).await.unwrap();
    let now = site.app.clock.now();
    let due = server::store::outbox::due_mails(&state.store, now, 200)
        .await
        .unwrap();
    execute(&site, "DELETE FROM subscribers WHERE id > $1", 0).await;
    let begun = server::store::outbox::begin(&state.store, due[0].id, now).await;
    assert!(!begun.unwrap());
}

#[tokio::test]
async fn a_question_that_is_asked_anew_is_another_mail() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    for _ in 0..2 {
        let answer = super::subscribe(&site, "/status/obcms/subscribe", "amina@example.org").await;
        assert!(answer.status.is_success(), "{}", answer.text);
        work(&site).await;
        site.app.wait(Duration::from_secs(2 * 3600));
    }
    let ids: Vec<_> = (sink.mails().iter().map(|mail| mail.header("message-id"))).collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1], "mail programs would hide the second");
}

async fn execute(site: &Site, statement: &'static str, value: i64) {
    let mut tx = site.app.state.store.write().await.unwrap();
    server::store::sql::query(statement)
        .bind(value)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}
