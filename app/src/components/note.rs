//! Notes, and the states that every panel has besides its content: loading, empty, error.

use std::time::Duration;

use leptos::prelude::*;

use super::icon::icon;
use crate::api::ApiError;
use crate::submission::Submission;

/// A tinted note.
#[component]
pub fn Note(
    /// `info`, `running`, `gate`, `done`, `failed` or `rolledback`.
    #[prop(optional)]
    state: Option<&'static str>,
    /// Whether it appeared after the page and needs a person.
    #[prop(optional)]
    alert: bool,
    /// First words, bold.
    #[prop(optional, into)]
    title: Option<String>,
    /// Icon; the state's when absent.
    #[prop(optional)]
    picture: Option<&'static str>,
    /// The sentence.
    children: Children,
) -> impl IntoView {
    let picture = picture.or(state).unwrap_or("info");
    view! {
        <div class="note" data-state=state role=alert.then_some("alert")>
            {icon(picture)}
            {title.map(|title| view! { <b>{title}</b> })}
            <span>{children()}</span>
        </div>
    }
    .into_any()
}

/// Why a submission was refused: nothing until it was.
#[component]
pub fn RefusalNote(
    /// The submission.
    submission: Submission,
    /// Fields of the form that say themselves what is wrong with them: it is not said twice.
    #[prop(optional, into)]
    beside: Signal<Vec<String>>,
) -> impl IntoView {
    move || {
        submission.error().map(|error| {
            let mut fields = match &error {
                ApiError::Problem(problem) => problem.fields.clone(),
                _ => Vec::new(),
            };
            beside.with(|beside| fields.retain(|field| !beside.contains(&field.field)));
            view! {
                <Note state="failed" alert=true title=error.title()>
                    {error.detail()}
                    {(!fields.is_empty()).then(|| view! {
                        <ul>{fields.into_iter().map(|field| view! { <li><b>{field.field}</b> ": " {field.message}</li> }).collect_view()}</ul>
                    })}
                </Note>
            }
        })
    }
}

/// A panel whose value could not be had.
#[component]
pub fn ErrorPanel(
    /// A noun, such as `coverage`.
    what: &'static str,
    /// Why.
    #[prop(into)]
    error: Signal<Option<ApiError>>,
    /// Asks again.
    retry: impl Fn() + 'static,
) -> impl IntoView {
    let retry = StoredValue::new_local(retry);
    view! {
        <section class="panel" aria-label=what>
            <div class="body stack-sm">
                {move || error.get().map(|error| {
                    let missing = error.is("not-found");
                    let title = if missing { error.title() } else { format!("The {what} can't be read: {}", error.title()) };
                    view! {
                        <Note state=if missing { "info" } else { "failed" } picture=if missing { "help" } else { "failed" } alert=true title=title>
                            {error.detail()}
                        </Note>
                    }
                })}
                <div class="row">
                    <button type="button" class="btn sm" on:click=move |_| retry.with_value(|retry| retry())>
                        {icon("refresh")} "Try again"
                    </button>
                </div>
            </div>
        </section>
    }
    .into_any()
}

/// Loading: nothing for 300 ms, then the shape of the content; after 10 s it says that this is slow.
#[component]
pub fn Skeleton(
    /// A noun, such as `coverage`.
    what: &'static str,
) -> impl IntoView {
    let slow = RwSignal::new(false);
    if let Ok(timer) = set_timeout_with_handle(
        move || {
            slow.try_set(true);
        },
        Duration::from_secs(10),
    ) {
        on_cleanup(move || timer.clear());
    }
    view! {
        <section class="panel late" aria-busy="true" aria-label=what>
            <div class="body stack-sm gap-4">
                <span class="vh" role="status">{format!("Loading {what}")}</span>
                {move || slow.get().then(|| view! { <Note picture="clock" title=format!("Still reading the {what}, over 10 s")>"The server answers slowly. A run is not affected by this page."</Note> })}
                <span class="sk h w2"></span>
                {(0..5).map(|_| view! { <span class="skrow"><span class="sk"></span><span class="sk"></span><span class="sk"></span></span> }).collect_view()}
            </div>
        </section>
    }
    .into_any()
}

/// Nothing here: what this will hold, why it is empty, and in the children the one thing that fills it.
#[component]
pub fn Empty(
    /// Icon.
    picture: &'static str,
    /// What will be here, or that all is done.
    #[prop(into)]
    title: String,
    /// Why it is empty.
    #[prop(into)]
    text: String,
    /// Actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            {icon(picture)} <b>{title}</b> <p>{text}</p>
            {children.map(|children| view! { <div class="actions">{children()}</div> })}
        </div>
    }
    .into_any()
}
