//! The public status as files for any static host: one directory a system, links relative, each file replaced in one
//! move, so that a host that copies meanwhile never sees half a page.

use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// Writes every public system into a directory, and answers the files written.
///
/// # Errors
/// When something cannot be read or written.
pub async fn export(state: &AppState, directory: &Path) -> Result<Vec<PathBuf>, ExportError> {
    let mut snapshots = Vec::new();
    for system in public_systems(state) {
        snapshots.push(remake(state, system).await?);
    }
    write_mirror(state, directory, &snapshots).await
}

/// Writes these snapshots and the list into a directory, and answers the files written.
///
/// # Errors
/// When something cannot be read or written.
pub async fn write_mirror(
    state: &AppState,
    directory: &Path,
    snapshots: &[Arc<Snapshot>],
) -> Result<Vec<PathBuf>, ExportError> {
    let index = remake_index(state).await?;
    let mut wanted: Vec<(PathBuf, Vec<File>)> = snapshots
        .iter()
        .map(|snapshot| {
            let place = Place::file("../").with_form(&state.config);
            (
                directory.join(&snapshot.status.slug),
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
        directory.to_owned(),
        index_files(state, &index.index, &Place::file("")),
    ));
    let directory = directory.to_owned();
    let written = tokio::task::spawn_blocking(move || write_all(&directory, &wanted)).await;
    written.unwrap_or_else(|_| Ok(Vec::new()))
}

fn write_all(
    directory: &Path,
    wanted: &[(PathBuf, Vec<File>)],
) -> Result<Vec<PathBuf>, ExportError> {
    let mut written = Vec::new();
    std::fs::create_dir_all(directory).map_err(failed(directory))?;
    for asset in [&*STYLE, &*SCRIPT, &*ICON] {
        let path = directory.join(&asset.name);
        // the name changes with the content
        if !path.exists() {
            replace(&path, &asset.bytes)?;
        }
        written.push(path);
    }
    for (place, files) in wanted {
        std::fs::create_dir_all(place).map_err(failed(place))?;
        for file in files {
            let path = place.join(file.name);
            replace(&path, &file.bytes)?;
            written.push(path);
        }
    }
    Ok(written)
}

fn replace(path: &Path, content: &[u8]) -> Result<(), ExportError> {
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

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> ExportError {
    let path = path.to_owned();
    move |source| ExportError::File { path, source }
}
