//! What consoles that share a control store say to each other, and how they keep out of each other's way.

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgListener, PgPool};

use super::{Store, StoreError};

/// The channel that all consoles of a store listen to.
const CHANNEL: &str = "switchyard_events";
/// Longest text that a notification of PostgreSQL carries is 8000 bytes.
const LONGEST: usize = 7_900;

/// The connections for it.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pool: PgPool,
}

impl Shared {
    pub(super) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

/// What came from another console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A text.
    Text(String),
    /// The connection was lost and is there again: what was said in between is not known.
    Gap,
}

/// Listens to the other consoles, and to this one.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// What is said next.
    ///
    /// # Errors
    /// When the connection is lost and cannot be made again now.
    pub async fn next(&mut self) -> Result<Heard, StoreError> {
        Ok(match self.0.try_recv().await? {
            Some(told) => Heard::Text(told.payload().to_owned()),
            None => Heard::Gap,
        })
    }
}

/// Work that no other console does at the same time, until it is dropped or this console dies.
#[derive(Debug)]
#[must_use = "dropped it excludes nobody"]
pub struct Exclusive(Option<PoolConnection<Postgres>>);

impl Drop for Exclusive {
    fn drop(&mut self) {
        // the lock belongs to the session: it ends with it, also when nobody is left to say so
        if let Some(connection) = &mut self.0 {
            connection.close_on_drop();
        }
    }
}

impl Store {
    /// Whether other consoles may serve from the same store.
    pub fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Says a text to all consoles; one that is too long is not said, and false.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn tell(&self, text: &str) -> Result<bool, StoreError> {
        let Some(shared) = &self.shared else {
            return Ok(true);
        };
        if text.len() > LONGEST {
            return Ok(false);
        }
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(text)
            .execute(&shared.pool)
            .await?;
        Ok(true)
    }

    /// Begins to listen to all consoles; none where there is only one.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn listen(&self) -> Result<Option<Listener>, StoreError> {
        let Some(shared) = &self.shared else {
            return Ok(None);
        };
        let mut listener = PgListener::connect_with(&shared.pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Listener(listener)))
    }

    /// Keeps other consoles from this work, waiting for one that does it. Two tasks of one console exclude each other by
    /// other means.
    ///
    /// # Errors
    /// When another console does it for too long, or the database cannot be reached.
    pub async fn exclusive(&self, work: &str) -> Result<Exclusive, StoreError> {
        let Some(shared) = &self.shared else {
            return Ok(Exclusive(None));
        };
        let mut connection = shared.pool.acquire().await?;
        sqlx::query("SELECT pg_advisory_lock(hashtextextended($1, 0))")
            .bind(work)
            .execute(&mut *connection)
            .await?;
        Ok(Exclusive(Some(connection)))
    }

    /// Keeps other consoles from this work; none while one does it.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn try_exclusive(&self, work: &str) -> Result<Option<Exclusive>, StoreError> {
        let Some(shared) = &self.shared else {
            return Ok(Some(Exclusive(None)));
        };
        let mut connection = shared.pool.acquire().await?;
        let free: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))")
            .bind(work)
            .fetch_one(&mut *connection)
            .await?;
        Ok(free.then_some(Exclusive(Some(connection))))
    }
}
