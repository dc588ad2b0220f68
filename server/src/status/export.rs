//! The public status as files for any static host: one directory a system, links relative, each file replaced in one
//! move, so that a host that copies meanwhile never sees half a page. What is no longer public is taken away.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::manifest::Manifest;
use super::style::{ICON, SCRIPT, STYLE};
use super::{
    File, Place, Snapshot, files, index_files, public_address, public_systems, remake, remake_index,
};
use crate::refusal::{Kind, Refusal};
use crate::state::AppState;
use crate::systems::SystemError;

/// Why the files could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file or directory cannot be written.
    #[error("{path} cannot be written: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What the files are made from cannot be read.
    #[error(transparent)]
    System(#[from] SystemError),
}

impl Refusal for ExportError {
    fn kind(&self) -> Kind {
        match self {
            Self::File { .. } => Kind::Unavailable,
            Self::System(error) => error.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::File { .. } => Some(
                "Make the directory writable for the user that runs Switchyard, and look for free disk."
                    .into(),
            ),
            Self::System(error) => error.remedy(),
        }
    }
}

/// What became of a directory.
#[derive(Debug, Default)]
pub struct Written {
    /// The files written.
    pub files: Vec<PathBuf>,
    /// The files of earlier that are no longer public, and were removed.
    pub removed: Vec<PathBuf>,
}

/// Writes every public system into a directory. When none is public, takes away what was written there earlier.
///
/// # Errors
/// When something cannot be read or written.
pub async fn export(state: &AppState, directory: &Path) -> Result<Written, ExportError> {
    if public_systems(state).next().is_none() && !Manifest::is_in(directory) {
        return Ok(Written::default());
    }
    let mut snapshots = Vec::new();
    for system in public_systems(state) {
        snapshots.push(remake(state, system).await?);
    }
    write_mirror(state, directory, &snapshots).await
}

/// Writes these snapshots and the list into a directory, and removes from it what is no longer public.
///
/// # Errors
/// When something cannot be read or written.
pub async fn write_mirror(
    state: &AppState,
    directory: &Path,
    snapshots: &[Arc<Snapshot>],
) -> Result<Written, ExportError> {
    let index = remake_index(state).await?;
    let mut wanted: Vec<(String, Vec<File>)> = snapshots
        .iter()
        .map(|snapshot| {
            let place = Place::file("../").with_form(&state.config);
            (
                snapshot.status.slug.clone(),
                files(
                    state,
                    &snapshot.status,
                    &place,
                    &public_address(state, &snapshot.status.slug),
                ),
            )
        })
        .collect();
    wanted.push((
        String::new(),
        index_files(state, &index.index, &Place::file("")),
    ));
    let directory = directory.to_owned();
    let public: BTreeSet<String> = public_systems(state)
        .map(|system| system.slug().to_owned())
        .collect();
    let written =
        tokio::task::spawn_blocking(move || write_all(&directory, &wanted, &public)).await;
    written.unwrap_or_else(|_| Ok(Written::default()))
}

/// `wanted` are the files of directories below this one; none of its name are those of the list.
fn write_all(
    directory: &Path,
    wanted: &[(String, Vec<File>)],
    public: &BTreeSet<String>,
) -> Result<Written, ExportError> {
    std::fs::create_dir_all(directory).map_err(failed(directory))?;
    let assets = [&*STYLE, &*SCRIPT, &*ICON];
    let mut names: BTreeSet<String> = assets.iter().map(|asset| asset.name.clone()).collect();
    for (place, files) in wanted {
        names.extend(files.iter().map(|file| relative(place, file.name)));
    }
    let mut manifest = Manifest::read(directory)?;
    manifest.add(&names)?;
    let mut written = Written::default();
    for asset in assets {
        let path = directory.join(&asset.name);
        // the name changes with the content
        if !path.exists() {
            replace(&path, &asset.bytes)?;
        }
        written.files.push(path);
    }
    for (place, files) in wanted {
        let place = directory.join(place);
        std::fs::create_dir_all(&place).map_err(failed(&place))?;
        for file in files {
            let path = place.join(file.name);
            replace(&path, &file.bytes)?;
            written.files.push(path);
        }
    }
    let is_written = |place: &str| wanted.iter().any(|(written, _)| written == place);
    written.removed = manifest.remove_all_but(|name| {
        // a system that did not change was not written now
        let unchanged = name
            .split_once('/')
            .is_some_and(|(place, _)| public.contains(place) && !is_written(place));
        unchanged || names.contains(name)
    })?;
    Ok(written)
}

fn relative(place: &str, name: &str) -> String {
    if place.is_empty() {
        name.to_owned()
    } else {
        format!("{place}/{name}")
    }
}

pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), ExportError> {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".status-")
        // whoever serves the folder is seldom who writes it
        .permissions(std::fs::Permissions::from_mode(0o644))
        .tempfile_in(directory)
        .map_err(failed(path))?;
    file.write_all(content).map_err(failed(path))?;
    file.persist(path)
        .map_err(|error| failed(path)(error.error))?;
    Ok(())
}

pub(super) fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> ExportError {
    let path = path.to_owned();
    move |source| ExportError::File { path, source }
}
