//! The value in the row where something else is least or greatest: `first_at`, `last_at`, `arg_min` and
//! `arg_max` are one aggregate under four rules.
//!
//! What holds: a row whose order is NULL or NaN does not count. Of rows that are equal in order, `last_at`
//! takes the last and each other the first.

use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray, make_comparator};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Field, FieldRef, Float16Type, Float32Type, Float64Type};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use super::arguments::{Call, Takes};

/// Which row is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// The least order, the value not NULL.
    FirstAt,
    /// The greatest order, the value not NULL.
    LastAt,
    /// The least order, whatever the value.
    ArgMin,
    /// The greatest order, whatever the value.
    ArgMax,
}

impl Rule {
    pub(super) const ALL: [Self; 4] = [Self::FirstAt, Self::LastAt, Self::ArgMin, Self::ArgMax];

    fn call(self) -> Call {
        let (name, usage) = match self {
            Self::FirstAt => ("first_at", "first_at(x, by)"),
            Self::LastAt => ("last_at", "last_at(x, by)"),
            Self::ArgMin => ("arg_min", "arg_min(arg, x)"),
            Self::ArgMax => ("arg_max", "arg_max(arg, x)"),
        };
        Call { name, usage, forms: &[&[Takes::Any, Takes::Ordered]] }
    }

    /// Whether a row comes to stand for one before it, by how its order compares.
    fn takes(self, compared: Ordering) -> bool {
        match self {
            Self::FirstAt | Self::ArgMin => compared.is_lt(),
            Self::ArgMax => compared.is_gt(),
            Self::LastAt => compared.is_ge(),
        }
    }

    fn skips_null(self) -> bool {
        matches!(self, Self::FirstAt | Self::LastAt)
    }

    /// The row of a batch.
    fn choose(self, values: &ArrayRef, orders: &ArrayRef) -> Result<Option<usize>> {
        let compare = make_comparator(orders, orders, SortOptions::default())?;
        let mut chosen: Option<usize> = None;
        for row in 0..orders.len() {
            let counts = orders.is_valid(row) && !(self.skips_null() && values.is_null(row));
            if counts && chosen.is_none_or(|chosen| self.takes(compare(row, chosen))) && !is_nan(orders, row)
            {
                chosen = Some(row);
            }
        }
        Ok(chosen)
    }
}

