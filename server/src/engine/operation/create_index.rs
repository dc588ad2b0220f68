//! The index on the organization's column, made in bulk after the rows are populated: filling it
//! row by row would write every entry twice.

use md5::{Digest, Md5};

use super::{Cx, Operation, Subject, postgres, probe};
use crate::db::{Dialect, Statement, quote};
use crate::engine::plan::{Cost, PhaseName, Probe, Reverse, Stage, Step};
use crate::engine::playbook::Framework;

/// Plans the index.
pub(in crate::engine) fn create_index(cx: &Cx<'_>, subject: Subject<'_>) -> Step {
    let Subject { table, column, .. } = subject;
    let index = constraint_name(cx, &table.name, &[column], "");
    let place = postgres::beside(cx.dialect, &table.name, &index);
    let probe = probe::index(cx.dialect, &index, &place);
    let mut stages = concurrently(cx, subject, &place, &probe);
    let mut forward = Vec::new();
    let mut reverse = vec![Statement::new(drop_index(cx, &place))];
    let word = word(&stages);
    if subject.is_large() && subject.is_partitioned() {
        for partition in &table.partitions {
            let (build, stage) = in_partition(cx, partition, column);
            reverse.extend(stage.cleanup.clone());
            forward.push(build);
            stages.push(stage);
        }
        // it takes what was built to itself, and builds what is missing
        stages.push(postgres::transaction(1));
    }
    forward.push(Statement::new(format!(
        "CREATE INDEX{word} {} ON {} ({})",
        quote(&index),
        cx.dialect.relation(&table.name),
        quote(column)
    )));
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
        mode: postgres::mode(&stages),
        forward,
        reverse: Reverse::Sql(reverse),
        probe: Some(probe),
        locks: locks(cx, subject, &stages),
        cost: Cost {
            rows: 0,
            sentence: format!(
                "No row is written; {} entries of the index are.",
                subject.rows()
            ),
        },
        stages,
        loss: None,
        gates: Vec::new(),
        point_of_no_return: false,
        destructive: false,
        skip: existing
            .map(|index| format!("The index {} begins with {column} already.", index.name)),
    }
}

/// The index of one partition, built beside its writers; what it is for: an index of the whole table takes it to itself.
fn in_partition(cx: &Cx<'_>, partition: &str, column: &str) -> (Statement, Stage) {
    let name = partition_index(cx.dialect, partition, &[column], "");
    let place = postgres::beside(cx.dialect, partition, &name);
    let relation = cx.dialect.relation(partition);
    let build = Statement::new(format!(
        "CREATE INDEX CONCURRENTLY {} ON {relation} ({})",
        quote(&name),
        quote(column)
    ));
    let unused = "NOT EXISTS (SELECT 1 FROM pg_inherits AS h WHERE h.inhrelid = i.indexrelid)";
    let cleanup = postgres::drop_index_where(&place, &relation, unused);
    let probe = probe::index(cx.dialect, &name, &place);
    (build, postgres::alone(probe, cleanup))
}

/// The name of the index of one partition: as the server names it, and with `_uniq` that of a unique one.
pub(super) fn partition_index(
    dialect: Dialect,
    partition: &str,
    columns: &[&str],
    suffix: &str,
) -> String {
    let bare = postgres::bare(dialect, partition);
    index_name(
        Framework::None,
        &bare,
        columns,
        suffix,
        postgres::LONGEST_NAME,
    )
}

/// On PostgreSQL a large table's index is built beside its writers, outside of a transaction.
/// What a build that broke off has left is dropped before the next one. A partitioned table's
/// index cannot be built so, only those of its partitions.
pub(super) fn concurrently(
    cx: &Cx<'_>,
    subject: Subject<'_>,
    place: &str,
    probe: &Probe,
) -> Vec<Stage> {
    if cx.dialect != Dialect::Postgres || !subject.is_large() || subject.is_partitioned() {
        return Vec::new();
    }
    let cleanup = Statement::new(format!("DROP INDEX IF EXISTS {place}"));
    vec![postgres::alone(probe.clone(), cleanup)]
}

