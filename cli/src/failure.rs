//! A failure as a person reads it: what happened, why, what it costs, what to do next.
//!
//! ```text
//! error: cannot open the store in ./runs
//!   cause: segment 17 is damaged at byte 88064: checksum differs
//!   lost:  events 1200..1310 of run sunny-lake-12
//!   next:  cp -a ./runs ./runs.kept      keeps the bytes as they are
//! ```

use std::error::Error;
use std::fmt;
use std::io;

use crate::exit::Exit;

/// The result of a command.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a command did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// Behind a pointer: results are passed up often, and failures are rare.
    details: Box<Details>,
}

/// What a person reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Details {
    /// What was not done, or what is wrong.
    what: String,
    /// Where in the statement: lines to be shown as they are.
    at: Vec<String>,
    /// Why, outermost first.
    causes: Vec<String>,
    /// What is not there any more.
    lost: Vec<String>,
    /// What may be done about it.
    next: Vec<String>,
}

impl Failure {
    /// A failure with nothing more to say.
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, details: Box::new(Details { what: what.into(), ..Details::default() }) }
    }

    /// The command line makes no sense.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// The request cannot be met.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self::new(Exit::Failed, what)
    }

    /// Ctrl+C.
    pub(crate) fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted")
    }

    /// Reading or writing failed.
    pub(crate) fn io(what: impl Into<String>, error: &io::Error) -> Self {
        Self::new(Exit::from(error), what).because(error)
    }

    /// Adds an error and the errors behind it as causes.
    pub(crate) fn because(mut self, error: &(dyn Error + 'static)) -> Self {
        let mut inner = Some(error);
        while let Some(error) = inner {
            let text = error.to_string();
            // A wrapper that repeats what it wraps adds nothing.
            if self.details.causes.last().is_none_or(|outer| !outer.ends_with(&text)) {
                self.details.causes.push(text);
            }
            inner = error.source();
        }
        self
    }

    /// Adds a cause.
    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.details.causes.push(cause.into());
        self
    }

    /// Shows a place in a statement.
    pub(crate) fn at(mut self, lines: Vec<String>) -> Self {
        self.details.at = lines;
        self
    }

    /// Adds what is lost.
    pub(crate) fn lost(mut self, lost: impl Into<String>) -> Self {
        self.details.lost.push(lost.into());
        self
    }

    /// Adds a step that may help, in words.
    pub(crate) fn next(mut self, step: impl Into<String>) -> Self {
        self.details.next.push(step.into());
        self
    }

    /// Adds a command that may help, and what it does.
    pub(crate) fn next_command(self, command: impl fmt::Display, does: &str) -> Self {
        self.next(format!("{command}      {does}"))
    }

    /// As lines, the first word of which is left to the printer to colour.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        let cause = Some(self.details.causes.join(": ")).filter(|cause| !cause.is_empty());
        let labelled = [
            ("at:    ", self.details.at.clone()),
            ("cause: ", cause.into_iter().collect()),
            ("lost:  ", self.details.lost.clone()),
            ("next:  ", self.details.next.clone()),
        ];
        let details = labelled.into_iter().flat_map(|(label, texts)| {
            let labels = std::iter::once(label).chain(std::iter::repeat("       "));
            labels.zip(texts).map(|(label, text)| format!("  {label}{text}")).collect::<Vec<_>>()
        });
        std::iter::once(self.details.what.clone()).chain(details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_why_what_is_lost_and_what_to_do() {
        let inner = io::Error::other("disk on fire");
        let failure = Failure::io("cannot read \"x\"", &inner)
            .lost("events 1..2")
            .next_command("wbq stats", "shows what is left")
            .next("or ask for help");
        let lines: Vec<_> = failure.lines().collect();
        assert_eq!(
            lines,
            [
                "cannot read \"x\"",
                "  cause: disk on fire",
                "  lost:  events 1..2",
                "  next:  wbq stats      shows what is left",
                "         or ask for help",
            ]
        );
        assert_eq!(failure.exit, Exit::Io);
    }
}
