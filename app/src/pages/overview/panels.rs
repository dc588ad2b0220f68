//! The panels of the overview.

use leptos::prelude::*;
use shared::coverage::Coverage;
use shared::event::Topic;
use shared::system::{SystemOverview, Tone};

use crate::api;
use crate::components::{
    CoverageBars, CoverageLegend, Empty, KeyValue, Panel, Progress, Track, state_badge, state_icon,
};
use crate::format;
use crate::loader::load;
use crate::route::SystemPage;

type Overview = Memo<SystemOverview>;

fn link(
    slug: StoredValue<String>,
    page: SystemPage,
    words: &'static str,
) -> impl Fn() -> AnyView + Clone {
    move || view! { <a class="push" href=page.clone().of(&slug.get_value())>{words}</a> }.into_any()
}

/// The way from first phase to last.
pub(super) fn journey(slug: StoredValue<String>, overview: Overview) -> AnyView {
    let title =
        Signal::derive(move || overview.with(|overview| overview.summary.migration.clone()));
    let stages = Signal::derive(move || overview.with(|overview| overview.journey.clone()));
    let note = Signal::derive(move || {
        stages.with(|stages| {
            let done = stages
                .iter()
                .filter(|stage| stage.tone == Tone::Done)
                .count();
            format!("{done} of {} done", stages.len())
        })
    });
    view! {
        <Panel title=title note=note aside=link(slug, SystemPage::Runs, "Runs")>
            <div class="body"><Track stages/></div>
        </Panel>
    }
    .into_any()
}

/// How many records have an organization.
pub(super) fn coverage_panel(slug: StoredValue<String>, overview: Overview) -> AnyView {
    let coverage = load(&[Topic::Coverage], move || {
        let system = slug.get_value();
        async move { api::coverage(&system).await }
    });
    let all = Signal::derive(move || {
        coverage
            .with(|coverage| coverage.map(|coverage| coverage.all))
            .unwrap_or_else(|| {
                overview.with(|overview| {
                    overview.summary.coverage.as_ref().map_or(
                        Coverage {
                            assigned: 0,
                            total: 0,
                        },
                        |coverage| coverage.all,
                    )
                })
            })
    });
    let groups = Signal::derive(move || {
        coverage.with(|coverage| {
            coverage
                .map(|coverage| coverage.groups.clone())
                .unwrap_or_default()
        })
    });
    let counted = move || {
        coverage.with(|coverage| {
            coverage.is_some_and(|coverage| {
                coverage
                    .groups
                    .iter()
                    .flat_map(|group| &group.models)
                    .any(|model| model.coverage.is_some())
            })
        })
    };
    view! {
        <Panel title="Coverage" note="Records that have an organization" aside=link(slug, SystemPage::Coverage, "By model")>
            <div class="body stack-sm gap-3">
                <div class="between">
                    <span class="big">{move || if counted() { format::percent(all.get()) } else { "Not yet".into() }}</span>
                    <CoverageLegend all/>
                </div>
                <CoverageBars groups/>
            </div>
        </Panel>
    }
    .into_any()
}

/// What the application says about itself.
pub(super) fn health(overview: Overview) -> AnyView {
    let health = Memo::new(move |_| overview.with(|overview| overview.health.clone()));
    let badge = move || {
        health.get().map(|health| {
            if health.healthy {
                state_badge(Tone::Done, "Healthy")
            } else {
                state_badge(Tone::Failed, "Not healthy")
            }
        })
    };
    let facts = Signal::derive(move || {
        health.get().map_or_else(Vec::new, |health| {
            let mut facts = vec![
                ("Its own word".to_string(), health.status),
                (
                    "Time to answer".into(),
                    format::duration(health.response_ms),
                ),
                ("Asked".into(), format::moment(&health.at)),
            ];
            if let Some(mode) = health.mode {
                facts.insert(1, ("Mode that it runs in".into(), mode));
            }
            facts
        })
    });
    view! {
        <Panel title="Health of the application" aside=badge>
            {move || if health.with(Option::is_some) {
                view! { <div class="body"><KeyValue facts/></div> }.into_any()
            } else {
                view! {
                    <Empty picture="pulse" title="The application was not asked" text="A system with a health address is asked every few seconds. Its configuration has none, or the first answer is still awaited."/>
                }.into_any()
            }}
        </Panel>
    }
    .into_any()
}

/// What happened last.
pub(super) fn activity(slug: StoredValue<String>, overview: Overview) -> AnyView {
    let lines = move || {
        overview.with(|overview| {
            overview
                .activity
                .iter()
                .cloned()
                .map(|line| {
                    let text = match line.href {
                        Some(href) => view! { <a href=href>{line.text}</a> }.into_any(),
                        None => view! { <span>{line.text}</span> }.into_any(),
                    };
                    let datetime = line.at.clone();
                    view! { <li>{state_icon(line.tone, "")} {text} <time datetime=datetime>{format::moment(&line.at)}</time></li> }
                })
                .collect_view()
        })
    };
    let none = move || overview.with(|overview| overview.activity.is_empty());
    view! {
        <Panel title="Recent activity" aside=link(slug, SystemPage::Audit, "Audit log")>
            {move || none().then(|| view! { <Empty picture="list" title="Nothing has happened yet" text="What people and Switchyard do on this system is listed here."/> })}
            <ul class="feed">{lines}</ul>
            <div class="body"></div>
        </Panel>
    }
    .into_any()
}

/// Checklist and organizations, as counts.
pub(super) fn preparation(slug: StoredValue<String>, overview: Overview) -> AnyView {
    let done = Signal::derive(move || overview.with(|overview| u64::from(overview.checklist_done)));
    let total =
        Signal::derive(move || overview.with(|overview| u64::from(overview.checklist_total)));
    let tone = Signal::derive(move || {
        if done.get() == total.get() {
            Tone::Done
        } else {
            Tone::Pending
        }
    });
    let stages = Signal::derive(move || {
        overview.with(|overview| {
            overview
                .organizations
                .iter()
                .filter(|stage| stage.count > 0)
                .map(|stage| {
                    (
                        stage.stage.word().to_string(),
                        format::counted(u64::from(stage.count), "organization", "organizations"),
                    )
                })
                .collect::<Vec<_>>()
        })
    });
    view! {
        <Panel title="Preparation" aside=link(slug, SystemPage::Checklist, "Checklist")>
            <div class="body stack-sm">
                <div class="prog">
                    <Progress label="Checklist" value=done max=total tone/>
                    <span class="lab"><span>"Checklist"</span><span>{move || format::of(done.get(), total.get())}</span></span>
                </div>
                <KeyValue facts=stages/>
            </div>
        </Panel>
    }
    .into_any()
}

/// The ways back with what each would cost now.
pub(super) fn ways_back(slug: StoredValue<String>, overview: Overview) -> AnyView {
    let facts = Signal::derive(move || {
        overview.with(|overview| {
            overview
                .ways_back
                .iter()
                .map(|way| (way.title.clone(), way.cost.clone()))
                .collect::<Vec<_>>()
        })
    });
    view! {
        <Panel title="If you need to go back" aside=link(slug, SystemPage::Rollback, "Rollback")>
            <div class="body">
                {move || facts.with(Vec::is_empty).then(|| view! { <p class="sm">"Nothing was changed yet, so there is nothing to go back from."</p> })}
                <KeyValue facts/></div>
        </Panel>
    }
    .into_any()
}
