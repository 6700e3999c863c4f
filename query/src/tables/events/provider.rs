//! Rows of `events`, in log order.

use std::sync::Arc;

use engine::{Body, Event, Lsn, Subject};

use super::{TABLE, body};
use crate::scan::prune::Prunes;
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request, outside};
use crate::tables::Table;
use crate::tables::cell::Cell;

/// The table.
#[derive(Debug)]
pub(crate) struct Events;

/// An event and its position.
pub(crate) struct Entry {
    pub(crate) lsn: u64,
    pub(crate) event: Event,
}

/// Events between two positions whose run, if they have one, the statement sees.
pub(crate) fn entries(context: &Arc<Context>, (low, high): (i64, i64)) -> Rows<Entry> {
    let from = u64::try_from(low.max(1)).unwrap_or(1);
    let context = Arc::clone(context);
    let events = context.snapshot.events(Lsn(from));
    let until = events.take_while(move |event| match event {
        Ok((lsn, _, _)) => i64::try_from(lsn.0).is_ok_and(|lsn| lsn <= high),
        Err(_) => true,
    });
    let seen = until.filter(move |event| match event {
        Ok((_, _, event)) => event.run().is_none_or(|run| {
            context.include_deleted
                || context.snapshot.projection.generation(run).is_none_or(|run| run.is_visible())
        }),
        Err(_) => true,
    });
    Box::new(seen.map(|event| {
        let (lsn, _, event) = event.map_err(outside)?;
        Ok(Entry { lsn: lsn.0, event })
    }))
}

impl RowTable for Events {
    type Row = Entry;

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

    fn rows(&self, context: &Arc<Context>, request: &Request) -> Rows<Entry> {
        entries(context, request.filters.positions)
    }

    fn cell<'a>(&self, column: &str, row: &'a Entry) -> Cell<'a> {
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
            "lsn" => Cell::count(row.lsn),
            "time" => Cell::Time(body::source_time(&row.event.body).unwrap_or(row.event.received)),
            "received_at" => Cell::Time(row.event.received),
            "kind" => Cell::text(row.event.body.name()),
            "actor" => Cell::unless_empty(&row.event.actor),
            "cause" => match &row.event.body {
                Body::StateChanged(change) => Cell::text(change.cause.name()),
                _ => Cell::Null,
            },
            "body" => Cell::owned(body::json(&row.event.body).to_strict_json()),
            _ => Cell::Null,
        }
    }
}
