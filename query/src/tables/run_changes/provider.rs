//! Rows of `run_changes`, in log order.

use std::sync::Arc;

use engine::{Recorded, Value};

use super::{TABLE, changes};
use crate::scan::prune::{ByRun, Prunes};
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request};
use crate::tables::Table;
use crate::tables::cell::Cell;
use crate::tables::events;

/// The table.
#[derive(Debug)]
pub(crate) struct RunChanges;

/// A path that an event changed.
#[derive(Debug)]
pub(crate) struct Change {
    event: Arc<Recorded>,
    path: String,
    value: Option<Value>,
}

impl RowTable for RunChanges {
    type Row = Change;

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
        usize::try_from(context.snapshot.durable.0).unwrap_or(usize::MAX)
    }

    fn rows(&self, context: &Arc<Context>, request: &Request) -> Rows<Change> {
        let events = events::entries(context, &request.filters);
        Box::new(events.flat_map(|event| match event {
            Ok(event) => {
                let event = Arc::new(event);
                let changes = changes::of(&event.event.body).into_iter();
                let changes = changes.filter(|_| event.event.run().is_some());
                let rows: Vec<_> = changes
                    .map(|(path, value)| Ok(Change { event: Arc::clone(&event), path, value }))
                    .collect();
                rows
            }
            Err(error) => vec![Err(error)],
        }))
    }

    fn cell<'a>(&self, column: &str, row: &'a Change) -> Cell<'a> {
        let Recorded { lsn, event, .. } = &*row.event;
        let run = event.run();
        match column {
            "entity" => Cell::text(run.map(|run| &*run.project.entity)),
            "project" => Cell::text(run.map(|run| &*run.project.project)),
            "run_id" => Cell::text(run.map(|run| &*run.run)),
            "generation" => Cell::int(run.map(|run| run.generation.into())),
            "lsn" => Cell::count(lsn.0),
            "time" => Cell::Time(event.received),
            "actor" => Cell::unless_empty(&event.actor),
            "path" => Cell::text(row.path.as_str()),
            "value" => row.value.as_ref().map_or(Cell::Null, |value| Cell::owned(value.to_strict_json())),
            "kind" => Cell::text(if row.value.is_some() { "set" } else { "removed" }),
            _ => Cell::Null,
        }
    }
}
