//! `switchyard release`: removes what a restore has kept of the database before.

use clap::Args;
use serde::Serialize;

use super::target::{Target, of_backup};
use super::{Failure, Output};
use crate::engine::restore::{self, Kept};
use crate::wording::counted;

/// Arguments of `release`.
#[derive(Debug, Args)]
#[command(
    after_help = "Without a name it only tells what is kept. A released database cannot be brought back: look at the restored one first."
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
/// When nothing of that name is kept, it is not accepted that it is gone, or it cannot be removed.
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
    for one in &chosen {
        restore::release(url, one)
            .await
            .map_err(|error| of_backup(&error))?;
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
