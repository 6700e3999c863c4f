//! Of which kinds the values of a key are: it decides the column that the key becomes.

use serde::{Deserialize, Serialize};

use super::{Column, Kind, Value};

/// The kinds of value that a key was seen with, ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Kinds(u8);

impl Kinds {
    /// Integers in the range of i64.
    pub const INT: Self = Self(1);
    /// Other numbers, those beyond i64 included.
    pub const FLOAT: Self = Self(2);
    /// true and false.
    pub const BOOL: Self = Self(4);
    /// Text.
    pub const TEXT: Self = Self(8);
    /// Lists, maps, media.
    pub const NESTED: Self = Self(16);
    /// Null, beside whatever else.
    pub const NULL: Self = Self(32);
    /// Integers beyond i64, kept beside [`Kinds::FLOAT`].
    pub const HUGE: Self = Self(64);
    /// Integers beyond 2^53: they have no exact float.
    pub const LONG: Self = Self(128);

    /// The kind of one value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOL,
            Value::Int(int) if int.unsigned_abs() > 1 << 53 => Self::INT.and(Self::LONG),
            Value::Int(_) => Self::INT,
            Value::UInt(_) => Self::FLOAT.and(Self::HUGE),
            Value::Float(_) => Self::FLOAT,
            Value::Text(_) => Self::TEXT,
            Value::List(_) | Value::Map(_) => Self::NESTED,
        }
    }

    /// The kinds of a column's cells.
    #[must_use]
    pub fn of_column(column: &Column<'_>) -> Self {
        match column.kind {
            Kind::Int => {
                let long = column.ints().is_some_and(|mut ints| ints.any(|int| int.unsigned_abs() > 1 << 53));
                if long { Self::INT.and(Self::LONG) } else { Self::INT }
            }
            Kind::Float => Self::FLOAT,
            Kind::Bool => Self::BOOL,
            Kind::Text => Self::TEXT,
            Kind::Json => {
                column.iter().fold(Self::default(), |kinds, (_, cell)| kinds.and(Self::of(&cell.to_value())))
            }
        }
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are among these.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing was seen.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Without `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// What is known of a key of a run's history or system metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyStats {
    /// Values written, overwritten ones included.
    pub points: u64,
    /// Their kinds.
    pub kinds: Kinds,
}
