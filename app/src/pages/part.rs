//! The pages that are not in the first load. A part holds pages that people go back and forth between.

use leptos::prelude::*;

use super::{
    account, all, audit, checklist, coverage, data, health, import, mode, notices, onboard,
    organizations, overview, plan, report, reports, rollback, run, runs, told, users,
};
use crate::part::part;
use crate::route::SystemPage;

part! {
    /// Pages of the migration itself.
    migration, migration_ahead, (system: String, page: SystemPage) {
        Ok(match page {
            SystemPage::Checklist => view! { <checklist::ChecklistPage system/> }.into_any(),
            SystemPage::Runs => view! { <runs::RunsPage system/> }.into_any(),
            SystemPage::Plan => view! { <plan::PlanPage system/> }.into_any(),
            SystemPage::Run { run } => view! { <run::RunPage system run/> }.into_any(),
            SystemPage::Coverage => view! { <coverage::CoveragePage system/> }.into_any(),
            _ => view! { <overview::OverviewPage system/> }.into_any(),
        })
    }
}

part! {
    /// Pages of a system that serves, or is about to serve, many organizations.
    operation, operation_ahead, (system: String, page: SystemPage) {
        Ok(match page {
            SystemPage::Organizations => view! { <organizations::OrganizationsPage system/> }.into_any(),
            SystemPage::Import => view! { <import::ImportPage system/> }.into_any(),
            SystemPage::Onboard { organization } => view! { <onboard::OnboardPage system organization/> }.into_any(),
            SystemPage::Data { model } => view! { <data::DataPage system model/> }.into_any(),
            SystemPage::All => view! { <all::AllPage system/> }.into_any(),
            SystemPage::Rollback => view! { <rollback::RollbackPage system/> }.into_any(),
            _ => view! { <mode::ModePage system/> }.into_any(),
        })
    }
}

/// A page of what was written down, and of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Measured health of a system.
    Health(String),
    /// Updates and maintenance windows of a system.
    Notices(String),
    /// Subscribers, webhooks and links of a system.
    Told(String),
    /// Reports of a system.
    Reports(String),
    /// One of them.
    Report(String, i64),
    /// The log, of one system or of all.
    Audit(Option<String>),
    /// Users and roles.
    Users,
    /// One's own account.
    Account,
}

part! {
    /// Pages of what was written down, and of people.
    record, record_ahead, (page: Record) {
        Ok(match page {
            Record::Health(system) => view! { <health::HealthPage system/> }.into_any(),
            Record::Notices(system) => view! { <notices::NoticesPage system/> }.into_any(),
            Record::Told(system) => view! { <told::ToldPage system/> }.into_any(),
            Record::Reports(system) => view! { <reports::ReportsPage system/> }.into_any(),
            Record::Report(system, report) => view! { <report::ReportPage system report/> }.into_any(),
            Record::Audit(system) => view! { <audit::AuditPage system/> }.into_any(),
            Record::Users => view! { <users::UsersPage/> }.into_any(),
            Record::Account => view! { <account::AccountPage/> }.into_any(),
        })
    }
}

/// Fetches all parts, one after the other, so that no page has to wait for its code later. A failure is not reported:
/// the page that needs the part tries again and says so.
pub async fn fetch_ahead() {
    #[cfg(split)]
    {
        let _ = migration_ahead().await;
        let _ = operation_ahead().await;
        let _ = record_ahead().await;
    }
}
