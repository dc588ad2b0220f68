//! Where the configuration asks for a second administrator, commands do too: they use up the approval that was given in
//! the console for exactly this, or write down that there was none and why.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use shared::approval::ApprovalAction;
use shared::rollback::RollbackKind;

use super::configured::Configured;
use super::operator::operator;
use super::target::{of_database, of_system};
use super::{Failure, Output};
use crate::approvals::{Allowed, ApprovalError};
use crate::audit::{self, Entry};
use crate::db::{self, DatabaseUrl};
use crate::engine::{Plan, journal};
use crate::moment::Clock;
use crate::state::AppState;
use crate::systems::{System, SystemError};
use crate::{backups, rollbacks, runs};

/// What a command takes that a second administrator may have to approve.
#[derive(Debug, Clone, Args)]
pub struct Approval {
    #[command(flatten)]
    configured: Configured,
    /// Do it without the second administrator whom the configuration asks for, when none can be reached. Why, in at least
    /// 10 characters: it stands in the console's audit log.
    #[arg(long, value_name = "REASON", value_parser = reason)]
    without_approval: Option<String>,
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() < runs::SHORTEST_REASON {
        true => Err(format!(
            "write at least {} characters",
            runs::SHORTEST_REASON
        )),
        false => Ok(text.to_owned()),
    }
}

/// A configured system for whose target a second administrator is asked.
pub(super) struct Asked {
    state: AppState,
    system: Arc<System>,
    without: Option<String>,
}

impl Approval {
    /// Where the configuration is.
    pub(super) fn configured(&self) -> &Configured {
        &self.configured
    }

    /// Why it may be done without the second administrator, where that was written down.
    pub(super) fn without(&self) -> Option<&str> {
        self.without_approval.as_deref()
    }

    /// The system that this target belongs to, where its configuration asks for a second administrator.
    ///
    /// # Errors
    /// When the configuration is wrong, there is no control store, or a server does not say which one it is.
    pub(super) async fn asked_for(&self, target: &DatabaseUrl) -> Result<Option<Asked>, Failure> {
        if !self
            .configured
            .read()?
            .approvals
            .require_second_administrator
        {
            return Ok(None);
        }
        let (config, store) = self.configured.store().await?;
        let state = AppState::new(config, store, Clock::system());
        for system in state.systems.all() {
            let Ok(url) = system.url() else {
                continue;
            };
            if db::is_same(url, target)
                .await
                .map_err(|error| of_database(&error))?
            {
                return Ok(Some(Asked {
                    system: system.clone(),
                    without: self.without_approval.clone(),
                    state,
                }));
            }
        }
        Ok(None)
    }
}

impl Asked {
    /// Begins a run of this plan, if it changes what the running application can do.
    ///
    /// # Errors
    /// When nobody approved exactly this plan.
    pub(super) async fn run(&self, plan: &Plan, id: &str, output: &Output) -> Result<(), Failure> {
        if !runs::is_destructive(plan) {
            return Ok(());
        }
        let audited = Audited {
            action: "run.started",
            object: format!("run {id}"),
            text: format!("Started \"{}\" at the command line", plan.title),
        };
        let subject = Some(plan.fingerprint.as_str());
        let where_asked = format!(
            "Let it be asked for and given in the console, on the page New run of {}; it is of the plan that --system {} makes.",
            self.system.config.title,
            self.system.slug()
        );
        self.allow(ApprovalAction::Run, subject, audited, &where_asked, output)
            .await
    }

    /// Begins a way back.
    ///
    /// # Errors
    /// When nobody approved exactly this, or what it is bound to cannot be measured.
    pub(super) async fn roll_back(
        &self,
        way: &RollbackKind,
        output: &Output,
    ) -> Result<(), Failure> {
        let bound = rollbacks::bound_to(&self.state, &self.system, way)
            .await
            .map_err(of_system)?;
        self.way_back(way, Some(&bound), output).await
    }

    /// Begins to restore a backup.
    ///
    /// # Errors
    /// When nobody approved it; only backups in the console's list can be approved.
    pub(super) async fn restore(&self, backup: &Path, output: &Output) -> Result<(), Failure> {
        let backup = db::located(backup);
        let name = backup.file_name().unwrap_or_default().to_string_lossy();
        let way = RollbackKind::Restore {
            backup: name.clone().into_owned(),
        };
        let listed = backups::place(&self.state, &self.system, &name).await;
        match listed {
            Ok(place) if db::located(&place) == backup => self.roll_back(&way, output).await,
            _ => self.way_back(&way, None, output).await,
        }
    }

    async fn way_back(
        &self,
        way: &RollbackKind,
        bound: Option<&str>,
        output: &Output,
    ) -> Result<(), Failure> {
        let object = "rollback at the command line";
        let audited = Audited {
            action: "rollback.started",
            object: match self.newest_run().await {
                // so that it is found with what is told of the run
                Some(run) => format!("run {run}, {object}"),
                None => object.to_owned(),
            },
            text: format!(
                "Began at the command line to roll back {}",
                rollbacks::spoken(way)
            ),
        };
        let where_asked = match bound {
            Some(_) => format!(
                "Let it be asked for and given in the console, on the page Backups and rollback of {}, for exactly this.",
                self.system.config.title
            ),
            None => "Only a backup in the console's list can be approved.".to_owned(),
        };
        self.allow(
            ApprovalAction::Rollback,
            bound,
            audited,
            &where_asked,
            output,
        )
        .await
    }

    /// The run that is taken back, where the target can tell.
    async fn newest_run(&self) -> Option<String> {
        let mut db = self.system.reader().await.ok()?;
        let record = journal::read(&mut db).await;
        db.close().await;
        Some(record.ok()??.run)
    }

    /// Uses up the approval of exactly this. Without one it goes on only where a reason was given, which is written down.
    async fn allow(
        &self,
        action: ApprovalAction,
        bound: Option<&str>,
        audited: Audited,
        where_asked: &str,
        output: &Output,
    ) -> Result<(), Failure> {
        let (store, slug) = (&self.state.store, self.system.slug());
        let now = self.state.clock.now();
        let mut tx = store.write().await?;
        let without = self.without.as_deref();
        let allowed = Allowed::by(&mut tx, now, slug, action, bound, without)
            .await
            .map_err(|error| lacking(&error, where_asked))?;
        let Audited {
            action,
            object,
            text,
        } = audited;
        let text = format!("{text}, {allowed}.");
        output.progress(&text);
        let by = operator();
        if let Some(waived) = allowed.waived(&by, &object, slug) {
            audit::append(&mut tx, now, waived).await?;
        }
        let entry = Entry::of(by, action, object, text).on(slug);
        audit::append(&mut tx, now, entry).await?;
        Ok(tx.commit().await?)
    }
}

/// What a refusal of the console's own rules says at the command line; `page` is the one where its approval is asked for.
pub(super) fn of_approved(error: SystemError, page: &str, title: &str) -> Failure {
    match error {
        SystemError::Approval(error) => {
            let place = format!(
                "Let it be asked for and given in the console, on the page {page} of {title}, for exactly this."
            );
            lacking(&error, &place)
        }
        error => of_system(error),
    }
}

fn lacking(error: &ApprovalError, where_asked: &str) -> Failure {
    let failure = Failure::of(error);
    match error {
        ApprovalError::Missing => failure.remedy(format!(
            "{where_asked} When nobody can be reached: --without-approval REASON."
        )),
        _ => failure,
    }
}

/// What the audit log says of a command.
struct Audited {
    action: &'static str,
    object: String,
    text: String,
}
