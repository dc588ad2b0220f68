//! Refuses an isolation that the database cannot give.

use super::Checker;
use crate::db::Dialect;
use crate::engine::operation::is_isolated;

/// The version that has views with the rights of whoever asks.
const INVOKER_VIEWS: i64 = 150_000;

impl Checker<'_> {
    pub(super) fn isolation(&mut self) {
        let Some(isolation) = &self.playbook.isolation else {
            return;
        };
        if self.schema.dialect == Dialect::Sqlite {
            self.refuse(
                "isolation",
                "SQLite has no row-level security".to_owned(),
                "Leave [isolation] out: there the application alone separates organizations.",
            );
            return;
        }
        for (key, role) in [
            ("isolation.role", Some(&isolation.role)),
            ("isolation.reader", isolation.reader.as_ref()),
        ] {
            let Some(role) = role else { continue };
            if role.is_empty() || role.len() > 63 || role.starts_with("pg_") {
                self.refuse(
                    key,
                    format!("\"{role}\" cannot be the name of a role"),
                    "Name one of 1 to 63 bytes that does not begin with pg_.",
                );
            }
        }
        if isolation.reader.as_ref() == Some(&isolation.role) {
            self.refuse(
                "isolation.reader",
                format!("{} would read all organizations", isolation.role),
                "Name another role than the application's.",
            );
        }
        if !isolation.setting_fits() {
            self.refuse(
                "isolation.setting",
                format!("\"{}\" is not the name of a setting", isolation.setting),
                "Write two lower-case words with a dot between them, such as app.organization.",
            );
        }
        self.views(&isolation.views);
        for (at, table) in isolation.shared.iter().enumerate() {
            let key = format!("isolation.shared.{at}");
            if self.table(&key, table).is_some() && self.playbook.model(table).is_some() {
                self.refuse(
                    key,
                    format!("{table} is a model: its rows belong to organizations"),
                    "List it in one of the two places.",
                );
            }
        }
        self.security();
    }

    fn views(&mut self, views: &[String]) {
        for (at, view) in views.iter().enumerate() {
            let key = format!("isolation.views.{at}");
            if !self.schema.views.iter().any(|known| known.name == *view) {
                self.refuse(
                    key,
                    format!("there is no view {view}"),
                    "Name a view of the database.",
                );
            } else if self
                .schema
                .server
                .is_some_and(|server| server < INVOKER_VIEWS)
            {
                self.refuse(
                    key,
                    format!("this server has no security_invoker, which {view} needs"),
                    "Upgrade to PostgreSQL 15, or take the view away from the application's role.",
                );
            }
        }
    }

    /// Policies of the application would be joined to ours by OR: a row that either lets through
    /// is seen. And an undo could not tell what was there.
    fn security(&mut self) {
        for (group_at, group) in self.playbook.groups.iter().enumerate() {
            for (at, model) in group.models.iter().enumerate() {
                let Some(table) = self.schema.table(&model.table) else {
                    continue;
                };
                let security = table.security.clone();
                let untouched = !security.enabled && security.policies.is_empty();
                if untouched || is_isolated(&security) {
                    continue;
                }
                let problem = match security.policies.is_empty() {
                    true => format!("{} has row-level security already", model.table),
                    false => format!(
                        "{} has policies already: {}",
                        model.table,
                        security.policies.join(", ")
                    ),
                };
                self.refuse(
                    format!("groups.{group_at}.models.{at}.table"),
                    problem,
                    "Take them away first, or leave [isolation] out and keep the application's.",
                );
            }
        }
    }
}
