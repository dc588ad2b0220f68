//! Verification reports: measured, kept, written as Markdown, compared. Measuring itself is the engine's.

mod compare;
mod markdown;

pub use compare::compare;
pub use markdown::{markdown, verdict};
