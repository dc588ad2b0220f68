//! The sample system: its database, its playbook and its application.

mod app;
mod database;
mod demo;
mod migration;
mod playbook;
mod postgres;
mod process;

use std::num::NonZeroU32;
use std::path::PathBuf;

use server::sample::{Options, Texts};
use tempfile::TempDir;

/// A sample database with short texts in a directory of its own.
async fn small_sample(change: impl FnOnce(&mut Options)) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db.sqlite3");
    let mut options = Options {
        texts: Texts::Short,
        scale: NonZeroU32::MIN,
        ..Options::default()
    };
    change(&mut options);
    server::sample::create(&path, &options).await.unwrap();
    (directory, path)
}
