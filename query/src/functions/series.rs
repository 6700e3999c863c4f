//! The points that an aggregate keeps until it is asked: finite numbers in row order, each with the place
//! by which it is ordered where one is given. Sixteen bytes a point at most, counted.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::StateFieldsArgs;

#[derive(Debug, Default)]
pub(super) struct Series {
    values: Vec<f64>,
    /// A place for each value; empty where row order is the order.
    places: Vec<i64>,
}

impl Series {
    /// Takes a batch. NULL and what is not finite is left out, as is a point without a place.
    pub(super) fn add(&mut self, values: &ArrayRef, places: Option<&ArrayRef>) -> Result<()> {
        for (value, place) in points(values, places)? {
            self.values.push(value);
            self.places.extend(place);
        }
        Ok(())
    }

    /// Takes back what the first rows gave: a sliding window's rows leave in the order they came.
    pub(super) fn retract(&mut self, values: &ArrayRef, places: Option<&ArrayRef>) -> Result<()> {
        let gone = points(values, places)?.count();
        self.values.drain(..gone.min(self.values.len()));
        self.places.drain(..gone.min(self.places.len()));
        Ok(())
    }

    /// The values in row order.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values in the order of their places; of equal ones, in row order.
    pub(super) fn in_order(&self) -> Cow<'_, [f64]> {
        if self.places.is_sorted() {
            return Cow::Borrowed(&self.values);
        }
        let mut points: Vec<(i64, f64)> =
            self.places.iter().copied().zip(self.values.iter().copied()).collect();
        points.sort_by_key(|(place, _)| *place);
        Cow::Owned(points.into_iter().map(|(_, value)| value).collect())
    }

    /// Bytes that it holds besides itself.
    pub(super) fn heap_size(&self) -> usize {
        size_of::<f64>() * self.values.capacity() + size_of::<i64>() * self.places.capacity()
    }

    pub(super) fn state_fields(args: &StateFieldsArgs<'_>) -> Vec<FieldRef> {
        let field = |what: &str, item: DataType| {
            let list = DataType::List(Arc::new(Field::new_list_field(item, true)));
            Arc::new(Field::new(format!("{}[{what}]", args.name), list, true))
        };
        vec![field("values", DataType::Float64), field("places", DataType::Int64)]
    }

    pub(super) fn state(&self) -> Vec<ScalarValue> {
        let values = Arc::new(Float64Array::from(self.values.clone()));
        let places = Arc::new(Int64Array::from(self.places.clone()));
        vec![list(values), list(places)]
    }

    pub(super) fn merge(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [values, places] = states else { return exec_err!("a series has two states") };
        let (values, places) = (values.as_list::<i32>(), places.as_list::<i32>());
        for (values, places) in values.iter().flatten().zip(places.iter().flatten()) {
            self.values.extend(values.as_primitive::<Float64Type>().values());
            self.places.extend(places.as_primitive::<Int64Type>().values());
        }
        Ok(())
    }
}

/// The points of a batch that count.
fn points(values: &ArrayRef, places: Option<&ArrayRef>) -> Result<impl Iterator<Item = (f64, Option<i64>)>> {
    let places = places.map(whole_places).transpose()?;
    let values = values.as_primitive::<Float64Type>().clone();
    Ok((0..values.len()).filter_map(move |row| {
        let place = match &places {
            Some(places) if places.is_null(row) => return None,
            Some(places) => Some(places.value(row)),
            None => None,
        };
        let is_point = values.is_valid(row) && values.value(row).is_finite();
        is_point.then(|| (values.value(row), place))
    }))
}

/// Places as integers of the same order: floats by their bits, times by what they count.
fn whole_places(places: &ArrayRef) -> Result<Int64Array> {
    Ok(match places.as_primitive_opt::<Float64Type>() {
        Some(floats) => floats.iter().map(|place| place.filter(|place| !place.is_nan()).map(rank)).collect(),
        None => cast(places, &DataType::Int64)?.as_primitive::<Int64Type>().clone(),
    })
}

/// An integer that is greater for a greater float, as `f64::total_cmp` has it; both zeros are one.
fn rank(place: f64) -> i64 {
    let bits = (place + 0.0).to_bits().cast_signed();
    bits ^ (bits >> 63).cast_unsigned().unbounded_shr(1).cast_signed()
}

fn list(items: ArrayRef) -> ScalarValue {
    let field = Arc::new(Field::new_list_field(items.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths([items.len()]);
    ScalarValue::List(Arc::new(ListArray::new(field, offsets, items, None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(values: &[Option<f64>]) -> ArrayRef {
        Arc::new(Float64Array::from(values.to_vec()))
    }

    #[test]
    fn points_come_in_the_order_of_their_places_and_those_of_one_place_in_row_order() {
        let mut series = Series::default();
        let values = floats(&[Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(5.0), Some(6.0)]);
        let places =
            floats(&[Some(2.0), Some(-1.0), None, Some(f64::NAN), Some(2.0), Some(f64::NEG_INFINITY)]);
        series.add(&values, Some(&places)).unwrap();
        assert_eq!(*series.in_order(), [6.0, 2.0, 1.0, 5.0]);
    }

    #[test]
    fn null_and_what_is_not_finite_is_left_out() {
        let mut series = Series::default();
        series.add(&floats(&[Some(1.0), None, Some(f64::NAN), Some(f64::INFINITY)]), None).unwrap();
        assert_eq!(series.values(), [1.0]);
        assert!(series.heap_size() >= 8);
    }

    #[test]
    fn merged_states_are_the_series_of_all_rows() {
        let (mut left, mut right) = (Series::default(), Series::default());
        let places: ArrayRef = Arc::new(Int64Array::from(vec![5, 1]));
        left.add(&floats(&[Some(1.0), Some(2.0)]), Some(&places)).unwrap();
        let places: ArrayRef = Arc::new(Int64Array::from(vec![3, 0]));
        right.add(&floats(&[Some(3.0), Some(4.0)]), Some(&places)).unwrap();
        let mut merged = Series::default();
        for series in [&left, &right] {
            let states: Vec<ArrayRef> =
                series.state().iter().map(|state| state.to_array().unwrap()).collect();
            merged.merge(&states).unwrap();
        }
        assert_eq!(*merged.in_order(), [4.0, 2.0, 3.0, 1.0]);
    }

    #[test]
    fn rows_leave_in_the_order_they_came() {
        let mut series = Series::default();
        let values = floats(&[Some(1.0), None, Some(3.0)]);
        series.add(&values, None).unwrap();
        series.retract(&values.slice(0, 2), None).unwrap();
        assert_eq!(series.values(), [3.0]);
    }

    #[test]
    fn a_greater_float_has_a_greater_rank() {
        let ascending = [f64::NEG_INFINITY, -2.0, -1e-310, 0.0, 1e-310, 2.0, f64::INFINITY];
        assert!(ascending.map(rank).is_sorted_by(|left, right| left < right));
        assert_eq!(rank(-0.0), rank(0.0));
    }
}
