//! Reads the rows that wait for a decision: why each is left, and where it may belong.

use super::{DecisionError, Page, Query, Subject, Undecided};
use crate::db::{Connection, Dialect, Statement, Value, quote};
use crate::engine::playbook::{Model, Placement, Playbook};
use crate::engine::schema::Schema;

/// Rows of a model that no rule places, along its key. All parts of the answer are of one moment.
pub async fn page(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
    model: &Model,
    query: &Query,
) -> Result<Page, DecisionError> {
    let subject = Subject::new(playbook, schema, model)?;
    db.begin_read().await?;
    let page = read(db, &subject, query).await;
    db.roll_back().await;
    page
}

async fn read(
    db: &mut Connection,
    subject: &Subject<'_>,
    query: &Query,
) -> Result<Page, DecisionError> {
    let from = format!(
        "FROM {} AS t WHERE t.{} IS NULL",
        subject.relation(),
        quote(subject.column)
    );
    let total = db
        .count(format!("SELECT COUNT(*) {from}"))
        .await?
        .unsigned_abs();
    let reason = reason(subject);
    let reasons = db
        .rows(format!(
            "SELECT {reason}, COUNT(*) {from} GROUP BY 1 ORDER BY 2 DESC, 1"
        ))
        .await?
        .iter()
        .map(|row| (row.value(0).display(), row.integer(1).unsigned_abs()))
        .collect();

    let title = title(subject);
    let mut filter = String::new();
    let mut values: Vec<Value> = Vec::new();
    if let Some(wanted) = &query.reason {
        filter.push_str(&format!(" AND {reason} = ?"));
        values.push(Value::Text(wanted.clone()));
    }
    if let Some(text) = query.search.as_deref().map(str::trim)
        && !text.is_empty()
    {
        let key = format!("t.{}", quote(&subject.key[0]));
        let position = match db.dialect() {
            Dialect::Sqlite => "instr",
            Dialect::Postgres => "strpos",
        };
        filter.push_str(&format!(
            " AND {position}(lower(COALESCE(CAST({title} AS TEXT), '') || ' ' || {key} || ' ' || {reason}), \
             lower(?)) > 0"
        ));
        values.push(Value::Text(text.to_owned()));
    }
    let bound = |sql: String, values: &[Value]| {
        values.iter().fold(Statement::new(sql), |statement, value| {
            statement.bind(value.clone())
        })
    };
    let matching = db
        .count(bound(format!("SELECT COUNT(*) {from}{filter}"), &values))
        .await?
        .unsigned_abs();

    let keys: Vec<String> = subject
        .key
        .iter()
        .map(|column| format!("t.{}", quote(column)))
        .collect();
    let keys = keys.join(", ");
    if let Some(after) = &query.after {
        let marks = vec!["?"; subject.key.len()].join(", ");
        filter.push_str(&format!(" AND ({keys}) > ({marks})"));
        values.extend(subject.parse_key(after)?);
    }
    let limit = query.limit.clamp(1, 500);
    let candidate = candidate(subject).unwrap_or_else(|| "NULL".to_owned());
    let default = default_code(subject);
    // one row more than asked for says whether there is another page
    let statement = bound(
        format!(
            "SELECT {title}, {reason}, {candidate}, {default}, {keys} {from}{filter} \
             ORDER BY {keys} LIMIT {}",
            limit + 1
        ),
        &values,
    );
    let mut rows: Vec<Undecided> = Vec::new();
    let mut more = false;
    for row in db.rows(statement).await? {
        if rows.len() == limit as usize {
            more = true;
            break;
        }
        let key = subject.key_text(&row.0[4..]);
        let mut candidates: Vec<String> = Vec::new();
        for column in [2, 3] {
            if let Some(code) = row.text(column)
                && !candidates.iter().any(|known| known == code)
            {
                candidates.push(code.to_owned());
            }
        }
        let title = row.value(0).display();
        rows.push(Undecided {
            title: if title.trim().is_empty() {
                format!("{} {key}", subject.model.label)
            } else {
                title
            },
            reason: row.value(1).display(),
            candidates,
            key,
        });
    }
    Ok(Page {
        total,
        matching,
        reasons,
        next: rows.last().filter(|_| more).map(|last| last.key.clone()),
        rows,
    })
}

fn title(subject: &Subject<'_>) -> String {
    match &subject.model.title {
        Some(column) => format!("t.{}", quote(column)),
        None => "NULL".to_owned(),
    }
}

/// SQL over `t` for the reason: the playbook's, or what follows from the kind of the rule.
pub(super) fn reason(subject: &Subject<'_>) -> String {
    if let Some(sql) = &subject.model.reason {
        return format!("COALESCE(({sql}), 'No rule places it')");
    }
    let literal = |text: String| subject.schema.dialect.literal(&text);
    match &subject.model.organization {
        Placement::Word(_) => literal("Not populated yet".to_owned()),
        Placement::Expression(by) => format!(
            "CASE WHEN ({0}) IS NULL THEN 'The rule gives no code' \
             ELSE 'No organization has the code ' || ({0}) END",
            by.expression
        ),
        Placement::Through(along) => {
            let column = &along.through;
            let empty = literal(format!("{column} is empty"));
            let table = subject.schema.table(&subject.model.table);
            let parent = table
                .and_then(|table| table.foreign_key(column))
                .and_then(|key| {
                    let parent = subject.schema.table(&key.table)?;
                    Some((parent, key.referenced.first().or(parent.key().first())?))
                });
            let Some((parent, referenced)) = parent else {
                return format!(
                    "CASE WHEN t.{} IS NULL THEN {empty} ELSE 'No rule places it' END",
                    quote(column)
                );
            };
            format!(
                "CASE WHEN t.{own} IS NULL THEN {empty} \
                 WHEN NOT EXISTS (SELECT 1 FROM {table} AS p WHERE p.{key} = t.{own}) THEN {gone} \
                 ELSE {without} END",
                own = quote(column),
                table = subject.schema.dialect.relation(&parent.name),
                key = quote(referenced),
                gone = literal(format!("The row of {} it refers to is gone", parent.name)),
                without = literal(format!(
                    "The row of {} it refers to has no organization",
                    parent.name
                )),
            )
        }
    }
}

/// SQL over `t` for the code that the playbook suggests, when an organization has it.
pub(super) fn candidate(subject: &Subject<'_>) -> Option<String> {
    let sql = subject.model.candidates.as_ref()?;
    Some(existing_code(subject, sql))
}

/// SQL for the code of the default organization, when it exists.
fn default_code(subject: &Subject<'_>) -> String {
    let default = &subject.playbook.organizations.default.code;
    existing_code(subject, &subject.schema.dialect.literal(default))
}

fn existing_code(subject: &Subject<'_>, sql: &str) -> String {
    let organizations = &subject.playbook.organizations;
    let code = quote(&organizations.code);
    // the expression stands in a FROM of its own: no name in it may mean a column of this table
    format!(
        "(SELECT o.{code} FROM (SELECT ({sql}) AS switchyard_code) AS e \
         JOIN {} AS o ON o.{code} = e.switchyard_code)",
        subject.schema.dialect.relation(&organizations.table)
    )
}
