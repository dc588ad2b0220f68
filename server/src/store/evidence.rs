//! Sealed evidence of runs. What was sealed is never changed.

use shared::evidence::{EvidenceBundle, EvidenceEntry};

use super::words::whole;
use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

/// A run that ended and has no evidence of that end yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Its number.
    pub number: i64,
    /// When it, or the last way back from it, ended.
    pub ended: Moment,
    /// Whether no later run began.
    pub newest: bool,
}

/// Runs of a system whose evidence is due, oldest first. None while a way back is going on. A way back belongs to the
/// newest run that began before it.
pub async fn due(store: &Store, system: &str) -> Result<Vec<Due>, StoreError> {
    let rows: Vec<(i64, i64, bool)> = sql::query_as(
        "SELECT d.number, d.ended, d.newest FROM ( \
           SELECT r.id AS id, r.number AS number, \
             NOT EXISTS (SELECT 1 FROM runs l WHERE l.system = r.system AND l.number > r.number) AS newest, \
             COALESCE((SELECT MAX(b.finished) FROM rollbacks b WHERE b.system = r.system \
               AND b.finished > r.finished AND b.started >= r.started \
               AND NOT EXISTS (SELECT 1 FROM runs l WHERE l.system = r.system \
               AND l.number > r.number AND l.started <= b.started)), r.finished) AS ended \
           FROM runs r WHERE r.system = $1 AND r.finished IS NOT NULL \
             AND r.state IN ('done', 'aborted', 'rolled-back') \
             AND NOT EXISTS (SELECT 1 FROM rollbacks b WHERE b.system = r.system AND b.state = 'running')) AS d \
         WHERE NOT EXISTS (SELECT 1 FROM evidence e WHERE e.run = d.id AND e.ended = d.ended) ORDER BY d.number",
    )
    .bind(system)
    .fetch_all(store.read())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(number, ended, newest)| Due {
            number,
            ended: Moment(ended),
            newest,
        })
        .collect())
}

/// Keeps the bundle of a run that ended. Answers whether it is new: two servers may come to the same end.
pub async fn insert(
    tx: &mut WriteTx,
    run: i64,
    ended: Moment,
    sealed: Moment,
    sha256: &str,
    archive: &[u8],
) -> Result<bool, StoreError> {
    let done = sql::query(
        "INSERT INTO evidence (run, ended, sealed, bytes, sha256, archive) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (run, ended) DO NOTHING",
    )
    .bind(run)
    .bind(ended.0)
    .bind(sealed.0)
    .bind(whole(archive.len() as u64))
    .bind(sha256)
    .bind(archive)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What is known of the newest bundle of a run, without its bytes; `file` is the name that it gets.
pub async fn newest(
    store: &Store,
    run: i64,
    file: String,
) -> Result<Option<EvidenceBundle>, StoreError> {
    let row: Option<(i64, i64, String)> = sql::query_as(
        "SELECT sealed, bytes, sha256 FROM evidence WHERE run = $1 ORDER BY ended DESC LIMIT 1",
    )
    .bind(run)
    .fetch_optional(store.read())
    .await?;
    Ok(row.map(|(sealed, bytes, sha256)| EvidenceBundle {
        sealed: Moment(sealed).rfc3339(),
        file,
        bytes: bytes.unsigned_abs(),
        sha256,
    }))
}

/// The bytes of a bundle by their hash.
pub async fn archive(store: &Store, run: i64, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(
        sql::query_scalar("SELECT archive FROM evidence WHERE run = $1 AND sha256 = $2 LIMIT 1")
            .bind(run)
            .bind(sha256)
            .fetch_optional(store.read())
            .await?,
    )
}

/// Number and hash of the newest entry of the audit log.
pub async fn audit_head(tx: &mut WriteTx) -> Result<Option<(i64, String)>, StoreError> {
    Ok(
        sql::query_as("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")
            .fetch_optional(&mut **tx)
            .await?,
    )
}

/// Entries about a system from the first about one of these objects, or the first after a moment, on: oldest first.
pub async fn audit_entries(
    tx: &mut WriteTx,
    system: &str,
    objects: [&str; 2],
    from: Moment,
) -> Result<Vec<EvidenceEntry>, StoreError> {
    let rows = sql::query(
        "SELECT id, at, actor, system, action, object, text, refused, address, previous_hash, hash FROM audit \
         WHERE system = $1 AND id >= (SELECT MIN(id) FROM audit WHERE system = $1 AND (object = $2 OR object = $3 OR at >= $4)) \
         ORDER BY id",
    )
    .bind(system)
    .bind(objects[0])
    .bind(objects[1])
    .bind(from.0)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(EvidenceEntry {
                id: row.try_get(0)?,
                at: Moment(row.try_get(1)?).rfc3339(),
                actor: row.try_get(2)?,
                system: row.try_get(3)?,
                action: row.try_get(4)?,
                object: row.try_get(5)?,
                text: row.try_get(6)?,
                refused: row.try_get(7)?,
                address: row.try_get(8)?,
                previous: row.try_get(9)?,
                hash: row.try_get(10)?,
            })
        })
        .collect()
}
