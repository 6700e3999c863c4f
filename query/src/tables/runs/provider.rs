//! Batches of `runs`: one a chunk, made of kept arrays.
//!
//! What filters look at is made first; of a chunk without a chosen run nothing else is.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::datatypes::{Int64Type, Schema, SchemaRef};
use datafusion::common::Result;
use engine::{Logged, ProjectKey, RUNS_PER_CHUNK, RunChunk, RunKey, RunPath};

use super::TABLE;
use super::choice::{Choice, only};
use crate::resolver::KeyColumn;
use crate::scan::cache::{CacheKey, Chunks, Name};
use crate::scan::prune::Prunes;
use crate::scan::{Batches, Context, Request, Source, chunks_of, outside};
use crate::tables::cell::{Builder, Cell};
use crate::tables::key::{KeyPath, Slots, SpaceName, View, follow};
use crate::tables::{Column, IDENTITY, Type};

/// Chunks that are worth a thread.
const SHARE_CHUNKS_MIN: usize = 8;

/// `runs`, with the keys that a statement names.
#[derive(Debug)]
pub(crate) struct RunsSource {
    context: Arc<Context>,
    columns: Vec<Name>,
    schema: SchemaRef,
}

impl RunsSource {
    /// The fixed columns, then the keys.
    pub(crate) fn new(context: Arc<Context>, fixed: &[&'static Column], keys: &[KeyColumn]) -> Self {
        let fields: Vec<_> = fixed
            .iter()
            .map(|column| column.kind.field(column.name))
            .chain(keys.iter().map(|key| key.view.field(&key.flat)))
            .collect();
        let columns = fixed
            .iter()
            .map(|column| Name::Fixed(column.name))
            .chain(keys.iter().map(|key| Name::Key(key.path.clone(), key.view)))
            .collect();
        Self { context, columns, schema: Arc::new(Schema::new(fields)) }
    }
}

impl Source for RunsSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn prunes(&self) -> Prunes {
        Prunes { rows: true, ..Prunes::default() }
    }

    fn shares(&self, _: &Request, wanted: usize) -> Result<Vec<Range<usize>>> {
        let chunks = self.context.chunks();
        let shares = wanted.min(chunks / SHARE_CHUNKS_MIN).max(1);
        let place = |share: usize| share * chunks / shares * RUNS_PER_CHUNK;
        Ok((0..shares).map(|share| place(share)..place(share + 1)).collect())
    }

    fn open(&self, request: &Request) -> Batches {
        let context = Arc::clone(&self.context);
        let choice = match Choice::open(&context, &self.schema, &self.columns, &request.filters.rows) {
            Ok(choice) => choice,
            Err(error) => return Box::new(std::iter::once(Err(error))),
        };
        let names = request.projection.iter().filter_map(|index| self.columns.get(*index));
        let wanted = names.map(|name| Kept::open(&context, name.clone())).collect();
        // Counting rows takes some column; this one is cheap and mostly there.
        let counted = Kept::open(&context, Name::Fixed("run_id"));
        let schema = Arc::clone(&request.schema);
        let tally = Arc::clone(&request.tally);
        let chunks = chunks_of(&request.places, context.chunks());
        let scan = Scan { context, choice, wanted, counted, schema };
        let mut left = request.limit.unwrap_or(usize::MAX);
        Box::new(
            chunks
                .map_while(move |chunk| {
                    if left == 0 {
                        return None;
                    }
                    let batch = scan.batch(chunk, left);
                    let rows = batch.as_ref().map_or(0, RecordBatch::num_rows);
                    tally.note_chunk(rows > 0);
                    left = left.saturating_sub(rows);
                    Some(batch)
                })
                .filter(|batch| !batch.as_ref().is_ok_and(|batch| batch.num_rows() == 0)),
        )
    }

    fn reads_log(&self) -> bool {
        true
    }

    fn estimate(&self) -> usize {
        self.context.run_count()
    }
}

/// A scan of `runs`, chunk by chunk.
struct Scan {
    context: Arc<Context>,
    choice: Choice,
    wanted: Vec<Kept>,
    counted: Kept,
    schema: SchemaRef,
}

