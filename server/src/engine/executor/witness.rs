//! The sign of life of a drive on PostgreSQL: a second session that renews the lease while the first one
//! waits for a lock, holds, or carries out a statement that takes minutes. It stops where the process
//! stops, which tells a driver that is at work from one that stands still.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use super::lease::{self, Lease};
use crate::db::{Access, Connection, DatabaseUrl, DbError, Dialect};

/// How often it gives one. Most drives end before the first.
const EVERY: Duration = Duration::from_secs(3);

/// Carries out the work of whoever has the lease.
pub(super) async fn beside<T>(url: DatabaseUrl, lease: Lease, work: impl Future<Output = T>) -> T {
    if url.dialect() != Dialect::Postgres {
        return work.await;
    }
    let work = pin!(work);
    tokio::select! {
        biased;
        done = work => done,
        never = give_signs(&url, lease) => match never {},
    }
}

async fn give_signs(url: &DatabaseUrl, lease: Lease) -> Infallible {
    let mut opened = None;
    loop {
        tokio::time::sleep(EVERY).await;
        // a server that is away is asked again: the driver finds out for itself
        opened = give_sign(url, lease, opened).await.ok();
    }
}

async fn give_sign(
    url: &DatabaseUrl,
    lease: Lease,
    opened: Option<Connection>,
) -> Result<Connection, DbError> {
    let mut db = match opened {
        Some(db) => db,
        None => {
            let mut db = Connection::open(url, Access::Write).await?;
            let name = lease::beside(lease.fencing());
            db.execute(format!("SET application_name = '{name}'"))
                .await?;
            db
        }
    };
    db.execute(lease.renewing_beside()).await?;
    Ok(db)
}
