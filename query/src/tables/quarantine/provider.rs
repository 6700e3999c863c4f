//! Rows of `quarantine`: events of that kind, looked for only if a run has some.

use std::sync::Arc;

use engine::{Body, Recorded};

use super::TABLE;
use crate::scan::prune::{ByRun, Prunes};
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request};
use crate::tables::Table;
use crate::tables::cell::Cell;
use crate::tables::events::entries;

/// The table.
#[derive(Debug)]
pub(crate) struct Quarantine;

impl RowTable for Quarantine {
    type Row = Recorded;

    fn table(&self) -> &'static Table {
        &TABLE
    }

    fn prunes(&self) -> Prunes {
        Prunes { runs: ByRun::Roughly, position: Some("lsn"), ..Prunes::default() }
    }

    fn reads_log(&self) -> bool {
        true
    }

    fn estimate(&self, context: &Context) -> usize {
        context.run_count()
    }

    fn rows(&self, context: &Arc<Context>, request: &Request) -> Rows<Recorded> {
        if context.snapshot.projection.totals.quarantined == 0 {
            return Box::new(std::iter::empty());
        }
        let entries = entries(context, &request.filters);
        Box::new(entries.filter(|entry| {
            entry.as_ref().map_or(true, |entry| matches!(entry.event.body, Body::Quarantined(_)))
        }))
    }

    fn cell<'a>(&self, column: &str, row: &'a Recorded) -> Cell<'a> {
        let (Some(run), Body::Quarantined(line)) = (row.event.run(), &row.event.body) else {
            return Cell::Null;
        };
        match column {
            "entity" => Cell::text(&*run.project.entity),
            "project" => Cell::text(&*run.project.project),
            "run_id" => Cell::text(&*run.run),
            "generation" => Cell::Int(run.generation.into()),
            "writer" => Cell::unless_empty(&line.writer),
            "lsn" => Cell::count(row.lsn.0),
            "received_at" => Cell::Time(row.event.received),
            "stream" => Cell::text(&*line.stream),
            "line" => Cell::count(line.line),
            "raw" => Cell::text(&*line.raw),
            "reason" => Cell::text(&*line.reason),
            _ => Cell::Null,
        }
    }
}
