//! Reads and edits the text of definitions: `CREATE TABLE` as SQLite keeps it, indexes and their constraints as PostgreSQL
//! writes them. Pure: text in, text out.

mod edit;
mod index;
mod token;

pub use edit::{
    DdlError, add_column, add_to_unique, condition, rename, set_not_null, set_nullable,
};
pub use index::{
    deferral, in_tablespace, on_table, stored, unique_definition, unique_index, with_options,
};
pub use token::{has_word, mentions};
