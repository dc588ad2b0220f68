//! A machine with the sample system, its application, and a console that can be killed and started again.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use server::accounts::token;
use server::db::DatabaseUrl;
use server::moment::{Clock, Moment};
use server::sample::app::process;
use server::sample::{self, Installed, Options, Texts};
use server::store::{Opener, Store, accounts, organizations, sessions};
use shared::account::Role;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_switchyard");

/// The machine.
pub struct Machine {
    /// The sample and its application, where that is what is migrated.
    installed: Option<Installed>,
    pub directory: TempDir,
    /// Where consoles listen.
    pub listen: String,
    cookie: String,
    console: Option<(Child, String)>,
    /// A second one on the same control store; see [`Machine::swap`].
    other: Option<(Child, String)>,
    /// What consoles find in their environment besides.
    secrets: Vec<(&'static str, String)>,
}

impl Drop for Machine {
    fn drop(&mut self) {
        for (child, _) in [&mut self.console, &mut self.other].into_iter().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Some(installed) = &self.installed {
            let _ = Command::new(PROGRAM)
                .args(["sample-app", "stop", "--state-dir"])
                .arg(&installed.state)
                .output();
        }
    }
}

impl Machine {
    /// With the application running and a signed-in administrator; no console yet. `hooks` are the arguments of the
    /// restart and of the stop hook, when they are others than the sample's.
    pub async fn new(undecided: u32, hook: impl Fn(&Path, Vec<String>) -> Vec<String>) -> Self {
        let options = Options {
            undecided,
            texts: Texts::Short,
            ..Options::default()
        };
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("data/switchyard.sqlite3");
        Self::in_directory(directory, options, DatabaseUrl::Sqlite(store), hook).await
    }

    /// The same with another sample, whose consoles keep what they know in this control store.
    pub async fn with_store(options: Options, control_store: DatabaseUrl) -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::in_directory(directory, options, control_store, |_, command| command).await
    }

