//! A small application's database, before and after its migration, for tests of what is measured.

use std::path::{Path, PathBuf};

use server::db::{Access, Connection, DatabaseUrl, Row, Statement};
use server::engine::playbook::Playbook;
use server::engine::{Schema, inspect};
use tempfile::TempDir;

/// A database in a directory of its own.
pub struct Office {
    pub directory: TempDir,
    pub url: DatabaseUrl,
}

/// The application's tables: projects, notes on them, tags linked to projects, and a log without a key.
const TABLES: [&str; 7] = [
    "CREATE TABLE \"project\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \"title\" varchar(200) NOT NULL, \"office\" varchar(20) NULL, \"budget\" real, \"scan\" blob)",
    "CREATE TABLE \"note\" (\"id\" integer NOT NULL PRIMARY KEY, \"project_id\" bigint NULL REFERENCES \"project\" (\"id\"), \"text\" text NOT NULL)",
    "CREATE TABLE \"tag\" (\"code\" varchar(10) NOT NULL PRIMARY KEY, \"label\" text)",
    "CREATE TABLE \"project_tag\" (\"project_id\" bigint NOT NULL REFERENCES \"project\" (\"id\"), \"tag_id\" varchar(10) NOT NULL REFERENCES \"tag\" (\"code\"), PRIMARY KEY (\"project_id\", \"tag_id\")) WITHOUT ROWID",
    "CREATE TABLE \"log\" (\"line\" text)",
    "CREATE TABLE \"migrations\" (\"id\" integer PRIMARY KEY, \"name\" text NOT NULL)",
    "CREATE VIEW \"titles\" AS SELECT \"title\" FROM \"project\"",
];

const ROWS: [&str; 6] = [
    "INSERT INTO project VALUES (1, 'Wells of Ñuñungan', 'OOBC', 1.5, x'00ff'), (2, 'Roads', 'OOBC', 2.0, NULL), (3, 'Bridge', '', 3.0, NULL), (4, 'Clinic', NULL, NULL, NULL), (5, 'School', 'MSSD', 4.25, NULL)",
    "INSERT INTO note VALUES (1, 1, 'dug'), (2, 1, 'dry '), (3, 3, 'planned'), (4, 5, 'open'), (5, NULL, 'stray')",
    "INSERT INTO tag VALUES ('water', 'Water'), ('road', NULL)",
    "INSERT INTO project_tag VALUES (1, 'water'), (2, 'road')",
    "INSERT INTO log VALUES ('a'), ('a'), ('b')",
    "INSERT INTO migrations VALUES (1, '0001_initial')",
];

/// What the migration does, as the engine's steps leave it.
const MIGRATED: [&str; 9] = [
    "CREATE TABLE \"organization\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \"code\" varchar(20) NOT NULL UNIQUE, \"name\" varchar(200) NOT NULL)",
    "INSERT INTO organization VALUES (1, 'OOBC', 'Office for Other Bangsamoro Communities'), (2, 'MSSD', 'Ministry of Social Services'), (3, 'MOH', 'Ministry of Health')",
    "ALTER TABLE \"project\" ADD COLUMN \"organization_id\" bigint NULL REFERENCES \"organization\" (\"id\") DEFERRABLE INITIALLY DEFERRED",
    "ALTER TABLE \"note\" ADD COLUMN \"organization_id\" bigint NULL REFERENCES \"organization\" (\"id\") DEFERRABLE INITIALLY DEFERRED",
    "UPDATE project SET organization_id = (SELECT id FROM organization WHERE code = office)",
    "UPDATE note SET organization_id = (SELECT organization_id FROM project WHERE project.id = project_id)",
    "CREATE INDEX \"project_organization_id_1\" ON \"project\" (\"organization_id\")",
    "CREATE INDEX \"note_organization_id_1\" ON \"note\" (\"organization_id\")",
    "CREATE TABLE switchyard_decision (table_name TEXT NOT NULL, key TEXT NOT NULL, organization INTEGER NOT NULL, decided_by TEXT NOT NULL, decided_at_ms INTEGER NOT NULL, rule TEXT, PRIMARY KEY (table_name, key))",
];

/// The playbook that says so.
pub const PLAYBOOK: &str = r#"
format = 1
name = "office"
title = "Office"
kind = "tenancy"

[organizations]
table = "organization"

[organizations.default]
code = "OOBC"
name = "Office for Other Bangsamoro Communities"

[[organizations.recorded]]
table = "migrations"
values = { name = "0002_organizations" }

[[groups]]
name = "projects"
title = "Projects"

[[groups.models]]
label = "Project"
table = "project"
title = "title"
organization = { expression = "NULLIF(t.office, '')", otherwise = "decide" }
candidates = "CASE t.title WHEN 'Clinic' THEN 'MOH' WHEN 'Bridge' THEN 'GONE' END"

[[groups.models]]
label = "Note"
table = "note"
headline = false
title = "text"
organization = { through = "project_id" }

[[invariants]]
name = "note-with-project"
sql = "SELECT COUNT(*) FROM note AS n JOIN project AS p ON p.id = n.project_id WHERE n.organization_id <> p.organization_id"

[checks]
[[checks.queries]]
name = "project list"
sql = "SELECT id, title FROM project WHERE organization_id = :organization ORDER BY id"
"#;

impl Office {
    /// A database without a table.
    pub async fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db.sqlite3");
        std::fs::write(&path, "").unwrap();
        let office = Self {
            url: DatabaseUrl::Sqlite(path),
            directory,
        };
        office.execute("PRAGMA journal_mode = WAL").await;
        office
    }

    /// As the application made it.
    pub async fn new() -> Self {
        let office = Self::empty().await;
        for sql in TABLES.iter().chain(&ROWS) {
            office.execute(sql).await;
        }
        office
    }

    /// As it is between populate and required, with rows that no rule placed.
    pub async fn migrated() -> Self {
        let office = Self::new().await;
        for sql in MIGRATED {
            office.execute(sql).await;
        }
        office
    }

    pub fn path(&self) -> &Path {
        self.url.path().unwrap()
    }

    pub fn backups(&self) -> PathBuf {
        self.directory.path().join("backups")
    }

    /// One statement by a connection of its own, as another program would make it.
    pub async fn execute(&self, sql: &str) {
        let mut db = self.open(Access::Write).await;
        // some rows of the office point nowhere on purpose
        db.enforce_foreign_keys(false).await.unwrap();
        db.execute(sql).await.unwrap();
        db.close().await;
    }

    pub async fn rows(&self, sql: &str) -> Vec<Row> {
        let mut db = self.open(Access::Read).await;
        let rows = db.rows(Statement::new(sql)).await.unwrap();
        db.close().await;
        rows
    }

    pub async fn count(&self, sql: &str) -> i64 {
        self.rows(sql).await[0].integer(0)
    }

    pub async fn open(&self, access: Access) -> Connection {
        Connection::open(&self.url, access).await.unwrap()
    }

    pub async fn schema(&self) -> Schema {
        let mut db = self.open(Access::Read).await;
        inspect(&mut db).await.unwrap()
    }
}

/// The parsed playbook.
pub fn playbook() -> Playbook {
    Playbook::parse("office.toml", PLAYBOOK).unwrap()
}
