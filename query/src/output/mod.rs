//! Batches to bytes: [`Writer`] takes them as they come and writes one of the [`Format`]s.
//!
//! What holds for the formats of text:
//! - 64-bit integers are exact; NaN and the infinities are the texts `NaN`, `Infinity`, `-Infinity`;
//!   times are RFC 3339 in UTC; lists, maps and columns of JSON text are JSON.
//! - NULL is `null` in JSON, nothing in CSV and in tables.

mod arrow;
mod csv;
pub(crate) mod json;
mod text;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use ::arrow::array::RecordBatch;
use ::arrow::datatypes::SchemaRef;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns for a terminal.
    Table,
    /// One array of objects.
    Json,
    /// An object a line.
    Ndjson,
    /// RFC 4180, with a header.
    Csv,
    /// A table for a page.
    Markdown,
    /// A Parquet file.
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] =
        [Self::Table, Self::Json, Self::Ndjson, Self::Csv, Self::Markdown, Self::Parquet, Self::Arrow];

    /// As people type it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Table => "text/plain; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Arrow => "application/vnd.apache.arrow.stream",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no format {0:?}; there are table, json, ndjson, csv, markdown, parquet and arrow")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let format = Self::ALL.into_iter().find(|format| format.name() == name);
        format.ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// Writes an answer.
pub struct Writer<W: Write + Send>(Kind<W>);

enum Kind<W: Write + Send> {
    Text(text::Writer<W>),
    Json(json::Writer<W>),
    Csv(csv::Writer<W>),
    Parquet(Box<arrow::Parquet<W>>),
    Arrow(Box<arrow::Stream<W>>),
}

impl<W: Write + Send> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl<W: Write + Send> Writer<W> {
    /// Begins an answer of these columns.
    ///
    /// # Errors
    ///
    /// Whatever `sink` answers.
    pub fn new(format: Format, schema: &SchemaRef, sink: W) -> io::Result<Self> {
        Ok(Self(match format {
            Format::Table => Kind::Text(text::Writer::new(text::Style::Terminal, schema, sink)),
            Format::Markdown => Kind::Text(text::Writer::new(text::Style::Markdown, schema, sink)),
            Format::Json => Kind::Json(json::Writer::new(json::Style::Array, sink)?),
            Format::Ndjson => Kind::Json(json::Writer::new(json::Style::Lines, sink)?),
            Format::Csv => Kind::Csv(csv::Writer::new(schema, sink)?),
            Format::Parquet => Kind::Parquet(Box::new(arrow::Parquet::new(schema, sink)?)),
            Format::Arrow => Kind::Arrow(Box::new(arrow::Stream::new(schema, sink)?)),
        }))
    }

    /// Writes some rows.
    ///
    /// # Errors
    ///
    /// Whatever the sink answers.
    pub fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        match &mut self.0 {
            Kind::Text(writer) => writer.write(batch),
            Kind::Json(writer) => writer.write(batch),
            Kind::Csv(writer) => writer.write(batch),
            Kind::Parquet(writer) => writer.write(batch),
            Kind::Arrow(writer) => writer.write(batch),
        }
    }

    /// Writes the end and gives the sink back.
    ///
    /// # Errors
    ///
    /// Whatever the sink answers.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Kind::Text(writer) => writer.finish(),
            Kind::Json(writer) => writer.finish(),
            Kind::Csv(writer) => writer.finish(),
            Kind::Parquet(writer) => writer.finish(),
            Kind::Arrow(writer) => writer.finish(),
        }
    }
}

#[cfg(test)]
mod tests;
