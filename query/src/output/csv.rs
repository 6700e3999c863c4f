//! CSV by RFC 4180: a header, CRLF, quotes where they are needed, NULL empty.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::json::plain_cell;

pub(super) struct Writer<W> {
    sink: W,
    line: String,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(schema: &SchemaRef, sink: W) -> io::Result<Self> {
        let mut writer = Self { sink, line: String::new() };
        writer.record(schema.fields().iter().map(|field| Some(field.name().clone())))?;
        Ok(writer)
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().zip(schema.fields());
            self.record(
                cells.map(|(column, field)| (!column.is_null(row)).then(|| plain_cell(column, field, row))),
            )?;
        }
        Ok(())
    }

    fn record(&mut self, cells: impl Iterator<Item = Option<String>>) -> io::Result<()> {
        self.line.clear();
        for (index, cell) in cells.enumerate() {
            if index > 0 {
                self.line.push(',');
            }
            match cell {
                None => {}
                // So that an empty text is told from NULL.
                Some(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
                    self.line.push('"');
                    self.line.push_str(&text.replace('"', "\"\""));
                    self.line.push('"');
                }
                Some(text) => self.line.push_str(&text),
            }
        }
        self.line.push_str("\r\n");
        self.sink.write_all(self.line.as_bytes())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.sink.flush()?;
        Ok(self.sink)
    }
}
