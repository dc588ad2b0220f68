//! PostgreSQL's way: the new index is built, beside the writers where the table is large, and then
//! takes the place of the old one; and the same back. At no moment is neither there.

use super::{Statements, marks, partitions, scoped_name};
use crate::db::{Statement, quote};
use crate::engine::ddl;
use crate::engine::operation::create_index::{concurrently, word};
use crate::engine::operation::{Cx, Subject, postgres, probe};
use crate::engine::plan::{Probe, Reverse, Stage};
use crate::engine::schema::{Constraint, Index};

/// Plans the change; `None` when the catalogue's text of the index is not one of a unique index.
pub(super) fn plan(
    cx: &Cx<'_>,
    subject: Subject<'_>,
    columns: &[String],
    index: &Index,
) -> Option<Statements> {
    let names = Names::of(cx, subject, columns, index);
    if subject.is_partitioned() && subject.is_large() {
        return partitions::plan(subject, columns, index, &names);
    }
    let said = Said {
        carried: marks::carried(subject, columns, index, &names.bare),
        restored: marks::restored(&subject.table.name, index),
    };
    match (&index.constraint, subject.is_partitioned()) {
        (None, _) => as_index(cx, subject, &names, index.sql.as_deref()?, said),
        (Some(constraint), false) => as_constraint(cx, subject, &names, constraint, said),
        (Some(constraint), true) => in_partitions(subject, &names, constraint, said),
    }
}

/// The statements that say and set of the new index, and of the old one made again, what was said and set of the old one.
struct Said {
    carried: Vec<String>,
    restored: Vec<String>,
}

/// What the statements are about, quoted.
pub(super) struct Names {
    /// The table.
    pub table: String,
    /// The organization's column.
    pub column: String,
    /// The old index and the new one, as they are named where they are made.
    pub old: String,
    pub new: String,
    /// The same as they are named everywhere else.
    pub old_place: String,
    pub new_place: String,
    /// The name of the new one without quotes.
    pub bare: String,
    /// The same of the old one.
    pub old_bare: String,
}

impl Names {
    fn of(cx: &Cx<'_>, subject: Subject<'_>, columns: &[String], index: &Index) -> Self {
        let table = &subject.table.name;
        let bare = scoped_name(cx, subject, columns);
        Self {
            table: cx.dialect.relation(table),
            column: quote(subject.column),
            old: quote(&index.name),
            new: quote(&bare),
            old_place: postgres::beside(cx.dialect, table, &index.name),
            new_place: postgres::beside(cx.dialect, table, &bare),
            bare,
            old_bare: index.name.clone(),
        }
    }

    /// The constraint of that name is there.
    pub fn constraint(&self, name: &str) -> Probe {
        there(
            Statement::new(
                "SELECT COUNT(*) FROM pg_constraint WHERE conrelid = to_regclass(?) \
                 AND conname = ? AND contype = 'u'",
            )
            .bind(self.table.as_str())
            .bind(name),
        )
    }

    /// The index of that place is there and complete, and it is one of this table.
    pub fn is_whole(&self, place: &str) -> Probe {
        there(
            Statement::new(
                "SELECT COUNT(*) FROM pg_index WHERE indexrelid = to_regclass(?) \
                 AND indrelid = to_regclass(?) AND indisvalid AND indisunique",
            )
            .bind(place)
            .bind(self.table.as_str()),
        )
    }

    fn drop_new(&self) -> String {
        format!("DROP INDEX IF EXISTS {}", self.new_place)
    }
}

/// An index that keeps no constraint.
fn as_index(
    cx: &Cx<'_>,
    subject: Subject<'_>,
    names: &Names,
    before: &str,
    said: Said,
) -> Option<Statements> {
    let whole = probe::index(cx.dialect, &names.bare, &names.new_place);
    let mut stages = concurrently(cx, subject, &names.new_place, &whole);
    let word = word(&stages);
    let mut forward = vec![
        ddl::unique_index(before, word, &names.new, Some(&names.column))?,
        format!("DROP INDEX {}", names.old_place),
    ];
    let change = 1 + said.carried.len();
    forward.extend(said.carried);
    let last = 1 + said.restored.len();
    let mut reverse = vec![ddl::unique_index(before, word, &names.old, None)?];
    reverse.extend(said.restored);
    reverse.push(names.drop_new());
    let back = match stages.is_empty() {
        true => Vec::new(),
        false => {
            stages.push(postgres::transaction(change));
            // a whole one may be the application's own: the new one has not replaced it yet
            let build = built_back(names, "NOT i.indisvalid");
            vec![build, postgres::transaction(last)]
        }
    };
    let replaced = Statement::new(
        "SELECT COUNT(*) FROM pg_index WHERE indexrelid = to_regclass(?) AND indisvalid \
         AND to_regclass(?) IS NULL",
    )
    .bind(names.new_place.as_str())
    .bind(names.old_place.as_str());
    Some(statements(forward, stages, reverse, back, there(replaced)))
}

