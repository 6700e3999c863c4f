//! Batches of `history` and `system`: clusters of blocks, until a batch is full.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::Result;
use engine::{RunHead, Space, Value};

use super::merge::{self, Cluster, Group, stream_of, time_of};
use super::sheet::{Groups, Sheet, Wanted};
use crate::limits::{BATCH_CELLS, BATCH_ROWS, SHEET_ROWS};
use crate::resolver::KeyColumn;
use crate::scan::outside;
use crate::scan::prune::{ByRun, Prunes};
use crate::scan::{ALL_PLACES, Batches, Context, Request, Source};
use crate::tables::cell::{Builder, Cell};
use crate::tables::key::{KeyPath, Slots, View, follow, member};
use crate::tables::{Column, KeyColumns, Table, Type};

/// `history` or `system`, with the keys that a statement names.
#[derive(Debug)]
pub(crate) struct HistorySource {
    context: Arc<Context>,
    space: Space,
    columns: Vec<Output>,
    schema: SchemaRef,
}

/// A column of a batch.
#[derive(Debug, Clone)]
pub(super) enum Output {
    Fixed(&'static Column),
    Key(KeyPath, View),
}

impl HistorySource {
    /// The fixed columns of the table, then the keys.
    pub(crate) fn new(context: Arc<Context>, table: &'static Table, keys: &[KeyColumn]) -> Self {
        let fields: Vec<_> = table
            .columns
            .iter()
            .map(|column| column.kind.field(column.name))
            .chain(keys.iter().map(|key| key.view.field(&key.flat)))
            .collect();
        let columns = table
            .columns
            .iter()
            .map(Output::Fixed)
            .chain(keys.iter().map(|key| Output::Key(key.path.clone(), key.view)))
            .collect();
        let space = match table.keys {
            KeyColumns::Bare(space) => space,
            _ => Space::History,
        };
        Self { context, space, columns, schema: Arc::new(Schema::new(fields)) }
    }
}

impl Source for HistorySource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn prunes(&self) -> Prunes {
        let position = (self.space == Space::History).then_some("_step");
        Prunes { runs: ByRun::Exactly, position, ..Prunes::default() }
    }

    fn open(&self, request: &Request) -> Batches {
        self.rows_of(Box::new(request.filters.heads(&self.context, request.places.clone())), request)
    }

    fn shares(&self, request: &Request, wanted: usize) -> Result<Vec<Range<usize>>> {
        if self.estimate() < SHARE_ROWS_MIN {
            return Ok(vec![ALL_PLACES]);
        }
        Ok(shares(&request.filters.weights(&self.context)?, wanted))
    }

    fn reads_log(&self) -> bool {
        true
    }

    fn estimate(&self) -> usize {
        let totals = self.context.snapshot.projection.totals;
        let rows = if self.space == Space::System { totals.system_rows } else { totals.history_rows };
        usize::try_from(rows).unwrap_or(usize::MAX)
    }

    fn at_rest(&self) -> Option<(usize, u64)> {
        Some(self.context.files_of(if self.space == Space::System { "system" } else { "history" }))
    }
}

/// Rows that are worth a thread.
const SHARE_ROWS_MIN: usize = 100_000;

/// Places in shares of about as many rows each, from places with their rows.
fn shares(weights: &[(usize, u64)], wanted: usize) -> Vec<Range<usize>> {
    let total: u64 = weights.iter().map(|(_, rows)| rows).sum();
    let count = (total / SHARE_ROWS_MIN as u64).clamp(1, wanted.max(1) as u64);
    let mut shares = Vec::new();
    let (mut start, mut before) = (0, 0);
    for (place, rows) in weights {
        // The share that ends here is as long as it should be.
        if before >= total * (shares.len() as u64 + 1) / count && (shares.len() as u64) < count - 1 {
            shares.push(start..*place);
            start = *place;
        }
        before += rows;
    }
    shares.push(start..usize::MAX);
    shares
}

/// Runs, as they are needed.
type Runs = Box<dyn Iterator<Item = Result<Arc<RunHead>>> + Send>;

impl HistorySource {
    /// The rows of some runs, one run after the other.
    pub(crate) fn rows_of(&self, runs: Runs, request: &Request) -> Batches {
        let columns: Vec<Output> =
            request.projection.iter().filter_map(|index| self.columns.get(*index).cloned()).collect();
        let schema = Arc::clone(&request.schema);
        let roots = roots(&columns);
        let tells_writes =
            columns.iter().any(|column| matches!(column, Output::Fixed(fixed) if fixed.name == "_lsn"));
        let mut clusters = Clusters {
            runs,
            context: self.context.counting(&request.tally),
            space: self.space,
            request: request.clone(),
            sheet: (self.space == Space::History && !tells_writes).then(|| Wanted::of(&columns, &roots)),
            roots,
            open: None,
            ahead: VecDeque::new(),
        };
        let enough = (BATCH_CELLS / columns.len().max(1)).clamp(1, SHEET_ROWS);
        let mut left = request.limit.unwrap_or(usize::MAX);
        Box::new(std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let batch = match clusters.gather(left.min(enough)) {
                Ok(Gathered::Nothing) => return None,
                Ok(Gathered::Clusters(clusters)) => batch_of_clusters(&columns, &schema, &clusters),
                Ok(Gathered::Sheet(sheet)) => batch_of_sheet(&columns, &schema, &sheet),
                Err(error) => Err(error),
            };
            Some(batch.map(|batch| {
                let batch = batch.slice(0, batch.num_rows().min(left));
                left -= batch.num_rows();
                batch
            }))
        }))
    }
}

