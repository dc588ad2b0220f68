//! The dialog that writes or changes an update, with templates and a preview.

use leptos::prelude::*;
use shared::notice::{Notices, PreviewNotice, Update, WriteUpdate};
use web_sys::SubmitEvent;

use super::{Edited, TextArea};
use crate::api;
use crate::components::{ActionButton, Dialog, RefusalNote, TextField};
use crate::loader::Loaded;
use crate::submission::Submission;

/// The dialog.
#[component]
pub(super) fn ComposeUpdate(
    /// Slug of the system.
    slug: StoredValue<String>,
    /// What the page shows.
    shown: Memo<Notices>,
    /// What takes the answer over.
    loaded: Loaded<Notices>,
    /// Whether it is open.
    open: RwSignal<bool>,
    /// What is written.
    edited: RwSignal<Edited<Update>>,
) -> impl IntoView {
    let title = RwSignal::new(String::new());
    let text = RwSignal::new(String::new());
    let publish_at = RwSignal::new(String::new());
    let resolved = RwSignal::new(false);
    let preview = RwSignal::new(None::<String>);
    let command = Submission::new();
    let looking = Submission::new();
    Effect::new(move |_| {
        if !open.get() {
            return;
        }
        command.clear();
        preview.set(None);
        publish_at.set(String::new());
        match edited.get_untracked() {
            Edited::New => {
                title.set(String::new());
                text.set(String::new());
                resolved.set(false);
            }
            Edited::Earlier(update) => {
                title.set(update.title);
                text.set(update.body);
                resolved.set(update.resolved.is_some());
            }
        }
    });
    let problem = move |field: &'static str| {
        Signal::derive(move || command.error().and_then(|error| error.field(field)))
    };
    let choose = move |name: String| {
        shown.with_untracked(|notices| {
            if let Some(template) = notices.templates.iter().find(|one| one.name == name) {
                title.set(template.title.clone());
                text.set(template.body.clone());
            }
        });
    };
    let look = move || {
        let body = PreviewNotice {
            title: title.get_untracked(),
            body: text.get_untracked(),
            fields: Vec::new(),
        };
        let system = slug.get_value();
        looking.run(
            async move { api::preview_notice(&system, &body).await },
            move |seen| {
                // `{system}` is filled in; what is left are blanks for the writer
                title.set(seen.title);
                text.set(seen.body);
                preview.set(Some(seen.html));
            },
        );
    };
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let (id, version) = match edited.get_untracked() {
            Edited::New => (None, None),
            Edited::Earlier(update) => (Some(update.id), Some(update.version)),
        };
        let at = publish_at.get_untracked();
        let body = WriteUpdate {
            title: title.get_untracked(),
            body: text.get_untracked(),
            publish_at: (!at.is_empty()).then_some(at),
            version,
            resolved: resolved.get_untracked(),
        };
        let system = slug.get_value();
        command.run(
            async move { api::write_update(&system, id, &body).await },
            move |answer| {
                loaded.set(answer);
                open.set(false);
            },
        );
    };
    let is_new = move || edited.with(|edited| *edited == Edited::New);
    let heading = Signal::derive(move || {
        if is_new() {
            "Write an update".to_owned()
        } else {
            "Change the update".to_owned()
        }
    });
    let zone = Signal::derive(move || shown.with(|notices| notices.zone.clone()));
    view! {
        <Dialog open title=heading>
            <form class="dialog-form" on:submit=send novalidate>
                <div class="body">
                    {move || is_new().then(|| view! {
                        <div class="field">
                            <label for="update-template">"Start from"</label>
                            <select class="in" id="update-template" on:change=move |event| choose(event_target_value(&event))>
                                <option value="">"An empty page"</option>
                                {shown.with_untracked(|notices| notices.templates.iter().map(|one| view! { <option value=one.name.clone()>{one.title.clone()}</option> }).collect_view())}
                            </select>
                        </div>
                    })}
                    <TextField label="Title" name="update-title" value=title error=problem("title")/>
                    <TextArea label="Text" name="update-text" value=text error=problem("body")/>
                    <p class="hint">"Empty lines make paragraphs, **two stars** make words heavy, - begins a list."</p>
                    {move || problem("fields").get().map(|missing| view! { <p class="err">{missing}</p> })}
                    {move || is_new().then(|| view! {
                        <TextField label="Publish at" name="update-at" kind="datetime-local" value=publish_at error=problem("publish_at") hint=format!("{} time. Left empty: now.", zone.get())/>
                    })}
                    {move || (!is_new()).then(|| view! {
                        <label><input type="checkbox" prop:checked=move || resolved.get() on:change=move |event| resolved.set(event_target_checked(&event))/> " What it tells of is over"</label>
                    })}
                    <ActionButton label="Preview" class="sm" pending=Signal::derive(move || looking.is_pending()) on_press=look/>
                    {move || preview.get().map(|html| view! { <div class="panel"><div class="body said" inner_html=html></div></div> })}
                    <RefusalNote submission=looking/>
                    <RefusalNote submission=command/>
                </div>
                <footer>
                    <button type="button" class="btn" on:click=move |_| open.set(false)>"Not now"</button>
                    <button class="btn primary" aria-disabled=move || command.is_pending().then_some("true")>
                        {move || if is_new() { "Publish it" } else { "Save the change" }}
                    </button>
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}