/// A constraint, and its index with it.
fn as_constraint(
    cx: &Cx<'_>,
    subject: Subject<'_>,
    names: &Names,
    constraint: &Constraint,
    said: Said,
) -> Option<Statements> {
    let whole = probe::index(cx.dialect, &names.bare, &names.new_place);
    let mut stages = concurrently(cx, subject, &names.new_place, &whole);
    let word = word(&stages);
    let before = constraint.index.as_str();
    let late = ddl::deferral(&constraint.definition);
    let mut forward = vec![
        ddl::unique_index(before, word, &names.new, Some(&names.column))?,
        format!(
            "ALTER TABLE {} DROP CONSTRAINT {}, ADD CONSTRAINT {} UNIQUE USING INDEX {}{late}",
            names.table, names.old, names.new, names.new
        ),
    ];
    let mut reverse = vec![
        ddl::unique_index(before, word, &names.old, None)?,
        format!(
            "ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}, ADD CONSTRAINT {} UNIQUE USING INDEX \
             {}{late}",
            names.table, names.new, names.old, names.old
        ),
    ];
    let change = 1 + said.carried.len();
    forward.extend(said.carried);
    let change_back = 1 + said.restored.len();
    reverse.extend(said.restored);
    let mut back = Vec::new();
    if !stages.is_empty() {
        stages.push(postgres::transaction(change));
        let unused =
            "NOT EXISTS (SELECT 1 FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)";
        back = vec![
            built_back(names, unused),
            Stage {
                probe: Some(names.constraint(&names.old_bare)),
                ..postgres::transaction(change_back)
            },
            // built, and not changed over to yet
            postgres::transaction(1),
        ];
        reverse.push(names.drop_new());
    }
    let probe = names.constraint(&names.bare);
    Some(statements(forward, stages, reverse, back, probe))
}

/// A constraint over the partitions of a small table: PostgreSQL takes none from an index there.
fn in_partitions(
    subject: Subject<'_>,
    names: &Names,
    constraint: &Constraint,
    said: Said,
) -> Option<Statements> {
    let before = ddl::with_options(&constraint.definition, &constraint.index);
    let after = ddl::unique_definition(&before, &quote(subject.column))?;
    let replace = |old: &str, new: &str, definition: &str| {
        let table = &names.table;
        format!("ALTER TABLE {table} DROP CONSTRAINT {old}, ADD CONSTRAINT {new} {definition}")
    };
    let mut forward = vec![replace(&names.old, &names.new, &after)];
    forward.extend(said.carried);
    let mut reverse = vec![replace(&names.new, &names.old, &before)];
    reverse.extend(said.restored);
    let probe = names.constraint(&names.bare);
    Some(statements(forward, Vec::new(), reverse, Vec::new(), probe))
}

/// The stage that builds the old index again.
fn built_back(names: &Names, leftover: &str) -> Stage {
    let cleanup = postgres::drop_index_where(&names.old_place, &names.table, leftover);
    postgres::alone(names.is_whole(&names.old_place), cleanup)
}

pub(super) fn there(statement: Statement) -> Probe {
    Probe {
        statement,
        expected: 1,
    }
}

fn statements(
    forward: Vec<String>,
    stages: Vec<Stage>,
    reverse: Vec<String>,
    back: Vec<Stage>,
    probe: Probe,
) -> Statements {
    let all = |sql: Vec<String>| sql.into_iter().map(Statement::new).collect();
    Statements {
        forward: all(forward),
        stages,
        reverse: match back.is_empty() {
            true => Reverse::Sql(all(reverse)),
            false => Reverse::Staged {
                statements: all(reverse),
                stages: back,
            },
        },
        probe: Some(probe),
    }
}
