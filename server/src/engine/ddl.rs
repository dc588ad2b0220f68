//! Reads and edits the text of `CREATE TABLE` as SQLite keeps it. Pure: text in, text out.

mod edit;
mod token;

pub use edit::{
    DdlError, add_column, add_to_unique, condition, rename, set_not_null, set_nullable,
};
pub use token::{has_word, mentions};
