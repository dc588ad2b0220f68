//! Parts that pages are made of. Class names and `data-state` are the interface to the style sheets.

mod announce;
mod announcer;
mod approvals;
mod button;
mod chart;
mod choices;
mod consent;
mod dialog;
mod field;
mod gates;
mod head;
mod icon;
mod log;
mod menu;
mod note;
mod panel;
mod phases;
mod progress;
mod shell;
mod sql;
mod standing;
pub mod step_list;
mod table;

pub use announce::announce;
pub use announcer::Announcer;
pub use approvals::Approvals;
pub use button::{ActionButton, DownloadLink};
pub use chart::{Band, CoverageBars, CoverageLegend, Happened, Limit, LineChart, bar};
pub use choices::{Choice, Choices};
pub use consent::{Agreement, Consent};
pub use dialog::{Confirm, Dialog, Drawer};
pub use field::{PasswordField, SearchBox, TextField};
pub use gates::GateList;
pub use head::{PageHead, set_title};
pub use icon::icon;
pub use log::RunLog;
pub use menu::{Menu, MenuItem};
pub use note::{Empty, ErrorPanel, Note, RefusalNote, Skeleton};
pub(crate) use panel::unique;
pub use panel::{KeyValue, NextAction, Panel, Stat, Stats};
pub use phases::{Fold, OpenPhases, PhaseLine, phase, step_number, stretch};
pub use progress::{HowFar, Progress, Track};
pub use shell::{ConsoleShell, SignInShell, Systems};
pub use sql::{SqlDrawer, StepSql};
pub use standing::{
    gate_word, mode_badge, run_standing, standing, state_badge, state_icon, step_standing,
    tone_icon, tone_name,
};
pub use table::{PlainTable, Segment, Sort, SortHead, ordered};
