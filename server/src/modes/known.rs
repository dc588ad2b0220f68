//! Which mode a system is in: what its environment file and its application say, in the words of its playbook.

use shared::mode::{Mode, ModeBadge};

use crate::engine::playbook;
use crate::environment_file;
use crate::health::Health;
use crate::systems::System;

/// What is known about the mode of a system now.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Value in the environment file.
    pub file: Option<String>,
    /// What the application says.
    pub application: Option<String>,
    /// The mode: what the application says, or the file when it does not answer.
    pub mode: Option<Mode>,
    /// Why file and application disagree or cannot be read.
    pub trouble: Option<String>,
}

/// The system's own names of its modes; none when it has none.
pub fn names(system: &System) -> Option<playbook::Mode> {
    system.playbook().ok()?.mode.clone()
}

/// The value of a mode in the environment file.
pub fn value(names: &playbook::Mode, mode: Mode) -> &str {
    match mode {
        Mode::Single => &names.single,
        Mode::Multi => &names.multi,
    }
}

/// The mode for people.
pub fn title(names: &playbook::Mode, mode: Mode) -> String {
    let title = match mode {
        Mode::Single => &names.single_title,
        Mode::Multi => &names.multi_title,
    };
    title
        .clone()
        .unwrap_or_else(|| value(names, mode).to_owned())
}

/// The mode that a value in the file or of the application means.
pub(super) fn of_value(names: &playbook::Mode, value: &str) -> Option<Mode> {
    [Mode::Single, Mode::Multi]
        .into_iter()
        .find(|mode| self::value(names, *mode).eq_ignore_ascii_case(value))
}

/// Reads file and application.
pub fn known(system: &System, health: Option<&Health>) -> Known {
    let Some(names) = names(system) else {
        return Known::default();
    };
    let (file, mut trouble) = match &system.config.environment_file {
        None => (
            None,
            Some("The configuration names no environment_file.".to_owned()),
        ),
        Some(path) => match environment_file::read_variable(path, &names.variable) {
            Ok(Some(value)) => (Some(value), None),
            Ok(None) => (
                None,
                Some(format!(
                    "{} does not set {}.",
                    path.display(),
                    names.variable
                )),
            ),
            Err(error) => (None, Some(format!("{error}. {}", error.remedy()))),
        },
    };
    let application = health.and_then(|health| health.mode.clone());
    let said = application
        .as_deref()
        .and_then(|value| of_value(&names, value));
    let written = file.as_deref().and_then(|value| of_value(&names, value));
    if let (Some(said), Some(written)) = (said, written)
        && said != written
    {
        trouble = Some(format!(
            "The file says {}, the application runs in {}. Restart it, or correct the file.",
            value(&names, written),
            value(&names, said)
        ));
    } else if let (Some(file), None, None) = (&file, written, &trouble) {
        trouble = Some(format!(
            "{} is {file}, which is neither {} nor {}.",
            names.variable, names.single, names.multi
        ));
    }
    Known {
        file,
        application,
        mode: said.or(written),
        trouble: trouble.map(|why| system.without_places(&why)),
    }
}

/// A mode as a badge.
pub fn badge(names: &playbook::Mode, mode: Mode, organizations: usize) -> ModeBadge {
    ModeBadge {
        mode,
        title: title(names, mode),
        reach: match mode {
            Mode::Single => "one organization".into(),
            Mode::Multi => match organizations {
                1 => "1 organization so far".into(),
                many => format!("{many} organizations"),
            },
        },
    }
}
