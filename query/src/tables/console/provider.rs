//! Rows of `console`, a run at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::Result;
use engine::{ConsoleLine, Run, Screen, StreamKind};

use super::TABLE;
use crate::scan::prune::{ByRun, Prunes};
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request, outside};
use crate::tables::Table;
use crate::tables::cell::Cell;

/// The table.
#[derive(Debug)]
pub(crate) struct Console;

/// A line.
pub(crate) struct Line {
    run: Arc<Run>,
    writer: Arc<str>,
    number: u64,
    lsn: u64,
    line: ConsoleLine,
}

impl RowTable for Console {
    type Row = Line;

    fn table(&self) -> &'static Table {
        &TABLE
    }

    fn prunes(&self) -> Prunes {
        Prunes { runs: ByRun::Exactly, ..Prunes::default() }
    }

    fn reads_log(&self) -> bool {
        true
    }

    fn rests_in(&self) -> Option<&'static str> {
        Some("console")
    }

    fn estimate(&self, context: &Context) -> usize {
        context.run_count().saturating_mul(100)
    }

    fn rows(&self, context: &Arc<Context>, request: &Request) -> Rows<Line> {
        let runs = request.filters.runs(context);
        let context = Arc::clone(context);
        Box::new(runs.flat_map(move |run| match run.and_then(|run| lines_of(&context, &run)) {
            Ok(lines) => lines.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        }))
    }

    fn cell<'a>(&self, column: &str, row: &'a Line) -> Cell<'a> {
        match column {
            "entity" => Cell::text(&*row.run.key.project.entity),
            "project" => Cell::text(&*row.run.key.project.project),
            "run_id" => Cell::text(&*row.run.key.run),
            "generation" => Cell::Int(row.run.key.generation.into()),
            "writer" => Cell::unless_empty(&row.writer),
            "line" => Cell::count(row.number),
            "timestamp" => Cell::time(row.line.time),
            "stream" => Cell::text(if row.line.is_stderr { "stderr" } else { "stdout" }),
            "level" => Cell::text(if row.line.is_stderr { "error" } else { "info" }),
            "label" => Cell::unless_empty(&row.line.label),
            "text" => Cell::text(&*row.line.text),
            "lsn" => Cell::count(row.lsn),
            _ => Cell::Null,
        }
    }
}

/// The lines of a run, writer by writer: each has its own line numbers.
fn lines_of(context: &Context, run: &Arc<Run>) -> Result<Vec<Line>> {
    let mut screens: BTreeMap<&Arc<str>, Screen> = BTreeMap::new();
    let extents = context.snapshot.extents(run, StreamKind::Console).map_err(outside)?;
    for extent in &extents {
        let screen = screens.entry(&extent.writer).or_default();
        for (number, lsn, line) in context.snapshot.console_lines(extent).map_err(outside)? {
            screen.write(number, lsn, line);
        }
    }
    let mut lines = Vec::new();
    for (writer, screen) in screens {
        lines.extend(screen.lines().map(|(number, lsn, line)| Line {
            run: Arc::clone(run),
            writer: Arc::clone(writer),
            number,
            lsn: lsn.0,
            line: line.clone(),
        }));
    }
    Ok(lines)
}
