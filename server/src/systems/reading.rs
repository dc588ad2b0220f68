//! What pages read of a target again and again, kept until the target's file changes: counting rows and reading a
//! schema of a thousand objects take longer than a page may.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::coverage::GroupCoverage;

use super::{FileStamp, System, SystemError};
use crate::coverage;
use crate::db::Dialect;
use crate::engine::{Plan, Refusal, Schema, compile, inspect};
use crate::organizations::target;

/// A target at one moment.
#[derive(Debug)]
pub struct Reading {
    /// Its schema, with the rows of the playbook's tables counted.
    pub schema: Schema,
    /// The plan for it, or everything that is wrong with it.
    pub plan: Result<Plan, Vec<Refusal>>,
    /// Coverage by group and model.
    pub groups: Vec<GroupCoverage>,
    /// When its rows were counted, and how long that took.
    counted: Counted,
    /// Organizations by code; none while their table does not exist.
    pub organizations: Option<Vec<target::Row>>,
    /// Bytes of a target that is no file.
    pub bytes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    at: Instant,
    took: Duration,
    /// Whether it is older than the rest of its reading.
    is_earlier: bool,
}

/// With more rows than these, counting them for every page would be work that the application feels.
const MANY_ROWS: u64 = 1_000_000;
/// How many times as long as it took a count of many rows serves.
const SERVES: u32 = 10;

/// How often a reading that a run has disturbed is begun anew.
pub const AGAIN: u32 = 5;

/// The last reading, with the state of the file that it was read from, where that is known.
pub type Kept = tokio::sync::Mutex<Option<(Option<FileStamp>, Arc<Reading>)>>;

impl Reading {
    /// How long ago the rows were counted, where the count is older than the rest.
    pub fn age(&self) -> Duration {
        match self.counted.is_earlier {
            true => self.counted.at.elapsed(),
            false => Duration::ZERO,
        }
    }

    /// Whether its counts of many rows still serve for a target that has this schema by now.
    fn counts(&self, schema: &Schema) -> bool {
        let rows: u64 = (self.groups.iter().flat_map(|group| &group.models))
            .map(|model| model.rows)
            .sum();
        rows > MANY_ROWS
            && self.counted.at.elapsed() < self.counted.took * SERVES
            && self.schema.tables.len() == schema.tables.len()
            && (self.schema.tables.values().zip(schema.tables.values()))
                .all(|(old, new)| old.name == new.name && old.columns == new.columns)
    }

    /// Whether the target has an organization of this code; a rollback can have taken it away.
    pub fn has_organization(&self, code: &str) -> bool {
        self.organizations
            .iter()
            .flatten()
            .any(|row| row.code.eq_ignore_ascii_case(code))
    }
}

impl System {
    /// The target as it is now: read again only when something was written. Who asks meanwhile waits for the same answer.
    /// Where there are many rows they are counted at most a tenth of the time; [`Reading::age`] tells how old a count is.
    pub async fn reading(&self) -> Result<Arc<Reading>, SystemError> {
        let mut kept = self.kept.lock().await;
        // looked at before reading: a change in between makes the next answer read again
        let stamp = self.url()?.path().and_then(FileStamp::of);
        if let (Some((Some(of), reading)), Some(stamp)) = (kept.as_ref(), &stamp)
            && of == stamp
        {
            return Ok(reading.clone());
        }
        let last = kept.take().map(|(_, reading)| reading);
        let certain = stamp.filter(FileStamp::is_certain);
        let reading = Arc::new(self.read_now(last.as_deref()).await?);
        let certain = certain.filter(|_| !reading.counted.is_earlier);
        *kept = Some((certain, reading.clone()));
        Ok(reading)
    }

    /// Organizations of the target as they are now. Who changes one does not wait until all rows are counted, which each
    /// write of the application makes necessary again.
    pub async fn organizations(&self) -> Result<Option<Vec<target::Row>>, SystemError> {
        let mut again = AGAIN;
        loop {
            match self.organizations_once().await {
                Err(error) if error.may_pass() && again > 0 => again -= 1,
                done => return done,
            }
        }
    }

    async fn organizations_once(&self) -> Result<Option<Vec<target::Row>>, SystemError> {
        let playbook = self.playbook()?;
        let mut db = self.reader().await?;
        db.begin_read().await?;
        let organizations = target::read(&mut db, &playbook.organizations).await;
        db.close().await;
        organizations
    }

    async fn read_now(&self, last: Option<&Reading>) -> Result<Reading, SystemError> {
        let mut again = AGAIN;
        loop {
            match self.read_once(last).await {
                Err(error) if error.may_pass() && again > 0 => again -= 1,
                done => return done,
            }
        }
    }

