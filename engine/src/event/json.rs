//! JSON as the client writes it (protocol 3.4): plain JSON, plus bare `NaN`, `Infinity`,
//! `-Infinity`.
//!
//! The reader is serde_json's. A text that it refuses and that holds one of the three words
//! outside its strings is read again with each word replaced by a string that begins with a
//! *stand-in*, a prefix that occurs nowhere in the text, so no text of the user's can be mistaken
//! for a number.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::de::DeserializeSeed;

use super::value::{JsonError, NonFinite, Value, ValueSeed};
use crate::limits;

/// The words that plain JSON does not have, longest first.
const WORDS: [(&str, f64); 3] =
    [("-Infinity", f64::NEG_INFINITY), ("Infinity", f64::INFINITY), ("NaN", f64::NAN)];

/// The number that a bare word stands for.
pub(super) fn non_finite(word: &str) -> Option<f64> {
    WORDS.iter().find(|(name, _)| *name == word).map(|(_, number)| *number)
}

pub(super) fn read(text: &[u8]) -> Result<Value, JsonError> {
    with_words(text, |text, word| {
        let seed = ValueSeed { depth: limits::JSON_DEPTH_MAX, word };
        let mut source = serde_json::Deserializer::from_slice(text);
        let value = seed.deserialize(&mut source)?;
        source.end()?;
        Ok(value)
    })
}

/// Calls `parse` with the text as it is and, if that fails and the text holds bare words, once more
/// with stand-ins for them, whose prefix is then given beside it.
pub(super) fn with_words<T>(
    text: &[u8],
    mut parse: impl FnMut(&[u8], Option<&str>) -> Result<T, serde_json::Error>,
) -> Result<T, JsonError> {
    let plain = match parse(text, None) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let Some((text, word)) = stand_ins(text) else {
        return Err(JsonError(plain.to_string()));
    };
    parse(&text, Some(&word)).map_err(|error| JsonError(error.to_string()))
}

/// The text with `"<prefix>NaN"` for a bare `NaN` and so on, and the prefix; none when no bare word
/// occurs in it.
fn stand_ins(text: &[u8]) -> Option<(Vec<u8>, String)> {
    let text = std::str::from_utf8(text).ok()?;
    let mut prefix = String::from("\u{1}");
    // A prefix longer than every run of the character in the text occurs nowhere in it. An escaped
    // one (`\u0001`) would after decoding, so those are counted as if they stood there.
    let decoded: Cow<'_, str> = if text.contains("\\u0001") {
        Cow::Owned(text.replace("\\u0001", "\u{1}"))
    } else {
        Cow::Borrowed(text)
    };
    while decoded.contains(&prefix) {
        prefix.push('\u{1}');
    }
    let quoted_prefix = "\\u0001".repeat(prefix.len());
    let (mut out, mut found, mut in_string, mut rest) = (String::new(), false, false, text);
    while let Some(first) = rest.chars().next() {
        let word = (!in_string).then(|| WORDS.iter().find(|(word, _)| rest.starts_with(word)));
        if let Some(Some((word, _))) = word {
            found = true;
            let _infallible = write!(out, "\"{quoted_prefix}{word}\"");
            rest = rest.get(word.len()..)?;
            if rest.trim_start().starts_with(':') {
                return None; // a number is no key
            }
            continue;
        }
        let mut taken = first.len_utf8();
        if in_string && first == '\\' {
            taken += rest.chars().nth(1).map_or(0, char::len_utf8);
        } else if first == '"' {
            in_string = !in_string;
        }
        out.push_str(rest.get(..taken)?);
        rest = rest.get(taken..)?;
    }
    found.then(|| (out.into_bytes(), prefix))
}

pub(super) fn write(value: &Value, out: &mut String, non_finite: NonFinite) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => write_display(out, value),
        Value::UInt(value) => write_display(out, value),
        Value::Float(value) => write_float(*value, out, non_finite),
        Value::Text(text) => write_text(text, out),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out, non_finite);
            }
            out.push(']');
        }
        Value::Map(members) => {
            out.push('{');
            for (index, (key, item)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(key, out);
                out.push(':');
                write(item, out, non_finite);
            }
            out.push('}');
        }
    }
}

