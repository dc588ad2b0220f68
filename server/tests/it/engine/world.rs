//! A target in a temporary directory or on a server, and a playbook for it.

use std::collections::BTreeMap;

use server::db::{Access, Connection, DatabaseUrl, Dialect, Patience, Row, Statement, quote};
use server::engine::executor::{DriveError, Goal, Outcome, drive};
use server::engine::journal::{self, RunRecord};
use server::engine::{Options, Plan, Playbook, compile, inspect};
use tempfile::TempDir;

pub(crate) use super::small::on_both;
pub use super::small::{PLAYBOOK, SMALL, spoken};
pub use super::watch::{Watch, applied, undone, until};
use crate::postgres::Database;

/// Long enough for a machine that runs many tests at once.
const PATIENCE: Patience = Patience(std::time::Duration::from_secs(5));

/// Who may see and change the rows of a table: its rights, and its row security with its policies.
const ACCESS: &str = "SELECT concat_ws(' ', COALESCE(c.relacl, acldefault('r', c.relowner))::text, \
     c.relrowsecurity, c.relforcerowsecurity, (SELECT string_agg(concat_ws(' ', p.polname, p.polcmd, \
     p.polroles::regrole[]::text, pg_get_expr(p.polqual, p.polrelid), \
     pg_get_expr(p.polwithcheck, p.polrelid)), ';' ORDER BY p.polname) FROM pg_policy AS p \
     WHERE p.polrelid = c.oid)) FROM pg_class AS c WHERE c.oid = to_regclass(?)";

/// A target with a playbook.
pub struct World {
    pub dir: TempDir,
    pub url: DatabaseUrl,
    /// The database of a PostgreSQL target, dropped with it.
    pub database: Option<Database>,
    pub playbook: Playbook,
    pub options: Options,
}

impl World {
    /// Makes a SQLite file by these statements.
    pub async fn new(statements: &[&str], playbook: &str) -> Self {
        Self::on(Dialect::Sqlite, statements, playbook).await
    }

    /// Makes the database by these statements, which are written for SQLite.
    pub async fn on(dialect: Dialect, statements: &[&str], playbook: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut database = None;
        let url = match dialect {
            Dialect::Sqlite => {
                let path = dir.path().join("target.sqlite3");
                std::fs::File::create(&path).unwrap();
                DatabaseUrl::Sqlite(path)
            }
            Dialect::Postgres => database.insert(Database::new().await).url.clone(),
        };
        Self::made(dir, url, database, statements, playbook).await
    }

    /// Makes the database at an address, of a server that the test has started itself.
    pub async fn at(url: DatabaseUrl, statements: &[&str], playbook: &str) -> Self {
        Self::made(
            tempfile::tempdir().unwrap(),
            url,
            None,
            statements,
            playbook,
        )
        .await
    }

    async fn made(
        dir: TempDir,
        url: DatabaseUrl,
        database: Option<Database>,
        statements: &[&str],
        playbook: &str,
    ) -> Self {
        let dialect = url.dialect();
        let mut db = Connection::open(&url, Access::Write).await.unwrap();
        for statement in statements {
            db.execute(spoken(dialect, statement)).await.unwrap();
        }
        db.close().await;
        Self {
            dir,
            url,
            database,
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
            database: None,
            playbook: Playbook::parse("test.toml", playbook).unwrap(),
            options: Options {
                backup: false,
                quiet_seconds: Some(0),
                ..Options::default()
            },
        }
    }

    /// Another target with the same content; nothing may be connected to this one.
    pub async fn twin(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (url, database) = match &self.database {
            Some(database) => {
                let twin = database.twin().await;
                (twin.url.clone(), Some(twin))
            }
            None => {
                let path = dir.path().join("target.sqlite3");
                std::fs::copy(self.url.path().unwrap(), &path).unwrap();
                (DatabaseUrl::Sqlite(path), None)
            }
        };
        Self {
            dir,
            url,
            database,
            playbook: self.playbook.clone(),
            options: self.options.clone(),
        }
    }

    /// The address for another role of the server.
    pub fn url_as(&self, role: &str) -> DatabaseUrl {
        let text = self
            .url
            .to_string()
            .replace("user=postgres", &format!("user={role}"));
        text.parse().unwrap()
    }

