//! The address of a PostgreSQL database: what libpq takes as a URL, `PG…` variables and the
//! password file included. What is shown of it never holds the password.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use sqlx::postgres::PgConnectOptions;

use super::DbError;
use crate::secret::Secret;

/// The address of a PostgreSQL database.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    text: Secret<String>,
    shown: String,
}

impl PostgresAddress {
    /// The options to connect with; the password file is read anew.
    pub(crate) fn options(&self) -> Result<PgConnectOptions, DbError> {
        options(self.text.expose())
    }

    /// The address as it was given.
    pub(super) fn whole(&self) -> Secret<String> {
        self.text.clone()
    }

    /// The same server with another database.
    pub fn with_database(&self, name: &str) -> Result<Self, DbError> {
        let options = self.options()?.database(name);
        let mut text = sqlx::ConnectOptions::to_url_lossy(&options);
        // what the driver leaves out of the URL that it writes
        if let Some(socket) = options.get_socket() {
            text.query_pairs_mut()
                .append_pair("host", &socket.display().to_string());
        }
        text.as_str().parse()
    }

    /// The same way as variables of libpq, for PostgreSQL's own programs. A password is among
    /// them: they are for the environment of a child and for nothing else.
    pub fn environment(&self) -> Result<Vec<(&'static str, String)>, DbError> {
        let options = self.options()?;
        let mut variables = vec![
            ("PGPORT", options.get_port().to_string()),
            ("PGUSER", options.get_username().to_owned()),
            ("PGAPPNAME", "switchyard".to_owned()),
            ("PGCONNECT_TIMEOUT", "10".to_owned()),
            (
                "PGHOST",
                match options.get_socket() {
                    Some(socket) => socket.display().to_string(),
                    None => options.get_host().to_owned(),
                },
            ),
        ];
        if let Some(settings) = options.get_options() {
            variables.push(("PGOPTIONS", settings.to_owned()));
        }
        let url = sqlx::ConnectOptions::to_url_lossy(&options);
        for (name, value) in url.query_pairs() {
            let variable = match &*name {
                "sslmode" => "PGSSLMODE",
                "sslrootcert" => "PGSSLROOTCERT",
                "sslcert" => "PGSSLCERT",
                "sslkey" => "PGSSLKEY",
                _ => continue,
            };
            variables.push((variable, value.into_owned()));
        }
        if let Some(password) = url.password() {
            let password = percent_decode_str(password).decode_utf8_lossy();
            variables.push(("PGPASSWORD", password.into_owned()));
        }
        Ok(variables)
    }

    /// The name of the database.
    pub fn database(&self) -> Option<String> {
        let options = self.options().ok()?;
        Some(
            options
                .get_database()
                .unwrap_or(options.get_username())
                .to_owned(),
        )
    }
}

fn options(text: &str) -> Result<PgConnectOptions, DbError> {
    // the driver's words may repeat a part of the address
    text.parse().map_err(|_| DbError::Url {
        why: "it is not an address of PostgreSQL".into(),
    })
}

impl FromStr for PostgresAddress {
    type Err = DbError;

    fn from_str(text: &str) -> Result<Self, DbError> {
        let options = options(text)?;
        let (user, port) = (options.get_username(), options.get_port());
        let database = options.get_database().unwrap_or(user);
        let shown = match options.get_socket() {
            Some(socket) => format!(
                "postgres:///{database}?host={}&port={port}&user={user}",
                socket.display()
            ),
            None => format!("postgres://{user}@{}:{port}/{database}", options.get_host()),
        };
        Ok(Self {
            text: Secret::new(text.to_owned()),
            shown,
        })
    }
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PostgresAddress({})", self.shown)
    }
}

impl Hash for PostgresAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.expose().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_never_shown() {
        let address: PostgresAddress = "postgres://me:hunter2@db.example:5433/obcms"
            .parse()
            .unwrap();
        assert_eq!(address.to_string(), "postgres://me@db.example:5433/obcms");
        assert!(!format!("{address:?}").contains("hunter2"));
        let socket = "postgres:///obcms?host=/run/pg&user=me&password=hunter2";
        let shown = socket.parse::<PostgresAddress>().unwrap().to_string();
        assert_eq!(shown, "postgres:///obcms?host=/run/pg&port=5432&user=me");
        assert_eq!(shown.parse::<PostgresAddress>().unwrap().to_string(), shown);
        let refused = "postgres://me:hunter2@db:port/x".parse::<PostgresAddress>();
        assert!(!refused.unwrap_err().to_string().contains("hunter2"));
    }

    #[test]
    fn programs_are_given_the_whole_way_and_the_password_as_it_is() {
        let address: PostgresAddress =
            "postgres://me:h%25%40nt%20er+%C3%B1@db.example:5433/obcms?sslmode=require"
                .parse()
                .unwrap();
        let variables = address.environment().unwrap();
        for expected in [
            ("PGHOST", "db.example"),
            ("PGPORT", "5433"),
            ("PGUSER", "me"),
            ("PGPASSWORD", "h%@nt er+ñ"),
            ("PGSSLMODE", "require"),
        ] {
            let found = variables.iter().find(|(name, _)| *name == expected.0);
            assert_eq!(found.map(|(_, value)| value.as_str()), Some(expected.1));
        }
    }

    #[test]
    fn another_database_of_the_same_server_keeps_the_way_to_it() {
        for text in [
            "postgres://me:hunter2@db.example:5433/obcms?sslmode=require",
            "postgres:///obcms?host=/run/postgresql&port=5433&user=me",
        ] {
            let address: PostgresAddress = text.parse().unwrap();
            let other = address.with_database("scratch").unwrap();
            assert_eq!(
                other.to_string(),
                address.to_string().replace("obcms", "scratch")
            );
            assert_eq!(other.database().as_deref(), Some("scratch"));
        }
    }
}
