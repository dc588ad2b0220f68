//! CSV import of organizations: choose, drop or paste a file, see what it would do, fix rows here, import all or nothing.

mod file;
mod preview;
mod source;

use leptos::prelude::*;
use shared::account::Role;
use shared::organization::{ImportOutcome, ImportResult, ImportRow};
use shared::system::{Standing, Tone};

use self::preview::{FineRows, RowsToFix, Totals};
use self::source::FileSource;
use crate::api;
use crate::components::{ActionButton, Note, PageHead, RefusalNote, announce, icon, standing};
use crate::format;
use crate::route::{SystemPage, location};
use crate::session;
use crate::submission::Submission;

/// The file that is being prepared, and what the server said about it.
#[derive(Clone, Copy)]
pub struct Import {
    system: Signal<String>,
    /// Name of the chosen file; empty when it was pasted.
    name: RwSignal<String>,
    /// Its bytes in base64.
    content: RwSignal<Option<String>>,
    /// What an import would do.
    result: RwSignal<Option<ImportResult>>,
    /// The preview.
    check: Submission,
    /// The import.
    save: Submission,
}

impl Import {
    /// Takes a file and asks what it would do.
    pub fn take(self, name: String, content: String) {
        self.name.set(name);
        self.preview(content);
    }

    /// Asks again with a corrected row; the other rows stay as they are.
    pub fn correct(self, line: u32, field: &str, value: String) {
        let rows = self.result.with_untracked(|result| {
            result.as_ref().map(|result| {
                let mut rows = result.rows.clone();
                for row in rows.iter_mut().filter(|row| row.line == line) {
                    file::set_field(row, field, value.clone());
                }
                rows
            })
        });
        if let Some(rows) = rows {
            self.preview(file::base64(file::csv(&rows).as_bytes()));
        }
    }

    /// Asks again without the rows that have to be fixed.
    pub fn leave_out_broken(self) {
        let rows: Option<Vec<ImportRow>> = self.result.with_untracked(|result| {
            result.as_ref().map(|result| {
                result
                    .rows
                    .iter()
                    .filter(|row| row.outcome != ImportOutcome::ToFix)
                    .cloned()
                    .collect()
            })
        });
        if let Some(rows) = rows {
            self.preview(file::base64(file::csv(&rows).as_bytes()));
        }
    }

    fn preview(self, content: String) {
        let system = self.system.get_untracked();
        let asked = content.clone();
        self.check.run(
            async move { api::preview_import(&system, asked).await },
            move |result| {
                announce(&preview_words(&result));
                self.content.set(Some(content));
                self.result.set(Some(result));
            },
        );
    }

    fn import(self) {
        let (Some(content), Some(seen)) = (
            self.content.get_untracked(),
            self.result
                .with_untracked(|result| result.as_ref().map(|result| result.seen.clone())),
        ) else {
            return;
        };
        let system = self.system.get_untracked();
        let location = location::current();
        let (asked, press) = (system.clone(), self.save.press());
        self.save.run(
            async move { api::import_organizations(&asked, content, seen, press).await },
            move |result| {
                if result.imported {
                    announce(&format!(
                        "{} imported",
                        format::counted(
                            u64::from(result.new + result.changed),
                            "organization",
                            "organizations"
                        )
                    ));
                    location.go(&SystemPage::Organizations.of(&system));
                } else {
                    self.result.set(Some(result));
                }
            },
        );
    }
}

fn preview_words(result: &ImportResult) -> String {
    if result.to_fix == 0 {
        format!(
            "{} can be imported",
            format::counted(result.rows.len() as u64, "row", "rows")
        )
    } else {
        format!(
            "{} to fix",
            format::counted(u64::from(result.to_fix), "row", "rows")
        )
    }
}

/// The page.
#[component]
pub fn ImportPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let system = Signal::stored(system);
    let session = session::current();
    let import = Import {
        system,
        name: RwSignal::new(String::new()),
        content: RwSignal::new(None),
        result: RwSignal::new(None),
        check: Submission::new(),
        save: Submission::new(),
    };
    let result = import.result;
    let sub = move || {
        let Some(rows) = result.with(|result| result.as_ref().map(|result| result.rows.len()))
        else {
            return "A CSV file in UTF-8 with the columns code, name, kind, contact_name and contact_email. Nothing is saved until you import.".to_owned();
        };
        let name = import.name.get();
        let name = if name.is_empty() {
            "Pasted text".to_owned()
        } else {
            name
        };
        format!(
            "{name}, {}. Nothing is saved until you import.",
            format::counted(rows as u64, "row", "rows")
        )
    };
    let to_fix = move || result.with(|result| result.as_ref().map_or(0, |result| result.to_fix));
    let file_is_wrong = move || {
        result.with(|result| {
            result
                .as_ref()
                .is_some_and(|result| !result.problems.is_empty())
        })
    };
    let left = move || match (to_fix(), file_is_wrong()) {
        (0, false) => None,
        (0, true) => Some("the file".to_owned()),
        (rows, _) => Some(format::counted(u64::from(rows), "row", "rows")),
    };
    let count = move || {
        result.with(|result| {
            result
                .as_ref()
                .map_or(0, |result| result.new + result.changed)
        })
    };
    let refusal = move || {
        session
            .refusal(Role::Operator)
            .or_else(|| match (left(), count()) {
                (Some(left), _) => Some(format!("Fix {left} first")),
                (None, 0) => Some("The file changes nothing".to_owned()),
                (None, _) => None,
            })
    };
    let badge = move || {
        result.with(Option::is_some).then(|| {
            let (tone, word) = match left() {
                None => (Tone::Done, "Ready to import".to_owned()),
                Some(left) => (Tone::Gate, format!("Fix {left}")),
            };
            standing(&Standing { tone, word })
        })
    };
    let problems = move || {
        result.with(|result| {
            result.as_ref().map(|result| {
                result
                    .problems
                    .iter()
                    .map(|problem| {
                        let (field, message) = (problem.field.clone(), problem.message.clone());
                        view! { <Note state="failed" title=field>{message}</Note> }.into_any()
                    })
                    .collect_view()
            })
        })
    };
    view! {
        <PageHead title="Import organizations" sub=Signal::derive(sub) badges=move || badge().into_any()>
            <a class="btn quiet" href=move || SystemPage::Organizations.of(&system.get())>
                "Cancel"
            </a>
            {move || {
                result
                    .with(Option::is_some)
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="btn"
                                on:click=move |_| {
                                    result.set(None);
                                    import.save.clear();
                                }
                            >
                                {icon("upload")}
                                "Choose another file"
                            </button>
                            <ActionButton
                                class="primary"
                                label=Signal::derive(move || format!("Import {}", count()))
                                refused=Signal::derive(refusal)
                                pending=Signal::derive(move || import.save.is_pending())
                                on_press=move || import.import()
                            />
                        }
                    })
            }}
        </PageHead>
        <RefusalNote submission=import.check/>
        <RefusalNote submission=import.save/>
        {problems}
        <Show when=move || result.with(Option::is_some) fallback=move || view! { <FileSource import=import /> }>
            <Totals result=result />
            <RowsToFix import=import />
            <FineRows result=result />
        </Show>
    }
    .into_any()
}
