//! Connections to targets. The only part of the program that knows a database driver: everything
//! above it speaks [`Statement`], [`Value`] and [`Row`]. It knows nothing of migrations.
//!
//! A [`Connection`] is dedicated to one piece of work and never pooled: a migration that kept a
//! pooled connection would starve others, and its session settings would leak back into the pool.

mod address;
mod connection;
mod dialect;
mod error;
mod postgres;
mod replace;
mod same;
mod snapshot;
mod sqlite;
mod statement;
mod url;

pub use address::PostgresAddress;
pub use connection::{Access, Connection, Patience};
pub use dialect::{Dialect, parts, qualified, quote};
pub use error::DbError;
use error::existing_file;
pub use replace::{Replaced, enter_wal, replace};
pub use same::{is_same, located};
pub use snapshot::{Field, Fields, Reader, Rows, Snapshot};
pub use statement::{Row, Statement, Value};
pub use url::DatabaseUrl;
