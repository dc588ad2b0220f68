//! Configuration: one TOML file and the environment, read once at start. A wrong key or value is refused with file,
//! line and remedy, so that nothing is found out at two in the morning. It must not do anything with what it reads.

mod environment;
mod mail;
mod metrics;
mod outgoing;
mod probes;
mod read;
mod status;
mod system;
mod value;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::db::{DatabaseUrl, DbError};
pub use environment::VARIABLES;
pub(crate) use mail::read_authority;
pub use mail::{Encryption, MailConfig, SecretSource, Sender};
pub use metrics::MetricsConfig;
pub use outgoing::{Network, OutgoingConfig};
pub use probes::ProbeConfig;
pub use read::{ConfigError, from_environment, from_file, from_text};
pub use status::{Show, StatusConfig, SystemStatusConfig, Visibility};
pub use system::{HoldsConfig, Hook, Hooks, SystemConfig};
pub use value::{DatabaseSource, HttpAddress, PlaybookSource, Slug};

/// The whole configuration. Every key can be left out.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port that the console listens on. Default `127.0.0.1:8080`.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Directory of everything that Switchyard keeps. Default `data`, beside the configuration file.
    pub data: PathBuf,
    /// Address that people open, such as `https://switchyard.example.org`. With `https` the session cookie is
    /// `__Host-` and `Secure`. Default: `http://` and the listen address.
    pub public_address: Option<HttpAddress>,
    /// Where the control store is: `sqlite:PATH`, `env:NAME` or `file:PATH`; the last two may hold `postgres://…`.
    /// Default `switchyard.sqlite3` in `data`.
    pub control_store: Option<DatabaseSource>,
    /// Take the client's address from the `X-Forwarded-For` header. Only behind a proxy that sets it. Default false.
    pub behind_proxy: bool,
    /// Logs.
    pub log: LogConfig,
    /// Sessions.
    pub sessions: SessionConfig,
    /// Approvals by a second administrator.
    pub approvals: ApprovalConfig,
    /// Public status pages.
    pub status: StatusConfig,
    /// Calls to addresses that people gave.
    pub outgoing: OutgoingConfig,
    /// The mail server that subscribers are told by. Default none: nobody can subscribe.
    pub mail: Option<MailConfig>,
    /// Numbers for monitoring.
    pub metrics: MetricsConfig,
    /// The systems under management.
    pub systems: Vec<SystemConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data: PathBuf::from("data"),
            public_address: None,
            control_store: None,
            behind_proxy: false,
            log: LogConfig::default(),
            sessions: SessionConfig::default(),
            approvals: ApprovalConfig::default(),
            status: StatusConfig::default(),
            outgoing: OutgoingConfig::default(),
            mail: None,
            metrics: MetricsConfig::default(),
            systems: Vec::new(),
        }
    }
}

impl Config {
    /// Where the control store is.
    ///
    /// # Errors
    /// When what it is read from does not hold an address; a configuration that was read is checked for that.
    pub fn control_store_url(&self) -> Result<DatabaseUrl, DbError> {
        match &self.control_store {
            Some(source) => source.url().expose().parse(),
            None => Ok(DatabaseUrl::Sqlite(self.data.join("switchyard.sqlite3"))),
        }
    }

    /// Address that people open, without a slash at the end.
    pub fn origin(&self) -> String {
        match &self.public_address {
            Some(address) => address.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.listen),
        }
    }

    /// Whether people reach the console by https.
    pub fn is_https(&self) -> bool {
        self.origin().starts_with("https://")
    }

    /// The system with this slug.
    pub fn system(&self, slug: &str) -> Option<&SystemConfig> {
        self.systems
            .iter()
            .find(|system| system.slug.as_str() == slug)
    }

    /// The JSON Schema of the configuration file, for editors.
    pub fn json_schema() -> schemars::Schema {
        schemars::schema_for!(Config)
    }

    /// Keeps everything in another directory. Backups that the file puts elsewhere stay there.
    pub fn move_data(&mut self, data: &Path) {
        let before = std::mem::replace(&mut self.data, data.to_owned());
        for system in &mut self.systems {
            if let Some(backups) = &mut system.backups
                && let Ok(inside) = backups.strip_prefix(&before)
            {
                *backups = data.join(inside);
            }
        }
    }

    fn resolve(&mut self, base: &Path) {
        self.data = base.join(&self.data);
        if let Some(source) = &mut self.control_store {
            source.resolve(base);
        }
        if let Some(mirror) = &mut self.status.mirror {
            *mirror = base.join(&*mirror);
        }
        if let Some(mail) = &mut self.mail {
            if let Some(password) = &mut mail.password {
                password.resolve(base);
            }
            if let Some(file) = &mut mail.certificate_authority {
                *file = base.join(&*file);
            }
        }
        if let Some(token) = &mut self.metrics.token {
            token.resolve(base);
        }
        for system in &mut self.systems {
            system.resolve(base, &self.data);
        }
    }
}

/// Logs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// `human` or `json`. Default `human`.
    pub format: LogFormat,
    /// What to log, as `tracing` filters: a level, or such as `info,server::engine=debug`. Default `info`.
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Human,
            level: "info".into(),
        }
    }
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// Lines for people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Sessions.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionConfig {
    /// A session without requests ends after this many minutes. Default 60 (1 to 1440).
    #[schemars(range(min = 1, max = 1440))]
    pub idle_minutes: u32,
    /// A session ends after this many hours, whatever is done in it. Default 12 (1 to 168).
    #[schemars(range(min = 1, max = 168))]
    pub absolute_hours: u32,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            idle_minutes: 60,
            absolute_hours: 12,
        }
    }
}

impl SessionConfig {
    /// Time without requests after which a session ends.
    pub fn idle(&self) -> Duration {
        Duration::from_secs(u64::from(self.idle_minutes) * 60)
    }

    /// Time after which a session ends in any case.
    pub fn absolute(&self) -> Duration {
        Duration::from_secs(u64::from(self.absolute_hours) * 3600)
    }
}

/// Approvals by a second administrator.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ApprovalConfig {
    /// Whether destructive steps, rollbacks, mode switches and the release of kept databases need a second administrator.
    /// Default false.
    pub require_second_administrator: bool,
    /// An approval that is not used ends after this many hours. Default 4 (1 to 168).
    #[schemars(range(min = 1, max = 168))]
    pub expires_hours: u32,
}

impl Default for ApprovalConfig {
    fn default() -> Self {
        Self {
            require_second_administrator: false,
            expires_hours: 4,
        }
    }
}

impl ApprovalConfig {
    /// Time that an approval is good for.
    pub fn expires(&self) -> Duration {
        Duration::from_secs(u64::from(self.expires_hours) * 3600)
    }
}
