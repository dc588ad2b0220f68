//! The data browser: models of one organization or of all, and their rows, read only.

mod rows;

use leptos::prelude::*;
use shared::browse::BrowseModels;
use shared::event::Topic;

use self::rows::Rows;
use crate::api;
use crate::components::{Empty, PageHead, Systems, mode_badge};
use crate::format;
use crate::loader::load;
use crate::route::{SystemPage, encode, location};

/// The page.
#[component]
pub fn DataPage(
    /// Slug of the system.
    system: String,
    /// Label of the chosen model.
    model: Option<String>,
) -> impl IntoView {
    let systems = expect_context::<Systems>();
    let system = Signal::stored(system);
    let location = location::current();
    let organization = location.query("organization");
    let summary = Memo::new(move |_| systems.find(&system.get()));
    let models = load(&[Topic::Run, Topic::Coverage], move || {
        let system = system.get();
        let organization = organization.get();
        async move { api::browse_models(&system, organization).await }
    });
    let chosen = Signal::stored(model);
    let sub = move || match organization.get() {
        Some(code) => format!(
            "Records of {code} only, as the database holds them. Nothing can be changed here."
        ),
        None => {
            "Records of all organizations, as the database holds them. Nothing can be changed here."
                .to_owned()
        }
    };
    view! {
        <PageHead
            title="Data"
            sub=Signal::derive(sub)
            badges=move || summary.get().and_then(|summary| summary.mode).map(|mode| mode_badge(&mode, false)).into_any()
        />
        {models.view("models", move |models| view! { <Browser system=system models=models chosen=chosen organization=organization /> }.into_any())}
    }
    .into_any()
}

#[component]
fn Browser(
    system: Signal<String>,
    models: Memo<BrowseModels>,
    chosen: Signal<Option<String>>,
    organization: Memo<Option<String>>,
) -> impl IntoView {
    let href = move |label: &str| {
        let path = SystemPage::Data {
            model: Some(label.to_owned()),
        }
        .of(&system.get_untracked());
        match organization.get() {
            Some(code) => format!("{path}?organization={}", encode(&code)),
            None => path,
        }
    };
    let links = move || {
        let mut group = String::new();
        models
            .get()
            .models
            .into_iter()
            .map(|model| {
                let heading = (model.group != group).then(|| {
                    group.clone_from(&model.group);
                    view! { <li class="gh">{model.group.clone()}</li> }
                });
                let current = chosen.with(|chosen| chosen.as_deref() == Some(model.label.as_str()));
                view! {
                    {heading}
                    <li>
                        <a href=href(&model.label) aria-current=current.then_some("page")>
                            {model.plural}
                            <span class="count">{format::count(model.rows)}</span>
                        </a>
                    </li>
                }
            })
            .collect_view()
    };
    let known = Memo::new(move |_| {
        chosen.get().filter(|label| {
            models.with(|models| models.models.iter().any(|model| model.label == *label))
        })
    });
    view! {
        <div class="wiz">
            <nav aria-label="Models" class="panel models">
                <ul class="nav">{links}</ul>
            </nav>
            {move || match known.get() {
                Some(model) => view! { <Rows system=system model=model organization=organization /> }.into_any(),
                None if models.with(|models| models.models.is_empty()) => {
                    view! {
                        <section class="panel">
                            <Empty picture="table" title="No model to show" text="The playbook of this system names no model whose rows can be read." />
                        </section>
                    }
                        .into_any()
                }
                None => {
                    view! {
                        <section class="panel">
                            <Empty picture="table" title="Choose a model" text="Its rows are shown here, for one organization or for all." />
                        </section>
                    }
                        .into_any()
                }
            }}
        </div>
    }
    .into_any()
}
