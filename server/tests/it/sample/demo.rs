//! `switchyard demo` as a person starts it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use server::health;
use server::sample::app::process;

const PROGRAM: &str = env!("CARGO_BIN_EXE_switchyard");

/// A demo that is killed when the test ends before it does.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A demo with its data in a directory.
pub(super) fn demo(directory: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(["demo", "--short-texts", "--data"])
        .arg(directory)
        .current_dir(directory)
        .stdin(Stdio::null());
    command
}

#[test]
fn the_sample_can_be_created_alone_and_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let mut create = demo(directory.path());
    create.args(["--create-only", "--format", "json", "--undecided", "0"]);
    for created in [true, false] {
        let output = create.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["created"].is_object(), created, "{report}");
        if created {
            assert_eq!(report["created"]["rows"], 38_217);
        }
    }
    assert!(directory.path().join("obcms/.env").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn console_and_application_run_together_and_end_together() {
    let directory = tempfile::tempdir().unwrap();
    run_together(demo(directory.path()), &directory.path().join("obcms/run")).await;
}

/// Starts a demo, asks its console and its application, and ends it.
pub(super) async fn run_together(mut command: Command, state: &Path) {
    command
        .args(["--listen", "127.0.0.1:0", "--app-listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = Demo(command.spawn().unwrap());
    let console = tell(running.0.stdout.take().unwrap(), "Switchyard listens on ");
    let app = tell(
        running.0.stderr.take().unwrap(),
        "The sample application listens on ",
    );
    let limit = Duration::from_secs(30);
    let page = health::page(&format!("{console}/healthz"), limit).await;
    assert_eq!(page.unwrap().status, 200);
    let answer = health::ask(&format!("{app}/health"), limit).await.unwrap();
    assert!(answer.healthy, "{answer:?}");
    assert_eq!(answer.mode.as_deref(), Some("obcms"));

    kill(Pid::from_raw(running.0.id().cast_signed()), Signal::SIGTERM).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let status = loop {
        if let Some(status) = running.0.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "the demo does not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(status.success(), "{status}");
    assert!(!process::runs(state).unwrap());
}

/// The rest of the line that begins like this; the stream is read on in the background, so that
/// the writer is never stopped by a full pipe.
fn tell(stream: impl std::io::Read + Send + 'static, begins: &'static str) -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if let Some(rest) = line.strip_prefix(begins) {
                // the test may have gone on without it
                let _ = sender.send(rest.to_owned());
            }
        }
    });
    receiver
        .recv_timeout(Duration::from_secs(120))
        .unwrap_or_else(|_| panic!("it never said: {begins}"))
}
