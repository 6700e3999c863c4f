//! Which runs: one predicate, written as an expression or as the W&B client's JSON, and compiled to
//! a condition of SQL over `runs`, so that names, types and plans are those of SQL.
//!
//! ```text
//!  state = Finished and config.lr <= 0.01       expr.rs  ─┐
//!                                                         ├─► Predicate ── sql.rs ─► state = 'Finished' AND
//!  {"state": "finished", "config.lr": {"$lte": 0.01}}     │                          config.lr <= 0.01
//!                                              wandb.rs  ─┘
//! ```
//!
//! What holds, whichever way it was written (SEMANTICS 8 and 13):
//! - Numbers compare with numbers, texts with texts, truth values with truth values; values of two
//!   kinds are never equal and never in order, which is no error. 10 equals 10.0; "10" is a text.
//! - Where a value is missing, `=` and the comparisons are false, `!=` and `not in` true. `not` of what
//!   does not hold is true: there is no third answer.
//! - Of `tags`, `=` and `in` hold if any tag fits, `!=` and `not in` if none does.
//! - NaN equals itself and is in no order with anything.

pub(crate) mod any_match;
mod bounds;
mod expr;
mod key;
mod list;
mod literal;
mod sql;
mod token;
mod wandb;

pub use expr::parse as from_expression;
pub use key::Key;
pub(crate) use key::quoted;
pub use list::{SortKey, keys, sort_keys};
pub use literal::Literal;
pub use sql::condition;
pub(crate) use sql::quote;
pub(crate) use token::{at, quoted_text};
pub use wandb::{order as from_wandb_order, parse as from_wandb};

use engine::Time;

use crate::error::Error;

/// Which runs are meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// All of these hold; of none of them: true.
    And(Vec<Predicate>),
    /// One of these holds at least; of none of them: false.
    Or(Vec<Predicate>),
    /// This does not hold.
    Not(Box<Predicate>),
    /// A value beside another.
    Compare {
        /// What is compared.
        key: Key,
        /// How.
        op: Comparison,
        /// With what.
        value: Literal,
    },
    /// It equals one of these.
    In {
        /// What is compared.
        key: Key,
        /// With what.
        values: Vec<Literal>,
    },
    /// It is a text with this in it.
    Contains {
        /// What is looked into.
        key: Key,
        /// What must be in it.
        text: String,
    },
    /// It is a text of which a part fits a regular expression.
    Matches {
        /// What is looked into.
        key: Key,
        /// The expression, which was found to be one.
        regex: String,
    },
    /// There is no value, or it is JSON null.
    Null(Key),
    /// There is a value, and be it JSON null.
    Exists(Key),
    /// It is a list of so many.
    Size {
        /// What is counted.
        key: Key,
        /// How many.
        size: u32,
    },
    /// It equals every one of these, which only `tags` can with more than one; not of none.
    All {
        /// What is compared.
        key: Key,
        /// With what.
        values: Vec<Literal>,
    },
    /// It is a time, at most so long ago.
    Within {
        /// The time.
        key: Key,
        /// Nanoseconds.
        span: Time,
    },
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Predicate {
    fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// These, all or any, without a level for one alone.
    fn joined(mut parts: Vec<Self>, join: fn(Vec<Self>) -> Self) -> Self {
        match parts.len() {
            1 => parts.remove(0),
            _ => join(parts),
        }
    }
}

/// Reads a filter as people give it: JSON if it begins with a brace, else an expression. `now` is the
/// wall clock.
///
/// # Errors
///
/// `Invalid` with the place, `TooLarge` beyond a limit.
pub fn parse(text: &str, now: Time) -> Result<Predicate, Error> {
    if !text.trim_start().starts_with('{') {
        return from_expression(text, now);
    }
    from_wandb_text(text)
}

/// Reads a filter of the W&B client as its text.
///
/// # Errors
///
/// As [`from_wandb`], and `Invalid` when it is no JSON.
pub fn from_wandb_text(text: &str) -> Result<Predicate, Error> {
    bounds::check_bytes(text)?;
    let value = engine::Value::from_json(text.as_bytes())
        .map_err(|error| Error::invalid(format!("the filter is no JSON: {error}")))?;
    from_wandb(&value)
}

#[cfg(test)]
mod tests;
