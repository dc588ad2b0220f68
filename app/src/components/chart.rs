//! Charts as inline SVG: a finding for screen readers, the numbers as text or table, drawn at the measured width.

mod bars;
pub mod layout;
mod line;

pub use bars::{CoverageBars, CoverageLegend, bar};
pub use line::{Limit, LineChart};
