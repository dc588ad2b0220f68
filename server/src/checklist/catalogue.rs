//! The items of the checklists, in the words of the administrators' own document: what has to be done before a
//! migration, what is checked after it, and what comes next. It measures nothing.

mod measure;

pub use measure::{Measure, Section};

/// How an item gets done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A named person ticks it.
    Person,
    /// A machine measures it each time the list is read.
    Machine(Measure),
    /// A machine measures it for a system that publishes its status; a named person ticks it for another.
    Announced(Measure),
}

/// A part of the checklists.
#[derive(Debug)]
pub struct Part {
    /// Stable name.
    pub name: &'static str,
    /// Title.
    pub title: &'static str,
    /// Items in order.
    pub items: &'static [Item],
}

/// One item.
#[derive(Debug)]
pub struct Item {
    /// Stable name.
    pub name: &'static str,
    /// Title.
    pub title: &'static str,
    /// What it means and how to do it.
    pub detail: &'static str,
    /// How it gets done.
    pub way: Way,
    /// Whether a run may not start before it is done.
    pub required: bool,
    /// Page of the system where it can be done, such as `rollback`.
    pub page: Option<&'static str>,
}

/// A required item that is measured where the status is published.
const fn announced(
    name: &'static str,
    title: &'static str,
    detail: &'static str,
    measure: Measure,
) -> Item {
    Item {
        name,
        title,
        detail,
        way: Way::Announced(measure),
        required: true,
        page: Some("notices"),
    }
}

/// An item that a person ticks.
const fn person(
    name: &'static str,
    title: &'static str,
    detail: &'static str,
    required: bool,
) -> Item {
    Item {
        name,
        title,
        detail,
        way: Way::Person,
        required,
        page: None,
    }
}

/// An item that a machine measures.
const fn machine(
    name: &'static str,
    title: &'static str,
    detail: &'static str,
    measure: Measure,
    required: bool,
    page: &'static str,
) -> Item {
    Item {
        name,
        title,
        detail,
        way: Way::Machine(measure),
        required,
        page: Some(page),
    }
}

/// An item that the newest verification report answers.
const fn reported(
    name: &'static str,
    title: &'static str,
    detail: &'static str,
    section: Section,
) -> Item {
    machine(
        name,
        title,
        detail,
        Measure::Report(section),
        false,
        "reports",
    )
}

