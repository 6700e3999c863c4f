//! `min` and `max` of the query engine, but for floats in groups: of these it takes NaN for the least and the
//! greatest, or for nothing, as the order of rows has it, and knows no infinities.
//!
//! What holds, as `ORDER BY` has it: NaN is greater than every number.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity, Signature,
    StatisticsArgs,
};
use datafusion_functions_aggregate_common::aggregate::groups_accumulator::prim_op::PrimitiveGroupsAccumulator;

/// One of the two.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct MinMax(Arc<AggregateUDF>);

impl MinMax {
    /// The names that it is made for.
    pub(super) const NAMES: [&str; 2] = ["min", "max"];

    pub(super) fn new(inner: Arc<AggregateUDF>) -> Self {
        Self(inner)
    }

    fn of_floats(&self) -> Box<dyn GroupsAccumulator> {
        let kind = &DataType::Float64;
        if self.name() == "min" {
            let take = |least: &mut f64, new: f64| {
                if least.is_nan() || new < *least {
                    *least = new;
                }
            };
            return Box::new(
                PrimitiveGroupsAccumulator::<Float64Type, _>::new(kind, take).with_starting_value(f64::NAN),
            );
        }
        let take = |greatest: &mut f64, new: f64| {
            if new.is_nan() || new > *greatest {
                *greatest = new;
            }
        };
        Box::new(
            PrimitiveGroupsAccumulator::<Float64Type, _>::new(kind, take)
                .with_starting_value(f64::NEG_INFINITY),
        )
    }
}

impl AggregateUDFImpl for MinMax {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        self.0.coerce_types(given)
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        self.0.return_type(given)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.0.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.0.accumulator(args)
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.0.create_sliding_accumulator(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.0.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        match args.return_field.data_type() {
            DataType::Float64 => Ok(self.of_floats()),
            _ => self.0.create_groups_accumulator(args),
        }
    }

    fn is_descending(&self) -> Option<bool> {
        self.0.is_descending()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.0.order_sensitivity()
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn value_from_stats(&self, args: &StatisticsArgs) -> Option<ScalarValue> {
        self.0.value_from_stats(args)
    }

    fn set_monotonicity(&self, kind: &DataType) -> SetMonotonicity {
        self.0.inner().set_monotonicity(kind)
    }
}
