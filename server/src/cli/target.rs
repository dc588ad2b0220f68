//! What commands that work on a target share: its address, its playbook, and how its errors are told.

use std::path::Path;

use clap::Args;

use super::Failure;
use crate::db::{Access, Connection, DatabaseUrl, DbError};
use crate::engine::Playbook;
use crate::engine::backup::BackupError;
use crate::engine::playbook::PlaybookError;
use crate::playbooks;
use crate::refusal::Refusal as _;
use crate::systems::SystemError;

/// The target of a command.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// Address of the database: sqlite:PATH or postgres://USER@HOST/DATABASE.
    #[arg(long = "database", value_name = "URL")]
    pub url: DatabaseUrl,
}

impl Target {
    /// Opens it.
    ///
    /// # Errors
    /// When it is missing, is no database, or cannot be opened.
    pub async fn open(&self, access: Access) -> Result<Connection, Failure> {
        Connection::open(&self.url, access)
            .await
            .map_err(|error| of_database(&error))
    }
}

/// Reads a playbook: a file, or the name of one that is built in.
///
/// # Errors
/// When there is neither, or the text is not a playbook.
pub fn read_playbook(name: &str) -> Result<Playbook, Failure> {
    let path = Path::new(name);
    let text = match playbooks::built_in(name) {
        Some(text) if !path.exists() => text.to_owned(),
        _ => std::fs::read_to_string(path).map_err(|error| {
            Failure::caused(format!("the playbook {name} cannot be read"), &error)
                .remedy("Name a file, or a playbook that is built in: obcms-to-bmms.")
        })?,
    };
    Playbook::parse(name, &text).map_err(|error: PlaybookError| Failure::of(&error))
}

/// A failure of a target, with what to do about it.
pub fn of_database(error: &DbError) -> Failure {
    Failure::of(error).remedy(error.remedy())
}

/// A failure of a backup or a restore, with what to do about it.
pub fn of_backup(error: &BackupError) -> Failure {
    Failure::of(error).remedy(error.remedy())
}

/// A failure of a configured system, with what to do about it.
pub fn of_system(error: SystemError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error.remedy() {
        Some(remedy) => failure.remedy(remedy),
        None => failure,
    }
}
