//! The dialog that writes or changes an update, with templates and a preview.

use leptos::prelude::*;
use shared::notice::{Notices, PreviewNotice, Update, WriteUpdate};

use super::blanks::StartFrom;
use super::draft::{Draft, DraftDialog};
use super::{Edited, TextArea};
use crate::api;
use crate::components::TextField;
use crate::loader::Loaded;

/// Fields of the form.
const FIELDS: [&str; 3] = ["title", "body", "publish_at"];

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
    let publish_at = RwSignal::new(String::new());
    let resolved = RwSignal::new(false);
    let draft = Draft::new(slug, open, move |draft| {
        publish_at.set(String::new());
        let update = match edited.get_untracked() {
            Edited::New => None,
            Edited::Earlier(update) => Some(update),
        };
        let said = |read: fn(&Update) -> String| update.as_deref().map(read).unwrap_or_default();
        draft.title.set(said(|update| update.title.clone()));
        draft.text.set(said(|update| update.body.clone()));
        resolved.set(update.is_some_and(|update| update.resolved.is_some()));
    });
    let at = move || {
        let at = publish_at.get_untracked();
        (!at.is_empty()).then_some(at)
    };
    let rest = move || PreviewNotice {
        publish_at: at(),
        ..PreviewNotice::default()
    };
    let save = move || {
        let (id, version) = match edited.get_untracked() {
            Edited::New => (None, None),
            Edited::Earlier(update) => (Some(update.id), Some(update.version)),
        };
        let body = WriteUpdate {
            title: draft.title.get_untracked(),
            body: draft.text.get_untracked(),
            fields: draft.blanks.values(),
            publish_at: at(),
            version,
            resolved: resolved.get_untracked(),
        };
        let (system, press) = (slug.get_value(), draft.saving.press());
        draft.save(loaded, async move {
            api::write_update(&system, id, &body, press).await
        });
    };
    let is_new = move || edited.with(|edited| *edited == Edited::New);
    let heading = Signal::derive(move || {
        if is_new() {
            "Write an update".to_owned()
        } else {
            "Change the update".to_owned()
        }
    });
    let save_words = Signal::derive(move || {
        if is_new() {
            "Publish it"
        } else {
            "Save the change"
        }
    });
    let zone = Signal::derive(move || shown.with(|notices| notices.zone.clone()));
    view! {
        <DraftDialog draft heading fields=&FIELDS rest on_save=save save_words>
            {move || is_new().then(|| view! {
                <StartFrom id="update-template" templates=shown.with_untracked(|notices| notices.templates.clone()) on_choose=move |chosen| draft.begin_with(chosen, &[])/>
            })}
            <TextField label="Title" name="update-title" value=draft.title error=draft.problem("title")/>
            <TextArea label="Text" name="update-text" value=draft.text error=draft.problem("body")/>
            <p class="hint">"Empty lines make paragraphs, **two stars** make words heavy, - begins a list."</p>
            {draft.blank_fields("update")}
            {move || is_new().then(|| view! {
                <TextField label="Publish at" name="update-at" kind="datetime-local" value=publish_at error=draft.problem("publish_at") hint=format!("{} time. Left empty: now.", zone.get())/>
            })}
            {move || (!is_new()).then(|| view! {
                <label><input type="checkbox" prop:checked=move || resolved.get() on:change=move |event| resolved.set(event_target_checked(&event))/> " What it tells of is over"</label>
            })}
        </DraftDialog>
    }
    .into_any()
}
