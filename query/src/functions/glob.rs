//! `glob(text, pattern)`: whether a text as a whole is as a shell pattern says.
//!
//! ```text
//!  *       any characters, `/` too: keys are not paths     [a-z]    one of these
//!  ?       one character                                   [!a-z]   one, but not of these
//!  {a,b}   one of these patterns                           \*       the character itself
//! ```
//!
//! A pattern becomes a regular expression, which matches in time linear in the text. (The crate `globset`
//! does the same, but turns on features of `regex-automata` that make DataFusion be built anew.)

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use regex::Regex;

use super::arguments::{Call, Takes};
use crate::limits;

const CALL: Call = Call { name: "glob", usage: "glob(text, pattern)", forms: &[&[Takes::Text, Takes::Text]] };

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Glob {
    signature: Signature,
}

impl Glob {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Glob {
    fn name(&self) -> &str {
        CALL.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        CALL.coerce(given)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [texts, patterns] = args.args.as_slice() else { return exec_err!("glob has two arguments") };
        let texts = texts.to_array(args.number_rows)?;
        let is_match = match patterns {
            ColumnarValue::Scalar(ScalarValue::Utf8(Some(pattern))) => by_one(&texts, pattern)?,
            patterns => by_each(&texts, &patterns.to_array(args.number_rows)?)?,
        };
        Ok(ColumnarValue::Array(Arc::new(is_match)))
    }
}

fn by_one(texts: &ArrayRef, pattern: &str) -> Result<BooleanArray> {
    let regex = compiled(pattern)?;
    Ok(texts.as_string::<i32>().iter().map(|text| text.map(|text| regex.is_match(text))).collect())
}

/// A pattern a row; one that is the same as the row's before is not compiled again.
fn by_each(texts: &ArrayRef, patterns: &ArrayRef) -> Result<BooleanArray> {
    let mut last: Option<(&str, Regex)> = None;
    let rows = texts.as_string::<i32>().iter().zip(patterns.as_string::<i32>());
    rows.map(|(text, pattern)| {
        let (Some(text), Some(pattern)) = (text, pattern) else { return Ok(None) };
        let known = last.take().filter(|(known, _)| *known == pattern);
        let (_, regex) = match known {
            Some(known) => last.insert(known),
            None => last.insert((pattern, compiled(pattern)?)),
        };
        Ok(Some(regex.is_match(text)))
    })
    .collect()
}

pub(super) fn compiled(pattern: &str) -> Result<Regex> {
    if pattern.len() > limits::GLOB_BYTES_MAX {
        return exec_err!(
            "glob takes patterns of up to {} bytes; this one has {}",
            limits::GLOB_BYTES_MAX,
            pattern.len()
        );
    }
    let regex = match regex_of(pattern) {
        Ok(regex) => regex,
        Err(what) => return exec_err!("glob cannot read the pattern {pattern:?}: {what}"),
    };
    match Regex::new(&regex) {
        Ok(regex) => Ok(regex),
        Err(_) => exec_err!("glob cannot read the pattern {pattern:?}: a range runs backwards"),
    }
}

/// The regular expression of a pattern, or what is wrong with it.
fn regex_of(pattern: &str) -> Result<String, &'static str> {
    let (mut regex, mut open) = (String::from(r"(?s)\A(?:"), 0_usize);
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        match char {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' => class(&mut chars, &mut regex)?,
            '{' => {
                open += 1;
                regex.push_str("(?:");
            }
            ',' if open > 0 => regex.push('|'),
            '}' if open > 0 => {
                open -= 1;
                regex.push(')');
            }
            '\\' => literal(chars.next().ok_or("a backslash stands at its end")?, &mut regex),
            char => literal(char, &mut regex),
        }
    }
    if open > 0 {
        return Err("a { is not closed");
    }
    regex.push_str(r")\z");
    Ok(regex)
}