/// Every part, in the order of the work.
pub const PARTS: [Part; 8] = [
    Part {
        name: "before",
        title: "Before the migration",
        items: &[
            machine(
                "backup-database",
                "Back up the database",
                "A full backup, restored into a scratch database and compared table by table.",
                Measure::Backup,
                true,
                "rollback",
            ),
            person(
                "review-deployment",
                "Review the current deployment",
                "Document all environment variables and run the application's own deployment check.",
                true,
            ),
            person(
                "test-environment",
                "Test environment ready",
                "A staging environment mirrors production, and the migration ran there from start to end.",
                true,
            ),
            person(
                "rollback-plan",
                "Rollback plan documented",
                "Who decides, which of the three ways back, and by when. Write down where the plan is kept.",
                true,
            ),
            announced(
                "stakeholders-notified",
                "Stakeholders notified",
                "The staff of the default organization and of the oversight office know what happens and when.",
                Measure::Notified,
            ),
            announced(
                "maintenance-window",
                "Maintenance window scheduled",
                "2 to 4 hours. The three steps need no downtime; only the mode switch restarts the application.",
                Measure::Window,
            ),
        ],
    },
    Part {
        name: "environment",
        title: "Environment and code",
        items: &[
            machine(
                "mode",
                "Mode is as expected",
                "The environment file and the running application name the same mode.",
                Measure::Mode,
                true,
                "mode",
            ),
            machine(
                "default-organization",
                "Default organization is as expected",
                "The application works with the organization that existing rows will belong to.",
                Measure::DefaultOrganization,
                true,
                "mode",
            ),
            machine(
                "database",
                "Database is as expected",
                "Switchyard and the application use the same database.",
                Measure::Database,
                true,
                "",
            ),
            machine(
                "code-version",
                "Code is ready for organizations",
                "The running release reads its mode and reports it: the code went out before the data changes.",
                Measure::CodeVersion,
                true,
                "",
            ),
        ],
    },
    Part {
        name: "integrity",
        title: "After it: database integrity",
        items: &[
            reported(
                "models-have-field",
                "All models have organization fields",
                "Each model of the playbook has the column, its foreign key and its index.",
                Section::Structure,
            ),
            reported(
                "records-assigned",
                "Every record has an organization",
                "100 % of the records are assigned; no organization is empty.",
                Section::Models,
            ),
            reported(
                "organization-model",
                "Organization model works",
                "The organizations table is there, with the default organization.",
                Section::Organizations,
            ),
            reported(
                "foreign-keys",
                "Foreign keys work correctly",
                "No foreign key points nowhere, and the file is sound.",
                Section::Integrity,
            ),
            reported(
                "invariants",
                "Invariants hold",
                "Every statement of the playbook that must count 0 counts 0.",
                Section::Invariants,
            ),
        ],
    },
    Part {
        name: "functionality",
        title: "After it: application functionality",
        items: &[
            reported(
                "pages-load",
                "Dashboard, lists and projects load",
                "Every page of the playbook renders without a server error.",
                Section::Views,
            ),
            reported(
                "context",
                "Organization context is set",
                "The application says which mode it runs in and which organization it works for.",
                Section::Middleware,
            ),
            person(
                "forms-save",
                "Forms save with organization",
                "Save one record in each app and look at its organization in the data browser.",
                false,
            ),
            person(
                "reports-generate",
                "Reports generate",
                "Make one of each of the application's own reports.",
                false,
            ),
        ],
    },
    Part {
        name: "performance",
        title: "After it: performance",
        items: &[
            reported(
                "query-times",
                "Query times acceptable and indexes used",
                "The application's list queries use the organization index and answer in time.",
                Section::Performance,
            ),
            person(
                "no-repeated-queries",
                "No repeated queries for each row",
                "Look at the query log of the largest list.",
                false,
            ),
        ],
    },
    Part {
        name: "isolation",
        title: "After it: data isolation",
        items: &[
            reported(
                "no-leaks",
                "No leaks between organizations",
                "No row and no foreign key crosses organizations.",
                Section::Isolation,
            ),
            person(
                "data-accessible",
                "All data of the default organization accessible",
                "Sign in to the application as staff of the default organization and compare the totals.",
                false,
            ),
        ],
    },
    Part {
        name: "readiness",
        title: "Before the mode is switched",
        items: &[
            person(
                "staging-validated",
                "Staging environment validated",
                "The mode was switched there and back, and the pages were looked at in both.",
                false,
            ),
            machine(
                "pilot-planned",
                "Pilot organizations planned",
                "At least 3 organizations are in the pilot.",
                Measure::Pilot,
                false,
                "organizations",
            ),
            person(
                "training-complete",
                "Training complete",
                "Staff are trained on what multi-tenant work changes for them. Name the last session.",
                false,
            ),
            person(
                "default-organization-agreed",
                "Default organization agreed",
                "Name who agreed for the default organization, and when.",
                false,
            ),
            person(
                "oversight-agreed",
                "Oversight office agreed",
                "Name who agreed for the oversight office, and when.",
                false,
            ),
        ],
    },
    Part {
        name: "next",
        title: "Afterwards",
        items: &[
            person(
                "monitored",
                "Monitored for 1 week",
                "Watch the application's errors and response times in production.",
                false,
            ),
            person(
                "lessons",
                "Lessons documented",
                "What went other than planned, and what to change before the next migration.",
                false,
            ),
            person(
                "switch-scheduled",
                "Mode switch scheduled",
                "Set the date. Two to four weeks in the old mode after the migration are usual.",
                false,
            ),
        ],
    },
];

/// Names of the items in [`PARTS`] that gates of the mode switch read.
pub mod named {
    /// Staging validated.
    pub const STAGING: &str = "staging-validated";
    /// Staff trained.
    pub const TRAINING: &str = "training-complete";
    /// Agreed by the default organization.
    pub const DEFAULT_AGREED: &str = "default-organization-agreed";
    /// Agreed by the oversight office.
    pub const OVERSIGHT_AGREED: &str = "oversight-agreed";
}

/// The item with this name.
pub fn item(name: &str) -> Option<&'static Item> {
    PARTS
        .iter()
        .flat_map(|part| part.items)
        .find(|item| item.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_item_has_a_name_of_its_own_and_says_how_it_is_done() {
        let mut names = BTreeSet::new();
        for item in PARTS.iter().flat_map(|part| part.items) {
            assert!(names.insert(item.name), "{} stands twice", item.name);
            assert!(item.detail.ends_with('.'), "{} is no sentence", item.detail);
        }
    }

    #[test]
    fn the_items_that_gates_read_exist() {
        for name in [
            named::STAGING,
            named::TRAINING,
            named::DEFAULT_AGREED,
            named::OVERSIGHT_AGREED,
        ] {
            assert!(item(name).is_some(), "{name}");
        }
    }

    #[test]
    fn the_six_items_that_the_document_calls_critical_are_required() {
        let before = &PARTS[0];
        assert_eq!(before.items.len(), 6);
        assert!(before.items.iter().all(|item| item.required));
    }
}
