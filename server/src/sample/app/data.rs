//! The application's statements. Every column is named, so that a column added while connections
//! are open changes nothing for them. They are written for SQLite and PostgreSQL alike.

#![expect(
    clippy::disallowed_types,
    reason = "a target needs its own driver; the few kinds of values of this application do not"
)]

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyConnection, AnyPool, Transaction};
use tokio::sync::RwLock;

use crate::db::DatabaseUrl;

/// How long the application waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Rows on one page of a list.
pub(super) const PAGE: i64 = 50;

/// What the driver calls the database that is asked in PostgreSQL's way.
const POSTGRES: &str = "PostgreSQL";

/// The database. A file that was put in place of the old one is noticed; a server says so itself,
/// by ending the connections to the old one.
#[derive(Debug)]
pub(super) struct Database {
    url: DatabaseUrl,
    open: RwLock<(Option<u64>, AnyPool)>,
}

impl Database {
    pub(super) async fn open(url: &DatabaseUrl) -> Result<Self, sqlx::Error> {
        sqlx::any::install_default_drivers();
        Ok(Self {
            url: url.clone(),
            open: RwLock::new((identity(url)?, connect(url).await?)),
        })
    }

    /// The connections to what has the database's name now: restoring a backup may have replaced it.
    pub(super) async fn pool(&self) -> Result<AnyPool, sqlx::Error> {
        let now = identity(&self.url)?;
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
            *open = (now, connect(&self.url).await?);
        }
        Ok(open.1.clone())
    }

    /// The name of the database: of a file, without its directory.
    pub(super) fn name(&self) -> String {
        match &self.url {
            DatabaseUrl::Postgres(address) => address.database().unwrap_or_default(),
            DatabaseUrl::Sqlite(path) => {
                let name = path.file_name().unwrap_or_default();
                name.to_string_lossy().into_owned()
            }
        }
    }

    pub(super) async fn close(&self) {
        self.open.read().await.1.close().await;
    }
}

/// What tells one file of a name from another.
fn identity(url: &DatabaseUrl) -> Result<Option<u64>, sqlx::Error> {
    let file = url.path().map(std::fs::metadata).transpose()?;
    Ok(file.map(|file| file.ino()))
}

async fn connect(url: &DatabaseUrl) -> Result<AnyPool, sqlx::Error> {
    // the driver enforces foreign keys and waits 5 s for another writer of a file
    let address = match url.path() {
        Some(path) => {
            let path = path.display().to_string();
            format!("sqlite:{}", utf8_percent_encode(&path, NON_ALPHANUMERIC))
        }
        None => url.whole().expose().clone(),
    };
    AnyPoolOptions::new()
        .max_connections(4)
        .acquire_timeout(PATIENCE)
        .connect(&address)
        .await
}

/// Begins a transaction that will write. SQLite is told so at once, so that it cannot fail later
/// for having read first.
pub(super) async fn begin_write(pool: &AnyPool) -> Result<Transaction<'static, Any>, sqlx::Error> {
    let connection = pool.acquire().await?;
    match connection.backend_name() {
        POSTGRES => Transaction::begin(connection, None).await,
        _ => {
            let begin = sqlx::SqlSafeStr::into_sql_str("BEGIN IMMEDIATE");
            Transaction::begin(connection, Some(begin)).await
        }
    }
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
                " ORDER BY id DESC LIMIT $1 OFFSET $2"
            ),
            count_all: concat!("SELECT COUNT(*) FROM ", $table),
            own: concat!(
                "SELECT ",
                $columns,
                " FROM ",
                $table,
                " WHERE organization_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3"
            ),
            count_own: concat!(
                "SELECT COUNT(*) FROM ",
                $table,
                " WHERE organization_id = $1"
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
    pool: &AnyPool,
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
    pool: &AnyPool,
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
    connection: &mut AnyConnection,
    table: &str,
) -> Result<bool, sqlx::Error> {
    let sql = match connection.backend_name() {
        POSTGRES => {
            "SELECT COUNT(*) FROM pg_attribute
             WHERE attrelid = to_regclass($1) AND attname = 'organization_id' AND NOT attisdropped"
        }
        _ => "SELECT COUNT(*) FROM pragma_table_info($1) WHERE name = 'organization_id'",
    };
    let columns: i64 = sqlx::query_scalar(sql)
        .bind(table)
        .fetch_one(connection)
        .await?;
    Ok(columns > 0)
}

/// Whether a table exists.
pub(super) async fn has_table(
    connection: &mut AnyConnection,
    table: &str,
) -> Result<bool, sqlx::Error> {
    let sql = match connection.backend_name() {
        POSTGRES => "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass($1)",
        _ => "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = $1",
    };
    let tables: i64 = sqlx::query_scalar(sql)
        .bind(table)
        .fetch_one(connection)
        .await?;
    Ok(tables > 0)
}

/// Adds a community; its organization is written when the column exists and one is given.
pub(super) async fn add_community(
    connection: &mut AnyConnection,
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
             VALUES ($1, '', $2, 'Maguindanaon', 'village', 120, TRUE, 'Entered in the application', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)",
        )
        .bind(name)
        .bind(barangay),
        Some(id) => sqlx::query(
            "INSERT INTO communities_community (name, local_name, barangay_id, ethnolinguistic_group, settlement_type, population, is_active, notes, created_at, updated_at, organization_id)
             VALUES ($1, '', $2, 'Maguindanaon', 'village', 120, TRUE, 'Entered in the application', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, $3)",
        )
        .bind(name)
        .bind(barangay)
        .bind(id),
    };
    query.execute(connection).await?;
    Ok(())
}
