//! Backups of PostgreSQL databases: `pg_dump` in the directory format and a manifest, both of one
//! exported snapshot, and their proof by restoring them beside the target.

pub(in crate::engine) mod client;
pub(in crate::engine) mod scratch;

use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;

use super::location::{self, flush_directory};
use super::verify::{check_files, compare, milliseconds};
use super::write::{Unfinished, read_and_flush};
use super::{Backup, BackupError, FORMAT, Manifest, Rejection, Verification};
use crate::db::{Access, Connection, DatabaseUrl, DbError, PostgresAddress, quote};
use crate::engine::manifest::{Identity, ServerIdentity, postgres as content};
use crate::engine::progress::{Stage, Tally, Watch, attended};
use client::{Client, Restored};
use scratch::{Maintenance, Scratch};

/// A grant that our role lacks.
pub(in crate::engine) fn grant(role: &str, what: &str, statement: &str) -> BackupError {
    BackupError::Grant {
        role: role.to_owned(),
        what: what.to_owned(),
        statement: format!("{statement};"),
    }
}

/// Takes a backup of a live database.
pub(super) async fn take(
    address: &PostgresAddress,
    directory: &Path,
    name: &str,
    mut watch: Watch<'_>,
) -> Result<Backup, BackupError> {
    let whole = Unfinished::free(directory, name)?;
    let url = DatabaseUrl::Postgres(address.clone());
    let mut db = Connection::open(&url, Access::Read).await?;
    readable(&mut db).await?;
    let (major, bytes) = size(&mut db).await?;
    let client = Client::find(major).await?;
    super::write::check_space(directory, bytes)?;

    let unfinished = Unfinished::new(location::unfinished(directory, name))?;
    let dump = unfinished.path.join(location::DUMP);
    let tally = Tally::default();
    let mut content = attended(
        dumped(&mut db, address, &client, &dump, &tally),
        &tally,
        &mut watch,
    )
    .await??;
    db.close().await;
    if let Identity::Server(identity) = &mut content.identity {
        identity.client.clone_from(&client.version);
    }

    let (bytes, file) = read_and_flush(&dump, &mut watch)?;
    let mut manifest = Manifest {
        format: FORMAT,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        content,
        integrity: Vec::new(),
        bytes,
        file,
        checksum: None,
    };
    location::write_manifest(&unfinished.path, &mut manifest)?;
    flush_directory(&unfinished.path)?;
    unfinished.finish(&whole)?;
    flush_directory(directory)?;
    Ok(Backup {
        path: whole,
        name: name.to_owned(),
        manifest,
        verification: None,
    })
}

/// Dumps and measures one moment of the database, side by side.
async fn dumped(
    db: &mut Connection,
    address: &PostgresAddress,
    client: &Client,
    dump: &Path,
    tally: &Tally,
) -> Result<super::Content, BackupError> {
    content::begin(db).await?;
    let taken = Timestamp::now();
    let exported = db.row("SELECT pg_export_snapshot()").await?;
    let snapshot = exported.map(|row| row.string(0)).unwrap_or_default();
    let tables = content::shapes(db).await?.len() as u64;
    let before = content::sequences(db).await?;
    let dumping = client.dump(address, &snapshot, dump, tables, tally);
    let measuring = async {
        let measured = content::measure(db, taken, Stage::Hashing, tally).await;
        measured.map_err(BackupError::from)
    };
    // the snapshot lives as long as this session's transaction, which outlives both
    let ((), mut measured) = tokio::try_join!(dumping, measuring)?;
    let after = content::sequences(db).await?;
    for sequence in &mut measured.sequences {
        sequence.before = before.get(&sequence.name).copied().flatten();
        sequence.after = after.get(&sequence.name).copied().flatten();
    }
    db.commit().await?;
    Ok(measured)
}

/// Refuses a role that may not read every table: what it cannot read would not be in the backup.
async fn readable(db: &mut Connection) -> Result<(), BackupError> {
    let unreadable = content::unreadable(db).await?;
    let Some(first) = unreadable.first() else {
        return Ok(());
    };
    let role = db.row("SELECT current_user::text").await?;
    let role = role.map(|row| row.string(0)).unwrap_or_default();
    let more = match unreadable.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Err(grant(
        &role,
        &format!("read the table {first}{more}"),
        &format!(
            "GRANT SELECT ON {} TO {}",
            crate::db::Dialect::Postgres.relation(first),
            quote(&role)
        ),
    ))
}

