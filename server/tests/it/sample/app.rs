//! The sample application serves before, during and after the migration, and isolates
//! organizations in `bmms` mode.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use server::db::{Access, Connection, DatabaseUrl};
use server::sample::app::{self, AppError, Start};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::small_sample;

const PAGES: [&str; 6] = [
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
struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<Result<(), AppError>>,
    database: PathBuf,
    _directory: TempDir,
}

impl Running {
    async fn start(mode: &str, change: impl FnOnce(&mut Start)) -> Self {
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
        // a port that is free now; nobody else asks for it in the moment until it is taken
        let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut start = Start {
            environment_file,
            listen: listen.local_addr().unwrap(),
            write_every: None,
            old_writer: false,
        };
        drop(listen);
        change(&mut start);
        let (address, stop) = (start.listen, CancellationToken::new());
        let token = stop.clone();
        let task = tokio::spawn(async move { app::serve(&start, token).await });
        let running = Self {
            address,
            stop,
            task,
            database,
            _directory: directory,
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "the application does not listen");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        running
    }

    async fn get(&self, path: &str) -> (u16, String) {
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

    async fn health(&self) -> (u16, serde_json::Value) {
        let (status, body) = self.get("/health").await;
        (status, serde_json::from_str(&body).unwrap())
    }

    async fn end(self) {
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

#[tokio::test(flavor = "multi_thread")]
async fn every_page_renders_before_the_migration() {
    let app = Running::start("obcms", |_| {}).await;
    for page in PAGES {
        let (status, body) = app.get(page).await;
        assert_eq!(status, 200, "{page}: {body}");
        assert!(body.contains("OOBC"), "{page}");
    }
    assert!(app.get("/communities").await.1.contains("1 to 50 of 234"));
    assert!(
        app.get("/communities?page=5")
            .await
            .1
            .contains("201 to 234 of 234")
    );
    assert_eq!(app.get("/nothing").await.0, 404);
    assert_eq!(
        app.get("/ocm").await.0,
        404,
        "one organization has no aggregated view"
    );
    let (status, health) = app.health().await;
    assert_eq!(status, 200);
    assert_eq!(health["status"], "ok");
    assert_eq!(health["mode"], "obcms");
    assert_eq!(health["organization_context"], serde_json::Value::Null);
    assert_eq!(health["database"]["ok"], true);
    assert_eq!(app.get("/health/").await.0, 200);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_bmms_mode_see_their_own_organization_only() {
    let app = Running::start("bmms", |_| {}).await;
    for page in PAGES {
        let (status, body) = app.get(page).await;
        assert_eq!(status, 200, "{page}: {body}");
        assert!(body.contains("<select name=\"organization\">"), "{page}");
        assert!(
            !body.contains("CSEA"),
            "a suspended organization is not offered"
        );
    }
    for (path, count) in [
        ("/communities", 233),
        ("/assessments", 86),
        ("/stakeholders", 155),
        ("/projects", 341),
        ("/policies", 27),
    ] {
        let (_, own) = app.get(path).await;
        assert!(own.contains(&format!("of {count}<")), "{path}");
        let (_, other) = app.get(&format!("{path}?organization=MOH")).await;
        assert!(other.contains("1 to 1 of 1<"), "{path}");
        let cell = |body: &str| {
            let start = body.find("<tbody><tr><td>").unwrap() + 15;
            body[start..body[start..].find("</td>").unwrap() + start].to_owned()
        };
        assert_ne!(
            cell(&own),
            cell(&other),
            "{path}: a row crossed organizations"
        );
    }
    let header = [("x-organization", "MOH")];
    assert!(app.get_with("/policies", &header).await.1.contains("of 1<"));
    let cookie = [("cookie", "theme=dark; organization=MOH")];
    assert!(app.get_with("/policies", &cookie).await.1.contains("of 1<"));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_suspended_organizations_are_refused_alike() {
    let app = Running::start("bmms", |_| {}).await;
    for code in ["NOPE", "CSEA", "%3Cscript%3E", "moh"] {
        let (status, body) = app.get(&format!("/communities?organization={code}")).await;
        assert_eq!(status, 403, "{code}");
        assert!(!body.contains("<script>"), "{code}");
    }
    let (status, _) = app
        .post(
            "/communities?organization=CSEA",
            &[("name", "x"), ("barangay", "1")],
        )
        .await;
    assert_eq!(status, 403);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aggregated_view_shows_totals_of_all_organizations_and_no_record() {
    let app = Running::start("bmms", |_| {}).await;
    let (status, body) = app.get("/ocm").await;
    assert_eq!(status, 200);
    assert!(
        body.contains("<th scope=\"row\">OOBC</th><td class=\"n\">233</td><td class=\"n\">86</td>")
    );
    assert!(
        body.contains("<th scope=\"row\">MOH</th><td class=\"n\">1</td><td class=\"n\">1</td>")
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_community_belongs_to_the_organization_of_its_request() {
    let app = Running::start("bmms", |_| {}).await;
    let form = [("name", "Purok <Nuevo> ñ"), ("barangay", "7")];
    let (status, _) = app.post("/communities?organization=MOH", &form).await;
    assert_eq!(status, 303);
    let mut connection = open(&app.database).await;
    let sql = "SELECT organization_id FROM communities_community WHERE name = 'Purok <Nuevo> ñ'";
    assert_eq!(connection.count(sql).await.unwrap(), 2);
    let (_, body) = app.get("/communities?organization=MOH").await;
    assert!(body.contains("Purok &lt;Nuevo&gt; ñ"));
    // the same again, a barangay that does not exist, no name
    for form in [
        form,
        [("name", "Purok Dos"), ("barangay", "999999")],
        [("name", "  "), ("barangay", "7")],
    ] {
        assert_eq!(app.post("/communities", &form).await.0, 422, "{form:?}");
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_other_sites_are_refused() {
    let app = Running::start("obcms", |_| {}).await;
    let url = format!("http://{}/communities", app.address);
    let status = tokio::task::spawn_blocking(move || {
        let request = agent().post(&url).header("origin", "http://evil.example");
        answer(request.send_form([("name", "x"), ("barangay", "1")])).0
    })
    .await
    .unwrap();
    assert_eq!(status, 403);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bmms_mode_on_a_database_that_was_not_migrated_is_unwell() {
    let (directory, database) = small_sample(|_| {}).await;
    let app = Running::over(directory, database, "bmms", |_| {}).await;
    let (status, health) = app.health().await;
    assert_eq!(status, 503);
    assert_eq!(health["status"], "error");
    assert_eq!(app.get("/communities").await.0, 500);
    assert_eq!(app.health().await.1["errors"], 1);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_reading_and_writing_while_the_column_is_added() {
    let app = Running::start("obcms", |start| {
        start.write_every = Some(Duration::from_millis(5));
    })
    .await;
    written(&app, 20).await;
    migrate(&app.database).await;
    for page in PAGES {
        assert_eq!(app.get(page).await.0, 200, "{page}");
    }
    let before = app.health().await.1["writes"].as_u64().unwrap();
    written(&app, before + 20).await;
    let (status, health) = app.health().await;
    assert_eq!(status, 200);
    assert_eq!(health["organization_context"], "OOBC");
    assert_eq!(health["failed_writes"], 0);
    assert_eq!(health["errors"], 0);
    let mut connection = open(&app.database).await;
    let newest = "SELECT organization_id FROM communities_community ORDER BY id DESC LIMIT 1";
    assert_eq!(connection.count(newest).await.unwrap(), 1);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_writer_never_fills_the_organization() {
    let app = Running::start("bmms", |start| {
        start.write_every = Some(Duration::from_millis(5));
        start.old_writer = true;
    })
    .await;
    written(&app, 12).await;
    let mut connection = open(&app.database).await;
    let empty = "SELECT COUNT(*) FROM communities_community WHERE organization_id IS NULL";
    assert!(connection.count(empty).await.unwrap() >= 2);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_put_in_place_of_the_old_one_is_noticed() {
    let app = Running::start("obcms", |_| {}).await;
    assert!(!app.get("/policies").await.1.contains("Restored policy"));
    let (_other, replacement) = small_sample(|_| {}).await;
    let mut connection = open(&replacement).await;
    connection
        .execute("UPDATE recommendations_policy SET title = 'Restored policy' WHERE id = 28")
        .await
        .unwrap();
    connection.close().await;
    std::fs::rename(&replacement, &app.database).unwrap();
    assert!(app.get("/policies").await.1.contains("Restored policy"));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_refuses_to_start_in_the_mode_it_is_told_to_fail_in() {
    let (directory, _database) = small_sample(|_| {}).await;
    let environment_file = directory.path().join(".env");
    write_environment_file(&environment_file, "bmms", "SAMPLE_FAIL_IN_MODE=bmms");
    let start = Start {
        environment_file,
        listen: "127.0.0.1:0".parse().unwrap(),
        write_every: None,
        old_writer: false,
    };
    let error = app::serve(&start, CancellationToken::new()).await;
    assert!(matches!(error, Err(AppError::ToldToFail(_))), "{error:?}");
}

/// Waits until the application has written this often.
async fn written(app: &Running, times: u64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let (_, health) = app.health().await;
        if health["writes"].as_u64().unwrap() >= times {
            return;
        }
        assert!(Instant::now() < deadline, "{health}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
