//! A predicate as a condition of SQL over `runs`, which the user may read, change and run.
//!
//! What holds:
//! - The condition is true for exactly the runs for which the predicate holds. For others it is false
//!   or NULL; what must be true where something is not true says so: `IS NOT TRUE`, `IS DISTINCT FROM`.
//! - Every name and text is quoted so that nothing in it means anything.
//! - Values of a kind that the key can never have leave `FALSE`, no error of types.

use chrono::{DateTime, SecondsFormat};
use engine::Time;

use super::key::Key;
use super::literal::Literal;
use super::{Comparison, Predicate};
use crate::tables::Type;

/// No tags is an empty list or none.
const TAG_COUNT: &str = "coalesce(cardinality(tags), 0)";
/// Whole floats below it are exact as integers.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// The condition, to stand behind WHERE. `now` is what `within` counts from.
#[must_use]
pub fn condition(predicate: &Predicate, now: Time) -> String {
    match predicate {
        Predicate::And(parts) => all(parts, now),
        Predicate::Or(parts) => any(parts, now),
        Predicate::Not(inner) => match &**inner {
            Predicate::Null(key) if key.kind() != Some(Type::Texts) => format!("{} IS NOT NULL", key.sql()),
            Predicate::Null(_) => format!("{TAG_COUNT} > 0"),
            inner => format!("{} IS NOT TRUE", bracketed(inner, now)),
        },
        Predicate::Compare { key, op, value } => compare(key, *op, value),
        Predicate::In { key, values } => one_of(key, values),
        Predicate::Contains { key, text } => match key.kind() {
            Some(Type::Texts) => any_tag(&regex::escape(text)),
            _ => of_text(key, |operand| format!("contains({operand}, {})", quote(text))),
        },
        Predicate::Matches { key, regex } => match key.kind() {
            Some(Type::Texts) => any_tag(regex),
            _ => of_text(key, |operand| format!("regexp_like({operand}, {})", quote(regex))),
        },
        Predicate::Null(key) => null(key),
        Predicate::Exists(key) => match key.kind() {
            None => format!("has_key({})", key.sql()),
            Some(Type::Texts) => format!("{TAG_COUNT} > 0"),
            Some(_) => format!("{} IS NOT NULL", key.sql()),
        },
        Predicate::Size { key, size } => match key.kind() {
            None => {
                let json = format!("as_json({})", key.sql());
                format!("({json} LIKE '[%' AND json_length({json}) = {size})")
            }
            Some(Type::Texts) => format!("{TAG_COUNT} = {size}"),
            Some(_) => never(),
        },
        Predicate::All { key, values } => each(key, values),
        Predicate::Within { key, span } => {
            let since = Literal::Time(now.saturating_sub(*span));
            compare(key, Comparison::GreaterEqual, &since)
        }
    }
}

fn never() -> String {
    "FALSE".to_owned()
}

fn all(parts: &[Predicate], now: Time) -> String {
    match parts {
        [] => "TRUE".to_owned(),
        _ => parts.iter().map(|part| within_and(part, now)).collect::<Vec<_>>().join(" AND "),
    }
}

fn within_and(part: &Predicate, now: Time) -> String {
    match part {
        Predicate::Or(_) => bracketed(part, now),
        _ => condition(part, now),
    }
}

fn any(parts: &[Predicate], now: Time) -> String {
    match parts {
        [] => never(),
        _ => parts.iter().map(|part| within_or(part, now)).collect::<Vec<_>>().join(" OR "),
    }
}

fn within_or(part: &Predicate, now: Time) -> String {
    match part {
        Predicate::And(_) => bracketed(part, now),
        _ => condition(part, now),
    }
}

fn bracketed(part: &Predicate, now: Time) -> String {
    format!("({})", condition(part, now))
}

/// The key as the operand beside a value, seen as the value's kind; none where it can never be of it.
fn operand(key: &Key, value: &Literal) -> Option<String> {
    let sql = key.sql();
    match (key.kind(), value) {
        (None, Literal::Text(_)) => Some(format!("as_text({sql})")),
        // Beside numbers and truth values SQL takes a key for one of them by itself.
        (None, Literal::Bool(_) | Literal::Int(_) | Literal::Float(_))
        | (Some(Type::Text), Literal::Text(_))
        | (Some(Type::Int | Type::Float), Literal::Int(_) | Literal::Float(_))
        | (Some(Type::Time), Literal::Time(_))
        | (Some(Type::Bool), Literal::Bool(_)) => Some(sql),
        _ => None,
    }
}

fn compare(key: &Key, op: Comparison, value: &Literal) -> String {
    if op == Comparison::NotEqual {
        return differs(key, value);
    }
    match (key.kind(), value) {
        (_, Literal::Null) => {
            if op == Comparison::Equal {
                null(key)
            } else {
                never()
            }
        }
        (Some(Type::Texts), Literal::Text(text)) => match op {
            Comparison::Equal => format!("array_has(tags, {})", quote(text)),
            // If any is below it, the lowest is.
            Comparison::Less | Comparison::LessEqual => {
                format!("array_min(tags) {} {}", sign(op), quote(text))
            }
            _ => format!("array_max(tags) {} {}", sign(op), quote(text)),
        },
        (_, Literal::Int(_) | Literal::Float(_)) => number(key, op, value),
        _ => match operand(key, value) {
            Some(operand) => format!("{operand} {} {}", sign(op), literal(value)),
            None => never(),
        },
    }
}

