//! The sidebar: the system's pages in the order of the work, then the console's.

use leptos::prelude::*;
use leptos_router::components::A;
use shared::account::Role;
use shared::mode::Mode;
use shared::system::{SystemSummary, Tone};

use super::{Systems, mark, nav_link};
use crate::api;
use crate::components::icon::icon;
use crate::components::standing::{run_standing, tone_name};
use crate::format;
use crate::route::{Route, SystemPage, location};
use crate::session::{self, role_word};
use crate::submission::Submission;

/// The sidebar; a menu button when narrow.
#[component]
pub(super) fn Navigation() -> impl IntoView {
    let route = location::current().route();
    let systems = expect_context::<Systems>();
    let open = RwSignal::new(false);
    Effect::new(move |_| {
        route.track();
        open.set(false);
    });
    let slug = Memo::new(move |_| {
        let named = route.with(|route| route.system().map(str::to_string));
        named.filter(|slug| !systems.lack(slug))
    });
    let system = Memo::new(move |_| slug.get().and_then(|slug| systems.find(&slug)));
    view! {
        <header class="side" data-open=move || open.get().then_some("true")>
            <a class="brand" href="/systems">{mark()} "Switchyard"</a>
            <button
                type="button" class="btn icon sm quiet only-narrow" aria-label="Navigation"
                aria-expanded=move || if open.get() { "true" } else { "false" }
                on:click=move |_| open.update(|open| *open = !*open)
            >
                {icon("menu")}
            </button>
            {move || slug.get().map(|slug| system_part(slug, system))}
            {console_part()}
            {account_part()}
        </header>
    }
    .into_any()
}

fn system_part(slug: String, system: Memo<Option<SystemSummary>>) -> AnyView {
    let title = {
        let slug = slug.clone();
        Signal::derive(move || {
            system.with(|system| {
                system
                    .as_ref()
                    .map_or_else(|| slug.clone(), |system| system.title.clone())
            })
        })
    };
    let environment =
        move || system.with(|system| system.as_ref().map(|system| system.environment.clone()));
    let sections = move || {
        let known = system.get();
        let link = |page: SystemPage, picture: &'static str, extra: AnyView| {
            let words = page.title();
            let exact = page == SystemPage::Overview;
            nav_link(page.of(&slug), exact, picture, words, extra)
        };
        let run = known
            .as_ref()
            .and_then(|system| system.run.as_ref())
            .map(run_count);
        let coverage = known
            .as_ref()
            .and_then(|system| system.coverage.as_ref())
            .map(|coverage| {
                view! { <span class="count">{format::percent(coverage.all)}</span> }
            });
        let mode = known.as_ref().and_then(|system| system.mode.clone());
        let multi = mode.as_ref().is_some_and(|mode| mode.mode == Mode::Multi);
        let nothing = || ().into_any();
        view! {
            <div><ul class="nav">{link(SystemPage::Overview, "gauge", nothing())}</ul></div>
            <div>
                <h2>"Migrate"</h2>
                <ul class="nav">
                    {link(SystemPage::Checklist, "check", nothing())}
                    {link(SystemPage::Runs, "switch", run.into_any())}
                    {link(SystemPage::Coverage, "layers", coverage.into_any())}
                    {mode.is_some().then(|| link(SystemPage::Mode, "multi", nothing()))}
                </ul>
            </div>
            <div>
                <h2>"Operate"</h2>
                <ul class="nav">
                    {link(SystemPage::Organizations, "org", nothing())}
                    {link(SystemPage::Data { model: None }, "table", nothing())}
                    {multi.then(|| link(SystemPage::All, "board", nothing()))}
                    {link(SystemPage::Health, "pulse", nothing())}
                    {link(SystemPage::Rollback, "rolledback", nothing())}
                    {link(SystemPage::Notices, "bell", nothing())}
                    {link(SystemPage::Told, "mail", nothing())}
                </ul>
            </div>
            <div>
                <h2>"Prove"</h2>
                <ul class="nav">
                    {link(SystemPage::Reports, "file", nothing())}
                    {link(SystemPage::Audit, "list", nothing())}
                </ul>
            </div>
        }
    };
    view! {
        <a class="picker" href="/systems">
            <span class="tile" aria-hidden="true">{move || format::initials(&title.get())}</span>
            <span><span class="vh">"System: "</span><b>{move || title.get()}</b><small>{environment}</small><span class="vh">"Choose another system"</span></span>
            {icon("updown")}
        </a>
        <nav aria-label=move || title.get()>{sections}</nav>
    }
    .into_any()
}

fn run_count(run: &shared::run::RunSummary) -> AnyView {
    let standing = run_standing(run.state);
    let words = match standing.tone {
        Tone::Running => format!("{} of {}", run.steps_done, run.steps_total),
        Tone::Gate => "Gate".into(),
        Tone::Paused => "Paused".into(),
        Tone::Failed => "Failed".into(),
        _ => return ().into_any(),
    };
    let state = tone_name(standing.tone);
    view! { <span class="count" data-state=state>{icon(state)} {words}</span> }.into_any()
}

fn console_part() -> AnyView {
    let session = session::current();
    let links = move || {
        let link = |page: Route, picture: &'static str, words: &str| {
            nav_link(page.path(), true, picture, words.to_string(), ().into_any())
        };
        view! {
            {link(Route::Systems, "home", "All systems")}
            {link(Route::Audit, "list", "Whole audit log")}
            {session.may(Role::Administrator).then(|| link(Route::Users, "users", "Users and roles"))}
        }
    };
    view! { <nav aria-label="Console" class="grow"><ul class="nav">{links} {sign_out_button()}</ul></nav> }.into_any()
}

/// Ends the session on the server, then shows the sign-in.
fn sign_out_button() -> AnyView {
    let session = session::current();
    let submission = Submission::new();
    let sign_out = move |_| {
        submission.run(api::sign_out(), move |()| {
            session.signed_out();
            location::current().go("/login");
        });
    };
    view! { <li><button type="button" on:click=sign_out>{icon("out")} "Sign out"</button></li> }
        .into_any()
}

fn account_part() -> AnyView {
    let session = session::current();
    let name = move || {
        session
            .account()
            .map(|account| account.name)
            .unwrap_or_default()
    };
    let role = move || session.account().map(|account| role_word(account.role));
    view! {
        <A href="/account" exact=true attr:class="picker">
            <span class="tile round plain" aria-hidden="true">{move || format::initials(&name())}</span>
            <span><span class="vh">"Your account: "</span><b>{name}</b><small>{role}</small></span>
            {icon("more")}
        </A>
    }
    .into_any()
}
