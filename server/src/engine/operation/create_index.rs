//! The index on the organization's column, made in bulk after the rows are populated: filling it
//! row by row would write every entry twice.

use md5::{Digest, Md5};

use super::{Cx, Operation, Subject};
use crate::db::{Statement, quote};
use crate::engine::plan::{Cost, PhaseName, Probe, Reverse, Step, StepMode};
use crate::engine::playbook::Framework;

/// Plans the index.
pub(in crate::engine) fn create_index(cx: &Cx<'_>, subject: Subject<'_>) -> Step {
    let Subject { table, column, .. } = subject;
    let index = index_name(cx.playbook.framework, &table.name, &[column], "");
    let existing = (table.indexes.iter())
        .find(|index| !index.partial && first_is(index.columns.first(), column));
    Step {
        key: subject.key("index"),
        title: format!("Index {column} of {}", table.name),
        group: Some(subject.group.to_owned()),
        phase: PhaseName::Populate,
        operation: Operation::CreateIndex {
            table: table.name.clone(),
            column: column.to_owned(),
            index: index.clone(),
        },
        mode: StepMode::Atomic,
        forward: vec![Statement::new(format!(
            "CREATE INDEX {} ON {} ({})",
            quote(&index),
            quote(&table.name),
            quote(column)
        ))],
        reverse: Reverse::Sql(vec![Statement::new(format!(
            "DROP INDEX {}",
            quote(&index)
        ))]),
        probe: Some(Probe {
            statement: Statement::new(
                "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'index' AND name = ?",
            )
            .bind(index.as_str()),
            expected: 1,
        }),
        locks: "Other writers wait while the rows are sorted, about a second for a million.".into(),
        cost: Cost {
            rows: 0,
            sentence: format!(
                "No row is written; {} entries of the index are.",
                subject.rows()
            ),
        },
        loss: None,
        gates: Vec::new(),
        point_of_no_return: false,
        destructive: false,
        skip: existing
            .map(|index| format!("The index {} begins with {column} already.", index.name)),
    }
}

fn first_is(first: Option<&Option<String>>, column: &str) -> bool {
    matches!(first, Some(Some(name)) if name.eq_ignore_ascii_case(column))
}

/// The name that the application's framework would give to an index; `suffix` is `_uniq` for
/// Django's unique ones.
pub(super) fn index_name(
    framework: Framework,
    table: &str,
    columns: &[&str],
    suffix: &str,
) -> String {
    let joined = columns.join("_");
    if framework == Framework::None {
        let kind = if suffix.is_empty() { "_idx" } else { suffix };
        return format!("{table}_{joined}{kind}");
    }
    let mut hash = Md5::new();
    hash.update(table);
    columns.iter().for_each(|column| hash.update(column));
    let digest = hex::encode(hash.finalize());
    // Django's BaseDatabaseSchemaEditor._create_index_name, for a database without a limit
    let ending = format!("{}{suffix}", &digest[..8]);
    let name = format!("{table}_{joined}_{ending}");
    let longest = 200;
    if name.chars().count() <= longest {
        return name;
    }
    let part = (longest - ending.len()) / 2 - 1;
    let cut = |text: &str| text.chars().take(part).collect::<String>();
    let name = format!("{}_{}_{ending}", cut(table), cut(&joined));
    if name.starts_with(|first: char| first == '_' || first.is_ascii_digit()) {
        return format!("D{}", &name[..name.len() - 1]);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_named_as_django_names_it() {
        // from Django's own migrations of django.contrib.auth and django.contrib.admin
        assert_eq!(
            index_name(
                Framework::Django,
                "auth_permission",
                &["content_type_id"],
                ""
            ),
            "auth_permission_content_type_id_2f476e4b"
        );
        assert_eq!(
            index_name(Framework::Django, "django_admin_log", &["user_id"], ""),
            "django_admin_log_user_id_c564eba6"
        );
        assert_eq!(
            index_name(
                Framework::Django,
                "auth_permission",
                &["content_type_id", "codename"],
                "_uniq"
            ),
            "auth_permission_content_type_id_codename_01ab375a_uniq"
        );
    }
}
