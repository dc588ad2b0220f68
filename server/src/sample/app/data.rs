//! The application's statements. Every column is named, so that a column added while connections
//! are open changes nothing for them.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::RwLock;

/// How long the application waits for another writer of its database.
const PATIENCE: Duration = Duration::from_secs(5);

/// Rows on one page of a list.
pub(super) const PAGE: i64 = 50;

/// The database. A file that was put in place of the old one is noticed.
#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    open: RwLock<(u64, SqlitePool)>,
}

impl Database {
    pub(super) async fn open(path: &Path) -> Result<Self, sqlx::Error> {
        Ok(Self {
            path: path.to_owned(),
            open: RwLock::new((identity(path)?, connect(path).await?)),
        })
    }

    /// The connections to the file that has the database's name now: restoring a backup may have
    /// replaced it.
    pub(super) async fn pool(&self) -> Result<SqlitePool, sqlx::Error> {
        let now = identity(&self.path)?;
        {
            let open = self.open.read().await;
            if open.0 == now {
                return Ok(open.1.clone());
            }
        }
        let mut open = self.open.write().await;
        if open.0 != now {
            // first: closing may still write to the files that belong to the old database
            open.1.close().await;
            *open = (now, connect(&self.path).await?);
        }
        Ok(open.1.clone())
    }

    /// The file's name, without its directory.
    pub(super) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    pub(super) async fn close(&self) {
        self.open.read().await.1.close().await;
    }
}

fn identity(path: &Path) -> Result<u64, sqlx::Error> {
    Ok(std::fs::metadata(path)?.ino())
}

async fn connect(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(PATIENCE);
    SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(PATIENCE)
        .connect_with(options)
        .await
}

/// Begins a transaction that will write.
pub(super) async fn begin_write(
    pool: &SqlitePool,
) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    pool.begin_with("BEGIN IMMEDIATE").await
}

/// A list of the application, with its statements before and after the migration.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    /// Its path.
    pub(super) path: &'static str,
    /// Its title.
    pub(super) title: &'static str,
    /// Its table.
    pub(super) table: &'static str,
    /// The headings of its four columns.
    pub(super) headings: [&'static str; 4],
    all: &'static str,
    count_all: &'static str,
    own: &'static str,
    count_own: &'static str,
    /// Counts the rows of each organization.
    pub(super) totals: &'static str,
}

macro_rules! list {
    ($path:literal, $title:literal, $table:literal, $headings:expr, $columns:literal) => {
        List {
            path: $path,
            title: $title,
            table: $table,
            headings: $headings,
            all: concat!(
                "SELECT ",
                $columns,
                " FROM ",
                $table,
                " ORDER BY id DESC LIMIT ? OFFSET ?"
            ),
            count_all: concat!("SELECT COUNT(*) FROM ", $table),
            own: concat!(
                "SELECT ",
                $columns,
                " FROM ",
                $table,
                " WHERE organization_id = ? ORDER BY id DESC LIMIT ? OFFSET ?"
            ),
            count_own: concat!(
                "SELECT COUNT(*) FROM ",
                $table,
                " WHERE organization_id = ?"
            ),
            totals: concat!(
                "SELECT o.code, COUNT(t.id) FROM organizations_organization AS o LEFT JOIN ",
                $table,
                " AS t ON t.organization_id = o.id GROUP BY o.code"
            ),
        }
    };
}

