//! A sample system as the command line finds it: a small database in a directory of its own.

use std::path::PathBuf;
use std::process::Output;

use server::db::{Access, Connection, DatabaseUrl};
use server::engine::decision::{BulkRule, assign_by_rule};
use server::engine::{Playbook, inspect};
use server::sample::{self, Options, Texts};
use tempfile::TempDir;

use super::{switchyard, text};

/// The sample's database, and the directory that commands work in.
pub struct Target {
    pub directory: TempDir,
    pub database: PathBuf,
}

impl Target {
    /// With so many PPAs that no rule can place.
    pub async fn with_undecided(undecided: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = Options {
            undecided,
            texts: Texts::Short,
            ..Options::default()
        };
        let (installed, _) = sample::install(directory.path(), &options).await.unwrap();
        Self {
            directory,
            database: installed.database.file().unwrap(),
        }
    }

    /// The address that commands take.
    pub fn url(&self) -> String {
        format!("sqlite:{}", self.database.display())
    }

    /// Runs a command on the sample's playbook and this database to its end.
    pub fn command(&self, name: &str, arguments: &[&str]) -> Output {
        switchyard(&[name, "obcms-to-bmms", "--database", &self.url()])
            .args(arguments)
            .current_dir(self.directory.path())
            .output()
            .unwrap()
    }

    /// Runs `run`, without waiting for old writers to be quiet, to its end.
    pub fn ran(&self, arguments: &[&str]) -> String {
        self.done("run", &[&["--quiet-seconds", "0"], arguments].concat())
    }

    /// The same; it has to succeed, and what it printed is answered.
    pub fn done(&self, name: &str, arguments: &[&str]) -> String {
        let output = self.command(name, arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    }

    /// The same; it has to be refused, and its reason is answered.
    pub fn refused(&self, name: &str, arguments: &[&str]) -> String {
        let output = self.command(name, arguments);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
        text(&output.stderr)
    }

    /// Gives every PPA without an organization to the office, as a person would in the console.
    pub async fn decide(&self) {
        let mut db = self.open(Access::Write).await;
        let playbook = Playbook::parse("obcms-to-bmms.toml", sample::PLAYBOOK).unwrap();
        let schema = inspect(&mut db).await.unwrap();
        let (_, model) = (playbook.models())
            .find(|(_, model)| model.table == "project_central_ppa")
            .unwrap();
        let rule = BulkRule::All {
            organization: "OOBC".into(),
        };
        assign_by_rule(&mut db, &playbook, &schema, model, &rule, "amina", false)
            .await
            .unwrap();
        db.close().await;
    }

    /// What a statement counts.
    pub async fn count(&self, statement: &str) -> i64 {
        let mut db = self.open(Access::Read).await;
        let count = db.count(statement).await.unwrap();
        db.close().await;
        count
    }

    /// Carries a statement out.
    pub async fn execute(&self, statement: &str) {
        let mut db = self.open(Access::Write).await;
        assert!(db.execute(statement).await.unwrap() > 0);
        db.close().await;
    }

    /// A writer that holds the lock until it is closed.
    pub async fn locked(&self) -> Connection {
        let mut db = self.open(Access::Write).await;
        db.begin_write().await.unwrap();
        db
    }

    /// How many tables have the organization's column.
    pub async fn migrated(&self) -> i64 {
        self.count(
            "SELECT COUNT(*) FROM sqlite_schema AS s JOIN pragma_table_info(s.name) AS c \
             WHERE s.type = 'table' AND c.name = 'organization_id' \
             AND s.name NOT LIKE 'organizations%'",
        )
        .await
    }

    async fn open(&self, access: Access) -> Connection {
        let url = DatabaseUrl::Sqlite(self.database.clone());
        Connection::open(&url, access).await.unwrap()
    }
}
