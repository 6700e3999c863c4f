//! Rows that stand in their file as a statement wants them: of each run in one place, by step, each step once.
//! Their columns are taken as they are; nothing is merged.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, Int64Array, StringBuilder, new_null_array};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;
use engine::{Cell as Logged, Kind, RowColumns, RunHead, Snapshot, Value};

use super::merge::{Group, time_of};
use super::provider::Output;
use crate::scan::outside;
use crate::tables::cell::{Builder, Cell};
use crate::tables::key::{KeyPath, Slots, View, follow, member};
use crate::tables::{Column, Type};

/// Rows of groups that were read as columns.
pub(super) struct Sheet {
    columns: RowColumns,
    spans: Vec<Span>,
}

/// Rows of one run and writer.
struct Span {
    run: Arc<RunHead>,
    writer: Arc<str>,
    rows: usize,
}

/// The keys that are read for some columns.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    keys: Vec<Arc<str>>,
    /// The same where it must be seen whether steps rise.
    keys_and_step: Vec<Arc<str>>,
}

impl Wanted {
    pub(super) fn of(columns: &[Output], roots: &[Arc<str>]) -> Self {
        let own = columns.iter().filter_map(|column| match column {
            Output::Fixed(column) if matches!(column.name, "_step" | "_timestamp" | "_runtime") => {
                Some(column.name)
            }
            _ => None,
        });
        let keys: Vec<Arc<str>> = roots.iter().cloned().chain(own.map(Arc::from)).collect();
        let keys_and_step = keys.iter().cloned().chain([Arc::from("_step")]).collect();
        Self { keys, keys_and_step }
    }
}

/// Groups that can perhaps be read so, gathered until they are enough.
#[derive(Default)]
pub(super) struct Groups {
    pub(super) groups: Vec<(Arc<RunHead>, Group)>,
    pub(super) rows: usize,
}

impl Groups {
    /// Whether a group's rows stand alone, and behind these in the same file.
    pub(super) fn are_followed_by(&self, group: &Group) -> bool {
        let [extent] = group.extents.as_slice() else { return false };
        let last = self.groups.last().and_then(|(_, group)| group.extents.first());
        extent.is_in_file() && extent.key.is_none() && last.is_none_or(|last| last.precedes_in_file(extent))
    }

    pub(super) fn push(&mut self, run: Arc<RunHead>, group: Group) {
        self.rows += group.lines();
        self.groups.push((run, group));
    }

    /// Reads them; none where a step occurs twice in one, so that it is to be merged.
    pub(super) fn read(&self, snapshot: &Snapshot, wanted: &Wanted) -> Result<Option<Sheet>> {
        let extents: Vec<_> = self.groups.iter().flat_map(|(_, group)| group.extents.first()).collect();
        let is_known = extents.iter().all(|extent| extent.steps_rise());
        let keys = if is_known { &wanted.keys } else { &wanted.keys_and_step };
        let Some(columns) = snapshot.columns(&extents, keys).map_err(outside)? else { return Ok(None) };
        let spans: Vec<Span> = self
            .groups
            .iter()
            .map(|(run, group)| Span {
                run: Arc::clone(run),
                writer: Arc::clone(&group.writer),
                rows: group.lines(),
            })
            .collect();
        let sheet = Sheet { columns, spans };
        Ok((is_known || sheet.steps_rise()).then_some(sheet))
    }
}

impl Sheet {
    pub(super) fn rows(&self) -> usize {
        self.columns.rows()
    }

    fn steps(&self) -> Option<&Int64Array> {
        let mut columns = self.columns.of_key("_step");
        match (columns.next(), columns.next()) {
            (Some((Kind::Int, steps)), None) if steps.null_count() == 0 => steps.as_primitive_opt(),
            _ => None,
        }
    }

    fn steps_rise(&self) -> bool {
        let Some(steps) = self.steps() else { return false };
        let mut at = 0;
        self.spans.iter().all(|span| {
            let steps = steps.values().get(at..at + span.rows).unwrap_or_default();
            at += span.rows;
            steps.len() == span.rows && steps.windows(2).all(|pair| pair.first() < pair.last())
        })
    }

    pub(super) fn column(&self, column: &Output) -> ArrayRef {
        match column {
            Output::Key(path, view) => self.key(path, *view),
            Output::Fixed(column) => self.fixed(column),
        }
    }

    fn fixed(&self, column: &Column) -> ArrayRef {
        match column.name {
            "_step" => self.columns.of_key("_step").next().map(|(_, steps)| Arc::clone(steps)),
            "_timestamp" => Some(self.times()),
            "_runtime" => Some(self.plain("_runtime", View::Float)),
            "entity" => Some(self.texts(|span| Some(&span.run.key.project.entity))),
            "project" => Some(self.texts(|span| Some(&span.run.key.project.project))),
            "run_id" => Some(self.texts(|span| Some(&span.run.key.run))),
            "writer" => Some(self.texts(|span| Some(&*span.writer).filter(|writer| !writer.is_empty()))),
            "generation" => {
                let each = self
                    .spans
                    .iter()
                    .flat_map(|span| std::iter::repeat_n(i64::from(span.run.key.generation), span.rows));
                Some(Arc::new(each.collect::<Int64Array>()) as ArrayRef)
            }
            _ => None,
        }
        .unwrap_or_else(|| new_null_array(&column.kind.data_type(), self.rows()))
    }

