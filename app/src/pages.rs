//! The pages, and which one an address shows.

mod account;
mod all;
mod audit;
mod checklist;
mod coverage;
mod data;
mod health;
mod import;
mod login;
mod mode;
mod not_found;
mod notices;
mod onboard;
mod organizations;
mod overview;
mod part;
mod plan;
mod report;
mod reports;
mod rollback;
mod run;
mod runs;
mod systems;
mod told;
mod users;
mod welcome;

use leptos::children::ToChildren;
use leptos::prelude::*;
use leptos_router::components::{FlatRoutes, Route as At};
use leptos_router::hooks::{use_location, use_params_map};
use leptos_router::params::ParamsMap;
use leptos_router::{ChooseView, MatchNestedRoutes, path};

use crate::components::Systems;
use crate::part::fetched;
use crate::route::{Route, SystemPage};
use part::Record;
pub use part::fetch_ahead;

/// The pages for people who are signed in, each at its address.
pub fn pages() -> AnyView {
    view! { <FlatRoutes fallback=not_found children=ToChildren::to_children(addresses)/> }
        .into_any()
}

/// The pages for people who are not signed in; whatever else they asked for comes after the sign-in.
pub fn sign_in() -> AnyView {
    let login = || view! { <login::LoginPage/> }.into_any();
    view! {
        <FlatRoutes fallback=login>
            <At path=path!("/welcome/:token") view=Page(|named| Some(Route::Welcome { token: named.get("token")? }))/>
        </FlatRoutes>
    }
    .into_any()
}

/// Which page is at which address.
fn addresses() -> impl MatchNestedRoutes + Clone + Send + 'static {
    view! {
        <At path=path!("/") view=Page(|_| Some(Route::Systems))/>
        <At path=path!("/systems") view=Page(|_| Some(Route::Systems))/>
        <At path=path!("/audit") view=Page(|_| Some(Route::Audit))/>
        <At path=path!("/users") view=Page(|_| Some(Route::Users))/>
        <At path=path!("/account") view=Page(|_| Some(Route::Account))/>
        <At path=path!("/systems/:system") view=Page(|named| of(named, SystemPage::Overview))/>
        <At path=path!("/systems/:system/checklist") view=Page(|named| of(named, SystemPage::Checklist))/>
        <At path=path!("/systems/:system/runs") view=Page(|named| of(named, SystemPage::Runs))/>
        <At path=path!("/systems/:system/runs/new") view=Page(|named| of(named, SystemPage::Plan))/>
        <At
            path=path!("/systems/:system/runs/:run")
            view=Page(|named| of(named, SystemPage::Run { run: number(named, "run")? }))
        />
        <At path=path!("/systems/:system/coverage") view=Page(|named| of(named, SystemPage::Coverage))/>
        <At path=path!("/systems/:system/mode") view=Page(|named| of(named, SystemPage::Mode))/>
        <At path=path!("/systems/:system/organizations") view=Page(|named| of(named, SystemPage::Organizations))/>
        <At path=path!("/systems/:system/organizations/import") view=Page(|named| of(named, SystemPage::Import))/>
        <At
            path=path!("/systems/:system/organizations/:organization/onboard")
            view=Page(|named| of(named, SystemPage::Onboard { organization: named.get("organization")? }))
        />
        <At path=path!("/systems/:system/data") view=Page(|named| of(named, SystemPage::Data { model: None }))/>
        <At
            path=path!("/systems/:system/data/:model")
            view=Page(|named| of(named, SystemPage::Data { model: named.get("model") }))
        />
        <At path=path!("/systems/:system/all") view=Page(|named| of(named, SystemPage::All))/>
        <At path=path!("/systems/:system/health") view=Page(|named| of(named, SystemPage::Health))/>
        <At path=path!("/systems/:system/rollback") view=Page(|named| of(named, SystemPage::Rollback))/>
        <At path=path!("/systems/:system/notices") view=Page(|named| of(named, SystemPage::Notices))/>
        <At path=path!("/systems/:system/told") view=Page(|named| of(named, SystemPage::Told))/>
        <At path=path!("/systems/:system/reports") view=Page(|named| of(named, SystemPage::Reports))/>
        <At
            path=path!("/systems/:system/reports/:report")
            view=Page(|named| of(named, SystemPage::Report { report: number(named, "report")? }))
        />
        <At path=path!("/systems/:system/audit") view=Page(|named| of(named, SystemPage::Audit))/>
    }
    .into_inner()
}

