//! Values of the configuration that are more than text: parsed when the file is read, so that a wrong one names its line.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::secret::Secret;

/// Gives a text-like value its schema: a string with a pattern and an example.
macro_rules! string_schema {
    ($type:ty, $name:literal, $pattern:literal, $example:literal) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "examples": [$example] })
            }
        }
    };
}

/// Short name of a system in addresses: lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Slug(String);
string_schema!(Slug, "Slug", "^[a-z0-9][a-z0-9-]{0,39}$", "obcms");

impl Slug {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Slug {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for Slug {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let fits = (1..=40).contains(&text.len())
            && text.starts_with(allowed)
            && text.chars().all(|letter| allowed(letter) || letter == '-');
        if fits {
            Ok(Self(text))
        } else {
            Err(format!(
                "`{text}` cannot be a slug: use 1 to 40 lower-case letters, digits and hyphens, such as `obcms`"
            ))
        }
    }
}

/// An address that starts with `http://` or `https://` and names a host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HttpAddress(String);
string_schema!(
    HttpAddress,
    "HttpAddress",
    "^https?://[^/]+",
    "http://127.0.0.1:8000/health"
);

impl HttpAddress {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HttpAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let host = text
            .strip_prefix("http://")
            .or_else(|| text.strip_prefix("https://"))
            .and_then(|rest| rest.split('/').next())
            .unwrap_or_default();
        if host.is_empty()
            || text
                .chars()
                .any(|letter| letter.is_whitespace() || letter.is_control())
        {
            Err(format!(
                "`{text}` is not an address: write it in full, such as `http://127.0.0.1:8000/health`"
            ))
        } else if host.contains('@') {
            Err(
                "an address must not hold a user or password: use a header of the proxy instead"
                    .into(),
            )
        } else {
            Ok(Self(text))
        }
    }
}

/// Where a database address comes from: written down, from an environment variable, or from a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum DatabaseSource {
    /// `sqlite:PATH`: a SQLite file.
    Sqlite(PathBuf),
    /// `env:NAME`: the environment variable holds the address.
    Environment(String),
    /// `file:PATH`: the first line of the file holds the address.
    File(PathBuf),
    /// What `env:` or `file:` held, once it was read.
    Resolved(Secret<String>),
}
string_schema!(
    DatabaseSource,
    "DatabaseSource",
    "^(sqlite|env|file):.+",
    "sqlite:/srv/obcms/db.sqlite3"
);

impl TryFrom<String> for DatabaseSource {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // the text is not repeated in the error: somebody may have written a password here
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(
                path.strip_prefix("//").unwrap_or(path),
            ))),
            Some(("env", name)) if !name.is_empty() => Ok(Self::Environment(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => Err(
                "an address with a password does not belong into this file: write `env:NAME` or `file:PATH`".into(),
            ),
            _ => Err("not a database: write `sqlite:PATH`, `env:NAME` or `file:PATH`".into()),
        }
    }
}

impl DatabaseSource {
    /// The address, such as `sqlite:/srv/obcms/db.sqlite3`. Never shown: another kind of database has a password in it.
    pub fn url(&self) -> Secret<String> {
        match self {
            Self::Sqlite(path) => Secret::new(format!("sqlite:{}", path.display())),
            Self::Resolved(url) => url.clone(),
            // `from_file` and `from_text` leave no other kind behind
            Self::Environment(name) => Secret::new(format!("env:{name}")),
            Self::File(path) => Secret::new(format!("file:{}", path.display())),
        }
    }

    pub(super) fn resolve(&mut self, base: &Path) {
        match self {
            Self::Sqlite(path) | Self::File(path) => *path = base.join(&*path),
            Self::Environment(_) | Self::Resolved(_) => {}
        }
    }

    /// Reads what `env:` and `file:` name. The error says what is missing, never what was found.
    pub(super) fn read(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), String> {
        let text = match &*self {
            Self::Sqlite(_) | Self::Resolved(_) => return Ok(()),
            Self::Environment(name) => variable(name).ok_or_else(|| {
                format!("the environment variable `{name}` is not set: set it to `sqlite:PATH` or `postgres://…`")
            })?,
            Self::File(path) => std::fs::read_to_string(path)
                .map_err(|error| format!("the file {} cannot be read: {error}", path.display()))?,
        };
        let url = text.lines().next().unwrap_or_default().trim().to_owned();
        if url.is_empty() {
            return Err("it names nothing: it has to hold `sqlite:PATH` or `postgres://…`".into());
        }
        *self = Self::Resolved(Secret::new(url));
        Ok(())
    }
}

/// A playbook: one that is built in, by name, or a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum PlaybookSource {
    /// Name of a playbook that is built in, such as `obcms-to-bmms`.
    BuiltIn(String),
    /// A file, recognised by its ending `.toml`.
    File(PathBuf),
}
string_schema!(PlaybookSource, "PlaybookSource", "^.+$", "obcms-to-bmms");

impl TryFrom<String> for PlaybookSource {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() {
            Err("name a playbook: one that is built in, such as `obcms-to-bmms`, or a file that ends with `.toml`".into())
        } else if text.ends_with(".toml") {
            Ok(Self::File(PathBuf::from(text)))
        } else {
            Ok(Self::BuiltIn(text))
        }
    }
}

impl PlaybookSource {
    pub(super) fn resolve(&mut self, base: &Path) {
        if let Self::File(path) = self {
            *path = base.join(&*path);
        }
    }
}