impl Scan {
    /// The chosen runs of a chunk, at most `left` of them.
    fn batch(&self, chunk: usize, left: usize) -> Result<RecordBatch> {
        let (context, runs) = (&self.context, OnceCell::new());
        let mut rows = self.choice.rows(context, chunk, &runs)?;
        if rows.is_none() {
            let len = self.counted.array(context, chunk, &runs)?.len();
            if left < len {
                rows = Some((0u32..).take(left).collect());
            }
        }
        let rows = rows.map(|rows| rows.slice(0, rows.len().min(left)));
        if rows.as_ref().is_some_and(UInt32Array::is_empty) {
            return Ok(RecordBatch::new_empty(Arc::clone(&self.schema)));
        }
        let arrays = self.wanted.iter().map(|kept| kept.some(context, chunk, &runs, rows.as_ref()));
        let arrays: Vec<ArrayRef> = arrays.collect::<Result<_>>()?;
        let len = match &rows {
            Some(rows) => rows.len(),
            None => self.counted.array(context, chunk, &runs)?.len(),
        };
        let options = RecordBatchOptions::new().with_row_count(Some(len));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?)
    }
}

/// The columns that say which runs there are, for those who choose among them.
pub(crate) struct Identity(Vec<Kept>);

impl Identity {
    pub(crate) fn open(context: &Context) -> Self {
        Self(IDENTITY.iter().map(|name| Kept::open(context, Name::Fixed(name))).collect())
    }

    /// The columns of a chunk, in the order of [`IDENTITY`].
    pub(crate) fn columns(&self, context: &Context, chunk: usize) -> Result<Vec<ArrayRef>> {
        let runs = OnceCell::new();
        self.0.iter().map(|kept| kept.array(context, chunk, &runs)).collect()
    }
}

/// How many rows the histories of runs have.
pub(crate) struct HistoryRows(Kept);

impl HistoryRows {
    pub(crate) fn open(context: &Context) -> Self {
        Self(Kept::open(context, Name::Fixed("history_rows")))
    }

    /// Those of a chunk's runs.
    pub(crate) fn of_chunk(&self, context: &Context, chunk: usize) -> Result<Vec<u64>> {
        let rows = self.0.array(context, chunk, &OnceCell::new())?;
        let rows = rows.as_primitive_opt::<Int64Type>();
        Ok(rows.map_or_else(Vec::new, |rows| {
            rows.iter().map(|rows| rows.map_or(0, i64::cast_unsigned)).collect()
        }))
    }
}

/// The runs that the columns of [`IDENTITY`] tell of.
pub(crate) fn keys_of(identity: &RecordBatch) -> Option<impl Iterator<Item = RunKey> + use<>> {
    let [entities, projects, ids, generations] = identity.columns() else { return None };
    let text = |column: &ArrayRef| column.as_string_opt::<i32>().cloned();
    let (entities, projects, ids) = (text(entities)?, text(projects)?, text(ids)?);
    let generations = generations.as_primitive_opt::<Int64Type>()?.clone();
    Some((0..identity.num_rows()).map(move |row| {
        let project = ProjectKey::new(entities.value(row), projects.value(row));
        let generation = u32::try_from(generations.value(row)).unwrap_or(u32::MAX);
        RunPath::new(project, ids.value(row)).generation(generation)
    }))
}

/// A column and those of its arrays that were kept when the scan began.
pub(super) struct Kept {
    key: CacheKey,
    chunks: Arc<Chunks>,
}

impl Kept {
    pub(super) fn open(context: &Context, name: Name) -> Self {
        let store = context.snapshot.projection.store.as_ref().map(|store| store.store);
        let (include_deleted, erasures) = (context.include_deleted, context.snapshot.erasures());
        let seen = context.snapshot.projection.seen().cloned();
        let key = CacheKey { store, include_deleted, erasures, seen, name };
        Self { chunks: context.cache.chunks(&key), key }
    }

    /// The array of a chunk, or some of its rows; `runs` are its runs once one of its columns had to be made.
    pub(super) fn some(
        &self,
        context: &Context,
        chunk: usize,
        runs: &OnceCell<RunChunk>,
        rows: Option<&UInt32Array>,
    ) -> Result<ArrayRef> {
        if let Some(rows) = rows
            && let Name::Fixed(name) = &self.key.name
            && is_whole(name)
            && self.kept(context, chunk).is_none()
        {
            // Each of these takes a whole run: no more of them are read than are chosen.
            let rows = rows.values().iter().map(|row| *row as usize);
            return whole(the_runs(context, chunk, runs)?, name, rows);
        }
        only(&self.array(context, chunk, runs)?, rows)
    }

