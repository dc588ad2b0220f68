//! PostgreSQL's own programs: which are used, how they are given the way to the server, and how
//! they are run. A password is in the environment of the child alone, never among its arguments.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::db::PostgresAddress;
use crate::engine::backup::BackupError;
use crate::engine::progress::{Stage, Tally};

/// Lines of a program's complaints that are kept.
const KEPT_LINES: usize = 6;

/// Why PostgreSQL's programs cannot do the work.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// None are installed.
    #[error("PostgreSQL's programs pg_dump and pg_restore were not found")]
    Missing {
        /// Major version that is needed at least.
        needed: u32,
    },
    /// Those that are installed do not know what the server or the backup holds.
    #[error("pg_dump {found} is older than PostgreSQL {needed} of the server or of the backup")]
    TooOld {
        /// Its version.
        found: String,
        /// Major version that is needed at least.
        needed: u32,
    },
    /// One could not be started.
    #[error("{program} could not be started")]
    CannotStart {
        /// The program.
        program: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// One failed.
    #[error("{program} failed: {said}")]
    Failed {
        /// The program.
        program: &'static str,
        /// Its last words.
        said: String,
    },
}

impl ClientError {
    /// One sentence on what to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Missing { needed } | Self::TooOld { needed, .. } => format!(
                "Install PostgreSQL's client programs of version {needed} or later: the package postgresql-client-{needed}."
            ),
            Self::CannotStart { .. } => {
                "Check that the account running Switchyard may run it.".to_owned()
            }
            Self::Failed { .. } => {
                "Do what its message says, and try again: nothing of this try was kept.".to_owned()
            }
        }
    }
}

/// The programs of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    directory: PathBuf,
    major: u32,
    /// The version, as the programs say it.
    pub version: String,
}

impl Client {
    /// The oldest programs that know this major version: newer ones read and write what they know.
    pub async fn find(needed: u32) -> Result<Self, ClientError> {
        Self::among(&places(), needed).await
    }

    /// The same among the given directories.
    pub async fn among(places: &[PathBuf], needed: u32) -> Result<Self, ClientError> {
        let mut found: Vec<Self> = Vec::new();
        for directory in places {
            if !directory.join("pg_restore").exists() {
                continue;
            }
            found.extend(Self::of(directory).await);
        }
        let newest = found.iter().max_by_key(|client| client.major).cloned();
        let fitting = found.into_iter().filter(|client| client.major >= needed);
        match (fitting.min_by_key(|client| client.major), newest) {
            (Some(client), _) => Ok(client),
            (None, Some(newest)) => Err(ClientError::TooOld {
                found: newest.version,
                needed,
            }),
            (None, None) => Err(ClientError::Missing { needed }),
        }
    }

    /// What the programs of a directory say of themselves.
    async fn of(directory: &Path) -> Option<Self> {
        let mut command = Command::new(directory.join("pg_dump"));
        command.arg("--version").stdin(Stdio::null());
        let told = command.kill_on_drop(true).output().await.ok()?;
        // pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
        let text = String::from_utf8_lossy(&told.stdout).into_owned();
        let version = text
            .split_once("(PostgreSQL) ")?
            .1
            .split_whitespace()
            .next()?;
        let digits = version
            .split(|letter: char| !letter.is_ascii_digit())
            .next()?;
        Some(Self {
            directory: directory.to_owned(),
            major: digits.parse().ok()?,
            version: version.to_owned(),
        })
    }

    /// Dumps the moment of a snapshot into a new directory.
    pub(super) async fn dump(
        &self,
        address: &PostgresAddress,
        snapshot: &str,
        into: &Path,
        tables: u64,
        tally: &Tally,
    ) -> Result<(), BackupError> {
        let arguments: Vec<OsString> = vec![
            "--format=directory".into(),
            jobs(),
            format!("--snapshot={snapshot}").into(),
            // it must not stand in a queue of locks, where others would wait behind it
            "--lock-wait-timeout=5s".into(),
            "--verbose".into(),
            "--no-password".into(),
            argument("--file=", into.as_os_str()),
            argument("--dbname=", &named(address)),
        ];
        let progress = (Stage::Copying, tables, tally);
        self.run("pg_dump", &arguments, address, progress).await
    }

    /// Restores a dump into an empty database: everything, or tables and rows without the indexes
    /// and constraints that only matter to whoever works with it.
    pub(in crate::engine) async fn restore(
        &self,
        dump: &Path,
        address: &PostgresAddress,
        what: Restored,
        tables: u64,
        tally: &Tally,
    ) -> Result<(), BackupError> {
        let mut arguments: Vec<OsString> = vec![
            "--format=directory".into(),
            jobs(),
            "--exit-on-error".into(),
            "--verbose".into(),
            "--no-password".into(),
            argument("--dbname=", &named(address)),
        ];
        if what == Restored::Rows {
            arguments.extend(["--section=pre-data".into(), "--section=data".into()]);
        }
        arguments.push(dump.as_os_str().to_owned());
        let progress = (Stage::Restoring, tables, tally);
        self.run("pg_restore", &arguments, address, progress).await
    }

