//! Reads one variable of an application's environment file and changes exactly that one: comments, order, quotes, line
//! ends, permission and owner stay. It must not judge what the variable means.

mod assignment;

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use assignment::{Assignment, assignments, fits};

/// Larger files are not environment files.
const LARGEST_BYTES: u64 = 1024 * 1024;

/// Why an environment file could not be read or changed. The file is then as it was.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentFileError {
    /// No such file.
    #[error("there is no environment file at {path}")]
    Missing {
        /// The file.
        path: String,
    },
    /// The file does not set the variable.
    #[error("{path} does not set {variable}")]
    NoVariable {
        /// The file.
        path: String,
        /// The variable.
        variable: String,
    },
    /// The file sets the variable more than once; which one counts depends on the application.
    #[error("{path} sets {variable} {times} times")]
    SetTwice {
        /// The file.
        path: String,
        /// The variable.
        variable: String,
        /// How often.
        times: usize,
    },
    /// The file or its directory cannot be written.
    #[error("{path} is read-only")]
    ReadOnly {
        /// The file or directory.
        path: String,
    },
    /// Somebody else changed the file meanwhile.
    #[error("{path} was changed by somebody else meanwhile")]
    ChangedMeanwhile {
        /// The file.
        path: String,
    },
    /// The value cannot be written where it has to stand.
    #[error("{value:?} cannot be written as the value of {variable}")]
    UnfitValue {
        /// The variable.
        variable: String,
        /// The value.
        value: String,
    },
    /// The file is too large to be an environment file.
    #[error("{path} has {bytes} bytes, more than an environment file has")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size.
        bytes: u64,
    },
    /// Reading or writing failed.
    #[error("{path} could not be read or written")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl EnvironmentFileError {
    /// One sentence on what to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Missing { .. } => {
                "Correct environment_file in the configuration of the system.".into()
            }
            Self::NoVariable { variable, .. } => {
                format!("Add a line {variable}=VALUE with the present mode to the file.")
            }
            Self::SetTwice { variable, .. } => {
                format!("Keep one line that sets {variable} and remove the others.")
            }
            Self::ReadOnly { .. } => {
                "Give the account running Switchyard write access to the file and its directory."
                    .into()
            }
            Self::ChangedMeanwhile { .. } => "Look at the file, then try again.".into(),
            Self::UnfitValue { .. } => {
                "Correct the values of the mode in the playbook: one word without quotes.".into()
            }
            Self::TooLarge { .. } => {
                "Name the environment file itself in the configuration of the system.".into()
            }
            Self::Io { .. } => "Check the file, its disk and the system's log.".into(),
        }
    }
}

/// The value that the file sets for a variable; none when it does not set it.
pub fn read_variable(path: &Path, variable: &str) -> Result<Option<String>, EnvironmentFileError> {
    let (path, bytes) = read(path)?;
    let found = all_of(&bytes, variable);
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(text_of(&bytes[one.value.clone()]))),
        several => Err(EnvironmentFileError::SetTwice {
            path: shown(&path),
            variable: variable.into(),
            times: several.len(),
        }),
    }
}

/// Sets a variable that the file already sets, and answers its value before. With `expected`, the change is made only
/// when the present value is that one. Atomic: a reader sees the old file or the new one, also after a power cut.
pub fn set_variable(
    path: &Path,
    variable: &str,
    expected: Option<&str>,
    value: &str,
) -> Result<String, EnvironmentFileError> {
    let (path, before) = read(path)?;
    let found = all_of(&before, variable);
    let assignment = match found.as_slice() {
        [] => {
            return Err(EnvironmentFileError::NoVariable {
                path: shown(&path),
                variable: variable.into(),
            });
        }
        [one] => one,
        several => {
            return Err(EnvironmentFileError::SetTwice {
                path: shown(&path),
                variable: variable.into(),
                times: several.len(),
            });
        }
    };
    let previous = text_of(&before[assignment.value.clone()]);
    if expected.is_some_and(|expected| expected != previous) {
        return Err(EnvironmentFileError::ChangedMeanwhile { path: shown(&path) });
    }
    if !fits(value, assignment.quote) {
        return Err(EnvironmentFileError::UnfitValue {
            variable: variable.into(),
            value: value.into(),
        });
    }
    let mut after = before.clone();
    after.splice(assignment.value.clone(), value.bytes());
    swap(&path, &before, &after)?;
    Ok(previous)
}

fn all_of(bytes: &[u8], variable: &str) -> Vec<Assignment> {
    assignments(bytes)
        .into_iter()
        .filter(|assignment| &bytes[assignment.name.clone()] == variable.as_bytes())
        .collect()
}

/// The file behind a link, so that the link itself stays, and its bytes.
fn read(path: &Path) -> Result<(PathBuf, Vec<u8>), EnvironmentFileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => EnvironmentFileError::Missing { path: shown(path) },
        _ => EnvironmentFileError::Io {
            path: shown(path),
            source,
        },
    };
    let real = fs::canonicalize(path).map_err(failed)?;
    let about = fs::metadata(&real).map_err(failed)?;
    if about.len() > LARGEST_BYTES {
        return Err(EnvironmentFileError::TooLarge {
            path: shown(path),
            bytes: about.len(),
        });
    }
    let bytes = fs::read(&real).map_err(failed)?;
    Ok((real, bytes))
}

