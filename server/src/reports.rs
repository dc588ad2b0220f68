//! Verification reports: measured, kept, written as Markdown, compared. What is wrong with a system stands in its report;
//! only what cannot be measured at all is an error.

mod application;
mod compare;
pub(crate) mod markdown;
mod measure;

use shared::report::Report;

use crate::state::AppState;
use crate::store::reports as table;
use crate::systems::SystemError;

pub use compare::compare;
pub use markdown::{markdown, verdict};
pub use measure::measure;

/// A report of a system by its number.
///
/// # Errors
/// When there is no such system or report.
pub async fn get(state: &AppState, system: &str, number: i64) -> Result<Report, SystemError> {
    let system = state.systems.get(system)?;
    table::get(&state.store, system.slug(), number)
        .await?
        .ok_or_else(|| {
            SystemError::not_found(
                format!("{} has no report {number}.", system.config.title),
                "Choose one from the list of reports.",
            )
        })
}
