//! Functions of the query engine that make much of little, or take long for few values, each bounded:
//! their memory is in no pool while they work, and nothing ends them within a call.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{cast, max};
use arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{DataFusionError, Result, exec_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::patterns;
use crate::blowup::check_type;
use crate::limits;

/// The functions that are bounded, each with what it makes of its arguments.
const BOUNDED: &[(&str, Makes)] = &[
    ("array_concat", Makes::Sum),
    ("array_repeat", Makes::Times),
    ("array_resize", Makes::Times),
    ("array_to_string", Makes::Joined),
    ("arrow_cast", Makes::Typed),
    ("arrow_try_cast", Makes::Typed),
    ("concat", Makes::Sum),
    ("concat_ws", Makes::Sum),
    ("levenshtein", Makes::Product),
    ("lpad", Makes::Padded),
    ("make_array", Makes::Sum),
    ("named_struct", Makes::Sum),
    ("regexp_count", Makes::Match),
    ("regexp_instr", Makes::Match),
    ("regexp_like", Makes::Match),
    ("regexp_match", Makes::Match),
    ("regexp_replace", Makes::Match),
    ("repeat", Makes::Times),
    ("replace", Makes::Replaced),
    ("rpad", Makes::Padded),
    ("struct", Makes::Sum),
];

/// How much a function makes of its arguments, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Makes {
    /// All of them.
    Sum,
    /// The first, as often as the second says.
    Times,
    /// As many characters as the second says.
    Padded,
    /// The second between each two elements of the first.
    Joined,
    /// The third where the second stood in the first.
    Replaced,
    /// Steps, one for each pair of characters.
    Product,
    /// As `Replaced`, with a pattern as the second.
    Match,
    /// The first, as the type that the second names.
    Typed,
}

/// A function, refused where it would make more than [`limits::CALL_BYTES_MAX`] of one batch.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Bounded {
    inner: Arc<ScalarUDF>,
    makes: Makes,
}

/// The function, bounded if it has to be.
pub(super) fn bounded(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    match BOUNDED.iter().find(|(name, _)| *name == function.name()) {
        Some((_, makes)) => Arc::new(ScalarUDF::new_from_impl(Bounded { inner: function, makes: *makes })),
        None => function,
    }
}

impl Bounded {
    fn check(&self, args: &ScalarFunctionArgs) -> Result<()> {
        if self.makes == Makes::Match
            && let Some(pattern) = args.args.get(1)
        {
            patterns::check(pattern)?;
        }
        let is_constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { args.number_rows.max(1) };
        let (most, what) = match (self.makes, is_constant) {
            (Makes::Product, _) => (limits::CALL_BYTES_MAX, "steps"),
            (_, true) => (limits::CONSTANT_BYTES_MAX, "bytes of a constant"),
            (_, false) => (limits::CALL_BYTES_MAX, "bytes at once"),
        };
        if self.makes.estimate(&args.args, rows)? > most {
            return exec_err!("{} would make more than {most} {what}", self.inner.name());
        }
        Ok(())
    }
}

impl Makes {
    fn estimate(self, args: &[ColumnarValue], rows: usize) -> Result<usize> {
        let all = Argument::all(args, rows)?;
        let Some((first, rest)) = all.split_first() else { return Ok(0) };
        let second = rest.first();
        let third_longest = rest.get(1).map_or(0, |third| third.longest);
        Ok(match self {
            Self::Sum => all.iter().fold(0, |sum, argument| sum.saturating_add(argument.bytes)),
            Self::Times => {
                first.bytes.max(rows).saturating_mul(second.map_or(1, |second| second.largest.max(1)))
            }
            Self::Padded => rows.saturating_mul(second.map_or(1, |second| second.largest)),
            Self::Joined => first
                .elements
                .saturating_mul(second.map_or(0, |second| second.longest))
                .saturating_add(first.bytes),
            Self::Replaced => {
                let found = first.bytes / second.map_or(1, |second| second.shortest.max(1));
                found.saturating_add(rows).saturating_mul(third_longest)
            }
            Self::Product => first.bytes.saturating_mul(second.map_or(1, |second| second.longest)),
            Self::Typed => 0,
            Self::Match => first.bytes.saturating_add(rows).saturating_mul(third_longest),
        })
    }
}

/// What is known of an argument over all rows.
#[derive(Debug, Clone, Copy)]
struct Argument {
    /// Bytes of all values.
    bytes: usize,
    /// Bytes of the longest and the shortest text.
    longest: usize,
    shortest: usize,
    /// The largest integer.
    largest: usize,
    /// Elements of all lists.
    elements: usize,
}

impl Argument {
    fn all(args: &[ColumnarValue], rows: usize) -> Result<Vec<Self>> {
        let known = args.iter().map(|arg| match arg {
            ColumnarValue::Scalar(value) => {
                let one = Self::of(&value.to_array()?)?;
                let (bytes, elements) = (one.bytes.saturating_mul(rows), one.elements.saturating_mul(rows));
                Ok(Self { bytes, elements, ..one })
            }
            ColumnarValue::Array(array) => Self::of(array),
        });
        known.collect()
    }

    fn of(array: &ArrayRef) -> Result<Self> {
        let whole = Self {
            bytes: array.to_data().get_slice_memory_size()?,
            longest: 0,
            shortest: 0,
            largest: 0,
            elements: array.len(),
        };
        Ok(match array.data_type() {
            data_type if data_type.is_integer() => {
                let largest = max(cast(array, &DataType::Int64)?.as_primitive::<Int64Type>()).unwrap_or(0);
                Self { largest: usize::try_from(largest).unwrap_or(0), ..whole }
            }
            data_type if data_type.is_string() => {
                let texts = cast(array, &DataType::LargeUtf8)?;
                let lengths = || texts.as_string::<i64>().iter().flatten().map(str::len);
                Self {
                    bytes: lengths().sum(),
                    longest: lengths().max().unwrap_or(0),
                    shortest: lengths().min().unwrap_or(0),
                    ..whole
                }
            }
            DataType::List(_) => Self { elements: array.as_list::<i32>().values().len(), ..whole },
            DataType::LargeList(_) => Self { elements: array.as_list::<i64>().values().len(), ..whole },
            _ => whole,
        })
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.inner().aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.inner().return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        if let (Makes::Typed, Some(Some(name))) = (self.makes, args.scalar_arguments.get(1))
            && let Some(name) = name.try_as_str().flatten()
        {
            check_type(name).map_err(|error| DataFusionError::External(Box::new(error)))?;
        }
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arguments)
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        match self.makes {
            // What was said of the type is checked by now.
            Makes::Typed => self.inner.inner().simplify(args, info),
            // Into operators, which take short patterns unchecked.
            Makes::Match if args.get(1).is_some_and(patterns::is_sound) => {
                self.inner.inner().simplify(args, info)
            }
            _ => Ok(ExprSimplifyResult::Original(args)),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.check(&args)?;
        self.inner.invoke_with_args(args)
    }
}
