//! Which files of a directory are ours, so that what is no longer public is taken away again, and what others put there
//! never is.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::export::{ExportError, failed, replace};

/// Name of the list; hosts do not serve it unless they are told to.
const NAME: &str = ".switchyard-files.json";

/// The names of our files, relative to their directory.
pub(super) struct Manifest<'a> {
    directory: &'a Path,
    names: BTreeSet<String>,
}

impl<'a> Manifest<'a> {
    /// Whether something was written into this directory earlier.
    pub(super) fn is_in(directory: &Path) -> bool {
        directory.join(NAME).exists()
    }

    /// The list of a directory; empty when there is none.
    pub(super) fn read(directory: &'a Path) -> Result<Self, ExportError> {
        let path = directory.join(NAME);
        let names = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                // pages must go out in any case; what the list named stays until a person looks
                tracing::warn!(path = %path.display(), %error,
                    "the list of files cannot be understood and is begun anew; remove by hand what is no longer public");
                BTreeSet::new()
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeSet::new(),
            Err(error) => return Err(failed(&path)(error)),
        };
        Ok(Self { directory, names })
    }

    /// Takes these names as ours, before the files are written: a crash in between loses none.
    pub(super) fn add(&mut self, names: &BTreeSet<String>) -> Result<(), ExportError> {
        if names.is_subset(&self.names) {
            return Ok(());
        }
        self.names.extend(names.iter().cloned());
        self.write()
    }

    /// Removes our files that are not to be kept, and answers which those were.
    pub(super) fn remove_all_but(
        &mut self,
        keep: impl Fn(&str) -> bool,
    ) -> Result<Vec<PathBuf>, ExportError> {
        let gone: Vec<String> = self
            .names
            .iter()
            .filter(|name| !keep(name))
            .cloned()
            .collect();
        let mut removed = Vec::new();
        for name in &gone {
            if let Some(path) = self.file(name) {
                std::fs::remove_file(&path).map_err(failed(&path))?;
                removed.push(path);
            }
            self.names.remove(name);
        }
        for place in removed.iter().filter_map(|path| path.parent()) {
            if place != self.directory {
                // stays when somebody else has a file there
                let _ = std::fs::remove_dir(place);
            }
        }
        if !gone.is_empty() {
            self.write()?;
        }
        Ok(removed)
    }

    /// The file of this name, when it is one that we may have written: no way out of the directory, no link.
    fn file(&self, name: &str) -> Option<PathBuf> {
        let relative = Path::new(name);
        let plain = relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        let path = self.directory.join(relative);
        let is = |path: &Path, what: fn(&std::fs::Metadata) -> bool| {
            std::fs::symlink_metadata(path).is_ok_and(|found| what(&found))
        };
        let place = path.parent()?;
        let ours = plain
            && (place == self.directory || is(place, std::fs::Metadata::is_dir))
            && is(&path, std::fs::Metadata::is_file);
        ours.then_some(path)
    }

    fn write(&self) -> Result<(), ExportError> {
        // names can always be written
        let text = serde_json::to_vec(&self.names).unwrap_or_default();
        replace(&self.directory.join(NAME), &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_somebody_changed_leads_to_no_file_of_others() {
        let around = tempfile::tempdir().unwrap();
        let directory = around.path().join("status");
        let elsewhere = around.path().join("elsewhere");
        for place in [&directory, &elsewhere] {
            std::fs::create_dir(place).unwrap();
            std::fs::write(place.join("index.html"), "x").unwrap();
        }
        std::os::unix::fs::symlink(&elsewhere, directory.join("linked")).unwrap();
        std::os::unix::fs::symlink(elsewhere.join("index.html"), directory.join("link")).unwrap();
        let whole = elsewhere.join("index.html").display().to_string();
        let names = [
            "../elsewhere/index.html",
            &whole,
            "linked/index.html",
            "link",
            "",
            ".",
            "nothing",
            "index.html",
        ];
        std::fs::write(directory.join(NAME), serde_json::to_string(&names).unwrap()).unwrap();
        let removed = Manifest::read(&directory)
            .unwrap()
            .remove_all_but(|_| false);
        assert_eq!(removed.unwrap(), [directory.join("index.html")]);
        assert!(elsewhere.join("index.html").is_file());
        assert!(directory.join("link").is_symlink() && directory.join("linked").is_symlink());
        assert!(Manifest::read(&directory).unwrap().names.is_empty());
    }
}