    fn kept(&self, context: &Context, chunk: usize) -> Option<&ArrayRef> {
        let changed = context.snapshot.projection.chunk_changed(chunk);
        let kept = self.chunks.get(chunk)?.as_ref();
        kept.filter(|(at, _)| *at == changed).map(|(_, array)| array)
    }

    fn array(&self, context: &Context, chunk: usize, runs: &OnceCell<RunChunk>) -> Result<ArrayRef> {
        if let Some(array) = self.kept(context, chunk) {
            return Ok(Arc::clone(array));
        }
        let changed = context.snapshot.projection.chunk_changed(chunk);
        let runs = the_runs(context, chunk, runs)?;
        let array = match &self.key.name {
            Name::Fixed(name) => fixed_column(runs, name)?,
            Name::Key(path, view) => key_column(runs, path, *view)?,
        };
        context.cache.put(&self.key, chunk, changed, &array);
        Ok(array)
    }
}

/// The runs of a chunk, loaded once.
fn the_runs<'a>(context: &Context, chunk: usize, runs: &'a OnceCell<RunChunk>) -> Result<&'a RunChunk> {
    if let Some(runs) = runs.get() {
        return Ok(runs);
    }
    let found = context.chunk(chunk)?;
    Ok(runs.get_or_init(|| found))
}

/// Whether a fixed column is the whole config or summary, which stands in no column of a file.
fn is_whole(name: &str) -> bool {
    TABLE.column(name).is_some_and(|column| column.kind == Type::Json)
}

/// Such a column, of some rows.
fn whole(runs: &RunChunk, name: &str, rows: impl Iterator<Item = usize>) -> Result<ArrayRef> {
    let mut builder = Builder::new(Type::Json);
    for row in rows {
        let run = runs.run(row).map_err(outside)?;
        builder.push(run.as_ref().map_or(Cell::Null, |run| typed(Type::Json, run.shown(name))));
    }
    Ok(builder.finish())
}

fn fixed_column(runs: &RunChunk, name: &str) -> Result<ArrayRef> {
    if is_whole(name) {
        return whole(runs, name, 0..runs.len());
    }
    let kind = TABLE.column(name).map_or(Type::Text, |column| column.kind);
    let mut builder = Builder::new(kind);
    let mut cells: Vec<Cell<'_>> = vec![Cell::Null; runs.len()];
    let put = &mut |row: usize, cell| {
        if let Some(slot) = cells.get_mut(row) {
            *slot = cell;
        }
    };
    runs.fixed(name, put).map_err(outside)?;
    cells.into_iter().for_each(|cell| builder.push(typed(kind, cell)));
    Ok(builder.finish())
}

/// A cell as its column's type has it; files keep times as integers.
fn typed(kind: Type, cell: Cell<'_>) -> Cell<'_> {
    match (kind, cell) {
        (Type::Time, Cell::Int(time)) => Cell::Time(time),
        (Type::Text | Type::Json, cell @ Cell::Text(_))
        | (Type::Int, cell @ Cell::Int(_))
        | (Type::Float, cell @ Cell::Float(_))
        | (Type::Bool, cell @ Cell::Bool(_))
        | (Type::Time, cell @ Cell::Time(_))
        | (Type::Texts, cell @ Cell::Texts(_)) => cell,
        _ => Cell::Null,
    }
}

fn key_column(runs: &RunChunk, path: &KeyPath, view: View) -> Result<ArrayRef> {
    let mut slots = Slots::new(view, runs.len());
    // Columns in files do not tell JSON null from no value.
    let is_plain = path.tail.is_empty()
        && view != View::There
        && runs
            .key(path.space.space(), &path.name, &mut |row, logged| match logged {
                Logged::Cell(cell) => slots.set(row, cell),
                Logged::Value(value) => slots.set_value(row, value),
            })
            .map_err(outside)?;
    if !is_plain {
        for (row, run) in runs.runs().enumerate() {
            let run = run.map_err(outside)?;
            let tree = if path.space == SpaceName::Config { &run.config } else { &run.summary };
            if let Some(value) = tree.lookup(&path.name).and_then(|value| follow(value, &path.tail)) {
                slots.set_value(row, value);
            }
        }
    }
    Ok(slots.finish())
}
