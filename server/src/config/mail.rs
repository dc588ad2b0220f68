//! The mail server that subscribers are told by.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::client::Certificate;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::secret::Secret;

/// How mail is sent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// Name of the mail server, such as `smtp.example.org`.
    pub server: String,
    /// Its port. Default: 587 with `starttls`, 465 with `tls`, 25 with `none`.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// `starttls`, `tls` from the first byte on, or `none`. Default `starttls`. A server that cannot do it is not used.
    #[serde(default)]
    pub encryption: Encryption,
    /// PEM file with the certificate of an authority of your own that vouches for the mail server, besides those that this
    /// machine trusts. Default none.
    #[serde(default)]
    pub certificate_authority: Option<PathBuf>,
    /// Account at the mail server, when it wants one.
    #[serde(default)]
    pub account: Option<String>,
    /// Its password: `env:NAME` or `file:PATH`.
    #[serde(default)]
    pub password: Option<SecretSource>,
    /// Whom mails are from, such as `OBCMS status <status@example.org>`.
    pub from: Sender,
    /// A server that takes longer for one mail has failed. Default 30 seconds (1 to 300).
    #[serde(default = "half_a_minute")]
    #[schemars(range(min = 1, max = 300))]
    pub timeout_seconds: u32,
}

fn half_a_minute() -> u32 {
    30
}

impl MailConfig {
    /// Time for one mail.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout_seconds))
    }

    /// Port of the mail server.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.encryption {
            Encryption::Starttls => 587,
            Encryption::Tls => 465,
            Encryption::None => 25,
        })
    }

    /// Account and password, when both are there.
    pub fn credentials(&self) -> Option<(&str, Secret<String>)> {
        Some((self.account.as_deref()?, self.password.as_ref()?.value()?))
    }

    /// Key, what is wrong with it, and what to do; none when all is well.
    pub(super) fn trouble(&self) -> Option<(&'static str, String, &'static str)> {
        if self.server.is_empty() || self.server.contains(|letter: char| !is_of_a_host(letter)) {
            return Some((
                "server",
                format!("`{}` is not the name of a server", self.server),
                "Write such as `smtp.example.org`; the port is a key of its own.",
            ));
        }
        if self.port == Some(0) {
            return Some((
                "port",
                "`port` is 0".into(),
                "Write a number from 1 to 65535.",
            ));
        }
        if !(1..=300).contains(&self.timeout_seconds) {
            return Some((
                "timeout_seconds",
                format!("`timeout_seconds` is {}", self.timeout_seconds),
                "Write a number from 1 to 300.",
            ));
        }
        if let Some(file) = &self.certificate_authority
            && let Err(why) = read_authority(file)
        {
            return Some((
                "certificate_authority",
                why,
                "Name a PEM file with the certificate of the authority.",
            ));
        }
        match (&self.account, &self.password, self.encryption) {
            (Some(_), None, _) => Some((
                "account",
                "there is an account and no password".into(),
                "Write `password = \"env:NAME\"` or `password = \"file:PATH\"`, or leave both out.",
            )),
            (None, Some(_), _) => Some((
                "password",
                "there is a password and no account".into(),
                "Write the account that it belongs to, or leave both out.",
            )),
            (Some(_), Some(_), Encryption::None) => Some((
                "encryption",
                "without encryption everybody on the way could read the password".into(),
                "Write `encryption = \"starttls\"` or `\"tls\"`, or leave account and password out.",
            )),
            _ => None,
        }
    }
}

/// The certificates in a PEM file. The error says what is wrong with the file.
pub(crate) fn read_authority(file: &Path) -> Result<Certificate, String> {
    let name = file.display();
    let pem = std::fs::read(file).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let begin = b"-----BEGIN CERTIFICATE-----";
    if !pem.windows(begin.len()).any(|part| part == begin) {
        return Err(format!("{name} holds no certificate"));
    }
    Certificate::from_pem(&pem)
        .map_err(|_| format!("{name} holds a certificate that cannot be read"))
}

fn is_of_a_host(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | ':')
}

/// How the connection to the mail server is kept from being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// TLS, begun after a greeting in clear text.
    #[default]
    Starttls,
    /// TLS from the first byte on.
    Tls,
    /// None: only for a server on the same machine or network.
    None,
}

/// Whom mails are from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Sender(Mailbox);

impl Sender {
    /// Name and address.
    pub fn mailbox(&self) -> &Mailbox {
        &self.0
    }
}

impl TryFrom<String> for Sender {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| {
            format!("`{text}` is not a sender: write such as `OBCMS status <status@example.org>`")
        })
    }
}

impl JsonSchema for Sender {
    fn schema_name() -> Cow<'static, str> {
        "Sender".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["OBCMS status <status@example.org>"] })
    }
}

/// Where a secret comes from: an environment variable, or the first line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum SecretSource {
    /// `env:NAME`.
    Environment(String),
    /// `file:PATH`.
    File(PathBuf),
    /// What it held, once it was read.
    Resolved(Secret<String>),
}

impl TryFrom<String> for SecretSource {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // the text is not repeated in the error: somebody may have written the secret itself here
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Environment(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            _ => Err(
                "a secret does not belong into this file: write `env:NAME` or `file:PATH`".into(),
            ),
        }
    }
}

impl JsonSchema for SecretSource {
    fn schema_name() -> Cow<'static, str> {
        "SecretSource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(env|file):.+", "examples": ["env:SMTP_PASSWORD"] })
    }
}

impl SecretSource {
    /// The secret, once it was read.
    pub fn value(&self) -> Option<Secret<String>> {
        match self {
            Self::Resolved(secret) => Some(secret.clone()),
            Self::Environment(_) | Self::File(_) => None,
        }
    }

    pub(super) fn resolve(&mut self, base: &Path) {
        if let Self::File(path) = self {
            *path = base.join(&*path);
        }
    }

    /// Reads what it names. The error says what is missing, never what was found.
    pub(super) fn read(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), String> {
        let text = match &*self {
            Self::Resolved(_) => return Ok(()),
            Self::Environment(name) => variable(name)
                .ok_or_else(|| format!("the environment variable `{name}` is not set"))?,
            Self::File(path) => std::fs::read_to_string(path)
                .map_err(|error| format!("the file {} cannot be read: {error}", path.display()))?,
        };
        let secret = text.lines().next().unwrap_or_default().to_owned();
        if secret.is_empty() {
            return Err("what it names is empty".into());
        }
        *self = Self::Resolved(Secret::new(secret));
        Ok(())
    }
}
