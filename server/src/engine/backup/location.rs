//! Where backups lie: directories, names, what is found in one. It reads manifests, no databases.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::{Backup, BackupError, FORMAT, Manifest, Rejection, Verification};
use crate::db::DatabaseUrl;
use crate::engine::manifest::{Digest, Identity};

/// The directory of the dump inside a backup of a database on a server.
pub(super) const DUMP: &str = "dump";
/// The file of the database inside a backup of a file.
pub(super) const DATABASE: &str = "database.sqlite3";
/// The file of the manifest.
const MANIFEST: &str = "manifest.json";
/// The file that says what the last verification proved.
const VERIFICATION: &str = "verification.json";
/// What the name of a directory ends with while its backup is being written.
pub(super) const UNFINISHED: &str = ".unfinished";

/// What lies in a directory of backups.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A backup that is whole as far as its manifest goes.
    Backup(Box<Backup>),
    /// A directory that looks like a backup and cannot be used.
    Unusable {
        /// Its name.
        name: String,
        /// Its path.
        path: PathBuf,
        /// Why.
        why: Rejection,
    },
}

impl Found {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Backup(backup) => &backup.name,
            Self::Unusable { name, .. } => name,
        }
    }
}

/// A name for a backup of this target taken at this moment: `obcms-20261120-015204`, in UTC.
pub fn default_name(url: &DatabaseUrl, at: Timestamp) -> String {
    let name = match url {
        DatabaseUrl::Sqlite(path) => (path.file_stem()).map(|stem| stem.to_string_lossy().into()),
        DatabaseUrl::Postgres(address) => address.database(),
    };
    let stem: String = name
        .unwrap_or_default()
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
        .collect();
    let stem = stem.trim_start_matches(['-', '_']);
    let stem = if stem.is_empty() { "backup" } else { stem };
    format!("{stem}-{}", at.strftime("%Y%m%d-%H%M%S"))
}

/// Reads a backup's manifest. Cheap: the database is not read.
pub fn open(path: &Path) -> Result<Backup, BackupError> {
    let place = path.display().to_string();
    if path.as_os_str().to_string_lossy().ends_with(UNFINISHED) {
        return Err(Rejection::Interrupted { place }.into());
    }
    let text = match fs::read(path.join(MANIFEST)) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            let lacks = MANIFEST;
            return Err(Rejection::NotABackup { place, lacks }.into());
        }
        Err(error) => return Err(BackupError::file("read", &path.join(MANIFEST))(error)),
    };
    let manifest = parse(&place, &text)?;
    let lacks = database_of(&manifest);
    if !path.join(lacks).exists() {
        return Err(Rejection::NotABackup { place, lacks }.into());
    }
    let verification: Option<Verification> = read_json(&path.join(VERIFICATION));
    Ok(Backup {
        name: name_of(path),
        // one that was made for another manifest proves nothing of this one
        verification: verification.filter(|made| Some(made.manifest) == manifest.checksum),
        manifest,
        path: path.to_owned(),
    })
}

/// What lies in a directory of backups, oldest first; those that cannot be used at the end. A
/// directory that does not exist holds nothing.
pub fn list(directory: &Path) -> Result<Vec<Found>, BackupError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(BackupError::file("read", directory)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(BackupError::file("read", directory))?.path();
        if !path.is_dir() {
            continue;
        }
        match open(&path) {
            Ok(backup) => found.push(Found::Backup(Box::new(backup))),
            // a directory of something else is none of our business
            Err(BackupError::Rejected(Rejection::NotABackup {
                lacks: MANIFEST, ..
            })) => {}
            Err(BackupError::Rejected(why)) => found.push(Found::Unusable {
                name: name_of(&path),
                path,
                why,
            }),
            Err(error) => return Err(error),
        }
    }
    found.sort_by_key(|found| match found {
        Found::Backup(backup) => (false, Some(backup.taken()), backup.name.clone()),
        Found::Unusable { name, .. } => (true, None, name.clone()),
    });
    Ok(found)
}

