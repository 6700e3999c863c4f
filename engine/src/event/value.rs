//! A value as people logged it, exact: no integer becomes a float, no NaN becomes null.

use std::cmp::Ordering;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::limits;

/// One value of a config, a summary or a history cell.
///
/// `Float` holds NaN, the infinities and −0.0 as they came. Equality is by meaning for tests of
/// change: NaN equals NaN, and −0.0 differs from 0.0, since rewriting one as the other would lose
/// what was logged.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Value {
    /// JSON null.
    Null,
    /// true or false.
    Bool(bool),
    /// An integer in the range of i64.
    Int(i64),
    /// An integer above the range of i64.
    UInt(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Box<str>),
    /// A list.
    List(Vec<Value>),
    /// A map in the order of its source; a repeated key keeps its last value.
    Map(Vec<(Box<str>, Value)>),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::UInt(a), Self::UInt(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => {
                (a.is_nan() && b.is_nan()) || a.total_cmp(b) == Ordering::Equal
            }
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            // The client writes its maps in random order: that is no change.
            (Self::Map(a), Self::Map(_)) => {
                other.as_map().is_some_and(|b| b.len() == a.len())
                    && a.iter().all(|(key, value)| other.get(key) == Some(value))
            }
            _ => false,
        }
    }
}

impl Value {
    /// Text from anything that turns into it.
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self::Text(text.into())
    }

    /// The member of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.iter().find(|(name, _)| &**name == key).map(|(_, value)| value)
    }

    /// The members of a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&[(Box<str>, Self)]> {
        match self {
            Self::Map(members) => Some(members),
            _ => None,
        }
    }

    /// The text of a text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of an integer that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The nearest f64 of any number.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::UInt(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// Reads JSON as the client writes it: plain JSON, and the bare words `NaN`, `Infinity`,
    /// `-Infinity` where a number may stand (protocol 3.4).
    ///
    /// Integers beyond u64 become the nearest float. A lone surrogate in an escape is an error.
    ///
    /// # Errors
    ///
    /// [`JsonError`] with the reason; nesting deeper than [`limits::JSON_DEPTH_MAX`] is one.
    pub fn from_json(text: &[u8]) -> Result<Self, JsonError> {
        super::json::read(text)
    }

    /// Writes the same dialect that [`Value::from_json`] reads; the two are inverse.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, NonFinite::Bare);
        out
    }

    /// Writes strict JSON, the numbers that it cannot spell as `"NaN"`, `"Infinity"`, `"-Infinity"`.
    #[must_use]
    pub fn to_strict_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, NonFinite::Quoted);
        out
    }

    /// Appends the value as JSON.
    pub fn write_json(&self, out: &mut String, non_finite: NonFinite) {
        super::json::write(self, out, non_finite);
    }
}

/// How the numbers that JSON has no word for are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonFinite {
    /// `NaN`, as Python and the client's files do.
    Bare,
    /// `"NaN"`, which every JSON reader takes.
    Quoted,
}

/// Why a text is not JSON.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(pub(crate) String);

/// Reads a [`Value`] through serde, `depth` levels deep at most. `word` turns the stand-in of a bare
/// `NaN` back into its number (see `event/json.rs`).
#[derive(Clone, Copy)]
pub(super) struct ValueSeed<'a> {
    pub(super) depth: usize,
    pub(super) word: Option<&'a str>,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl ValueSeed<'_> {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let depth = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| E::custom(format_args!("nested deeper than {} levels", limits::JSON_DEPTH_MAX)))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::UInt(value), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        let number = self.word.and_then(|word| super::json::non_finite(text.strip_prefix(word)?));
        Ok(number.map_or_else(|| Value::Text(text.into()), Value::Float))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = source.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut members: Vec<(Box<str>, Value)> = Vec::new();
        while let Some(key) = source.next_key::<Box<str>>()? {
            members.push((key, source.next_value_seed(inner)?));
        }
        Ok(Value::Map(last_of_each(members)))
    }
}

/// Keeps the last member of each name, at the place of its first.
fn last_of_each(mut members: Vec<(Box<str>, Value)>) -> Vec<(Box<str>, Value)> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by(|&a, &b| members.get(a).map(|m| &m.0).cmp(&members.get(b).map(|m| &m.0)));
    let repeated = order.windows(2).any(|pair| match pair {
        [a, b] => members.get(*a).map(|m| &m.0) == members.get(*b).map(|m| &m.0),
        _ => false,
    });
    if !repeated {
        return members;
    }
    let mut kept: Vec<(Box<str>, Value)> = Vec::with_capacity(members.len());
    for (key, value) in members.drain(..) {
        match kept.iter_mut().find(|(name, _)| *name == key) {
            Some(slot) => slot.1 = value,
            None => kept.push((key, value)),
        }
    }
    kept
}
