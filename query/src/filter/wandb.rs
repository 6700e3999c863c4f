//! The filters and orders of the W&B client: MongoDB's language, as its public API sends it.
//!
//! An object is a condition on each of its keys, all of which must hold; a key's value is what it must
//! equal, or an object of operators. An operator that is not known is an error that names it, not a
//! filter that finds nothing.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use engine::{Time, Value};

use super::bounds::{self, Bounds};
use super::key::{Key, Root};
use super::list::SortKey;
use super::literal::{self, Literal};
use super::{Comparison, Predicate};
use crate::error::Error;
use crate::tables::Type;

const OPERATORS: &str = "$eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $regex, $contains, $size, $all \
                         and $not on a key; $and, $or, $nor and $not around filters";

/// Reads a filter.
///
/// # Errors
///
/// `Invalid`, which names the operator or key that is wrong; `TooLarge` beyond a limit.
pub fn parse(filter: &Value) -> Result<Predicate, Error> {
    object(filter, 0, &mut Bounds::new())
}

/// Reads an order: `+created_at`, `-summary_metrics.loss`, `config.lr.value`.
///
/// # Errors
///
/// `Invalid` where it names no key.
pub fn order(text: &str) -> Result<SortKey, Error> {
    let text = text.trim();
    let name = text.strip_prefix(['+', '-']).unwrap_or(text);
    Ok(SortKey { key: key(name)?, descending: text.starts_with('-') })
}

fn object(filter: &Value, depth: usize, bounds: &mut Bounds) -> Result<Predicate, Error> {
    let Some(members) = filter.as_map() else {
        return Err(Error::invalid(format!("a filter is an object, not {}", shown(filter))));
    };
    let parts = members.iter().map(|(name, value)| match &**name {
        "$and" => Ok(Predicate::And(objects(name, value, depth, bounds)?)),
        "$or" => Ok(Predicate::Or(objects(name, value, depth, bounds)?)),
        "$nor" => Ok(Predicate::Or(objects(name, value, depth, bounds)?).negated()),
        "$not" => Ok(object(value, bounds::deeper(depth)?, bounds)?.negated()),
        _ if name.starts_with('$') => Err(unknown(name)),
        _ => conditions(&key(name)?, value, depth, bounds),
    });
    Ok(Predicate::joined(parts.collect::<Result<_, _>>()?, Predicate::And))
}

fn objects(name: &str, value: &Value, depth: usize, bounds: &mut Bounds) -> Result<Vec<Predicate>, Error> {
    let depth = bounds::deeper(depth)?;
    match value {
        Value::List(filters) if !filters.is_empty() => {
            filters.iter().map(|filter| object(filter, depth, bounds)).collect()
        }
        other => Err(Error::invalid(format!("{name} takes a list of filters, not {}", shown(other)))),
    }
}

/// What a key must be: a value, or operators.
fn conditions(key: &Key, value: &Value, depth: usize, bounds: &mut Bounds) -> Result<Predicate, Error> {
    let Some(operators) = value.as_map() else {
        bounds.term()?;
        return Ok(Predicate::Compare {
            key: key.clone(),
            op: Comparison::Equal,
            value: literal(key, value)?,
        });
    };
    if operators.is_empty() {
        return Err(no_value(key, value));
    }
    let parts = operators.iter().map(|(name, value)| {
        bounds.term()?;
        operator(key, name, value, depth, bounds)
    });
    Ok(Predicate::joined(parts.collect::<Result<_, _>>()?, Predicate::And))
}

