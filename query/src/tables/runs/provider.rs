//! Batches of `runs`: one a chunk, made of kept arrays.

use std::cell::OnceCell;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Int64Type, Schema, SchemaRef};
use datafusion::common::Result;
use engine::{Logged, ProjectKey, RunChunk, RunKey, RunPath};

use super::TABLE;
use crate::resolver::KeyColumn;
use crate::scan::cache::{CacheKey, Chunks, Name};
use crate::scan::prune::Prunes;
use crate::scan::{Batches, Context, Request, Source, outside};
use crate::tables::cell::{Builder, Cell};
use crate::tables::key::{KeyPath, Slots, SpaceName, View, follow};
use crate::tables::{Column, IDENTITY, Type};

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
        Prunes::default()
    }

    fn open(&self, request: &Request) -> Batches {
        let context = Arc::clone(&self.context);
        let schema = Arc::clone(&request.schema);
        let wanted: Vec<Kept> = request
            .projection
            .iter()
            .filter_map(|index| self.columns.get(*index))
            .map(|name| Kept::open(&context, name.clone()))
            .collect();
        // Counting rows takes some column; this one is cheap and mostly there.
        let counted = Kept::open(&context, Name::Fixed("run_id"));
        let mut left = request.limit.unwrap_or(usize::MAX);
        Box::new((0..context.chunks()).map_while(move |chunk| {
            if left == 0 {
                return None;
            }
            let batch = batch(&context, &schema, &wanted, &counted, chunk);
            let batch = batch.map(|batch| batch.slice(0, batch.num_rows().min(left)));
            left = left.saturating_sub(batch.as_ref().map_or(0, RecordBatch::num_rows));
            Some(batch)
        }))
    }

    fn reads_log(&self) -> bool {
        true
    }

    fn estimate(&self) -> usize {
        self.context.run_count()
    }
}

fn batch(
    context: &Context,
    schema: &SchemaRef,
    wanted: &[Kept],
    counted: &Kept,
    chunk: usize,
) -> Result<RecordBatch> {
    let runs = OnceCell::new();
    let arrays: Vec<ArrayRef> =
        wanted.iter().map(|kept| kept.array(context, chunk, &runs)).collect::<Result<_>>()?;
    let rows = match arrays.first() {
        Some(first) => first.len(),
        None => counted.array(context, chunk, &runs)?.len(),
    };
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?)
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
struct Kept {
    key: CacheKey,
    chunks: Arc<Chunks>,
}

impl Kept {
    fn open(context: &Context, name: Name) -> Self {
        let store = context.snapshot.projection.store.as_ref().map(|store| store.store);
        let (include_deleted, erasures) = (context.include_deleted, context.snapshot.erasures());
        let key = CacheKey { store, include_deleted, erasures, name };
        Self { chunks: context.cache.chunks(&key), key }
    }

    /// The array of a chunk; `runs` are its runs once one of its columns had to be made.
    fn array(&self, context: &Context, chunk: usize, runs: &OnceCell<RunChunk>) -> Result<ArrayRef> {
        let changed = context.snapshot.projection.chunk_changed(chunk);
        if let Some(Some((at, array))) = self.chunks.get(chunk)
            && *at == changed
        {
            return Ok(Arc::clone(array));
        }
        let runs = match runs.get() {
            Some(runs) => runs,
            None => {
                let found = context.chunk(chunk)?;
                runs.get_or_init(|| found)
            }
        };
        let array = match &self.key.name {
            Name::Fixed(name) => fixed_column(runs, name)?,
            Name::Key(path, view) => key_column(runs, path, *view)?,
        };
        context.cache.put(&self.key, chunk, changed, &array);
        Ok(array)
    }
}

fn fixed_column(runs: &RunChunk, name: &str) -> Result<ArrayRef> {
    let kind = TABLE.column(name).map_or(Type::Text, |column| column.kind);
    let mut builder = Builder::new(kind);
    if kind == Type::Json {
        // The whole config or summary stands in no column.
        for run in runs.runs() {
            builder.push(typed(kind, run.map_err(outside)?.shown(name)));
        }
        return Ok(builder.finish());
    }
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
