//! Environment variables that set a value of the configuration; they win over the file.

use super::{Config, ConfigError, DatabaseSource, HttpAddress, LogFormat};

/// Every variable with what it sets, for `switchyard serve --help` and the documentation.
pub const VARIABLES: &[(&str, &str)] = &[
    ("SWITCHYARD_LISTEN", "listen"),
    ("SWITCHYARD_DATA", "data"),
    ("SWITCHYARD_PUBLIC_ADDRESS", "public_address"),
    ("SWITCHYARD_CONTROL_STORE", "control_store"),
    ("SWITCHYARD_LOG_FORMAT", "log.format"),
    ("SWITCHYARD_LOG_LEVEL", "log.level"),
];

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
            config.control_store = Some(
                DatabaseSource::try_from(value)
                    .map_err(|message| (message, "Write `sqlite:PATH`."))?,
            );
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
