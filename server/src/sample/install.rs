//! Puts the sample system into a directory: database and environment file, as an administrator of
//! OBCMS would find them.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::app::process::Launch;
use super::{Created, Options, SampleError, create};

/// The sample system in its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The database.
    pub database: PathBuf,
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
    std::fs::create_dir_all(directory).map_err(|source| SampleError::File {
        path: directory.to_owned(),
        source,
    })?;
    let directory = directory
        .canonicalize()
        .map_err(|source| SampleError::File {
            path: directory.to_owned(),
            source,
        })?;
    let installed = Installed {
        database: directory.join("db.sqlite3"),
        environment_file: directory.join(".env"),
        state: directory.join("run"),
    };
    let created = if installed.database.exists() {
        None
    } else {
        Some(create(&installed.database, options).await?)
    };
    if !installed.environment_file.exists() {
        write_environment_file(&installed)?;
    }
    Ok((installed, created))
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

fn write_environment_file(installed: &Installed) -> Result<(), SampleError> {
    let key: [u8; 24] = rand::random();
    let text = format!(
        "# Settings of OBCMS, read when it starts.\n\
         SECRET_KEY={}\n\
         DEBUG=False\n\
         ALLOWED_HOSTS=127.0.0.1,localhost\n\
         DATABASE_URL=sqlite:///{}\n\
         \n\
         # obcms: one office. bmms: the 44 ministries, offices and agencies, each with its own records.\n\
         BMMS_MODE=obcms\n\
         DEFAULT_ORGANIZATION_CODE=OOBC\n",
        hex::encode(key),
        installed.database.display()
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
