//! `switchyard serve` as a process: the first link, health, live events, and a graceful stop.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{switchyard, text};

pub struct Console {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
}

impl Console {
    pub fn start(data: &std::path::Path, arguments: &[&str]) -> Self {
        let mut child = switchyard(&["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(arguments)
            .current_dir(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .rsplit("http://")
            .next()
            .expect("an address")
            .to_owned();
        Self {
            child,
            stdout,
            address,
        }
    }

    fn connect(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        write!(stream, "{request}\r\nHost: {}\r\n", self.address).unwrap();
        stream
    }

    pub fn get(&self, path: &str) -> String {
        let mut stream = self.connect(&format!("GET {path} HTTP/1.1"));
        write!(stream, "Connection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        text(&answer)
    }

    fn post(&self, path: &str, body: &str) -> String {
        let mut stream = self.connect(&format!("POST {path} HTTP/1.1"));
        write!(
            stream,
            "Connection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        text(&answer)
    }

    /// The rest of the first lines, up to the link.
    fn link(&mut self) -> String {
        for line in self.stdout.by_ref().lines() {
            if let Some((_, token)) = line.unwrap().split_once("/welcome/") {
                return token.to_owned();
            }
        }
        panic!("no link");
    }

    /// Asks it to stop and answers what it logged; its exit code must be 0.
    pub fn stop(mut self) -> String {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM).unwrap();
        let status = self.child.wait().unwrap();
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }
}

#[test]
fn a_console_starts_lets_the_first_person_in_and_stops_while_somebody_listens() {
    let data = tempfile::tempdir().unwrap();
    let mut console = Console::start(data.path(), &[]);
    assert!(console.get("/healthz").starts_with("HTTP/1.1 200"));
    assert!(console.get("/readyz").starts_with("HTTP/1.1 200"));
    assert!(
        console
            .get("/metrics")
            .contains("switchyard_http_requests_total")
    );
    let token = console.link();
    let answer = console.post(
        &format!("/api/v1/invitations/{token}"),
        r#"{"username":"amina","name":"Amina","password":"three quiet mountains"}"#,
    );
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let cookie = answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: switchyard="))
        .and_then(|rest| rest.split(';').next())
        .unwrap();
    let mut events = console.connect("GET /api/v1/events HTTP/1.1");
    write!(events, "Cookie: switchyard={cookie}\r\n\r\n").unwrap();
    let mut first = [0; 15];
    events.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    let log = console.stop();
    assert!(!log.contains("did not end in time"), "{log}");
    assert!(log.contains("stopped") && !log.contains(&token), "{log}");

    // an account exists now: nothing but the address is printed
    let mut console = Console::start(data.path(), &["--format", "human"]);
    kill(Pid::from_raw(console.child.id() as i32), Signal::SIGTERM).unwrap();
    let mut rest = String::new();
    console.stdout.read_to_string(&mut rest).unwrap();
    assert!(!rest.contains("/welcome/"), "{rest}");
    assert!(console.child.wait().unwrap().success());
}

#[test]
fn an_address_in_use_is_a_reason_and_not_a_panic() {
    let data = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = switchyard(&["serve", "--listen", &address])
        .current_dir(data.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let reason = text(&output.stderr);
    assert!(
        reason.contains(&address) && reason.contains("--listen"),
        "{reason}"
    );
}

#[test]
fn the_log_is_json_when_the_environment_says_so() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("c.toml"), "[log]\nformat = \"json\"\n").unwrap();
    let console = Console::start(data.path(), &["--config", "c.toml"]);
    let log = console.stop();
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["timestamp"].is_string());
    }
    assert!(log.contains("stopped"));
}

#[test]
fn the_command_line_verifies_the_log_and_makes_a_way_back_in() {
    let data = tempfile::tempdir().unwrap();
    Console::start(data.path(), &[]).stop();
    let run = |arguments: &[&str]| {
        switchyard(arguments)
            .arg("--data")
            .arg(data.path())
            .current_dir(data.path())
            .output()
            .unwrap()
    };
    let output = run(&["account", "link", "--format", "json"]);
    let made: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(made["link"].as_str().unwrap().contains("/welcome/"));
    let output = run(&["account", "link", "--username", "nobody"]);
    assert_eq!(output.status.code(), Some(1));
    let output = run(&["audit", "verify"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("1 entries, whole."));
}
