//! Programs under measurement: started on a free port with data of their own, watched, and stopped at the end.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// A running program; dropped, it is stopped.
pub struct Program {
    child: Child,
    /// Host and port where it listens.
    pub address: String,
    /// From the start to the first good answer.
    pub start_time: Duration,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts it, and waits until `path` answers 200.
    pub fn start(command: &mut Command, address: &str, path: &str) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {command:?}"))?;
        let lines = Arc::new(Mutex::new(Vec::new()));
        if let Some(output) = child.stdout.take() {
            let lines = Arc::clone(&lines);
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if let Ok(mut lines) = lines.lock() {
                        lines.push(line);
                    }
                }
            });
        }
        let mut program = Self {
            child,
            address: address.to_string(),
            start_time: Duration::ZERO,
            lines,
        };
        let url = format!("http://{address}{path}");
        while started.elapsed() < Duration::from_secs(300) {
            if let Some(status) = program.child.try_wait()? {
                bail!("{command:?} ended with {status}");
            }
            if ureq::get(&url).call().is_ok() {
                program.start_time = started.elapsed();
                return Ok(program);
            }
            std::thread::yield_now();
        }
        bail!("{url} does not answer after 300 s");
    }

    /// What it printed on its standard output.
    pub fn output(&self) -> String {
        self.lines
            .lock()
            .map(|lines| lines.join("\n"))
            .unwrap_or_default()
    }

    /// Resident memory now, in MiB; none where /proc does not tell.
    pub fn resident_mib(&self) -> Option<f64> {
        resident_mib(self.child.id())
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // asked first, so that it can stop what it started itself
        let id = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM);
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(15) {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Resident memory of a process in MiB.
pub fn resident_mib(id: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

/// A port that was free a moment ago, as an address of loopback.
pub fn free_address() -> anyhow::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// The release binary under measurement.
pub fn switchyard() -> std::path::PathBuf {
    std::env::var_os("SWITCHYARD").map_or_else(
        || Path::new(env!("CARGO_BIN_EXE_switchyard")).to_path_buf(),
        std::path::PathBuf::from,
    )
}
