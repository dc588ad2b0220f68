//! Makes the organization's column required.
//!
//! PostgreSQL reads every row before it believes `SET NOT NULL`, under a lock that nobody passes,
//! unless a validated check proves it. Validating one keeps no writer waiting, so a large table
//! goes that way, in three transactions.
//!
//! SQLite cannot alter a column, and the usual way around it, making the table again and copying
//! its rows, can empty child tables when it drops the old one. Adding `NOT NULL` is one of the
//! changes for which SQLite documents a way without that (lang_altertable, section 7): the text
//! of the table's definition is edited in place. No row is copied and nothing is dropped.

use super::add_column::{definition, stamp_off, stamp_on};
use super::{Cx, Operation, RequireWay, Rule, Subject, postgres, probe};
use crate::db::{Dialect, Statement, quote};
use crate::engine::gate::{CallerFact, Gate, GateCheck};
use crate::engine::plan::{Cost, PhaseName, Reverse, Stage, Step};
use crate::engine::{ddl, rebuild};

/// Plans the requirement.
pub(in crate::engine) fn require_column(cx: &Cx<'_>, subject: Subject<'_>, rule: &Rule) -> Step {
    let Subject { table, column, .. } = subject;
    let trigger = subject.trigger();
    let Statements {
        way,
        forward,
        stages,
        reverse,
    } = match cx.dialect {
        Dialect::Sqlite => on_sqlite(cx, subject, rule),
        Dialect::Postgres => on_postgres(cx, subject, rule),
    };
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
        mode: postgres::mode(&stages),
        forward,
        stages,
        reverse: Reverse::Sql(reverse),
        probe: Some(probe::required(cx.dialect, &table.name, column)),
        locks: match way {
            RequireWay::InPlace | RequireWay::Alter => {
                "Other writers wait for some milliseconds.".into()
            }
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
            RequireWay::Alter => Cost {
                rows: 0,
                sentence: "No row is written: each is read once, and writers go on meanwhile."
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

/// The statements of the step, each dialect's own.
struct Statements {
    way: RequireWay,
    forward: Vec<Statement>,
    stages: Vec<Stage>,
    reverse: Vec<Statement>,
}

fn on_sqlite(cx: &Cx<'_>, subject: Subject<'_>, rule: &Rule) -> Statements {
    let Subject { table, column, .. } = subject;
    let way = match cx.options.require {
        RequireWay::Rebuild => RequireWay::Rebuild,
        RequireWay::InPlace | RequireWay::Alter => RequireWay::InPlace,
    };
    let mut forward = stamp_off(cx, &table.name, &subject.trigger(), rule);
    // the text as it will be by then: what the executor does with the text that it finds
    let before = match table.column(column) {
        Some(_) => Ok(table.sql.clone()),
        None => ddl::add_column(&table.sql, &definition(cx, subject)),
    };
    let after = (before.as_ref().ok()).and_then(|sql| ddl::set_not_null(sql, column).ok());
    if let (Ok(before), Some(after)) = (&before, &after) {
        forward.extend(match way {
            RequireWay::Rebuild => rebuild::shown(table, after),
            _ => rebuild::shown_in_place(&table.name, before, after),
        });
    }
    Statements {
        way,
        forward,
        stages: Vec::new(),
        reverse: stamp_on(subject, rule, cx),
    }
}

fn on_postgres(cx: &Cx<'_>, subject: Subject<'_>, rule: &Rule) -> Statements {
    let Subject { table, column, .. } = subject;
    let relation = cx.dialect.relation(&table.name);
    let column = quote(column);
    let check = quote(&postgres::own_name("required", &table.name));
    let uncheck = Statement::new(format!(
        "ALTER TABLE {relation} DROP CONSTRAINT IF EXISTS {check}"
    ));
    let set = Statement::new(format!(
        "ALTER TABLE {relation} ALTER COLUMN {column} SET NOT NULL"
    ));
    let off = stamp_off(cx, &table.name, &subject.trigger(), rule);
    let mut reverse = vec![Statement::new(format!(
        "ALTER TABLE {relation} ALTER COLUMN {column} DROP NOT NULL"
    ))];
    let (mut forward, mut stages) = (Vec::new(), Vec::new());
    if subject.is_large() {
        forward.push(Statement::new(format!(
            "ALTER TABLE {relation} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID"
        )));
        forward.push(Statement::new(format!(
            "ALTER TABLE {relation} VALIDATE CONSTRAINT {check}"
        )));
        forward.push(set);
        forward.push(uncheck.clone());
        reverse.push(uncheck.clone());
        stages = vec![
            Stage {
                cleanup: vec![uncheck],
                ..postgres::transaction(1)
            },
            postgres::transaction(1),
            postgres::transaction(2 + off.len()),
        ];
    } else {
        forward.push(set);
    }
    forward.extend(off);
    reverse.extend(stamp_on(subject, rule, cx));
    Statements {
        way: RequireWay::Alter,
        forward,
        stages,
        reverse,
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