fn operator(
    key: &Key,
    name: &str,
    value: &Value,
    depth: usize,
    bounds: &mut Bounds,
) -> Result<Predicate, Error> {
    let compare = |op| Ok(Predicate::Compare { key: key.clone(), op, value: literal(key, value)? });
    match name {
        "$eq" => compare(Comparison::Equal),
        "$ne" => compare(Comparison::NotEqual),
        "$gt" => compare(Comparison::Greater),
        "$gte" => compare(Comparison::GreaterEqual),
        "$lt" => compare(Comparison::Less),
        "$lte" => compare(Comparison::LessEqual),
        "$in" => Ok(Predicate::In { key: key.clone(), values: list(key, name, value, bounds)? }),
        "$nin" => Ok(Predicate::In { key: key.clone(), values: list(key, name, value, bounds)? }.negated()),
        "$all" => Ok(Predicate::All { key: key.clone(), values: list(key, name, value, bounds)? }),
        "$exists" => {
            let exists = Predicate::Exists(key.clone());
            match value {
                Value::Bool(true) | Value::Int(1) => Ok(exists),
                Value::Bool(false) | Value::Int(0) => Ok(exists.negated()),
                other => Err(Error::invalid(format!("$exists takes true or false, not {}", shown(other)))),
            }
        }
        "$regex" => Ok(Predicate::Matches { key: key.clone(), regex: literal::regex(text(name, value)?)? }),
        "$contains" => Ok(Predicate::Contains { key: key.clone(), text: text(name, value)?.to_owned() }),
        "$size" => match value.as_i64().and_then(|size| u32::try_from(size).ok()) {
            Some(size) => Ok(Predicate::Size { key: key.clone(), size }),
            None => Err(Error::invalid(format!("$size takes how many, not {}", shown(value)))),
        },
        "$not" => Ok(conditions(key, value, bounds::deeper(depth)?, bounds)?.negated()),
        _ if name.starts_with('$') => Err(unknown(name)),
        _ => Err(no_value(key, value)),
    }
}

fn text<'a>(name: &str, value: &'a Value) -> Result<&'a str, Error> {
    value.as_str().ok_or_else(|| Error::invalid(format!("{name} takes a text, not {}", shown(value))))
}

fn list(key: &Key, name: &str, value: &Value, bounds: &mut Bounds) -> Result<Vec<Literal>, Error> {
    let Value::List(values) = value else {
        return Err(Error::invalid(format!("{name} takes a list, not {}", shown(value))));
    };
    bounds.values(values.len())?;
    values.iter().map(|value| literal(key, value)).collect()
}

/// A value, which is a moment where the key is a time and the text reads as one.
fn literal(key: &Key, value: &Value) -> Result<Literal, Error> {
    let literal = Literal::of_json(value).ok_or_else(|| no_value(key, value))?;
    Ok(match &literal {
        Literal::Text(text) if key.kind() == Some(Type::Time) => time(text).map_or(literal, Literal::Time),
        _ => literal.spelled_for(key),
    })
}

/// ISO text, which is UTC where it names no zone.
fn time(text: &str) -> Option<Time> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return time.timestamp_nanos_opt();
    }
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let with_time = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    with_time.or_else(day)?.and_utc().timestamp_nanos_opt()
}

/// A key as the client names it, whose `name` is the run's id.
fn key(name: &str) -> Result<Key, Error> {
    if name == "name" {
        return Key::column("run_id");
    }
    // What a run logged has a last value in its summary.
    if let Some(logged) = name.strip_prefix("keys_info.keys.") {
        return Key::path(Root::Summary, logged, Vec::new());
    }
    let Some((root, path)) = name.split_once('.') else { return Key::column(name) };
    match Root::named(root) {
        Some(Root::Config) => Key::path(Root::Config, without_value(path), Vec::new()),
        Some(root) => Key::path(root, path, Vec::new()),
        None => Key::column(name),
    }
}

/// The reference keeps a config as `{"lr": {"value": 0.1}}`, so its clients may name that `value`.
fn without_value(path: &str) -> String {
    match path.split_once(".value.") {
        Some((key, rest)) if !key.contains('.') => format!("{key}.{rest}"),
        _ => path.strip_suffix(".value").filter(|key| !key.is_empty()).unwrap_or(path).to_owned(),
    }
}

fn unknown(name: &str) -> Error {
    Error::invalid(format!("there is no operator {name}")).with_hint(format!("there are {OPERATORS}"))
}

fn no_value(key: &Key, value: &Value) -> Error {
    Error::invalid(format!("{} cannot be compared with {}", key.label(), shown(value)))
        .with_hint("compare it with a number, a text, true, false or null")
}

/// A value in a message, not longer than a message.
fn shown(value: &Value) -> String {
    value.to_strict_json().chars().take(60).collect()
}
