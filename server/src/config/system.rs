//! One system of the configuration: where its database, environment file, hooks and health address are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::probes::ProbeConfig;
use super::status::SystemStatusConfig;
use super::value::{DatabaseSource, HttpAddress, PlaybookSource, Slug};

/// A system under management.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemConfig {
    /// Short name in addresses: lower-case letters, digits and hyphens.
    pub slug: Slug,
    /// Name shown.
    pub title: String,
    /// Such as `Production`. Default `Production`.
    #[serde(default = "production")]
    pub environment: String,
    /// The target: `sqlite:PATH`, `env:NAME` or `file:PATH`.
    pub database: DatabaseSource,
    /// Name of a playbook that is built in, or a file that ends with `.toml`.
    pub playbook: PlaybookSource,
    /// The application's environment file, where the mode is written. Without it the mode cannot be switched.
    #[serde(default)]
    pub environment_file: Option<PathBuf>,
    /// Where the application answers how it is. Without it mode switches and reports cannot ask it.
    #[serde(default)]
    pub health_url: Option<HttpAddress>,
    /// Where the application's pages are; the views of the playbook are checked below it.
    #[serde(default)]
    pub application_url: Option<HttpAddress>,
    /// Programs that Switchyard may start.
    #[serde(default)]
    pub hooks: Hooks,
    /// How its health is measured.
    #[serde(default)]
    pub probes: ProbeConfig,
    /// What makes its runs wait.
    #[serde(default)]
    pub holds: HoldsConfig,
    /// What the public may know about it.
    #[serde(default)]
    pub status: SystemStatusConfig,
    /// Directory of this system's backups. Default `backups/SLUG` in `data`.
    #[serde(default)]
    pub backups: Option<PathBuf>,
    /// A destructive step needs a verified backup that is not older than this many hours. Default 24 (1 to 720).
    #[serde(default = "a_day")]
    #[schemars(range(min = 1, max = 720))]
    pub backup_hours: u32,
    /// Instead of the playbook's `quiet_seconds`: for how long no old version of the application may have written before
    /// columns become required; 0 leaves that gate out. Default: as the playbook says.
    #[serde(default)]
    pub quiet_seconds: Option<u64>,
    /// Zone of this system's times, such as `Asia/Manila`. Default `UTC`.
    #[serde(default = "utc")]
    pub timezone: String,
}

/// What makes a run wait for others.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldsConfig {
    /// A standby is more than this many MiB of the log behind. Default 64; 0 leaves it out.
    #[serde(default = "lag")]
    pub lag_mib: u32,
    /// A session has waited for a lock for more than this many milliseconds. Default 2000; 0 leaves it out.
    #[serde(default = "lock_wait")]
    pub lock_wait_ms: u32,
    /// A disk of the database has less than this many MiB left. Default 256; 0 leaves it out.
    #[serde(default = "free_disk")]
    pub free_disk_mib: u32,
    /// The application does not work, or the watcher of its health is silent. Steps wait for it too. Default true; false
    /// leaves it out, for work during which the application is stopped on purpose.
    #[serde(default = "health")]
    pub health: bool,
}

impl Default for HoldsConfig {
    fn default() -> Self {
        Self {
            lag_mib: lag(),
            lock_wait_ms: lock_wait(),
            free_disk_mib: free_disk(),
            health: health(),
        }
    }
}

const fn lag() -> u32 {
    64
}

const fn lock_wait() -> u32 {
    2_000
}

const fn free_disk() -> u32 {
    256
}

const fn health() -> bool {
    true
}

fn production() -> String {
    "Production".into()
}

fn a_day() -> u32 {
    24
}

fn utc() -> String {
    "UTC".into()
}

impl SystemConfig {
    /// Directory of this system's backups.
    pub fn backup_directory(&self, data: &Path) -> PathBuf {
        self.backups
            .clone()
            .unwrap_or_else(|| data.join("backups").join(self.slug.as_str()))
    }

    /// Oldest backup that still allows a destructive step.
    pub fn backup_age(&self) -> Duration {
        Duration::from_secs(u64::from(self.backup_hours) * 3600)
    }

    pub(super) fn resolve(&mut self, base: &Path, data: &Path) {
        self.database.resolve(base);
        self.playbook.resolve(base);
        if let Some(file) = &mut self.environment_file {
            *file = base.join(&*file);
        }
        self.backups = Some(match &self.backups {
            Some(directory) => base.join(directory),
            None => self.backup_directory(data),
        });
    }
}

/// Programs that Switchyard may start for a system. Argument lists: no shell reads them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hooks {
    /// Restarts the application so that it reads its environment file again.
    #[serde(default)]
    pub restart: Option<Hook>,
    /// Deploys a release of the application.
    #[serde(default)]
    pub deploy: Option<Hook>,
    /// Stops the application, so that a backup can be restored without lost writes.
    #[serde(default)]
    pub stop: Option<Hook>,
}

/// A program with its arguments.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// The program and its arguments, such as `["systemctl", "restart", "obcms"]`.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// The program is ended after this many seconds. Default 60 (1 to 3600).
    #[serde(default = "a_minute")]
    #[schemars(range(min = 1, max = 3600))]
    pub timeout_seconds: u32,
}

fn a_minute() -> u32 {
    60
}

impl Hook {
    /// Time after which the program is ended.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout_seconds))
    }
}
