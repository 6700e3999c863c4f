//! `histogram(x, bins)`: how many values lie in each of the bins between the least and the greatest.
//!
//! It gives a list of structs, not JSON text: JSON, CSV and tables show both alike, Arrow and Parquet keep
//! its types, and `unnest` makes rows of it. The edges depend on all values, so all are kept.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::arguments::{Call, Takes};
use super::equal_width::EqualWidth;
use super::series::Series;

/// The most bins.
const BINS_MAX: i64 = 1_000;

const CALL: Call =
    Call { name: "histogram", usage: "histogram(x, bins)", forms: &[&[Takes::Number, Takes::Whole]] };

/// What a bin is.
static BIN: LazyLock<Fields> = LazyLock::new(|| {
    let field = |name: &str, data_type| Field::new(name, data_type, false);
    Fields::from(vec![
        field("low", DataType::Float64),
        field("high", DataType::Float64),
        field("count", DataType::Int64),
    ])
});

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Histogram {
    signature: Signature,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Histogram {
    fn name(&self) -> &str {
        CALL.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        CALL.coerce(given)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(bin_field()))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(Series::state_fields(&args))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        CALL.refuse_modifiers(&args)?;
        let bins = CALL.whole(args.exprs, 1, "a number of bins", 1..=BINS_MAX)?;
        Ok(Box::new(Bins { series: Series::default(), bins }))
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        counted(&[], 1)
    }
}

#[derive(Debug)]
struct Bins {
    series: Series,
    bins: usize,
}

impl Accumulator for Bins {
    fn update_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        self.series.add(first(arguments)?, None)
    }

    fn retract_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        self.series.retract(first(arguments)?, None)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        counted(self.series.values(), self.bins)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.series.heap_size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(self.series.state())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.series.merge(states)
    }
}

fn first(arguments: &[ArrayRef]) -> Result<&ArrayRef> {
    match arguments.first() {
        Some(values) => Ok(values),
        None => exec_err!("{} has no argument", CALL.name),
    }
}

fn bin_field() -> FieldRef {
    Arc::new(Field::new_list_field(DataType::Struct(BIN.clone()), true))
}

/// Counts values into bins; no bins where there are no values.
fn counted(values: &[f64], bins: usize) -> Result<ScalarValue> {
    let (mut low, mut high, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(cut) = EqualWidth::of(values.iter().copied(), bins) {
        (low, high) = cut.parts().unzip();
        counts = vec![0_i64; cut.len()];
        for value in values {
            if let Some(count) = counts.get_mut(cut.part(*value)) {
                *count += 1;
            }
        }
    }
    let lengths = OffsetBuffer::from_lengths([counts.len()]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Float64Array::from(low)),
        Arc::new(Float64Array::from(high)),
        Arc::new(Int64Array::from(counts)),
    ];
    let bins = StructArray::try_new(BIN.clone(), columns, None)?;
    Ok(ScalarValue::List(Arc::new(ListArray::try_new(bin_field(), lengths, Arc::new(bins), None)?)))
}
