//! What can go wrong with a statement, as a kind and as a sentence for people.

use datafusion::common::DataFusionError;

/// What the caller does next. A new kind is a design change; a new message is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The statement is wrong and will stay wrong.
    Invalid,
    /// A table that it names does not exist.
    NotFound,
    /// It is larger, or needs or gives more, than a limit allows.
    TooLarge,
    /// It took longer than it may.
    Timeout,
    /// Too many statements run and wait; the same one may succeed later.
    Busy,
    /// Stored bytes that it needs are wrong (D6).
    Damaged,
    /// A bug or the machine.
    Internal,
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    position: Option<(u64, u64)>,
    hint: Option<String>,
    is_derived: bool,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), position: None, hint: None, is_derived: false }
    }

    /// Damage, or nothing if the error is another.
    fn damaged(error: &engine::Error) -> Option<Self> {
        let engine::Error::Damaged(damage) = error else { return None };
        Some(Self { is_derived: damage.is_derived, ..Self::new(ErrorKind::Damaged, error.to_string()) })
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::TooLarge, message)
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Places it in the text; line 0 means that the place is unknown.
    pub(crate) fn at(mut self, line: u64, column: u64) -> Self {
        self.position = (line > 0).then_some((line, column));
        self
    }

    /// Without its place, which is in a text that nobody wrote.
    pub(crate) fn unplaced(self) -> Self {
        Self { position: None, ..self }
    }

    /// Says in which of several texts it is; its place is not told, lest it be sought in another.
    pub(crate) fn of(self, what: &str) -> Self {
        Self { message: format!("in {what}: {}", self.message), ..self.unplaced() }
    }

    /// Says in which of several texts it is, each of which stands by itself, so that its place is clear.
    pub(crate) fn within(self, what: &str) -> Self {
        Self { message: format!("in {what}: {}", self.message), ..self }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What happened.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Line and column in the statement, each from 1.
    #[must_use]
    pub fn position(&self) -> Option<(u64, u64)> {
        self.position
    }

    /// Whether what is damaged was made from the log, which still holds it.
    #[must_use]
    pub fn is_derived(&self) -> bool {
        self.is_derived
    }

    /// What to try instead.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl From<engine::Error> for Error {
    fn from(error: engine::Error) -> Self {
        match error.kind() {
            engine::ErrorKind::Unavailable => Self::new(ErrorKind::Busy, error.to_string()),
            _ => Self::damaged(&error).unwrap_or_else(|| internal(&error)),
        }
    }
}

/// Paths, plans and stacks go to the log, not to whoever asked (S8).
fn internal(error: &dyn std::error::Error) -> Error {
    tracing::error!(error = %error, source = ?error.source(), "a statement failed");
    Error::new(ErrorKind::Internal, "the statement could not be run because of an internal error")
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::External(inner) => {
                let damaged = inner.downcast_ref().and_then(Self::damaged);
                let ours = damaged.or_else(|| inner.downcast_ref::<Self>().cloned());
                ours.unwrap_or_else(|| internal(&error))
            }
            DataFusionError::SQL(parser, _) => Self::syntax(&parser.to_string()),
            DataFusionError::ResourcesExhausted(_) => {
                Self::too_large("the statement needs more memory than it may have")
                    .with_hint("select fewer columns or rows, or aggregate before joining")
            }
            DataFusionError::ArrowError(inner, _) => match &**inner {
                arrow::error::ArrowError::ExternalError(_)
                | arrow::error::ArrowError::IoError(..)
                | arrow::error::ArrowError::MemoryError(_) => internal(&error),
                inner => Self::said_by(&inner.to_string()),
            },
            root @ (DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Configuration(_)
            | DataFusionError::Execution(_)) => Self::said_by(&root.message()),
            DataFusionError::Diagnostic(_, inner) => Self::said_by(&inner.message()),
            _ => internal(&error),
        }
    }
}

impl Error {
    /// The parser's message, with its `at Line: 1, Column: 8` taken out of the text.
    pub(crate) fn syntax(message: &str) -> Self {
        let message = message.trim_start_matches("sql parser error: ").trim_start_matches("ParserError(\"");
        let message = &message.replace("found: EOF", "found: the end");
        let Some((text, place)) = message.rsplit_once(" at Line: ") else {
            let lowered = lower_first(message);
            return match message.as_str() {
                "recursion limit exceeded" => Self::too_large(format!(
                    "the statement is nested deeper than {} levels",
                    crate::limits::PARSER_DEPTH_MAX
                )),
                _ => Self::invalid(lowered),
            };
        };
        let mut numbers = place.split(", Column: ").map(|number| {
            number.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u64>().unwrap_or(0)
        });
        let (line, column) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        Self::invalid(lower_first(text.trim_end_matches(','))).at(line, column)
    }

    /// A planner's or a kernel's message: its first paragraph is what happened, a question at its end
    /// a hint; a backtrace is nobody's business.
    fn said_by(message: &str) -> Self {
        let message = message.split("\n\nbacktrace:").next().unwrap_or_default();
        // Our own functions say themselves what they take.
        if let Some((_, ours)) = message.split_once(" user-defined coercion failed with: ") {
            let ours = ours.split(" No function matches ").next().unwrap_or_default();
            return Self::invalid(ours.trim_start_matches("Error during planning: ").trim_end_matches('.'));
        }
        // Of wrong arguments every attempt to fit them is told; the last sentence says it.
        if let Some((_, call)) = message.split_once("No function matches the given name and argument types ")
        {
            let call = call.split("'. ").next().unwrap_or_default().trim_start_matches('\'');
            return Self::invalid(format!("no function takes these arguments: {call}"))
                .with_hint("cast them, or look at their types with DESCRIBE");
        }
        let (what, hint) = match message.split_once("Did you mean ") {
            Some((what, hint)) => (what, Some(format!("did you mean {hint}"))),
            None => match message.split_once(" Valid fields are ") {
                Some((what, hint)) => (what, Some(format!("valid names are {hint}"))),
                None => (message, None),
            },
        };
        let mut error = Self::invalid(lower_first(what.trim().trim_end_matches(['.', ' '])));
        error.hint = hint;
        error
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        // A word of capitals (NULL, SQL) stays as it is.
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parsers_place_becomes_the_position() {
        let error =
            Error::syntax("sql parser error: Expected: an expression, found: FROM at Line: 2, Column: 8");
        assert_eq!(error.message(), "expected: an expression, found: FROM");
        assert_eq!(error.position(), Some((2, 8)));
    }

    #[test]
    fn a_question_becomes_the_hint() {
        let error = Error::said_by("Invalid function 'flor'.\nDid you mean 'floor'?");
        assert_eq!(error.message(), "invalid function 'flor'");
        assert_eq!(error.hint(), Some("did you mean 'floor'?"));
    }
}
