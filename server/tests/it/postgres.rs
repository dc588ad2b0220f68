//! A database of a real PostgreSQL server for one test. `scripts/test` starts one throw-away
//! server for all of them (`TEST_POSTGRES_URL`); a test that is run alone starts its own.
//! Without PostgreSQL's programs the tests fail: they are never skipped.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use server::cluster::{Cluster, Keep};
use server::db::{Access, Connection, DatabaseUrl, PostgresAddress, quote};
use tempfile::TempDir;

/// A database, dropped at the end of the test.
pub struct Database {
    pub url: DatabaseUrl,
    maintenance: DatabaseUrl,
    name: String,
    /// Stopped before its directory is removed.
    own: Option<(Cluster, TempDir)>,
}

/// How long a database is waited for that is being dropped.
const PATIENCE: Duration = Duration::from_secs(30);

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// An empty database.
    pub async fn new() -> Self {
        Self::like("template0").await
    }

    /// A database with the content of another, which nobody may be connected to.
    pub async fn like(template: &str) -> Self {
        let (maintenance, own) = match std::env::var("TEST_POSTGRES_URL") {
            Ok(url) => (url.parse().unwrap(), None),
            Err(_) => {
                let directory = tempfile::tempdir().unwrap();
                let cluster = Cluster::start(directory.path(), Keep::ThrowAway)
                    .unwrap_or_else(|error| panic!("{error}"));
                (cluster.url("postgres").unwrap(), Some((cluster, directory)))
            }
        };
        Self::in_server(maintenance, own, template).await
    }

    async fn in_server(
        maintenance: DatabaseUrl,
        own: Option<(Cluster, TempDir)>,
        template: &str,
    ) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("test_{}_{number}", std::process::id());
        let mut db = patient(&maintenance).await;
        db.execute(format!(
            "CREATE DATABASE {} TEMPLATE {}",
            quote(&name),
            quote(template)
        ))
        .await
        .unwrap();
        db.close().await;
        Self {
            url: DatabaseUrl::Postgres(address(&maintenance).with_database(&name).unwrap()),
            maintenance,
            name,
            own,
        }
    }

    /// Another database of the same server with the same content; nobody may be connected.
    pub async fn twin(&self) -> Self {
        Self::in_server(self.maintenance.clone(), None, &self.name).await
    }
}

/// The version of the server that gives the databases, without what follows the point: some promises begin with one.
pub async fn version() -> i64 {
    let database = Database::new().await;
    let mut db = Connection::open(&database.url, Access::Read).await.unwrap();
    let question = "SELECT current_setting('server_version_num')::int8 / 10000";
    let version = db.count(question).await.unwrap();
    db.close().await;
    version
}

/// A session that waits for others to leave: those that were closed a moment ago may still be on their way out, and an
/// autovacuum looks into a database that was just made.
async fn patient(maintenance: &DatabaseUrl) -> Connection {
    let mut db = Connection::open(maintenance, Access::Write).await.unwrap();
    db.execute("SET lock_timeout = 0").await.unwrap();
    db
}

fn address(url: &DatabaseUrl) -> &PostgresAddress {
    match url {
        DatabaseUrl::Postgres(address) => address,
        DatabaseUrl::Sqlite(_) => panic!("{url} is not PostgreSQL"),
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.own.is_some() {
            return;
        }
        let (maintenance, name) = (self.maintenance.clone(), self.name.clone());
        let (done, dropped) = channel();
        // the test's own runtime may be gone by now
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut db = patient(&maintenance).await;
                let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote(&name));
                db.execute(drop).await.unwrap();
                db.close().await;
            });
            let _ = done.send(());
        });
        // a test that fails may hold what the server waits for: then it stays until the server is removed
        let _ = dropped.recv_timeout(PATIENCE);
    }
}

/// Makes a server's files, and copies of them while it is stopped.
pub fn copied(first: &Path, others: &[&Path]) {
    drop(Cluster::start(first, Keep::ThrowAway).unwrap());
    for other in others {
        let done = std::process::Command::new("cp")
            .arg("-a")
            .args([first.join("cluster"), other.join("cluster")])
            .status();
        assert!(done.unwrap().success());
    }
}

/// Lets the server of the second directory, when it is started, follow that of the first.
pub fn follow(first: &Path, second: &Path) {
    let data = second.join("cluster");
    std::fs::write(data.join("standby.signal"), "").unwrap();
    let from = format!(
        "primary_conninfo = 'host={} user=postgres application_name=reporting'\n",
        std::fs::canonicalize(first).unwrap().display()
    );
    std::fs::write(data.join("postgresql.auto.conf"), from).unwrap();
}
