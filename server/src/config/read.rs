//! Reads the configuration file and says where it is wrong: file, line, what, and what to do.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::environment;
use super::{Config, DatabaseSource, Hook};
use crate::db::DatabaseUrl;

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: the configuration file cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key or value is wrong.
    #[error("{path}:{line}: {message}\n  {excerpt}\n  {remedy}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Line in it, from 1.
        line: usize,
        /// What is wrong.
        message: String,
        /// The line itself; empty where it could hold a secret.
        excerpt: String,
        /// What to do.
        remedy: String,
    },
    /// An environment variable is wrong.
    #[error("environment variable {name}: {message}\n  {remedy}")]
    Environment {
        /// The variable.
        name: String,
        /// What is wrong.
        message: String,
        /// What to do.
        remedy: String,
    },
}

/// Reads a configuration file, then the environment, which wins.
///
/// # Errors
/// When the file, a key, a value or a variable is wrong.
pub fn from_file(path: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let base = path.parent().unwrap_or(Path::new(""));
    of_this_process(&text, path, base)
}

/// The configuration without a file: what the environment says, and defaults.
///
/// # Errors
/// When a variable is wrong.
pub fn from_environment() -> Result<Config, ConfigError> {
    of_this_process("", Path::new("(no file)"), Path::new(""))
}

/// With the environment of this process, in which no variable of ours may stand that nothing reads.
fn of_this_process(text: &str, path: &Path, base: &Path) -> Result<Config, ConfigError> {
    let asked = RefCell::new(BTreeSet::new());
    let config = from_text(text, path, base, &|name| {
        asked.borrow_mut().insert(name.to_owned());
        std::env::var(name).ok()
    })?;
    let present = std::env::vars_os().filter_map(|(name, value)| {
        let value = value.to_string_lossy().into_owned();
        Some((name.into_string().ok()?, value))
    });
    environment::refuse_unknown(&asked.into_inner(), present)?;
    Ok(config)
}

/// Reads a configuration from text. `path` is named in errors, relative paths start at `base`, and `variable` is
/// the environment.
///
/// # Errors
/// When a key, a value or a variable is wrong.
pub fn from_text(
    text: &str,
    path: &Path,
    base: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let place = Place { text, path };
    let mut config: Config = toml::from_str(text).map_err(|error| {
        place.wrong(
            error.span().unwrap_or(0..0),
            error.message().to_owned(),
            "Keys and values are described in docs/configuration.md.",
        )
    })?;
    config.resolve(base);
    environment::apply(&mut config, variable)?;
    check(&mut config, &place, variable)?;
    Ok(config)
}

/// The text of a configuration, to find lines in.
struct Place<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Place<'_> {
    fn wrong(&self, span: Range<usize>, message: String, remedy: &str) -> ConfigError {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let excerpt = self.text.lines().nth(line - 1).unwrap_or_default().trim();
        // a line that names a database may hold a password that somebody put there by mistake
        let secret = excerpt.starts_with("database")
            || excerpt.starts_with("control_store")
            || excerpt.starts_with("password");
        ConfigError::Wrong {
            path: self.path.to_owned(),
            line,
            message,
            excerpt: if secret {
                String::new()
            } else {
                excerpt.to_owned()
            },
            remedy: remedy.to_owned(),
        }
    }

    /// The table of a system, or the beginning of the file.
    fn system(&self, index: usize) -> Range<usize> {
        #[derive(serde::Deserialize)]
        struct Spans {
            #[serde(default)]
            systems: Vec<Spanned<toml::Table>>,
        }
        toml::from_str::<Spans>(self.text)
            .ok()
            .and_then(|spans| spans.systems.get(index).map(Spanned::span))
            .unwrap_or(0..0)
    }

    /// A key of a table of a system, such as `probes`; the table of the system when it is not found.
    fn system_key(&self, index: usize, table: &str, key: &str) -> Range<usize> {
        self.key_below(self.system(index).start, &format!("[systems.{table}]"), key)
    }

    /// A key of a table at the top level; the heading of the table when the key is not there.
    fn table_key(&self, table: &str, key: &str) -> Range<usize> {
        let heading = format!("[{table}]");
        self.key_below(self.key(&heading).start, &heading, key)
    }

    /// A key of the first table with this heading that begins at `whole` or behind it; `whole` when it is not found.
    fn key_below(&self, whole: usize, heading: &str, key: &str) -> Range<usize> {
        let mut offset = 0;
        let mut inside = false;
        for line in self.text.split_inclusive('\n') {
            let here = offset..offset;
            offset += line.len();
            let line = line.trim();
            if line.starts_with('[') {
                // the table of this system is the first one behind its beginning
                inside = here.start >= whole && line == heading;
            } else if inside && line.split(['=', ' ']).next() == Some(key) {
                return here;
            }
        }
        whole..whole
    }

    /// A key at the top level or in a table of it.
    fn key(&self, name: &str) -> Range<usize> {
        let start = self
            .text
            .lines()
            .scan(0, |offset, line| {
                let here = *offset;
                *offset += line.len() + 1;
                Some((here, line))
            })
            .find(|(_, line)| line.trim_start().starts_with(name))
            .map_or(0, |(offset, _)| offset);
        start..start
    }
}

