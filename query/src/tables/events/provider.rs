//! Rows of `events`, in log order.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::Result;
use engine::{Body, Lsn, Recorded, RunKey, Subject};

use super::{TABLE, body};
use crate::scan::prune::Prunes;
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request, outside};
use crate::tables::Table;
use crate::tables::cell::Cell;

/// The table.
#[derive(Debug)]
pub(crate) struct Events;

/// Events between two positions whose run, if they have one, the statement sees; where deleted runs are
/// shown, all events: also of an erased run it is told that it was.
pub(crate) fn entries(context: &Arc<Context>, (low, high): (i64, i64)) -> Rows<Recorded> {
    let from = u64::try_from(low.max(1)).unwrap_or(1);
    let context = Arc::clone(context);
    let events = context.snapshot.recorded(Lsn(from));
    let until = events.take_while(move |event| match event {
        Ok(event) => i64::try_from(event.lsn.0).is_ok_and(|lsn| lsn <= high),
        Err(_) => true,
    });
    // A run has many events, and looking for one that rests takes a while.
    let mut known: BTreeMap<RunKey, bool> = BTreeMap::new();
    let mut is_seen = move |run: &RunKey| -> Result<bool> {
        if context.include_deleted {
            return Ok(true);
        }
        if let Some(is_seen) = known.get(run) {
            return Ok(*is_seen);
        }
        let found = context.snapshot.projection.generation(run).map_err(outside)?;
        let is_seen = found.is_none_or(|run| context.sees(&run));
        known.insert(run.clone(), is_seen);
        Ok(is_seen)
    };
    Box::new(until.filter_map(move |event| match event {
        Ok(event) => match event.event.run().map_or(Ok(true), &mut is_seen) {
            Ok(is_seen) => is_seen.then_some(Ok(event)),
            Err(error) => Some(Err(error)),
        },
        Err(error) => Some(Err(outside(error))),
    }))
}

impl RowTable for Events {
    type Row = Recorded;

    fn table(&self) -> &'static Table {
        &TABLE
    }

    fn prunes(&self) -> Prunes {
        Prunes { runs: false, key: false, position: Some("lsn") }
    }

    fn reads_log(&self) -> bool {
        true
    }

    fn estimate(&self, context: &Context) -> usize {
        usize::try_from(context.snapshot.durable.0).unwrap_or(usize::MAX)
    }

    fn rows(&self, context: &Arc<Context>, request: &Request) -> Rows<Recorded> {
        entries(context, request.filters.positions)
    }

    fn cell<'a>(&self, column: &str, row: &'a Recorded) -> Cell<'a> {
        let project = match &row.event.subject {
            Subject::Store => None,
            Subject::Project(project) => Some(project),
            Subject::Run(run) => Some(&run.project),
        };
        match column {
            "entity" => Cell::text(project.map(|project| &*project.entity)),
            "project" => Cell::text(project.map(|project| &*project.project)),
            "run_id" => Cell::text(row.event.run().map(|run| &*run.run)),
            "generation" => Cell::int(row.event.run().map(|run| run.generation.into())),
            "lsn" => Cell::count(row.lsn.0),
            "time" => Cell::Time(body::source_time(row).unwrap_or(row.event.received)),
            "received_at" => Cell::Time(row.event.received),
            "kind" => Cell::text(row.event.body.name()),
            "actor" => Cell::unless_empty(&row.event.actor),
            "cause" => match &row.event.body {
                Body::StateChanged(change) => Cell::text(change.cause.name()),
                _ => Cell::Null,
            },
            "body" => Cell::owned(body::json(row).to_strict_json()),
            _ => Cell::Null,
        }
    }
}
