//! What a line may be besides a key: numbers worked out of several keys of a row.
//!
//! ```text
//! "val/acc" - acc / 2  ── parse.rs ──►  val/acc  acc  2  ÷  −     operands before their operator
//!                                       └─ a row that has both is a point; one that lacks a key is none
//! ```
//!
//! What holds:
//! - A row's value depends on that row alone, in floats as IEEE 754 has them: a division by zero gives an
//!   infinity or NaN, which charts treat as any value that is no number.
//! - Reading and evaluating call nothing of themselves: an expression costs what it is long.

mod parse;

use arrow::array::{Array as _, Float64Array};

use crate::error::Error;

/// Numbers worked out of the keys of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: String,
    names: Vec<String>,
    code: Vec<Op>,
}

/// What is done next, with the values that are there.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Op {
    Number(f64),
    /// The value of the name at that place.
    Name(usize),
    Negate,
    Of(Binary),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

impl Expression {
    /// Reads `loss / 2` or `"val/acc" - acc`; `what` names it to people, where it is wrong.
    ///
    /// # Errors
    ///
    /// `Invalid` with the place, `TooLarge` beyond a limit.
    pub fn parse(what: &str, text: &str) -> Result<Self, Error> {
        parse::parse(text).map_err(|error| error.within(what))
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The keys that it names, each once.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Its value in each of so many rows; null where a name has none. `columns` are those of the names.
    pub(super) fn values(&self, rows: usize, columns: &[&Float64Array]) -> Float64Array {
        let mut operands = vec![0.0; columns.len()];
        let mut stack = Vec::new();
        let value = |row: usize| {
            for (operand, column) in operands.iter_mut().zip(columns) {
                *operand = (column.len() > row && column.is_valid(row)).then(|| column.value(row))?;
            }
            self.value(&operands, &mut stack)
        };
        (0..rows).map(value).collect()
    }

    /// Its value of the names' values. `stack` is room that is used anew for each row.
    fn value(&self, operands: &[f64], stack: &mut Vec<f64>) -> Option<f64> {
        stack.clear();
        for op in &self.code {
            let value = match *op {
                Op::Number(number) => number,
                Op::Name(place) => *operands.get(place)?,
                Op::Negate => -stack.pop()?,
                Op::Of(binary) => {
                    let right = stack.pop()?;
                    binary.of(stack.pop()?, right)
                }
            };
            stack.push(value);
        }
        stack.pop()
    }
}

impl Binary {
    fn of(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Remainder => left % right,
            Self::Power => left.powf(right),
        }
    }
}

#[cfg(test)]
mod tests;
