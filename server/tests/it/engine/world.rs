//! A target in a temporary directory, a playbook for it, and a caller of the executor that
//! listens, pauses, overrides or dies at a chosen boundary.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use server::db::{Access, Connection, DatabaseUrl, Patience, Row, Statement, quote};
use server::engine::executor::{
    Boundary, Control, DriveError, Event, FactAnswer, Goal, Outcome, Outside, OutsideError,
    Overriding, Probed, Signal, drive,
};
use server::engine::gate::CallerFact;
use server::engine::journal::{self, RunRecord};
use server::engine::{Options, Plan, Playbook, compile, inspect};
use tempfile::TempDir;
use tokio::sync::Notify;

/// Long enough for a machine that runs many tests at once.
const PATIENCE: Patience = Patience(std::time::Duration::from_secs(5));

/// A target with a playbook.
pub struct World {
    pub dir: TempDir,
    pub url: DatabaseUrl,
    pub playbook: Playbook,
    pub options: Options,
}

impl World {
    /// Makes the database by these statements.
    pub async fn new(statements: &[&str], playbook: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("target.sqlite3");
        std::fs::File::create(&path).unwrap();
        let url = DatabaseUrl::Sqlite(path);
        let mut db = Connection::open(&url, Access::Write).await.unwrap();
        for statement in statements {
            db.execute(*statement).await.unwrap();
        }
        db.close().await;
        Self {
            dir,
            url,
            playbook: Playbook::parse("test.toml", playbook)
                .unwrap_or_else(|error| panic!("{error}")),
            options: Options {
                backup: false,
                quiet_seconds: Some(0),
                ..Options::default()
            },
        }
    }