    async fn run(
        &self,
        program: &'static str,
        arguments: &[OsString],
        address: &PostgresAddress,
        (stage, total, tally): (Stage, u64, &Tally),
    ) -> Result<(), BackupError> {
        let cannot = |source| ClientError::CannotStart { program, source };
        let mut command = Command::new(self.directory.join(program));
        for name in ["PGSERVICE", "PGHOSTADDR", "PGOPTIONS", "PGDATABASE"] {
            command.env_remove(name);
        }
        let mut child = command
            .args(arguments)
            .envs(address.environment()?)
            // its messages are read here
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // it has children of its own, which end with it
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(cannot)?;
        let group = Group(child.id().and_then(|id| i32::try_from(id).ok()));
        let (mut said, mut done) = (Vec::new(), 0);
        tally.set(stage, 0, total);
        if let Some(stream) = child.stderr.take() {
            let mut lines = BufReader::new(stream).split(b'\n');
            while let Ok(Some(line)) = lines.next_segment().await {
                let line = String::from_utf8_lossy(&line).trim().to_owned();
                if line.contains("finished item") && line.contains(" TABLE DATA ") {
                    done += 1;
                    tally.set(stage, done.min(total), total);
                }
                let complains = [": error:", ": fatal:", ": detail:"];
                if complains.iter().any(|mark| line.contains(mark)) && said.len() < KEPT_LINES {
                    said.push(line);
                }
            }
        }
        let status = child.wait().await.map_err(cannot)?;
        group.ended();
        if status.success() {
            return Ok(());
        }
        if said.is_empty() {
            said.push(format!("it ended with {status}"));
        }
        let said = said.join("; ");
        Err(ClientError::Failed { program, said }.into())
    }
}

/// What of a dump is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Restored {
    /// All of it.
    Everything,
    /// Tables and their rows.
    Rows,
}

/// A group of processes that is ended with the work it does.
struct Group(Option<i32>);

impl Group {
    /// They ended by themselves: their number may be somebody else's by now.
    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // one that has ended is what was wanted
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
    }
}

/// Where programs may be: on the path, and where Debian and Red Hat keep each version's apart.
fn places() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    places.extend(versions.flatten().map(|version| version.path().join("bin")));
    let others = fs::read_dir("/usr").into_iter().flatten().flatten();
    places.extend(
        others
            .filter(|other| other.file_name().to_string_lossy().starts_with("pgsql-"))
            .map(|other| other.path().join("bin")),
    );
    places
}

/// Processes at a time: the server has other work to do.
fn jobs() -> OsString {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    format!("--jobs={}", processors.clamp(2, 4)).into()
}

fn argument(option: &str, value: &OsStr) -> OsString {
    let mut argument = OsString::from(option);
    argument.push(value);
    argument
}

/// The database as an argument. A bare name would be taken for more than a name where it has a
/// `=` in it.
fn named(address: &PostgresAddress) -> OsString {
    let name = address.database().unwrap_or_default();
    let name = name.replace('\\', "\\\\").replace('\'', "\\'");
    format!("dbname='{name}'").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// A directory with programs that say that they are of a version.
    fn programs(version: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for name in ["pg_dump", "pg_restore"] {
            let file = directory.path().join(name);
            let text = format!("#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n");
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        directory
    }

    #[tokio::test]
    async fn programs_older_than_the_server_are_refused_and_the_closest_are_taken() {
        let (old, fitting, new) = (
            programs("13.9 (Debian 13.9-0)"),
            programs("15.18"),
            programs("17beta1"),
        );
        let places = [&new, &old, &fitting].map(|place| place.path().to_owned());
        let found = Client::among(&places, 15).await.unwrap();
        assert_eq!((found.major, found.version.as_str()), (15, "15.18"));
        assert_eq!(Client::among(&places, 16).await.unwrap().major, 17);
        let refused = Client::among(&places[1..2], 15).await.unwrap_err();
        assert!(matches!(&refused, ClientError::TooOld { found, needed: 15 } if found == "13.9"));
        assert!(refused.remedy().contains("postgresql-client-15"));
        let missing = Client::among(&[], 15).await.unwrap_err();
        assert!(matches!(missing, ClientError::Missing { .. }));
        assert!(missing.remedy().contains("postgresql-client-15"));
    }
}
