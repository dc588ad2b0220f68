//! Environment variables that set a value of the configuration; they win over the file.

use std::collections::BTreeSet;

use super::{Config, ConfigError, DatabaseSource, HttpAddress, LogFormat};
use crate::engine::schema::nearest;

/// Every variable with what it sets, for `switchyard serve --help` and the documentation.
pub const VARIABLES: &[(&str, &str)] = &[
    ("SWITCHYARD_LISTEN", "listen"),
    ("SWITCHYARD_DATA", "data"),
    ("SWITCHYARD_PUBLIC_ADDRESS", "public_address"),
    ("SWITCHYARD_CONTROL_STORE", "control_store"),
    ("SWITCHYARD_LOG_FORMAT", "log.format"),
    ("SWITCHYARD_LOG_LEVEL", "log.level"),
];

/// What every variable of ours begins with.
const PREFIX: &str = "SWITCHYARD_";
/// Read by the command line itself.
const OF_THE_COMMAND_LINE: &str = "SWITCHYARD_CONFIG";

/// Refuses variables with our prefix that nothing asked for: whoever set one believes that it works. `asked` are the
/// names that were looked up, those behind `env:NAME` included.
pub(super) fn refuse_unknown(
    asked: &BTreeSet<String>,
    present: impl Iterator<Item = (String, String)>,
) -> Result<(), ConfigError> {
    let unknown = present
        .filter(|(name, value)| name.starts_with(PREFIX) && !is_of_the_platform(name, value))
        .map(|(name, _)| name)
        .find(|name| !asked.contains(name) && name != OF_THE_COMMAND_LINE);
    let Some(name) = unknown else {
        return Ok(());
    };
    let known: Vec<&str> = std::iter::once(OF_THE_COMMAND_LINE)
        .chain(VARIABLES.iter().map(|(name, _)| *name))
        .collect();
    // what all of them begin with makes none of them nearer
    let ends = known.iter().filter_map(|name| name.strip_prefix(PREFIX));
    let remedy = match nearest(name.trim_start_matches(PREFIX), ends) {
        Some(near) => format!("Did you mean {PREFIX}{near}? Rename it, or unset it."),
        None => format!("Unset it. Known are {}.", known.join(", ")),
    };
    Err(ConfigError::Environment {
        name,
        message: "there is no such setting, so it would have no effect".into(),
        remedy,
    })
}

/// Kubernetes describes each service of the namespace to every container; one named `switchyard` looks like ours.
fn is_of_the_platform(name: &str, value: &str) -> bool {
    name.starts_with("SWITCHYARD_SERVICE_")
        || name.starts_with("SWITCHYARD_PORT_")
        || (name == "SWITCHYARD_PORT" && value.contains("://"))
}

pub(super) fn apply(
    config: &mut Config,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(), ConfigError> {
    for (name, _) in VARIABLES {
        if let Some(value) = variable(name) {
            set(config, name, value).map_err(|(message, remedy)| ConfigError::Environment {
                name: (*name).to_owned(),
                message,
                remedy: remedy.to_owned(),
            })?;
        }
    }
    Ok(())
}

fn set(config: &mut Config, name: &str, value: String) -> Result<(), (String, &'static str)> {
    match name {
        "SWITCHYARD_LISTEN" => {
            config.listen = value.parse().map_err(|_| {
                (
                    format!("`{value}` is not an address with a port"),
                    "Write such as `127.0.0.1:8080`.",
                )
            })?;
        }
        "SWITCHYARD_DATA" => config.move_data(std::path::Path::new(&value)),
        "SWITCHYARD_PUBLIC_ADDRESS" => {
            config.public_address = Some(
                HttpAddress::try_from(value)
                    .map_err(|message| (message, "Write the address that people open."))?,
            );
        }
        "SWITCHYARD_CONTROL_STORE" => {
            config.control_store = Some(DatabaseSource::try_from(value).map_err(|message| {
                (
                    message,
                    "Write `sqlite:PATH`, or `env:NAME` or `file:PATH` of an address.",
                )
            })?);
        }
        "SWITCHYARD_LOG_FORMAT" => {
            config.log.format = match value.as_str() {
                "human" => LogFormat::Human,
                "json" => LogFormat::Json,
                _ => {
                    return Err((
                        format!("`{value}` is not a log format"),
                        "Write `human` or `json`.",
                    ));
                }
            };
        }
        _ => config.log.level = value,
    }
    Ok(())
}
