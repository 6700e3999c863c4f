//! Rows of `events`, in log order.

use std::collections::BTreeSet;
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
    let events = context.snapshot.recorded(Lsn(from));
    let until = events.take_while(move |event| match event {
        Ok(event) => i64::try_from(event.lsn.0).is_ok_and(|lsn| lsn <= high),
        Err(_) => true,
    });
    let hidden = match hidden(context) {
        Ok(hidden) => hidden,
        Err(error) => return Box::new(std::iter::once(Err(error))),
    };
    let is_seen = move |event: &Recorded| event.event.run().is_none_or(|run| !hidden.contains(run));
    Box::new(
        until.map(|event| event.map_err(outside)).filter(move |event| event.as_ref().map_or(true, &is_seen)),
    )
}

/// The runs whose events the statement does not see. Few runs are hidden, so chunks of runs are asked how
/// many they hide before any run of theirs is loaded.
fn hidden(context: &Context) -> Result<BTreeSet<RunKey>> {
    let mut hidden = BTreeSet::new();
    if context.include_deleted {
        return Ok(hidden);
    }
    for chunk in 0..context.chunks() {
        let all = context.snapshot.projection.chunk(u32::try_from(chunk).unwrap_or(u32::MAX));
        let all = all.map_err(outside)?;
        if context.chunk(chunk)?.len() == all.len() {
            continue;
        }
        for run in all.runs() {
            let run = run.map_err(outside)?;
            if !context.sees(&run) {
                hidden.insert(run.key.clone());
            }
        }
    }
    Ok(hidden)
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
