//! Rows of `points`, an extent of the log at a time.

use std::sync::Arc;

use datafusion::common::Result;
use engine::{Extent, Piece, Run, Space, Value};

use super::TABLE;
use crate::scan::prune::{ByRun, Prunes};
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Filters, Request, outside};
use crate::tables::Table;
use crate::tables::cell::Cell;
use crate::tables::history::{stream_of, table_of, time_of};
use crate::tables::key::is_own_key;

/// The table.
#[derive(Debug)]
pub(crate) struct Points;

/// One written cell, with what its row says of itself.
pub(crate) struct Written {
    pub(crate) run: Arc<Run>,
    pub(crate) writer: Arc<str>,
    pub(crate) key: Arc<str>,
    pub(crate) step: Option<i64>,
    pub(crate) time: Option<i64>,
    pub(crate) runtime: Option<f64>,
    pub(crate) value: Value,
    pub(crate) lsn: u64,
}

/// Every cell that the chosen runs wrote under the chosen keys.
pub(crate) fn written(context: &Arc<Context>, space: Space, filters: &Filters) -> Rows<Written> {
    let (context, filters) = (Arc::clone(context), filters.clone());
    Box::new(filters.runs(&context).flat_map(move |run| -> Rows<Written> {
        match run.and_then(|run| Ok((chosen_keys(&run, space, &filters)?, run))) {
            Err(error) => Box::new(std::iter::once(Err(error))),
            Ok((keys, _)) if keys.is_empty() => Box::new(std::iter::empty()),
            Ok((keys, run)) => {
                let keys: Arc<[Arc<str>]> = keys.into();
                let (context, filters) = (Arc::clone(&context), filters.clone());
                let extents = match context.snapshot.extents(&run, stream_of(space)).map_err(outside) {
                    Ok(extents) => extents.into_iter(),
                    Err(error) => return Box::new(std::iter::once(Err(error))),
                };
                let wanted = extents
                    .filter(move |extent| extent.steps.is_none_or(|(low, high)| filters.overlaps(low, high)));
                Box::new(wanted.flat_map(move |extent| {
                    match context.snapshot.rows_of(&extent, &keys).map_err(outside) {
                        Ok(piece) => cells(Arc::clone(&run), &extent, piece, Arc::clone(&keys)),
                        Err(error) => Box::new(std::iter::once(Err(error))),
                    }
                }))
            }
        }
    }))
}

fn chosen_keys(run: &Run, space: Space, filters: &Filters) -> Result<Vec<Arc<str>>> {
    let keys: Vec<&Arc<str>> = table_of(run, space).keys.keys().filter(|key| !is_own_key(key)).collect();
    let names: Vec<&str> = keys.iter().map(|key| &***key).collect();
    let chosen = filters.keys(&names)?;
    Ok(keys.into_iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(key, _)| Arc::clone(key)).collect())
}

/// What a row says of itself.
#[derive(Clone, Copy)]
struct Own {
    row: u32,
    step: Option<i64>,
    time: Option<i64>,
    runtime: Option<f64>,
    lsn: u64,
}

impl Own {
    fn of(piece: &Piece, row: u32) -> Self {
        let own = |name: &str| piece.block.cell(name, row);
        Self {
            row,
            step: own("_step").and_then(|cell| cell.to_value().as_i64()),
            time: own("_timestamp").and_then(time_of),
            runtime: own("_runtime").and_then(|cell| cell.to_value().as_f64()),
            lsn: piece.lsn(row).0,
        }
    }
}

/// The cells of a block, row by row, each made when it is asked for.
fn cells(run: Arc<Run>, extent: &Extent, piece: Piece, keys: Arc<[Arc<str>]>) -> Rows<Written> {
    let mut found = Vec::new();
    for key in keys.iter() {
        found.extend(piece.block.cells(key).map(|(row, cell)| (row, Arc::clone(key), cell.to_value())));
    }
    // Stable: within a row the keys stay in their order.
    found.sort_by_key(|(row, _, _)| *row);
    let writer = Arc::clone(&extent.writer);
    let mut own: Option<Own> = None;
    Box::new(found.into_iter().map(move |(row, key, value)| {
        let known = own.filter(|own| own.row == row).unwrap_or_else(|| Own::of(&piece, row));
        own = Some(known);
        let Own { step, time, runtime, lsn, .. } = known;
        Ok(Written {
            run: Arc::clone(&run),
            writer: Arc::clone(&writer),
            key,
            step,
            time,
            runtime,
            value,
            lsn,
        })
    }))
}

impl RowTable for Points {
    type Row = Written;

    fn table(&self) -> &'static Table {
        &TABLE
    }

    fn prunes(&self) -> Prunes {
        Prunes { runs: ByRun::Exactly, key: true, position: Some("step"), ..Prunes::default() }
    }

    fn reads_log(&self) -> bool {
        true
    }

    fn rests_in(&self) -> Option<&'static str> {
        Some("history")
    }

    fn estimate(&self, context: &Context) -> usize {
        context.run_count().saturating_mul(10_000)
    }

    fn rows(&self, context: &Arc<Context>, request: &Request) -> Rows<Written> {
        written(context, Space::History, &request.filters)
    }

    fn cell<'a>(&self, column: &str, row: &'a Written) -> Cell<'a> {
        match column {
            "entity" => Cell::text(&*row.run.key.project.entity),
            "project" => Cell::text(&*row.run.key.project.project),
            "run_id" => Cell::text(&*row.run.key.run),
            "generation" => Cell::Int(row.run.key.generation.into()),
            "writer" => Cell::unless_empty(&row.writer),
            "key" => Cell::text(&*row.key),
            "step" => Cell::int(row.step),
            "timestamp" => Cell::time(row.time),
            "runtime" => row.runtime.map_or(Cell::Null, Cell::Float),
            "value" => row.value.as_f64().map_or(Cell::Null, Cell::Float),
            "int_value" => Cell::int(row.value.as_i64()),
            "text_value" => Cell::text(row.value.as_str()),
            "json_value" => Cell::owned(row.value.to_strict_json()),
            "lsn" => Cell::count(row.lsn),
            _ => Cell::Null,
        }
    }
}