    /// A target that another process made.
    pub fn existing(path: std::path::PathBuf, playbook: &str) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            url: DatabaseUrl::Sqlite(path),
            playbook: Playbook::parse("test.toml", playbook).unwrap(),
            options: Options {
                backup: false,
                quiet_seconds: Some(0),
                ..Options::default()
            },
        }
    }

    /// Another target with the same bytes; nothing may be connected to this one.
    pub fn twin(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("target.sqlite3");
        std::fs::copy(self.url.path().unwrap(), &path).unwrap();
        Self {
            dir,
            url: DatabaseUrl::Sqlite(path),
            playbook: self.playbook.clone(),
            options: self.options.clone(),
        }
    }

    pub async fn open(&self) -> Connection {
        Connection::open_patiently(&self.url, Access::Write, PATIENCE)
            .await
            .unwrap()
    }

    pub async fn execute(&self, statement: impl Into<Statement>) {
        let mut db = self.open().await;
        db.execute(statement).await.unwrap();
        db.close().await;
    }

    pub async fn count(&self, statement: &str) -> i64 {
        let mut db = self.open().await;
        let count = db.count(statement).await.unwrap();
        db.close().await;
        count
    }

    pub async fn rows(&self, statement: &str) -> Vec<Row> {
        let mut db = self.open().await;
        let rows = db.rows(statement).await.unwrap();
        db.close().await;
        rows
    }

    pub async fn plan(&self) -> Plan {
        self.try_plan().await.unwrap_or_else(|refusals| {
            let said: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            panic!("{}", said.join("\n"))
        })
    }

    pub async fn try_plan(&self) -> Result<Plan, Vec<server::engine::Refusal>> {
        let mut db = Connection::open_patiently(&self.url, Access::Read, PATIENCE)
            .await
            .unwrap();
        let mut schema = inspect(&mut db).await.unwrap();
        let tables: Vec<&str> = (self.playbook.models())
            .map(|(_, model)| model.table.as_str())
            .collect();
        inspect::count_rows(&mut db, &mut schema, tables)
            .await
            .unwrap();
        db.close().await;
        compile(&self.playbook, &schema, &self.options)
    }

    /// Drives the run "1" with a fresh plan, on a connection of its own.
    pub async fn drive(&self, goal: &Goal, watch: &Watch) -> Result<Outcome, DriveError> {
        let plan = match self.journal().await {
            Some(record) => record.plan,
            None => self.plan().await,
        };
        self.drive_plan("1", &plan, goal, watch).await
    }

    pub async fn drive_plan(
        &self,
        run: &str,
        plan: &Plan,
        goal: &Goal,
        watch: &Watch,
    ) -> Result<Outcome, DriveError> {
        let mut db = self.open().await;
        let outcome = tokio::select! {
            outcome = drive(&mut db, run, plan, goal, watch) => Some(outcome),
            () = watch.exploded.notified() => None,
        };
        match outcome {
            Some(outcome) => {
                db.close().await;
                outcome
            }
            // as a process that is gone: nothing is tidied up
            None => {
                drop(db);
                Ok(Outcome::Aborted)
            }
        }
    }

    pub async fn apply(&self) -> Outcome {
        self.drive(&applied(), &Watch::new()).await.unwrap()
    }

    pub async fn undo(&self) -> Outcome {
        self.drive(&undone(), &Watch::new()).await.unwrap()
    }

    pub async fn journal(&self) -> Option<RunRecord> {
        let mut db = Connection::open_patiently(&self.url, Access::Read, PATIENCE)
            .await
            .unwrap();
        let record = journal::read(&mut db).await.unwrap();
        db.close().await;
        record
    }

    /// Every definition and every row of the application, the present time left out.
    pub async fn dump(&self) -> String {
        let mut db = Connection::open_patiently(&self.url, Access::Read, PATIENCE)
            .await
            .unwrap();
        let mut lines = Vec::new();
        let schema = "SELECT type, name, sql FROM sqlite_schema \
                      WHERE tbl_name NOT LIKE 'switchyard\\_%' ESCAPE '\\' ORDER BY type, name";
        for row in db.rows(schema).await.unwrap() {
            lines.push(format!(
                "{} {} {}",
                row.string(0),
                row.string(1),
                row.string(2)
            ));
        }
        let schema = inspect(&mut db).await.unwrap();
        for table in schema.tables.values() {
            if table.name.starts_with("switchyard_") {
                continue;
            }
            let columns: Vec<String> = (table.columns.iter())
                .filter(|column| {
                    !["created_at", "updated_at", "applied"].contains(&column.name.as_str())
                })
                .map(|column| quote(&column.name))
                .collect();
            let all = (1..=columns.len())
                .map(|at| at.to_string())
                .collect::<Vec<_>>()
                .join(", ");
            let statement = format!(
                "SELECT {} FROM {} ORDER BY {all}",
                columns.join(", "),
                quote(&table.name)
            );
            for row in db.rows(statement).await.unwrap() {
                lines.push(format!("{} {:?}", table.name, row.0));
            }
        }
        if schema.tables.values().any(|table| table.autoincrement) {
            let statement = "SELECT name, seq FROM sqlite_sequence ORDER BY name";
            for row in db.rows(statement).await.unwrap() {
                lines.push(format!("sequence {:?}", row.0));
            }
        }
        db.close().await;
        lines.join("\n")
    }

    /// The names of everything that Switchyard left in the schema besides its journal.
    pub async fn leftovers(&self) -> Vec<String> {
        let rows = self
            .rows(
                "SELECT name FROM sqlite_schema WHERE name LIKE '%switchyard%' \
                 AND tbl_name NOT IN ('switchyard_run', 'switchyard_step', 'switchyard_journal', \
                 'switchyard_expected', 'switchyard_lease', 'switchyard_stamp', \
                 'switchyard_decision')",
            )
            .await;
        rows.iter().map(|row| row.string(0)).collect()
    }

    /// The states of the journal, by step.
    pub async fn states(&self) -> BTreeMap<String, &'static str> {
        let record = self.journal().await.unwrap();
        (record.steps.iter())
            .map(|record| (record.step.key.clone(), record.state.word()))
            .collect()
    }
}

pub fn applied() -> Goal {
    Goal::Applied { until: None }
}

pub fn until(key: &str) -> Goal {
    Goal::Applied {
        until: Some(key.to_owned()),
    }
}

pub fn undone() -> Goal {
    Goal::Undone { groups: None }
}

/// A caller of the executor.
pub struct Watch {
    pub owner: String,
    /// At which boundary to die.
    pub bomb: Option<usize>,
    /// Before which call to die.
    pub bomb_before: Option<&'static str>,
    /// At which boundary to answer something else than to go on.
    pub answer: Option<(usize, Signal)>,
    pub passed: AtomicUsize,
    pub exploded: Notify,
    pub events: Mutex<Vec<Event>>,
    pub backup_verified: bool,
    pub overriding: Option<Overriding>,
    /// What work outside of the target was performed.
    pub performed: Mutex<Vec<Outside>>,
    pub outside_fails: bool,
    /// Whether to say every boundary on the standard output.
    pub chatty: bool,
}

impl Watch {
    pub fn new() -> Self {
        Self {
            owner: "a test".into(),
            bomb: None,
            bomb_before: None,
            answer: None,
            passed: AtomicUsize::new(0),
            exploded: Notify::new(),
            events: Mutex::new(Vec::new()),
            backup_verified: true,
            overriding: None,
            performed: Mutex::new(Vec::new()),
            outside_fails: false,
            chatty: false,
        }
    }

