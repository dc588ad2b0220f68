//! Takes the directories of this machine out of texts that a browser shows: the name of a file says which one is meant,
//! the way to it says where to break in.

use std::path::Path;

use crate::config::{PlaybookSource, SystemConfig};

/// Directories with what people call them, the longest first.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<(String, &'static str)>);

impl Places {
    /// Of a system and the server that manages it.
    pub(super) fn of(config: &SystemConfig, data: &Path, target: Option<&Path>) -> Self {
        let mut places = Self::default();
        places.add(Some(&config.backup_directory(data)), "the backup directory");
        places.add(Some(data), "the data directory");
        places.add(target.and_then(Path::parent), "the directory of the target");
        let file = config.environment_file.as_deref();
        places.add(
            file.and_then(Path::parent),
            "the directory of the environment file",
        );
        if let PlaybookSource::File(file) = &config.playbook {
            places.add(file.parent(), "the directory of the playbook");
        }
        for hook in [
            &config.hooks.restart,
            &config.hooks.deploy,
            &config.hooks.stop,
        ] {
            let program = hook.as_ref().and_then(|hook| hook.command.first());
            places.add(
                program.and_then(|program| Path::new(program).parent()),
                "the directory of the hook",
            );
        }
        places
            .0
            .sort_by_key(|(place, _)| std::cmp::Reverse(place.len()));
        places
    }

    fn add(&mut self, place: Option<&Path>, called: &'static str) {
        let text = place.map(|place| place.display().to_string());
        // a relative directory tells nothing about the machine, and could be a word of any sentence
        if let Some(text) = text.filter(|text| text.len() > 1 && text.starts_with('/')) {
            self.0.push((text, called));
        }
    }

    /// The text without them.
    pub(super) fn without(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, (place, called)| {
                text.replace(&format!("{place}/"), "")
                    .replace(place, called)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_keep_their_names_and_directories_get_words() {
        let mut places = Places::default();
        places.add(
            Some(Path::new("/srv/obcms/backups")),
            "the backup directory",
        );
        places.add(Some(Path::new("/srv/obcms")), "the directory of the target");
        places.add(Some(Path::new("/")), "everything");
        places.add(Some(Path::new("data")), "the data directory");
        assert_eq!(
            places.without(
                "/srv/obcms/backups/b1 of /srv/obcms/db.sqlite3: data lacks room in /srv/obcms."
            ),
            "b1 of db.sqlite3: data lacks room in the directory of the target."
        );
    }
}
