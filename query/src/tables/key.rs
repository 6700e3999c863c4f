//! A logged key as a column: which value it means, and as which SQL type it is seen.
//!
//! People log what they like, so one key may hold numbers in one run and texts in another. The
//! resolver picks one *view* for each place in a statement (DESIGN 5.1, "Types"); a value that the
//! view cannot show is NULL there.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field};
use engine::{Cell, Kinds, NonFinite, Space, Value, write_float};

use super::json_field;

/// Which value a name means.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyPath {
    /// Where it occurs.
    pub(crate) space: SpaceName,
    /// The key, or a path of keys with dots between them.
    pub(crate) name: Arc<str>,
    /// What follows from the first list index on.
    pub(crate) tail: Vec<Hop>,
}

/// [`Space`] with an order and a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum SpaceName {
    Config,
    Summary,
    History,
    System,
}

/// A step into a list or a map.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Hop {
    /// A place in a list, from 0.
    Index(usize),
    /// A member of a map.
    Member(Arc<str>),
}

/// As which type a key is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum View {
    /// Int64: integers in its range.
    Int,
    /// Float64: every number, as the nearest float.
    Float,
    /// Boolean.
    Bool,
    /// Utf8: texts as they are, anything else as people write it; 10 and 10.0 are both `10`.
    Text,
    /// Utf8: the texts alone.
    TextOnly,
    /// Utf8 that is strict JSON.
    Json,
    /// Boolean: true where there is a value, and be it JSON null.
    There,
}

/// What the place in a statement asks of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// A bare SELECT, GROUP BY, LIKE, IN: what tells most.
    Any,
    /// IS NULL, IS NOT NULL: whatever it is.
    Present,
    /// ORDER BY, min, max, a cast to a number: numbers where there are some.
    Sortable,
    /// Arithmetic and the aggregates of numbers: numbers; a key of texts stays what it is, so that
    /// the planner can say what is wrong.
    Number,
    /// Comparison with a number, `as_number(k)`: what is none is never equal to one, so it is NULL.
    LikeNumber,
    /// Comparison with `true` or `false`, `as_boolean(k)`: what is neither is NULL.
    LikeBool,
    /// Comparison with a text.
    LikeText,
    /// `as_text(k)`: what is no text is NULL.
    TextOnly,
    /// `as_json(k)`: whatever it is, as JSON.
    Json,
    /// `has_key(k)`: whether there is a value.
    There,
}

impl SpaceName {
    pub(crate) fn space(self) -> Space {
        match self {
            Self::Config => Space::Config,
            Self::Summary => Space::Summary,
            Self::History => Space::History,
            Self::System => Space::System,
        }
    }
}

impl From<Space> for SpaceName {
    fn from(space: Space) -> Self {
        match space {
            Space::Config => Self::Config,
            Space::Summary => Self::Summary,
            Space::History => Self::History,
            Space::System => Self::System,
        }
    }
}

/// What the kinds of a key come down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// No run has it.
    Unknown,
    /// Every value has this one view.
    Plain(View),
    /// Values of several sorts; the view of the numbers among them, if there are any.
    Mixed(Option<View>),
}

impl Sort {
    pub(crate) fn of(kinds: Kinds) -> Self {
        let number = match (kinds.has(Kinds::INT), kinds.has(Kinds::FLOAT)) {
            (_, true) => Some(View::Float),
            (true, false) => Some(View::Int),
            (false, false) => None,
        };
        let others = [(Kinds::BOOL, View::Bool), (Kinds::TEXT, View::Text), (Kinds::NESTED, View::Json)];
        let mut found = others.iter().filter(|(kind, _)| kinds.has(*kind)).map(|(_, view)| *view);
        match (number, found.next(), found.next()) {
            (None, None, _) if kinds.has(Kinds::NULL) => Self::Plain(View::Text),
            (None, None, _) => Self::Unknown,
            (Some(view), None, _) | (None, Some(view), None) => Self::Plain(view),
            (number, _, _) => Self::Mixed(number),
        }
    }