fn is_nan(orders: &ArrayRef, row: usize) -> bool {
    match orders.data_type() {
        DataType::Float64 => orders.as_primitive::<Float64Type>().value(row).is_nan(),
        DataType::Float32 => orders.as_primitive::<Float32Type>().value(row).is_nan(),
        DataType::Float16 => orders.as_primitive::<Float16Type>().value(row).is_nan(),
        _ => false,
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Extreme {
    rule: Rule,
    signature: Signature,
}

impl Extreme {
    pub(super) fn new(rule: Rule) -> Self {
        Self { rule, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Extreme {
    fn name(&self) -> &str {
        self.rule.call().name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        self.rule.call().coerce(given)
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        match given {
            [value, _] => Ok(value.clone()),
            _ => exec_err!("{} has two arguments", self.name()),
        }
    }

    /// The field of the value, with its mark of JSON.
    fn return_field(&self, given: &[FieldRef]) -> Result<FieldRef> {
        match given {
            [value, _] => Ok(value.as_ref().clone().with_name(self.name()).with_nullable(true).into()),
            _ => exec_err!("{} has two arguments", self.name()),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let fields = ["value", "order"].into_iter().zip(args.input_fields);
        Ok(fields
            .map(|(what, input)| {
                Field::new(format!("{}[{what}]", args.name), input.data_type().clone(), true).into()
            })
            .collect())
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.rule.call().refuse_modifiers(&args)?;
        let [value, order] = args.expr_fields else {
            return exec_err!("{} has two arguments", self.name());
        };
        Ok(Box::new(Chosen {
            rule: self.rule,
            value: ScalarValue::try_from(value.data_type())?,
            order: ScalarValue::try_from(order.data_type())?,
        }))
    }
}

/// The row chosen so far; while there is none, its order is NULL.
#[derive(Debug)]
struct Chosen {
    rule: Rule,
    value: ScalarValue,
    order: ScalarValue,
}

impl Accumulator for Chosen {
    fn update_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        let [values, orders] = arguments else { return exec_err!("a value and its order are two") };
        let Some(row) = self.rule.choose(values, orders)? else { return Ok(()) };
        let order = ScalarValue::try_from_array(orders, row)?;
        let compared = if self.order.is_null() { None } else { order.partial_cmp(&self.order) };
        if compared.is_none_or(|compared| self.rule.takes(compared)) {
            // A list or a struct would keep the whole batch alive.
            self.value = ScalarValue::try_from_array(values, row)?.compacted();
            self.order = order.compacted();
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.value.clone())
    }

    fn size(&self) -> usize {
        let on_heap = |value: &ScalarValue| value.size() - size_of_val(value);
        size_of_val(self) + on_heap(&self.value) + on_heap(&self.order)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.value.clone(), self.order.clone()])
    }

    /// States are rows already chosen; a state without a row has no order, which does not count.
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, StringArray};

    use super::*;

    fn chosen(rule: Rule, batches: &[[ArrayRef; 2]]) -> Option<String> {
        let null = || ScalarValue::try_from(&DataType::Utf8).unwrap();
        let new = || Chosen { rule, value: null(), order: ScalarValue::Float64(None) };
        let (mut all, mut merged) = (new(), new());
        for batch in batches {
            all.update_batch(batch).unwrap();
            let mut part = new();
            part.update_batch(batch).unwrap();
            let states: Vec<ArrayRef> =
                part.state().unwrap().iter().map(|state| state.to_array().unwrap()).collect();
            merged.merge_batch(&states).unwrap();
        }
        let value = all.evaluate().unwrap();
        assert_eq!(merged.evaluate().unwrap(), value, "states merge to the same");
        assert!(all.size() >= size_of::<Chosen>());
        match value {
            ScalarValue::Utf8(text) => text,
            other => panic!("{other}"),
        }
    }

    fn batch(rows: &[(Option<&str>, Option<f64>)]) -> [ArrayRef; 2] {
        let (values, orders): (Vec<Option<&str>>, Vec<Option<f64>>) = rows.iter().copied().unzip();
        [Arc::new(StringArray::from(values)), Arc::new(Float64Array::from(orders))]
    }

    #[test]
    fn the_row_of_the_least_or_greatest_order_is_chosen_over_all_batches() {
        let batches = [
            batch(&[(Some("a"), Some(2.0)), (Some("b"), Some(1.0))]),
            batch(&[(Some("c"), Some(3.0)), (Some("d"), Some(1.5))]),
        ];
        let expected = [("b", Rule::FirstAt), ("c", Rule::LastAt), ("b", Rule::ArgMin), ("c", Rule::ArgMax)];
        for (value, rule) in expected {
            assert_eq!(chosen(rule, &batches).as_deref(), Some(value), "{rule:?}");
        }
    }

    #[test]
    fn of_equal_rows_last_at_takes_the_last_and_each_other_the_first() {
        let tied = || batch(&[(Some("a"), Some(1.0)), (Some("b"), Some(1.0))]);
        let later = batch(&[(Some("c"), Some(1.0))]);
        let batches = [tied(), later];
        for (value, rule) in
            [("a", Rule::FirstAt), ("c", Rule::LastAt), ("a", Rule::ArgMin), ("a", Rule::ArgMax)]
        {
            assert_eq!(chosen(rule, &batches).as_deref(), Some(value), "{rule:?}");
        }
    }

    #[test]
    fn rows_without_an_order_do_not_count_and_rows_without_a_value_only_as_arguments() {
        let batches = [batch(&[
            (Some("nan"), Some(f64::NAN)),
            (Some("null"), None),
            (None, Some(0.0)),
            (Some("a"), Some(1.0)),
            (None, Some(9.0)),
        ])];
        assert_eq!(chosen(Rule::FirstAt, &batches).as_deref(), Some("a"));
        assert_eq!(chosen(Rule::LastAt, &batches).as_deref(), Some("a"));
        assert_eq!(chosen(Rule::ArgMin, &batches), None, "the least is 0, where there is no value");
        assert_eq!(chosen(Rule::ArgMax, &batches), None);
        assert_eq!(chosen(Rule::ArgMax, &[batch(&[])]), None);
    }
}
