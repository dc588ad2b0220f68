//! A server with one system under management: the small application of the engine's tests, as target `obcms`.

use std::path::Path;

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::config::{Config, DatabaseSource, Hook, HttpAddress, PlaybookSource, SystemConfig};
use server::db::Dialect;
use server::store::organizations;

use crate::app::{Client, TestApp};
use crate::engine::world::{PLAYBOOK, SMALL, World};

/// A server and its one target.
pub struct Site {
    pub app: TestApp,
    pub world: World,
}

impl Site {
    /// A target that was not migrated.
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// The same, with a configuration that `change` adapts.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(Dialect::Sqlite, change).await
    }

    /// The same, with a target of this dialect.
    pub async fn on(dialect: Dialect, change: impl FnOnce(&mut Config)) -> Self {
        let world = World::on(dialect, &SMALL, PLAYBOOK).await;
        let system = system(&world);
        let app = TestApp::start_with(|config| {
            config.systems.push(system);
            change(config);
        })
        .await;
        Self { app, world }
    }

    /// A target that was migrated to the end.
    pub async fn migrated() -> Self {
        Self::migrated_with(|_| ()).await
    }

    /// The same, with a configuration that `change` adapts.
    pub async fn migrated_with(change: impl FnOnce(&mut Config)) -> Self {
        let site = Self::start_with(change).await;
        assert_eq!(
            site.world.apply().await,
            server::engine::executor::Outcome::Done
        );
        site
    }
}

impl Site {
    /// The environment file of the application.
    pub fn environment_file(&self) -> std::path::PathBuf {
        self.world.dir.path().join(".env")
    }

    /// Three prepared organizations and every tick: what a switch of the mode needs besides the migration.
    pub async fn prepare_pilot(&self, client: &mut Client) {
        let state = &self.app.state;
        let mut tx = state.store.write().await.unwrap();
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
                changed: state.clock.now(),
                version: 0,
            };
            let saved = organizations::save(&mut tx, "obcms", &record, 0).await;
            assert!(saved.unwrap());
        }
        tx.commit().await.unwrap();
        for item in [
            "staging-validated",
            "training-complete",
            "default-organization-agreed",
            "oversight-agreed",
        ] {
            tick(client, item).await;
        }
    }
}

/// Ticks one item of the checklist.
pub async fn tick(client: &mut Client, item: &str) {
    let body = json!({ "done": true, "note": "Agreed with Amina Salendab." });
    let answer = client
        .put(&format!("/systems/obcms/checklist/{item}"), body)
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{item}: {}", answer.text);
}

/// Ticks what people tick before a run.
pub async fn tick_required(client: &mut Client) {
    let list = client.get("/systems/obcms/checklist").await.json();
    for section in list["sections"].as_array().unwrap() {
        for item in section["items"].as_array().unwrap() {
            if item["required"] == true && item["automatic"] == false {
                tick(client, item["name"].as_str().unwrap()).await;
            }
        }
    }
}

/// Makes a backup, waits until it is proved, and answers its name.
pub async fn back_up(client: &mut Client) -> String {
    let made = client.post("/systems/obcms/backups", Value::Null).await;
    assert!(made.status.is_success(), "{}", made.text);
    let name = made.json()["name"].as_str().unwrap().to_owned();
    client
        .until("/systems/obcms/backups", "the backup's proof", |all| {
            all.as_array()
                .unwrap()
                .iter()
                .any(|backup| backup["name"] == *name && backup["state"] == "verified")
        })
        .await;
    name
}

/// Does what stands before a run, and starts it.
pub async fn start_run(client: &mut Client) {
    tick_required(client).await;
    back_up(client).await;
    let plan = client.get("/systems/obcms/plan").await.json();
    let start = json!({ "fingerprint": plan["fingerprint"] });
    let started = client.post("/systems/obcms/runs", start).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text);
}

/// Waits until a run is in this state.
pub async fn run_is(client: &mut Client, number: i64, state: &str) -> Value {
    let path = format!("/systems/obcms/runs/{number}");
    client
        .until(&path, state, |run| run["summary"]["state"] == *state)
        .await
}

/// Gives the system two modes and an application that never answers.
pub fn with_modes(config: &mut Config) {
    let system = &mut config.systems[0];
    if let PlaybookSource::File(file) = &system.playbook {
        let text = std::fs::read_to_string(file).unwrap();
        let modes = "\n[mode]\nvariable = \"BMMS_MODE\"\nsingle = \"obcms\"\nmulti = \"bmms\"\n\
                     single_title = \"OBCMS\"\nmulti_title = \"BMMS\"\n";
        std::fs::write(file, format!("{text}{modes}")).unwrap();
    }
    system.health_url =
        Some(HttpAddress::try_from("http://127.0.0.1:9/health".to_owned()).unwrap());
    system.hooks.restart = Some(Hook {
        command: vec!["/bin/true".into()],
        // as long is waited for the application, which never answers
        timeout_seconds: 3,
    });
}

fn system(world: &World) -> SystemConfig {
    let playbook = world.dir.path().join("playbook.toml");
    let text = PLAYBOOK.replace(
        "table = \"project_ppa\"\n",
        "table = \"project_ppa\"\ntitle = \"title\"\n",
    );
    std::fs::write(&playbook, text).expect("a playbook");
    let environment = world.dir.path().join(".env");
    std::fs::write(&environment, "BMMS_MODE=obcms\n").expect("an environment file");
    let mut system: SystemConfig =
        toml::from_str(&configured(&playbook, &environment)).expect("a system");
    system.database = match world.url.path() {
        Some(path) => DatabaseSource::Sqlite(path.to_owned()),
        // an address of a server is no text of a configuration
        None => DatabaseSource::Resolved(world.url.whole()),
    };
    system
}

fn configured(playbook: &Path, environment: &Path) -> String {
    format!(
        "slug = \"obcms\"\ntitle = \"OBCMS\"\ndatabase = \"env:TARGET\"\nplaybook = \"{}\"\nenvironment_file = \"{}\"\nquiet_seconds = 0\n",
        playbook.display(),
        environment.display()
    )
}
