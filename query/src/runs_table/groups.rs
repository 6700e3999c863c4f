//! Groups of runs as a table: what the statements answered, put together.
//!
//! | column | is |
//! | --- | --- |
//! | the keys grouped by | the group |
//! | `runs` | how many runs are in it |
//! | `K.count`, `K.mean`, `K.min`, `K.max` | of a column K of numbers: of its finite values |
//! | `K.bins` | how many of them lie in each of at most 20 bins of equal width, the same for all groups; its field says from where to where: `wbq.from`, `wbq.to` |
//! | `K`, `K.distinct` | of any other column: the value if all runs have the same, and how many there are |
//! | `K.min`, `K.max` | of a time |

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Builder, ListBuilder, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type, Schema};
use datafusion::common::DataFusionError;
use engine::Lsn;

use super::distribution::{Range, bars};
use super::statements::Told;
use crate::error::Error;
use crate::filter::Key;
use crate::output::json::write_cell;

/// Where the bins of a column begin, in its field.
const FROM: &str = "wbq.from";
/// Where they end.
const TO: &str = "wbq.to";

/// A page of groups.
#[derive(Debug)]
pub struct Groups {
    /// A row a group.
    pub batch: RecordBatch,
    /// Groups on all pages.
    pub total: u64,
    /// Runs in all of them.
    pub runs: u64,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// The position of the log that they show.
    pub lsn: Lsn,
}

impl Groups {
    /// The columns that have a distribution, and where its bins begin and end.
    pub fn ranges(&self) -> impl Iterator<Item = (String, f64, f64)> + '_ {
        let schema = self.batch.schema_ref();
        schema.fields().iter().filter_map(|field| {
            let end = |name| field.metadata().get(name)?.parse::<f64>().ok();
            Some((field.name().strip_suffix(".bins")?.to_owned(), end(FROM)?, end(TO)?))
        })
    }
}

/// The table, its distributions still to be added.
pub(super) struct Making {
    batch: RecordBatch,
    /// The group that each row is, by its keys as text.
    rows: HashMap<String, usize>,
    keys: usize,
    /// Columns of numbers: which of those shown, its name, its range.
    numbers: Vec<(usize, String, Range)>,
}

impl Making {
    /// Of what the statement for groups answered.
    pub(super) fn new(shown: &[Key], group: &[Key], found: &RecordBatch) -> Result<Self, Error> {
        let keys = group.len();
        let mut table = Table::default();
        for (index, key) in group.iter().enumerate() {
            table.take(found, &format!("k{index}"), key.label());
        }
        table.take(found, "runs", "runs".to_owned());
        let mut numbers = Vec::new();
        for (index, key) in shown.iter().enumerate() {
            let label = key.label();
            let range = range(found, index);
            match Told::of(key) {
                Told::Time => {
                    table.take(found, &format!("low{index}"), format!("{label}.min"));
                    table.take(found, &format!("high{index}"), format!("{label}.max"));
                }
                told if told == Told::Number || told == Told::Either && range.is_some() => {
                    for (told, name) in
                        [("count", "count"), ("mean", "mean"), ("low", "min"), ("high", "max")]
                    {
                        table.take(found, &format!("{told}{index}"), format!("{label}.{name}"));
                    }
                    numbers.extend(range.map(|range| (index, label, range)));
                }
                _ => table.take_text(found, index, &label),
            }
        }
        let rows = (0..found.num_rows()).map(|row| (keys_of(found, keys, row), row)).collect();
        Ok(Self { batch: table.finish()?, rows, keys, numbers })
    }

    /// The columns that have a distribution, and where its bins begin and end.
    pub(super) fn ranges(&self) -> Vec<(usize, Range)> {
        self.numbers.iter().map(|(column, _, range)| (*column, *range)).collect()
    }

    /// Adds the distribution of a column, of what the statement for its bins answered.
    pub(super) fn add_bins(&mut self, column: usize, found: &RecordBatch) -> Result<(), Error> {
        let Some((_, label, range)) = self.numbers.iter().find(|(known, _, _)| *known == column) else {
            return Ok(());
        };
        let mut counts = vec![vec![0; range.bins()]; self.batch.num_rows()];
        let numbers = |name: &str| found.column_by_name(name)?.as_primitive_opt::<Int64Type>();
        if let (Some(bins), Some(runs)) = (numbers("bin"), numbers("runs")) {
            for (row, (bin, runs)) in bins.iter().zip(runs).enumerate() {
                let group = self.rows.get(&keys_of(found, self.keys, row));
                let counts = group.and_then(|group| counts.get_mut(*group));
                let bin = bin.and_then(|bin| usize::try_from(bin).ok());
                if let Some(slot) = counts.zip(bin).and_then(|(counts, bin)| counts.get_mut(bin)) {
                    *slot += runs.unwrap_or(0);
                }
            }
        }
        let mut lists = ListBuilder::new(Int64Builder::new());
        for counts in counts {
            counts.into_iter().for_each(|count| lists.values().append_value(count));
            lists.append(true);
        }
        let lists: ArrayRef = Arc::new(lists.finish());
        let ends =
            [(FROM, range.low), (TO, range.high)].map(|(name, end)| (name.to_owned(), format!("{end:?}")));
        let field = Field::new(format!("{label}.bins"), lists.data_type().clone(), true);
        let mut table = Table::of(&self.batch);
        let after = format!("{label}.max");
        table.insert_after(&after, field.with_metadata(HashMap::from(ends)), lists);
        self.batch = table.finish()?;
        Ok(())
    }

