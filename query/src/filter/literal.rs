//! Values that keys are compared with.

use engine::{State, Time, Value};

use super::key::{Key, Place};
use crate::error::Error;

/// A value of one kind; kinds do not mix.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// No value.
    Null,
    /// true or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// Nanoseconds since 1970, UTC.
    Time(Time),
}

impl Literal {
    /// A value of JSON; none for a list or a map.
    pub(super) fn of_json(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(number) => Self::Int(*number),
            Value::UInt(_) | Value::Float(_) => Self::Float(value.as_f64()?),
            Value::Text(text) => Self::Text(text.to_string()),
            Value::List(_) | Value::Map(_) => return None,
        })
    }

    /// The state of that name as we spell it, where the key is the state: clients say `finished`.
    pub(super) fn spelled_for(self, key: &Key) -> Self {
        let is_state = matches!(key.0, Place::Column { name: "state", .. });
        let named = |text: &str| {
            let is_it = |state: &&State| state.name().eq_ignore_ascii_case(text);
            State::ALL.iter().find(is_it).map(|state| Self::Text(state.name().to_owned()))
        };
        match &self {
            Self::Text(text) if is_state => named(text).unwrap_or(self),
            _ => self,
        }
    }
}

/// A regular expression, if it is one.
pub(super) fn regex(text: &str) -> Result<String, Error> {
    match regex::Regex::new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Err(Error::invalid(format!("{text:?} is no regular expression: {reason}")))
        }
    }
}
