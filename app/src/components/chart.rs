//! Charts as inline SVG: a finding for screen readers, the numbers as text or table, drawn at the measured width.

mod bars;
pub mod layout;
mod line;
mod plot;

pub use bars::{CoverageBars, CoverageLegend, bar};
pub use line::LineChart;
pub use plot::{Band, Happened, Limit};