    /// The view for a place.
    pub(crate) fn view(self, want: Want) -> View {
        match (self, want) {
            (_, Want::There) => View::There,
            (_, Want::Json) => View::Json,
            (_, Want::LikeBool) => View::Bool,
            (Self::Plain(View::Text), Want::TextOnly) => View::Text,
            (_, Want::TextOnly) => View::TextOnly,
            (Self::Plain(view @ (View::Int | View::Float)), Want::LikeNumber) => view,
            (Self::Unknown | Self::Plain(_) | Self::Mixed(None), Want::LikeNumber)
            | (Self::Unknown, Want::Number) => View::Float,
            (Self::Unknown, _) => View::Text,
            (Self::Plain(view), _) => view,
            (Self::Mixed(Some(number)), Want::Sortable | Want::Number | Want::LikeNumber) => number,
            (Self::Mixed(_), _) => View::Text,
        }
    }

    /// As `DESCRIBE` says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Plain(View::Int) => "integer",
            Self::Plain(View::Float) => "float",
            Self::Plain(View::Bool | View::There) => "boolean",
            Self::Plain(View::Text | View::TextOnly) => "text",
            Self::Plain(View::Json) => "json",
            Self::Mixed(_) => "mixed",
        }
    }
}

impl View {
    /// A nullable field of the view's type.
    pub(crate) fn field(self, name: &str) -> Field {
        let field = |data_type| Field::new(name, data_type, true);
        match self {
            Self::Int => field(DataType::Int64),
            Self::Float => field(DataType::Float64),
            Self::Bool | Self::There => field(DataType::Boolean),
            Self::Text | Self::TextOnly => field(DataType::Utf8),
            Self::Json => json_field(field(DataType::Utf8)),
        }
    }
}

/// Whether a key of a row is one of the row's own columns, or not for people.
pub(crate) fn is_own_key(key: &str) -> bool {
    matches!(key, "_step" | "_timestamp" | "_runtime" | engine::HIDDEN_KEY)
}

/// The value of a name within a value, for what stands in one history cell: the exact member first,
/// then the path, whose members may themselves have dots in their names.
pub(crate) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| {
        name.match_indices('.')
            .find_map(|(dot, _)| member(value.get(name.get(..dot)?)?, name.get(dot + 1..)?))
    })
}

/// Follows hops into a value.
pub(crate) fn follow<'a>(value: &'a Value, hops: &[Hop]) -> Option<&'a Value> {
    hops.iter().try_fold(value, |value, hop| match (hop, value) {
        (Hop::Index(index), Value::List(items)) => items.get(*index),
        (Hop::Member(name), value) => member(value, name),
        _ => None,
    })
}

