//! Texts to start from, with fields in braces.

use shared::notice::{Template, TemplateField};

use super::blank::{self, Known};

struct Words {
    name: &'static str,
    title: &'static str,
    body: &'static str,
    for_windows: bool,
}

const TEMPLATES: &[Words] = &[
    Words {
        name: "planned",
        title: "Work planned for {date}",
        body: "On {date} from {start} to {end} ({zone} time) we prepare {system} so that {organizations} organizations \
               can share it.\n\nNo interruption is expected. You don't have to do anything.",
        for_windows: true,
    },
    Words {
        name: "started",
        title: "Work has started",
        body: "You can keep using {system}. We expect to be done at {end}, and will write here when there is news, at the \
               latest at {next} ({zone} time).",
        for_windows: false,
    },
    Words {
        name: "waiting",
        title: "Work waits for a decision",
        body: "{reason}\n\n{system} works as usual meanwhile. Next news at {next} ({zone} time).",
        for_windows: false,
    },
    Words {
        name: "interruption",
        title: "{system} will not be available on {date} for about {minutes} minutes",
        body: "On {date} between {start} and {end} ({zone} time) {system} restarts once. **Save your work before {start}.**",
        for_windows: true,
    },
    Words {
        name: "done",
        title: "Work is done",
        body: "{system} is ready for {organizations} organizations. Every record was counted before and after; nothing was lost.",
        for_windows: false,
    },
    Words {
        name: "welcome",
        title: "{organization} can use {system} now",
        body: "The people of {organization} can sign in from {date} on.",
        for_windows: false,
    },
    Words {
        name: "rolled-back",
        title: "We went back to how it was",
        body: "{reason}\n\n{system} works as before. What you entered meanwhile: {kept}",
        for_windows: false,
    },
];

/// All templates, with what is known of the system filled into their fields.
pub(super) fn all(known: &Known) -> Vec<Template> {
    TEMPLATES
        .iter()
        .map(|words| Template {
            name: words.name.into(),
            title: words.title.into(),
            body: words.body.into(),
            fields: blank::names(&[words.title, words.body])
                .into_iter()
                .filter(|name| !blank::is_automatic(name))
                .map(|name| {
                    let (label, kind) = blank::described(&name);
                    TemplateField {
                        label: label.into(),
                        kind,
                        value: known.value(&name),
                        name,
                    }
                })
                .collect(),
            for_windows: words.for_windows,
        })
        .collect()
}
