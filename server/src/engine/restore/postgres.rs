//! Restores a backup of a PostgreSQL database. The procedure:
//!
//! 1. The backup is restored into a new database of the same server and compared with its manifest.
//!    Nothing else has happened when that fails.
//! 2. In one transaction of the maintenance database the live one is renamed to
//!    `NAME_before_restore_TIME` and the new one to NAME. Renaming locks the database, so that
//!    nobody connects meanwhile; the sessions that there are, are ended from beside. A crash at any
//!    moment leaves both names as they were or both as they shall be.
//!
//! What was kept stays until [`release`].

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{Kept, Restored, Way, milliseconds};
use crate::db::{Connection, DbError, PostgresAddress, Statement, quote};
use crate::engine::backup::postgres::scratch::{Maintenance, Scratch};
use crate::engine::backup::postgres::{grant, restore_beside};
use crate::engine::backup::{Backup, BackupError};
use crate::engine::manifest::{Properties, ServerIdentity};
use crate::engine::progress::{Progress, Stage, Watch};

/// How long sessions that connect again and again are ended before the restore gives up.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often sessions are ended while the names change.
const AGAIN: Duration = Duration::from_millis(50);
/// Stands between the name of a database and the moment at which it was replaced.
const MARK: &str = "_before_restore_";
/// Bytes of a name at most; the server cuts off the rest.
const LONGEST: usize = 63;

/// Restores a backup into the place of the live database.
pub(super) async fn restore(
    backup: &Backup,
    identity: &ServerIdentity,
    address: &PostgresAddress,
    mut watch: Watch<'_>,
) -> Result<Restored, BackupError> {
    let started = Instant::now();
    let live = address.database().unwrap_or_default();
    let mut maintenance = Maintenance::open(address).await?;
    maintenance.may_create().await?;
    may_replace(&mut maintenance.db, &live).await?;
    maintenance.db.close().await;
    let (mut scratch, verification) = restore_beside(backup, identity, address, &mut watch).await?;
    let replaced = async {
        watch.tell(Progress {
            stage: Stage::Replacing,
            done: 0,
            total: 1,
        })?;
        belong(&mut scratch, &identity.properties).await?;
        replace(&mut scratch, address, &live).await
    };
    match replaced.await {
        Ok((kept, locked)) => Ok(Restored {
            kept: kept.map(Kept::Database),
            way: Way::Swapped,
            verification,
            took_ms: milliseconds(started.elapsed()),
            locked_ms: milliseconds(locked),
        }),
        Err(error) => {
            scratch.remove().await;
            Err(error)
        }
    }
}

/// Refuses before anything is done when the live database could not be replaced in the end.
async fn may_replace(db: &mut Connection, live: &str) -> Result<(), BackupError> {
    let about = Statement::new(
        "SELECT current_user::text, pg_has_role(d.datdba, 'MEMBER'), pg_get_userbyid(d.datdba)::text, \
         (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \
         OR pg_has_role('pg_signal_backend', 'MEMBER') OR NOT EXISTS \
         (SELECT 1 FROM pg_stat_activity AS a WHERE a.datid = d.oid AND a.usesysid IS NOT NULL \
          AND NOT pg_has_role(a.usesysid, 'MEMBER')), \
         (SELECT count(*) FROM pg_prepared_xacts AS p WHERE p.database = d.datname) \
         FROM pg_database AS d WHERE d.datname = ?",
    )
    .bind(live);
    // one that is missing has nothing that could refuse
    let Some(row) = db.row(about).await? else {
        return Ok(());
    };
    let (role, owner) = (row.string(0), row.string(2));
    if row.integer(1) == 0 {
        return Err(grant(
            &role,
            &format!("rename the database {live}, which {owner} owns"),
            &format!("GRANT {} TO {}", quote(&owner), quote(&role)),
        ));
    }
    if row.integer(3) == 0 {
        return Err(grant(
            &role,
            &format!("end the sessions of other roles in {live}"),
            &format!("GRANT pg_signal_backend TO {}", quote(&role)),
        ));
    }
    match row.integer(4) {
        0 => Ok(()),
        count => Err(BackupError::Held {
            name: live.to_owned(),
            holder: format!("{count} prepared transactions are open in it"),
        }),
    }
}