/// Major version of the server, and bytes of the tables of the database without their indexes.
async fn size(db: &mut Connection) -> Result<(u32, u64), DbError> {
    let row = db
        .row(
            "SELECT current_setting('server_version_num')::int / 10000, \
             coalesce((SELECT sum(pg_table_size(c.oid)) FROM pg_class AS c \
             JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind = 'r' \
             AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'), 0)::int8",
        )
        .await?;
    Ok(row.map_or((0, 0), |row| {
        let major = u32::try_from(row.integer(0)).unwrap_or_default();
        (major, row.integer(1).unsigned_abs())
    }))
}

/// Restores a backup into a scratch database of a server, compares it and drops it.
pub(super) async fn verify(
    backup: &Backup,
    identity: &ServerIdentity,
    server: &PostgresAddress,
    mut watch: Watch<'_>,
) -> Result<Verification, BackupError> {
    let (scratch, verification) = restore_beside(backup, identity, server, &mut watch).await?;
    scratch.remove().await;
    location::write_verification(&backup.path, &verification)?;
    Ok(verification)
}

/// Restores a backup into a new database of the target's server, and proves it equal to what the
/// live one held. When it is not, the new database is dropped.
pub(in crate::engine) async fn restore_beside(
    backup: &Backup,
    identity: &ServerIdentity,
    server: &PostgresAddress,
    watch: &mut Watch<'_>,
) -> Result<(Scratch, Verification), BackupError> {
    check_files(backup, watch)?;
    let mut maintenance = Maintenance::open(server).await?;
    maintenance.may_create().await?;
    maintenance.drop_left_behind().await?;
    let row = (maintenance.db)
        .row("SELECT current_setting('server_version_num')::int / 10000")
        .await?;
    let major = row.map_or(0, |row| u32::try_from(row.integer(0)).unwrap_or_default());
    let client = Client::find(major.max(client_major(identity))).await?;
    let scratch = maintenance.create(&identity.properties).await?;
    let tally = Tally::default();
    let proving = proved(backup, &client, &scratch, &tally);
    let proved = match attended(proving, &tally, watch).await {
        Ok(proved) => proved,
        Err(stopped) => Err(stopped.into()),
    };
    match proved {
        Ok(verification) => Ok((scratch, verification)),
        Err(error) => {
            scratch.remove().await;
            Err(error)
        }
    }
}

/// The format of a dump is that of the program that wrote it.
pub(in crate::engine) fn client_major(identity: &ServerIdentity) -> u32 {
    let digits = identity.client.split('.').next().unwrap_or_default();
    digits.parse().unwrap_or(identity.major)
}

async fn proved(
    backup: &Backup,
    client: &Client,
    scratch: &Scratch,
    tally: &Tally,
) -> Result<Verification, BackupError> {
    let expected = &backup.manifest.content;
    let tables = expected.tables.len() as u64;
    let started = Instant::now();
    let dump = backup.database();
    client
        .restore(&dump, &scratch.address, Restored::Everything, tables, tally)
        .await?;
    let restore_ms = milliseconds(started);
    let started = Instant::now();
    let mut db = scratch.open(Access::Read).await?;
    content::begin(&mut db).await?;
    let found = content::measure(&mut db, Timestamp::now(), Stage::Comparing, tally).await?;
    db.close().await;
    let place = backup.path.display().to_string();
    compare(&place, expected, &found)?;
    for sequence in &expected.sequences {
        let restored = found.sequences.iter().find(|one| one.name == sequence.name);
        if !restored.is_some_and(|restored| sequence.holds(restored.after)) {
            return Err(Rejection::Differs {
                place,
                table: sequence.name.clone(),
                detail: "the sequence stands elsewhere".to_owned(),
            }
            .into());
        }
    }
    Ok(Verification {
        at: Timestamp::now(),
        manifest: backup.manifest.checksum.unwrap_or(backup.manifest.file),
        tables: found.tables.len() as u64,
        rows: found.rows(),
        restore_ms,
        compare_ms: milliseconds(started),
        findings: Vec::new(),
    })
}
