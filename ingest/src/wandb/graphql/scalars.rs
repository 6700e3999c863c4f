//! The scalars of the schema, by the names that documents declare.

use async_graphql::{InputValueError, InputValueResult, Number, Scalar, ScalarType, Value};
use chrono::{DateTime, SecondsFormat};
use engine::Time;

/// A JSON document carried inside a string; bare `NaN` and infinities may stand in it.
#[derive(Debug, Clone)]
pub(crate) struct JsonString(pub(crate) String);

#[Scalar(name = "JSONString")]
impl ScalarType for JsonString {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A 64-bit integer as a JSON number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Int64(pub(crate) i64);

#[Scalar]
impl ScalarType for Int64 {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => {
                number.as_i64().map(Self).ok_or_else(|| InputValueError::expected_type(value))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::Number(Number::from(self.0))
    }
}

/// A length of time; what it counts is the field's business.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Duration(pub(crate) i64);

#[Scalar]
impl ScalarType for Duration {
    fn parse(value: Value) -> InputValueResult<Self> {
        Int64::parse(value).map(|Int64(length)| Self(length)).map_err(InputValueError::propagate)
    }

    fn to_value(&self) -> Value {
        Value::Number(Number::from(self.0))
    }
}

/// A moment, as ISO 8601 in UTC.
#[derive(Debug, Clone)]
pub(crate) struct Moment(pub(crate) String);

#[Scalar(name = "DateTime")]
impl ScalarType for Moment {
    fn parse(value: Value) -> InputValueResult<Self> {
        JsonString::parse(value).map(|JsonString(text)| Self(text)).map_err(InputValueError::propagate)
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

impl Moment {
    pub(crate) fn of(time: Time) -> Self {
        Self(DateTime::from_timestamp_nanos(time).to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}
