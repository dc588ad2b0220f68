//! A unique constraint or index over partitions of a large table. PostgreSQL builds none over all of them beside the writers:
//! it is built so in each of them, and one over the whole takes to itself what it finds in them, there and back.

use super::beside_writers::{Names, there};
use super::{Statements, marks, scoped_part};
use crate::db::{Dialect, Statement, quote};
use crate::engine::ddl;
use crate::engine::operation::create_index::partition_index;
use crate::engine::operation::{Subject, postgres};
use crate::engine::plan::{Probe, Reverse, Stage};
use crate::engine::schema::Index;

/// Plans the change; `None` when the catalogue's text of the index is not one of a unique index.
pub(super) fn plan(
    subject: Subject<'_>,
    columns: &[String],
    index: &Index,
    names: &Names,
) -> Option<Statements> {
    let whole = Whole::of(names, index)?;
    let (mut new, mut old) = (Vec::new(), Vec::new());
    for partition in &subject.table.partitions {
        let name = scoped_part(subject, columns, partition);
        let part = Part::of(&whole, index, partition, &name, Some(&names.column))?;
        new.push(part);
        let before = index.parts.iter().find(|part| part.table == *partition);
        let name = before.map_or_else(|| unnamed(columns, partition), |part| part.name.clone());
        old.push(Part::of(&whole, index, partition, &name, None)?);
    }
    let mut forward: Vec<String> = new.iter().map(|part| part.build.clone()).collect();
    let mut stages: Vec<Stage> = new.iter().map(|part| part.stage(&whole)).collect();
    let mut change = vec![whole.drop(&names.old, &names.old_place)];
    change.extend(new.iter().filter_map(|part| part.taken(&whole)));
    change.push(whole.add(names, Some(&names.column))?);
    change.extend(marks::carried(subject, columns, index, &names.bare));
    stages.push(postgres::transaction(change.len()));
    forward.extend(change);

    let mut reverse: Vec<String> = old.iter().map(|part| part.build.clone()).collect();
    let mut back: Vec<Stage> = old.iter().map(|part| part.stage(&whole)).collect();
    let mut change = vec![whole.drop(&names.new, &names.new_place)];
    change.extend(old.iter().filter_map(|part| part.taken(&whole)));
    change.push(whole.add(names, None)?);
    change.extend(marks::restored(&subject.table.name, index));
    back.push(Stage {
        probe: Some(whole.is_there(names, &names.old_bare, &names.old_place)),
        ..postgres::transaction(change.len())
    });
    reverse.extend(change);
    // built, and not changed over to yet
    back.push(postgres::transaction(new.len()));
    let reverse = (reverse.into_iter().map(Statement::new))
        .chain(new.iter().map(Part::drop_unused))
        .collect();
    Some(Statements {
        forward: forward.into_iter().map(Statement::new).collect(),
        stages,
        reverse: Reverse::Staged {
            statements: reverse,
            stages: back,
        },
        probe: Some(whole.is_there(names, &names.bare, &names.new_place)),
    })
}

/// The name of the old part in a partition that was not seen to have one: as the server would name it.
fn unnamed(columns: &[String], partition: &str) -> String {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    partition_index(Dialect::Postgres, partition, &columns, "_key")
}

/// The index over all partitions.
struct Whole<'a> {
    /// The table, quoted.
    table: &'a str,
    /// A text that makes the index as it is now.
    index: &'a str,
    /// The definition of the constraint that it keeps, with its options.
    constraint: Option<String>,
}

impl<'a> Whole<'a> {
    fn of(names: &'a Names, index: &'a Index) -> Option<Self> {
        let constraint = (index.constraint.as_ref())
            .map(|constraint| ddl::with_options(&constraint.definition, &constraint.index));
        Some(Self {
            table: &names.table,
            index: match &index.constraint {
                Some(constraint) => constraint.index.as_str(),
                None => index.sql.as_deref()?,
            },
            constraint,
        })
    }

    /// Drops it, with its parts; what lies in the partitions is locked behind the whole, as the application locks it.
    fn drop(&self, name: &str, place: &str) -> String {
        match self.constraint {
            Some(_) => format!(
                "ALTER TABLE {} DROP CONSTRAINT IF EXISTS {name}",
                self.table
            ),
            None => format!("DROP INDEX IF EXISTS {place}"),
        }
    }