/// The lists, in the order of the navigation.
pub(super) const LISTS: [List; 5] = [
    list!(
        "/communities",
        "Communities",
        "communities_community",
        ["Name", "People", "Settlement", "Population"],
        "name, ethnolinguistic_group, settlement_type, CAST(population AS TEXT)"
    ),
    list!(
        "/assessments",
        "MANA assessments",
        "mana_assessment",
        ["Title", "Reference", "Status", "Priority"],
        "title, reference_number, status, priority"
    ),
    list!(
        "/stakeholders",
        "Stakeholders",
        "coordination_stakeholder",
        ["Name", "Type", "Contact", "Engagement"],
        "name, stakeholder_type, contact_person, engagement_status"
    ),
    list!(
        "/projects",
        "Programs, projects and activities",
        "project_central_ppa",
        ["Title", "Budget code", "Year", "Status"],
        "title, budget_code, CAST(fiscal_year AS TEXT), status"
    ),
    list!(
        "/policies",
        "Policy recommendations",
        "recommendations_policy",
        ["Title", "Reference", "Category", "Status"],
        "title, reference_number, category, status"
    ),
];

/// The list of a path.
pub(super) fn list(path: &str) -> Option<&'static List> {
    LISTS.iter().find(|list| list.path == path)
}

type Row = (String, Option<String>, Option<String>, Option<String>);

/// Rows of a list, newest first: those of one organization, or all when none is given.
pub(super) async fn rows(
    pool: &SqlitePool,
    list: &List,
    organization: Option<i64>,
    page: i64,
) -> Result<Vec<[String; 4]>, sqlx::Error> {
    let offset = page.saturating_sub(1).saturating_mul(PAGE);
    let query = match organization {
        Some(id) => sqlx::query_as::<_, Row>(list.own).bind(id),
        None => sqlx::query_as::<_, Row>(list.all),
    };
    let rows = query.bind(PAGE).bind(offset).fetch_all(pool).await?;
    let text = Option::unwrap_or_default;
    Ok(rows
        .into_iter()
        .map(|(a, b, c, d)| [a, text(b), text(c), text(d)])
        .collect())
}

/// How many rows a list has.
pub(super) async fn count(
    pool: &SqlitePool,
    list: &List,
    organization: Option<i64>,
) -> Result<i64, sqlx::Error> {
    let query = match organization {
        Some(id) => sqlx::query_scalar(list.count_own).bind(id),
        None => sqlx::query_scalar(list.count_all),
    };
    query.fetch_one(pool).await
}

/// Whether a table has the organization column already.
pub(super) async fn has_organization(
    connection: &mut SqliteConnection,
    table: &str,
) -> Result<bool, sqlx::Error> {
    let sql = "SELECT COUNT(*) FROM pragma_table_info(?) WHERE name = 'organization_id'";
    let columns: i64 = sqlx::query_scalar(sql)
        .bind(table)
        .fetch_one(connection)
        .await?;
    Ok(columns > 0)
}

/// Adds a community; its organization is written when the column exists and one is given.
pub(super) async fn add_community(
    connection: &mut SqliteConnection,
    name: &str,
    barangay: i64,
    organization: Option<i64>,
) -> Result<(), sqlx::Error> {
    let organization = match organization {
        Some(id) if has_organization(connection, "communities_community").await? => Some(id),
        _ => None,
    };
    // two statements, as the two versions of a Django model send them
    let query = match organization {
        None => sqlx::query(
            "INSERT INTO communities_community (name, local_name, barangay_id, ethnolinguistic_group, settlement_type, population, is_active, notes, created_at, updated_at)
             VALUES (?, '', ?, 'Maguindanaon', 'village', 120, 1, 'Entered in the application', strftime('%Y-%m-%d %H:%M:%f', 'now'), strftime('%Y-%m-%d %H:%M:%f', 'now'))",
        )
        .bind(name)
        .bind(barangay),
        Some(id) => sqlx::query(
            "INSERT INTO communities_community (name, local_name, barangay_id, ethnolinguistic_group, settlement_type, population, is_active, notes, created_at, updated_at, organization_id)
             VALUES (?, '', ?, 'Maguindanaon', 'village', 120, 1, 'Entered in the application', strftime('%Y-%m-%d %H:%M:%f', 'now'), strftime('%Y-%m-%d %H:%M:%f', 'now'), ?)",
        )
        .bind(name)
        .bind(barangay)
        .bind(id),
    };
    query.execute(connection).await?;
    Ok(())
}
