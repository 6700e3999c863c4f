//! Aggregates of the query engine under the names that people look for: `approx_percentile(x, p)` is its
//! `approx_percentile_cont`, `slope(y, x)` its `regr_slope`. Ours are the checks of what they are given.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use super::arguments::{Call, Takes};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Renamed {
    /// Its digest has no room for what is not finite, so that is left out.
    ApproxPercentile,
    /// The least squares line's; as in `regr_slope`, NaN is in what has a NaN.
    Slope,
}

impl Renamed {
    fn call(self) -> Call {
        let (name, usage) = match self {
            Self::ApproxPercentile => ("approx_percentile", "approx_percentile(x, p)"),
            Self::Slope => ("slope", "slope(y, x)"),
        };
        Call { name, usage, forms: &[&[Takes::Number, Takes::Number]] }
    }

    /// The function that it stands for.
    pub(super) fn original(self) -> &'static str {
        match self {
            Self::ApproxPercentile => "approx_percentile_cont",
            Self::Slope => "regr_slope",
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct RenamedAggregate {
    which: Renamed,
    inner: Arc<AggregateUDF>,
    signature: Signature,
}

impl RenamedAggregate {
    /// `inner` is the [`Renamed::original`].
    pub(super) fn new(which: Renamed, inner: Arc<AggregateUDF>) -> Self {
        Self { which, inner, signature: Signature::user_defined(Volatility::Immutable) }
    }

    fn check(&self, args: &AccumulatorArgs<'_>) -> Result<()> {
        self.which.call().refuse_modifiers(args)?;
        match self.which {
            Renamed::ApproxPercentile => {
                self.which.call().number(args.exprs, 1, "a percentile", 0.0..=1.0).map(drop)
            }
            Renamed::Slope => Ok(()),
        }
    }

    fn screened(&self, inner: Box<dyn Accumulator>) -> Box<dyn Accumulator> {
        match self.which {
            Renamed::ApproxPercentile => Box::new(Gathering { inner, waiting: Vec::new() }),
            Renamed::Slope => inner,
        }
    }
}

impl AggregateUDFImpl for RenamedAggregate {
    fn name(&self) -> &str {
        self.which.call().name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        self.which.call().coerce(given)
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        self.inner.return_type(given)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.check(&args)?;
        Ok(self.screened(self.inner.accumulator(args)?))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.check(&args)?;
        Ok(self.screened(self.inner.create_sliding_accumulator(args)?))
    }
}

/// Hands finite values on, many at once: the digest sorts and merges whatever it is given, which for a few
/// rows of each of thousands of groups costs far more than the rows.
#[derive(Debug)]
struct Gathering {
    inner: Box<dyn Accumulator>,
    waiting: Vec<f64>,
}

/// Values that wait at most.
const WAITING_MAX: usize = 8_192;

impl Gathering {
    fn hand_on(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let values: ArrayRef = Arc::new(Float64Array::from(std::mem::take(&mut self.waiting)));
        self.inner.update_batch(&[values])
    }
}

impl Accumulator for Gathering {
    fn update_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        let values = arguments.first().and_then(|values| values.as_primitive_opt::<Float64Type>());
        let Some(values) = values else { return exec_err!("a percentile is one of values") };
        self.waiting.extend(values.iter().flatten().filter(|value| value.is_finite()));
        if self.waiting.len() < WAITING_MAX { Ok(()) } else { self.hand_on() }
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.hand_on()?;
        self.inner.evaluate()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size() + size_of::<f64>() * self.waiting.capacity()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.hand_on()?;
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.hand_on()?;
        self.inner.merge_batch(states)
    }
}
