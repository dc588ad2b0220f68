//! Rows that the control store answers, and how a column becomes a value.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Row as _, TypeInfo as _, ValueRef as _};

/// One row.
pub enum Row {
    /// Of SQLite.
    Sqlite(SqliteRow),
    /// Of PostgreSQL.
    Postgres(PgRow),
}

impl Row {
    pub(super) fn sqlite(rows: Vec<SqliteRow>) -> Vec<Self> {
        rows.into_iter().map(Self::Sqlite).collect()
    }

    pub(super) fn postgres(rows: Vec<PgRow>) -> Vec<Self> {
        rows.into_iter().map(Self::Postgres).collect()
    }

    /// The value of a column, by position or name.
    ///
    /// # Errors
    /// When there is no such column, or it is of another type.
    pub fn try_get<'r, T: Column<'r>, I: Index>(&'r self, index: I) -> Result<T, sqlx::Error> {
        T::read(self, index)
    }
}

/// A position or a name of a column.
pub trait Index: ColumnIndex<SqliteRow> + ColumnIndex<PgRow> + Copy + std::fmt::Debug {}

impl<T: ColumnIndex<SqliteRow> + ColumnIndex<PgRow> + Copy + std::fmt::Debug> Index for T {}

/// What a column can be read as.
pub trait Column<'r>: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// When there is no such column, or it is of another type.
    fn read<I: Index>(row: &'r Row, index: I) -> Result<Self, sqlx::Error>;
}

macro_rules! native {
    ($($type:ty),+) => {
        $(impl<'r> Column<'r> for $type {
            fn read<I: Index>(row: &'r Row, index: I) -> Result<Self, sqlx::Error> {
                match row {
                    Row::Sqlite(row) => row.try_get(index),
                    Row::Postgres(row) => row.try_get(index),
                }
            }
        })+
    };
}
native!(i64, f64, String, &'r str, Vec<u8>);

macro_rules! narrower {
    ($($type:ty),+) => {
        $(impl<'r> Column<'r> for $type {
            fn read<I: Index>(row: &'r Row, index: I) -> Result<Self, sqlx::Error> {
                <$type>::try_from(i64::read(row, index)?).map_err(|source| {
                    sqlx::Error::ColumnDecode {
                        index: format!("{index:?}"),
                        source: Box::new(source),
                    }
                })
            }
        })+
    };
}
narrower!(i32, u64, u32, u16, u8);

impl<'r> Column<'r> for bool {
    fn read<I: Index>(row: &'r Row, index: I) -> Result<Self, sqlx::Error> {
        match row {
            // EXISTS and comparisons answer a boolean there, flags are kept as numbers
            Row::Postgres(row) if row.try_get_raw(index)?.type_info().name() == "BOOL" => {
                row.try_get(index)
            }
            _ => Ok(i64::read(row, index)? != 0),
        }
    }
}

impl<'r, T: Column<'r>> Column<'r> for Option<T> {
    fn read<I: Index>(row: &'r Row, index: I) -> Result<Self, sqlx::Error> {
        let missing = match row {
            Row::Sqlite(row) => row.try_get_raw(index)?.is_null(),
            Row::Postgres(row) => row.try_get_raw(index)?.is_null(),
        };
        if missing {
            return Ok(None);
        }
        T::read(row, index).map(Some)
    }
}

/// Rows of several columns.
pub trait Tuple: Sized {
    /// Reads them.
    ///
    /// # Errors
    /// When a column is of another type.
    fn of_row(row: &Row) -> Result<Self, sqlx::Error>;
}

macro_rules! tuple {
    ($($name:ident $position:literal),+) => {
        impl<$($name: for<'r> Column<'r>),+> Tuple for ($($name,)+) {
            fn of_row(row: &Row) -> Result<Self, sqlx::Error> {
                Ok(($(row.try_get::<$name, _>($position)?,)+))
            }
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
