//! Why mail is not sent.

use crate::key_file::KeyError;
use crate::refusal::{Kind, Refusal};
use crate::store::StoreError;

/// Why.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The configuration names no mail server.
    #[error("No mail server is configured.")]
    NotConfigured,
    /// What was given is not an address.
    #[error("`{0}` is not an address that mail can be sent to.")]
    Address(String),
    /// The mail server did not take it.
    #[error("The mail server {server} did not take the mail: {why}.")]
    Server {
        /// Its name and port.
        server: String,
        /// What it said, or what happened.
        why: String,
    },
    /// The key that links are signed with cannot be read or made.
    #[error("links cannot be signed")]
    Key(#[from] KeyError),
    /// A mail cannot be put together.
    #[error("a mail cannot be put together")]
    Message(#[from] lettre::error::Error),
    /// The control store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal for MailError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotConfigured => Kind::Conflict,
            Self::Address(_) => Kind::Invalid,
            Self::Server { .. } => Kind::Unavailable,
            Self::Key(_) | Self::Message(_) => Kind::Internal,
            Self::Store(error) => error.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::NotConfigured => Some("Write [mail] into the configuration file.".into()),
            Self::Address(_) => Some("Write such as `amina@example.org`.".into()),
            Self::Server { .. } => Some(
                "Look at server, port, encryption, account and password under [mail], and whether the mail server takes \
                 mail from this machine. If an authority of your own made its certificate, name that authority's as \
                 certificate_authority."
                    .into(),
            ),
            Self::Key(_) | Self::Message(_) => None,
            Self::Store(error) => error.remedy(),
        }
    }
}
