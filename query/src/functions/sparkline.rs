//! `sparkline(x)` and `sparkline(x, by)`: a series as a line of text, `▇▅▃▂▂▁▁`.
//!
//! What holds:
//! - A character stands for each of up to 40 slices of equally many points, and for their mean; the least
//!   mean is `▁`, the greatest `█`. A series that does not change is a line of `▁`.
//! - NULL and what is not finite is left out; of no points the text is empty.

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::arguments::{Call, Takes};
use super::series::Series;

/// The most characters.
const WIDTH: usize = 40;
/// From the least to the greatest.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

const CALL: Call = Call {
    name: "sparkline",
    usage: "sparkline(x) or sparkline(x, by)",
    forms: &[&[Takes::Number], &[Takes::Number, Takes::Place]],
};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Sparkline {
    signature: Signature,
}

impl Sparkline {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Sparkline {
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
        Ok(DataType::Utf8)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(Series::state_fields(&args))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        CALL.refuse_modifiers(&args)?;
        Ok(Box::new(Line::default()))
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        Ok(ScalarValue::from(""))
    }
}

#[derive(Debug, Default)]
struct Line {
    series: Series,
}

impl Accumulator for Line {
    fn update_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        let (values, places) = parted(arguments)?;
        self.series.add(values, places)
    }

    fn retract_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        let (values, places) = parted(arguments)?;
        self.series.retract(values, places)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::from(drawn(&self.series.in_order())))
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

fn parted(arguments: &[ArrayRef]) -> Result<(&ArrayRef, Option<&ArrayRef>)> {
    match arguments {
        [values] => Ok((values, None)),
        [values, places] => Ok((values, Some(places))),
        _ => exec_err!("{} has one argument or two", CALL.name),
    }
}

fn drawn(values: &[f64]) -> String {
    let slices = values.len().min(WIDTH);
    let edge = |slice: usize| values.len() * slice / slices.max(1);
    let means: Vec<f64> =
        (0..slices).filter_map(|slice| values.get(edge(slice)..edge(slice + 1))).map(mean).collect();
    let (low, high) =
        (means.iter().copied().fold(f64::MAX, f64::min), means.iter().copied().fold(f64::MIN, f64::max));
    means.iter().map(|mean| block(*mean, low, high)).collect()
}

/// The mean as what the others add to the first: exact where they are all the same, so that rounding is
/// never drawn. Each is divided before it is added, since the sum of the greatest floats is none.
fn mean(slice: &[f64]) -> f64 {
    let count = f64::from(u32::try_from(slice.len()).unwrap_or(u32::MAX));
    let first = slice.first().copied().unwrap_or_default();
    first + slice.iter().map(|value| value / count - first / count).sum::<f64>()
}

/// The block for a mean: the range has seven steps, and each mean stands at the nearest one.
fn block(mean: f64, low: f64, high: f64) -> char {
    // Halves, so that the widest range has a width.
    let share = (mean / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
    let steps =
        (1_u8..).zip(BLOCKS.iter().skip(1)).take_while(|(step, _)| share * 7.0 >= f64::from(*step) - 0.5);
    steps.last().map_or('▁', |(_, block)| *block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_points_are_a_character_each() {
        assert_eq!(drawn(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), "▁▂▃▄▅▆▇█");
        assert_eq!(drawn(&[1.0, -1.0]), "█▁");
        // The nearest step: 0.5 of seven is the first one up, what is less is none.
        assert_eq!(drawn(&[0.0, 0.49, 0.5, 7.0]), "▁▁▂█");
    }

    #[test]
    fn many_points_are_forty_characters_of_equal_slices() {
        let line: Vec<f64> = (0..1_000).map(f64::from).collect();
        let text = drawn(&line);
        assert_eq!(text.chars().count(), 40);
        assert!(text.starts_with('▁') && text.ends_with('█') && text.chars().is_sorted());
        // One of 25 points is far off: its slice is the highest, and one character wide.
        let mut spike = vec![1.0; 1_000];
        spike[512] = 100.0;
        let text: Vec<char> = drawn(&spike).chars().collect();
        assert_eq!(text.iter().filter(|block| **block == '█').count(), 1);
        assert_eq!(text[20], '█');
        assert_eq!(drawn(&line[..41]).chars().count(), 40);
    }

    #[test]
    fn a_series_that_does_not_change_is_a_low_line_and_none_is_empty() {
        assert_eq!(drawn(&[5.0, 5.0, 5.0]), "▁▁▁");
        assert_eq!(drawn(&[0.1; 1_001]), "▁".repeat(40));
        assert_eq!(drawn(&[]), "");
    }

    #[test]
    fn the_greatest_floats_are_drawn_too() {
        assert_eq!(drawn(&[-f64::MAX, 0.0, f64::MAX]), "▁▅█");
        assert_eq!(drawn(&[f64::MAX; 100]).chars().count(), 40);
    }
}
