//! The rules of whoever wants to use a backup: of which database it has to be, and how old it may be.

use std::path::Path;

use jiff::Timestamp;

use super::location::bytes_of;
use super::{Backup, Rejection};
use crate::db::{Access, Connection, DatabaseUrl, DbError, Snapshot, located};
use crate::engine::manifest::{FileIdentity, Identity, ServerIdentity, postgres, shapes};
use crate::engine::progress::blocking;

/// What whoever wants to use a backup requires of it, beside that it is whole.
#[derive(Debug, Clone, Default)]
pub struct Acceptance {
    /// It must be of this database.
    pub target: Option<DatabaseUrl>,
    /// It may be of a database at another path: the target was moved.
    pub moved: bool,
    /// It must be of this moment or later.
    pub not_before: Option<Timestamp>,
}

/// What can be seen of a backup without reading it: that it is of the target, as far as its address
/// tells, and that no bytes are missing. For lists; whoever uses a backup checks it whole.
pub fn look(backup: &Backup, target: &DatabaseUrl) -> Result<(), Rejection> {
    let place = backup.path.display().to_string();
    let same = match (&backup.manifest.content.identity, target) {
        (Identity::File(identity), DatabaseUrl::Sqlite(live)) => is_at(live, &identity.path),
        // an address has many forms: what it leads to is asked when the backup is used
        (Identity::Server(identity), DatabaseUrl::Postgres(address)) => {
            address.database().as_deref() == Some(&identity.database)
        }
        _ => false,
    };
    if !same {
        let detail = format!("it is of {}", backup.manifest.content.identity.place());
        return Err(Rejection::Foreign { place, detail });
    }
    let expected = backup.manifest.bytes;
    match bytes_of(&backup.database()) {
        Ok(0) => Err(Rejection::Empty { place }),
        Ok(found) if found < expected => Err(Rejection::Truncated {
            place,
            expected,
            found,
        }),
        // one that cannot be looked at is told by whoever reads it
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Whether a manifest names a database under this path.
fn is_at(live: &Path, named: &str) -> bool {
    located(live).display().to_string() == named
}

/// Checks a backup against the rules of whoever wants to use it. A target that is missing or
/// cannot be read is compared by its address alone.
pub async fn accept(backup: &Backup, rules: &Acceptance) -> Result<(), Rejection> {
    let place = backup.path.display().to_string();
    if let Some(required) = rules.not_before
        && backup.taken() < required
    {
        return Err(Rejection::Outdated {
            place,
            taken: backup.taken(),
            required,
        });
    }
    let Some(target) = &rules.target else {
        return Ok(());
    };
    let alike = match (&backup.manifest.content.identity, target) {
        (Identity::File(identity), DatabaseUrl::Sqlite(live)) => {
            alike_file(identity, live, rules.moved).await
        }
        (Identity::Server(identity), DatabaseUrl::Postgres(_)) => {
            alike_server(identity, target, rules.moved).await
        }
        (identity, _) => Err(format!("it is of {}", identity.place())),
    };
    let known = alike.map_err(|detail| Rejection::Foreign {
        place: place.clone(),
        detail,
    })?;
    let Some(tables) = known else {
        return Ok(());
    };
    let saved = &backup.manifest.content.tables;
    let known = saved
        .iter()
        .filter(|table| tables.contains(&table.name))
        .count();
    // a migration adds and drops tables, but leaves most of them
    if known * 2 < saved.len() {
        let detail = format!("the target has {known} of its {} tables", saved.len());
        return Err(Rejection::Foreign { place, detail });
    }
    Ok(())
}

/// Whether a file is the one that was backed up, and its tables if it can be read.
async fn alike_file(
    identity: &FileIdentity,
    live: &Path,
    moved: bool,
) -> Result<Option<Vec<String>>, String> {
    if !is_at(live, &identity.path) && !moved {
        return Err(format!("it is of {}", identity.path));
    }
    let live = live.to_owned();
    let Some((application_id, tables)) = blocking(move || resemblance(&live)).await else {
        return Ok(None);
    };
    if application_id != identity.application_id {
        return Err(format!(
            "its application id is {}, the target's is {application_id}",
            identity.application_id
        ));
    }
    Ok(Some(tables))
}

/// Whether a database is the one that was backed up, whatever the server is called today, and its
/// tables if it can be read.
async fn alike_server(
    identity: &ServerIdentity,
    target: &DatabaseUrl,
    moved: bool,
) -> Result<Option<Vec<String>>, String> {
    let DatabaseUrl::Postgres(address) = target else {
        return Ok(None);
    };
    let foreign = || format!("it is of {}", identity.place);
    if address.database().as_deref() != Some(&identity.database) && !moved {
        return Err(foreign());
    }
    let Ok((server, tables)) = server_resemblance(target).await else {
        return Ok(None);
    };
    if server != identity.server && !moved {
        return Err(format!("{} of another server", foreign()));
    }
    Ok(Some(tables))
}

/// The number of a server and the tables of a database.
async fn server_resemblance(target: &DatabaseUrl) -> Result<(String, Vec<String>), DbError> {
    let mut db = Connection::open(target, Access::Read).await?;
    let row = db
        .row("SELECT system_identifier::text FROM pg_control_system()")
        .await?;
    let tables = postgres::shapes(&mut db).await?;
    db.close().await;
    Ok((
        row.map(|row| row.string(0)).unwrap_or_default(),
        tables.into_iter().map(|(table, _)| table.name).collect(),
    ))
}

/// The application id and the tables of a database, if it can be read.
fn resemblance(live: &Path) -> Option<(i64, Vec<String>)> {
    let snapshot = Snapshot::open(live).ok()?;
    let application_id = snapshot.count("PRAGMA application_id").ok()?;
    let tables = shapes(&snapshot).ok()?;
    Some((
        application_id,
        tables.into_iter().map(|table| table.name).collect(),
    ))
}