/// Removes a backup, manifest first: what is left of an interrupted removal is not a backup.
pub fn delete(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path.join(MANIFEST)) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(BackupError::file("removed", &path.join(MANIFEST))(error));
        }
        _ => {}
    }
    fs::remove_dir_all(path).map_err(BackupError::file("removed", path))
}

/// Bytes free for this account where the path is.
pub(in crate::engine) fn free_bytes(path: &Path) -> Result<u64, BackupError> {
    fs4::available_space(path).map_err(BackupError::file("measured", path))
}

/// Makes sure that the names in a directory survive a power failure.
pub(in crate::engine) fn flush_directory(path: &Path) -> Result<(), BackupError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(BackupError::file("flushed", path))
}

/// The directory that a backup is written into until it is whole.
pub(super) fn unfinished(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}{UNFINISHED}"))
}

/// Writes the manifest with its checksum, flushed.
pub(super) fn write_manifest(path: &Path, manifest: &mut Manifest) -> Result<(), BackupError> {
    manifest.checksum = Some(checksum(manifest));
    write_json(&path.join(MANIFEST), manifest)
}

/// Writes what a verification proved, by a rename, so that it is old or new and never half.
pub(super) fn write_verification(
    path: &Path,
    verification: &Verification,
) -> Result<(), BackupError> {
    let file = path.join(VERIFICATION);
    let fresh = path.join(format!("{VERIFICATION}.new"));
    write_json(&fresh, verification)?;
    fs::rename(&fresh, &file).map_err(BackupError::file("written", &file))?;
    flush_directory(path)
}

fn parse(place: &str, text: &[u8]) -> Result<Manifest, Rejection> {
    let damaged = |detail: String| Rejection::Manifest {
        place: place.to_owned(),
        detail,
    };
    let value: serde_json::Value =
        serde_json::from_slice(text).map_err(|error| damaged(error.to_string()))?;
    // a later format may have other fields, so its number is read before anything else
    match value.get("format").and_then(serde_json::Value::as_u64) {
        Some(format) if format > u64::from(FORMAT) => {
            return Err(Rejection::FutureFormat {
                place: place.to_owned(),
                format,
                known: FORMAT,
            });
        }
        Some(_) => {}
        None => return Err(damaged("it has no format".to_owned())),
    }
    let manifest: Manifest =
        serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?;
    if manifest.checksum != Some(checksum(&manifest)) {
        return Err(damaged("it does not fit its checksum".to_owned()));
    }
    Ok(manifest)
}

/// Hash over a manifest with the checksum left out.
fn checksum(manifest: &Manifest) -> Digest {
    let mut bare = manifest.clone();
    bare.checksum = None;
    let mut hasher = Sha256::new();
    hasher.update(serde_json::to_vec(&bare).unwrap_or_default());
    Digest::of(hasher)
}

fn write_json(file: &Path, value: &impl serde::Serialize) -> Result<(), BackupError> {
    let failed = BackupError::file("written", file);
    let write = || -> std::io::Result<()> {
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        let mut open = private_file(file)?;
        std::io::Write::write_all(&mut open, &text)?;
        open.sync_all()
    };
    write().map_err(failed)
}

/// A new file that only this account may read: a backup holds everything the database holds.
pub(super) fn private_file(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

/// The name of what holds the database inside a backup.
pub(super) fn database_of(manifest: &Manifest) -> &'static str {
    match manifest.content.identity {
        Identity::File(_) => DATABASE,
        Identity::Server(_) => DUMP,
    }
}

/// Bytes of a file, or of the files of a directory.
pub(super) fn bytes_of(path: &Path) -> std::io::Result<u64> {
    let about = fs::metadata(path)?;
    if !about.is_dir() {
        return Ok(about.len());
    }
    fs::read_dir(path)?.try_fold(0, |sum, entry| Ok(sum + entry?.metadata()?.len()))
}

fn read_json<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(OsStr::to_string_lossy)
        .unwrap_or_default()
        .into_owned()
}
