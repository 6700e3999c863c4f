//! `best(x)`: the least value, or by `best(x, 'max')` the greatest, that is not NaN.
//!
//! The query engine's own `min` and `max` do the work; NaN is made NULL before they see it, since `max`
//! takes it for the greatest.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray};
use arrow::compute::nullif;
use arrow::datatypes::{DataType, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};

use super::arguments::{Call, Takes};

const CALL: Call = Call {
    name: "best",
    usage: "best(x), best(x, 'min') or best(x, 'max')",
    forms: &[&[Takes::Ordered], &[Takes::Ordered, Takes::Text]],
};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Best {
    signature: Signature,
}

impl Best {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }

    /// The function that finds it, and its own arguments.
    fn inner<'a>(args: AccumulatorArgs<'a>) -> Result<(Arc<AggregateUDF>, AccumulatorArgs<'a>)> {
        CALL.refuse_modifiers(&args)?;
        let udaf = match args.exprs {
            [_] => min_udaf(),
            _ => match CALL.literal(args.exprs, 1, "'min' or 'max'")? {
                ScalarValue::Utf8(Some(word)) if word == "min" => min_udaf(),
                ScalarValue::Utf8(Some(word)) if word == "max" => max_udaf(),
                other => return plan_err!("best takes 'min' or 'max', not {other} ({})", CALL.usage),
            },
        };
        let exprs = args.exprs.get(..1).unwrap_or_default();
        let expr_fields = args.expr_fields.get(..1).unwrap_or_default();
        Ok((udaf, AccumulatorArgs { exprs, expr_fields, ..args }))
    }
}

impl AggregateUDFImpl for Best {
    fn name(&self) -> &str {
        CALL.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        CALL.coerce(given)
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        min_udaf().return_type(given.get(..1).unwrap_or_default())
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let input_fields = args.input_fields.get(..1).unwrap_or_default();
        min_udaf().state_fields(StateFieldsArgs { input_fields, ..args })
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let (inner, args) = Self::inner(args)?;
        Ok(Box::new(WithoutNan(inner.accumulator(args)?)))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let (inner, args) = Self::inner(args)?;
        Ok(Box::new(WithoutNan(inner.create_sliding_accumulator(args)?)))
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        // What is wrong with the arguments, `accumulator` says.
        Self::inner(args).is_ok_and(|(inner, args)| inner.groups_accumulator_supported(args))
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let (inner, args) = Self::inner(args)?;
        Ok(Box::new(GroupsWithoutNan(inner.create_groups_accumulator(args)?)))
    }
}

/// The values alone, NaN as NULL.
fn without_nan(arguments: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    arguments.iter().take(1).map(without_nan_in).collect()
}

fn without_nan_in(values: &ArrayRef) -> Result<ArrayRef> {
    let Some(floats) = values.as_primitive_opt::<Float64Type>() else { return Ok(Arc::clone(values)) };
    if !floats.values().iter().any(|value| value.is_nan()) {
        return Ok(Arc::clone(values));
    }
    let is_nan = BooleanArray::from_unary(floats, f64::is_nan);
    Ok(nullif(values, &is_nan)?)
}

#[derive(Debug)]
struct WithoutNan(Box<dyn Accumulator>);

impl Accumulator for WithoutNan {
    fn update_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        self.0.update_batch(&without_nan(arguments)?)
    }

    fn retract_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        self.0.retract_batch(&without_nan(arguments)?)
    }

    fn supports_retract_batch(&self) -> bool {
        self.0.supports_retract_batch()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.evaluate()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge_batch(states)
    }
}

struct GroupsWithoutNan(Box<dyn GroupsAccumulator>);

impl GroupsAccumulator for GroupsWithoutNan {
    fn update_batch(
        &mut self,
        arguments: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.0.update_batch(&without_nan(arguments)?, groups, filter, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.0.evaluate(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.0.state(emit_to)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.0.merge_batch(states, groups, total)
    }

    fn convert_to_state(
        &self,
        arguments: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        self.0.convert_to_state(&without_nan(arguments)?, filter)
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}