/// The characters of a class, whose bracket is open. A `]` that comes first is one of them.
fn class(chars: &mut std::str::Chars<'_>, regex: &mut String) -> Result<(), &'static str> {
    regex.push('[');
    let mut is_first = true;
    if let Some(rest) = chars.as_str().strip_prefix(['!', '^']) {
        regex.push('^');
        *chars = rest.chars();
    }
    for char in chars {
        match char {
            ']' if !is_first => {
                regex.push(']');
                return Ok(());
            }
            // A minus at an end is one of them; between two, it makes a range, as in a regular expression.
            '-' => regex.push('-'),
            char => literal(char, regex),
        }
        is_first = false;
    }
    Err("a [ is not closed")
}

fn literal(char: char, regex: &mut String) {
    regex.push_str(&regex::escape(char.encode_utf8(&mut [0; 4])));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        compiled(pattern).unwrap().is_match(text)
    }

    #[test]
    fn stars_and_question_marks_stand_for_characters_slashes_too() {
        for text in ["loss", "loss/train", "loss\n"] {
            assert!(matches("loss*", text), "{text:?}");
        }
        assert!(matches("*loss", "train/loss") && matches("t*/l?ss", "train/loss") && matches("*", ""));
        assert!(!matches("loss", "train/loss") && !matches("loss", "loss/train") && !matches("?", ""));
        assert!(matches("?", "é"), "a character is not a byte");
    }

    #[test]
    fn classes_stand_for_one_of_their_characters() {
        assert!(matches("gpu.[0-3].temp", "gpu.2.temp") && !matches("gpu.[0-3].temp", "gpu.4.temp"));
        assert!(matches("[!a]x", "bx") && !matches("[!a]x", "ax") && matches("[^a]x", "bx"));
        assert!(matches("[]]", "]") && matches("[!]]", "a") && matches("[a-]", "-") && matches("[[]", "["));
        assert!(matches("[a&&b]", "&") && matches("[.]", ".") && !matches("[.]", "a"));
    }

    #[test]
    fn braces_choose_between_patterns() {
        for text in ["train/loss", "val/loss", "val/acc"] {
            assert!(matches("{train,val}/{loss,a*}", text), "{text}");
        }
        assert!(!matches("{train,val}/loss", "test/loss"));
        assert!(matches("{a,b{c,d}}e", "bde") && matches("a{,b}", "a") && matches("a,b}", "a,b}"));
    }

    #[test]
    fn signs_of_regular_expressions_are_themselves() {
        for text in ["a.b", "a+b", "(a)", "a|b", "^a$", "a#b", "a b"] {
            assert!(matches(text, text) && !matches(text, "axb"), "{text}");
        }
        assert!(matches(r"a\*b", "a*b") && !matches(r"a\*b", "axb") && matches(r"\{a", "{a"));
    }

    #[test]
    fn a_wrong_pattern_is_an_error_that_says_what_is_wrong() {
        for (pattern, what) in [
            ("[a", "a [ is not closed"),
            ("{a", "a { is not closed"),
            (r"a\", "a backslash"),
            ("[z-a]", "backwards"),
        ] {
            let error = compiled(pattern).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
        assert!(compiled(&"a".repeat(limits::GLOB_BYTES_MAX)).is_ok());
        let error = compiled(&"a".repeat(limits::GLOB_BYTES_MAX + 1)).unwrap_err().to_string();
        assert!(error.contains("1024 bytes"), "{error}");
    }

    /// `*` and `?` by the definition, without a regular expression.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            (['*', rest @ ..], text) => (0..=text.len()).any(|from| naive(rest, &text[from..])),
            (['?', rest @ ..], [_, text @ ..]) => naive(rest, text),
            ([char, rest @ ..], [first, text @ ..]) => char == first && naive(rest, text),
            (_, []) => false,
        }
    }

    proptest! {
        #[test]
        fn stars_and_question_marks_match_as_their_definition_says(pattern in "[ab/*?]{0,8}", text in "[ab/]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<char>>();
            prop_assert_eq!(matches(&pattern, &text), naive(&chars(&pattern), &chars(&text)));
        }

        #[test]
        fn any_pattern_is_read_or_refused(pattern in any::<String>(), nested in "[\\[\\]{},*?!^\\\\a&~|-]{0,40}") {
            let _any = (compiled(&pattern).is_ok(), compiled(&nested).is_ok());
        }
    }
}