/// The word that a build beside writers needs.
pub(super) fn word(stages: &[Stage]) -> &'static str {
    match stages.is_empty() {
        true => "",
        false => " CONCURRENTLY",
    }
}

/// Dropping an index. PostgreSQL's may be undone while it was still being built.
pub(super) fn drop_index(cx: &Cx<'_>, place: &str) -> String {
    match cx.dialect {
        Dialect::Sqlite => format!("DROP INDEX {place}"),
        Dialect::Postgres => format!("DROP INDEX IF EXISTS {place}"),
    }
}

fn locks(cx: &Cx<'_>, subject: Subject<'_>, stages: &[Stage]) -> String {
    let who = match cx.dialect {
        _ if !stages.is_empty() && subject.is_partitioned() => {
            return "Nobody waits while the index is built beside the writers, partition by \
                    partition; writers wait for some milliseconds to make one of them."
                .into();
        }
        _ if !stages.is_empty() => {
            return "Nobody waits: the index is built beside the writers.".into();
        }
        Dialect::Postgres => "Writers of this table",
        Dialect::Sqlite => "Other writers",
    };
    format!("{who} wait while the rows are sorted, about a second for a million.")
}

fn first_is(first: Option<&Option<String>>, column: &str) -> bool {
    matches!(first, Some(Some(name)) if name.eq_ignore_ascii_case(column))
}

/// The name that the application's framework would give to an index or a constraint; `suffix` is
/// `_uniq` for Django's unique ones.
pub(super) fn constraint_name(cx: &Cx<'_>, table: &str, columns: &[&str], suffix: &str) -> String {
    let table = postgres::bare(cx.dialect, table);
    let longest = match cx.dialect {
        Dialect::Sqlite => 200,
        Dialect::Postgres => postgres::LONGEST_NAME,
    };
    index_name(cx.playbook.framework, &table, columns, suffix, longest)
}

fn index_name(
    framework: Framework,
    table: &str,
    columns: &[&str],
    suffix: &str,
    longest: usize,
) -> String {
    let joined = columns.join("_");
    if framework == Framework::None {
        let kind = if suffix.is_empty() { "_idx" } else { suffix };
        let name = format!("{table}_{joined}{kind}");
        if name.len() <= longest {
            return name;
        }
    }
    let mut hash = Md5::new();
    hash.update(table);
    columns.iter().for_each(|column| hash.update(column));
    let digest = hex::encode(hash.finalize());
    // Django's BaseDatabaseSchemaEditor._create_index_name
    let mut ending = format!("{}{suffix}", &digest[..8]);
    let name = format!("{table}_{joined}_{ending}");
    if name.len() <= longest {
        return name;
    }
    let cut = |text: &str, to: usize| {
        // Django cuts characters, PostgreSQL counts bytes
        let mut end = to.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text[..end].to_owned()
    };
    if ending.len() > longest / 3 {
        ending = cut(&ending, longest / 3);
    }
    let part = (longest - ending.len()) / 2 - 1;
    let name = format!("{}_{}_{ending}", cut(table, part), cut(&joined, part));
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
                "",
                200
            ),
            "auth_permission_content_type_id_2f476e4b"
        );
        assert_eq!(
            index_name(Framework::Django, "django_admin_log", &["user_id"], "", 63),
            "django_admin_log_user_id_c564eba6"
        );
        assert_eq!(
            index_name(
                Framework::Django,
                "auth_permission",
                &["content_type_id", "codename"],
                "_uniq",
                63
            ),
            "auth_permission_content_type_id_codename_01ab375a_uniq"
        );
        let key = index_name(
            Framework::Django,
            "auth_permission",
            &["content_type_id"],
            "_fk_django_content_type_id",
            63,
        );
        assert_eq!(key, "auth_permission_content_type_id_2f476e4b_fk_django_co");
    }
}