/// The keys that columns are made from: a name may be a path into the value of a key, whichever of its
/// dots parts the two.
fn roots(columns: &[Output]) -> Vec<Arc<str>> {
    let mut roots = Vec::new();
    for column in columns {
        let Output::Key(path, _) = column else { continue };
        let dots = path.name.match_indices('.').map(|(dot, _)| dot);
        roots.extend(dots.filter_map(|dot| path.name.get(..dot)).map(Arc::from));
        roots.push(Arc::clone(&path.name));
    }
    roots
}

/// Rows that are read together.
enum Gathered {
    Nothing,
    Clusters(Vec<Cluster>),
    Sheet(Sheet),
}

/// The rows of all chosen runs, one after the other.
struct Clusters {
    runs: Runs,
    context: Arc<Context>,
    space: Space,
    request: Request,
    /// The keys whose cells are needed.
    roots: Vec<Arc<str>>,
    /// The keys that are read where rows need no merging; none where all do.
    sheet: Option<Wanted>,
    open: Option<(Arc<RunHead>, std::vec::IntoIter<Group>)>,
    /// Groups that were looked at, and are still to be read: they cannot stand with those before them, or must
    /// be merged.
    ahead: VecDeque<(Arc<RunHead>, Group, bool)>,
}

impl Clusters {
    /// Reads rows until they are so many, or there are no more.
    fn gather(&mut self, enough: usize) -> Result<Gathered> {
        while let Some(next) = self.next()? {
            self.ahead.push_front(next);
            if let Some(sheet) = self.sheet(enough)? {
                return Ok(Gathered::Sheet(sheet));
            }
            let clusters = self.merged(enough.min(BATCH_ROWS))?;
            if !clusters.is_empty() {
                return Ok(Gathered::Clusters(clusters));
            }
        }
        Ok(Gathered::Nothing)
    }

    /// Reads what comes next as it stands in its file; none where it must be merged.
    fn sheet(&mut self, enough: usize) -> Result<Option<Sheet>> {
        let Some(wanted) = self.sheet.clone() else { return Ok(None) };
        let mut groups = Groups::default();
        while groups.rows < enough {
            let Some((run, group, is_merged)) = self.next()? else { break };
            if is_merged || !groups.are_followed_by(&group) {
                self.ahead.push_front((run, group, is_merged));
                break;
            }
            groups.push(run, group);
        }
        let sheet = groups.read(&self.context.snapshot, &wanted)?;
        if sheet.is_none() {
            let groups = groups.groups.into_iter().rev();
            groups.for_each(|(run, group)| self.ahead.push_front((run, group, true)));
        }
        Ok(sheet)
    }

    /// Reads and merges what comes next, up to what can be read as it stands.
    fn merged(&mut self, enough: usize) -> Result<Vec<Cluster>> {
        let (mut gathered, mut rows) = (Vec::new(), 0);
        while rows < enough {
            let Some((run, group, is_merged)) = self.next()? else { break };
            if self.sheet.is_some() && !is_merged && Groups::default().are_followed_by(&group) {
                self.ahead.push_front((run, group, is_merged));
                break;
            }
            let cluster = merge::read(&self.context.snapshot, &run, self.space, group, &self.roots)?;
            rows += cluster.positions.len();
            if !cluster.positions.is_empty() {
                gathered.push(cluster);
            }
        }
        Ok(gathered)
    }

    fn next(&mut self) -> Result<Option<(Arc<RunHead>, Group, bool)>> {
        if let Some(ahead) = self.ahead.pop_front() {
            return Ok(Some(ahead));
        }
        loop {
            if let Some((run, groups)) = &mut self.open
                && let Some(group) = groups.next()
            {
                return Ok(Some((Arc::clone(run), group, false)));
            }
            let Some(run) = self.runs.next().transpose()? else { return Ok(None) };
            let extents = self.context.snapshot.extents_of(&run, stream_of(self.space)).map_err(outside)?;
            let groups = merge::groups(&extents, self.space, &self.request.filters, &self.roots);
            self.open = Some((run, groups.into_iter()));
        }
    }
}

