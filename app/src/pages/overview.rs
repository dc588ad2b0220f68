//! The overview of a system: where it stands, the one next safe thing to do, and the ways back.

mod panels;

use leptos::prelude::*;
use shared::event::Topic;
use shared::state::RunState;
use shared::system::SystemOverview;

use self::panels::{activity, coverage_panel, health, journey, preparation, ways_back};
use crate::api;
use crate::components::{Approvals, NextAction, Note, PageHead, icon, mode_badge, standing};
use crate::format;
use crate::loader::load;
use crate::route::SystemPage;

/// The overview of one system.
#[component]
pub fn OverviewPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let slug = StoredValue::new(system);
    let overview = load(
        &[
            Topic::System,
            Topic::Run,
            Topic::Coverage,
            Topic::Mode,
            Topic::Checklist,
            Topic::Backups,
            Topic::Rollback,
            Topic::Organizations,
        ],
        move || {
            let system = slug.get_value();
            async move { api::system(&system).await }
        },
    );
    let summary = Memo::new(move |_| {
        overview.with(|overview| overview.map(|overview| overview.summary.clone()))
    });
    let title = Signal::derive(move || {
        summary.with(|summary| {
            summary
                .as_ref()
                .map_or_else(|| slug.get_value(), |summary| summary.title.clone())
        })
    });
    let tab = Signal::derive(move || {
        summary.with(|summary| {
            summary.as_ref().map_or_else(
                || slug.get_value(),
                |summary| format!("{}: {}", summary.standing.word, summary.title),
            )
        })
    });
    let badges = move || {
        summary.get().map(|summary| view! { {standing(&summary.standing)} {summary.mode.map(|mode| mode_badge(&mode, false))} })
    };
    let meta = move || overview.get().map(facts);
    let open_run = move || {
        summary.with(|summary| {
            let run = summary.as_ref()?.run.as_ref()?;
            let href = SystemPage::Run { run: run.number }.of(&slug.get_value());
            let words = if run.state == RunState::Done {
                "Read run"
            } else {
                "Open run"
            };
            Some(view! { <a class="btn" href=href>{format!("{words} {}", run.number)}</a> })
        })
    };
    view! {
        <PageHead title=title tab=tab badges=badges meta=meta>{open_run}</PageHead>
        {overview.view("overview", move |overview| body(slug, overview))}
    }
    .into_any()
}

fn facts(overview: SystemOverview) -> AnyView {
    let target = overview.target;
    let release = target
        .release
        .map(|release| view! { ", release " <b>{release}</b> });
    let backup = match overview.backup {
        Some(backup) => {
            view! { "Backup " {format::moment(&backup.taken)} ", " <b>"verified"</b> }.into_any()
        }
        None => view! { "No verified backup" }.into_any(),
    };
    view! {
        <span>{icon("server")} {overview.summary.environment} {release}</span>
        <span>{icon("db")} {target.engine} ", " <b>{format::bytes(target.size_bytes)}</b> {format!(", {} tables", target.tables)}</span>
        <span>{icon("archive")} {backup}</span>
        <span>{icon("clock")} {format!("Times are {}", format::zone())}</span>
    }
    .into_any()
}

fn body(slug: StoredValue<String>, overview: Memo<SystemOverview>) -> AnyView {
    let next = Signal::derive(move || overview.with(|overview| overview.summary.next.clone()));
    let kicker = move || {
        if next.with(|next| next.button.is_some()) {
            "Your next step"
        } else {
            "Nothing to do"
        }
    };
    view! {
        {move || overview.with(|overview| overview.summary.unreachable.clone()).map(|why| view! {
            <Note state="failed" alert=true title=String::from("The target database can't be read")>{why}</Note>
        })}
        {move || view! { <NextAction action=next kicker=kicker().to_string()/> }}
        <Approvals system=Signal::derive(move || slug.get_value())/>
        {journey(slug, overview)}
        <div class="cols cols-7-5 stretch">
            {coverage_panel(slug, overview)}
            {health(overview)}
        </div>
        <div class="cols cols-7-5">
            {activity(slug, overview)}
            <div class="stack">
                {preparation(slug, overview)}
                {ways_back(slug, overview)}
            </div>
        </div>
    }
    .into_any()
}
