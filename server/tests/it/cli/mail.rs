//! `switchyard mail test`: a mail that arrives, and every way in which it does not.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::{switchyard, text};
use crate::mail::sink::{Behaviour, Sink};

/// Runs it beside this configuration; not on the thread that serves the mail server of the test.
async fn test(directory: &Path, configuration: &str, arguments: &[&str]) -> Output {
    std::fs::write(directory.join("switchyard.toml"), configuration).unwrap();
    let mut command = switchyard(&["mail", "test"]);
    command.args(arguments).current_dir(directory);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn with(port: u16) -> String {
    format!(
        "public_address = \"http://status.example.org\"\n\n[mail]\nserver = \"127.0.0.1\"\nport = {port}\n\
         encryption = \"none\"\nfrom = \"OBCMS status <status@example.org>\"\ntimeout_seconds = 2\n"
    )
}

#[tokio::test]
async fn a_test_mail_arrives_and_says_where_it_is_from() {
    let sink = Sink::start().await;
    let directory = tempfile::tempdir().unwrap();
    let configuration = with(sink.port);
    let output = test(directory.path(), &configuration, &["amina@example.org"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("took a mail to amina@example.org"));
    let mail = sink.mails().remove(0);
    assert_eq!(
        mail.header("from").unwrap(),
        "\"OBCMS status\" <status@example.org>"
    );
    assert!(
        mail.plain().contains("http://status.example.org"),
        "{}",
        mail.text
    );
    let output = test(
        directory.path(),
        &configuration,
        &["amina@example.org", "--format", "json"],
    )
    .await;
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["address"], "amina@example.org");
    assert!(
        !directory.path().join("data").exists(),
        "it needs no control store"
    );
}

#[tokio::test]
async fn what_went_wrong_is_said_with_a_remedy_and_exit_code_1() {
    let sink = Sink::start().await;
    let directory = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = free.local_addr().unwrap().port();
    drop(free);
    for (configuration, behaviour, address, said) in [
        (
            "".to_owned(),
            Behaviour::Takes,
            "amina@example.org",
            "Write [mail]",
        ),
        (
            with(sink.port),
            Behaviour::Takes,
            "amina",
            "is not an address",
        ),
        (
            with(nobody),
            Behaviour::Takes,
            "amina@example.org",
            "did not take the mail",
        ),
        (
            with(sink.port),
            Behaviour::Refuses("amina"),
            "amina@example.org",
            "no such person",
        ),
        (
            with(sink.port),
            Behaviour::IsClosing,
            "amina@example.org",
            "closing",
        ),
        (
            with(sink.port),
            Behaviour::Hangs,
            "amina@example.org",
            "did not answer within 2 s",
        ),
    ] {
        sink.behave(behaviour);
        let output = test(directory.path(), &configuration, &[address]).await;
        assert_eq!(output.status.code(), Some(1), "{said}");
        let reason = text(&output.stderr);
        assert!(reason.contains(said), "{said}: {reason}");
        assert!(output.stdout.is_empty());
    }
    assert!(sink.mails().is_empty());
}
