//! Encryption on the way to the mail server: a certificate that nobody vouches for is refused, one of an authority that
//! the configuration names is taken.

use std::path::{Path, PathBuf};

use serde_json::json;
use server::config::Config;

use super::configure;
use super::sink::{Sink, Wire};
use crate::app::TestApp;

fn authority() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mail/certificates/authority.pem")
}

/// Tries the server out: nothing, or what an administrator is told.
async fn try_out(
    sink: &Sink,
    name: &str,
    encryption: &str,
    authority: Option<&Path>,
) -> Result<(), String> {
    let app = TestApp::start_with(|config: &mut Config| {
        let mail = json!({
            "server": name, "port": sink.port, "encryption": encryption, "from": "status@example.org",
            "timeout_seconds": 5, "certificate_authority": authority,
        });
        config.mail = Some(serde_json::from_value(mail).unwrap());
    })
    .await;
    server::mail::try_out(&app.state.config, "amina@example.org")
        .await
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_and_taken_once_its_authority_is_named() {
    for (wire, word) in [(Wire::Starttls, "starttls"), (Wire::Tls, "tls")] {
        let sink = Sink::start_with(wire).await;
        let refused = try_out(&sink, "localhost", word, None).await.unwrap_err();
        assert!(
            refused.contains("certificate") && refused.contains("UnknownIssuer"),
            "{word}: {refused}"
        );
        assert!(sink.mails().is_empty(), "{word}");
        let taken = try_out(&sink, "localhost", word, Some(&authority())).await;
        assert_eq!(taken, Ok(()), "{word}");
        assert_eq!(sink.mails()[0].to, "amina@example.org", "{word}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_though_its_authority_is_named() {
    let sink = Sink::start_with(Wire::Tls).await;
    let refused = try_out(&sink, "127.0.0.1", "tls", Some(&authority())).await;
    let refused = refused.unwrap_err();
    assert!(refused.contains("not valid for"), "{refused}");
    assert!(sink.mails().is_empty());
}

#[tokio::test]
async fn a_server_that_speaks_another_way_than_configured_is_not_used() {
    let sink = Sink::start_with(Wire::Starttls).await;
    let plain = Sink::start().await;
    for (sink, word) in [(&sink, "tls"), (&plain, "starttls")] {
        let refused = try_out(sink, "localhost", word, Some(&authority())).await;
        let refused = refused.unwrap_err();
        let told = format!(
            "The mail server localhost:{} did not take the mail",
            sink.port
        );
        assert!(refused.starts_with(&told), "{word}: {refused}");
    }
    assert!(sink.mails().is_empty() && plain.mails().is_empty());
}

#[tokio::test]
async fn subscribers_are_told_over_an_encrypted_connection_that_is_used_again() {
    let sink = Sink::start_with(Wire::Starttls).await;
    let site = super::site_with(&sink, |config| {
        configure(config, sink.port);
        let mut mail = config.mail.clone().unwrap();
        mail.server = "localhost".into();
        mail.encryption = server::config::Encryption::Starttls;
        mail.certificate_authority = Some(authority());
        mail.timeout_seconds = 5;
        config.mail = Some(mail);
    })
    .await;
    let mut operator = super::operator(&site).await;
    super::subscribed(&site, &sink, "amina@example.org").await;
    site.app.wait(std::time::Duration::from_secs(1));
    let before = sink.connections();
    super::publish(&mut operator, "One", "x").await;
    super::publish(&mut operator, "Two", "x").await;
    assert_eq!(super::work(&site).await, 2);
    assert_eq!(super::told(&sink, "amina@example.org").len(), 2);
    assert!(sink.connections() - before <= 2);
}
