//! A private PostgreSQL cluster in a directory of its own, where the server's programs are
//! installed: for the sample system and for tests. It listens on a socket in that directory and
//! on nothing else.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};

use crate::db::{DatabaseUrl, DbError};

/// How long a cluster may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the system allows as the path of a socket, less the file's own name.
const LONGEST_SOCKET: usize = 80;

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The programs are not installed.
    #[error(
        "PostgreSQL's server programs (initdb, postgres) were not found. Install the package \
         postgresql, or name a server with --database postgres://…"
    )]
    NotInstalled,
    /// PostgreSQL refuses to run as root, and there is nobody else to run it as.
    #[error(
        "PostgreSQL does not run as root, and there is no user postgres or nobody. Run this \
         command as an ordinary user."
    )]
    NoUser,
    /// The directory cannot be used.
    #[error("{} cannot be used for a PostgreSQL cluster: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program failed.
    #[error("{program} failed: {said}")]
    Failed {
        /// The program.
        program: String,
        /// Its last words.
        said: String,
    },
    /// It answered with an address that cannot be used.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A cluster that runs as long as this value lives.
#[derive(Debug)]
pub struct Cluster {
    server: Child,
    socket: PathBuf,
    /// A socket's directory of its own, where the cluster's path is too long for one.
    _elsewhere: Option<tempfile::TempDir>,
}

/// Whether a cluster's content matters after its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It does: every commit is on the disk.
    Durable,
    /// It does not: nothing waits for the disk.
    ThrowAway,
}

impl Cluster {
    /// Makes the cluster in a directory that is empty or does not exist, or takes the one that is
    /// there, and starts it.
    pub fn start(directory: &Path, keep: Keep) -> Result<Self, ClusterError> {
        let programs = programs()?;
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| ClusterError::Directory { path, source }
        };
        fs::create_dir_all(directory).map_err(failed(directory))?;
        let directory = fs::canonicalize(directory).map_err(failed(directory))?;
        let runner = Runner::find()?;
        runner.own(&directory)?;
        let data = directory.join("cluster");
        if !data.join("PG_VERSION").exists() {
            let made = runner
                .command(&programs.join("initdb"))
                .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"])
                .args(["--no-sync", "-D"])
                .arg(&data)
                .output()
                .map_err(failed(&directory))?;
            if !made.status.success() {
                let said = String::from_utf8_lossy(&made.stderr).trim().to_owned();
                return Err(ClusterError::Failed {
                    program: "initdb".into(),
                    said,
                });
            }
        }
        stop_leftover(&data);
        let mut elsewhere = None;
        let mut socket = directory.clone();
        if socket.as_os_str().len() > LONGEST_SOCKET {
            let short = tempfile::tempdir().map_err(failed(&socket))?;
            runner.own(short.path())?;
            socket = short.path().to_owned();
            elsewhere = Some(short);
        }
        let log = fs::File::create(directory.join("log")).map_err(failed(&directory))?;
        let mut command = runner.command(&programs.join("postgres"));
        command.arg("-D").arg(&data).arg("-k").arg(&socket);
        command.args([
            "-c",
            "listen_addresses=",
            "-c",
            "unix_socket_permissions=0700",
        ]);
        if keep == Keep::ThrowAway {
            command.args(["-c", "fsync=off", "-c", "synchronous_commit=off"]);
            command.args(["-c", "full_page_writes=off", "-c", "max_connections=200"]);
        }
        let server = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(failed(&directory))?;
        let mut cluster = Self {
            server,
            socket,
            _elsewhere: elsewhere,
        };
        cluster.wait_until_ready(&data, &directory.join("log"))?;
        Ok(cluster)
    }

    /// The address of a database of the cluster.
    pub fn url(&self, database: &str) -> Result<DatabaseUrl, ClusterError> {
        let socket = self.socket.display();
        let address = format!("postgres:///{database}?host={socket}&user=postgres&sslmode=disable");
        Ok(address.parse()?)
    }

    fn wait_until_ready(&mut self, data: &Path, log: &Path) -> Result<(), ClusterError> {
        let since = Instant::now();
        loop {
            // the eighth line says how far the server is
            let state = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            if state.lines().nth(7).map(str::trim) == Some("ready") {
                return Ok(());
            }
            let ended = self.server.try_wait().ok().flatten().is_some();
            if ended || since.elapsed() > PATIENCE {
                let said = fs::read_to_string(log).unwrap_or_default();
                let last: Vec<&str> = said.lines().rev().take(3).collect();
                return Err(ClusterError::Failed {
                    program: "postgres".into(),
                    said: last.into_iter().rev().collect::<Vec<_>>().join("; "),
                });
            }
            pause();
        }
    }
}

