//! The verified backup of a run from the command line: one that was named, or one that the run makes.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::cli::Output;
use crate::db::DatabaseUrl;
use crate::engine::backup::{self, Acceptance, Backup, BackupError, Found};
use crate::engine::executor::{FactAnswer, OutsideError, Probed};

/// For how many hours a backup counts, as for a system whose configuration says nothing else.
const HOURS: i64 = 24;

/// Where the backups of a run are.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Backups {
    /// The target.
    pub(in crate::cli) url: DatabaseUrl,
    /// The one that was named.
    pub(in crate::cli) given: Option<PathBuf>,
    /// The directory that others are made and looked for in.
    pub(in crate::cli) directory: PathBuf,
    /// When the run began.
    pub(in crate::cli) begun: Timestamp,
}

impl Backups {
    /// Whether a verified backup is fresh enough for a destructive step.
    pub(super) async fn answer(&self) -> FactAnswer {
        let since = Timestamp::now() - SignedDuration::from_hours(HOURS);
        match self.verified(since).await {
            Ok(backup) => FactAnswer {
                holds: true,
                evidence: proved(&backup),
                remedy: String::new(),
            },
            Err(evidence) => FactAnswer {
                holds: false,
                evidence,
                remedy: format!(
                    "Take one and prove it: switchyard backup --database {} --out {}. It counts for {HOURS} hours.",
                    self.url,
                    self.directory.display()
                ),
            },
        }
    }

    /// Whether the backup that the run begins with is there: the one that was named, or one made since the run began.
    pub(super) async fn of_this_run(&self) -> Probed {
        let since = match self.given {
            Some(_) => Timestamp::now() - SignedDuration::from_hours(HOURS),
            None => self.begun,
        };
        match self.verified(since).await {
            Ok(backup) => Probed::There(proved(&backup)),
            Err(_) => Probed::Absent,
        }
    }

    /// Makes a backup and proves it, or proves the one that was named.
    pub(super) async fn make(
        &self,
        output: Output,
        stop: &CancellationToken,
    ) -> Result<String, OutsideError> {
        self.try_make(output, stop)
            .await
            .map_err(|error| OutsideError {
                problem: format!("{error}."),
                remedy: error.remedy(),
            })
    }

    async fn try_make(
        &self,
        output: Output,
        stop: &CancellationToken,
    ) -> Result<String, BackupError> {
        let watch = || output.watch_until(stop.clone());
        let path = match &self.given {
            Some(given) => {
                let since = Timestamp::now() - SignedDuration::from_hours(HOURS);
                backup::accept(&backup::open(given)?, &self.rules(since)).await?;
                given.clone()
            }
            None => {
                let name = backup::default_name(&self.url, Timestamp::now());
                output.progress(&format!(
                    "Taking the backup {}.",
                    self.directory.join(&name).display()
                ));
                backup::take(&self.url, &self.directory, &name, watch())
                    .await?
                    .path
            }
        };
        output.progress("Restoring it into a scratch database and comparing every table.");
        backup::verify(&path, (&self.url).into(), watch()).await?;
        Ok(proved(&backup::open(&path)?))
    }

    fn rules(&self, since: Timestamp) -> Acceptance {
        Acceptance {
            target: Some(self.url.clone()),
            moved: false,
            not_before: Some(since),
        }
    }

    /// The newest backup of the target that was proved and is of `since` or later; or why there is none, as a sentence.
    async fn verified(&self, since: Timestamp) -> Result<Backup, String> {
        let said = |error: &dyn std::error::Error| format!("{error}.");
        let mut candidates = match &self.given {
            Some(given) => vec![backup::open(given).map_err(|error| said(&error))?],
            None => (backup::list(&self.directory).map_err(|error| said(&error))?)
                .into_iter()
                .filter_map(|found| match found {
                    Found::Backup(backup) => Some(*backup),
                    Found::Unusable { .. } => None,
                })
                .collect(),
        };
        candidates.retain(|backup| backup.verification.is_some());
        let mut why = match &self.given {
            Some(given) => format!("{} was not proved yet.", given.display()),
            None => format!("{} holds no proved backup.", self.directory.display()),
        };
        for backup in candidates.into_iter().rev() {
            match backup::accept(&backup, &self.rules(since)).await {
                Ok(()) => return Ok(backup),
                Err(rejection) => why = said(&rejection),
            }
        }
        Err(why)
    }
}

fn proved(backup: &Backup) -> String {
    let rows = backup.verification.as_ref().map_or(0, |found| found.rows);
    format!(
        "{} was restored into a scratch database and compared: {rows} rows are equal.",
        backup.path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Format;
    use crate::db::{Access, Connection};
    use crate::engine::progress::Watch;

    #[tokio::test]
    async fn only_a_proved_backup_of_this_target_and_of_today_opens_the_gate() {
        let place = tempfile::tempdir().unwrap();
        let target = |name: &str| DatabaseUrl::Sqlite(place.path().join(name));
        for name in ["a.sqlite3", "b.sqlite3"] {
            std::fs::File::create(place.path().join(name)).unwrap();
            let mut db = Connection::open(&target(name), Access::Write)
                .await
                .unwrap();
            db.execute("CREATE TABLE project (id INTEGER PRIMARY KEY)")
                .await
                .unwrap();
            db.close().await;
        }
        let backups = Backups {
            url: target("a.sqlite3"),
            given: None,
            directory: place.path().join("backups"),
            begun: Timestamp::now(),
        };
        let answer = backups.answer().await;
        assert!(!answer.holds && answer.remedy.contains("switchyard backup --database"));
        let taken = backup::take(&backups.url, &backups.directory, "one", Watch::nobody())
            .await
            .unwrap();
        assert!(!backups.answer().await.holds, "it was not proved yet");
        let given = Backups {
            given: Some(taken.path),
            ..backups.clone()
        };
        assert_eq!(given.of_this_run().await, Probed::Absent);
        given
            .make(Output::new(Format::Json), &CancellationToken::new())
            .await
            .unwrap();
        assert!(given.answer().await.holds && backups.answer().await.holds);
        let other = Backups {
            url: target("b.sqlite3"),
            ..given.clone()
        };
        assert!(other.answer().await.evidence.contains("another database"));
        let later_on = Timestamp::now() + SignedDuration::from_hours(1);
        assert!(
            given
                .verified(later_on)
                .await
                .unwrap_err()
                .contains("taken at")
        );
        let later = Backups {
            begun: later_on,
            ..backups
        };
        assert_eq!(later.of_this_run().await, Probed::Absent);
    }
}
