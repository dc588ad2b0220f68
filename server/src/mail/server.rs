//! One conversation with the mail server. Its parts are told apart, because a server that is not there is another matter
//! than an address that is not.

use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use super::error::MailError;
use super::message;
use crate::config::{Config, Encryption, MailConfig, read_authority};

/// How sending one mail went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server cannot be used now: it is not there, cannot encrypt, or does not know the account.
    Down(String),
    /// The connection broke or took too long; whether the mail was taken is not known.
    Broken(String),
    /// The server does not take this mail now.
    Later(String),
    /// The server never takes this mail.
    Never(String),
}

impl Failure {
    fn why(self) -> String {
        match self {
            Self::Down(why) | Self::Broken(why) | Self::Later(why) | Self::Never(why) => why,
        }
    }
}

/// An open connection.
pub(super) struct Server {
    connection: AsyncSmtpConnection,
    limit: Duration,
}

impl Server {
    /// Connects, encrypts and signs in.
    pub(super) async fn connect(config: &MailConfig) -> Result<Self, Failure> {
        let limit = config.timeout();
        let tls = encryption(config).map_err(Failure::Down)?;
        match tokio::time::timeout(limit, open(config, tls)).await {
            Ok(Ok(connection)) => Ok(Self { connection, limit }),
            Ok(Err(error)) => Err(Failure::Down(said(&error))),
            Err(_) => Err(Failure::Down(late(limit))),
        }
    }

    /// Sends one mail. After a failure the connection is of no use any more.
    pub(super) async fn send(&mut self, message: &Message) -> Result<(), Failure> {
        let bytes = message.formatted();
        let sending = self.connection.send(message.envelope(), &bytes);
        match tokio::time::timeout(self.limit, sending).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_) => Err(Failure::Broken(late(self.limit))),
        }
    }

    /// Says good-bye; a server that does not answer is left.
    pub(super) async fn close(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(2), self.connection.quit()).await;
    }
}

/// How the connection is encrypted, and whose certificates are trusted. None: not at all.
fn encryption(config: &MailConfig) -> Result<Option<TlsParameters>, String> {
    if config.encryption == Encryption::None {
        return Ok(None);
    }
    let mut tls = TlsParameters::builder(config.server.clone());
    if let Some(file) = &config.certificate_authority {
        tls = tls.add_root_certificate(read_authority(file)?);
    }
    tls.build_rustls().map(Some).map_err(|error| said(&error))
}

async fn open(
    config: &MailConfig,
    tls: Option<TlsParameters>,
) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
    let host = config.server.as_str();
    // a name that says nothing about this machine
    let hello = ClientId::Domain(config.from.mailbox().email.domain().to_owned());
    let (implicit, later) = match config.encryption {
        Encryption::Tls => (tls, None),
        Encryption::Starttls | Encryption::None => (None, tls),
    };
    let limit = Some(config.timeout());
    let place = (host, config.port());
    let mut connection =
        AsyncSmtpConnection::connect_tokio1(place, limit, &hello, implicit, None).await?;
    if let Some(tls) = later {
        connection.starttls(tls, &hello).await?;
    }
    if let Some((account, password)) = config.credentials() {
        let credentials = Credentials::new(account.to_owned(), password.expose().clone());
        connection
            .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
            .await?;
    }
    Ok(connection)
}

fn failure(error: &lettre::transport::smtp::Error) -> Failure {
    let why = said(error);
    match error.status().map(|code| code.to_string()) {
        // the server is about to close, or wants another account
        Some(code) if matches!(code.as_str(), "421" | "530" | "534" | "535" | "538") => {
            Failure::Down(why)
        }
        _ if error.is_permanent() => Failure::Never(why),
        _ if error.is_transient() => Failure::Later(why),
        // such as an address that the server has no means to write
        _ if error.is_client() => Failure::Never(why),
        _ => Failure::Broken(why),
    }
}

/// What went wrong, with its causes, in one line.
fn said(error: &dyn std::error::Error) -> String {
    const LONGEST: usize = 300;
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = error.source();
    }
    let line = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().map(line).take(LONGEST).collect()
}

fn late(limit: Duration) -> String {
    format!("it did not answer within {} s", limit.as_secs())
}

/// Sends a mail that tells nothing, to try the configuration out.
///
/// # Errors
/// When no mail server is configured, or it does not take the mail.
pub async fn try_out(config: &Config, address: &str) -> Result<(), MailError> {
    let mail = config.mail.as_ref().ok_or(MailError::NotConfigured)?;
    let to = address
        .parse()
        .map_err(|_| MailError::Address(address.to_owned()))?;
    let message = message::test(mail, &config.origin(), to)?;
    let sent = async {
        let mut server = Server::connect(mail).await?;
        server.send(&message).await?;
        server.close().await;
        Ok(())
    };
    sent.await.map_err(|failure: Failure| MailError::Server {
        server: format!("{}:{}", mail.server, mail.port()),
        why: failure.why(),
    })
}