/// A column of a key being filled: a slot a row, in any order, the last write wins.
pub(crate) enum Slots<'a> {
    Int(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Bool(Vec<Option<bool>>),
    Text(Vec<Option<Cow<'a, str>>>),
    TextOnly(Vec<Option<Cow<'a, str>>>),
    Json(Vec<Option<Cow<'a, str>>>),
    There(Vec<Option<bool>>),
}

impl<'a> Slots<'a> {
    /// So many rows, all NULL.
    pub(crate) fn new(view: View, rows: usize) -> Self {
        match view {
            View::Int => Self::Int(vec![None; rows]),
            View::Float => Self::Float(vec![None; rows]),
            View::Bool => Self::Bool(vec![None; rows]),
            View::Text => Self::Text(vec![None; rows]),
            View::TextOnly => Self::TextOnly(vec![None; rows]),
            View::There => Self::There(vec![None; rows]),
            View::Json => Self::Json(vec![None; rows]),
        }
    }

    /// Writes a cell of history over what stands; JSON null is NULL.
    pub(crate) fn set(&mut self, row: usize, cell: Cell<'a>) {
        match (&mut *self, cell) {
            (Self::Int(slots), Cell::Int(value)) => put(slots, row, Some(value)),
            (Self::Float(slots), Cell::Float(value)) => put(slots, row, Some(value)),
            (Self::Float(slots), Cell::Int(value)) => put(slots, row, Some(value as f64)),
            (Self::Bool(slots), Cell::Bool(value)) => put(slots, row, Some(value)),
            (Self::Text(slots) | Self::TextOnly(slots), Cell::Text(text)) => {
                put(slots, row, Some(Cow::Borrowed(text)))
            }
            (_, cell) => self.set_value(row, &cell.to_value()),
        }
    }

    /// Writes a value over what stands.
    pub(crate) fn set_value(&mut self, row: usize, value: &Value) {
        match self {
            Self::Int(slots) => put(slots, row, value.as_i64()),
            Self::Float(slots) => put(slots, row, value.as_f64()),
            Self::Bool(slots) => put(
                slots,
                row,
                match value {
                    Value::Bool(truth) => Some(*truth),
                    _ => None,
                },
            ),
            Self::Text(slots) => put(slots, row, text_of(value).map(|text| Cow::Owned(text.into_owned()))),
            Self::TextOnly(slots) => put(slots, row, value.as_str().map(|text| Cow::Owned(text.to_owned()))),
            Self::There(slots) => put(slots, row, Some(true)),
            Self::Json(slots) => {
                let json = (!matches!(value, Value::Null)).then(|| Cow::Owned(value.to_strict_json()));
                put(slots, row, json);
            }
        }
    }

    pub(crate) fn finish(self) -> ArrayRef {
        match self {
            Self::Int(slots) => Arc::new(Int64Array::from(slots)),
            Self::Float(slots) => Arc::new(Float64Array::from(slots)),
            Self::Bool(slots) | Self::There(slots) => Arc::new(BooleanArray::from(slots)),
            Self::Text(slots) | Self::TextOnly(slots) | Self::Json(slots) => {
                Arc::new(slots.iter().map(Option::as_deref).collect::<StringArray>())
            }
        }
    }
}

fn put<T>(slots: &mut [Option<T>], row: usize, value: Option<T>) {
    if let Some(slot) = slots.get_mut(row) {
        *slot = value;
    }
}

/// A value as the text view shows it.
pub(crate) fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::Null => return None,
        Value::Text(text) => Cow::Borrowed(text),
        Value::Float(number) => {
            let mut text = String::new();
            write_float(*number, &mut text, NonFinite::Bare);
            // One key, one run with 10 and one with 10.0: the same group.
            let whole = text.strip_suffix(".0").map(str::to_owned);
            Cow::Owned(whole.unwrap_or(text))
        }
        other => Cow::Owned(other.to_strict_json()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_numbers_is_a_float_and_of_integers_an_integer() {
        assert_eq!(Sort::of(Kinds::INT.and(Kinds::NULL)), Sort::Plain(View::Int));
        assert_eq!(Sort::of(Kinds::INT.and(Kinds::FLOAT)), Sort::Plain(View::Float));
        assert_eq!(Sort::of(Kinds::default()), Sort::Unknown);
    }

    #[test]
    fn a_mixed_key_is_a_number_where_numbers_are_wanted_and_else_a_text() {
        let mixed = Sort::of(Kinds::INT.and(Kinds::TEXT));
        assert_eq!(mixed.view(Want::Number), View::Int);
        assert_eq!(mixed.view(Want::Sortable), View::Int);
        assert_eq!(mixed.view(Want::Any), View::Text);
        assert_eq!(mixed.view(Want::LikeText), View::Text);
        assert_eq!(mixed.name(), "mixed");
    }

    #[test]
    fn a_text_is_never_equal_to_a_number() {
        assert_eq!(Sort::Plain(View::Text).view(Want::LikeNumber), View::Float);
        assert_eq!(Sort::Plain(View::Bool).view(Want::LikeNumber), View::Float);
        assert_eq!(Sort::Plain(View::Json).view(Want::LikeNumber), View::Float);
        assert_eq!(Sort::Plain(View::Int).view(Want::LikeNumber), View::Int);
        assert_eq!(Sort::Plain(View::Text).view(Want::Sortable), View::Text);
    }

    #[test]
    fn a_value_of_another_kind_is_null_where_one_kind_is_asked_for() {
        assert_eq!(Sort::Plain(View::Int).view(Want::TextOnly), View::TextOnly);
        assert_eq!(Sort::Plain(View::Text).view(Want::TextOnly), View::Text);
        assert_eq!(Sort::Plain(View::Text).view(Want::LikeBool), View::Bool);
        for view in [View::Float, View::Bool, View::TextOnly] {
            let mut slots = Slots::new(view, 4);
            let values = [Value::Int(10), Value::text("10"), Value::Bool(true), Value::List(Vec::new())];
            values.iter().enumerate().for_each(|(row, value)| slots.set_value(row, value));
            assert_eq!(slots.finish().null_count(), 3, "{view:?}");
        }
    }

    #[test]
    fn ten_and_ten_point_zero_have_one_text() {
        assert_eq!(text_of(&Value::Float(10.0)), text_of(&Value::Int(10)));
        assert_eq!(text_of(&Value::Float(0.5)).as_deref(), Some("0.5"));
        assert_eq!(text_of(&Value::Float(f64::NAN)).as_deref(), Some("NaN"));
    }
}
