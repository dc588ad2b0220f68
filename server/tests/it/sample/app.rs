//! The sample application, run in this process on a database of its own.

mod isolation;
mod serving;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use server::db::{Access, Connection, DatabaseUrl};
use server::sample::app::{self, AppError, Start};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::small_sample;

pub(super) const PAGES: [&str; 6] = [
    "/",
    "/communities",
    "/assessments",
    "/stakeholders",
    "/projects",
    "/policies",
];
const TABLES: [&str; 5] = [
    "communities_community",
    "mana_assessment",
    "coordination_stakeholder",
    "project_central_ppa",
    "recommendations_policy",
];

/// A running application.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    pub(super) stop: CancellationToken,
    task: JoinHandle<Result<(), AppError>>,
    pub(super) database: PathBuf,
    _directory: TempDir,
}

impl Running {
    pub(super) async fn start(mode: &str, change: impl FnOnce(&mut Start)) -> Self {
        let (directory, database) = small_sample(|_| {}).await;
        if mode == "bmms" {
            migrate(&database).await;
        }
        Self::over(directory, database, mode, change).await
    }

    async fn over(
        directory: TempDir,
        database: PathBuf,
        mode: &str,
        change: impl FnOnce(&mut Start),
    ) -> Self {
        let environment_file = directory.path().join(".env");
        write_environment_file(&environment_file, mode, "");
        let mut start = Start {
            environment_file,
            listen: "127.0.0.1:0".parse().unwrap(),
            write_every: None,
            old_writer: false,
        };
        change(&mut start);
        let stop = CancellationToken::new();
        let token = stop.clone();
        let (tell, listening) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            app::serve(&start, token, |address| tell.send(address).unwrap()).await
        });
        Self {
            address: listening.await.unwrap(),
            stop,
            task,
            database,
            _directory: directory,
        }
    }

    pub(super) async fn get(&self, path: &str) -> (u16, String) {
        self.get_with(path, &[]).await
    }

    async fn get_with(
        &self,
        path: &str,
        headers: &[(&'static str, &'static str)],
    ) -> (u16, String) {
        let url = format!("http://{}{path}", self.address);
        let headers = headers.to_vec();
        tokio::task::spawn_blocking(move || {
            let mut request = agent().get(&url);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            answer(request.call())
        })
        .await
        .unwrap()
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> (u16, String) {
        let url = format!("http://{}{path}", self.address);
        let form: Vec<(String, String)> = form
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        tokio::task::spawn_blocking(move || answer(agent().post(&url).send_form(form)))
            .await
            .unwrap()
    }

    pub(super) async fn health(&self) -> (u16, serde_json::Value) {
        let (status, body) = self.get("/health").await;
        (status, serde_json::from_str(&body).unwrap())
    }

    pub(super) async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into()
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> (u16, String) {
    let mut response = response.unwrap();
    let status = response.status().as_u16();
    (status, response.body_mut().read_to_string().unwrap())
}

fn write_environment_file(path: &Path, mode: &str, more: &str) {
    let text =
        format!("SECRET_KEY=test\nDATABASE_URL=sqlite:///db.sqlite3\nBMMS_MODE={mode}\n{more}\n");
    std::fs::write(path, text).unwrap();
}

async fn open(path: &Path) -> Connection {
    let url = DatabaseUrl::Sqlite(path.to_owned());
    Connection::open_patiently(
        &url,
        Access::Write,
        server::db::Patience(Duration::from_secs(5)),
    )
    .await
    .unwrap()
}

/// What the three steps leave behind, with two organizations and one that is suspended.
async fn migrate(path: &Path) {
    let mut connection = open(path).await;
    connection
        .execute("CREATE TABLE organizations_organization (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, code varchar(20) NOT NULL UNIQUE, name varchar(255) NOT NULL, is_active bool NOT NULL)")
        .await
        .unwrap();
    for sql in [
        "INSERT INTO organizations_organization VALUES (1, 'OOBC', 'Office for Other Bangsamoro Communities', 1)",
        "INSERT INTO organizations_organization VALUES (2, 'MOH', 'Ministry of Health', 1)",
        "INSERT INTO organizations_organization VALUES (3, 'CSEA', 'Cooperative and Social Enterprise Authority', 0)",
    ] {
        connection.execute(sql).await.unwrap();
    }
    for table in TABLES {
        for sql in [
            format!(
                "ALTER TABLE {table} ADD COLUMN organization_id bigint REFERENCES organizations_organization (id)"
            ),
            format!("UPDATE {table} SET organization_id = 1"),
            // the newest row belongs to the other organization
            format!(
                "UPDATE {table} SET organization_id = 2 WHERE id = (SELECT MAX(id) FROM {table})"
            ),
        ] {
            connection.execute(sql).await.unwrap();
        }
    }
}

/// Waits until the application has written this often.
pub(super) async fn written(app: &Running, times: u64) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let (_, health) = app.health().await;
        if health["writes"].as_u64().unwrap() >= times {
            return;
        }
        assert!(Instant::now() < deadline, "{health}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
