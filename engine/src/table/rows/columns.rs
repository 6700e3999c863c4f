//! Rows as columns, straight from their file: for who reads many of them and merges nothing.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Decimal64Array, Float64Array, RecordBatch};
use arrow::compute::{cast, unary};
use arrow::datatypes::{DataType, Decimal64Type, Float64Type};

use super::read::ColumnMeta;
use super::survey;
use crate::error::{Error, Result};
use crate::event::Kind;

/// Rows of one table file, a column for each kind of value of each key that was asked for and that the file
/// has: Int64, Float64, Boolean, or Utf8 for texts and JSON. A row without a cell is NULL.
#[derive(Debug, Clone)]
pub struct RowColumns {
    rows: usize,
    columns: Vec<(Arc<str>, Kind, ArrayRef)>,
}

impl RowColumns {
    /// From what a file stores: floats may stand as such of 32 bits, or as decimals.
    pub(super) fn of(batch: &RecordBatch, columns: &[&ColumnMeta]) -> Result<Self> {
        let misfit = || Error::damaged("a column of a table file is of another type than its kind");
        let column = |(column, array): (&&ColumnMeta, &ArrayRef)| {
            let array = plain(column, array).ok_or_else(misfit)?;
            Ok((Arc::clone(&column.key), column.kind, array))
        };
        let columns = columns.iter().zip(batch.columns()).map(column).collect::<Result<_>>()?;
        Ok(Self { rows: batch.num_rows(), columns })
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns of a key, one for each kind of its values.
    pub fn of_key<'a>(&'a self, key: &'a str) -> impl Iterator<Item = (Kind, &'a ArrayRef)> {
        self.columns.iter().filter(move |(name, ..)| **name == *key).map(|(_, kind, array)| (*kind, array))
    }
}

fn plain(column: &ColumnMeta, array: &ArrayRef) -> Option<ArrayRef> {
    match (column.kind, array.data_type()) {
        (Kind::Int, DataType::Int64)
        | (Kind::Float, DataType::Float64)
        | (Kind::Bool, DataType::Boolean)
        | (Kind::Text | Kind::Json, DataType::Utf8) => Some(Arc::clone(array)),
        (Kind::Float, DataType::Float32) => cast(array, &DataType::Float64).ok(),
        // Bits that no arithmetic is done on before they are a float again.
        (Kind::Float, DataType::Int64) => {
            let bits = array.as_any().downcast_ref::<arrow::array::Int64Array>()?;
            let floats: Float64Array =
                unary::<_, _, Float64Type>(bits, |bits| f64::from_bits(bits.cast_unsigned()));
            Some(Arc::new(floats))
        }
        (Kind::Float, DataType::Decimal64(..)) => {
            let digits = column.digits?;
            let decimals: &Decimal64Array = array.as_any().downcast_ref()?;
            let floats: Float64Array =
                unary::<Decimal64Type, _, Float64Type>(decimals, |value| survey::float(value, digits));
            Some(Arc::new(floats))
        }
        _ => None,
    }
}