/// Gives the new database to the live one's owner, with its grants and its limit.
async fn belong(scratch: &mut Scratch, properties: &Properties) -> Result<(), DbError> {
    let name = quote(&scratch.name);
    let mut statements = Vec::new();
    if let Some(grants) = &properties.grants {
        statements.push(format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC"));
        for (role, privilege) in grants {
            let (privilege, option) = match privilege.strip_suffix(" WITH GRANT OPTION") {
                Some(privilege) => (privilege, " WITH GRANT OPTION"),
                None => (privilege.as_str(), ""),
            };
            let role = role.as_deref().map_or("PUBLIC".to_owned(), quote);
            statements.push(format!(
                "GRANT {privilege} ON DATABASE {name} TO {role}{option}"
            ));
        }
    }
    if properties.connection_limit >= 0 {
        let limit = properties.connection_limit;
        statements.push(format!("ALTER DATABASE {name} CONNECTION LIMIT {limit}"));
    }
    let owner = quote(&properties.owner);
    statements.push(format!("ALTER DATABASE {name} OWNER TO {owner}"));
    for statement in statements {
        scratch.maintenance.db.execute(statement).await?;
    }
    Ok(())
}

/// Changes the names, and answers what the live database is called now, if there was one, and how
/// long nobody could work with it.
async fn replace(
    scratch: &mut Scratch,
    address: &PostgresAddress,
    live: &str,
) -> Result<(Option<String>, Duration), BackupError> {
    let number = Statement::new("SELECT oid::int8 FROM pg_database WHERE datname = ?").bind(live);
    let db = &mut scratch.maintenance.db;
    let number = db.count(number).await?;
    let kept = (number != 0).then(|| kept_name(live, Timestamp::now()));
    let mut beside = Maintenance::open(address).await?.db;
    let began = Instant::now();
    let done = loop {
        let renamed = tokio::select! {
            renamed = rename(db, &scratch.name, live, kept.as_deref()) => renamed,
            error = end_sessions(&mut beside, number) => Err(error),
        };
        match renamed {
            // somebody connected between being ended and the lock
            Err(DbError::Statement { .. }) if began.elapsed() < PATIENCE => {
                db.roll_back().await;
            }
            done => break done,
        }
    };
    if let Err(error) = done {
        db.roll_back().await;
        beside.close().await;
        return Err(match error {
            DbError::Statement { detail, .. } => BackupError::Held {
                name: live.to_owned(),
                holder: detail,
            },
            error => error.into(),
        });
    }
    let locked = began.elapsed();
    beside.close().await;
    Ok((kept, locked))
}

/// Both names in one transaction: the server takes both or none.
async fn rename(
    db: &mut Connection,
    fresh: &str,
    live: &str,
    kept: Option<&str>,
) -> Result<(), DbError> {
    db.begin_write().await?;
    if let Some(kept) = kept {
        let aside = format!("ALTER DATABASE {} RENAME TO {}", quote(live), quote(kept));
        db.execute(aside).await?;
    }
    let into = format!("ALTER DATABASE {} RENAME TO {}", quote(fresh), quote(live));
    db.execute(into).await?;
    db.commit().await
}

/// Ends the sessions of a database again and again, until it is broken off or fails. The database
/// is told by its number: its name is another's as soon as the names have changed.
async fn end_sessions(db: &mut Connection, number: i64) -> DbError {
    let end = Statement::new(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datid::int8 = ? AND backend_type = 'client backend'",
    )
    .bind(number);
    loop {
        if let Err(error) = db.count(end.clone()).await {
            return error;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// The name under which a database is kept, cut where both parts would be too long.
fn kept_name(live: &str, at: Timestamp) -> String {
    let stamp = at.strftime("%Y%m%dT%H%M%SZ").to_string();
    format!("{}{stamp}", kept_prefix(live))
}

fn kept_prefix(live: &str) -> String {
    let stamp = "20261120T015204Z".len();
    let mut end = live.len().min(LONGEST - stamp - MARK.len());
    while !live.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MARK}", &live[..end])
}

/// Databases that restores have kept, oldest first.
pub(super) async fn kept(address: &PostgresAddress) -> Result<Vec<String>, BackupError> {
    let live = address.database().unwrap_or_default();
    let prefix = kept_prefix(&live);
    let mut db = Maintenance::open(address).await?.db;
    let like = Statement::new(
        "SELECT datname::text FROM pg_database WHERE starts_with(datname::text, ?) ORDER BY 1",
    )
    .bind(&*prefix);
    let rows = db.rows(like).await?;
    db.close().await;
    let moment = |name: &String| {
        let rest = name.strip_prefix(&prefix).unwrap_or_default();
        rest.ends_with('Z') && rest.len() == "20261120T015204Z".len()
    };
    Ok((rows.iter().map(|row| row.string(0)))
        .filter(moment)
        .collect())
}

/// Bytes of a kept database; one that is gone meanwhile has none.
pub(super) async fn size(address: &PostgresAddress, name: &str) -> Result<u64, BackupError> {
    let mut db = Maintenance::open(address).await?.db;
    let about = Statement::new(
        "SELECT coalesce(sum(pg_database_size(oid)), 0)::int8 FROM pg_database WHERE datname = ?",
    )
    .bind(name);
    let bytes = db.count(about).await;
    db.close().await;
    Ok(bytes?.unsigned_abs())
}

/// Drops a database that a restore has kept. The server refuses while somebody reads it.
pub(super) async fn release(address: &PostgresAddress, name: &str) -> Result<(), BackupError> {
    if !kept(address).await?.iter().any(|kept| kept == name) {
        return Err(BackupError::NotKept {
            name: name.to_owned(),
        });
    }
    let mut db = Maintenance::open(address).await?.db;
    db.execute(format!("DROP DATABASE {}", quote(name))).await?;
    db.close().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_what_is_kept_fits_and_is_recognised() {
        let at: Timestamp = "2026-11-20T01:52:04Z".parse().unwrap();
        assert_eq!(
            kept_name("obcms", at),
            "obcms_before_restore_20261120T015204Z"
        );
        let long = "ñ".repeat(31);
        let name = kept_name(&long, at);
        assert!(name.len() <= LONGEST && name.starts_with(&kept_prefix(&long)));
    }
}
