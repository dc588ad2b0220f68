//! PostgreSQL's programs read no server that is newer than they are.

use server::engine::backup::{self, BackupError, ClientError};
use server::engine::manifest::Identity;
use server::engine::progress::Watch;

use super::Application;
use crate::postgres::version;

fn major(version: &str) -> i64 {
    let digits = version.split(|letter: char| !letter.is_ascii_digit());
    digits.into_iter().next().unwrap().parse().unwrap()
}

/// Which of the two it is depends on what is installed beside the server; neither is left out where it is true.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_by_programs_as_new_as_the_server_or_refused_with_what_to_install() {
    let application = Application::new().await;
    let server = version().await;
    let backups = application.backups();
    let taken = backup::take(application.url(), &backups, "first", Watch::nobody()).await;
    match taken {
        Ok(backup) => {
            let Identity::Server(identity) = &backup.manifest.content.identity else {
                panic!("{:?}", backup.manifest.content.identity);
            };
            assert_eq!(i64::from(identity.major), server);
            assert!(major(&identity.client) >= server, "{}", identity.client);
        }
        Err(error) => {
            let remedy = error.remedy();
            let BackupError::Client(ClientError::TooOld { found, needed }) = &error else {
                panic!("{error}");
            };
            assert_eq!(i64::from(*needed), server);
            assert!(major(found) < server, "{found}");
            let package = format!("the package postgresql-client-{server}");
            assert!(remedy.contains(&package), "{remedy}");
            let left = std::fs::read_dir(&backups);
            assert_eq!(left.map_or(0, Iterator::count), 0);
        }
    }
}
