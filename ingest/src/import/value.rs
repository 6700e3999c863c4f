//! Values of a log, read as the live door reads them once the client has sent them.
//!
//! The log keeps a number as the script gave it (`2.0`), the client sends it as Go writes it (`2`). So
//! a float that is whole and below a million, which Go writes without a point, is an integer here.

use engine::{JsonError, Value};

use super::record::Given;

/// From here on Go writes a float with an exponent, which is read as a float again.
const WRITTEN_PLAINLY_BELOW: f64 = 1e6;

/// A value of a cell that needs no tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Plain<'a> {
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(&'a str),
}

impl<'a> Plain<'a> {
    /// The plain value, if it is one: no list, map, null, text with escapes, and nothing that is wrong.
    pub(crate) fn of(given: Given<'a>) -> Option<Self> {
        match given {
            Given::Json(json) => Self::read(json),
            Given::Null => None,
            Given::Bool(value) => Some(Self::Bool(value)),
            Given::Int(value) => Some(Self::Int(value)),
            Given::Float(value) => Some(Self::float(value)),
            Given::Text(text) => Some(Self::Text(text)),
        }
    }

    fn read(json: &'a str) -> Option<Self> {
        match json.as_bytes() {
            [b'"', .., b'"'] if json.len() >= 2 => {
                let text = json.get(1..json.len() - 1)?;
                let is_odd = |byte: u8| byte == b'"' || byte == b'\\' || byte < 0x20;
                (!text.bytes().any(is_odd)).then_some(Self::Text(text))
            }
            b"true" => Some(Self::Bool(true)),
            b"false" => Some(Self::Bool(false)),
            b"NaN" => Some(Self::Float(f64::NAN)),
            b"Infinity" => Some(Self::Float(f64::INFINITY)),
            b"-Infinity" => Some(Self::Float(f64::NEG_INFINITY)),
            bytes => Self::number(json, bytes),
        }
    }

    /// A number spelled as JSON spells it; what is spelled otherwise is left to the reader of JSON.
    fn number(json: &str, bytes: &[u8]) -> Option<Self> {
        let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
        let whole = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match digits {
            [b'0', b'0'..=b'9', ..] | [] => return None,
            _ if whole == 0 => return None,
            // Minus zero is a float.
            [b'0'] if digits.len() < bytes.len() => return None,
            _ => {}
        }
        if whole == digits.len() {
            return json.parse().ok().map(Self::Int);
        }
        let is_point_alone = digits.get(whole) == Some(&b'.')
            && !digits.get(whole + 1).is_some_and(|byte| byte.is_ascii_digit());
        let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
        if is_point_alone || !digits.iter().all(is_number) {
            return None;
        }
        json.parse().ok().filter(|float: &f64| float.is_finite()).map(Self::float)
    }

    fn float(value: f64) -> Self {
        whole(value).map_or(Self::Float(value), Self::Int)
    }
}

/// The integer that a float is written as.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
fn whole(float: f64) -> Option<i64> {
    let is_written_so = float.fract() == 0.0 && float.abs() < WRITTEN_PLAINLY_BELOW;
    let is_minus_zero = float == 0.0 && float.is_sign_negative();
    (is_written_so && !is_minus_zero).then_some(float as i64)
}

/// Any value.
pub(crate) fn value(given: Given<'_>) -> Result<Value, JsonError> {
    if let Some(plain) = Plain::of(given) {
        return Ok(match plain {
            Plain::Int(value) => Value::Int(value),
            Plain::Float(value) => Value::Float(value),
            Plain::Bool(value) => Value::Bool(value),
            Plain::Text(text) => Value::text(text),
        });
    }
    match given {
        Given::Json(json) => Value::from_json(json.as_bytes()).map(resent),
        _ => Ok(Value::Null),
    }
}

/// A value as the client would send it.
fn resent(value: Value) -> Value {
    match value {
        Value::Float(float) => whole(float).map_or(Value::Float(float), Value::Int),
        Value::List(items) => Value::List(items.into_iter().map(resent).collect()),
        Value::Map(members) => {
            Value::Map(members.into_iter().map(|(key, value)| (key, resent(value))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_are_read_as_the_reader_of_json_reads_them() {
        for json in [
            "0",
            "-1",
            "9007199254740993",
            "1152921504606846976",
            "9223372036854775807",
            "1.5",
            "-0.25",
            "1.795419667094172e+09",
            "1e-7",
            "2E3",
            "true",
            "false",
            "NaN",
            "Infinity",
            "-Infinity",
            "\"\"",
            "\"hé\"",
            "1000000.0",
            "5e-324",
        ] {
            let plain = Plain::of(Given::Json(json));
            assert!(plain.is_some(), "{json}");
            let expected = resent(Value::from_json(json.as_bytes()).unwrap());
            assert_eq!(value(Given::Json(json)).unwrap(), expected, "{json}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_reader_of_json() {
        for json in [
            "",
            "-",
            "01",
            "-01",
            "1.",
            ".5",
            "1.e5",
            "+1",
            "1e",
            "1e999",
            "inf",
            "nan",
            "0x1",
            "1 ",
            "- 1",
            "null",
            "[1]",
            "{}",
            "\"a\\n\"",
            "\"",
            "\"a\"b\"",
            "\"\u{1}\"",
            "18446744073709551615",
            "-0",
            "1-2",
        ] {
            assert_eq!(Plain::of(Given::Json(json)), None, "{json}");
        }
        assert_eq!(value(Given::Json("18446744073709551615")).unwrap(), Value::UInt(u64::MAX));
        assert!(value(Given::Json("1.")).is_err() && value(Given::Json("")).is_err());
    }

    #[test]
    fn whole_floats_become_integers_where_the_client_would_send_them_so() {
        let json = |text| value(Given::Json(text)).unwrap().to_json();
        assert_eq!(json("2.0"), "2");
        assert_eq!(json("-999999.0"), "-999999");
        assert_eq!(value(Given::Json("1000000.0")).unwrap(), Value::Float(1e6));
        assert_eq!(value(Given::Json("-0.0")).unwrap(), Value::Float(-0.0));
        assert_eq!(json(r#"{"a":[1.0,0.5,{"b":3.0}]}"#), r#"{"a":[1,0.5,{"b":3}]}"#);
    }
}
