//! The application as a process: how it is found, stopped and started again without a shell.
//!
//! A running application holds a lock on `lock` in its state directory and describes itself in
//! `process.json` there. The lock ends with the process, however that ends, so a number of a
//! process that belongs to somebody else by now is never signalled.

use std::fs::{File, OpenOptions};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};

use super::AppError;

/// How long a running application may take to answer its last requests.
const GRACE: Duration = Duration::from_secs(10);
/// How long a start may take until the application listens.
const START: Duration = Duration::from_secs(10);
/// How long somebody else may hold the lock to see whether an application runs.
const LOOK: Duration = Duration::from_millis(400);

/// How a process was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its working directory.
    pub directory: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    process: u32,
    launch: Launch,
}

/// Shows that this process is the running application. Kept for as long as it runs.
#[derive(Debug)]
pub struct Presence {
    state: PathBuf,
    _lock: File,
}

impl Presence {
    /// Announces this process in a state directory, so that [`restart`] and [`stop`] find it.
    pub async fn announce(state: &Path) -> Result<Self, AppError> {
        std::fs::create_dir_all(state).map_err(failed("the state directory cannot be made"))?;
        let lock = lock_file(state)?;
        let deadline = Instant::now() + LOOK;
        // somebody who looks whether it runs holds the lock for a moment
        while let Err(error) = lock.try_lock() {
            if Instant::now() > deadline {
                return Err(AppError::Process {
                    what: format!("another sample application runs with {}", state.display()),
                    source: error.into(),
                });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let record = Record {
            process: std::process::id(),
            launch: Launch {
                program: std::env::current_exe().map_err(failed("this program has no path"))?,
                arguments: std::env::args().skip(1).collect(),
                directory: std::env::current_dir()
                    .map_err(failed("this process has no directory"))?,
            },
        };
        let text = serde_json::to_vec_pretty(&record).map_err(|error| AppError::Process {
            what: "the process cannot be described".to_owned(),
            source: error.into(),
        })?;
        let path = record_path(state);
        let unfinished = path.with_extension("unfinished");
        std::fs::write(&unfinished, text)
            .and_then(|()| std::fs::rename(&unfinished, &path))
            .map_err(failed("the process cannot be described"))?;
        Ok(Self {
            state: state.to_owned(),
            _lock: lock,
        })
    }

    /// Says that the application listens, which [`start`] waits for.
    pub fn listens(&self) -> Result<(), AppError> {
        File::create(ready_path(&self.state))
            .map(drop)
            .map_err(failed("the state directory cannot be written"))
    }
}

/// Starts an application that goes on when this process ends, with its output in `log` of the
/// state directory. Answers when it listens, or after 10 s of a start that takes longer. The launch
/// must name the same state directory.
pub async fn start(state: &Path, launch: &Launch) -> Result<Child, AppError> {
    std::fs::create_dir_all(state).map_err(failed("the state directory cannot be made"))?;
    let ready = ready_path(state);
    if ready.exists() {
        std::fs::remove_file(&ready).map_err(failed("the state directory cannot be written"))?;
    }
    let path = state.join("log");
    let mut log = OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        .open(&path)
        .map_err(failed("the log cannot be opened"))?;
    let before = log.seek(std::io::SeekFrom::End(0)).unwrap_or(0);
    let streams = [log.try_clone(), log.try_clone()];
    let [Ok(out), Ok(err)] = streams else {
        let [first, second] = streams;
        let source = first
            .and(second)
            .err()
            .unwrap_or(std::io::ErrorKind::Other.into());
        return Err(failed("the log cannot be opened")(source));
    };
    let mut child = Command::new(&launch.program)
        .args(&launch.arguments)
        .current_dir(&launch.directory)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        // signals to the terminal or to the hook that restarts it do not reach it
        .process_group(0)
        .spawn()
        .map_err(failed("the sample application cannot be started"))?;
    let deadline = Instant::now() + START;
    loop {
        let ended = child.try_wait();
        if let Ok(Some(status)) = ended {
            return Err(AppError::EndedAtOnce {
                status: status.to_string(),
                log: last_line(&path, before),
            });
        }
        if ready.exists() || Instant::now() > deadline {
            return Ok(child);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Stops the application of a state directory: lets it answer what it has begun, and ends it after
/// 10 s. Answers how it was started; `None` when none was ever started there.
pub async fn stop(state: &Path) -> Result<Option<Launch>, AppError> {
    let _turn = turn(state).await?;
    end(state).await
}

/// Waits until nobody else stops or restarts the application of this state directory. Two restarts
/// at once would each end what the other has started.
async fn turn(state: &Path) -> Result<Option<File>, AppError> {
    let path = state.join("turn");
    let failed = failed("the state directory cannot be written");
    let file = match OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
    {
        Ok(file) => file,
        // nothing was ever started there
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed(source)),
    };
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(std::fs::TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}

async fn end(state: &Path) -> Result<Option<Launch>, AppError> {
    let path = record_path(state);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed("the running process cannot be read")(source)),
    };
    let record: Record = serde_json::from_slice(&text).map_err(|error| AppError::Process {
        what: format!("{} is damaged", path.display()),
        source: error.into(),
    })?;
    let process = Pid::from_raw(i32::try_from(record.process).unwrap_or_default());
    for (signal, patience) in [
        (Signal::SIGTERM, GRACE),
        (Signal::SIGKILL, Duration::from_secs(5)),
    ] {
        if !runs(state)? {
            return Ok(Some(record.launch));
        }
        // it may have ended between the look and the signal, which the next look shows
        let _ = kill(process, signal);
        let deadline = Instant::now() + patience;
        while runs(state)? && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    if runs(state)? {
        return Err(failed("the running sample application does not end")(
            std::io::ErrorKind::TimedOut.into(),
        ));
    }
    Ok(Some(record.launch))
}

/// Stops the application of a state directory and starts it again with the same arguments, so that
/// it reads its environment file anew.
pub async fn restart(state: &Path) -> Result<Child, AppError> {
    let _turn = turn(state).await?;
    let launch = end(state).await?.ok_or_else(|| {
        failed("no sample application was ever started here")(std::io::ErrorKind::NotFound.into())
    })?;
    start(state, &launch).await
}

/// Whether an application runs with this state directory.
pub fn runs(state: &Path) -> Result<bool, AppError> {
    if !state.join("lock").exists() {
        return Ok(false);
    }
    match lock_file(state)?.try_lock() {
        Ok(()) => Ok(false),
        Err(std::fs::TryLockError::WouldBlock) => Ok(true),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(
            "the lock of the sample application cannot be read",
        )(source)),
    }
}

/// Writes the number of this process into a file of the caller's choice.
pub fn write_pid_file(path: &Path) -> Result<(), AppError> {
    File::create(path)
        .and_then(|mut file| writeln!(file, "{}", std::process::id()))
        .map_err(failed(
            "the file with the number of the process cannot be written",
        ))
}

fn lock_file(state: &Path) -> Result<File, AppError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(state.join("lock"))
        .map_err(failed(
            "the lock of the sample application cannot be opened",
        ))
}

fn record_path(state: &Path) -> PathBuf {
    state.join("process.json")
}

fn ready_path(state: &Path) -> PathBuf {
    state.join("listens")
}

fn last_line(path: &Path, after: u64) -> String {
    let text = std::fs::read(path).unwrap_or_default();
    let new = text
        .get(usize::try_from(after).unwrap_or(0)..)
        .unwrap_or_default();
    let text = String::from_utf8_lossy(new);
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.unwrap_or("it wrote nothing").to_owned()
}

fn failed(what: &str) -> impl Fn(std::io::Error) -> AppError {
    let what = what.to_owned();
    move |source| AppError::Process {
        what: what.clone(),
        source,
    }
}
