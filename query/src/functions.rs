//! The functions of a statement and the rules of its planning, built once (S7: a closed list).

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::compute::kernels::numeric;
use arrow::compute::{cast, max, unary};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::SessionConfig;

use crate::error::Error;
use crate::{catalog, limits};

/// Functions that make long values of short ones; each is bounded.
const REPEATING: &[&str] = &["array_repeat", "array_resize", "lpad", "repeat", "rpad"];
/// Functions that make a list of any length; in FROM they are streams and stay.
const UNBOUNDED: &[&str] = &["generate_series", "range"];
/// Functions about files, of which there are none.
const OF_FILES: &[&str] = &["file_row_index", "input_file_name"];

/// The state that each statement's own is cloned from.
pub(crate) fn template() -> Result<SessionState, Error> {
    let scalar = SessionStateDefaults::default_scalar_functions()
        .into_iter()
        .filter(|function| !UNBOUNDED.contains(&function.name()) && !OF_FILES.contains(&function.name()))
        .map(|function| match REPEATING.contains(&function.name()) {
            true => Arc::new(ScalarUDF::new_from_impl(Bounded { inner: function })),
            false => function,
        })
        .chain([Arc::new(ScalarUDF::new_from_impl(Div::new()))])
        .collect();
    let mut state = SessionStateBuilder::new()
        .with_config(config())
        .with_scalar_functions(scalar)
        .with_higher_order_functions(SessionStateDefaults::default_higher_order_functions())
        .with_aggregate_functions(SessionStateDefaults::default_aggregate_functions())
        .with_window_functions(SessionStateDefaults::default_window_functions())
        .with_table_function_list(SessionStateDefaults::default_table_functions())
        .with_expr_planners(SessionStateDefaults::default_expr_planners())
        .build();
    datafusion_functions_json::register_all(&mut state)?;
    Ok(state)
}

fn config() -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(1)
        .with_batch_size(limits::BATCH_ROWS)
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(catalog::CATALOG, catalog::SCHEMA);
    let options = config.options_mut();
    // Keys keep their case; table names are folded by the resolver.
    options.sql_parser.enable_ident_normalization = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    "nulls_last".clone_into(&mut options.sql_parser.default_null_ordering);
    config
}

/// `div(a, b)`: the quotient without its fraction, since `/` on a key keeps it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Div {
    signature: Signature,
}

impl Div {
    fn new() -> Self {
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

/// A function that repeats, refused where it would make more than [`limits::REPEAT_MAX`] of what it
/// repeats in a batch: its memory is not counted while it works.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a release of the query engine adds is not callable before somebody has looked at it.
    #[test]
    fn the_functions_are_those_of_the_golden_list() {
        let state = template().unwrap();
        let mut names: Vec<&str> = state
            .scalar_functions()
            .keys()
            .chain(state.aggregate_functions().keys())
            .chain(state.window_functions().keys())
            .chain(state.higher_order_functions().keys())
            .chain(state.table_functions().keys())
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.join("\n"), include_str!("functions.txt").trim_end(), "{}", names.join("\n"));
    }
}