/// Appends a float so that it reads back as the same float: shortest digits, and always with a
/// point or an exponent, so that it never becomes an integer.
pub fn write_float(value: f64, out: &mut String, non_finite: NonFinite) {
    if value.is_finite() {
        // serde_json writes the shortest digits that round-trip, and `1.0` for one.
        match serde_json::Number::from_f64(value) {
            Some(number) => write_display(out, &number),
            None => out.push_str("null"),
        }
        return;
    }
    let word = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    match non_finite {
        NonFinite::Bare => out.push_str(word),
        NonFinite::Quoted => write_display(out, &format_args!("\"{word}\"")),
    }
}

/// Appends a text as a JSON string.
pub fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut plain_from = 0;
    for (index, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(text.get(plain_from..index).unwrap_or_default());
        if escape.is_empty() {
            write_display(out, &format_args!("\\u{byte:04x}"));
        } else {
            out.push_str(escape);
        }
        plain_from = index + 1;
    }
    out.push_str(text.get(plain_from..).unwrap_or_default());
    out.push('"');
}

fn write_display(out: &mut String, value: &dyn std::fmt::Display) {
    // Writing to a String cannot fail.
    let _infallible = write!(out, "{value}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            (i64::MAX as u64 + 1..).prop_map(Value::UInt),
            proptest::num::f64::ANY.prop_map(Value::Float),
            any::<String>().prop_map(Value::text),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
                proptest::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| Value::Map(map.into_iter().map(|(k, v)| (k.into(), v)).collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(value in value()) {
            let text = value.to_json();
            prop_assert_eq!(Value::from_json(text.as_bytes()).unwrap(), value, "{}", text);
        }

        #[test]
        fn plain_json_is_read_as_serde_json_reads_it(value in value()) {
            let text = value.to_strict_json();
            let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
            let ours: serde_json::Value =
                serde_json::from_str(&Value::from_json(text.as_bytes()).unwrap().to_json()).unwrap();
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn bare_words_are_numbers_and_quoted_ones_are_text() {
        let value = Value::from_json(br#"{"a":NaN,"b":[-Infinity,Infinity],"c":"NaN","d":"\"NaN"}"#).unwrap();
        assert_eq!(value.get("a"), Some(&Value::Float(f64::NAN)));
        assert_eq!(value.get("b").unwrap().to_json(), "[-Infinity,Infinity]");
        assert_eq!(value.get("c"), Some(&Value::text("NaN")));
        assert_eq!(value.get("d"), Some(&Value::text("\"NaN")));
    }

    #[test]
    fn no_text_can_pass_for_a_stand_in() {
        let value =
            Value::from_json(b"{\"a\":\"\\u0001NaN\",\"b\":\"\\u0001\\u0001Infinity\",\"c\":NaN}").unwrap();
        assert_eq!(value.get("a"), Some(&Value::text("\u{1}NaN")));
        assert_eq!(value.get("b"), Some(&Value::text("\u{1}\u{1}Infinity")));
        assert_eq!(value.get("c"), Some(&Value::Float(f64::NAN)));
    }

    #[test]
    fn integers_stay_integers_and_floats_floats() {
        let value =
            Value::from_json(b"[9007199254740993,1.0,-0.0,18446744073709551615,-9223372036854775808]")
                .unwrap();
        assert_eq!(value.to_json(), "[9007199254740993,1.0,-0.0,18446744073709551615,-9223372036854775808]");
    }

    #[test]
    fn the_last_of_a_repeated_key_wins_at_the_first_place() {
        let value = Value::from_json(br#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(value.to_json(), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn nesting_past_the_limit_is_an_error_and_at_the_limit_is_not() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Value::from_json(nested(limits::JSON_DEPTH_MAX).as_bytes()).is_ok());
        let error = Value::from_json(nested(limits::JSON_DEPTH_MAX + 1).as_bytes()).unwrap_err();
        assert!(error.to_string().contains("nested deeper than 64"), "{error}");
    }
}