    pub(super) fn finish(self) -> RecordBatch {
        self.batch
    }
}

/// The keys of a row as a text that no other group has.
fn keys_of(batch: &RecordBatch, keys: usize, row: usize) -> String {
    let mut text = String::new();
    for (column, field) in batch.columns().iter().zip(batch.schema().fields()).take(keys) {
        write_cell(column, field, row, &mut text);
        text.push(',');
    }
    text
}

/// The lowest and the highest number of a column in all groups; none where there is no number.
fn range(found: &RecordBatch, column: usize) -> Option<Range> {
    let floats =
        |name: &str| cast(found.column_by_name(&format!("{name}{column}"))?, &DataType::Float64).ok();
    let (lows, highs) = (floats("low")?, floats("high")?);
    let low = lows.as_primitive_opt::<Float64Type>()?.iter().flatten().reduce(f64::min)?;
    let high = highs.as_primitive_opt::<Float64Type>()?.iter().flatten().reduce(f64::max)?;
    Some(Range { low, high })
}

/// The table as people read it: distributions as bars, and of texts the value or how many there are.
///
/// # Errors
///
/// `Internal`; the columns fit each other.
pub fn for_people(batch: &RecordBatch) -> Result<RecordBatch, Error> {
    let mut table = Table::default();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let name = field.name();
        if name.strip_suffix(".distinct").is_some_and(|label| batch.column_by_name(label).is_some()) {
            continue;
        }
        let counts = batch.column_by_name(&format!("{name}.distinct"));
        let counts = counts.and_then(|counts| counts.as_primitive_opt::<Int64Type>());
        if let Some(label) = name.strip_suffix(".bins").filter(|_| field.metadata().contains_key(FROM)) {
            table.push(Field::new(format!("{label}.distribution"), DataType::Utf8, true), drawn(column));
        } else if let (Some(counts), Some(texts)) = (counts, column.as_string_opt::<i32>()) {
            let told = texts.iter().zip(counts).map(|(text, count)| match (text, count) {
                (None, Some(count)) if count > 1 => Some(format!("{count} values")),
                (text, _) => text.map(str::to_owned),
            });
            table.push(Field::new(name, DataType::Utf8, true), Arc::new(told.collect::<StringArray>()));
        } else {
            table.push(field.as_ref().clone(), Arc::clone(column));
        }
    }
    table.finish()
}

fn drawn(lists: &ArrayRef) -> ArrayRef {
    let lists = lists.as_list_opt::<i32>();
    let lines = lists.into_iter().flat_map(|lists| lists.iter()).map(|list| {
        let list = list?;
        let counts = list.as_primitive_opt::<Int64Type>()?;
        Some(bars(counts.values()))
    });
    Arc::new(lines.collect::<StringArray>())
}

/// Columns with their fields.
#[derive(Default)]
struct Table {
    fields: Vec<FieldRef>,
    columns: Vec<ArrayRef>,
}

impl Table {
    fn of(batch: &RecordBatch) -> Self {
        Self { fields: batch.schema().fields().to_vec(), columns: batch.columns().to_vec() }
    }

    fn push(&mut self, field: Field, column: ArrayRef) {
        self.fields.push(Arc::new(field));
        self.columns.push(column);
    }

    fn insert_after(&mut self, name: &str, field: Field, column: ArrayRef) {
        let before = self.fields.iter().position(|field| field.name() == name);
        let at = before.map_or(self.fields.len(), |before| before + 1);
        self.fields.insert(at, Arc::new(field));
        self.columns.insert(at, column);
    }

    /// Takes a column over under another name.
    fn take(&mut self, found: &RecordBatch, own: &str, name: String) {
        if let Some((index, field)) = found.schema().column_with_name(own) {
            self.push(field.clone().with_name(name), Arc::clone(found.column(index)));
        }
    }

    /// The value that all runs of a group have, and how many values there are.
    fn take_text(&mut self, found: &RecordBatch, index: usize, label: &str) {
        let texts =
            found.column_by_name(&format!("text{index}")).and_then(|texts| texts.as_string_opt::<i32>());
        let counts = found.column_by_name(&format!("distinct{index}"));
        let numbers = counts.and_then(|counts| counts.as_primitive_opt::<Int64Type>());
        let (Some(texts), Some(numbers)) = (texts, numbers) else { return };
        let only = texts.iter().zip(numbers).map(|(text, count)| text.filter(|_| count == Some(1)));
        self.push(Field::new(label, DataType::Utf8, true), Arc::new(only.collect::<StringArray>()));
        self.take(found, &format!("distinct{index}"), format!("{label}.distinct"));
    }

    fn finish(self) -> Result<RecordBatch, Error> {
        let schema = Arc::new(Schema::new(self.fields));
        RecordBatch::try_new(schema, self.columns).map_err(|error| DataFusionError::from(error).into())
    }
}
