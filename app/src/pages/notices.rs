//! Updates and maintenance windows: what the public reads, written without HTML, with every version kept.

mod blanks;
mod compose;
mod draft;
mod schedule;

use leptos::prelude::*;
use shared::account::Role;
use shared::event::Topic;
use shared::notice::{Notices, Revision, Update, Window, WindowStage};
use shared::system::Tone;

use crate::api;
use crate::components::{ActionButton, Empty, Note, PageHead, Panel, state_badge};
use crate::format;
use crate::loader::{Loaded, load};
use crate::session;

use compose::ComposeUpdate;
use schedule::ScheduleWindow;

/// What is open: a new notice, or an earlier one to change.
#[derive(Debug, Clone, PartialEq)]
enum Edited<T> {
    New,
    Earlier(Box<T>),
}

/// The notices of one system.
#[component]
pub fn NoticesPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let slug = StoredValue::new(system);
    let notices = load(&[Topic::Notices], move || {
        let system = slug.get_value();
        async move { api::notices(&system).await }
    });
    view! {
        <PageHead title="Notices" sub="What people without an account read about this system: updates as they happen, and maintenance windows ahead of time."/>
        {notices.view("notices", move |shown| body(slug, notices, shown))}
    }
    .into_any()
}

fn body(slug: StoredValue<String>, loaded: Loaded<Notices>, shown: Memo<Notices>) -> AnyView {
    let session = session::current();
    let refused = Signal::derive(move || session.refusal(Role::Operator));
    let update = RwSignal::new(Edited::<Update>::New);
    let writing = RwSignal::new(false);
    let window = RwSignal::new(Edited::<Window>::New);
    let scheduling = RwSignal::new(false);
    let write = move |what: Edited<Update>| {
        update.set(what);
        writing.set(true);
    };
    let schedule = move |what: Edited<Window>| {
        window.set(what);
        scheduling.set(true);
    };
    let public = Memo::new(move |_| shown.with(|notices| notices.public_path.clone()));
    let updates = Memo::new(move |_| shown.with(|notices| notices.updates.clone()));
    let windows = Memo::new(move |_| shown.with(|notices| notices.windows.clone()));
    view! {
        {move || match public.get() {
            Some(path) => view! { <p><a href=path rel="external">"Read the status page as the public does"</a></p> }.into_any(),
            None => view! { <Note state="info" title="This system publishes nothing">"Its configuration says that its status is private. What is written here is seen by whoever has a link."</Note> }.into_any(),
        }}
        <Panel title="Updates" class="clip" aside=move || view! {
            <span class="push"><ActionButton label="Write an update" class="primary" refused reason_elsewhere=true on_press=move || write(Edited::New)/></span>
        }>
            <ul class="gates bare">
                {move || updates.with(|all| all.iter().cloned().map(|one| update_line(one, refused, write)).collect_view())}
            </ul>
            {move || updates.with(Vec::is_empty).then(|| view! { <Empty picture="bell" title="No update yet" text="The first one tells people what is planned."/> })}
        </Panel>
        <Panel title="Maintenance windows" class="clip" aside=move || view! {
            <span class="push"><ActionButton label="Schedule a window" refused reason_elsewhere=true on_press=move || schedule(Edited::New)/></span>
        }>
            <ul class="gates bare">
                {move || windows.with(|all| all.iter().cloned().map(|one| window_line(one, refused, schedule)).collect_view())}
            </ul>
            {move || windows.with(Vec::is_empty).then(|| view! { <Empty picture="cal" title="No window yet" text="People plan around a window that they know of."/> })}
        </Panel>
        <ComposeUpdate slug shown loaded open=writing edited=update/>
        <ScheduleWindow slug shown loaded open=scheduling edited=window/>
    }
    .into_any()
}

fn update_line(
    update: Update,
    refused: Signal<Option<String>>,
    write: impl Fn(Edited<Update>) + Copy + Send + 'static,
) -> AnyView {
    let ahead =
        format::epoch_ms(&update.publish_at).is_some_and(|at| at as f64 > js_sys::Date::now());
    let badge = match (&update.resolved, ahead) {
        (_, true) => state_badge(Tone::Pending, "Scheduled"),
        (Some(_), _) => state_badge(Tone::Done, "Resolved"),
        (None, _) => state_badge(Tone::Running, "Published"),
    };
    let edited = update.clone();
    view! {
        <li>
            <span><b>{update.title}</b> " " {badge}</span>
            <span class="ev"><ActionButton label="Change" class="sm" refused reason_elsewhere=true on_press=move || write(Edited::Earlier(Box::new(edited.clone())))/></span>
            <p>{format::moment(&update.publish_at)} ", " {update.by}</p>
            {history(&update.history)}
        </li>
    }
    .into_any()
}

fn window_line(
    window: Window,
    refused: Signal<Option<String>>,
    schedule: impl Fn(Edited<Window>) + Copy + Send + 'static,
) -> AnyView {
    let tone = match window.stage {
        WindowStage::Scheduled => Tone::Pending,
        WindowStage::InProgress | WindowStage::Verifying => Tone::Running,
        WindowStage::Completed => Tone::Done,
        WindowStage::Cancelled => Tone::Skipped,
    };
    let edited = window.clone();
    view! {
        <li>
            <span><b>{window.title}</b> " " {state_badge(tone, window.stage.word())}</span>
            <span class="ev"><ActionButton label="Change" class="sm" refused reason_elsewhere=true on_press=move || schedule(Edited::Earlier(Box::new(edited.clone())))/></span>
            <p>{format::moment(&window.starts)} " to " {format::moment(&window.ends)} ", " {window.by}</p>
            {history(&window.history)}
        </li>
    }
    .into_any()
}

fn history(revisions: &[Revision]) -> Option<AnyView> {
    let last = revisions.last()?;
    let times = format::counted(revisions.len() as u64, "time", "times");
    Some(
        view! { <p>"Changed " {times} ", last " {format::moment(&last.at)} ". Before: “" {last.title.clone()} "”, " {last.note.clone()}</p> }
            .into_any(),
    )
}

/// A field for several lines.
#[component]
fn TextArea(
    /// Words above it.
    label: &'static str,
    /// Name in the page.
    name: &'static str,
    /// What is written.
    value: RwSignal<String>,
    /// Why it is not accepted.
    error: Signal<Option<String>>,
) -> impl IntoView {
    let error_id = format!("{name}-error");
    let described = error_id.clone();
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <textarea
                class="in" id=name rows="7"
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=move || error.with(Option::is_some).then(|| described.clone())
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            ></textarea>
            {move || error.get().map(|error| view! { <p class="err" id=error_id.clone()>{error}</p> })}
        </div>
    }
    .into_any()
}
