//! `buckets(x, n) OVER (…)`: which of n equally wide buckets of the partition's range a row is in, from 0.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{LimitEffect, PartitionEvaluator, Signature, Volatility, WindowUDFImpl};
use datafusion::physical_expr::PhysicalExpr;

use super::arguments::{Call, Takes};
use super::equal_width::EqualWidth;

/// The most buckets: what a chart over the whole screen has.
const BUCKETS_MAX: i64 = 10_000;

const CALL: Call = Call { name: "buckets", usage: "buckets(x, n)", forms: &[&[Takes::Number, Takes::Whole]] };

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Buckets {
    signature: Signature,
}

impl Buckets {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl WindowUDFImpl for Buckets {
    fn name(&self) -> &str {
        CALL.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        CALL.coerce(given)
    }

    fn partition_evaluator(&self, args: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        let count = CALL.whole(args.input_exprs(), 1, "a number of buckets", 1..=BUCKETS_MAX)?;
        Ok(Box::new(Numbers { count }))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Int64, true)))
    }

    fn limit_effect(&self, _: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        LimitEffect::Unknown
    }
}

#[derive(Debug)]
struct Numbers {
    count: usize,
}

impl PartitionEvaluator for Numbers {
    /// NULL for what is NULL or not finite.
    fn evaluate_all(&mut self, arguments: &[ArrayRef], _: usize) -> Result<ArrayRef> {
        let Some(values) = arguments.first().and_then(|values| values.as_primitive_opt::<Float64Type>())
        else {
            return exec_err!("{} has values", CALL.name);
        };
        let cut = EqualWidth::of(values.iter().flatten(), self.count);
        let number = |value: Option<f64>| {
            let part = cut.as_ref()?.part(value.filter(|value| value.is_finite())?);
            i64::try_from(part).ok()
        };
        Ok(Arc::new(values.iter().map(number).collect::<Int64Array>()))
    }
}