    pub fn with_bomb(at: usize) -> Self {
        Self {
            bomb: Some(at),
            ..Self::new()
        }
    }

    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Control for Watch {
    async fn between(&self, boundary: &Boundary<'_>) -> Signal {
        let at = self.passed.fetch_add(1, Ordering::SeqCst);
        if self.chatty {
            println!("boundary {at}");
        }
        if self.bomb == Some(at) || self.bomb_before == Some(boundary.next) {
            self.exploded.notify_one();
            std::future::pending::<()>().await;
        }
        match self.answer {
            Some((when, signal)) if when == at => signal,
            _ => Signal::Continue,
        }
    }

    fn report(&self, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
    }

    fn owner(&self) -> String {
        self.owner.clone()
    }

    async fn fact(&self, _: CallerFact) -> FactAnswer {
        FactAnswer {
            holds: self.backup_verified,
            evidence: "The test says so.".into(),
            remedy: "Run a restore drill.".into(),
        }
    }

    async fn overridden(&self, _: &str, _: &str) -> Option<Overriding> {
        self.overriding.clone()
    }

    async fn probe(&self, work: &Outside) -> Result<Probed, OutsideError> {
        if matches!(work, Outside::Hook { .. }) {
            return Ok(Probed::Unknown);
        }
        Ok(match self.performed.lock().unwrap().contains(work) {
            true => Probed::There("It is there.".into()),
            false => Probed::Absent,
        })
    }

    async fn perform(&self, work: &Outside) -> Result<String, OutsideError> {
        if self.outside_fails {
            return Err(OutsideError {
                problem: "The disk is full.".into(),
                remedy: "Free some space.".into(),
            });
        }
        self.performed.lock().unwrap().push(work.clone());
        Ok("It was done.".into())
    }
}

/// A small application: communities with profiles, projects that name their office.
pub const SMALL: [&str; 9] = [
    "CREATE TABLE \"django_migrations\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \
     \"app\" varchar(255) NOT NULL, \"name\" varchar(255) NOT NULL, \"applied\" datetime NOT NULL)",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('communities', '0001_initial', 'x')",
    "CREATE TABLE \"communities_community\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \
     \"name\" varchar(255) NOT NULL, \"code\" varchar(20) NOT NULL UNIQUE)",
    "CREATE TABLE \"communities_profile\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \
     \"text\" text NOT NULL, \"community_id\" bigint NOT NULL REFERENCES \
     \"communities_community\" (\"id\") ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED)",
    "CREATE INDEX \"communities_profile_community_id\" ON \"communities_profile\" (\"community_id\")",
    "CREATE TABLE \"project_ppa\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \
     \"title\" varchar(255) NOT NULL, \"office\" varchar(20) NULL)",
    "INSERT INTO communities_community (name, code) \
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 23) \
     SELECT 'Barangay Peñafrancia ' || i, 'C' || i FROM n",
    "INSERT INTO communities_profile (text, community_id) \
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 41) \
     SELECT 'profile ' || i, 1 + i % 23 FROM n",
    "INSERT INTO project_ppa (title, office) \
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 34) \
     SELECT 'PPA ' || i, 'OOBC' FROM n",
];

/// The playbook of the small application.
pub const PLAYBOOK: &str = r#"
format = 1
name = "small"
title = "Small"
kind = "tenancy"
framework = "django"

[organizations]
table = "organizations_organization"
type = "org_type"
active = "is_active"
metadata = "metadata"
created = "created_at"
updated = "updated_at"

[organizations.default]
code = "OOBC"
name = "Office for Other Bangsamoro Communities"
type = "moa"
metadata = { focus_areas = ["Region IX", "X"] }

[[organizations.recorded]]
table = "django_migrations"
values = { app = "organizations", name = "0001_initial", applied = { now = true } }

[[groups]]
name = "communities"
title = "Communities"

[[groups.models]]
label = "Community"
plural = "Communities"
table = "communities_community"

[[groups.models]]
label = "Profile"
table = "communities_profile"
headline = false
organization = { through = "community_id" }

[[groups.recorded]]
with = "nullable"
table = "django_migrations"
values = { app = "communities", name = "0002_organization_nullable", applied = { now = true } }

[[groups.recorded]]
with = "required"
table = "django_migrations"
values = { app = "communities", name = "0003_organization_required", applied = { now = true } }

[[groups]]
name = "projects"
title = "Projects"

[[groups.models]]
label = "PPA"
table = "project_ppa"
organization = { expression = "t.office", otherwise = "decide" }

[[invariants]]
name = "profiles-with-their-community"
sql = "SELECT COUNT(*) FROM communities_profile p JOIN communities_community c ON c.id = p.community_id WHERE p.organization_id <> c.organization_id"
at = "after-run"
"#;
