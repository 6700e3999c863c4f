//! What our functions take: types are checked while a statement is planned, literals before it runs.
//! Each error names the function, what it takes and what it was given.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Literal;

/// What an argument may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Takes {
    /// A number, as a float.
    Number,
    /// A number; integers stay integers.
    Exact,
    /// An integer.
    Whole,
    /// A place on an axis: a number or a time.
    Place,
    /// A text.
    Text,
    /// Whatever can be put in order.
    Ordered,
    /// Anything.
    Any,
}

/// A function's name and the ways to call it: one list of arguments each, all of different lengths.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Call {
    pub(super) name: &'static str,
    /// As people write it.
    pub(super) usage: &'static str,
    pub(super) forms: &'static [&'static [Takes]],
}

impl Call {
    /// The types to which arguments are cast before the function sees them.
    pub(super) fn coerce(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let Some(takes) = self.forms.iter().find(|form| form.len() == given.len()) else {
            return plan_err!(
                "{} is called as {}, not with {} arguments",
                self.name,
                self.usage,
                given.len()
            );
        };
        let types = takes.iter().zip(given).enumerate();
        types
            .map(|(place, (takes, given))| match takes.cast(given) {
                Some(data_type) => Ok(data_type),
                None => plan_err!(
                    "{} takes {} as argument {}, not {} ({})",
                    self.name,
                    takes.name(),
                    place + 1,
                    name_of(given),
                    self.usage
                ),
            })
            .collect()
    }

    /// A literal argument that is an integer of a range.
    pub(super) fn whole(
        &self,
        arguments: &[Arc<dyn PhysicalExpr>],
        place: usize,
        what: &str,
        range: RangeInclusive<i64>,
    ) -> Result<usize> {
        let value = self.literal(arguments, place, what)?;
        let wanted = match value {
            ScalarValue::Int64(Some(number)) if range.contains(number) => usize::try_from(*number).ok(),
            _ => None,
        };
        match wanted {
            Some(number) => Ok(number),
            None => self.outside(what, range.start(), range.end(), value),
        }
    }

    /// A literal argument that is a number of a range.
    pub(super) fn number(
        &self,
        arguments: &[Arc<dyn PhysicalExpr>],
        place: usize,
        what: &str,
        range: RangeInclusive<f64>,
    ) -> Result<f64> {
        match self.literal(arguments, place, what)? {
            ScalarValue::Float64(Some(number)) if range.contains(number) => Ok(*number),
            value => self.outside(what, range.start(), range.end(), value),
        }
    }

    /// An argument that stands in the statement as it is.
    pub(super) fn literal<'a>(
        &self,
        arguments: &'a [Arc<dyn PhysicalExpr>],
        place: usize,
        what: &str,
    ) -> Result<&'a ScalarValue> {
        match arguments.get(place).and_then(|argument| argument.downcast_ref::<Literal>()) {
            Some(literal) => Ok(literal.value()),
            None => plan_err!("{} takes {what} as a literal ({})", self.name, self.usage),
        }
    }

    fn outside<T>(
        &self,
        what: &str,
        from: impl std::fmt::Display,
        to: impl std::fmt::Display,
        value: &ScalarValue,
    ) -> Result<T> {
        plan_err!("{} takes {what} from {from} to {to}, not {value} ({})", self.name, self.usage)
    }

    /// `f(DISTINCT x)` of an aggregate that counts each row would be another function, and the planner does
    /// not sort for `f(x ORDER BY y)`: neither is let through to be forgotten.
    pub(super) fn refuse_modifiers(&self, arguments: &AccumulatorArgs<'_>) -> Result<()> {
        if arguments.is_distinct {
            return plan_err!("{} does not take DISTINCT ({})", self.name, self.usage);
        }
        if !arguments.order_bys.is_empty() {
            return plan_err!("{} does not take ORDER BY in its brackets ({})", self.name, self.usage);
        }
        Ok(())
    }
}

impl Takes {
    fn cast(self, given: &DataType) -> Option<DataType> {
        use DataType as T;
        let is_text = matches!(given, T::Utf8 | T::LargeUtf8 | T::Utf8View);
        let is_time = matches!(given, T::Timestamp(..) | T::Date32 | T::Date64);
        let is_number = given.is_numeric();
        let cast = match self {
            Self::Number if is_number || given.is_null() => T::Float64,
            Self::Exact | Self::Whole | Self::Place if given.is_integer() => T::Int64,
            Self::Whole if given.is_null() => T::Int64,
            Self::Exact | Self::Place if is_number || given.is_null() => T::Float64,
            Self::Place if is_time => T::Timestamp(arrow::datatypes::TimeUnit::Nanosecond, None),
            Self::Text if is_text || given.is_null() => T::Utf8,
            Self::Ordered if given.is_null() => T::Int64,
            Self::Ordered if is_number || is_text || is_time || *given == T::Boolean => given.clone(),
            Self::Any => given.clone(),
            _ => return None,
        };
        Some(cast)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Number | Self::Exact => "a number",
            Self::Whole => "an integer",
            Self::Place => "a number or a time",
            Self::Text => "a text",
            Self::Ordered => "what can be put in order",
            Self::Any => "anything",
        }
    }
}

/// A type as people call it.
fn name_of(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "a text".to_owned(),
        DataType::Boolean => "a boolean".to_owned(),
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => "a time".to_owned(),
        DataType::Struct(_) => "a struct".to_owned(),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "a list".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "an interval".to_owned(),
        integer if integer.is_integer() => "an integer".to_owned(),
        number if number.is_numeric() => "a float".to_owned(),
        other => other.to_string(),
    }
}
