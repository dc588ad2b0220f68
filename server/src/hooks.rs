//! Runs a hook: an argument list from the configuration, without a shell, in its own process group, for a limited time
//! and with bounded output. It must not know what a hook is for, and takes nothing from a browser.

use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::task::JoinHandle;

/// Bytes of output that are kept of each stream: the last ones, because that is where the reason stands.
const KEPT_BYTES: usize = 8 * 1024;
/// Time that a group gets to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// A process that the hook left running may keep the pipes open; nobody waits for it longer than this.
const DRAIN: Duration = Duration::from_millis(300);

/// A hook of a system, as its configuration defines it.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Name, such as `restart`.
    pub name: String,
    /// Program and arguments.
    pub arguments: Vec<String>,
    /// Longest time it may take.
    pub timeout: Duration,
}

/// What a hook that ended well left behind.
#[derive(Debug, Clone)]
pub struct HookDone {
    /// Time it took.
    pub took: Duration,
    /// The end of its output, secrets masked.
    pub output: String,
}

/// Why a hook did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The configuration gives no program.
    #[error("the hook {name} has no arguments")]
    Empty {
        /// The hook.
        name: String,
    },
    /// The program could not be started.
    #[error("the hook {name} could not be started: {program}: {source}")]
    CannotStart {
        /// The hook.
        name: String,
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ended with a failure.
    #[error("the hook {name} ended with {status}{}", told(output))]
    Failed {
        /// The hook.
        name: String,
        /// Exit status or signal.
        status: String,
        /// The end of its output, secrets masked.
        output: String,
    },
    /// It took too long; its process group was ended.
    #[error("the hook {name} took longer than {} s and was ended{}", limit.as_secs_f32(), told(output))]
    TimedOut {
        /// The hook.
        name: String,
        /// Its limit.
        limit: Duration,
        /// The end of its output, secrets masked.
        output: String,
    },
}

impl HookError {
    /// One sentence on what to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Empty { .. } | Self::CannotStart { .. } => {
                "Correct the hook in the configuration of the system: the full path of a program, then its arguments."
            }
            Self::Failed { .. } => {
                "Read its output, run it by hand as the same account, then try again."
            }
            Self::TimedOut { .. } => {
                "Find out why it hangs, or give it a longer timeout in the configuration of the system."
            }
        }
    }
}

fn told(output: &str) -> String {
    let last = output.lines().rev().find(|line| !line.trim().is_empty());
    last.map_or_else(String::new, |line| format!(": {}", line.trim()))
}

/// Runs a hook to its end. `secrets` never appear in what is answered.
pub async fn run(hook: &Hook, secrets: &[&str]) -> Result<HookDone, HookError> {
    let Some((program, arguments)) = hook.arguments.split_first() else {
        return Err(HookError::Empty {
            name: hook.name.clone(),
        });
    };
    let began = Instant::now();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    // the server's own settings, which may hold secrets, are none of the hook's business
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SWITCHYARD_") {
            command.env_remove(name);
        }
    }
    let mut child = command.spawn().map_err(|source| HookError::CannotStart {
        name: hook.name.clone(),
        program: program.clone(),
        source,
    })?;
    let group = child.id().and_then(|id| i32::try_from(id).ok());
    let out = child.stdout.take().map(drain);
    let err = child.stderr.take().map(drain);
    let ended = tokio::time::timeout(hook.timeout, child.wait()).await;
    if ended.is_err() {
        signal_group(group, Signal::SIGTERM);
        if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
            signal_group(group, Signal::SIGKILL);
            let _ = child.wait().await;
        }
        // children that ignored the polite signal go with their parent
        signal_group(group, Signal::SIGKILL);
    }
    let output = mask(&format!("{}{}", tail(out).await, tail(err).await), secrets);
    match ended {
        Err(_) => Err(HookError::TimedOut {
            name: hook.name.clone(),
            limit: hook.timeout,
            output,
        }),
        Ok(Ok(status)) if status.success() => Ok(HookDone {
            took: began.elapsed(),
            output,
        }),
        Ok(Ok(status)) => Err(HookError::Failed {
            name: hook.name.clone(),
            status: told_status(status),
            output,
        }),
        Ok(Err(source)) => Err(HookError::CannotStart {
            name: hook.name.clone(),
            program: program.clone(),
            source,
        }),
    }
}

