//! The models of the sample application: which tables there are and what their columns are.
//!
//! They are written down in `catalogue/*.models`, one line for a table and a few for its columns:
//!
//! ```text
//! # a remark
//! common_province                      a table with Django's automatic key `id`
//!   region -> common_region, code c20 u, capital c100?, is_active bool i
//!   @unique region name                unique_together     @index status -created_at    Meta.indexes
//! django_session session_key c40       a table whose key is this column; `uuid` and `int` name kinds of `id`
//! ```
//!
//! `->` is a foreign key, `=>` one that is unique, `?` after the kind allows NULL, `u` is unique
//! and `i` indexed.

use super::SampleError;

const SOURCES: [(&str, &str); 6] = [
    ("framework", include_str!("catalogue/framework.models")),
    ("common", include_str!("catalogue/common.models")),
    ("communities", include_str!("catalogue/communities.models")),
    ("mana", include_str!("catalogue/mana.models")),
    (
        "coordination",
        include_str!("catalogue/coordination.models"),
    ),
    ("programs", include_str!("catalogue/programs.models")),
];

/// The primary key of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// `id`, counted up: 32 bits in Django's eyes, so foreign keys to it are `integer`.
    Automatic,
    /// `id`, counted up: 64 bits in Django's eyes, so foreign keys to it are `bigint`.
    BigAutomatic,
    /// A column of its own.
    Column(String, Kind),
}

/// The kind of a column, as Django's fields are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Char(u16),
    Text,
    Integer,
    BigInteger,
    SmallInteger,
    Positive,
    SmallPositive,
    Bool,
    Date,
    DateTime,
    Time,
    Decimal,
    Json,
    Uuid,
    Address,
    Real,
    /// A foreign key to this table.
    Reference(String),
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) null: bool,
    pub(super) unique: bool,
    pub(super) index: bool,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) table: String,
    pub(super) key: Key,
    pub(super) columns: Vec<Column>,
    /// `unique_together`: unique indexes over these columns.
    pub(super) unique: Vec<Vec<String>>,
    /// `UniqueConstraint`: constraints written into the table.
    pub(super) constraints: Vec<Vec<String>>,
    /// `Meta.indexes`; a leading minus means descending.
    pub(super) indexes: Vec<Vec<String>>,
}

/// Every table, in the order in which they are created.
#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) models: Vec<Model>,
}

impl Catalogue {
    /// Reads the embedded files.
    pub(super) fn read() -> Result<Self, SampleError> {
        let mut models = Vec::new();
        for (file, text) in SOURCES {
            for (number, line) in text.lines().enumerate() {
                take_line(line, &mut models).map_err(|what| SampleError::Catalogue {
                    file,
                    line: number + 1,
                    what,
                })?;
            }
        }
        Ok(Self { models })
    }

    /// The table of this name.
    pub(super) fn model(&self, table: &str) -> Result<&Model, SampleError> {
        self.models
            .iter()
            .find(|model| model.table == table)
            .ok_or_else(|| SampleError::UnknownTable(table.to_owned()))
    }
}

fn take_line(line: &str, models: &mut Vec<Model>) -> Result<(), String> {
    if line.trim().is_empty() || line.starts_with('#') {
        return Ok(());
    }
    if !line.starts_with(' ') {
        models.push(heading(line)?);
        return Ok(());
    }
    let model = models.last_mut().ok_or("columns stand before a table")?;
    let line = line.trim();
    if let Some(directive) = line.strip_prefix('@') {
        let mut words = directive.split_whitespace();
        let kind = words.next().unwrap_or_default();
        let columns = words
            .map(|word| column_of(model, word))
            .collect::<Result<Vec<_>, _>>()?;
        match kind {
            "unique" => model.unique.push(columns),
            "constraint" => model.constraints.push(columns),
            "index" => model.indexes.push(columns),
            other => return Err(format!("@{other} is not known")),
        }
        return Ok(());
    }
    for field in line
        .split(',')
        .map(str::trim)
        .filter(|field| !field.is_empty())
    {
        model.columns.push(column(field)?);
    }
    Ok(())
}

fn heading(line: &str) -> Result<Model, String> {
    let mut words = line.split_whitespace();
    let table = words.next().unwrap_or_default().to_owned();
    let key = match (words.next(), words.next()) {
        (None, _) => Key::BigAutomatic,
        (Some("int"), None) => Key::Automatic,
        (Some("uuid"), None) => Key::Column("id".into(), Kind::Uuid),
        (Some(name), Some(word)) => Key::Column(name.to_owned(), kind(word)?),
        (Some(other), None) => return Err(format!("{other} is not a kind of key")),
    };
    Ok(Model {
        table,
        key,
        columns: Vec::new(),
        unique: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
    })
}

fn column(field: &str) -> Result<Column, String> {
    let words: Vec<&str> = field.split_whitespace().collect();
    let (name, word, rest) = match words.as_slice() {
        [name, word, rest @ ..] => (*name, *word, rest),
        _ => return Err(format!("{field} has no kind")),
    };
    let null = word.ends_with('?');
    let word = word.trim_end_matches('?');
    if let "->" | "=>" = word {
        let [table] = rest else {
            return Err(format!("{field} must name one table"));
        };
        return Ok(Column {
            name: format!("{name}_id"),
            kind: Kind::Reference((*table).to_owned()),
            null,
            unique: word == "=>",
            index: word == "->",
        });
    }
    Ok(Column {
        name: name.to_owned(),
        kind: kind(word)?,
        null,
        unique: rest.contains(&"u"),
        index: rest.contains(&"i"),
    })
}

/// The column that a directive names: foreign keys are named without their `_id`.
fn column_of(model: &Model, word: &str) -> Result<String, String> {
    let (sign, name) = match word.strip_prefix('-') {
        Some(name) => ("-", name),
        None => ("", word),
    };
    let reference = format!("{name}_id");
    model
        .columns
        .iter()
        .find(|column| column.name == name || column.name == reference)
        .map(|column| format!("{sign}{}", column.name))
        .ok_or_else(|| format!("{} has no column {name}", model.table))
}

fn kind(word: &str) -> Result<Kind, String> {
    if let Some(length) = word.strip_prefix('c').and_then(|rest| rest.parse().ok()) {
        return Ok(Kind::Char(length));
    }
    Ok(match word {
        "text" => Kind::Text,
        "int" => Kind::Integer,
        "bigint" => Kind::BigInteger,
        "smallint" => Kind::SmallInteger,
        "pos" => Kind::Positive,
        "smallpos" => Kind::SmallPositive,
        "bool" => Kind::Bool,
        "date" => Kind::Date,
        "datetime" => Kind::DateTime,
        "time" => Kind::Time,
        "decimal" => Kind::Decimal,
        "json" => Kind::Json,
        "uuid" => Kind::Uuid,
        "slug" => Kind::Char(50),
        "file" => Kind::Char(100),
        "ip" => Kind::Address,
        "real" => Kind::Real,
        other => return Err(format!("{other} is not a kind of column")),
    })
}
