//! The dialog that schedules or changes a maintenance window.

use leptos::prelude::*;
use shared::notice::{NoticePreview, Notices, PreviewNotice, Window, WindowStage, WriteWindow};
use web_sys::SubmitEvent;

use super::blanks::{BlankFields, Blanks, Look, StartFrom};
use super::{Edited, TextArea};
use crate::api;
use crate::components::{ActionButton, Dialog, RefusalNote, TextField};
use crate::loader::Loaded;
use crate::submission::Submission;

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
    let title = RwSignal::new(String::new());
    let text = RwSignal::new(String::new());
    let starts = RwSignal::new(String::new());
    let ends = RwSignal::new(String::new());
    let minutes = RwSignal::new(String::new());
    let stage = RwSignal::new(WindowStage::Scheduled);
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
        let window = match edited.get_untracked() {
            Edited::New => None,
            Edited::Earlier(window) => Some(window),
        };
        let said = |read: fn(&Window) -> String| window.as_deref().map(read).unwrap_or_default();
        title.set(said(|window| window.title.clone()));
        text.set(said(|window| window.body.clone()));
        starts.set(said(|window| window.starts_local.clone()));
        ends.set(said(|window| window.ends_local.clone()));
        minutes.set(said(|window| {
            window
                .interruption_minutes
                .map(|minutes| minutes.to_string())
                .unwrap_or_default()
        }));
        stage.set(
            window
                .as_ref()
                .map_or(WindowStage::Scheduled, |window| window.stage),
        );
    });
    let problem = move |field: &'static str| {
        Signal::derive(move || {
            let of = |one: Submission| one.error().and_then(|error| error.field(field));
            of(command).or_else(|| of(looking))
        })
    };
    let beside = Signal::derive(move || blanks.and(&FIELDS));
    let wrong_minutes = RwSignal::new(false);
    let look = move || {
        let body = PreviewNotice {
            title: title.get_untracked(),
            body: text.get_untracked(),
            fields: blanks.values(),
            publish_at: None,
            starts: Some(starts.get_untracked()),
            ends: Some(ends.get_untracked()),
            interruption_minutes: minutes.get_untracked().trim().parse().ok(),
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
            title: title.get_untracked(),
            body: text.get_untracked(),
            fields: blanks.values(),
            starts: starts.get_untracked(),
            ends: ends.get_untracked(),
            interruption_minutes,
            stage: Some(stage.get_untracked()),
            version,
        };
        let system = slug.get_value();
        looking.clear();
        command.run(
            async move { api::write_window(&system, id, &body, command.press()).await },
            move |answer| {
                loaded.set(answer);
                open.set(false);
            },
        );
    };
    let minutes_problem = Signal::derive(move || {
        if wrong_minutes.get() {
            Some("Write a whole number of minutes, or nothing.".to_owned())
        } else {
            problem("interruption_minutes").get()
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
    let zone = Signal::derive(move || shown.with(|notices| notices.zone.clone()));
    view! {
        <Dialog open title=heading>
            <form class="dialog-form" on:submit=send novalidate>
                <div class="body">
                    {move || is_new().then(|| view! {
                        <StartFrom id="window-template" templates=shown.with_untracked(|notices| notices.templates.iter().filter(|one| one.for_windows).cloned().collect::<Vec<_>>()) on_choose=move |chosen| {
                            title.set(chosen.title.clone());
                            text.set(chosen.body.clone());
                            blanks.ask(chosen, &OWN);
                        }/>
                    })}
                    <TextField label="Title" name="window-title" value=title error=problem("title")/>
                    <TextArea label="What it means for people" name="window-text" value=text error=problem("body")/>
                    {move || view! { <TextField label="Begins" name="window-starts" kind="datetime-local" value=starts error=problem("starts") hint=format!("{} time", zone.get())/> }}
                    {move || view! { <TextField label="Ends" name="window-ends" kind="datetime-local" value=ends error=problem("ends") hint=format!("{} time", zone.get())/> }}
                    <TextField label="Minutes not available" name="window-minutes" value=minutes error=minutes_problem hint="Left empty: no interruption is expected"/>
                    <BlankFields id="window" blanks tries=[command, looking]/>
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
                    <ActionButton label="Preview" class="sm" pending=Signal::derive(move || looking.is_pending()) on_press=look/>
                    <Look preview/>
                    <RefusalNote submission=looking beside/>
                    <RefusalNote submission=command beside/>
                </div>
                <footer>
                    <button type="button" class="btn" on:click=move |_| open.set(false)>"Not now"</button>
                    <button class="btn primary" aria-disabled=move || command.is_pending().then_some("true")>
                        {move || if is_new() { "Schedule it" } else { "Save the change" }}
                    </button>
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}
