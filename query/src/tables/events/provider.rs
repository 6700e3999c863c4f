//! Rows of `events`, in log order.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::Result;
use engine::{Body, Lsn, ProjectKey, Recorded, RunKey, Subject, Whose};

use super::{TABLE, body};
use crate::scan::prune::{ByRun, Prunes};
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Filters, Request, outside};
use crate::tables::Table;
use crate::tables::cell::Cell;

/// The table.
#[derive(Debug)]
pub(crate) struct Events;

/// The events that filters may choose, in log order: of runs those that the statement sees; where deleted
/// runs are shown, also of an erased run it is told that it was.
pub(crate) fn entries(context: &Arc<Context>, filters: &Filters) -> Rows<Recorded> {
    let (low, high) = filters.positions;
    let from = u64::try_from(low.max(1)).unwrap_or(1);
    let whose = match whose(context, filters) {
        Ok(whose) => whose,
        Err(error) => return Box::new(std::iter::once(Err(error))),
    };
    let events = context.snapshot.recorded_of(Lsn(from), whose);
    let until = events.take_while(move |event| match event {
        Ok(event) => i64::try_from(event.lsn.0).is_ok_and(|lsn| lsn <= high),
        Err(_) => true,
    });
    Box::new(until.map(|event| event.map_err(outside)))
}

/// Whose events a statement sees and its filters may choose. Those about the store and its people are for who
/// sees all projects.
fn whose(context: &Context, filters: &Filters) -> Result<Whose> {
    let seen = context.snapshot.projection.seen().cloned();
    let is_seen = move |project: &ProjectKey| seen.as_ref().is_none_or(|seen| seen.contains(project));
    let sees_all = context.snapshot.projection.seen().is_none();
    let about = |is_wanted: Box<dyn Fn(&RunKey) -> bool + Send + Sync>| {
        Whose::those(move |subject| match subject {
            Subject::Run(run) => is_seen(&run.project) && is_wanted(run),
            Subject::Project(project) => is_seen(project),
            Subject::Store => sees_all,
        })
    };
    Ok(match filters.run_keys(context)? {
        Some(mut chosen) => {
            if context.include_deleted {
                chosen.extend(unseen(context)?);
            }
            about(Box::new(move |run| chosen.contains(run)))
        }
        None if context.include_deleted && sees_all => Whose::ALL,
        None if context.include_deleted => about(Box::new(|_| true)),
        None => {
            let hidden = unseen(context)?;
            // Then nothing need be read to know whose an event is.
            if hidden.is_empty() && sees_all {
                Whose::ALL
            } else {
                about(Box::new(move |run| !hidden.contains(run)))
            }
        }
    })
}

/// The runs that the statement does not see. They are few, so chunks of runs are asked how many they hide
/// before any run of theirs is loaded.
fn unseen(context: &Context) -> Result<HashSet<RunKey>> {
    let mut unseen = HashSet::new();
    for chunk in 0..context.chunks() {
        let all = context.snapshot.projection.chunk(u32::try_from(chunk).unwrap_or(u32::MAX));
        let all = all.map_err(outside)?;
        if context.chunk(chunk)?.len() == all.len() {
            continue;
        }
        for run in all.runs() {
            let run = run.map_err(outside)?;
            if !context.sees(&run) {
                unseen.insert(run.key.clone());
            }
        }
    }
    Ok(unseen)
}

impl RowTable for Events {
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
        usize::try_from(context.snapshot.durable.0).unwrap_or(usize::MAX)
    }

    fn rows(&self, context: &Arc<Context>, request: &Request) -> Rows<Recorded> {
        entries(context, &request.filters)
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
