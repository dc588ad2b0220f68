//! The sample database as the measurements need it: at a scale, with every row placed by a rule, so that no gate waits
//! for a person.

use std::num::NonZeroU32;
use std::path::Path;

use anyhow::Context;

pub use server::sample::PLAYBOOK;

/// Creates it.
pub async fn create(path: &Path, scale: u32) -> anyhow::Result<()> {
    let options = server::sample::Options {
        scale: NonZeroU32::new(scale).context("a scale from 1")?,
        undecided: 0,
        ..server::sample::Options::default()
    };
    server::sample::create(path, &options)
        .await
        .with_context(|| format!("the sample at {scale}×"))?;
    Ok(())
}
