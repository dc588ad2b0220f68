//! What of updates and windows fits on a page that a phone with a weak signal loads, and that prints on one sheet: the
//! newest in full, older ones as titles, and the rest in the feed, the calendar and the JSON.

use shared::status::{PublicStatus, PublicUpdate, PublicWindow};

use crate::status::feeds::escape;

/// Bytes for the texts of windows and updates together, and for those of windows alone.
const TEXTS: usize = 9_000;
const TEXTS_OF_WINDOWS: usize = 3_000;
/// Bytes for their lines: titles, times, stages.
const LINES: usize = 7_500;
const LINES_OF_WINDOWS: usize = 4_000;
/// Bytes of a line besides its title, and of the lines that say when an update was resolved or changed.
const UPDATE: usize = 230;
const CHANGE: usize = 170;
const WINDOW: usize = 700;

/// What is shown, each with whether its text is.
pub(super) struct Fit<'a> {
    pub(super) windows: Vec<(&'a PublicWindow, bool)>,
    pub(super) updates: Vec<(&'a PublicUpdate, bool)>,
    windows_in_all: usize,
    updates_in_all: usize,
}

impl<'a> Fit<'a> {
    /// Of what a system tells. Windows that are open go before those that are over.
    pub(super) fn of(status: &'a PublicStatus) -> Self {
        let mut by_need: Vec<&PublicWindow> = status.maintenance.iter().collect();
        by_need.sort_by_key(|window| !window.stage.is_open());
        let (mut texts, mut lines) = (Room(TEXTS_OF_WINDOWS), Room(LINES_OF_WINDOWS));
        let mut windows: Vec<_> = by_need
            .into_iter()
            .take_while(|window| lines.takes(WINDOW + escape(&window.title).len()))
            .map(|window| (window, texts.takes(window.html.len())))
            .collect();
        windows.sort_by(|(one, _), (other, _)| one.starts.cmp(&other.starts));
        let mut texts = Room(TEXTS - (TEXTS_OF_WINDOWS - texts.0));
        let mut lines = Room(LINES);
        let mut older = false;
        let updates: Vec<_> = status
            .updates
            .iter()
            .take_while(|update| lines.takes(line_of(update)))
            .map(|update| {
                // once one is cut, those before it are too: nobody takes a short old one for the last word
                older = older || !texts.takes(update.html.len());
                (update, !older)
            })
            .collect();
        Self {
            windows,
            updates,
            windows_in_all: status.maintenance.len(),
            updates_in_all: status.updates.len(),
        }
    }

    /// Whether something of the updates is not shown.
    pub(super) fn cuts_updates(&self) -> bool {
        self.updates.len() < self.updates_in_all || self.updates.iter().any(|(_, whole)| !whole)
    }

    /// Whether something of the windows is not shown.
    pub(super) fn cuts_windows(&self) -> bool {
        self.windows.len() < self.windows_in_all || self.windows.iter().any(|(_, whole)| !whole)
    }
}

/// Bytes of the line of an update, about.
fn line_of(update: &PublicUpdate) -> usize {
    let changes = [&update.resolved, &update.edited];
    UPDATE + CHANGE * changes.into_iter().flatten().count() + escape(&update.title).len()
}

/// Bytes that are left.
struct Room(usize);

impl Room {
    fn takes(&mut self, bytes: usize) -> bool {
        match self.0.checked_sub(bytes) {
            Some(left) => {
                self.0 = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::example;

    #[test]
    fn the_newest_updates_are_shown_in_full_and_older_ones_as_titles() {
        let mut status = example::status();
        status.updates = (0..30).rev().map(example::update).collect();
        assert!(!Fit::of(&status).cuts_updates(), "short ones all fit");
        for update in &mut status.updates[..10] {
            update.html = "x".repeat(5_000);
        }
        let fit = Fit::of(&status);
        let whole: Vec<bool> = fit.updates.iter().map(|(_, whole)| *whole).collect();
        assert_eq!(whole[..3], [true, false, false]);
        assert!(
            !whole[15],
            "a short one that is older is not in full either"
        );
        assert!(fit.cuts_updates());
    }

    #[test]
    fn windows_that_are_open_go_before_those_that_are_over_and_stand_in_their_order() {
        let mut status = example::status();
        status.maintenance = (0..40).map(example::window).collect();
        for window in &mut status.maintenance {
            window.starts = format!(
                "2026-12-{:02}T{:02}:00:00Z",
                1 + window.id / 24,
                window.id % 24
            );
        }
        for window in &mut status.maintenance[..35] {
            window.stage = shared::notice::WindowStage::Completed;
        }
        let fit = Fit::of(&status);
        let shown: Vec<i64> = fit.windows.iter().map(|(window, _)| window.id).collect();
        assert!(
            shown.len() < 10 && shown.ends_with(&[35, 36, 37, 38, 39]),
            "{shown:?}"
        );
        assert!(fit.cuts_windows());
    }
}