impl Drop for Cluster {
    /// Stops the server: sessions are ended, what was committed is kept.
    fn drop(&mut self) {
        let Ok(number) = i32::try_from(self.server.id()) else {
            return;
        };
        let _ = kill(Pid::from_raw(number), Signal::SIGINT);
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if !matches!(self.server.try_wait(), Ok(None)) {
                return;
            }
            pause();
        }
        let _ = kill(Pid::from_raw(number), Signal::SIGQUIT);
        let _ = self.server.wait();
    }
}

/// Stops the server of a process of ours that was killed and could not stop it itself.
fn stop_leftover(data: &Path) {
    let file = data.join("postmaster.pid");
    let number = || {
        let text = fs::read_to_string(&file).ok()?;
        let number: i32 = text.lines().next()?.trim().parse().ok()?;
        // a number is given out again: only a server is stopped
        let name = fs::read_to_string(format!("/proc/{number}/comm")).ok()?;
        (name.trim() == "postgres").then_some(number)
    };
    let Some(leftover) = number() else {
        return;
    };
    let _ = kill(Pid::from_raw(leftover), Signal::SIGINT);
    let since = Instant::now();
    while number() == Some(leftover) && since.elapsed() < PATIENCE {
        pause();
    }
}

/// Starting and stopping are waited for in a thread of their own or before anything else runs.
#[expect(
    clippy::disallowed_methods,
    reason = "no runtime is needed to start or to stop a process"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

/// Where the server's programs are.
fn programs() -> Result<PathBuf, ClusterError> {
    let has = |place: &PathBuf| place.join("initdb").exists() && place.join("postgres").exists();
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(place) = std::env::split_paths(&path).find(has) {
        return Ok(place);
    }
    // Debian keeps each version's programs apart, and off the path
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(has)
        .collect();
    versions.sort_by_key(|place| version_of(place));
    versions.pop().ok_or(ClusterError::NotInstalled)
}

fn version_of(programs: &Path) -> u32 {
    let version = programs.parent().and_then(Path::file_name);
    (version.and_then(OsStr::to_str))
        .and_then(|version| version.parse().ok())
        .unwrap_or(0)
}

/// Who runs the server: we, or an unprivileged user where we are root.
struct Runner {
    other: Option<(u32, u32)>,
}

impl Runner {
    fn find() -> Result<Self, ClusterError> {
        if !geteuid().is_root() {
            return Ok(Self { other: None });
        }
        let user = ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .ok_or(ClusterError::NoUser)?;
        Ok(Self {
            other: Some((user.uid.as_raw(), user.gid.as_raw())),
        })
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // a directory of ours may be closed to the other user
        command.current_dir("/");
        if let Some((user, group)) = self.other {
            command.uid(user).gid(group);
        }
        command
    }

    /// Gives a directory to whoever runs the server, and to nobody else.
    fn own(&self, directory: &Path) -> Result<(), ClusterError> {
        let failed = |source| ClusterError::Directory {
            path: directory.to_owned(),
            source,
        };
        let mode = fs::Permissions::from_mode(0o700);
        fs::set_permissions(directory, mode).map_err(failed)?;
        if let Some((user, group)) = self.other
            && fs::metadata(directory).map_err(failed)?.uid() != user
        {
            chown(directory, Some(user), Some(group)).map_err(failed)?;
        }
        Ok(())
    }
}
