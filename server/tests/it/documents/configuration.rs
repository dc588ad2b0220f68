//! `docs/configuration.md` and the JSON Schema of the configuration say what is read at start.

use std::path::Path;

use server::config::{self, Config, ConfigError};

use super::{check_generated, check_keys, check_refusals, document, pretty};

#[test]
fn the_json_schema_is_the_one_of_the_types() {
    let schema = serde_json::to_value(Config::json_schema()).expect("a schema is JSON");
    check_generated("configuration.schema.json", &pretty(&schema));
}

#[test]
fn every_key_is_documented() {
    let schema = serde_json::to_value(Config::json_schema()).expect("a schema is JSON");
    check_keys("configuration.md", &schema);
}

#[test]
fn every_environment_variable_is_documented() {
    let text = document("configuration.md");
    for (variable, key) in config::VARIABLES {
        assert!(
            text.contains(&format!("| `{variable}` | `{key}` |")),
            "docs/configuration.md lacks {variable}"
        );
    }
}

#[test]
fn what_is_said_to_be_refused_is_refused() {
    check_refusals("configuration.md", 24, |text| {
        // where the file that the whole example names is
        let base = Path::new("tests/it/mail/certificates");
        match config::from_text(text, Path::new("switchyard.toml"), base, &|name| {
            ["SMTP_PASSWORD", "METRICS_TOKEN"]
                .contains(&name)
                .then(|| "secret".into())
        }) {
            Ok(_) => None,
            Err(ConfigError::Wrong {
                line,
                message,
                remedy,
                ..
            }) => Some((line, format!("{message}\n{remedy}"))),
            Err(other) => Some((0, other.to_string())),
        }
    });
}
