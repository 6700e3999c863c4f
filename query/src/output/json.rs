//! JSON: an array of objects, or an object a line.

use std::io::{self, Write};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, TimeUnit};
use arrow::datatypes::{
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, SecondsFormat, Utc};
use engine::{NonFinite, write_float, write_text};
use serde::de::IgnoredAny;

use crate::tables::is_json;

/// One array, or an object a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Array,
    Lines,
}

pub(super) struct Writer<W> {
    style: Style,
    sink: W,
    is_first: bool,
    text: String,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(style: Style, mut sink: W) -> io::Result<Self> {
        if style == Style::Array {
            sink.write_all(b"[")?;
        }
        Ok(Self { style, sink, is_first: true, text: String::new() })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let schema = batch.schema();
        let names: Vec<String> = schema
            .fields()
            .iter()
            .map(|field| {
                let mut name = String::new();
                write_text(field.name(), &mut name);
                name
            })
            .collect();
        for row in 0..batch.num_rows() {
            self.text.clear();
            if self.style == Style::Array {
                self.text.push_str(if self.is_first { "\n" } else { ",\n" });
            }
            self.is_first = false;
            self.text.push('{');
            for (index, ((column, field), name)) in
                batch.columns().iter().zip(schema.fields()).zip(&names).enumerate()
            {
                if index > 0 {
                    self.text.push(',');
                }
                self.text.push_str(name);
                self.text.push(':');
                write_cell(column, field, row, &mut self.text);
            }
            self.text.push('}');
            if self.style == Style::Lines {
                self.text.push('\n');
            }
            self.sink.write_all(self.text.as_bytes())?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        if self.style == Style::Array {
            self.sink.write_all(if self.is_first { b"]\n" } else { b"\n]\n" })?;
        }
        self.sink.flush()?;
        Ok(self.sink)
    }
}

/// Appends a cell as JSON. Text of a column that is marked as JSON stands as it is.
pub(crate) fn write_cell(array: &dyn Array, field: &Field, row: usize, out: &mut String) {
    if array.is_null(row) {
        out.push_str("null");
        return;
    }
    macro_rules! integer {
        ($kind:ty) => {
            push_display(out, &array.as_primitive::<$kind>().value(row))
        };
    }
    match array.data_type() {
        DataType::Null => out.push_str("null"),
        DataType::Boolean => push_display(out, &array.as_boolean().value(row)),
        DataType::Int8 => integer!(Int8Type),
        DataType::Int16 => integer!(Int16Type),
        DataType::Int32 => integer!(Int32Type),
        DataType::Int64 => integer!(Int64Type),
        DataType::UInt8 => integer!(UInt8Type),
        DataType::UInt16 => integer!(UInt16Type),
        DataType::UInt32 => integer!(UInt32Type),
        DataType::UInt64 => integer!(UInt64Type),
        DataType::Float16 => push_float(out, array.as_primitive::<Float16Type>().value(row).to_f64()),
        DataType::Float32 => push_short_float(out, array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => push_float(out, array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => push_text(out, field, array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => push_text(out, field, array.as_string::<i64>().value(row)),
        DataType::Utf8View => push_text(out, field, array.as_string_view().value(row)),
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => push_quoted(out, array, row),
        DataType::Decimal128(..) => push_display(out, &display(array, row)),
        DataType::List(inner) => push_list(out, &array.as_list::<i32>().value(row), inner),
        DataType::LargeList(inner) => push_list(out, &array.as_list::<i64>().value(row), inner),
        DataType::ListView(inner) => push_list(out, &array.as_list_view::<i32>().value(row), inner),
        DataType::LargeListView(inner) => push_list(out, &array.as_list_view::<i64>().value(row), inner),
        DataType::FixedSizeList(inner, _) => push_list(out, &array.as_fixed_size_list().value(row), inner),
        DataType::Struct(fields) => {
            let members = array.as_struct();
            let named = fields.iter().zip(members.columns());
            push_members(out, named.map(|(field, column)| (field.name().clone(), column, &**field, row)));
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let (_, value_field) = match entries.fields().as_ref() {
                [key, value] => (key, value),
                _ => return out.push_str("null"),
            };
            let named = (0..entries.len()).map(|at| (display(keys, at), values, &**value_field, at));
            push_members(out, named);
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            match dictionary.normalized_keys().get(row) {
                Some(key) => write_cell(dictionary.values(), field, *key, out),
                None => out.push_str("null"),
            }
        }
        DataType::Union(fields, _) => {
            let union = array.as_union();
            let id = union.type_id(row);
            match fields.iter().find(|(known, _)| *known == id) {
                // A member called so holds text that is JSON (`json_get` of a list or an object).
                Some((_, member)) if matches!(member.name().as_str(), "array" | "object") => {
                    let marked = crate::tables::json_field(Field::clone(member));
                    write_cell(union.child(id), &marked, union.value_offset(row), out);
                }
                Some((_, member)) => write_cell(union.child(id), member, union.value_offset(row), out),
                None => out.push_str("null"),
            }
        }
        _ => push_quoted(out, array, row),
    }
}

/// A cell as plain text, for CSV and tables: JSON without the quotes around what is only a text.
pub(super) fn plain_cell(array: &dyn Array, field: &Field, row: usize) -> String {
    if array.is_null(row) {
        return String::new();
    }
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).to_owned(),
        DataType::Utf8View => array.as_string_view().value(row).to_owned(),
        DataType::Float64 | DataType::Float32 | DataType::Float16 => {
            let mut text = String::new();
            write_cell(array, field, row, &mut text);
            text.trim_matches('"').to_owned()
        }
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::FixedSizeList(..)
        | DataType::Struct(_)
        | DataType::Map(..)
        | DataType::Union(..) => {
            let mut text = String::new();
            write_cell(array, field, row, &mut text);
            text
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let key = dictionary.normalized_keys().get(row).copied();
            key.map(|key| plain_cell(dictionary.values(), field, key)).unwrap_or_default()
        }
        _ => display(array, row),
    }
}

fn push_members<'a>(
    out: &mut String,
    members: impl Iterator<Item = (String, &'a arrow::array::ArrayRef, &'a Field, usize)>,
) {
    out.push('{');
    for (index, (name, column, field, row)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(&name, out);
        out.push(':');
        write_cell(column, field, row, out);
    }
    out.push('}');
}

fn push_list(out: &mut String, items: &dyn Array, field: &Field) {
    out.push('[');
    for row in 0..items.len() {
        if row > 0 {
            out.push(',');
        }
        write_cell(items, field, row, out);
    }
    out.push(']');
}

fn push_text(out: &mut String, field: &Field, text: &str) {
    // A function may have kept the mark and changed the text: look before trusting it.
    if is_json(field) && serde_json::from_str::<IgnoredAny>(text).is_ok() {
        out.push_str(text);
    } else {
        write_text(text, out);
    }
}

fn push_float(out: &mut String, number: f64) {
    write_float(number, out, NonFinite::Quoted);
}

/// A 32-bit float with its own shortest digits, not those of its 64-bit neighbour.
fn push_short_float(out: &mut String, number: f32) {
    match (number.is_finite(), number.to_string().parse::<f64>()) {
        (true, Ok(number)) => push_float(out, number),
        _ => push_float(out, f64::from(number)),
    }
}

fn push_quoted(out: &mut String, array: &dyn Array, row: usize) {
    write_text(&display(array, row), out);
}

fn push_display(out: &mut String, value: &dyn std::fmt::Display) {
    use std::fmt::Write as _;
    // Writing to a String does not fail.
    let _infallible = write!(out, "{value}");
}

/// Times as RFC 3339 in UTC, anything else as Arrow shows it.
fn display(array: &dyn Array, row: usize) -> String {
    let nanos =
        |units: i64, nanos_each: i64| units.checked_mul(nanos_each).map(DateTime::from_timestamp_nanos);
    let time: Option<DateTime<Utc>> = match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            DateTime::from_timestamp(array.as_primitive::<TimestampSecondType>().value(row), 0)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            DateTime::from_timestamp_millis(array.as_primitive::<TimestampMillisecondType>().value(row))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            DateTime::from_timestamp_micros(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            nanos(array.as_primitive::<TimestampNanosecondType>().value(row), 1)
        }
        _ => None,
    };
    if let Some(time) = time {
        return time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    }
    ArrayFormatter::try_new(array, &FormatOptions::default())
        .map(|formatter| formatter.value(row).to_string())
        .unwrap_or_default()
}
