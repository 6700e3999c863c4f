//! Functions of the query engine that make long values of short ones, each bounded.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::{cast, max};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};

use crate::limits;

/// A function that repeats, refused where it would make more than [`limits::REPEAT_MAX`] of what it
/// repeats in a batch: its memory is not counted while it works.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Bounded {
    pub(super) inner: Arc<ScalarUDF>,
}

impl Bounded {
    fn check(&self, args: &ScalarFunctionArgs) -> Result<()> {
        let rows = i64::try_from(args.number_rows.max(1)).unwrap_or(i64::MAX);
        let mut made = rows;
        for array in ColumnarValue::values_to_arrays(&args.args)? {
            let largest = match array.data_type() {
                data_type if data_type.is_integer() => {
                    max(cast(&array, &DataType::Int64)?.as_primitive::<Int64Type>()).unwrap_or(0)
                }
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
                    if self.inner.name() == "repeat" =>
                {
                    i64::try_from(longest(&array)?).unwrap_or(i64::MAX)
                }
                _ => continue,
            };
            made = made.saturating_mul(largest.max(1));
        }
        if made > limits::REPEAT_MAX * 64 {
            return exec_err!("{} would make more than {} bytes", self.inner.name(), limits::REPEAT_MAX * 64);
        }
        Ok(())
    }
}

fn longest(texts: &ArrayRef) -> Result<usize> {
    let texts = cast(texts, &DataType::LargeUtf8)?;
    Ok(texts.as_string::<i64>().iter().flatten().map(str::len).max().unwrap_or(0))
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.inner().aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.inner().return_type(arguments)
    }

    fn return_field_from_args(
        &self,
        args: datafusion::logical_expr::ReturnFieldArgs<'_>,
    ) -> Result<arrow::datatypes::FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arguments)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.check(&args)?;
        self.inner.invoke_with_args(args)
    }
}
