//! Systems: those that need a person first.

use leptos::prelude::*;
use shared::system::{SystemSummary, Tone};

use crate::components::{
    Empty, NextAction, PageHead, Panel, Progress, Systems, mode_badge, state_badge,
};
use crate::format;
use crate::route::SystemPage;

/// All systems, and the first thing that needs a person.
#[component]
pub fn SystemsPage() -> impl IntoView {
    let systems = expect_context::<Systems>().0;
    let sub = Signal::derive(move || {
        systems.with(|systems| systems.map_or_else(String::new, |systems| summary(systems)))
    });
    view! {
        <PageHead title="Systems" sub=sub/>
        {systems.view("systems", list)}
    }
    .into_any()
}

fn summary(systems: &[SystemSummary]) -> String {
    let tone = |wanted: &[Tone]| {
        systems
            .iter()
            .filter(|system| wanted.contains(&system.standing.tone))
            .count()
    };
    let needs = tone(&[Tone::Gate, Tone::Failed]);
    let changing = tone(&[Tone::Running]);
    format!(
        "{}. {} {} you, {changing} {} changing now.",
        format::counted(systems.len() as u64, "system", "systems"),
        needs,
        if needs == 1 { "needs" } else { "need" },
        if changing == 1 { "is" } else { "are" },
    )
}

fn list(systems: Memo<Vec<SystemSummary>>) -> AnyView {
    // the one whose next action is the most pressing; nothing is pressing when all are done
    let first = Memo::new(move |_| {
        systems.with(|systems| {
            systems
                .iter()
                .filter(|system| system.next.button.is_some())
                .min_by_key(|system| urgency(system.next.tone))
                .cloned()
        })
    });
    let rows = move || {
        let mut rows = systems.get();
        rows.sort_by_key(|system| urgency(system.standing.tone));
        rows.into_iter().map(row).collect_view()
    };
    view! {
        {move || first.get().map(|system| {
            let mut action = system.next;
            action.title = format!("{}: {}", system.title, action.title);
            view! { <NextAction action=action kicker=String::from("Next")/> }
        })}
        {move || if systems.with(Vec::is_empty) {
            view! {
                <section class="panel" aria-label="Systems">
                    <Empty
                        picture="server"
                        title="No system is declared"
                        text="A system is declared in the configuration file, with its database and playbook. Declaring it changes nothing on it. docs/configuration.md says how."
                    />
                </section>
            }.into_any()
        } else {
            view! {
                <Panel title="All systems" class="clip">
                    <div class="scroll" tabindex="0" role="group" aria-label="All systems">
                        <table class="t rows mid stackable sys">
                            <thead><tr>
                                <th scope="col">"System"</th> <th scope="col">"Migration"</th> <th scope="col">"State"</th>
                                <th scope="col">"Coverage"</th> <th scope="col">"Mode"</th> <th scope="col">"Last run"</th> <th scope="col">"Next"</th>
                            </tr></thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                </Panel>
            }.into_any()
        }}
    }
    .into_any()
}

fn urgency(tone: Tone) -> u8 {
    match tone {
        Tone::Failed => 0,
        Tone::Gate => 1,
        Tone::Paused => 2,
        Tone::Running => 3,
        Tone::Rolledback => 4,
        Tone::Pending => 5,
        Tone::Skipped | Tone::Done => 6,
    }
}

fn row(system: SystemSummary) -> AnyView {
    let href = SystemPage::Overview.of(&system.slug);
    let coverage = match (&system.coverage, &system.unreachable) {
        (_, Some(why)) => view! { <span class="neg">{why.clone()}</span> }.into_any(),
        (Some(coverage), None) => {
            let all = coverage.all;
            let tone = if all.is_complete() {
                Tone::Done
            } else {
                system.standing.tone
            };
            view! {
                <div class="prog">
                    <Progress label="Records with an organization" value=Signal::stored(all.assigned) max=Signal::stored(all.total) tone=Signal::stored(tone)/>
                    <span class="lab"><span>{format::of(all.assigned, all.total)}</span><span>{format::percent(all)}</span></span>
                </div>
            }
            .into_any()
        }
        (None, None) => view! { <span class="muted">"Not counted yet"</span> }.into_any(),
    };
    let mode = match &system.mode {
        Some(mode) => mode_badge(mode, true),
        None => view! { <span class="muted">"Not used"</span> }.into_any(),
    };
    let run = match &system.run {
        Some(run) => view! {
            <a href=SystemPage::Run { run: run.number }.of(&system.slug)>{format!("Run {}", run.number)}</a>
            <small>{format::moment(&run.started)}</small>
        }
        .into_any(),
        None => view! { <span class="muted">"None yet"</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row"><a class="name" href=href>{system.title}</a><small>{system.environment}</small></th>
            <td><span class="strong">{system.migration}</span></td>
            <td>{state_badge(system.standing.tone, system.standing.word)}</td>
            <td>{coverage}</td>
            <td>{mode}</td>
            <td>{run}</td>
            <td>{system.next.title}</td>
        </tr>
    }
    .into_any()
}
