//! `bucket(x, width)`: where the bucket of that width begins that holds x.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::arguments::{Call, Takes};

const CALL: Call =
    Call { name: "bucket", usage: "bucket(x, width)", forms: &[&[Takes::Exact, Takes::Exact]] };

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Bucket {
    signature: Signature,
}

impl Bucket {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Bucket {
    fn name(&self) -> &str {
        CALL.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Integers if both are, else floats.
    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let types = CALL.coerce(given)?;
        let are_whole = types.iter().all(|data_type| *data_type == DataType::Int64);
        Ok(vec![if are_whole { DataType::Int64 } else { DataType::Float64 }; types.len()])
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(given.first().cloned().unwrap_or(DataType::Float64))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [values, widths] = arrays.as_slice() else { return exec_err!("bucket has two arguments") };
        let edges: ArrayRef = match values.as_primitive_opt::<Int64Type>() {
            Some(values) => {
                let rows = values.iter().zip(widths.as_primitive::<Int64Type>());
                Arc::new(rows.map(|row| each(row, whole_edge)).collect::<Result<Int64Array>>()?)
            }
            None => {
                let rows =
                    values.as_primitive::<Float64Type>().iter().zip(widths.as_primitive::<Float64Type>());
                Arc::new(rows.map(|row| each(row, edge)).collect::<Result<Float64Array>>()?)
            }
        };
        Ok(ColumnarValue::Array(edges))
    }
}

/// The edge of a row; NULL where either is NULL.
fn each<T>((value, width): (Option<T>, Option<T>), edge: impl Fn(T, T) -> Result<T>) -> Result<Option<T>> {
    value.zip(width).map(|(value, width)| edge(value, width)).transpose()
}

fn whole_edge(value: i64, width: i64) -> Result<i64> {
    if width <= 0 {
        return exec_err!("bucket takes a width above 0, not {width} ({})", CALL.usage);
    }
    match value.div_euclid(width).checked_mul(width) {
        Some(edge) => Ok(edge),
        None => exec_err!("the bucket of {value} begins below the least integer"),
    }
}

/// What is not finite is its own bucket.
fn edge(value: f64, width: f64) -> Result<f64> {
    if !(width > 0.0 && width.is_finite()) {
        return exec_err!("bucket takes a width above 0, not {width} ({})", CALL.usage);
    }
    if !value.is_finite() {
        return Ok(value);
    }
    // A quotient is rounded, perhaps up to a whole number that the value does not reach.
    let places = (value / width).floor();
    let edge = [places + 1.0, places].map(|places| places * width).into_iter().find(|edge| *edge <= value);
    // -0.0 would be another group than 0.0.
    Ok(edge.unwrap_or((places - 1.0) * width) + 0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn integers_have_exact_edges_below_zero_too() {
        let edges = [-11, -10, -1, 0, 9, 10].map(|value| whole_edge(value, 10).unwrap());
        assert_eq!(edges, [-20, -10, -10, 0, 0, 10]);
        assert_eq!(whole_edge(i64::MAX, 1).unwrap(), i64::MAX);
        assert!(whole_edge(i64::MIN, 3).unwrap_err().to_string().contains("below the least integer"));
    }

    #[test]
    fn a_width_is_above_zero() {
        for width in [0, -1] {
            assert!(whole_edge(1, width).unwrap_err().to_string().contains("a width above 0"));
        }
        for width in [0.0, -0.5, f64::NAN, f64::INFINITY] {
            assert!(edge(1.0, width).unwrap_err().to_string().contains("a width above 0"));
        }
    }

    #[test]
    fn floats_have_edges_at_or_below_them() {
        assert_eq!(edge(0.75, 0.5).unwrap(), 0.5);
        assert_eq!(edge(-0.25, 0.5).unwrap(), -0.5);
        assert_eq!(edge(0.3, 0.1).unwrap(), 0.2, "three tenths are less than three times one tenth");
        assert!(edge(-0.0, 0.5).unwrap().is_sign_positive());
        assert!(edge(f64::NAN, 0.5).unwrap().is_nan());
        assert_eq!(edge(f64::INFINITY, 0.5).unwrap(), f64::INFINITY);
    }

    proptest! {
        #[test]
        fn a_float_is_at_its_edge_or_above(value in -1e6..1e6, width in 1e-3..1e3) {
            let edge = edge(value, width).unwrap();
            prop_assert!(edge <= value && value - edge <= width * (1.0 + 1e-9), "{edge}");
        }

        #[test]
        fn an_integer_is_at_its_edge_or_less_than_a_width_above(value: i32, width in 1i64..1000) {
            let value = i64::from(value);
            let edge = whole_edge(value, width).unwrap();
            prop_assert!(edge % width == 0 && edge <= value && value < edge + width);
        }
    }
}