    async fn in_directory(
        directory: TempDir,
        options: Options,
        control_store: DatabaseUrl,
        hook: impl Fn(&Path, Vec<String>) -> Vec<String>,
    ) -> Self {
        let (installed, _) = sample::install(&directory.path().join("obcms"), &options)
            .await
            .unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = free.local_addr().unwrap();
        drop(free);
        let mut launch = installed.launch(listen).unwrap();
        launch.program = PROGRAM.into();
        process::start(&installed.state, &launch).await.unwrap();
        let command = |mut command: Vec<String>| {
            command[0] = PROGRAM.into();
            json!(hook(directory.path(), command)).to_string()
        };
        let text = format!(
            "[log]\nlevel = \"info\"\n\n[[systems]]\nslug = \"obcms\"\ntitle = \"OBCMS\"\ndatabase = \"{}\"\n\
             playbook = \"obcms-to-bmms\"\nenvironment_file = \"{}\"\nhealth_url = \"http://{listen}/health\"\n\
             application_url = \"http://{listen}\"\nquiet_seconds = 0\n\n[systems.hooks.restart]\ncommand = {}\ntimeout_seconds = 20\n\n\
             [systems.hooks.stop]\ncommand = {}\ntimeout_seconds = 20\n",
            installed.database,
            installed.environment_file.display(),
            command(installed.restart_hook().unwrap()),
            command(installed.stop_hook().unwrap()),
        );
        let machine = Self::configured(directory, &text, control_store, Some(installed)).await;
        let url = format!("http://{listen}/health");
        let deadline = Instant::now() + Duration::from_secs(120);
        while server::health::ask(&url, Duration::from_secs(2))
            .await
            .is_err()
        {
            assert!(
                Instant::now() < deadline,
                "the application does not come up"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        machine
    }

    /// Consoles whose one system is a target on a server, without an application.
    pub async fn with_target(
        target: &DatabaseUrl,
        playbook: &str,
        control_store: DatabaseUrl,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("playbook.toml"), playbook).unwrap();
        let text = "[log]\nlevel = \"info\"\n\n[[systems]]\nslug = \"obcms\"\ntitle = \"OBCMS\"\n\
                    database = \"env:TARGET\"\nplaybook = \"playbook.toml\"\nquiet_seconds = 0\n";
        let mut machine = Self::configured(directory, text, control_store, None).await;
        let whole = target.whole().expose().clone();
        machine.secrets.push(("TARGET", whole));
        machine
    }

    async fn configured(
        directory: TempDir,
        configuration: &str,
        control_store: DatabaseUrl,
        installed: Option<Installed>,
    ) -> Self {
        std::fs::write(directory.path().join("switchyard.toml"), configuration).unwrap();
        let cookie = administrator(&control_store).await;
        let mut machine = Self {
            installed,
            directory,
            listen: "127.0.0.1:0".into(),
            cookie,
            console: None,
            other: None,
            secrets: Vec::new(),
        };
        machine.keep_in(&control_store);
        machine
    }

    /// Lets consoles that are started from now on keep what they know there; a file is where it always is.
    pub fn keep_in(&mut self, control_store: &DatabaseUrl) {
        if let DatabaseUrl::Postgres(_) = control_store {
            let whole = control_store.whole().expose().clone();
            self.secrets.extend([
                ("SWITCHYARD_CONTROL_STORE", "env:SHARED_STORE".to_owned()),
                ("SHARED_STORE", whole),
            ]);
        }
    }

    /// The sample and its application.
    pub fn installed(&self) -> &Installed {
        self.installed.as_ref().expect("the sample")
    }

    /// The control store, while no console has it.
    pub async fn store(&self) -> Store {
        assert!(self.console.is_none());
        Store::open(&self.directory.path().join("data/switchyard.sqlite3"))
            .await
            .unwrap()
    }

    /// Three prepared organizations and every tick, so that the mode can be switched.
    pub async fn prepare_pilot(&self) {
        let store = self.store().await;
        let mut tx = store.write().await.unwrap();
        for code in ["A1", "A2", "A3"] {
            let record = organizations::Record {
                code: code.into(),
                name: code.into(),
                kind: "office".into(),
                stage: shared::organization::Stage::Prepared,
                wave: None,
                contact_name: String::new(),
                contact_email: String::new(),
                isolation: None,
                suspended_reason: None,
                changed: Clock::system().now(),
                version: 0,
            };
            let saved = organizations::save(&mut tx, "obcms", &record, 0).await;
            assert!(saved.unwrap());
        }
        tx.commit().await.unwrap();
        store.close().await;
    }

    /// Starts a console and waits until it listens.
    pub fn start(&mut self) {
        assert!(self.console.is_none());
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.directory.path().join("console.log"))
            .unwrap();
        let mut command = Command::new(PROGRAM);
        for (name, _) in std::env::vars() {
            if name.starts_with("SWITCHYARD_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .envs(self.secrets.iter().cloned())
            .args(["serve", "--listen", &self.listen])
            .current_dir(self.directory.path())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().rsplit("http://").next().unwrap().to_owned();
        assert!(!address.is_empty(), "{}", self.log());
        self.console = Some((child, address));
    }

    /// Lets the other console be the one that is asked, stopped or killed. There need not be one: start it then.
    pub fn swap(&mut self) {
        std::mem::swap(&mut self.console, &mut self.other);
    }

    /// Tries to start one more console on the same control store in a file, and answers how that ended.
    pub fn start_beside(&self) -> Output {
        Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// The process of the console.
    pub fn process(&self) -> u32 {
        self.console.as_ref().expect("a console").0.id()
    }

    /// Where the console listens.
    pub fn address(&self) -> &str {
        &self.console.as_ref().expect("a console").1
    }

    /// The cookie of the administrator.
    pub fn cookie(&self) -> String {
        format!("switchyard={}", self.cookie)
    }

    /// Kills the console as `kill -9` does.
    pub fn kill(&mut self) {
        let (mut child, _) = self.console.take().expect("a console");
        child.kill().unwrap();
        // a process that nobody has waited for still holds its number
        child.wait().unwrap();
    }

    /// Asks the console to stop as a service manager does; it has to end well.
    pub fn stop(&mut self) {
        self.ask_to_stop();
        self.ends();
    }

    /// Asks the console to stop, and comes back when it has heard it: it listens no more.
    pub fn ask_to_stop(&self) {
        kill(Pid::from_raw(self.process() as i32), Signal::SIGTERM).unwrap();
        while TcpStream::connect(self.address()).is_ok() {
            std::thread::yield_now();
        }
    }

    /// Waits for the end of a console that was asked to stop; it has to be a good one.
    pub fn ends(&mut self) {
        let (mut child, _) = self.console.take().expect("a console");
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{}", self.log());
    }

    /// The log of all consoles.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("console.log")).unwrap_or_default()
    }

    /// A file of this machine.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Status and body of a request.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let (_, address) = self.console.as_ref().expect("a console");
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(120)))
            .unwrap();
        let body = body.map(Value::to_string).unwrap_or_default();
        write!(
            stream,
            "{method} /api/v1{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nCookie: switchyard={}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.cookie,
            body.len()
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// GET below the system; the answer has to be good.
    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", &format!("/systems/obcms{path}"), None);
        assert_eq!(status, 200, "{path}: {body:#}");
        body
    }

