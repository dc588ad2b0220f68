//! Checklists before and after the migration: a machine checks what it can know, a named person ticks the rest.

use leptos::prelude::*;
use shared::account::Role;
use shared::checklist::{Checklist, ChecklistItem, ChecklistSection, TickItem};
use shared::event::Topic;
use shared::system::Tone;

use crate::api;
use crate::components::{
    ActionButton, Confirm, PageHead, Panel, Progress, TextField, state_badge, state_icon,
};
use crate::format;
use crate::loader::{Loaded, load};
use crate::session;
use crate::submission::Submission;

/// The checklists of one system.
#[component]
pub fn ChecklistPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let slug = StoredValue::new(system);
    let checklist = load(
        &[Topic::Checklist, Topic::Backups, Topic::Run, Topic::Mode],
        move || {
            let system = slug.get_value();
            async move { api::checklist(&system).await }
        },
    );
    let left = move || checklist.with(|list| list.map(|list| list.total - list.done));
    let badges = move || {
        left().map(|left| match left {
            0 => state_badge(Tone::Done, "All done"),
            left => state_badge(Tone::Pending, format!("{left} left")),
        })
    };
    view! {
        <PageHead title="Checklist" badges=badges sub="What a machine can know is checked by it. The rest is ticked by a person, whose name is kept."/>
        {checklist.view("checklist", move |list| body(slug, checklist, list))}
    }
    .into_any()
}

#[derive(Clone)]
struct Choice {
    name: String,
    title: String,
    done: bool,
}

fn body(slug: StoredValue<String>, loaded: Loaded<Checklist>, list: Memo<Checklist>) -> AnyView {
    let chosen = RwSignal::new(None::<Choice>);
    let open = RwSignal::new(false);
    let note = RwSignal::new(String::new());
    let submission = Submission::new();
    let ask = move |choice: Choice| {
        note.set(String::new());
        chosen.set(Some(choice));
        open.set(true);
    };
    let act = move |_typed: String| {
        let Some(choice) = chosen.get_untracked() else {
            return;
        };
        let system = slug.get_value();
        let body = TickItem {
            done: choice.done,
            note: note.get_untracked().trim().to_string(),
        };
        submission.run(
            async move { api::tick(&system, &choice.name, &body).await },
            move |answer| {
                loaded.set(answer);
                open.set(false);
            },
        );
    };
    let ticking = move || chosen.with(|choice| choice.as_ref().is_some_and(|choice| choice.done));
    let title = Signal::derive(move || {
        let name = chosen.with(|choice| {
            choice
                .as_ref()
                .map(|choice| choice.title.clone())
                .unwrap_or_default()
        });
        if ticking() {
            format!("{name}: is it done?")
        } else {
            format!("{name}: take the tick back?")
        }
    });
    let label = Signal::derive(move || {
        if ticking() {
            "Tick with my name"
        } else {
            "Take the tick back"
        }
        .to_string()
    });
    let done = Signal::derive(move || list.with(|list| u64::from(list.done)));
    let total = Signal::derive(move || list.with(|list| u64::from(list.total)));
    let tone = Signal::derive(move || {
        if done.get() == total.get() {
            Tone::Done
        } else {
            Tone::Running
        }
    });
    let names = Memo::new(move |_| {
        list.with(|list| {
            list.sections
                .iter()
                .map(|section| section.name.clone())
                .collect::<Vec<_>>()
        })
    });
    view! {
        <div class="prog">
            <Progress label="Checklist" value=done max=total tone class="lg"/>
            <span class="lab"><span>{move || format!("{} done", format::of(done.get(), total.get()))}</span></span>
        </div>
        {move || names.get().into_iter().map(|name| section(list, name, ask)).collect_view()}
        <Confirm open title label quiet="Not now" submission action=act>
            <TextField label="Note" name="tick-note" value=note hint="Such as where the plan is kept. It is kept with your name and the time." autofocus=true/>
        </Confirm>
    }
    .into_any()
}

fn section(
    list: Memo<Checklist>,
    name: String,
    ask: impl Fn(Choice) + Copy + Send + 'static,
) -> AnyView {
    let section = Memo::new(move |_| {
        list.with(|list| {
            list.sections
                .iter()
                .find(|section| section.name == name)
                .cloned()
        })
        .unwrap_or(ChecklistSection {
            name: String::new(),
            title: String::new(),
            items: Vec::new(),
        })
    });
    let title = Signal::derive(move || section.with(|section| section.title.clone()));
    let note = Signal::derive(move || {
        section.with(|section| {
            let done = section.items.iter().filter(|item| item.done).count() as u64;
            format!("{} done", format::of(done, section.items.len() as u64))
        })
    });
    view! {
        <Panel title note class="clip">
            <ul class="gates">
                {move || section.with(|section| section.items.iter().cloned().map(|item| line(item, ask)).collect_view())}
            </ul>
        </Panel>
    }
    .into_any()
}

fn line(item: ChecklistItem, ask: impl Fn(Choice) + Copy + Send + 'static) -> AnyView {
    let (tone, word) = match (item.done, item.required) {
        (true, _) => (Tone::Done, "Done"),
        (false, true) => (Tone::Gate, "Required before a run"),
        (false, false) => (Tone::Pending, "Not done"),
    };
    let who = match (&item.by, &item.at) {
        (Some(by), Some(at)) => Some(format!("{by}, {}", format::moment(at))),
        (None, Some(at)) => Some(format!("checked {}", format::moment(at))),
        _ => None,
    };
    let choice = Choice {
        name: item.name.clone(),
        title: item.title.clone(),
        done: !item.done,
    };
    let action = if item.automatic {
        view! { <span class="tag">"Automatic"</span> }.into_any()
    } else {
        let label = if item.done { "Take back" } else { "Tick" };
        let session = session::current();
        let refused = Signal::derive(move || session.refusal(Role::Operator));
        view! { <ActionButton label class="sm" refused reason_elsewhere=true on_press=move || ask(choice.clone())/> }.into_any()
    };
    view! {
        <li>
            {state_icon(tone, word)}
            <span><b>{item.title}</b> {(item.required && !item.done).then(|| view! { " " <span class="tag">"Required before a run"</span> })}</span>
            <span class="ev">{action}</span>
            <p>
                {item.detail}
                {item.href.map(|href| view! { " " <a href=href>"Do it here"</a> })}
            </p>
            {(!item.evidence.is_empty() || who.is_some()).then(|| view! {
                <p><span class="strong">{format::told(&item.evidence)}</span> {who.map(|who| view! { " " <span>{who}</span> })}</p>
            })}
        </li>
    }
    .into_any()
}
