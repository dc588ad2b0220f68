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
mod plan;
mod report;
mod reports;
mod rollback;
mod run;
mod runs;
mod systems;
mod users;
mod welcome;

use leptos::prelude::*;

use crate::route::{Route, SystemPage};

/// A page of the console.
pub fn page(route: Route) -> AnyView {
    match route {
        Route::Systems => view! { <systems::SystemsPage/> }.into_any(),
        Route::Audit => view! { <audit::AuditPage system=None/> }.into_any(),
        Route::Users => view! { <users::UsersPage/> }.into_any(),
        Route::Account => view! { <account::AccountPage/> }.into_any(),
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
        SystemPage::Overview => view! { <overview::OverviewPage system/> }.into_any(),
        SystemPage::Checklist => view! { <checklist::ChecklistPage system/> }.into_any(),
        SystemPage::Runs => view! { <runs::RunsPage system/> }.into_any(),
        SystemPage::Plan => view! { <plan::PlanPage system/> }.into_any(),
        SystemPage::Run { run } => view! { <run::RunPage system run/> }.into_any(),
        SystemPage::Coverage => view! { <coverage::CoveragePage system/> }.into_any(),
        SystemPage::Mode => view! { <mode::ModePage system/> }.into_any(),
        SystemPage::Organizations => {
            view! { <organizations::OrganizationsPage system/> }.into_any()
        }
        SystemPage::Import => view! { <import::ImportPage system/> }.into_any(),
        SystemPage::Onboard { organization } => {
            view! { <onboard::OnboardPage system organization/> }.into_any()
        }
        SystemPage::Data { model } => view! { <data::DataPage system model/> }.into_any(),
        SystemPage::All => view! { <all::AllPage system/> }.into_any(),
        SystemPage::Rollback => view! { <rollback::RollbackPage system/> }.into_any(),
        SystemPage::Reports => view! { <reports::ReportsPage system/> }.into_any(),
        SystemPage::Report { report } => view! { <report::ReportPage system report/> }.into_any(),
        SystemPage::Audit => view! { <audit::AuditPage system=Some(system)/> }.into_any(),
    }
}
