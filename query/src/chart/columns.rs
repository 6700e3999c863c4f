//! Which columns a chart reads, and which numbers of a row they give its axis and its lines.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Float64Array};
use arrow::datatypes::{DataType, Float64Type, TimestampNanosecondType};
use engine::Space;

use super::expression::Expression;
use super::{Axis, Chart};
use crate::resolver::KeyColumn;
use crate::tables::history;
use crate::tables::key::{KeyPath, SpaceName, View};
use crate::tables::{Table, system};

/// What a number is made of.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A column as it is.
    Column(Operand),
    /// Several.
    Expression(Expression, Vec<Operand>),
}

/// A column of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operand {
    place: usize,
    /// Whether it counts from when the run was made.
    is_since_creation: bool,
}

/// The columns of a chart.
pub(super) struct Columns {
    pub(super) table: &'static Table,
    /// The keys that are columns, behind those of the table.
    pub(super) keys: Vec<KeyColumn>,
    /// The columns that are read, in the order of a batch.
    pub(super) projection: Vec<usize>,
    pub(super) x: Value,
    /// By line.
    pub(super) ys: Vec<Value>,
    space: Space,
}

impl Columns {
    pub(super) fn of(chart: &Chart) -> Self {
        let space = chart.stream.space();
        let table: &'static Table = if space == Space::System { &system::TABLE } else { &history::TABLE };
        let x = Value::Column(Operand { place: 0, is_since_creation: false });
        let mut columns = Self { table, keys: Vec::new(), projection: Vec::new(), x, ys: Vec::new(), space };
        columns.x = match &chart.x {
            Axis::Key(key) => Value::Column(columns.key(key)),
            Axis::Expression(expression) => columns.expression(expression),
            fixed => Value::Column(columns.fixed(fixed)),
        };
        columns.ys = chart.keys.iter().map(|key| Value::Column(columns.key(key))).collect();
        let expressions = chart.expressions.iter().map(|expression| columns.expression(expression));
        let expressions: Vec<Value> = expressions.collect();
        columns.ys.extend(expressions);
        columns
    }

    /// The numbers of a batch; none where a column of it holds no numbers. `created`: when the run was made, in
    /// seconds since 1970.
    pub(super) fn numbers(value: &Value, batch: &[ArrayRef], created: f64) -> Option<Float64Array> {
        match value {
            Value::Column(operand) => operand.numbers(batch, created),
            Value::Expression(expression, operands) => {
                let rows = batch.first()?.len();
                let numbers: Vec<Float64Array> =
                    operands.iter().map(|operand| operand.numbers(batch, created)).collect::<Option<_>>()?;
                Some(expression.values(rows, &numbers.iter().collect::<Vec<_>>()))
            }
        }
    }

    fn expression(&mut self, expression: &Expression) -> Value {
        let operand = |name: &String| match Axis::from(name.clone()) {
            Axis::Key(key) => self.key(&key),
            fixed => self.fixed(&fixed),
        };
        let operands = expression.names().iter().map(operand).collect();
        Value::Expression(expression.clone(), operands)
    }

    /// A column that every row has.
    fn fixed(&mut self, axis: &Axis) -> Operand {
        let columns = self.table.columns;
        let named =
            |name: &str| columns.iter().position(|column| column.name.trim_start_matches('_') == name);
        let column = match axis {
            Axis::Runtime => named("runtime"),
            Axis::Timestamp | Axis::SinceCreation => named("timestamp"),
            _ => named("step").or_else(|| named("runtime")),
        };
        let is_since_creation = *axis == Axis::SinceCreation;
        Operand { place: self.place(column.unwrap_or_default()), is_since_creation }
    }

    fn key(&mut self, name: &str) -> Operand {
        let known = self.keys.iter().position(|key| key.flat == name);
        let index = known.unwrap_or_else(|| {
            let path =
                KeyPath { space: SpaceName::from(self.space), name: Arc::from(name), tail: Vec::new() };
            self.keys.push(KeyColumn { flat: name.to_owned(), path, view: View::Float });
            self.keys.len() - 1
        });
        Operand { place: self.place(self.table.columns.len() + index), is_since_creation: false }
    }

    /// Where a column stands in a batch.
    fn place(&mut self, column: usize) -> usize {
        let known = self.projection.iter().position(|read| *read == column);
        known.unwrap_or_else(|| {
            self.projection.push(column);
            self.projection.len() - 1
        })
    }
}

impl Operand {
    fn numbers(self, batch: &[ArrayRef], created: f64) -> Option<Float64Array> {
        let column = batch.get(self.place)?;
        let since = if self.is_since_creation { created } else { 0.0 };
        if let Some(times) = column.as_primitive_opt::<TimestampNanosecondType>() {
            return Some(times.unary(|nanos| nanos as f64 / 1e9 - since));
        }
        let floats = arrow::compute::cast(column, &DataType::Float64).ok()?;
        floats.as_primitive_opt::<Float64Type>().cloned()
    }
}