    async fn read_once(&self, last: Option<&Reading>) -> Result<Reading, SystemError> {
        let playbook = self.playbook()?;
        let mut db = self.reader().await?;
        // schema, counts and organizations of one moment: a run that goes on adds and removes columns in between
        db.begin_read().await?;
        let mut schema = inspect(&mut db).await?;
        let (groups, counted) = match last.filter(|last| last.counts(&schema)) {
            Some(last) => {
                let is_earlier = true;
                (
                    last.groups.clone(),
                    Counted {
                        is_earlier,
                        ..last.counted
                    },
                )
            }
            None => {
                let at = Instant::now();
                let groups = coverage::measure(&mut db, &playbook).await?;
                let counted = Counted {
                    at,
                    took: at.elapsed(),
                    is_earlier: false,
                };
                (groups, counted)
            }
        };
        // counted once: at a hundred times the sample's size each count reads an index of half a megabyte
        for model in groups.iter().flat_map(|group| &group.models) {
            if let Some(table) = schema.table_mut(&model.table) {
                table.rows = Some(model.rows);
            }
        }
        let organizations = target::read(&mut db, &playbook.organizations).await?;
        let bytes = match db.dialect() {
            Dialect::Sqlite => 0,
            Dialect::Postgres => {
                db.count("SELECT pg_database_size(current_database())")
                    .await?
            }
        };
        db.close().await;
        let plan = compile(&playbook, &schema, &self.options());
        Ok(Reading {
            plan,
            bytes: bytes.unsigned_abs(),
            schema,
            groups,
            counted,
            organizations,
        })
    }
}

#[cfg(test)]
mod tests {
    use shared::coverage::ModelCoverage;

    use super::*;
    use crate::config::SystemConfig;
    use crate::db::{Access, Connection, DatabaseUrl};

    const PLAYBOOK: &str = "format = 1\nname = \"a\"\ntitle = \"A\"\nkind = \"tenancy\"\n\
        [organizations]\ntable = \"organization\"\n[organizations.default]\ncode = \"O\"\n\
        name = \"One\"\n[[groups]]\nname = \"g\"\ntitle = \"G\"\n\
        [[groups.models]]\nlabel = \"Note\"\ntable = \"note\"\n";

    /// A system whose one table has two rows.
    async fn system(directory: &std::path::Path) -> System {
        let (file, playbook) = (
            directory.join("app.sqlite3"),
            directory.join("playbook.toml"),
        );
        std::fs::File::create(&file).unwrap();
        std::fs::write(&playbook, PLAYBOOK).unwrap();
        let system = System::of(config(&file, &playbook), directory);
        for statement in [
            "CREATE TABLE note (id integer NOT NULL PRIMARY KEY, text text)",
            "INSERT INTO note (text) VALUES ('one'), ('two')",
        ] {
            write(&system, statement).await;
        }
        system
    }

    fn config(file: &std::path::Path, playbook: &std::path::Path) -> SystemConfig {
        toml::from_str(&format!(
            "slug = \"app\"\ntitle = \"App\"\ndatabase = \"sqlite:{}\"\nplaybook = {playbook:?}\n",
            file.display()
        ))
        .unwrap()
    }

    async fn write(system: &System, statement: &str) {
        let url: &DatabaseUrl = system.url().unwrap();
        let mut db = Connection::open(url, Access::Write).await.unwrap();
        db.execute(statement).await.unwrap();
        db.close().await;
    }

    /// Rows of the table as a page is told them.
    fn told(reading: &Reading) -> u64 {
        let model: &ModelCoverage = &reading.groups[0].models[0];
        model.rows
    }

    /// The last reading, as if its table had so many rows and counting them had taken so long.
    async fn as_if(system: &System, rows: u64, took: Duration) {
        let mut reading = system.read_now(None).await.unwrap();
        reading.groups[0].models[0].rows = rows;
        reading.counted.took = took;
        *system.kept.lock().await = Some((None, Arc::new(reading)));
    }

    #[tokio::test]
    async fn organizations_are_told_while_the_rows_are_being_counted() {
        let directory = tempfile::tempdir().unwrap();
        let system = system(directory.path()).await;
        let table = "CREATE TABLE organization (id integer PRIMARY KEY, code text, name text)";
        write(&system, table).await;
        let _counting = system.kept.lock().await;
        let found = tokio::time::timeout(Duration::from_secs(30), system.organizations()).await;
        let none = found.expect("it waits for the count").unwrap();
        assert_eq!(none, Some(Vec::new()));
    }

    #[tokio::test]
    async fn many_rows_are_counted_at_most_a_tenth_of_the_time_and_few_for_each_page() {
        const HOUR: Duration = Duration::from_secs(3600);
        let directory = tempfile::tempdir().unwrap();
        let system = system(directory.path()).await;

        as_if(&system, MANY_ROWS + 1, HOUR).await;
        let reading = system.reading().await.unwrap();
        assert_eq!(told(&reading), MANY_ROWS + 1, "the count serves");
        assert!(reading.age() > Duration::ZERO, "and is told to be earlier");

        as_if(&system, MANY_ROWS + 1, Duration::ZERO).await;
        let reading = system.reading().await.unwrap();
        assert_eq!(
            (told(&reading), reading.age()),
            (2, Duration::ZERO),
            "ten times as long ago"
        );

        as_if(&system, MANY_ROWS, HOUR).await;
        assert_eq!(told(&system.reading().await.unwrap()), 2, "few rows");

        as_if(&system, MANY_ROWS + 1, HOUR).await;
        write(
            &system,
            "ALTER TABLE note ADD COLUMN organization_id integer",
        )
        .await;
        assert_eq!(
            told(&system.reading().await.unwrap()),
            2,
            "another column to count"
        );
    }
}