    pub fn dialect(&self) -> Dialect {
        self.url.dialect()
    }

    /// Makes ids that were given out and taken back free again, where the database counts them.
    pub async fn reset_sequences(&self) {
        if self.dialect() == Dialect::Postgres {
            return;
        }
        let reset = "UPDATE sqlite_sequence SET seq = (SELECT COUNT(*) FROM django_migrations) \
                     WHERE name = 'django_migrations'";
        self.execute(reset).await;
    }

    /// Whether a table has the column, and whether it is required and without a default.
    pub async fn column(&self, table: &str, column: &str) -> Option<(bool, bool)> {
        let mut db = self.open().await;
        let schema = inspect(&mut db).await.unwrap();
        db.close().await;
        let column = schema.table(table).unwrap().column(column)?;
        Some((column.not_null, column.default.is_none()))
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
        if self.dialect() == Dialect::Sqlite {
            let definitions = "SELECT type, name, sql FROM sqlite_schema \
                 WHERE tbl_name NOT LIKE 'switchyard\\_%' ESCAPE '\\' ORDER BY type, name";
            for row in db.rows(definitions).await.unwrap() {
                lines.push(format!(
                    "{} {} {}",
                    row.string(0),
                    row.string(1),
                    row.string(2)
                ));
            }
        }
        let schema = inspect(&mut db).await.unwrap();
        let organizations = self.playbook.organizations.table.as_str();
        for table in schema.tables.values() {
            if table.name.starts_with("switchyard_") {
                continue;
            }
            if self.dialect() == Dialect::Postgres {
                lines.push(table.sql.clone());
                lines.extend(table.indexes.iter().filter_map(|index| index.sql.clone()));
                lines.extend(table.triggers.iter().map(|trigger| trigger.sql.clone()));
                let access = Statement::new(ACCESS).bind(self.dialect().relation(&table.name));
                lines.push(db.row(access).await.unwrap().unwrap().string(0));
            }
            let columns: Vec<String> = (table.columns.iter())
                .filter(|column| {
                    // an id that was given out is not given out again, whatever was taken back
                    let counted = self.dialect() == Dialect::Postgres
                        && column.name == "id"
                        && ["django_migrations", organizations].contains(&table.name.as_str());
                    !counted
                        && !["created_at", "updated_at", "applied"].contains(&column.name.as_str())
                })
                .map(|column| match self.dialect() {
                    Dialect::Sqlite => quote(&column.name),
                    // the order of JSON and the like is not defined, that of text is
                    Dialect::Postgres if column.name == "organization_id" => {
                        format!(
                            "(SELECT o.code FROM {organizations} AS o WHERE o.id = organization_id)"
                        )
                    }
                    Dialect::Postgres => format!("{}::text", quote(&column.name)),
                })
                .collect();
            let all = (1..=columns.len())
                .map(|at| at.to_string())
                .collect::<Vec<_>>()
                .join(", ");
            let statement = format!(
                "SELECT {} FROM {} ORDER BY {all}",
                columns.join(", "),
                self.dialect().relation(&table.name)
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
        let everything = match self.dialect() {
            Dialect::Sqlite => "SELECT name, tbl_name FROM sqlite_schema",
            Dialect::Postgres => {
                "SELECT relname::text, relname::text FROM pg_class UNION ALL \
                 SELECT proname::text, '' FROM pg_proc UNION ALL \
                 SELECT tgname::text, '' FROM pg_trigger UNION ALL \
                 SELECT conname::text, conrelid::regclass::text FROM pg_constraint \
                 WHERE conrelid <> 0 UNION ALL \
                 SELECT relname::text, 'invalid' FROM pg_class WHERE oid IN \
                 (SELECT indexrelid FROM pg_index WHERE NOT indisvalid)"
            }
        };
        let rows = self
            .rows(&format!(
                "WITH everything (name, of) AS ({everything}) SELECT name FROM everything \
                 WHERE of = 'invalid' OR name LIKE '%switchyard%' \
                 AND of NOT LIKE 'switchyard\\_%' ESCAPE '\\'"
            ))
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
