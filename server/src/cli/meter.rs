//! How far long work is, on stderr: on a terminal one line that is written again, elsewhere a line now and again.

use std::io::{IsTerminal as _, Stderr, Write};
use std::time::{Duration, Instant};

use crate::engine::progress::Progress;

/// Time between two lines where each stays: work that takes less is not told of.
const LINES: Duration = Duration::from_secs(10);
/// Time between two writings of the one line of a terminal.
const REWRITTEN: Duration = Duration::from_millis(200);

/// Tells how far work is.
pub(super) struct Meter<W: Write> {
    to: W,
    rewrites: bool,
    every: Duration,
    due: Instant,
    told: String,
}

impl Meter<Stderr> {
    /// On stderr.
    pub(super) fn of_stderr() -> Self {
        let stderr = std::io::stderr();
        let rewrites = stderr.is_terminal();
        Self::new(stderr, rewrites, if rewrites { REWRITTEN } else { LINES })
    }
}

impl<W: Write> Meter<W> {
    fn new(to: W, rewrites: bool, every: Duration) -> Self {
        Self {
            to,
            rewrites,
            every,
            due: Instant::now() + every,
            told: String::new(),
        }
    }

    /// Tells it, unless it was told a moment ago.
    pub(super) fn tell(&mut self, progress: Progress) {
        let (now, words) = (Instant::now(), progress.to_string());
        if now < self.due || words == self.told {
            return;
        }
        self.due = now + self.every;
        // nobody reads stderr any more: the work goes on
        let _ = match self.rewrites {
            true => write!(self.to, "\r\x1b[K{words}").and_then(|()| self.to.flush()),
            false => writeln!(self.to, "{words}"),
        };
        self.told = words;
    }
}

impl<W: Write> Drop for Meter<W> {
    fn drop(&mut self) {
        if self.rewrites && !self.told.is_empty() {
            let _ = write!(self.to, "\r\x1b[K").and_then(|()| self.to.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::progress::Stage;

    fn told(rewrites: bool, every: Duration) -> String {
        let mut text = Vec::new();
        let mut meter = Meter::new(&mut text, rewrites, every);
        for done in [1, 1, 2] {
            let stage = Stage::Comparing;
            meter.tell(Progress {
                stage,
                done,
                total: 2,
            });
        }
        drop(meter);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_terminal_has_one_line_that_is_gone_in_the_end_and_a_file_has_one_for_each_change() {
        assert_eq!(
            told(true, Duration::ZERO),
            "\r\x1b[KTables are compared: 50 %\r\x1b[KTables are compared: 100 %\r\x1b[K"
        );
        assert_eq!(
            told(false, Duration::ZERO),
            "Tables are compared: 50 %\nTables are compared: 100 %\n"
        );
        assert_eq!(told(false, LINES), "", "short work is not told of");
    }
}
