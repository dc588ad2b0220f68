//! The pages, and which one an address shows.

mod account;
mod all;
mod audit;
mod checklist;
mod coverage;
mod data;
mod import;
mod login;
mod mode;
mod not_found;
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
mod users;
mod welcome;

use std::future::Future;

use leptos::prelude::*;
use send_wrapper::SendWrapper;

use crate::components::Note;
use crate::route::{Route, SystemPage};
pub use part::fetch_ahead;
use part::{Part, Record};

/// A page of the console.
pub fn page(route: Route) -> AnyView {
    match route {
        Route::Systems => view! { <systems::SystemsPage/> }.into_any(),
        Route::Audit => fetched(part::record(Record::Audit(None))),
        Route::Users => fetched(part::record(Record::Users)),
        Route::Account => fetched(part::record(Record::Account)),
        Route::System { system, page } => system_page(system, page),
        Route::NotFound { path } => view! { <not_found::NotFoundPage path/> }.into_any(),
        public @ (Route::Login | Route::Welcome { .. }) => sign_in(public),
    }
}

/// A page for people who are not signed in; whatever else they asked for comes after the sign-in.
pub fn sign_in(route: Route) -> AnyView {
    match route {
        Route::Welcome { token } => view! { <welcome::WelcomePage token/> }.into_any(),
        _ => view! { <login::LoginPage/> }.into_any(),
    }
}

fn system_page(system: String, page: SystemPage) -> AnyView {
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
        SystemPage::Reports => fetched(part::record(Record::Reports(system))),
        SystemPage::Report { report } => fetched(part::record(Record::Report(system, report))),
        SystemPage::Audit => fetched(part::record(Record::Audit(Some(system)))),
    }
}

/// Shows a page of a part as soon as its code is there: at once when it was fetched before.
fn fetched(part: impl Future<Output = Part> + 'static) -> AnyView {
    Suspend::new(SendWrapper::new(async move {
        part.await.unwrap_or_else(|_| {
            view! {
                <Note state="failed" title="This page could not be fetched">
                    "The server does not answer, or was replaced by another release. Nothing was lost. Reload the page."
                </Note>
            }
            .into_any()
        })
    }))
    .into_any()
}
