//! Makes the organization's column required.
//!
//! SQLite cannot alter a column, and the usual way around it, making the table again and copying
//! its rows, can empty child tables when it drops the old one. Adding `NOT NULL` is one of the
//! changes for which SQLite documents a way without that (lang_altertable, section 7): the text
//! of the table's definition is edited in place. No row is copied and nothing is dropped.

use super::add_column::{definition, stamp_off, stamp_on};
use super::{Cx, Operation, RequireWay, Rule, Subject};
use crate::db::Statement;
use crate::engine::gate::{CallerFact, Gate, GateCheck};
use crate::engine::plan::{Cost, PhaseName, Probe, Reverse, Step, StepMode};
use crate::engine::{ddl, rebuild};

/// Plans the requirement.
pub(in crate::engine) fn require_column(cx: &Cx<'_>, subject: Subject<'_>, rule: &Rule) -> Step {
    let Subject { table, column, .. } = subject;
    let way = cx.options.require;
    let trigger = subject.trigger();
    let mut forward = stamp_off(&table.name, &trigger);
    // the text as it will be by then: what the executor does with the text that it finds
    let before = match table.column(column) {
        Some(_) => Ok(table.sql.clone()),
        None => ddl::add_column(&table.sql, &definition(cx, subject)),
    };
    let after = (before.as_ref().ok()).and_then(|sql| ddl::set_not_null(sql, column).ok());
    if let (Ok(before), Some(after)) = (&before, &after) {
        forward.extend(match way {
            RequireWay::InPlace => rebuild::shown_in_place(&table.name, before, after),
            RequireWay::Rebuild => rebuild::shown(table, after),
        });
    }
    let existing = table.column(column);
    Step {
        key: subject.key("required"),
        title: format!("Make {column} of {} required", table.name),
        group: Some(subject.group.to_owned()),
        phase: PhaseName::Required,
        operation: Operation::RequireColumn {
            table: table.name.clone(),
            column: column.to_owned(),
            way,
            trigger,
        },
        mode: StepMode::Atomic,
        forward,
        reverse: Reverse::Sql(stamp_on(subject, rule, cx)),
        probe: Some(Probe {
            statement: Statement::new(
                "SELECT COUNT(*) FROM pragma_table_xinfo(?) WHERE name = ? AND \"notnull\" = 1",
            )
            .bind(table.name.as_str())
            .bind(column),
            expected: 1,
        }),
        locks: match way {
            RequireWay::InPlace => "Other writers wait for some milliseconds.".into(),
            RequireWay::Rebuild => {
                "Other writers wait while all rows are copied, about a second for 200,000.".into()
            }
        },
        cost: match way {
            RequireWay::InPlace => Cost {
                rows: 0,
                sentence: "No row is written and no table made again: the definition is edited \
                           in place, whatever the number of rows."
                    .into(),
            },
            RequireWay::Rebuild => Cost {
                rows: subject.rows(),
                sentence: format!("{} rows are copied into a new table.", subject.rows()),
            },
        },
        loss: None,
        gates: gates(cx, subject, way),
        point_of_no_return: false,
        destructive: way == RequireWay::Rebuild,
        skip: existing
            .is_some_and(|column| column.not_null)
            .then(|| format!("{column} is required already.")),
    }
}

fn gates(cx: &Cx<'_>, subject: Subject<'_>, way: RequireWay) -> Vec<Gate> {
    let quiet_seconds = (cx.options.quiet_seconds).unwrap_or(cx.playbook.tenant.quiet_seconds);
    let mut gates = Vec::new();
    if way == RequireWay::Rebuild {
        gates.push(backup_verified());
    }
    gates.push(Gate {
        name: "coverage".into(),
        title: format!("100% of the {} have an organization", subject.plural),
        overridable: false,
        check: GateCheck::Coverage {
            table: subject.table.name.clone(),
            column: subject.column.to_owned(),
            plural: subject.plural.to_owned(),
        },
    });
    if quiet_seconds > 0 {
        gates.push(Gate {
            name: "no-old-writers".into(),
            title: format!(
                "No application version that does not fill {} writes {}",
                subject.column, subject.plural
            ),
            overridable: true,
            check: GateCheck::NoOldWriters {
                table: subject.table.name.clone(),
                quiet_seconds,
            },
        });
    }
    gates
}

/// The gate in front of every destructive step.
pub(super) fn backup_verified() -> Gate {
    Gate {
        name: "backup-verified".into(),
        title: "A backup was restored in a drill and compared".into(),
        overridable: false,
        check: GateCheck::Caller {
            fact: CallerFact::BackupVerified,
        },
    }
}