fn batch_of_sheet(columns: &[Output], schema: &SchemaRef, sheet: &Sheet) -> Result<RecordBatch> {
    let arrays: Vec<ArrayRef> = columns.iter().map(|column| sheet.column(column)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(sheet.rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?)
}

fn batch_of_clusters(columns: &[Output], schema: &SchemaRef, clusters: &[Cluster]) -> Result<RecordBatch> {
    let rows = clusters.iter().map(|cluster| cluster.positions.len()).sum();
    let arrays: Vec<ArrayRef> = columns
        .iter()
        .map(|column| match column {
            Output::Fixed(column) => fixed(column, clusters, rows),
            Output::Key(path, view) => key(path, *view, clusters, rows),
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?)
}

fn fixed(column: &Column, clusters: &[Cluster], rows: usize) -> ArrayRef {
    match column.name {
        "_timestamp" | "timestamp" => times(clusters, rows),
        "_runtime" | "runtime" => {
            let mut slots = Slots::new(View::Float, rows);
            fill(clusters, |at, placed| plain("_runtime", at, placed, &mut slots));
            slots.finish()
        }
        "_lsn" => {
            let mut slots = Slots::new(View::Int, rows);
            fill(clusters, |at, placed| {
                for (row, place) in (0u32..).zip(&placed.places) {
                    let lsn = i64::try_from(placed.piece.lsn(row).0).unwrap_or(i64::MAX);
                    place.iter().for_each(|place| slots.set(at + place, engine::Cell::Int(lsn)));
                }
            });
            slots.finish()
        }
        _ => constants(column, clusters),
    }
}

/// Columns whose cells are those of the run, the writer or the position.
fn constants(column: &Column, clusters: &[Cluster]) -> ArrayRef {
    let mut builder = Builder::new(column.kind);
    for cluster in clusters {
        for position in &cluster.positions {
            let run = &cluster.run.key;
            builder.push(match column.name {
                "entity" => Cell::text(&*run.project.entity),
                "project" => Cell::text(&*run.project.project),
                "run_id" => Cell::text(&*run.run),
                "generation" => Cell::Int(run.generation.into()),
                "writer" => Cell::unless_empty(&cluster.writer),
                "_step" => Cell::Int(*position),
                _ => Cell::Null,
            });
        }
    }
    builder.finish()
}

fn times(clusters: &[Cluster], rows: usize) -> ArrayRef {
    let mut times = vec![None; rows];
    fill(clusters, |at, placed| {
        for (row, cell) in placed.piece.block.cells("_timestamp") {
            let place = placed.places.get(row as usize).copied().flatten();
            if let Some(slot) = place.and_then(|place| times.get_mut(at + place)) {
                *slot = time_of(cell);
            }
        }
    });
    let mut builder = Builder::new(Type::Time);
    times.into_iter().for_each(|time| builder.push(Cell::time(time)));
    builder.finish()
}

fn key(path: &KeyPath, view: View, clusters: &[Cluster], rows: usize) -> ArrayRef {
    let mut slots = Slots::new(view, rows);
    let mut at = 0;
    for cluster in clusters {
        for placed in &cluster.blocks {
            key_of_block(path, at, placed, &mut slots);
        }
        at += cluster.positions.len();
    }
    slots.finish()
}

/// A key's cells of one block: the column of exactly that name, and the columns of which the name is
/// a path into nested values.
fn key_of_block<'a>(path: &KeyPath, at: usize, placed: &'a merge::Placed, slots: &mut Slots<'a>) {
    for (dot, _) in path.name.match_indices('.') {
        let (Some(root), Some(rest)) = (path.name.get(..dot), path.name.get(dot + 1..)) else { continue };
        nested(root, at, placed, slots, |value| {
            member(value, rest).and_then(|value| follow(value, &path.tail))
        });
    }
    if path.tail.is_empty() {
        plain(&path.name, at, placed, slots);
    } else {
        nested(&path.name, at, placed, slots, |value| follow(value, &path.tail));
    }
}

fn plain<'a>(name: &str, at: usize, placed: &'a merge::Placed, slots: &mut Slots<'a>) {
    for (row, cell) in placed.piece.block.cells(name) {
        if let Some(place) = placed.places.get(row as usize).copied().flatten() {
            slots.set(at + place, cell);
        }
    }
}

fn nested<'a>(
    name: &str,
    at: usize,
    placed: &'a merge::Placed,
    slots: &mut Slots<'a>,
    inner: impl Fn(&Value) -> Option<&Value>,
) {
    let cells = placed.piece.block.cells(name).filter(|(_, cell)| matches!(cell, engine::Cell::Json(_)));
    for (row, cell) in cells {
        let place = placed.places.get(row as usize).copied().flatten();
        if let (Some(place), Some(value)) = (place, inner(&cell.to_value())) {
            slots.set_value(at + place, value);
        }
    }
}

fn fill<'a>(clusters: &'a [Cluster], mut each: impl FnMut(usize, &'a merge::Placed)) {
    let mut at = 0;
    for cluster in clusters {
        cluster.blocks.iter().for_each(|placed| each(at, placed));
        at += cluster.positions.len();
    }
}
