//! A console with the sample OBCMS and its application as a process of its own, and words for what people do with it.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::config::{DatabaseSource, SystemConfig};
use server::db::Dialect;
use server::reconcile;
use server::sample::app::process;
use server::sample::{Installed, Options, Texts, install, install_on};
use shared::account::Role;
use tempfile::TempDir;

use crate::app::{Client, TestApp};
use crate::postgres::Database;

const PROGRAM: &str = env!("CARGO_BIN_EXE_switchyard");

/// A console with one system.
pub struct World {
    /// The server.
    pub app: TestApp,
    /// An administrator's browser.
    pub administrator: Client,
    /// The sample.
    pub installed: Installed,
    _directory: TempDir,
    /// Dropped last: the application is stopped before.
    _server: Option<Database>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.app.state.shutdown.cancel();
        // a test that fails must not leave the application running
        let stop = self.installed.stop_hook();
        if let Ok(mut command) = stop {
            command[0] = PROGRAM.into();
            let _ = std::process::Command::new(&command[0])
                .args(&command[1..])
                .output();
        }
    }
}

impl World {
    /// With the application running, and the reconcile loop.
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// The same with a declaration of the system that `change` adapts.
    pub async fn start_with(change: impl FnOnce(&mut Value)) -> Self {
        Self::start_on(Dialect::Sqlite, change).await
    }

    /// The same with the sample on a database of this kind.
    pub async fn start_on(dialect: Dialect, change: impl FnOnce(&mut Value)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = Options {
            texts: Texts::Short,
            ..Options::default()
        };
        let server = match dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some(Database::new().await),
        };
        let made = match &server {
            None => install(directory.path(), &options).await,
            Some(database) => install_on(directory.path(), &database.url, &options).await,
        };
        let (installed, _) = made.unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = free.local_addr().unwrap();
        drop(free);
        let mut launch = installed.launch(listen).unwrap();
        launch.program = PROGRAM.into();
        process::start(&installed.state, &launch).await.unwrap();
        let hook = |mut command: Vec<String>| {
            command[0] = PROGRAM.into();
            json!({ "command": command, "timeout_seconds": 20 })
        };
        let mut declared = json!({
            "slug": "obcms",
            "title": "OBCMS",
            "database": "sqlite:as-installed",
            "playbook": "obcms-to-bmms",
            "environment_file": installed.environment_file,
            "quiet_seconds": 0,
            "health_url": format!("http://{listen}/health"),
            "application_url": format!("http://{listen}"),
            "hooks": {
                "restart": hook(installed.restart_hook().unwrap()),
                "stop": hook(installed.stop_hook().unwrap()),
            },
        });
        change(&mut declared);
        let mut system: SystemConfig = serde_json::from_value(declared).unwrap();
        system.database = DatabaseSource::Resolved(installed.database.whole());
        let app = TestApp::start_with(|config| config.systems.push(system)).await;
        let administrator = app.client(Role::Administrator).await;
        let world = Self {
            app,
            administrator,
            installed,
            _directory: directory,
            _server: server,
        };
        let deadline = Instant::now() + Duration::from_secs(120);
        let url = format!("http://{listen}/health");
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
        reconcile::begin(&world.app.state);
        world
    }

    /// GET below the system; the answer has to be good.
    pub async fn get(&mut self, path: &str) -> Value {
        let path = format!("/systems/obcms{path}");
        let answer = self.administrator.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.json()
    }

    /// POST below the system; the answer has to be good.
    pub async fn post(&mut self, path: &str, body: Value) -> Value {
        let path = format!("/systems/obcms{path}");
        let answer = self.administrator.post(&path, body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        answer.json()
    }

    /// Asks again until it is as wanted.
    pub async fn wait(&mut self, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(180);
        loop {
            let now = self.get(path).await;
            if wanted(&now) {
                return now;
            }
            assert!(Instant::now() < deadline, "{what} did not happen: {now:#}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Ticks what people tick before a run.
    pub async fn tick_required(&mut self) {
        let list = self.get("/checklist").await;
        for section in list["sections"].as_array().unwrap() {
            for item in section["items"].as_array().unwrap() {
                if item["required"] == true && item["automatic"] == false {
                    self.tick(item["name"].as_str().unwrap()).await;
                }
            }
        }
    }

    /// Ticks one item.
    pub async fn tick(&mut self, item: &str) {
        let path = format!("/systems/obcms/checklist/{item}");
        let body = json!({ "done": true, "note": "Agreed with Amina Salendab." });
        let answer = self.administrator.put(&path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{item}: {}", answer.text);
    }

    /// Makes a backup and waits until it is proved.
    pub async fn back_up(&mut self) -> String {
        let made = self.post("/backups", Value::Null).await;
        let name = made["name"].as_str().unwrap().to_owned();
        let named = name.clone();
        self.wait("/backups", "the backup's proof", move |all| {
            all.as_array()
                .unwrap()
                .iter()
                .any(|backup| backup["name"] == *named && backup["state"] == "verified")
        })
        .await;
        name
    }

    /// Starts a run and answers its number.
    pub async fn start_run(&mut self) -> i64 {
        let plan = self.get("/plan").await;
        assert_eq!(plan["refusals"], json!([]));
        let run = self
            .post("/runs", json!({ "fingerprint": plan["fingerprint"] }))
            .await;
        run["number"].as_i64().unwrap()
    }

    /// Waits until a run is in this state.
    pub async fn run_is(&mut self, number: i64, state: &str) -> Value {
        self.wait(&format!("/runs/{number}"), state, |run| {
            let now = run["summary"]["state"].as_str().unwrap();
            assert!(
                now == state || !["failed", "stuck"].contains(&now),
                "{:#}",
                run["summary"]
            );
            now == state
        })
        .await
    }

    /// From the first look to a finished run, deciding what no rule places.
    pub async fn migrate(&mut self) -> i64 {
        self.tick_required().await;
        self.back_up().await;
        let run = self.start_run().await;
        let waiting = self.run_is(run, "waiting-at-gate").await;
        assert_eq!(waiting["waiting"]["overridable"], false);
        let assigned = self
            .post(
                "/decisions/rule",
                json!({ "model": "PPA", "preview": false, "rule": { "all": { "organization": "OOBC" } } }),
            )
            .await;
        assert_eq!(assigned["assigned"], 23);
        self.run_is(run, "done").await;
        run
    }
}
