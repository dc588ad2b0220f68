//! The dialog that writes or changes an update, with templates and a preview.

use leptos::prelude::*;
use shared::notice::{NoticePreview, Notices, PreviewNotice, Update, WriteUpdate};
use web_sys::SubmitEvent;

use super::blanks::{BlankFields, Blanks, Look, StartFrom};
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
    let preview = RwSignal::new(None::<NoticePreview>);
    let blanks = Blanks::new();
    let command = Submission::new();
    let looking = Submission::new();
    Effect::new(move |_| {
        if !open.get() {
            return;
        }
        command.clear();
        looking.clear();
        blanks.clear();
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
        Signal::derive(move || {
            let of = |one: Submission| one.error().and_then(|error| error.field(field));
            of(command).or_else(|| of(looking))
        })
    };
    let beside = Signal::derive(move || blanks.and(&["title", "body", "publish_at"]));
    let look = move || {
        let at = publish_at.get_untracked();
        let body = PreviewNotice {
            title: title.get_untracked(),
            body: text.get_untracked(),
            fields: blanks.values(),
            publish_at: (!at.is_empty()).then_some(at),
            ..PreviewNotice::default()
        };
        preview.set(None);
        command.dismiss();
        let system = slug.get_value();
        looking.run(
            async move { api::preview_notice(&system, &body).await },
            move |seen| preview.set(Some(seen)),
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
            fields: blanks.values(),
            publish_at: (!at.is_empty()).then_some(at),
            version,
            resolved: resolved.get_untracked(),
        };
        let system = slug.get_value();
        looking.clear();
        command.run(
            async move { api::write_update(&system, id, &body, command.press()).await },
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
                        <StartFrom id="update-template" templates=shown.with_untracked(|notices| notices.templates.clone()) on_choose=move |chosen| {
                            title.set(chosen.title.clone());
                            text.set(chosen.body.clone());
                            blanks.ask(chosen, &[]);
                        }/>
                    })}
                    <TextField label="Title" name="update-title" value=title error=problem("title")/>
                    <TextArea label="Text" name="update-text" value=text error=problem("body")/>
                    <p class="hint">"Empty lines make paragraphs, **two stars** make words heavy, - begins a list."</p>
                    <BlankFields id="update" blanks tries=[command, looking]/>
                    {move || is_new().then(|| view! {
                        <TextField label="Publish at" name="update-at" kind="datetime-local" value=publish_at error=problem("publish_at") hint=format!("{} time. Left empty: now.", zone.get())/>
                    })}
                    {move || (!is_new()).then(|| view! {
                        <label><input type="checkbox" prop:checked=move || resolved.get() on:change=move |event| resolved.set(event_target_checked(&event))/> " What it tells of is over"</label>
                    })}
                    <ActionButton label="Preview" class="sm" pending=Signal::derive(move || looking.is_pending()) on_press=look/>
                    <Look preview/>
                    <RefusalNote submission=looking beside/>
                    <RefusalNote submission=command beside/>
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
