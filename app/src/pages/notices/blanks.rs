//! Templates in a dialog: choosing one, filling its fields in, and how the notice will look to the public.

use leptos::prelude::*;
use shared::notice::{FieldKind, NoticePreview, Template, TemplateField};

use crate::components::icon;
use crate::submission::Submission;

/// A field and what is written into it, which outlives the list that it was chosen from.
type Blank = (TemplateField, ArcRwSignal<String>);

/// What the chosen template asks for.
#[derive(Clone, Copy)]
pub(super) struct Blanks {
    all: RwSignal<Vec<Blank>>,
}

impl Blanks {
    /// No template is chosen.
    pub(super) fn new() -> Self {
        Self {
            all: RwSignal::new(Vec::new()),
        }
    }

    /// Forgets the fields.
    pub(super) fn clear(self) {
        self.all.set(Vec::new());
    }

    /// Asks for the fields of this template, with what is known of them. `leave_out` is known by the dialog itself.
    pub(super) fn ask(self, template: &Template, leave_out: &[&str]) {
        let fields = template.fields.iter();
        let wanted = fields.filter(|field| !leave_out.contains(&field.name.as_str()));
        let all = wanted.map(|field| (field.clone(), ArcRwSignal::new(field.value.clone())));
        self.all.set(all.collect());
    }

    /// The fields of a notice that stand in its dialog: these, and those of the form itself. Reactive.
    pub(super) fn and(self, own: &[&str]) -> Vec<String> {
        let own = own.iter().map(|name| (*name).to_owned());
        self.all.with(|all| {
            own.chain(
                all.iter()
                    .map(|(field, _)| format!("fields.{}", field.name)),
            )
            .collect()
        })
    }

    /// Names and values.
    pub(super) fn values(self) -> Vec<(String, String)> {
        self.all.with_untracked(|all| {
            all.iter()
                .map(|(field, value)| (field.name.clone(), value.get_untracked()))
                .collect()
        })
    }
}

/// The list of templates to start from.
#[component]
pub(super) fn StartFrom(
    /// Id in the page.
    id: &'static str,
    /// Those to choose from.
    templates: Vec<Template>,
    /// Gets the one that was chosen.
    on_choose: impl Fn(&Template) + 'static,
) -> impl IntoView {
    let options = templates.clone();
    let choose = move |name: String| {
        if let Some(chosen) = templates.iter().find(|one| one.name == name) {
            on_choose(chosen);
        }
    };
    view! {
        <div class="field">
            <label for=id>"Start from"</label>
            <select class="in" id=id on:change=move |event| choose(event_target_value(&event))>
                <option value="">"An empty page"</option>
                {options.into_iter().map(|one| view! { <option value=one.name>{one.title}</option> }).collect_view()}
            </select>
        </div>
    }
    .into_any()
}

/// The fields of the chosen template.
#[component]
pub(super) fn BlankFields(
    /// Before the names in the page.
    id: &'static str,
    /// What is asked for.
    blanks: Blanks,
    /// Why they are not accepted: the last try to publish, and the last preview.
    tries: [Submission; 2],
) -> impl IntoView {
    let one = move |(field, value): Blank| {
        let name = format!("{id}-{}", field.name);
        let written = value.clone();
        let (error_id, described) = (format!("{name}-error"), format!("{name}-error"));
        let asked = format!("fields.{}", field.name);
        let problem = Memo::new(move |_| {
            tries
                .iter()
                .find_map(|one| one.error().and_then(|error| error.field(&asked)))
        });
        let kind = match field.kind {
            FieldKind::Words | FieldKind::Organization => "text",
            FieldKind::Day => "date",
            FieldKind::Time => "time",
            FieldKind::Number => "number",
        };
        view! {
            <div class="field">
                <label for=name.clone()>{field.label}</label>
                <input
                    class="in" id=name type=kind min=(kind == "number").then_some("1")
                    aria-invalid=move || problem.with(Option::is_some).then_some("true")
                    aria-describedby=move || problem.with(Option::is_some).then(|| described.clone())
                    prop:value=move || value.get()
                    on:input=move |event| written.set(event_target_value(&event))
                />
                {move || problem.get().map(|error| view! { <p class="err" id=error_id.clone()>{icon("failed")} <span>{error}</span></p> })}
            </div>
        }
        .into_any()
    };
    view! {
        {move || {
            let all = blanks.all.get();
            (!all.is_empty()).then(|| view! {
                <fieldset class="blanks">
                    <legend>"Words in braces are filled in from here"</legend>
                    {all.into_iter().map(one).collect_view()}
                </fieldset>
            })
        }}
    }
    .into_any()
}

/// The notice as the public will see it.
#[component]
pub(super) fn Look(
    /// What the server made of it.
    preview: RwSignal<Option<NoticePreview>>,
) -> impl IntoView {
    view! {
        {move || preview.get().map(|seen| view! {
            <section class="panel" aria-label="As the public will see it">
                <div class="body stack-sm">
                    <p class="sm">{seen.when}</p>
                    <h3>{seen.title}</h3>
                    <div class="said" inner_html=seen.html></div>
                </div>
            </section>
        })}
    }
    .into_any()
}
