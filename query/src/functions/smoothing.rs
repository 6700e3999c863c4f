//! Smoothed lines as window functions: `ema`, `twema`, `gaussian` and `running_mean`, by [`crate::smooth`].
//!
//! What holds: a row without a value is no point of its line and stays NULL; the line of a partition is
//! smoothed as a whole, in the order of the window.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{LimitEffect, PartitionEvaluator, Signature, Volatility, WindowUDFImpl};
use datafusion::physical_expr::PhysicalExpr;

use super::arguments::{Call, Takes};
use crate::smooth;

/// The widest kernel, in points: eight hundred points around each are read.
const SIGMA_MAX: f64 = 100.0;
/// The longest window, in points.
const POINTS_MAX: i64 = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Ema,
    Twema,
    Gaussian,
    RunningMean,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Ema, Self::Twema, Self::Gaussian, Self::RunningMean];

    fn call(self) -> Call {
        const NUMBERS: &[&[Takes]] = &[&[Takes::Number, Takes::Number]];
        const PLACED: &[&[Takes]] =
            &[&[Takes::Number, Takes::Number], &[Takes::Number, Takes::Place, Takes::Number]];
        const WINDOW: &[&[Takes]] = &[&[Takes::Number, Takes::Whole]];
        let (name, usage, forms) = match self {
            Self::Ema => ("ema", "ema(x, p)", NUMBERS),
            Self::Twema => ("twema", "twema(x, p) or twema(x, position, p)", PLACED),
            Self::Gaussian => ("gaussian", "gaussian(x, sigma)", NUMBERS),
            Self::RunningMean => ("running_mean", "running_mean(x, n)", WINDOW),
        };
        Call { name, usage, forms }
    }

    fn smoother(self, arguments: &[Arc<dyn PhysicalExpr>]) -> Result<Smoother> {
        let (call, last) = (self.call(), arguments.len().saturating_sub(1));
        Ok(match self {
            Self::Ema => Smoother::Ema(call.number(arguments, last, "a weight p", 0.0..=1.0)?),
            Self::Twema => Smoother::Twema(call.number(arguments, last, "a weight p", 0.0..=1.0)?),
            Self::Gaussian => Smoother::Gaussian(call.number(arguments, last, "a sigma", 0.0..=SIGMA_MAX)?),
            Self::RunningMean => {
                Smoother::RunningMean(call.whole(arguments, last, "a number of points", 1..=POINTS_MAX)?)
            }
        })
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Smoothing {
    kind: Kind,
    signature: Signature,
}

impl Smoothing {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl WindowUDFImpl for Smoothing {
    fn name(&self) -> &str {
        self.kind.call().name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        self.kind.call().coerce(given)
    }

    fn partition_evaluator(&self, args: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(self.kind.smoother(args.input_exprs())?))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), DataType::Float64, true)))
    }

    fn limit_effect(&self, _: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        LimitEffect::Unknown
    }
}

#[derive(Debug)]
enum Smoother {
    Ema(f64),
    Twema(f64),
    Gaussian(f64),
    RunningMean(usize),
}

impl PartitionEvaluator for Smoother {
    fn evaluate_all(&mut self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let Some(values) = arguments.first().and_then(|values| values.as_primitive_opt::<Float64Type>())
        else {
            return exec_err!("a line has values");
        };
        let places = match (&self, arguments) {
            (Self::Twema(_), [_, places, _]) => Some(cast(places, &DataType::Float64)?),
            _ => None,
        };
        let line = Line::of(values, places.as_ref());
        let shown = match self {
            Self::Ema(p) => smooth::ema(&line.y, *p),
            Self::Twema(p) => smooth::twema(&line.x, &line.y, smooth::span(&line.x), *p),
            Self::Gaussian(sigma) => smooth::gaussian(&line.y, *sigma),
            Self::RunningMean(points) => smooth::running_mean(&line.y, *points),
        };
        let mut column: Vec<Option<f64>> = vec![None; rows];
        for (row, value) in line.rows.into_iter().zip(shown) {
            if let Some(slot) = column.get_mut(row) {
                *slot = Some(value);
            }
        }
        Ok(Arc::new(Float64Array::from(column)))
    }
}

/// The rows that are points.
#[derive(Default)]
struct Line {
    rows: Vec<usize>,
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Line {
    /// A point's place is its row's number where none are given; a row without a place is no point.
    fn of(values: &Float64Array, places: Option<&ArrayRef>) -> Self {
        let places = places.map(|places| places.as_primitive::<Float64Type>());
        let mut line = Self::default();
        for row in 0..values.len() {
            let place = match places {
                None => Some(f64::from(u32::try_from(row).unwrap_or(u32::MAX))),
                Some(places) => places.is_valid(row).then(|| places.value(row)).filter(|x| x.is_finite()),
            };
            if let (true, Some(x)) = (values.is_valid(row), place) {
                line.rows.push(row);
                line.x.push(x);
                line.y.push(values.value(row));
            }
        }
        line
    }
}
