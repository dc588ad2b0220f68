//! The statements with which Django would have created a table on SQLite: its types, its order of
//! clauses, its names of indexes. A schema that differs would teach the engine the wrong lesson.

use md5::{Digest, Md5};

use super::SampleError;
use super::catalogue::{Catalogue, Column, Key, Kind, Model};
use crate::db::quote;

/// `CREATE TABLE` as Django's schema editor writes it.
pub(super) fn create_table(catalogue: &Catalogue, model: &Model) -> Result<String, SampleError> {
    let mut parts = vec![match &model.key {
        Key::Automatic | Key::BigAutomatic => {
            "\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT".to_owned()
        }
        Key::Column(name, kind) => format!(
            "{} {} NOT NULL PRIMARY KEY",
            quote(name),
            type_name(catalogue, kind)?
        ),
    }];
    for column in &model.columns {
        parts.push(definition(catalogue, column)?);
    }
    for columns in &model.constraints {
        parts.push(format!(
            "CONSTRAINT {} UNIQUE ({})",
            quote(&format!("{}_unique", columns_name(model, columns))),
            list(columns)
        ));
    }
    Ok(format!(
        "CREATE TABLE {} ({})",
        quote(&model.table),
        parts.join(", ")
    ))
}

/// `CREATE INDEX` for every index that is not part of the table's own text.
pub(super) fn create_indexes(model: &Model) -> Vec<String> {
    let mut statements = Vec::new();
    let table = quote(&model.table);
    for columns in &model.unique {
        let name = index_name(&model.table, columns, "_uniq");
        statements.push(format!(
            "CREATE UNIQUE INDEX {} ON {table} ({})",
            quote(&name),
            list(columns)
        ));
    }
    for columns in &model.indexes {
        statements.push(format!(
            "CREATE INDEX {} ON {table} ({})",
            quote(&meta_index_name(&model.table, columns)),
            list(columns)
        ));
    }
    for column in model.columns.iter().filter(|column| column.index) {
        let columns = [column.name.clone()];
        statements.push(format!(
            "CREATE INDEX {} ON {table} ({})",
            quote(&index_name(&model.table, &columns, "")),
            list(&columns)
        ));
    }
    statements
}

fn definition(catalogue: &Catalogue, column: &Column) -> Result<String, SampleError> {
    let name = quote(&column.name);
    let mut text = format!(
        "{name} {} {}",
        type_name(catalogue, &column.kind)?,
        if column.null { "NULL" } else { "NOT NULL" }
    );
    if column.unique {
        text.push_str(" UNIQUE");
    }
    match &column.kind {
        Kind::Positive | Kind::SmallPositive => text.push_str(&format!(" CHECK ({name} >= 0)")),
        Kind::Json => text.push_str(&format!(" CHECK ((JSON_VALID({name}) OR {name} IS NULL))")),
        Kind::Reference(table) => {
            let key = match &catalogue.model(table)?.key {
                Key::Column(name, _) => name.as_str(),
                Key::Automatic | Key::BigAutomatic => "id",
            };
            text.push_str(&format!(
                " REFERENCES {} ({}) DEFERRABLE INITIALLY DEFERRED",
                quote(table),
                quote(key)
            ));
        }
        _ => {}
    }
    Ok(text)
}

fn type_name(catalogue: &Catalogue, kind: &Kind) -> Result<String, SampleError> {
    let fixed = match kind {
        Kind::Char(length) => return Ok(format!("varchar({length})")),
        Kind::Reference(table) => {
            return match &catalogue.model(table)?.key {
                Key::Automatic => Ok("integer".to_owned()),
                Key::BigAutomatic => Ok("bigint".to_owned()),
                Key::Column(_, kind) => type_name(catalogue, kind),
            };
        }
        Kind::Text | Kind::Json => "text",
        Kind::Integer => "integer",
        Kind::BigInteger => "bigint",
        Kind::SmallInteger => "smallint",
        Kind::Positive => "integer unsigned",
        Kind::SmallPositive => "smallint unsigned",
        Kind::Bool => "bool",
        Kind::Date => "date",
        Kind::DateTime => "datetime",
        Kind::Time => "time",
        Kind::Decimal => "decimal",
        Kind::Uuid => "char(32)",
        Kind::Address => "char(39)",
        Kind::Real => "real",
    };
    Ok(fixed.to_owned())
}

fn list(columns: &[String]) -> String {
    let parts: Vec<String> = columns
        .iter()
        .map(|column| match column.strip_prefix('-') {
            Some(name) => format!("{} DESC", quote(name)),
            None => quote(column),
        })
        .collect();
    parts.join(", ")
}

/// The name of an index that Django makes by itself: table, columns and 8 digits of their MD5.
fn index_name(table: &str, columns: &[String], suffix: &str) -> String {
    let digest = digest(table, columns, "");
    format!("{table}_{}_{}{suffix}", columns.join("_"), &digest[..8])
}

/// The name of an index from `Meta.indexes`: at most 30 characters, as Oracle once allowed.
fn meta_index_name(table: &str, columns: &[String]) -> String {
    let digest = digest(table, columns, "idx");
    let first = columns[0].trim_start_matches('-');
    format!(
        "{}_{}_{}_idx",
        shortened(table, 11),
        shortened(first, 7),
        &digest[..6]
    )
}

fn columns_name(model: &Model, columns: &[String]) -> String {
    format!("{}_{}", model.table, columns.join("_"))
}

fn shortened(text: &str, length: usize) -> &str {
    &text[..text.len().min(length)]
}

fn digest(table: &str, columns: &[String], suffix: &str) -> String {
    let mut hash = Md5::new();
    hash.update(table);
    for column in columns {
        hash.update(column);
    }
    hash.update(suffix);
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_a_real_django_database() {
        let columns = ["content_type_id".to_owned(), "codename".to_owned()];
        assert_eq!(
            index_name("auth_permission", &columns, "_uniq"),
            "auth_permission_content_type_id_codename_01ab375a_uniq"
        );
        assert_eq!(
            index_name("django_session", &["expire_date".to_owned()], ""),
            "django_session_expire_date_a5c62663"
        );
    }

    #[test]
    fn a_table_reads_as_django_writes_it() {
        let catalogue = Catalogue::read().unwrap();
        let model = catalogue.model("auth_permission").unwrap();
        assert_eq!(
            create_table(&catalogue, model).unwrap(),
            "CREATE TABLE \"auth_permission\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \
             \"content_type_id\" integer NOT NULL REFERENCES \"django_content_type\" (\"id\") DEFERRABLE INITIALLY DEFERRED, \
             \"codename\" varchar(100) NOT NULL, \"name\" varchar(255) NOT NULL)"
        );
    }
}
