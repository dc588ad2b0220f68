//! The sample application as a process: found, stopped and started again without a shell.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use server::health;
use server::sample::app::process;
use server::sample::{Installed, Options, Texts, install};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_switchyard");

/// An installed system whose application is stopped when the test ends, however it ends.
struct System {
    installed: Installed,
    url: String,
    _directory: TempDir,
}

impl System {
    async fn started() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = Options {
            texts: Texts::Short,
            ..Options::default()
        };
        let (installed, created) = install(directory.path(), &options).await.unwrap();
        assert!(created.is_some());
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = free.local_addr().unwrap();
        drop(free);
        let mut launch = installed.launch(listen).unwrap();
        launch.program = PROGRAM.into();
        process::start(&installed.state, &launch).await.unwrap();
        let system = Self {
            installed,
            url: format!("http://{listen}/health"),
            _directory: directory,
        };
        system.comes_up().await;
        system
    }

    async fn comes_up(&self) -> health::Health {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(health) = health::ask(&self.url, Duration::from_secs(2)).await {
                return health;
            }
            assert!(
                Instant::now() < deadline,
                "the application does not come up"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn set(&self, from: &str, to: &str) {
        let path = &self.installed.environment_file;
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(from));
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    fn command(&self, verb: &str) -> Output {
        sample_app(verb, &self.installed.state)
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let _ = sample_app("stop", &self.installed.state);
    }
}

fn sample_app(verb: &str, state: &Path) -> Output {
    Command::new(PROGRAM)
        .args(["sample-app", verb, "--state-dir"])
        .arg(state)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_reads_the_environment_file_anew() {
    let system = System::started().await;
    let before = system.comes_up().await;
    assert_eq!(before.mode.as_deref(), Some("obcms"));
    assert!(before.healthy);
    system.set("BMMS_MODE=obcms", "BMMS_MODE=bmms");
    assert_eq!(
        system.comes_up().await.mode.as_deref(),
        Some("obcms"),
        "a running application keeps its mode"
    );
    let output = system.command("restart");
    assert!(output.status.success(), "{output:?}");
    let after = system.comes_up().await;
    assert_eq!(after.mode.as_deref(), Some("bmms"));
    assert_ne!(before.started, after.started);
    // the hook has ended and the application goes on without it
    assert!(process::runs(&system.installed.state).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_application_can_be_started_again() {
    let system = System::started().await;
    assert!(system.command("stop").status.success());
    assert!(!process::runs(&system.installed.state).unwrap());
    assert!(
        system.command("stop").status.success(),
        "stopping twice is fine"
    );
    assert!(system.command("restart").status.success());
    assert!(system.comes_up().await.database_ok.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_fails_in_a_mode_is_reported_and_comes_back_in_the_other() {
    let system = System::started().await;
    system.set(
        "BMMS_MODE=obcms",
        "BMMS_MODE=bmms\nSAMPLE_FAIL_IN_MODE=bmms",
    );
    let output = system.command("restart");
    assert_eq!(output.status.code(), Some(1));
    let reason = String::from_utf8_lossy(&output.stderr);
    assert!(reason.contains("SAMPLE_FAIL_IN_MODE"), "{reason}");
    system.set("BMMS_MODE=bmms", "BMMS_MODE=obcms");
    assert!(system.command("restart").status.success());
    assert_eq!(system.comes_up().await.mode.as_deref(), Some("obcms"));
}

#[test]
fn a_restart_where_nothing_was_ever_started_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let output = sample_app("restart", directory.path());
    assert_eq!(output.status.code(), Some(1));
    let reason = String::from_utf8_lossy(&output.stderr);
    assert!(reason.contains("ever started"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_file_is_private_and_is_not_written_twice() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        texts: Texts::Short,
        ..Options::default()
    };
    let (installed, _) = install(directory.path(), &options).await.unwrap();
    let mode = std::fs::metadata(&installed.environment_file)
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&installed.environment_file).unwrap();
    let (_, created) = install(directory.path(), &options).await.unwrap();
    assert_eq!(created, None, "a database that is there is kept");
    assert_eq!(
        std::fs::read_to_string(&installed.environment_file).unwrap(),
        text
    );
}
