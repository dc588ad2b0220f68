//! The dialog that schedules or changes a maintenance window.

use leptos::prelude::*;
use shared::notice::{Notices, PreviewNotice, Window, WindowStage, WriteWindow};

use super::blanks::StartFrom;
use super::draft::{Draft, DraftDialog};
use super::{Edited, TextArea};
use crate::api;
use crate::components::TextField;
use crate::loader::Loaded;

const STAGES: [(&str, WindowStage); 5] = [
    ("scheduled", WindowStage::Scheduled),
    ("in-progress", WindowStage::InProgress),
    ("verifying", WindowStage::Verifying),
    ("completed", WindowStage::Completed),
    ("cancelled", WindowStage::Cancelled),
];

/// What a window says of itself.
const OWN: [&str; 4] = ["date", "start", "end", "minutes"];

/// Fields of the form.
const FIELDS: [&str; 5] = ["title", "body", "starts", "ends", "interruption_minutes"];

/// The dialog.
#[component]
pub(super) fn ScheduleWindow(
    /// Slug of the system.
    slug: StoredValue<String>,
    /// What the page shows.
    shown: Memo<Notices>,
    /// What takes the answer over.
    loaded: Loaded<Notices>,
    /// Whether it is open.
    open: RwSignal<bool>,
    /// What is written.
    edited: RwSignal<Edited<Window>>,
) -> impl IntoView {
    let starts = RwSignal::new(String::new());
    let ends = RwSignal::new(String::new());
    let minutes = RwSignal::new(String::new());
    let wrong_minutes = RwSignal::new(false);
    let stage = RwSignal::new(WindowStage::Scheduled);
    let draft = Draft::new(slug, open, move |draft| {
        let window = match edited.get_untracked() {
            Edited::New => None,
            Edited::Earlier(window) => Some(window),
        };
        let said = |read: fn(&Window) -> String| window.as_deref().map(read).unwrap_or_default();
        draft.title.set(said(|window| window.title.clone()));
        draft.text.set(said(|window| window.body.clone()));
        starts.set(said(|window| window.starts_local.clone()));
        ends.set(said(|window| window.ends_local.clone()));
        minutes.set(said(|window| {
            window
                .interruption_minutes
                .map(|minutes| minutes.to_string())
                .unwrap_or_default()
        }));
        wrong_minutes.set(false);
        stage.set(window.map_or(WindowStage::Scheduled, |window| window.stage));
    });
    let rest = move || PreviewNotice {
        starts: Some(starts.get_untracked()),
        ends: Some(ends.get_untracked()),
        interruption_minutes: minutes.get_untracked().trim().parse().ok(),
        ..PreviewNotice::default()
    };
    let save = move || {
        let written = minutes.get_untracked();
        let interruption_minutes = written.trim().parse::<u32>().ok();
        wrong_minutes.set(!written.trim().is_empty() && interruption_minutes.is_none());
        if wrong_minutes.get_untracked() {
            return;
        }
        let (id, version) = match edited.get_untracked() {
            Edited::New => (None, None),
            Edited::Earlier(window) => (Some(window.id), Some(window.version)),
        };
        let body = WriteWindow {
            title: draft.title.get_untracked(),
            body: draft.text.get_untracked(),
            fields: draft.blanks.values(),
            starts: starts.get_untracked(),
            ends: ends.get_untracked(),
            interruption_minutes,
            stage: Some(stage.get_untracked()),
            version,
        };
        let (system, press) = (slug.get_value(), draft.saving.press());
        draft.save(loaded, async move {
            api::write_window(&system, id, &body, press).await
        });
    };
    let minutes_refused = draft.problem("interruption_minutes");
    let minutes_problem = Signal::derive(move || {
        if wrong_minutes.get() {
            Some("Write a whole number of minutes, or nothing.".to_owned())
        } else {
            minutes_refused.get()
        }
    });
    let is_new = move || edited.with(|edited| *edited == Edited::New);
    let heading = Signal::derive(move || {
        if is_new() {
            "Schedule a maintenance window".to_owned()
        } else {
            "Change the maintenance window".to_owned()
        }
    });
    let save_words = Signal::derive(move || {
        if is_new() {
            "Schedule it"
        } else {
            "Save the change"
        }
    });
    let zone = Signal::derive(move || shown.with(|notices| notices.zone.clone()));
    view! {
        <DraftDialog draft heading fields=&FIELDS rest on_save=save save_words>
            {move || is_new().then(|| view! {
                <StartFrom id="window-template" templates=shown.with_untracked(|notices| notices.templates.iter().filter(|one| one.for_windows).cloned().collect::<Vec<_>>()) on_choose=move |chosen| draft.begin_with(chosen, &OWN)/>
            })}
            <TextField label="Title" name="window-title" value=draft.title error=draft.problem("title")/>
            <TextArea label="What it means for people" name="window-text" value=draft.text error=draft.problem("body")/>
            {move || view! { <TextField label="Begins" name="window-starts" kind="datetime-local" value=starts error=draft.problem("starts") hint=format!("{} time", zone.get())/> }}
            {move || view! { <TextField label="Ends" name="window-ends" kind="datetime-local" value=ends error=draft.problem("ends") hint=format!("{} time", zone.get())/> }}
            <TextField label="Minutes not available" name="window-minutes" value=minutes error=minutes_problem hint="Left empty: no interruption is expected"/>
            {draft.blank_fields("window")}
            {move || (!is_new()).then(|| view! {
                <div class="field">
                    <label for="window-stage">"Where it is"</label>
                    <select class="in" id="window-stage" on:change=move |event| {
                        let chosen = event_target_value(&event);
                        if let Some((_, found)) = STAGES.iter().find(|(name, _)| *name == chosen) {
                            stage.set(*found);
                        }
                    }>
                        {STAGES.map(|(name, one)| view! { <option value=name prop:selected=move || stage.get() == one>{one.word()}</option> }).collect_view()}
                    </select>
                </div>
            })}
        </DraftDialog>
    }
    .into_any()
}
