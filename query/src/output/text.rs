//! Tables for people: on a terminal, and for a page.
//!
//! ```text
//!  name          summary.loss
//! ────────────  ────────────
//!  jolly-haze-4          0.25
//! ```
//!
//! Widths come from the first rows; a later, wider cell pushes its line out and loses nothing. What a
//! terminal would obey (colours, cursor moves) is shown, not sent: names and console lines are data.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use unicode_width::UnicodeWidthStr;

use super::json::plain_cell;

/// Rows from which the widths of columns are taken.
const MEASURED_ROWS: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Terminal,
    Markdown,
}

pub(super) struct Writer<W> {
    style: Style,
    sink: W,
    names: Vec<String>,
    are_numbers: Vec<bool>,
    /// Rows that wait for the widths.
    waiting: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(style: Style, schema: &SchemaRef, sink: W) -> Self {
        let is_number = |data_type: &DataType| data_type.is_numeric();
        Self {
            style,
            sink,
            names: schema.fields().iter().map(|field| shown(field.name(), style)).collect(),
            are_numbers: schema.fields().iter().map(|field| is_number(field.data_type())).collect(),
            waiting: Vec::new(),
            widths: None,
        }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let columns = batch.columns().iter().zip(schema.fields());
            let cells: Vec<String> =
                columns.map(|(column, field)| shown(&plain_cell(column, field, row), self.style)).collect();
            match &self.widths {
                Some(widths) => self.line(&cells, &widths.clone())?,
                None => self.waiting.push(cells),
            }
        }
        if self.widths.is_none() && self.waiting.len() >= MEASURED_ROWS { self.begin() } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        if self.widths.is_none() {
            self.begin()?;
        }
        self.sink.flush()?;
        Ok(self.sink)
    }

    /// Writes the head and the rows that waited for the widths.
    fn begin(&mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let widths: Vec<usize> = self
            .names
            .iter()
            .enumerate()
            .map(|(column, name)| {
                let cells = waiting.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.width()).chain([name.width(), 3]).max().unwrap_or(0)
            })
            .collect();
        self.line(&self.names.clone(), &widths)?;
        let rule: Vec<String> =
            widths.iter().zip(&self.are_numbers).map(|(width, right)| self.rule(*width, *right)).collect();
        match self.style {
            Style::Terminal => writeln!(self.sink, "{}", rule.join("──"))?,
            Style::Markdown => writeln!(self.sink, "| {} |", rule.join(" | "))?,
        }
        for row in &waiting {
            self.line(row, &widths)?;
        }
        self.widths = Some(widths);
        Ok(())
    }

    fn rule(&self, width: usize, is_right: bool) -> String {
        match (self.style, is_right) {
            (Style::Terminal, _) => "─".repeat(width),
            (Style::Markdown, false) => "-".repeat(width),
            (Style::Markdown, true) => format!("{}:", "-".repeat(width.saturating_sub(1))),
        }
    }

    fn line(&mut self, cells: &[String], widths: &[usize]) -> io::Result<()> {
        let padded = cells.iter().zip(widths).zip(&self.are_numbers).map(|((cell, width), is_right)| {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            if *is_right { format!("{space}{cell}") } else { format!("{cell}{space}") }
        });
        let padded: Vec<String> = padded.collect();
        match self.style {
            Style::Terminal => writeln!(self.sink, "{}", padded.join("  ").trim_end()),
            Style::Markdown => writeln!(self.sink, "| {} |", padded.join(" | ")),
        }
    }
}

/// A text on one line, with nothing in it that a terminal or a page would obey.
fn shown(text: &str, style: Style) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' | '\r' | '\t' => out.extend(char.escape_default()),
            '|' | '<' if style == Style::Markdown => out.extend(['\\', char]),
            _ if char.is_control() || is_direction(char) => out.extend(char.escape_unicode()),
            _ => out.push(char),
        }
    }
    out
}

/// Marks that make a terminal show text in another order than it stands.
fn is_direction(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