    fn texts<'a>(&'a self, of: impl Fn(&'a Span) -> Option<&'a str>) -> ArrayRef {
        let bytes = self.spans.iter().map(|span| of(span).map_or(0, str::len) * span.rows).sum();
        let mut builder = StringBuilder::with_capacity(self.rows(), bytes);
        for span in &self.spans {
            match of(span) {
                Some(text) => (0..span.rows).for_each(|_| builder.append_value(text)),
                None => builder.append_nulls(span.rows),
            }
        }
        Arc::new(builder.finish())
    }

    fn times(&self) -> ArrayRef {
        let mut times = vec![None; self.rows()];
        for (kind, array) in self.columns.of_key("_timestamp") {
            each_cell(kind, array, |row, cell| {
                if let Some(slot) = times.get_mut(row) {
                    *slot = time_of(cell);
                }
            });
        }
        let mut builder = Builder::new(Type::Time);
        times.into_iter().for_each(|time| builder.push(Cell::time(time)));
        builder.finish()
    }

    /// A key's cells: the column of exactly that name, and what lies at the path in columns of nested values.
    fn key(&self, path: &KeyPath, view: View) -> ArrayRef {
        let nested = || path.name.match_indices('.').filter_map(|(dot, _)| path.name.get(..dot));
        let is_nested = |root: &str| self.columns.of_key(root).any(|(kind, _)| kind == Kind::Json);
        if path.tail.is_empty() && !nested().any(is_nested) {
            return self.plain(&path.name, view);
        }
        let mut slots = Slots::new(view, self.rows());
        let mut put = |root: &str, inner: &dyn Fn(&Value) -> Option<Value>| {
            for (kind, array) in self.columns.of_key(root).filter(|(kind, _)| *kind == Kind::Json) {
                each_cell(kind, array, |row, cell| {
                    if let Some(value) = inner(&cell.to_value()) {
                        slots.set_value(row, &value);
                    }
                });
            }
        };
        for (dot, _) in path.name.match_indices('.') {
            let (Some(root), Some(rest)) = (path.name.get(..dot), path.name.get(dot + 1..)) else { continue };
            put(root, &|value| member(value, rest).and_then(|value| follow(value, &path.tail)).cloned());
        }
        if path.tail.is_empty() {
            self.fill(&path.name, &mut slots);
        } else {
            put(&path.name, &|value| follow(value, &path.tail).cloned());
        }
        slots.finish()
    }

    /// A key's own columns as one.
    fn plain(&self, name: &str, view: View) -> ArrayRef {
        let mut columns = self.columns.of_key(name);
        match (columns.next(), columns.next()) {
            (None, _) => new_null_array(view.field("").data_type(), self.rows()),
            (Some((kind, array)), None) if is_shown(kind, view) => Arc::clone(array),
            (Some((Kind::Int, array)), None) if view == View::Float => {
                arrow::compute::cast(array, &DataType::Float64).unwrap_or_else(|_| self.cells(name, view))
            }
            _ => self.cells(name, view),
        }
    }

    fn cells(&self, name: &str, view: View) -> ArrayRef {
        let mut slots = Slots::new(view, self.rows());
        self.fill(name, &mut slots);
        slots.finish()
    }

    fn fill<'a>(&'a self, name: &'a str, slots: &mut Slots<'a>) {
        for (kind, array) in self.columns.of_key(name) {
            each_cell(kind, array, |row, cell| slots.set(row, cell));
        }
    }
}

/// Whether a view shows values of a kind as they are.
fn is_shown(kind: Kind, view: View) -> bool {
    matches!(
        (kind, view),
        (Kind::Int, View::Int)
            | (Kind::Float, View::Float)
            | (Kind::Bool, View::Bool)
            | (Kind::Text, View::Text)
    )
}

fn each_cell<'a>(kind: Kind, array: &'a ArrayRef, mut visit: impl FnMut(usize, Logged<'a>)) {
    let rows = (0..array.len()).filter(|row| array.is_valid(*row));
    match kind {
        Kind::Int => {
            let Some(array) = array.as_primitive_opt::<Int64Type>() else { return };
            rows.for_each(|row| visit(row, Logged::Int(array.value(row))));
        }
        Kind::Float => {
            let Some(array) = array.as_primitive_opt::<Float64Type>() else { return };
            rows.for_each(|row| visit(row, Logged::Float(array.value(row))));
        }
        Kind::Bool => {
            let Some(array) = array.as_boolean_opt() else { return };
            rows.for_each(|row| visit(row, Logged::Bool(array.value(row))));
        }
        Kind::Text | Kind::Json => {
            let Some(array) = array.as_string_opt::<i32>() else { return };
            let is_text = kind == Kind::Text;
            rows.for_each(|row| {
                let text = array.value(row);
                visit(row, if is_text { Logged::Text(text) } else { Logged::Json(text) });
            });
        }
    }
}