fn of(named: &ParamsMap, page: SystemPage) -> Option<Route> {
    let system = named.get("system")?;
    Some(Route::System { system, page })
}

fn number(named: &ParamsMap, name: &str) -> Option<i64> {
    named.get_str(name)?.parse().ok()
}

/// What stands at an address: the page that its named parts make, none when a part is not what it has to be.
/// One type for all of them, so that the router's code is there once.
#[derive(Clone, Copy)]
struct Page(fn(&ParamsMap) -> Option<Route>);

impl ChooseView for Page {
    async fn choose(self) -> AnyView {
        let named = use_params_map();
        // another system or run at the same address is another page, not the same one with other contents
        let page = Memo::new(move |_| named.with(self.0));
        let systems = use_context::<Systems>();
        let page = Memo::new(move |_| {
            page.get().filter(|page| match (page.system(), systems) {
                (Some(system), Some(systems)) => !systems.lack(system),
                _ => true,
            })
        });
        (move || page.get().map_or_else(not_found, show)).into_any()
    }

    async fn preload(&self) {}
}

fn not_found() -> AnyView {
    let path = use_location().pathname.get_untracked();
    view! { <not_found::NotFoundPage path/> }.into_any()
}

fn show(page: Route) -> AnyView {
    match page {
        Route::Systems => view! { <systems::SystemsPage/> }.into_any(),
        Route::Audit => fetched(part::record(Record::Audit(None))),
        Route::Users => fetched(part::record(Record::Users)),
        Route::Account => fetched(part::record(Record::Account)),
        Route::System { system, page } => show_of_system(system, page),
        Route::Welcome { token } => view! { <welcome::WelcomePage token/> }.into_any(),
        Route::Login | Route::NotFound { .. } => not_found(),
    }
}

fn show_of_system(system: String, page: SystemPage) -> AnyView {
    match page {
        SystemPage::Overview
        | SystemPage::Checklist
        | SystemPage::Runs
        | SystemPage::Plan
        | SystemPage::Run { .. }
        | SystemPage::Coverage => fetched(part::migration(system, page)),
        SystemPage::Mode
        | SystemPage::Organizations
        | SystemPage::Import
        | SystemPage::Onboard { .. }
        | SystemPage::Data { .. }
        | SystemPage::All
        | SystemPage::Rollback => fetched(part::operation(system, page)),
        SystemPage::Health => fetched(part::record(Record::Health(system))),
        SystemPage::Notices => fetched(part::record(Record::Notices(system))),
        SystemPage::Told => fetched(part::record(Record::Told(system))),
        SystemPage::Reports => fetched(part::record(Record::Reports(system))),
        SystemPage::Report { report } => fetched(part::record(Record::Report(system, report))),
        SystemPage::Audit => fetched(part::record(Record::Audit(Some(system)))),
    }
}

#[cfg(test)]
mod tests {
    use leptos_router::RouteDefs;

    use super::*;

    #[test]
    fn each_page_is_at_the_address_that_links_to_it_name() {
        let defined = RouteDefs::new(addresses());
        for route in crate::route::samples() {
            let path = route.path();
            let found = defined.match_route(&path);
            assert!(found.is_some(), "{path}");
        }
        for path in [
            "/nothing",
            "/systems/obcms/nothing",
            "/systems/obcms/runs/1/2",
        ] {
            assert!(defined.match_route(path).is_none(), "{path}");
        }
    }
}
