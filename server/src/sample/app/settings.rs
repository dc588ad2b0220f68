//! The environment file, as a Django application reads it: once, at its start.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::AppError;
use crate::db::DatabaseUrl;

/// Whom the application serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// One organization: `obcms`.
    Single,
    /// Many organizations: `bmms`.
    Multi,
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Single => "obcms",
            Self::Multi => "bmms",
        })
    }
}

/// What the environment file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `BMMS_MODE`.
    pub mode: Mode,
    /// `DEFAULT_ORGANIZATION_CODE`, `OOBC` when left out.
    pub default_organization: String,
    /// What `DATABASE_URL` names.
    pub database: DatabaseUrl,
    /// `SAMPLE_FAIL_IN_MODE`: the mode in which the application ends at its start.
    pub fail_in_mode: Option<Mode>,
    /// `SAMPLE_START_DELAY_MS`: how long the start takes.
    pub start_delay: Duration,
}

impl Settings {
    /// Reads an environment file.
    pub fn read(path: &Path) -> Result<Self, AppError> {
        let refused = |why: String| AppError::Settings {
            path: path.to_owned(),
            why,
        };
        let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
        let directory = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, directory).map_err(refused)
    }

    fn parse(text: &str, directory: &Path) -> Result<Self, String> {
        let values = variables(text);
        let value = |name: &str| {
            let value = values.get(name).map(String::as_str);
            value.filter(|value| !value.is_empty())
        };
        let required = |name: &str| value(name).ok_or(format!("{name} is not set"));
        required("SECRET_KEY")?;
        let delay = value("SAMPLE_START_DELAY_MS").unwrap_or("0");
        Ok(Self {
            mode: mode("BMMS_MODE", value("BMMS_MODE").unwrap_or("obcms"))?,
            default_organization: value("DEFAULT_ORGANIZATION_CODE")
                .unwrap_or("OOBC")
                .to_owned(),
            database: database(required("DATABASE_URL")?, directory)?,
            fail_in_mode: value("SAMPLE_FAIL_IN_MODE")
                .map(|value| mode("SAMPLE_FAIL_IN_MODE", value))
                .transpose()?,
            start_delay: Duration::from_millis(
                delay
                    .parse()
                    .map_err(|_| "SAMPLE_START_DELAY_MS is not a number".to_owned())?,
            ),
        })
    }
}

fn variables(text: &str) -> BTreeMap<&str, String> {
    let mut values = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        if line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        values.insert(name.trim(), unquoted(value.trim()));
    }
    values
}

fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote)
            && let Some((inside, _)) = rest.split_once(quote)
        {
            return inside.to_owned();
        }
    }
    // a remark behind an unquoted value is not part of it
    value
        .split_once(" #")
        .map_or(value, |(value, _)| value.trim_end())
        .to_owned()
}

fn mode(name: &str, value: &str) -> Result<Mode, String> {
    match value {
        "obcms" => Ok(Mode::Single),
        "bmms" => Ok(Mode::Multi),
        other => Err(format!("{name} is {other}: obcms and bmms are known")),
    }
}

/// `sqlite:///FILE` is below the environment file's directory, unless that path exists from the
/// root; `sqlite:////FILE` and `sqlite:/FILE` are from the root. An address of PostgreSQL is taken as it is.
fn database(url: &str, directory: &Path) -> Result<DatabaseUrl, String> {
    let Some(path) = url.strip_prefix("sqlite:") else {
        return url
            .parse()
            .map_err(|error| format!("DATABASE_URL: {error}"));
    };
    let path = match path.strip_prefix("//") {
        None => directory.join(path),
        Some(path) if path.starts_with("//") => PathBuf::from(&path[1..]),
        Some(path) if Path::new(path).exists() => PathBuf::from(path),
        Some(path) => directory.join(path.trim_start_matches('/')),
    };
    if path.is_file() {
        Ok(DatabaseUrl::Sqlite(path))
    } else {
        Err(format!(
            "DATABASE_URL names {}, which is no file",
            path.display()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_remarks_quotes_and_exports_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("db.sqlite3");
        std::fs::write(&database, "").unwrap();
        let text = "# OBCMS\nexport SECRET_KEY='a#b'\nBMMS_MODE=bmms # later obcms\nDATABASE_URL=\"sqlite:///db.sqlite3\"\nSAMPLE_FAIL_IN_MODE=obcms\n";
        let settings = Settings::parse(text, directory.path()).unwrap();
        assert_eq!(
            settings,
            Settings {
                mode: Mode::Multi,
                default_organization: "OOBC".to_owned(),
                database: DatabaseUrl::Sqlite(database.clone()),
                fail_in_mode: Some(Mode::Single),
                start_delay: Duration::ZERO,
            }
        );
        for url in [
            format!("sqlite://{}", database.display()),
            format!("sqlite:///{}", database.display()),
            format!("sqlite:{}", database.display()),
        ] {
            let text = format!("SECRET_KEY=x\nDATABASE_URL={url}");
            let settings = Settings::parse(&text, Path::new("/nowhere")).unwrap();
            assert_eq!(settings.database.path(), Some(database.as_path()), "{url}");
        }
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        let parse = |text: &str| Settings::parse(text, Path::new("/nowhere")).unwrap_err();
        assert_eq!(parse("BMMS_MODE=bmms"), "SECRET_KEY is not set");
        assert_eq!(parse("SECRET_KEY=x"), "DATABASE_URL is not set");
        assert_eq!(
            parse("SECRET_KEY=x\nBMMS_MODE=both"),
            "BMMS_MODE is both: obcms and bmms are known"
        );
        let unknown = parse("SECRET_KEY=x\nDATABASE_URL=mysql://db");
        assert!(unknown.contains("not supported"), "{unknown}");
        assert_eq!(
            parse("SECRET_KEY=x\nDATABASE_URL=sqlite:///db"),
            "DATABASE_URL names /nowhere/db, which is no file"
        );
    }
}