    /// A command below the system; the answer has to be good.
    pub fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("POST", &format!("/systems/obcms{path}"), Some(&body));
        assert!(status < 300, "{path}: {answer:#}");
        answer
    }

    /// Asks again until it is as wanted.
    pub async fn wait(&self, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(180);
        loop {
            let now = self.get(path);
            if wanted(&now) {
                return now;
            }
            assert!(
                Instant::now() < deadline,
                "{what} did not happen: {now:#}\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ticks one item of the checklist.
    pub fn tick(&self, item: &str) {
        let path = format!("/systems/obcms/checklist/{item}");
        let body = json!({ "done": true, "note": "Agreed with Amina Salendab." });
        let (status, answer) = self.call("PUT", &path, Some(&body));
        assert_eq!(status, 200, "{item}: {answer:#}");
    }

    /// Ticks what people tick, and waits for a proved backup.
    pub async fn get_ready(&self) -> String {
        let list = self.get("/checklist");
        for section in list["sections"].as_array().unwrap() {
            for item in section["items"].as_array().unwrap() {
                if item["required"] == true && item["automatic"] == false {
                    self.tick(item["name"].as_str().unwrap());
                }
            }
        }
        let made = self.post("/backups", Value::Null);
        let name = made["name"].as_str().unwrap().to_owned();
        self.wait("/backups", "the backup's proof", |all| {
            all.as_array()
                .unwrap()
                .iter()
                .any(|backup| backup["name"] == *name && backup["state"] == "verified")
        })
        .await;
        name
    }

    /// Starts a run and answers its path.
    pub fn start_run(&self) -> String {
        let plan = self.get("/plan");
        let run = self.post("/runs", json!({ "fingerprint": plan["fingerprint"] }));
        format!("/runs/{}", run["number"])
    }

    /// Gives every PPA that no rule can place to the office.
    pub fn decide(&self) {
        let rule = json!({ "all": { "organization": "OOBC" } });
        let body = json!({ "model": "PPA", "preview": false, "rule": rule });
        self.post("/decisions/rule", body);
    }

    /// Waits until a run is in this state and did not fail on the way.
    pub async fn run_is(&self, run: &str, state: &str) -> Value {
        self.wait(run, state, |run| {
            let now = run["summary"]["state"].as_str().unwrap();
            assert!(
                now == state || !["failed", "stuck", "aborted"].contains(&now),
                "{:#}\n{}",
                run["summary"],
                self.log()
            );
            now == state
        })
        .await
    }

    /// The audit log is whole, and says each of these as often as named.
    pub fn audit_says(&self, expected: &[(&str, usize)]) {
        let (_, chain) = self.call("GET", "/audit/verification", None);
        assert_eq!(chain["whole"], true, "{chain:#}");
        for (action, count) in expected {
            let (_, page) = self.call("GET", &format!("/audit?action={action}"), None);
            let found = page["entries"].as_array().unwrap().len();
            assert_eq!(found, *count, "{action}: {page:#}");
        }
    }
}

/// A program that waits for the file `go` before it does what it is given, and says in `began` that it was started.
pub fn waiting(directory: &Path, command: Vec<String>) -> Vec<String> {
    let script = directory.join("waiting.sh");
    let text = "#!/bin/sh\ncd \"$1\" || exit 1\nshift\necho begun >> began\n\
                while [ ! -e go ]; do sleep 0.05; done\nexec \"$@\"\n";
    std::fs::write(&script, text).unwrap();
    let mut whole = vec![
        "/bin/sh".to_owned(),
        script.display().to_string(),
        directory.display().to_string(),
    ];
    whole.extend(command);
    whole
}

/// A signed-in administrator, straight into the control store; answers the cookie.
async fn administrator(place: &DatabaseUrl) -> String {
    let store = Store::open_at(place, Opener::Command).await.unwrap();
    let now: Moment = Clock::system().now();
    let secret = token::random().unwrap();
    let mut tx = store.write().await.unwrap();
    let account = accounts::NewRow {
        id: "amina",
        username: "amina",
        name: "Amina",
        role: Role::Administrator,
        password_hash: Some("not a hash: this account cannot sign in by password"),
        created: now,
    };
    accounts::insert(&mut tx, &account).await.unwrap();
    let session = sessions::NewRow {
        id: "session",
        token_hash: &token::hash(secret.expose()),
        account: "amina",
        at: now,
        agent: "test",
        address: "127.0.0.1",
    };
    sessions::insert(&mut tx, &session).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    secret.expose().clone()
}
