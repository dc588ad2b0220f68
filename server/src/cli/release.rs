//! `switchyard release`: removes what a restore has kept of the database before.

use clap::Args;
use serde::Serialize;

use super::approval::{Approval, of_approved};
use super::operator::operator;
use super::target::{Target, of_backup, of_system};
use super::{Failure, Output};
use crate::backups::{self, Releasing};
use crate::engine::restore::{self, Kept};
use crate::moment::Clock;
use crate::state::AppState;
use crate::wording::counted;

/// Arguments of `release`.
#[derive(Debug, Args)]
#[command(
    after_help = "Without a name it only tells what is kept. A released database cannot be brought back: look at the restored one first.\n\
        Where the configuration asks for a second administrator, it uses up the approval that was\n\
        given in the console for exactly this release."
)]
pub struct Release {
    /// Name of a kept database, as it is told without one.
    #[arg(value_name = "NAME", conflicts_with = "all")]
    name: Option<String>,
    #[command(flatten)]
    target: Target,
    /// Release everything that is kept.
    #[arg(long)]
    all: bool,
    /// Accept that it is gone.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    approval: Approval,
}

#[derive(Serialize)]
struct Told {
    /// What is kept still, oldest first.
    kept: Vec<String>,
    /// What was removed.
    released: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// When nothing of that name is kept, it is not accepted that it is gone, nobody approved it where that is asked for, or
/// it cannot be removed.
pub async fn run(arguments: Release, output: &Output) -> Result<(), Failure> {
    let url = &arguments.target.url;
    let kept = restore::kept(url)
        .await
        .map_err(|error| of_backup(&error))?;
    let chosen = chosen(&arguments, &kept)?;
    if !chosen.is_empty() && !arguments.yes {
        let names: Vec<String> = chosen.iter().map(Kept::name).collect();
        return Err(
            Failure::new(format!("nothing was released of {}", names.join(", ")))
                .remedy("To remove it for good: --yes."),
        );
    }
    let console = match chosen.is_empty() {
        true => None,
        false => Console::that_asks(&arguments.approval).await?,
    };
    for one in &chosen {
        let through_console = match &console {
            Some(console) => {
                console
                    .release(&one.name(), arguments.approval.without())
                    .await?
            }
            None => false,
        };
        if !through_console {
            restore::release(url, one)
                .await
                .map_err(|error| of_backup(&error))?;
        }
    }
    let names = |of: Vec<Kept>| of.iter().map(Kept::name).collect();
    let done = Told {
        kept: names(
            kept.into_iter()
                .filter(|one| !chosen.contains(one))
                .collect(),
        ),
        released: names(chosen),
    };
    output.result(&done, told)
}

/// A console whose configuration asks for a second administrator.
struct Console(AppState);

impl Console {
    async fn that_asks(approval: &Approval) -> Result<Option<Self>, Failure> {
        let configured = approval.configured();
        if !configured.read()?.approvals.require_second_administrator {
            return Ok(None);
        }
        let (config, store) = configured.store().await?;
        Ok(Some(Self(AppState::new(config, store, Clock::system()))))
    }

    /// Releases what one of its systems has kept; false when it is of none of them. Told by its name, which holds the
    /// moment of its restore: an address has many forms.
    async fn release(&self, name: &str, without: Option<&str>) -> Result<bool, Failure> {
        let Self(state) = self;
        for system in state.systems.all() {
            let kept = backups::kept(state, system).await.map_err(of_system)?;
            if kept.iter().any(|one| one.name == name) {
                let by = operator();
                backups::release_of(state, system, name, Releasing::Command(&by, without))
                    .await
                    .map_err(|error| {
                        of_approved(error, "Backups and rollback", &system.config.title)
                    })?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What is to be removed.
fn chosen(arguments: &Release, kept: &[Kept]) -> Result<Vec<Kept>, Failure> {
    let Some(name) = &arguments.name else {
        return Ok(match arguments.all {
            true => kept.to_vec(),
            false => Vec::new(),
        });
    };
    let found = kept.iter().find(|one| one.name() == *name);
    found.cloned().map(|one| vec![one]).ok_or_else(|| {
        let names: Vec<String> = kept.iter().map(Kept::name).collect();
        Failure::new(format!("no restore has kept {name}")).remedy(match names.as_slice() {
            [] => "Nothing is kept of this database.".to_owned(),
            names => format!("What is kept: {}.", names.join(", ")),
        })
    })
}

fn told(done: &Told) -> String {
    let mut lines: Vec<String> = (done.released.iter())
        .map(|name| format!("Released {name}."))
        .collect();
    lines.push(match done.kept.as_slice() {
        [] => "Nothing is kept.".to_owned(),
        kept => format!(
            "{} kept: {}",
            counted(kept.len() as u64, "database", "databases"),
            kept.join(", ")
        ),
    });
    lines.join("\n")
}
