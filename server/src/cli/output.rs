//! What a command says: results on stdout for people or as JSON, the reason of a failure on stderr.

use std::error::Error;
use std::io::Write as _;
use std::ops::ControlFlow;

use clap::ValueEnum;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::meter::Meter;
use crate::engine::progress::Watch;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people.
    Human,
    /// One JSON value on stdout.
    Json,
}

/// Where a command writes its result.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    format: Format,
}

impl Output {
    /// Writes in this format.
    pub fn new(format: Format) -> Self {
        Self { format }
    }

    /// Writes a result: the value as JSON, or what `human` makes of it.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn result<T: Serialize>(
        self,
        value: &T,
        human: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        let text = match self.format {
            Format::Json => serde_json::to_string_pretty(value)
                .map_err(|error| Failure::caused("the result cannot be written as JSON", &error))?,
            Format::Human => human(value),
        };
        say(text.trim_end());
        Ok(())
    }

    /// Tells progress to people; silent when results are JSON.
    pub fn progress(self, line: &str) {
        if self.format == Format::Human {
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }

    /// Someone who tells people how far long work is; nobody is told when results are JSON.
    pub fn watch(self) -> Watch<'static> {
        self.watch_until(CancellationToken::new())
    }

    /// The same, who breaks the work off when it is to stop.
    pub fn watch_until(self, stop: CancellationToken) -> Watch<'static> {
        let mut meter = (self.format == Format::Human).then(Meter::of_stderr);
        Watch::new(move |progress| {
            if let Some(meter) = &mut meter {
                meter.tell(progress);
            }
            match stop.is_cancelled() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })
    }

    /// Writes the reason of a failure to stderr.
    pub fn fail(self, failure: &Failure) {
        let mut stderr = std::io::stderr();
        // nobody reads stderr any more: there is nowhere left to say it
        let _ = match self.format {
            Format::Json => writeln!(
                stderr,
                "{}",
                serde_json::json!({ "error": failure.message, "remedy": failure.remedy })
            ),
            Format::Human => match &failure.remedy {
                Some(remedy) => writeln!(stderr, "switchyard: {}\n  {remedy}", failure.message),
                None => writeln!(stderr, "switchyard: {}", failure.message),
            },
        };
    }
}

/// Writes a line to stdout; a reader that went away (`| head`) is no failure.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Why a command did not do its work, and what to do about it. Exit code 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    message: String,
    remedy: Option<String>,
}

impl Failure {
    /// A failure with its reason.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            remedy: None,
        }
    }

    /// A failure with a reason and every cause below it, each said once.
    pub fn caused(message: impl Into<String>, error: &dyn Error) -> Self {
        let mut message = message.into();
        let mut cause = Some(error);
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = error.source();
        }
        Self::new(message)
    }

    /// A failure that is an error, with every cause below it.
    pub fn of(error: &dyn Error) -> Self {
        match error.source() {
            Some(source) => Self::caused(error.to_string(), source),
            None => Self::new(error.to_string()),
        }
    }

    /// With what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl<E: crate::refusal::Refusal> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            remedy: error.remedy(),
            ..Self::of(&error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_the_message_already_names_is_not_repeated() {
        let inner = std::io::Error::other("disk full");
        assert_eq!(
            Failure::caused("a: disk full", &inner).message,
            "a: disk full"
        );
        assert_eq!(Failure::caused("a", &inner).message, "a: disk full");
    }
}
