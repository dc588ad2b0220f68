//! The organization selector: whose records are shown, once a system has many organizations.

use leptos::ev;
use leptos::prelude::*;
use shared::event::Topic;
use shared::mode::Mode;
use shared::organization::Stage;
use wasm_bindgen::JsCast;

use super::Systems;
use super::late::{self, Tool};
use crate::api;
use crate::components::announce::announce;
use crate::components::choices::{Choice, Choices};
use crate::components::icon::icon;
use crate::loader::load;
use crate::part::fetched;
use crate::route::{Route, SystemPage, location};

const ALL: &str = "*";

/// The selector in the page tools; nothing while the system has one organization.
#[component]
pub(super) fn OrganizationSelector() -> impl IntoView {
    let route = location::current().route();
    let systems = expect_context::<Systems>();
    let multi = Memo::new(move |_| {
        let slug = route.with(|route| route.system().map(str::to_string))?;
        let mode = systems.find(&slug)?.mode?;
        (mode.mode == Mode::Multi).then_some(slug)
    });
    move || {
        let system = StoredValue::new(multi.get()?);
        Some(fetched(late::tool(Tool::Organization { system }, systems)))
    }
}

/// Whose records the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// Those of the organization that is chosen, or of all.
    OneOrAll,
    /// Those of all together, whatever is chosen.
    All,
    /// No records.
    Neither,
}

/// The selector itself.
#[component]
pub(super) fn Selector(
    /// Slug of the system.
    system: StoredValue<String>,
) -> impl IntoView {
    let place = location::current();
    let route = place.route();
    let slug = system;
    let asked = place.query("organization");
    let page = Memo::new(move |_| {
        route.with(|route| match route {
            Route::System {
                page: SystemPage::Data { .. },
                ..
            } => Shows::OneOrAll,
            Route::System {
                page: SystemPage::All,
                ..
            } => Shows::All,
            _ => Shows::Neither,
        })
    });
    // the choice outlives the page that it was made on: coming back to the data finds it again
    let kept = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        let asked = asked.get();
        if page.get() != Shows::OneOrAll {
            return;
        }
        match (asked, kept.get_untracked()) {
            (Some(code), _) => kept.set(Some(code)),
            (None, Some(code)) => place.set_query(&[("organization", code.as_str())]),
            (None, None) => {}
        }
    });
    let chosen = Memo::new(move |_| match page.get() {
        Shows::All => None,
        Shows::OneOrAll | Shows::Neither => kept.get(),
    });
    let open = RwSignal::new(false);
    let organizations = load(&[Topic::Organizations], move || {
        let system = slug.get_value();
        async move { api::organizations(&system).await }
    });
    let choices = Signal::derive(move || {
        let mut choices = vec![Choice {
            value: ALL.into(),
            group: "Together".into(),
            code: None,
            picture: "layers",
            title: "All organizations".into(),
            note: "Totals".into(),
        }];
        let mut found = organizations
            .get()
            .map(|list| list.organizations)
            .unwrap_or_default();
        let in_use = |stage: Stage| matches!(stage, Stage::Active | Stage::Pilot);
        found.sort_by_key(|organization| !in_use(organization.stage));
        choices.extend(found.into_iter().map(|organization| {
            Choice {
                value: organization.code.clone(),
                group: if in_use(organization.stage) {
                    "In use"
                } else {
                    "Not in use"
                }
                .into(),
                code: Some(organization.code),
                picture: "org",
                title: organization.name,
                note: organization.stage.word().into(),
            }
        }));
        choices
    });
    let name = move |code: &str| {
        organizations.with(|list| {
            list.and_then(|list| {
                list.organizations
                    .iter()
                    .find(|organization| organization.code == code)
                    .map(|organization| organization.name.clone())
            })
        })
    };
    let shown = move || {
        chosen.get().map_or_else(
            || "All organizations".to_string(),
            |code| name(&code).unwrap_or(code),
        )
    };
    let code = move || chosen.get().unwrap_or_else(|| "All".into());
    let choose = move |value: String| {
        open.set(false);
        let organization = if value == ALL { "" } else { value.as_str() };
        kept.set((!organization.is_empty()).then(|| organization.to_owned()));
        if page.get_untracked() == Shows::OneOrAll {
            place.set_query(&[("organization", organization), ("after", ""), ("q", "")]);
        } else {
            let system = slug.get_value();
            if organization.is_empty() {
                place.go(&SystemPage::All.of(&system));
            } else {
                let data = SystemPage::Data { model: None }.of(&system);
                place.go(&format!(
                    "{data}?organization={}",
                    crate::route::encode(organization)
                ));
            }
        }
        announce(&format!(
            "Showing {}",
            name(&value).unwrap_or_else(|| "all organizations".into())
        ));
        focus_button();
    };
    let keys = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" && open.get_untracked() {
            open.set(false);
            focus_button();
        }
    };
    // focus that leaves the selector closes it
    let leave = move |event: ev::FocusEvent| {
        let inside = event
            .related_target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|target| target.closest(".orgs-tool").ok().flatten().is_some());
        if !inside {
            open.set(false);
        }
    };
    view! {
        <div class="orgs-tool" on:keydown=keys on:focusout=leave tabindex="-1">
            <button
                type="button" class="orgsel" id="organization-selector" aria-haspopup="listbox"
                aria-expanded=move || if open.get() { "true" } else { "false" }
                on:click=move |_| open.update(|open| *open = !*open)
            >
                <span class="vh">"Organization: "</span>
                <span class="tile" aria-hidden="true">{code}</span>
                <span class="name">{shown}</span>
                {icon("updown")}
            </button>
            {move || open.get().then(|| view! {
                <div class="pop">
                    <Choices label="Search organizations" choices chosen=Signal::derive(move || chosen.get().unwrap_or_else(|| ALL.into())) on_choose=choose/>
                </div>
            })}
        </div>
    }
    .into_any()
}

fn focus_button() {
    let button = document()
        .get_element_by_id("organization-selector")
        .and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(button) = button {
        let _ = button.focus();
    }
}
