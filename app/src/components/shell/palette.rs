//! Search and jump: systems, pages, runs and organizations. What it finds is opened, never run.

use leptos::prelude::*;

use super::Systems;
use crate::api;
use crate::components::choices::{Choice, Choices};
use crate::components::dialog::Dialog;
use crate::components::standing::run_standing;
use crate::loader::load;
use crate::route::{Route, SystemPage, location};

/// The palette.
#[component]
pub(super) fn Palette(
    /// Whether it is shown.
    open: RwSignal<bool>,
    /// The systems.
    systems: Systems,
) -> impl IntoView {
    view! {
        <Dialog open title="Search or jump to" class="dlg palette">
            <div class="body">{content(open, systems)}</div>
        </Dialog>
    }
    .into_any()
}

fn content(open: RwSignal<bool>, systems: Systems) -> AnyView {
    let place = location::current();
    let here = place
        .route()
        .with_untracked(|route| route.system().map(str::to_string));
    let slug = here.or_else(|| {
        systems.0.with(|systems| {
            systems.and_then(|systems| systems.first().map(|system| system.slug.clone()))
        })
    });
    let slug = StoredValue::new(slug);
    let runs = load(&[], move || {
        let slug = slug.get_value();
        async move {
            match slug {
                Some(slug) => api::runs(&slug).await,
                None => Ok(Vec::new()),
            }
        }
    });
    let organizations = load(&[], move || {
        let slug = slug.get_value();
        async move {
            match slug {
                Some(slug) => api::organizations(&slug)
                    .await
                    .map(|list| list.organizations),
                None => Ok(Vec::new()),
            }
        }
    });
    let choices = Signal::derive(move || {
        let mut choices = Vec::new();
        if let Some(slug) = slug.get_value() {
            let title = systems
                .find(&slug)
                .map_or_else(|| slug.clone(), |system| system.title);
            choices.extend(pages().into_iter().map(|(page, picture)| Choice {
                value: page.clone().of(&slug),
                group: title.clone(),
                code: None,
                picture,
                title: page.title(),
                note: title.clone(),
            }));
            choices.extend(
                runs.get()
                    .unwrap_or_default()
                    .into_iter()
                    .map(|run| Choice {
                        value: SystemPage::Run { run: run.number }.of(&slug),
                        group: "Runs".into(),
                        code: None,
                        picture: "switch",
                        title: format!("Run {}", run.number),
                        note: run_standing(run.state).word,
                    }),
            );
            choices.extend(organizations.get().unwrap_or_default().into_iter().map(
                |organization| {
                    Choice {
                        value: SystemPage::Onboard {
                            organization: organization.code.clone(),
                        }
                        .of(&slug),
                        group: "Organizations".into(),
                        code: Some(organization.code),
                        picture: "org",
                        title: organization.name,
                        note: organization.stage.word().into(),
                    }
                },
            ));
        }
        choices.extend(
            systems
                .0
                .get()
                .unwrap_or_default()
                .into_iter()
                .map(|system| Choice {
                    value: SystemPage::Overview.of(&system.slug),
                    group: "Systems".into(),
                    code: None,
                    picture: "server",
                    title: system.title,
                    note: system.standing.word,
                }),
        );
        choices.extend(
            [
                (Route::Systems, "home", "All systems"),
                (Route::Audit, "list", "Whole audit log"),
                (Route::Account, "user", "Your account"),
            ]
            .map(|(route, picture, title)| Choice {
                value: route.path(),
                group: "Console".into(),
                code: None,
                picture,
                title: title.into(),
                note: "Console".into(),
            }),
        );
        choices
    });
    let choose = move |href: String| {
        open.set(false);
        place.go(&href);
    };
    view! { <Choices label="Systems, pages, runs, organizations" choices on_choose=choose/> }
        .into_any()
}

fn pages() -> Vec<(SystemPage, &'static str)> {
    vec![
        (SystemPage::Overview, "gauge"),
        (SystemPage::Checklist, "check"),
        (SystemPage::Plan, "play"),
        (SystemPage::Runs, "switch"),
        (SystemPage::Coverage, "layers"),
        (SystemPage::Mode, "multi"),
        (SystemPage::Organizations, "org"),
        (SystemPage::Import, "upload"),
        (SystemPage::Data { model: None }, "table"),
        (SystemPage::All, "board"),
        (SystemPage::Health, "pulse"),
        (SystemPage::Rollback, "rolledback"),
        (SystemPage::Notices, "bell"),
        (SystemPage::Told, "mail"),
        (SystemPage::Reports, "file"),
        (SystemPage::Audit, "list"),
    ]
}
