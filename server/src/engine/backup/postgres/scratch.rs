//! Databases of our own beside a target on the same server: to restore into and to compare with.
//! Each is dropped when its work is done; one that a killed process left is recognised by its name
//! and by nobody holding its lock, and dropped by the next.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;

use super::grant;
use crate::db::{
    Access, Connection, DatabaseUrl, DbError, Dialect, PostgresAddress, Statement, quote,
};
use crate::engine::backup::BackupError;
use crate::engine::manifest::Properties;

/// Begins the name of every database that is ours and nobody's data.
pub(in crate::engine) const PREFIX: &str = "switchyard_scratch_";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A session of the database that others are made, renamed and dropped from.
#[derive(Debug)]
pub(in crate::engine) struct Maintenance {
    pub(in crate::engine) db: Connection,
    target: PostgresAddress,
}

impl Maintenance {
    /// Opens it. It is `postgres`, which every server has for this; for that one itself, `template1`.
    pub(in crate::engine) async fn open(target: &PostgresAddress) -> Result<Self, BackupError> {
        let name = match target.database().as_deref() {
            Some("postgres") => "template1",
            _ => "postgres",
        };
        let url = DatabaseUrl::Postgres(target.with_database(name)?);
        let mut db = Connection::open(&url, Access::Write).await?;
        // nothing that the application needs is locked here
        db.execute("SET lock_timeout = '10s'").await?;
        db.execute("SET idle_in_transaction_session_timeout = 0")
            .await?;
        Ok(Self {
            db,
            target: target.clone(),
        })
    }

    /// Refuses when our role may not make databases, naming the grant.
    pub(in crate::engine) async fn may_create(&mut self) -> Result<(), BackupError> {
        let row = self
            .db
            .row("SELECT rolcreatedb OR rolsuper, rolname::text FROM pg_roles WHERE rolname = current_user")
            .await?;
        match row {
            Some(row) if row.integer(0) == 0 => {
                let role = quote(&row.string(1));
                Err(grant(
                    &row.string(1),
                    "create databases, without which a backup cannot be proved or restored",
                    &format!("ALTER ROLE {role} CREATEDB"),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Drops what killed processes have left.
    pub(in crate::engine) async fn drop_left_behind(&mut self) -> Result<(), DbError> {
        let left = self
            .db
            .rows(
                Statement::new(
                    "SELECT d.datname::text FROM pg_database AS d \
                     WHERE starts_with(d.datname::text, ?) AND pg_has_role(d.datdba, 'MEMBER')",
                )
                .bind(PREFIX),
            )
            .await?;
        for name in left.iter().map(|row| row.string(0)) {
            let free = Statement::new("SELECT pg_try_advisory_lock(hashtext(?))").bind(&*name);
            if self.db.count(free).await? == 1 {
                self.drop_named(&name).await?;
                let free = Statement::new("SELECT pg_advisory_unlock(hashtext(?))").bind(&*name);
                self.db.rows(free).await?;
            }
        }
        Ok(())
    }

    async fn drop_named(&mut self, name: &str) -> Result<(), DbError> {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote(name));
        self.db.execute(drop).await.map(std::mem::drop)
    }

    /// Makes an empty database with the properties of another, locked for as long as this session
    /// lives.
    pub(in crate::engine) async fn create(
        mut self,
        properties: &Properties,
    ) -> Result<Scratch, BackupError> {
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let stamp = Timestamp::now().strftime("%Y%m%d%H%M%S").to_string();
        let process = std::process::id();
        let name = format!("{PREFIX}{stamp}_{process}_{number}");
        let lock = Statement::new("SELECT pg_advisory_lock(hashtext(?))::text").bind(&*name);
        self.db.rows(lock).await?;
        let literal = |text: &str| Dialect::Postgres.literal(text);
        let mut create = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}",
            quote(&name),
            literal(&properties.encoding),
            literal(&properties.collate),
            literal(&properties.ctype)
        );
        if let Some(locale) = &properties.icu_locale {
            create.push_str(&format!(
                " LOCALE_PROVIDER icu ICU_LOCALE {}",
                literal(locale)
            ));
        }
        if let Some(locale) = &properties.builtin_locale {
            create.push_str(&format!(
                " LOCALE_PROVIDER builtin BUILTIN_LOCALE {}",
                literal(locale)
            ));
        }
        self.db.execute(create).await?;
        let scratch = Scratch {
            address: self.target.with_database(&name)?,
            maintenance: self,
            name,
        };
        scratch.configured(properties).await
    }
}

/// A database of our own. [`Scratch::remove`] drops it; a process that is killed leaves it to the next.
#[derive(Debug)]
pub(in crate::engine) struct Scratch {
    pub(in crate::engine) maintenance: Maintenance,
    pub(in crate::engine) address: PostgresAddress,
    pub(in crate::engine) name: String,
}

impl Scratch {
    /// Sets what the target has set for its database, and drops it again when that is refused.
    async fn configured(mut self, properties: &Properties) -> Result<Self, BackupError> {
        match self.configure(properties).await {
            Ok(()) => Ok(self),
            Err(error) => {
                self.remove().await;
                Err(error.into())
            }
        }
    }

    async fn configure(&mut self, properties: &Properties) -> Result<(), DbError> {
        let name = quote(&self.name);
        for (role, line) in &properties.settings {
            let Some((setting, value)) = line.split_once('=') else {
                continue;
            };
            let whose = match role {
                Some(role) => format!("ROLE {} IN DATABASE {name}", quote(role)),
                None => format!("DATABASE {name}"),
            };
            let value = setting_value(setting, value);
            let set = format!("ALTER {whose} SET {} TO {value}", quote(setting));
            self.maintenance.db.execute(set).await?;
        }
        Ok(())
    }

    /// A session of it.
    pub(in crate::engine) async fn open(&self, access: Access) -> Result<Connection, DbError> {
        Connection::open(&DatabaseUrl::Postgres(self.address.clone()), access).await
    }

    /// Drops it. A failure is not reported: its name says what it is, and the next one tries again.
    pub(in crate::engine) async fn remove(mut self) {
        let _ = self.maintenance.drop_named(&self.name).await;
        self.maintenance.db.close().await;
    }
}

/// The value of a setting as `SET` takes it. Lists of names are kept as the server quotes them.
fn setting_value(setting: &str, value: &str) -> String {
    const LISTS: [&str; 6] = [
        "search_path",
        "temp_tablespaces",
        "session_preload_libraries",
        "shared_preload_libraries",
        "local_preload_libraries",
        "unix_socket_directories",
    ];
    match LISTS.contains(&setting) {
        true if value.is_empty() => "''".to_owned(),
        true => value.to_owned(),
        false => Dialect::Postgres.literal(value),
    }
}
