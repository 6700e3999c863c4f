//! Rows of our own types to Arrow columns: a table says what each of its cells is, one place builds
//! the arrays.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, StringBuilder,
    TimestampNanosecondBuilder,
};

use super::Type;

/// One value of a fixed column.
pub(crate) use engine::Shown as Cell;

/// An array being built.
pub(crate) enum Builder {
    Text(StringBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    Time(TimestampNanosecondBuilder),
    Texts(ListBuilder<StringBuilder>),
}

impl Builder {
    pub(crate) fn new(kind: Type) -> Self {
        match kind {
            Type::Text | Type::Json => Self::Text(StringBuilder::new()),
            Type::Int => Self::Int(Int64Builder::new()),
            Type::Float => Self::Float(Float64Builder::new()),
            Type::Bool => Self::Bool(BooleanBuilder::new()),
            Type::Time => Self::Time(TimestampNanosecondBuilder::new().with_timezone("UTC")),
            Type::Texts => Self::Texts(ListBuilder::new(StringBuilder::new())),
        }
    }

    /// Adds a cell. A table whose cell is not of its column's type has a bug.
    pub(crate) fn push(&mut self, cell: Cell<'_>) {
        match (self, cell) {
            (Self::Text(builder), Cell::Text(text)) => builder.append_value(text),
            (Self::Text(builder), Cell::Null) => builder.append_null(),
            (Self::Int(builder), Cell::Int(number)) => builder.append_value(number),
            (Self::Int(builder), Cell::Null) => builder.append_null(),
            (Self::Float(builder), Cell::Float(number)) => builder.append_value(number),
            (Self::Float(builder), Cell::Null) => builder.append_null(),
            (Self::Bool(builder), Cell::Bool(truth)) => builder.append_value(truth),
            (Self::Bool(builder), Cell::Null) => builder.append_null(),
            (Self::Time(builder), Cell::Time(time)) => builder.append_value(time),
            (Self::Time(builder), Cell::Null) => builder.append_null(),
            (Self::Texts(builder), Cell::Texts(texts)) => {
                texts.into_iter().for_each(|text| builder.values().append_value(text));
                builder.append(true);
            }
            (Self::Texts(builder), Cell::Null) => builder.append(false),
            (_, cell) => unreachable!("a column's cells are of its type: {cell:?}"),
        }
    }

    pub(crate) fn finish(mut self) -> ArrayRef {
        match &mut self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
            Self::Texts(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Builds one column over rows.
pub(crate) fn column<'a, R: 'a>(
    kind: Type,
    rows: impl Iterator<Item = &'a R>,
    cell: impl Fn(&'a R) -> Cell<'a>,
) -> ArrayRef {
    let mut builder = Builder::new(kind);
    rows.for_each(|row| builder.push(cell(row)));
    builder.finish()
}
