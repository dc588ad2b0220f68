//! PostgreSQL targets on a throw-away server: the three steps against the fewest statements and the naive way, and a
//! large table against one `UPDATE`, beside a writer that goes on meanwhile.

mod large;
mod steps;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::bail;
use server::cluster::{Cluster, ClusterError, Keep};
use server::db::{Access, Connection, DatabaseUrl, quote};

use crate::table::{heading, skipped};

/// Measures and prints.
pub async fn measure(quick: bool, scratch: &Path) -> anyhow::Result<()> {
    heading("PostgreSQL");
    let server = match Cluster::start(&scratch.join("postgres"), Keep::Durable) {
        Ok(cluster) => Server(cluster),
        Err(error @ ClusterError::NotInstalled) => {
            skipped("PostgreSQL", &error.to_string());
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let scales: &[u32] = if quick { &[1, 10] } else { &[1, 10, 100] };
    steps::measure(&server, scales).await?;
    let sizes = match quick {
        true => [100_000, 1_000_000],
        false => [1_000_000, 10_000_000],
    };
    large::measure(&server, sizes).await
}

/// A server of its own, as PostgreSQL's defaults make it: each commit waits for the disk, whichever way is measured.
struct Server(Cluster);

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Server {
    /// A new database with the content of another, which nobody may be connected to.
    async fn database(&self, template: &str) -> anyhow::Result<Database> {
        let name = format!("figures_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut db = self.maintenance().await?;
        let (made, template) = (quote(&name), quote(template));
        // from version 15 on a copy is written to the log as well, row by row, unless the files are asked for
        let version = db
            .count("SELECT current_setting('server_version_num')::int8")
            .await?;
        let strategy = if version >= 150_000 {
            " STRATEGY file_copy"
        } else {
            ""
        };
        db.execute(format!(
            "CREATE DATABASE {made} TEMPLATE {template}{strategy}"
        ))
        .await?;
        // what copying has left to write is not what is measured
        db.execute("CHECKPOINT").await?;
        db.close().await;
        let url = self.0.url(&name)?;
        Ok(Database { name, url })
    }

    async fn drop(&self, database: Database) -> anyhow::Result<()> {
        let mut db = self.maintenance().await?;
        let name = quote(&database.name);
        db.execute(format!("DROP DATABASE {name} WITH (FORCE)"))
            .await?;
        db.close().await;
        Ok(())
    }

    async fn maintenance(&self) -> anyhow::Result<Connection> {
        let mut db = Connection::open(&self.0.url("postgres")?, Access::Write).await?;
        // sessions that were closed a moment ago may still be on their way out
        db.execute("SET lock_timeout = 0").await?;
        Ok(db)
    }
}

struct Database {
    name: String,
    url: DatabaseUrl,
}

impl Database {
    async fn open(&self) -> anyhow::Result<Connection> {
        Ok(Connection::open(&self.url, Access::Write).await?)
    }
}

/// The value in the middle.
fn median<T: Ord>(mut values: Vec<T>) -> anyhow::Result<T> {
    if values.is_empty() {
        bail!("nothing was measured");
    }
    values.sort();
    let middle = (values.len() - 1) / 2;
    Ok(values.swap_remove(middle))
}