/// Puts `after` in the place of `before`, if the file still is `before`.
fn swap(path: &Path, before: &[u8], after: &[u8]) -> Result<(), EnvironmentFileError> {
    let failed = |at: &Path, source: io::Error| match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            EnvironmentFileError::ReadOnly { path: shown(at) }
        }
        _ => EnvironmentFileError::Io {
            path: shown(at),
            source,
        },
    };
    let about = fs::metadata(path).map_err(|error| failed(path, error))?;
    // a rename would replace a write-protected file without asking; its owner protected it for a reason
    if about.permissions().mode() & 0o222 == 0 {
        return Err(EnvironmentFileError::ReadOnly { path: shown(path) });
    }
    File::options()
        .write(true)
        .open(path)
        .map_err(|error| failed(path, error))?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut beside = tempfile::Builder::new()
        .prefix(".environment-")
        .tempfile_in(directory)
        .map_err(|error| failed(directory, error))?;
    let write = |file: &mut File| -> io::Result<()> {
        file.write_all(after)?;
        file.set_permissions(about.permissions())?;
        file.sync_all()
    };
    write(beside.as_file_mut()).map_err(|error| failed(path, error))?;
    let made = beside
        .as_file()
        .metadata()
        .map_err(|error| failed(path, error))?;
    if (made.uid(), made.gid()) != (about.uid(), about.gid()) {
        chown(beside.path(), Some(about.uid()), Some(about.gid()))
            .map_err(|error| failed(path, error))?;
        // changing the owner may clear bits of the permission
        fs::set_permissions(beside.path(), about.permissions())
            .map_err(|error| failed(path, error))?;
    }
    if fs::read(path).map_err(|error| failed(path, error))? != before {
        return Err(EnvironmentFileError::ChangedMeanwhile { path: shown(path) });
    }
    beside
        .persist(path)
        .map_err(|error| failed(path, error.error))?;
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| failed(directory, error))
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# the mode of the application\r\nSECRET_KEY='a=b # c'\n\nexport BMMS_MODE = \"obcms\"  # or bmms\r\nNOTE=\"two\nBMMS_MODE=not me\nlines\"\nLAST=1";

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".env");
        fs::write(&path, text).unwrap();
        (directory, path)
    }

    #[test]
    fn only_the_value_changes() {
        let (_directory, path) = file(FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let before = set_variable(&path, "BMMS_MODE", Some("obcms"), "bmms").unwrap();
        assert_eq!(before, "obcms");
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            FILE.replace("\"obcms\"", "\"bmms\"")
        );
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o640);
        assert_eq!(
            read_variable(&path, "BMMS_MODE").unwrap().as_deref(),
            Some("bmms")
        );
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_a_link() {
        let (directory, path) = file("BMMS_MODE=obcms\n");
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        set_variable(&link, "BMMS_MODE", None, "bmms").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "BMMS_MODE=bmms\n");
    }

    #[test]
    fn a_missing_variable_is_refused_and_nothing_is_added() {
        let (_directory, path) = file("# BMMS_MODE=obcms\nOTHER=1\n");
        let error = set_variable(&path, "BMMS_MODE", None, "bmms").unwrap_err();
        assert!(matches!(error, EnvironmentFileError::NoVariable { .. }));
        assert!(error.remedy().contains("BMMS_MODE=VALUE"));
        assert_eq!(read_variable(&path, "BMMS_MODE").unwrap(), None);
        assert!(!fs::read_to_string(&path).unwrap().contains("bmms"));
    }

    #[test]
    fn a_variable_that_is_set_twice_is_refused() {
        let (_directory, path) = file("BMMS_MODE=obcms\nBMMS_MODE=bmms\n");
        let error = set_variable(&path, "BMMS_MODE", None, "bmms").unwrap_err();
        assert!(matches!(
            error,
            EnvironmentFileError::SetTwice { times: 2, .. }
        ));
    }

    #[test]
    fn a_write_protected_file_is_refused() {
        let (_directory, path) = file("BMMS_MODE=obcms\n");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let error = set_variable(&path, "BMMS_MODE", None, "bmms").unwrap_err();
        assert!(matches!(error, EnvironmentFileError::ReadOnly { .. }));
        assert_eq!(fs::read_to_string(&path).unwrap(), "BMMS_MODE=obcms\n");
    }

    #[test]
    fn a_change_by_somebody_else_is_not_overwritten() {
        let (_directory, path) = file("BMMS_MODE=bmms\n");
        let error = set_variable(&path, "BMMS_MODE", Some("obcms"), "bmms").unwrap_err();
        assert!(matches!(
            error,
            EnvironmentFileError::ChangedMeanwhile { .. }
        ));
        let error = swap(&path, b"BMMS_MODE=obcms\n", b"BMMS_MODE=x\n").unwrap_err();
        assert!(matches!(
            error,
            EnvironmentFileError::ChangedMeanwhile { .. }
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "BMMS_MODE=bmms\n");
    }

    #[test]
    fn a_value_that_would_break_its_line_is_refused() {
        let (_directory, path) = file("BMMS_MODE=obcms\n");
        for value in ["two words", "a\nB=c", "a'b", "", "#x"] {
            let error = set_variable(&path, "BMMS_MODE", None, value).unwrap_err();
            assert!(
                matches!(error, EnvironmentFileError::UnfitValue { .. }),
                "{value}"
            );
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_variable(Path::new("/nowhere/.env"), "BMMS_MODE").unwrap_err();
        assert!(error.to_string().contains("/nowhere/.env"));
    }
}
