//! Rows of an answer, and whether two answers are the same.
//!
//! Numbers are the same by their value: SQLite has no booleans and no type of a column, so a `1` of its
//! is our `1`, `1.0` or `true`. No tolerance: what is drawn sums up exactly in any order.

use std::cmp::Ordering;

/// A value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Float(f64),
    Text(String),
}

pub(super) type Answers = Vec<Vec<Value>>;

impl Value {
    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Int(_) | Self::Float(_) => 1,
            Self::Text(_) => 2,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "an integer beyond 2^53 never stands beside a float")]
    fn compared(&self, other: &Self) -> Ordering {
        let float = |value: &Self| match value {
            Self::Int(number) => *number as f64,
            Self::Float(number) => *number + 0.0, // SQLite stores no minus zero
            _ => f64::NAN,
        };
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (a, b) if a.rank() == 1 && b.rank() == 1 => float(a).total_cmp(&float(b)),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

fn compared(a: &[Value], b: &[Value]) -> Ordering {
    let cells = a.iter().zip(b).map(|(a, b)| a.compared(b));
    cells.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn in_order(answers: &Answers, is_ordered: bool) -> Answers {
    let mut rows = answers.clone();
    if !is_ordered {
        rows.sort_by(|a, b| compared(a, b));
    }
    rows
}

/// How our answers differ from SQLite's; nothing if they are the same. What is drawn is no
/// error in either.
pub(super) fn difference(
    ours: &Result<Answers, String>,
    theirs: &Result<Answers, String>,
    is_ordered: bool,
) -> Option<String> {
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            let (ours, theirs) = (in_order(ours, is_ordered), in_order(theirs, is_ordered));
            let row = ours.iter().zip(&theirs).position(|(a, b)| compared(a, b).is_ne());
            let row = row.or_else(|| (ours.len() != theirs.len()).then_some(ours.len().min(theirs.len())))?;
            Some(format!(
                "{} rows, SQLite {}; row {row} is {:?}, SQLite's {:?}",
                ours.len(),
                theirs.len(),
                ours.get(row),
                theirs.get(row)
            ))
        }
        (ours, theirs) => Some(format!("{ours:?}, SQLite {theirs:?}")),
    }
}

/// An answer as a text that is the same only if the answer is, to the bit.
pub(super) fn exactly(answers: &Result<Answers, String>, is_ordered: bool) -> String {
    match answers {
        Ok(answers) => format!("{:?}", in_order(answers, is_ordered)),
        Err(error) => error.clone(),
    }
}
