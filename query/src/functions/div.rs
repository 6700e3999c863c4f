//! `div(a, b)`: the quotient without its fraction.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::compute::kernels::numeric;
use arrow::compute::unary;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

/// `div(a, b)`: the quotient without its fraction, since `/` on a key keeps it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Div {
    signature: Signature,
}

impl Div {
    pub(super) fn new() -> Self {
        let signature =
            Signature::uniform(2, vec![DataType::Int64, DataType::Float64], Volatility::Immutable);
        Self { signature }
    }
}

impl ScalarUDFImpl for Div {
    fn name(&self) -> &str {
        "div"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments.first().cloned().unwrap_or(DataType::Int64))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [dividend, divisor] = arrays.as_slice() else { return exec_err!("div takes two numbers") };
        let quotient = numeric::div(dividend, divisor)?;
        let whole: ArrayRef = match quotient.as_primitive_opt::<Float64Type>() {
            Some(floats) => Arc::new(unary::<_, _, Float64Type>(floats, f64::trunc) as Float64Array),
            None => quotient,
        };
        Ok(ColumnarValue::Array(whole))
    }
}
