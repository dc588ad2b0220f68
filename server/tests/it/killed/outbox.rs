//! The outbox: mails and calls whose server is killed before, while and after they are sent.

use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::store::sql;

use super::machine::Machine;
use crate::mail::sink::{self, Sink};
use crate::webhooks::{Behaviour, Receiver};

/// A machine whose system is public, with one subscriber by mail.
async fn machine(sink: &Sink) -> Machine {
    let mut machine = Machine::new(0, |_, command| command).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    machine.listen = free.local_addr().unwrap().to_string();
    drop(free);
    let mut file = std::fs::File::options()
        .append(true)
        .open(machine.file("switchyard.toml"))
        .unwrap();
    write!(
        file,
        "\n[systems.status]\nvisibility = \"public\"\n\n[outgoing]\nallow = [\"127.0.0.1\"]\n\n\
         [mail]\nserver = \"127.0.0.1\"\nport = {}\nencryption = \"none\"\nfrom = \"status@example.org\"\n",
        sink.port
    )
    .unwrap();
    let path = machine.file("switchyard.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        format!("public_address = \"http://{}\"\n{text}", machine.listen),
    )
    .unwrap();
    let store = machine.store().await;
    let mut tx = store.write().await.unwrap();
    sql::query(
        "INSERT INTO subscribers (system, address, created, asked, confirmed) VALUES ('obcms', 'amina@example.org', 0, 0, 0)",
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    machine
}

fn publish(machine: &Machine, title: &str) {
    machine.post("/updates", json!({ "title": title, "body": "x" }));
}

/// Waits until the receivers of both kinds got so many.
async fn got(sink: &Sink, receiver: &Receiver, count: usize, machine: &Machine) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while sink.mails().len() < count || receiver.events().len() < count {
        assert!(
            Instant::now() < deadline,
            "{} mails, {:?}\n{}",
            sink.mails().len(),
            receiver.events(),
            machine.log()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// State, tries and error of each delivery, with the server down.
async fn deliveries(machine: &Machine) -> Vec<(String, i64, Option<String>)> {
    let store = machine.store().await;
    let rows = sql::query("SELECT state, attempts, error FROM deliveries ORDER BY id")
        .fetch_all(store.read())
        .await
        .unwrap();
    let all = rows
        .iter()
        .map(|row| {
            (
                row.try_get(0).unwrap(),
                row.try_get(1).unwrap(),
                row.try_get(2).unwrap(),
            )
        })
        .collect();
    store.close().await;
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_when_the_server_was_killed_is_sent_again_under_its_name_and_nothing_is_lost()
{
    let (sink, receiver) = (Sink::start().await, Receiver::start().await);
    let mut machine = machine(&sink).await;
    machine.start();
    machine.post(
        "/webhooks",
        json!({ "label": "Help desk", "address": receiver.address }),
    );

    // killed when both took it and neither answered
    sink.behave(sink::Behaviour::HangsAfterTheMail);
    receiver.behave(Behaviour::Hangs);
    publish(&machine, "One");
    got(&sink, &receiver, 1, &machine).await;
    machine.kill();
    for (state, attempts, error) in deliveries(&machine).await {
        assert_eq!((state.as_str(), attempts), ("waiting", 1));
        assert!(error.unwrap().contains("is not known"));
    }
    sink.behave(sink::Behaviour::Takes);
    receiver.behave(Behaviour::Takes);
    machine.start();
    got(&sink, &receiver, 2, &machine).await;
    let is_taken = |all: &Value| all[0]["state"] == "delivered" && all[0]["attempts"] == 2;
    machine
        .wait("/webhooks/1/deliveries", "the second try", is_taken)
        .await;
    let is_sent = |view: &Value| view["waiting"] == 0;
    machine
        .wait("/subscribers", "the second mail", is_sent)
        .await;
    let ids: Vec<_> = (sink.mails().iter().map(|mail| mail.header("message-id"))).collect();
    assert_eq!(ids[0], ids[1]);
    let header = |call: usize, name: &str| receiver.header(call, name);
    assert_eq!(header(0, "switchyard-delivery"), "obcms/update-1");
    assert_eq!(header(1, "switchyard-delivery"), "obcms/update-1");
    assert_eq!(header(0, "switchyard-attempt"), "1");
    assert_eq!(header(1, "switchyard-attempt"), "2");

    // killed before it was even queued: what is stored is told by the next server, and what was told is not told again
    machine.kill();
    machine.start();
    publish(&machine, "Two");
    machine.kill();
    machine.start();
    got(&sink, &receiver, 3, &machine).await;
    machine
        .wait("/subscribers", "the third mail", is_sent)
        .await;
    machine.kill();
    machine.start();
    // what it would tell again, it would tell before anything new
    publish(&machine, "Three");
    got(&sink, &receiver, 4, &machine).await;
    machine
        .wait("/subscribers", "the fourth mail", is_sent)
        .await;
    machine.stop();
    assert_eq!(sink.mails().len(), 4);
    let events = ["update-1", "update-1", "update-2", "update-3"];
    assert_eq!(receiver.events(), events);
    for (state, _, error) in deliveries(&machine).await {
        assert_eq!((state.as_str(), error), ("delivered", None));
    }
}