fn signal_group(group: Option<i32>, signal: Signal) {
    if let Some(group) = group {
        // a group that has ended already is what was wanted
        let _ = killpg(Pid::from_raw(group), signal);
    }
}

fn told_status(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no status".into(),
    }
}

/// A stream that is read to its end in the background, of which the last bytes are kept.
struct Drained {
    kept: std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

fn drain(mut stream: impl AsyncRead + Unpin + Send + 'static) -> Drained {
    let kept = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let into = kept.clone();
    let reader = tokio::spawn(async move {
        let mut buffer = vec![0; 4096];
        while let Ok(read) = stream.read(&mut buffer).await {
            if read == 0 {
                break;
            }
            let Ok(mut kept) = into.lock() else { break };
            kept.extend_from_slice(&buffer[..read]);
            let surplus = kept.len().saturating_sub(KEPT_BYTES);
            kept.drain(..surplus);
        }
    });
    Drained { kept, reader }
}

async fn tail(drained: Option<Drained>) -> String {
    let Some(Drained { kept, mut reader }) = drained else {
        return String::new();
    };
    if tokio::time::timeout(DRAIN, &mut reader).await.is_err() {
        reader.abort();
    }
    let kept = kept.lock().map(|kept| kept.clone()).unwrap_or_default();
    String::from_utf8_lossy(&kept).into_owned()
}

/// The text with each secret replaced. Very short ones are left: they would mask half of every word.
pub fn mask(text: &str, secrets: &[&str]) -> String {
    let mut masked = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        masked = masked.replace(secret, "[secret]");
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(script: &str, timeout: Duration) -> Hook {
        Hook {
            name: "restart".into(),
            arguments: vec!["/bin/sh".into(), "-c".into(), script.into()],
            timeout,
        }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn arguments_reach_the_program_unread_by_any_shell() {
        let hook = Hook {
            name: "restart".into(),
            arguments: vec!["/bin/echo".into(), "$HOME; rm -rf *".into()],
            timeout: LONG,
        };
        assert_eq!(run(&hook, &[]).await.unwrap().output, "$HOME; rm -rf *\n");
    }

    #[tokio::test]
    async fn a_failure_tells_status_and_the_end_of_the_output_without_secrets() {
        let error = run(
            &hook(
                "echo starting; echo 'no such unit hunter2' >&2; exit 3",
                LONG,
            ),
            &["hunter2"],
        )
        .await
        .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("exit status 3"), "{text}");
        assert!(text.contains("no such unit [secret]"), "{text}");
    }

    #[tokio::test]
    async fn a_hook_that_hangs_is_ended_with_its_children() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("child");
        let script = format!(
            "trap '' TERM; (trap '' TERM; echo $$ > {0}; sleep 600) & wait",
            file.display()
        );
        let began = Instant::now();
        let error = run(&hook(&script, Duration::from_secs(2)), &[])
            .await
            .unwrap_err();
        assert!(matches!(error, HookError::TimedOut { .. }), "{error}");
        assert!(began.elapsed() < Duration::from_secs(60));
        let group: i32 = std::fs::read_to_string(&file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let mut gone = false;
        for _ in 0..600 {
            gone = killpg(Pid::from_raw(group), None).is_err();
            if gone {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(gone, "the hook's process group still runs");
    }

    #[tokio::test]
    async fn a_flood_of_output_is_read_away_and_its_end_is_kept() {
        let done = run(
            &hook(
                "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo end",
                LONG,
            ),
            &[],
        )
        .await
        .unwrap();
        assert!(done.output.len() <= 2 * KEPT_BYTES);
        assert!(done.output.ends_with("end\n"));
    }

    #[tokio::test]
    async fn a_process_left_running_does_not_hold_the_hook() {
        let began = Instant::now();
        run(&hook("sleep 90 & echo started", LONG), &[])
            .await
            .unwrap();
        assert!(began.elapsed() < Duration::from_secs(60));
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let hook = Hook {
            name: "restart".into(),
            arguments: vec!["/nowhere/restart".into()],
            timeout: LONG,
        };
        let error = run(&hook, &[]).await.unwrap_err();
        assert!(error.to_string().contains("/nowhere/restart"));
        assert!(error.remedy().contains("configuration"));
    }
}