/// What does not equal the value, which a missing value never does.
fn differs(key: &Key, value: &Literal) -> String {
    match (key.kind(), value) {
        (_, Literal::Null) => condition(&Predicate::Null(key.clone()).negated(), 0),
        (
            None | Some(Type::Text | Type::Bool | Type::Time),
            Literal::Text(_) | Literal::Bool(_) | Literal::Time(_),
        ) => match operand(key, value) {
            // What follows would be taken for a part of the right side.
            Some(operand) => format!("({operand} IS DISTINCT FROM {})", literal(value)),
            None => "TRUE".to_owned(),
        },
        _ => match compare(key, Comparison::Equal, value) {
            equal if equal == never() => "TRUE".to_owned(),
            equal => format!("({equal}) IS NOT TRUE"),
        },
    }
}

/// SQL puts NaN above all numbers and -0.0 below 0.0; here NaN is in no order, and there is one zero.
fn number(key: &Key, op: Comparison, value: &Literal) -> String {
    let Some(operand) = operand(key, value) else { return never() };
    let is_key = key.kind().is_none();
    let (text, is_zero) = match value {
        Literal::Float(number) if number.is_nan() => {
            return match op {
                Comparison::Equal if is_key => format!("isnan(as_number({operand}))"),
                _ => never(),
            };
        }
        Literal::Float(number) => (literal(value), *number == 0.0),
        Literal::Int(number) => (literal(value), *number == 0),
        _ => return never(),
    };
    if !is_key {
        return format!("{operand} {} {text}", sign(op));
    }
    let text = match op {
        Comparison::Equal | Comparison::NotEqual if is_zero => {
            return format!("({operand} BETWEEN -0.0 AND 0.0)");
        }
        Comparison::Less | Comparison::GreaterEqual if is_zero => "-0.0".to_owned(),
        _ => text,
    };
    let ordered = format!("{operand} {} {text}", sign(op));
    match op {
        Comparison::Greater | Comparison::GreaterEqual => {
            format!("({ordered} AND NOT isnan(as_number({operand})))")
        }
        _ => ordered,
    }
}

fn null(key: &Key) -> String {
    match key.kind() {
        Some(Type::Texts) => format!("{TAG_COUNT} = 0"),
        _ => format!("{} IS NULL", key.sql()),
    }
}

fn any_tag(regex: &str) -> String {
    format!("any_regexp_like(tags, {})", quote(regex))
}

/// A condition on the key's text; false for what is never a text.
fn of_text(key: &Key, holds: impl Fn(&str) -> String) -> String {
    match key.kind() {
        None => holds(&format!("as_text({})", key.sql())),
        Some(Type::Text) => holds(&key.sql()),
        Some(_) => never(),
    }
}

/// Equal to one of the values: one list for the values of each kind.
fn one_of(key: &Key, values: &[Literal]) -> String {
    let (mut texts, mut integers, mut floats, mut parts) = (vec![], vec![], vec![], vec![]);
    for value in values {
        match value {
            Literal::Text(text) => texts.push(quote(text)),
            Literal::Int(number) if *number != 0 => integers.push(number.to_string()),
            Literal::Float(number) if number.is_finite() && *number != 0.0 => {
                let text = literal(value);
                // Integers are not to be rounded because a fraction stands beside them.
                if text.contains(['.', 'e']) { floats.push(text) } else { integers.push(text) }
            }
            other => parts.push(compare(key, Comparison::Equal, other)),
        }
    }
    let number = |numbers: Vec<String>| {
        let operand = match key.kind() {
            None => format!("as_number({})", key.sql()),
            Some(Type::Int | Type::Float) => key.sql(),
            Some(_) => return never(),
        };
        if numbers.is_empty() { never() } else { format!("{operand} IN ({})", numbers.join(", ")) }
    };
    let text = match (key.kind(), texts.is_empty()) {
        (_, true) => never(),
        (Some(Type::Texts), _) => format!("array_has_any(tags, make_array({}))", texts.join(", ")),
        _ => of_text(key, |operand| format!("{operand} IN ({})", texts.join(", "))),
    };
    parts.extend([number(integers), number(floats), text]);
    parts.retain(|part| *part != never());
    match parts.as_slice() {
        [] => never(),
        [one] => one.clone(),
        _ => format!("({})", parts.join(" OR ")),
    }
}

/// Equal to each of the values, of which there is one at least.
fn each(key: &Key, values: &[Literal]) -> String {
    if values.is_empty() {
        return never();
    }
    if key.kind() == Some(Type::Texts) {
        let text = |value: &Literal| if let Literal::Text(text) = value { Some(quote(text)) } else { None };
        let texts: Option<Vec<String>> = values.iter().map(text).collect();
        let all = |texts: Vec<String>| format!("array_has_all(tags, make_array({}))", texts.join(", "));
        return texts.map_or_else(never, all);
    }
    let equal = values.iter().map(|value| compare(key, Comparison::Equal, value));
    format!("({})", equal.collect::<Vec<_>>().join(" AND "))
}

fn sign(op: Comparison) -> &'static str {
    match op {
        Comparison::Equal => "=",
        Comparison::NotEqual => "<>",
        Comparison::Less => "<",
        Comparison::LessEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterEqual => ">=",
    }
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Null => "NULL".to_owned(),
        Literal::Bool(truth) => truth.to_string(),
        Literal::Int(number) => number.to_string(),
        Literal::Float(number) if number.is_infinite() => {
            let name = if *number > 0.0 { "Infinity" } else { "-Infinity" };
            format!("CAST('{name}' AS DOUBLE)")
        }
        Literal::Float(number) if number.fract() == 0.0 && number.abs() < EXACT_MAX => format!("{number:.0}"),
        Literal::Float(number) => format!("{number:?}"),
        Literal::Text(text) => quote(text),
        Literal::Time(time) => format!(
            "TIMESTAMP '{}'",
            DateTime::from_timestamp_nanos(*time).to_rfc3339_opts(SecondsFormat::AutoSi, true)
        ),
    }
}

/// A text in quotes, whatever is in it.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