fn check(
    config: &mut Config,
    place: &Place<'_>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(), ConfigError> {
    for (key, value, range) in [
        ("idle_minutes", config.sessions.idle_minutes, 1..=1440),
        ("absolute_hours", config.sessions.absolute_hours, 1..=168),
        ("expires_hours", config.approvals.expires_hours, 1..=168),
    ] {
        if !range.contains(&value) {
            let message = format!("`{key}` is {value}");
            let remedy = format!("Write a number from {} to {}.", range.start(), range.end());
            return Err(place.wrong(place.key(key), message, &remedy));
        }
    }
    if let Some(source) = &mut config.control_store {
        source.read(variable).map_err(|message| {
            place.wrong(
                place.key("control_store"),
                message,
                "Write `sqlite:PATH`, or `env:NAME` or `file:PATH` of an address, or leave it out.",
            )
        })?;
        if let Err(error) = source.url().expose().parse::<DatabaseUrl>() {
            return Err(place.wrong(
                place.key("control_store"),
                error.to_string(),
                error.remedy(),
            ));
        }
    }
    check_mail(config, place, variable)?;
    if let Some(token) = &mut config.metrics.token {
        token.read(variable).map_err(|message| {
            place.wrong(
                place.table_key("metrics", "token"),
                format!("the token of the numbers: {message}"),
                "Set it, or name another place: `env:NAME` or `file:PATH`.",
            )
        })?;
    }
    for index in 0..config.systems.len() {
        check_system(config, index, place, variable)?;
    }
    Ok(())
}

fn check_mail(
    config: &mut Config,
    place: &Place<'_>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(), ConfigError> {
    let Some(mail) = &mut config.mail else {
        return Ok(());
    };
    if let Some((key, message, remedy)) = mail.trouble() {
        return Err(place.wrong(place.table_key("mail", key), message, remedy));
    }
    if let Some(password) = &mut mail.password {
        password.read(variable).map_err(|message| {
            place.wrong(
                place.table_key("mail", "password"),
                format!("the password of the mail server: {message}"),
                "Set it, or name another place: `env:NAME` or `file:PATH`.",
            )
        })?;
    }
    if config.public_address.is_none() {
        return Err(place.wrong(
            place.key("[mail]"),
            "mails hold links, and where they lead is not known".into(),
            "Write `public_address`, the address that people open.",
        ));
    }
    Ok(())
}

fn check_system(
    config: &mut Config,
    index: usize,
    place: &Place<'_>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(), ConfigError> {
    let at = || place.system(index);
    let slug = config.systems[index].slug.clone();
    if config.systems[..index]
        .iter()
        .any(|other| other.slug == slug)
    {
        return Err(place.wrong(
            at(),
            format!("two systems have the slug `{slug}`"),
            "Give each system its own slug.",
        ));
    }
    let system = &mut config.systems[index];
    read_source(&mut system.database, variable).map_err(|message| {
        place.wrong(
            at(),
            format!("database of `{slug}`: {message}"),
            "Write `sqlite:PATH`, `env:NAME` or `file:PATH`.",
        )
    })?;
    if !(1..=720).contains(&system.backup_hours) {
        return Err(place.wrong(
            at(),
            format!("`backup_hours` of `{slug}` is {}", system.backup_hours),
            "Write a number from 1 to 720.",
        ));
    }
    if jiff::tz::TimeZone::get(&system.timezone).is_err() {
        return Err(place.wrong(
            at(),
            format!("`{}` is not a time zone", system.timezone),
            "Write a name of the time zone database, such as `Asia/Manila`.",
        ));
    }
    if let Some((key, message, remedy)) = system.probes.trouble() {
        return Err(place.wrong(
            place.system_key(index, "probes", key),
            format!("the probes of `{slug}`: {message}"),
            &remedy,
        ));
    }
    if !system.probes.views.is_empty() && system.application_url.is_none() {
        return Err(place.wrong(
            place.system_key(index, "probes", "views"),
            format!("the probes of `{slug}` name views, but it has no `application_url`"),
            "Write `application_url`, below which the views are.",
        ));
    }
    for (name, hook) in [
        ("restart", &system.hooks.restart),
        ("deploy", &system.hooks.deploy),
        ("stop", &system.hooks.stop),
    ] {
        if let Some(message) = hook.as_ref().and_then(hook_trouble) {
            return Err(place.wrong(
                at(),
                format!("the {name} hook of `{slug}` {message}"),
                "Write such as `restart = { command = [\"systemctl\", \"restart\", \"obcms\"], timeout_seconds = 60 }`.",
            ));
        }
    }
    Ok(())
}

fn read_source(
    source: &mut DatabaseSource,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(), String> {
    source.read(variable)
}

fn hook_trouble(hook: &Hook) -> Option<&'static str> {
    if hook.command.first().is_none_or(String::is_empty) {
        Some("names no program")
    } else if !(1..=3600).contains(&hook.timeout_seconds) {
        Some("has a `timeout_seconds` that is not from 1 to 3600")
    } else {
        None
    }
}