    /// Adds it, over another column (quoted) too: its parts are there.
    fn add(&self, names: &Names, first: Option<&str>) -> Option<String> {
        let name = match first {
            Some(_) => &names.new,
            None => &names.old,
        };
        let Some(constraint) = &self.constraint else {
            return ddl::unique_index(self.index, "", name, first);
        };
        let definition = match first {
            Some(first) => ddl::unique_definition(constraint, first)?,
            None => constraint.clone(),
        };
        Some(format!(
            "ALTER TABLE {} ADD CONSTRAINT {name} {definition}",
            self.table
        ))
    }

    /// It is there and complete.
    fn is_there(&self, names: &Names, name: &str, place: &str) -> Probe {
        match self.constraint {
            Some(_) => names.constraint(name),
            None => names.is_whole(place),
        }
    }
}

/// The part of an index that lies in one partition.
struct Part {
    /// The partition, and the part in it; quoted.
    relation: String,
    place: String,
    name: String,
    /// Builds it beside the writers.
    build: String,
    /// When the constraint is checked that it keeps.
    late: String,
}

impl Part {
    fn of(
        whole: &Whole<'_>,
        index: &Index,
        partition: &str,
        name: &str,
        first: Option<&str>,
    ) -> Option<Self> {
        let relation = Dialect::Postgres.relation(partition);
        let quoted = quote(name);
        let build = ddl::unique_index(whole.index, " CONCURRENTLY", &quoted, first)?;
        let build = ddl::on_table(&build, &relation)?;
        let before = index.parts.iter().find(|part| part.table == *partition);
        let options = before.and_then(marks::options);
        let tablespace = before.and_then(|part| part.tablespace.as_deref());
        Some(Self {
            place: postgres::beside(Dialect::Postgres, partition, name),
            name: quoted,
            build: ddl::stored(&build, options.as_deref(), tablespace),
            late: whole
                .constraint
                .as_deref()
                .map_or_else(String::new, |it| ddl::deferral(it).to_owned()),
            relation,
        })
    }

    /// The stage that builds it, unless the partition is none of the table any more.
    fn stage(&self, whole: &Whole<'_>) -> Stage {
        let probe = there(
            Statement::new(
                "SELECT COUNT(*) FROM (SELECT 1) AS one WHERE NOT EXISTS (SELECT 1 \
                 FROM pg_partition_tree(to_regclass(?)) WHERE relid = to_regclass(?)) \
                 OR EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(?) \
                 AND indrelid = to_regclass(?) AND indisvalid AND indisunique)",
            )
            .bind(whole.table)
            .bind(self.relation.as_str())
            .bind(self.place.as_str())
            .bind(self.relation.as_str()),
        );
        postgres::alone(probe, self.drop_unused())
    }

    /// Makes a constraint of it, which that of the whole can take to itself.
    fn taken(&self, whole: &Whole<'_>) -> Option<String> {
        whole.constraint.as_ref()?;
        let literal = |text: &str| Dialect::Postgres.literal(text);
        Some(postgres::block(&format!(
            "BEGIN IF EXISTS (SELECT 1 FROM pg_index AS i \
             JOIN pg_partition_tree(to_regclass({})) AS p ON p.relid = i.indrelid \
             WHERE i.indexrelid = to_regclass({}) AND i.indrelid = to_regclass({})) \
             THEN ALTER TABLE {} ADD CONSTRAINT {} UNIQUE USING INDEX {}{}; END IF; END",
            literal(whole.table),
            literal(&self.place),
            literal(&self.relation),
            self.relation,
            self.name,
            self.name,
            self.late,
        )))
    }

    /// Drops it where neither the whole has taken it nor a constraint needs it.
    fn drop_unused(&self) -> Statement {
        const UNUSED: &str = "NOT EXISTS (SELECT 1 FROM pg_inherits AS h WHERE h.inhrelid = i.indexrelid) \
             AND NOT EXISTS (SELECT 1 FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)";
        postgres::drop_index_where(&self.place, &self.relation, UNUSED)
    }
}
