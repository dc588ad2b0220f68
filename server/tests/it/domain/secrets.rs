//! Secrets: planted ones are looked for in every answer, in every log line and in every byte of the control store.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use server::accounts::links;
use server::config::from_text;
use server::reconcile;
use shared::account::Role;

use crate::app::{Client, TestApp};
use crate::site::{Site, back_up, run_is, tick_required, with_modes};

/// The log of this test.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Of this test's own thread only: it runs everything but the hashing.
    fn catch(&self) -> tracing::subscriber::DefaultGuard {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(server::cli::log_filter("trace").unwrap())
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Every answer of every route that reads, head and body; and what machines ask.
async fn everything_told(client: &mut Client) -> String {
    let mut told = String::new();
    let document = serde_json::to_value(server::http::document()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        if methods.get("get").is_none() || path == "/events" {
            continue;
        }
        let path = path
            .replace("{system}", "obcms")
            .replace("{model}", "PPA")
            .replace("{code}", "OOBC")
            .replace("{run}", "1")
            .replace("{number}", "1")
            .replace(['{', '}'], "");
        let answer = client.get(&path).await;
        told += &format!("\n{path} {:?}\n{}", answer.headers, answer.text);
    }
    for path in ["/metrics", "/healthz", "/readyz", "/"] {
        let request = axum::http::Request::get(path)
            .body(axum::body::Body::empty())
            .unwrap();
        told += &client.request(request).await.text;
    }
    told
}

/// Every byte of the control store.
fn everything_kept(app: &TestApp) -> String {
    let mut kept = Vec::new();
    for file in std::fs::read_dir(app.directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            kept.extend(std::fs::read(path).unwrap());
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

fn holds_none(what: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        let found = text.find(secret.as_str()).map(|at| {
            let start = (0..=at.saturating_sub(400))
                .rev()
                .find(|at| text.is_char_boundary(*at));
            &text[start.unwrap_or(0)..at]
        });
        assert_eq!(found, None, "{what} holds {secret}");
    }
}

const PASSWORD: &str = "planted password of amina";
const WRONG: &str = "planted wrong password";
const NEW: &str = "planted new password";

#[tokio::test]
async fn passwords_links_and_sessions_stay_where_they_were_put() {
    let lines = Lines::default();
    let _guard = lines.catch();
    let app = TestApp::start().await;
    let mut told = String::new();
    let mut secrets = [PASSWORD, WRONG, NEW].map(str::to_owned).to_vec();
    let link = links::first_run(&app.state.store, &app.clock).await;
    let token = link
        .unwrap()
        .unwrap()
        .path
        .expose()
        .replace("/welcome/", "");
    secrets.push(token.clone());
    let mut amina = app.anonymous();
    let path = format!("/invitations/{token}");
    told += &amina.get(&path).await.text;
    let accept = json!({ "username": "amina", "name": "Amina", "password": PASSWORD });
    told += &amina.post(&path, &accept).await.text;
    secrets.extend(amina.cookies.iter().map(|(_, value)| value.clone()));
    let sign_in = |password: &str| json!({ "username": "amina", "password": password });
    told += &app.anonymous().post("/session", sign_in(WRONG)).await.text;
    let mistaken = json!({ "username": WRONG, "password": PASSWORD });
    told += &app.anonymous().post("/session", mistaken).await.text;
    // a body that cannot be read is not repeated either
    let malformed = json!({ "username": "amina", "password": [WRONG] });
    told += &app.anonymous().post("/session", malformed).await.text;
    let confirm = json!({ "password": WRONG });
    told += &amina.post("/session/confirm", confirm).await.text;
    let change = json!({ "current": PASSWORD, "new": NEW });
    told += &amina.put("/account/password", change).await.text;
    told += &everything_told(&mut amina).await;

    let log = lines.text();
    assert!(log.contains("answered"), "the log was caught");
    let kept = everything_kept(&app);
    assert!(kept.contains("amina"), "the store was read");
    holds_none("an answer", &told, &secrets);
    holds_none("the log", &log, &secrets);
    holds_none("the control store", &kept, &secrets);
}

/// A system whose database address, hook and places are planted, with everything done to it that can go wrong.
#[tokio::test]
async fn addresses_hooks_and_places_of_a_system_reach_no_browser_no_log_and_no_store() {
    let lines = Lines::default();
    let _guard = lines.catch();
    let mut address = String::new();
    let site = Site::start_with(|config| {
        with_modes(config);
        let before = &config.systems[0];
        let file = before.environment_file.clone().unwrap();
        let directory = file.parent().unwrap().display().to_string();
        address = format!("sqlite:{directory}/target.sqlite3");
        let hook = "echo planted-hook-output $0 >&2; exit 4";
        let text = format!(
            "[[systems]]\nslug = \"obcms\"\ntitle = \"OBCMS\"\ndatabase = \"env:PLANTED\"\n\
             playbook = \"{directory}/playbook.toml\"\nenvironment_file = \"{}\"\n\
             backups = \"{directory}/backups\"\nquiet_seconds = 0\n\
             hooks = {{ restart = {{ command = [\"/bin/sh\", \"-c\", \"{hook}\", \"{address}\"], timeout_seconds = 3 }} }}\n",
            file.display()
        );
        let planted = address.clone();
        let read = from_text(&text, Path::new("switchyard.toml"), Path::new("/"), &|name| {
            (name == "PLANTED").then(|| planted.clone())
        });
        config.systems = read.unwrap().systems;
    })
    .await;
    let place = site.world.dir.path().display().to_string();
    let data = site.app.directory.path().display().to_string();
    let secrets = vec![address, place, data];
    let mut told = String::new();
    let mut amina = site.app.client(Role::Administrator).await;
    reconcile::begin(&site.app.state);

    // a run and its way back
    tick_required(&mut amina).await;
    let backup = back_up(&mut amina).await;
    told += &amina
        .post("/systems/obcms/preflight", Value::Null)
        .await
        .text;
    let plan = amina.get("/systems/obcms/plan").await.json();
    let start = json!({ "fingerprint": plan["fingerprint"] });
    told += &amina.post("/systems/obcms/runs", &start).await.text;
    run_is(&mut amina, 1, "done").await;
    told += &amina.post("/systems/obcms/reports", Value::Null).await.text;
    told += &everything_told(&mut amina).await;
    // a backup that is damaged, and one that cannot be made
    let backups = site.world.dir.path().join("backups");
    std::fs::write(backups.join(&backup).join("manifest.json"), "{").unwrap();
    told += &amina.get("/systems/obcms/backups").await.text;
    let restore = format!("/systems/obcms/rollback/export?backup={backup}");
    told += &amina.get(&restore).await.text;
    std::fs::remove_dir_all(&backups).unwrap();
    std::fs::write(&backups, "a file where the directory was").unwrap();
    told += &amina.post("/systems/obcms/backups", Value::Null).await.text;
    amina
        .until("/audit?action=backup.failed", "the failure", |page| {
            page["total"] != 0
        })
        .await;
    told += &everything_told(&mut amina).await;
    // the environment file and the target are gone
    std::fs::remove_file(site.environment_file()).unwrap();
    told += &amina.get("/systems/obcms/mode").await.text;
    std::fs::write(site.world.url.path().unwrap(), "no database").unwrap();
    told += &amina
        .post("/systems/obcms/preflight", Value::Null)
        .await
        .text;
    told += &amina.post("/systems/obcms/runs", &start).await.text;
    told += &everything_told(&mut amina).await;

    let log = lines.text();
    holds_none("an answer", &told, &secrets);
    holds_none("the log", &log, &secrets);
    holds_none("the control store", &everything_kept(&site.app), &secrets);
}

/// What a hook says is told; what it was given is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_prints_the_address_of_the_database_does_not_reveal_it() {
    let mut address = String::new();
    let site = Site::migrated_with(|config| {
        with_modes(config);
        let system = &mut config.systems[0];
        address = system.database.url().expose().clone();
        let hook = system.hooks.restart.as_mut().unwrap();
        hook.command = ["/bin/sh", "-c", "echo cannot reach $0; exit 1", &address]
            .map(str::to_owned)
            .to_vec();
    })
    .await;
    let mut amina = site.app.client(Role::Administrator).await;
    site.prepare_pilot(&mut amina).await;
    reconcile::begin(&site.app.state);
    let switch = json!({ "to": "multi", "confirm": "BMMS" });
    amina.post("/systems/obcms/mode", switch).await;
    let view = amina
        .until("/systems/obcms/mode", "the end of the switch", |view| {
            view["switch"]["state"] != "running"
        })
        .await
        .to_string();
    assert!(view.contains("cannot reach"), "{view}");
    assert!(!view.contains(&address), "{view}");
}
