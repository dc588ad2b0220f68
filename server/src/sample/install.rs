//! Puts the sample system into a directory: database and environment file, as an administrator of
//! OBCMS would find them.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::app::process::Launch;
use super::{Created, Options, SampleError, create, create_on};
use crate::db::{Access, Connection, DatabaseUrl};
use crate::engine::inspect;

/// The sample system in its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The database.
    pub database: DatabaseUrl,
    /// The environment file.
    pub environment_file: PathBuf,
    /// Where the running application describes itself.
    pub state: PathBuf,
}

/// Creates what is missing of a sample system in `directory`, which stays as it is otherwise.
/// Answers what was created, or `None` for a database that was there.
pub async fn install(
    directory: &Path,
    options: &Options,
) -> Result<(Installed, Option<Created>), SampleError> {
    let directory = made(directory)?;
    let database = directory.join("db.sqlite3");
    let created = if database.exists() {
        None
    } else {
        Some(create(&database, options).await?)
    };
    let installed = installed(&directory, DatabaseUrl::Sqlite(database))?;
    Ok((installed, created))
}

/// The same with the sample in a PostgreSQL database, which is empty or has it already.
pub async fn install_on(
    directory: &Path,
    database: &DatabaseUrl,
    options: &Options,
) -> Result<(Installed, Option<Created>), SampleError> {
    let created = match create_on(database, options).await {
        Ok(created) => Some(created),
        Err(SampleError::NotEmpty(_)) if has_sample(database).await? => None,
        Err(error) => return Err(error),
    };
    let installed = installed(&made(directory)?, database.clone())?;
    Ok((installed, created))
}

/// Whether a database has the sample, told by a table that only the sample has.
async fn has_sample(database: &DatabaseUrl) -> Result<bool, SampleError> {
    let mut db = Connection::open(database, Access::Read).await?;
    let has = inspect::has_table(&mut db, "communities_community").await?;
    db.close().await;
    Ok(has)
}

fn made(directory: &Path) -> Result<PathBuf, SampleError> {
    std::fs::create_dir_all(directory)
        .and_then(|()| directory.canonicalize())
        .map_err(|source| SampleError::File {
            path: directory.to_owned(),
            source,
        })
}

fn installed(directory: &Path, database: DatabaseUrl) -> Result<Installed, SampleError> {
    let installed = Installed {
        database,
        environment_file: directory.join(".env"),
        state: directory.join("run"),
    };
    if !installed.environment_file.exists() {
        write_environment_file(&installed)?;
    } else if installed.database.path().is_none() {
        // a private server may have another socket each time it is started
        point_at_database(&installed)?;
    }
    Ok(installed)
}

impl Installed {
    /// How the application is started: this program, listening at `listen`, writing a record of
    /// its own every two seconds.
    ///
    /// # Errors
    /// When the path of this program is unknown.
    pub fn launch(&self, listen: SocketAddr) -> std::io::Result<Launch> {
        let path = |path: &Path| path.display().to_string();
        Ok(Launch {
            program: std::env::current_exe()?,
            arguments: vec![
                "sample-app".to_owned(),
                "--env-file".to_owned(),
                path(&self.environment_file),
                "--listen".to_owned(),
                listen.to_string(),
                "--state-dir".to_owned(),
                path(&self.state),
                "--write-every-ms".to_owned(),
                "2000".to_owned(),
            ],
            directory: std::env::current_dir()?,
        })
    }

    /// The argument list of a hook that restarts the application.
    ///
    /// # Errors
    /// When the path of this program is unknown.
    pub fn restart_hook(&self) -> std::io::Result<Vec<String>> {
        self.hook("restart")
    }

    /// The argument list of a hook that stops the application.
    ///
    /// # Errors
    /// When the path of this program is unknown.
    pub fn stop_hook(&self) -> std::io::Result<Vec<String>> {
        self.hook("stop")
    }

    fn hook(&self, verb: &str) -> std::io::Result<Vec<String>> {
        Ok(vec![
            std::env::current_exe()?.display().to_string(),
            "sample-app".to_owned(),
            verb.to_owned(),
            "--state-dir".to_owned(),
            self.state.display().to_string(),
        ])
    }
}

/// Writes the present address into the environment file, which keeps everything else.
fn point_at_database(installed: &Installed) -> Result<(), SampleError> {
    let path = &installed.environment_file;
    let wanted = database_line(installed);
    let rewrite = || {
        let text = std::fs::read_to_string(path)?;
        let lines: Vec<&str> = text
            .lines()
            .map(|line| match line.starts_with("DATABASE_URL=") {
                true => wanted.as_str(),
                false => line,
            })
            .collect();
        // as private as the file it replaces
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
        file.write_all((lines.join("\n") + "\n").as_bytes())?;
        file.persist(path)?;
        Ok(())
    };
    rewrite().map_err(|source: std::io::Error| SampleError::File {
        path: path.clone(),
        source,
    })
}

fn database_line(installed: &Installed) -> String {
    match installed.database.path() {
        Some(path) => format!("DATABASE_URL=sqlite:///{}", path.display()),
        None => format!("DATABASE_URL={}", installed.database.whole().expose()),
    }
}

fn write_environment_file(installed: &Installed) -> Result<(), SampleError> {
    let key: [u8; 24] = rand::random();
    let database = database_line(installed);
    let text = format!(
        "# Settings of OBCMS, read when it starts.\n\
         SECRET_KEY={}\n\
         DEBUG=False\n\
         ALLOWED_HOSTS=127.0.0.1,localhost\n\
         {database}\n\
         \n\
         # obcms: one office. bmms: the 44 ministries, offices and agencies, each with its own records.\n\
         BMMS_MODE=obcms\n\
         DEFAULT_ORGANIZATION_CODE=OOBC\n",
        hex::encode(key)
    );
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        // it holds a secret
        .mode(0o600)
        .open(&installed.environment_file)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| SampleError::File {
            path: installed.environment_file.clone(),
            source,
        })
}
