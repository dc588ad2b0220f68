//! The configuration that a command works with: the file that `--config` names, or `switchyard.toml` when it is there,
//! then the environment, then arguments.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::config::{self, Config};
use crate::db::DatabaseUrl;
use crate::store::{Opener, Store};

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
pub struct Configured {
    /// Configuration file. Default: switchyard.toml in the working directory, when there is one.
    #[arg(long, env = "SWITCHYARD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of everything that Switchyard keeps, instead of the configured one.
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
}

impl Configured {
    /// Reads it.
    ///
    /// # Errors
    /// When a key, a value or a variable is wrong.
    pub fn read(&self) -> Result<Config, Failure> {
        let default = PathBuf::from("switchyard.toml");
        let mut config = match &self.config {
            Some(file) => config::from_file(file),
            None if default.exists() => config::from_file(&default),
            None => config::from_environment(),
        }
        .map_err(|error| Failure::of(&error))?;
        if let Some(data) = &self.data {
            config.move_data(data);
        }
        Ok(config)
    }

    /// Reads it and opens the control store, which must be there already.
    ///
    /// # Errors
    /// When the configuration is wrong or there is no control store.
    pub async fn store(&self) -> Result<(Config, Store), Failure> {
        let config = self.read()?;
        let store = Store::open_at(&place_of(&config)?, Opener::Command).await?;
        Ok((config, store))
    }

    /// Reads it and answers where the control store is, which must be there already.
    ///
    /// # Errors
    /// When the configuration is wrong or there is no control store.
    pub fn place(&self) -> Result<DatabaseUrl, Failure> {
        place_of(&self.read()?)
    }
}

fn place_of(config: &Config) -> Result<DatabaseUrl, Failure> {
    let place = config
        .control_store_url()
        .map_err(|error| Failure::of(&error))?;
    if let Some(path) = place.path()
        && !path.exists()
    {
        return Err(
            Failure::new(format!("there is no control store at {}", path.display())).remedy(
                "Name the configuration that the console runs with: --config FILE, or --data DIRECTORY.",
            ),
        );
    }
    Ok(place)
}
