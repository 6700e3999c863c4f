//! Reads a file of events: all of them, or those that somebody wants.

use std::sync::Arc;

use arrow::array::{Array as _, AsArray, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{Int32Type, Int64Type};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelection};
use parquet::file::statistics::Statistics;

use super::write::GROUP_ROWS;
use super::{COLUMNS, Recorded, WHAT, outside};
use crate::error::{Error, Result};
use crate::event::{self, Subject, Time};
use crate::id::{Lsn, ProjectKey, RunKey};
use crate::table::chunks::{self, Chosen};
use crate::table::footer::{self, Pages};
use crate::table::source::{Reader, Source};

/// A file of events, open.
#[derive(Debug)]
pub(crate) struct EventFile {
    source: Arc<dyn Source>,
    metadata: ArrowReaderMetadata,
}

impl EventFile {
    /// Opens a file and reads its footer.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io`.
    pub(crate) fn open(source: Arc<dyn Source>) -> Result<Self> {
        Ok(Self { metadata: footer::load(WHAT, &source, Pages::Unknown)?, source })
    }

    /// Its events from a position on that are wanted, in log order, a row group at a time.
    pub(crate) fn events(
        self: &Arc<Self>,
        from: Lsn,
        whose: &Whose,
    ) -> impl Iterator<Item = Result<Recorded>> + use<> {
        let (file, whose) = (Arc::clone(self), whose.clone());
        let groups = file.metadata.metadata().num_row_groups();
        let is_wanted =
            move |event: &Result<Recorded>| event.as_ref().map_or(true, |event| event.lsn >= from);
        (0..groups)
            .filter({
                let file = Arc::clone(self);
                move |group| file.may_have(*group, from)
            })
            .flat_map(move |group| match file.group(group, &whose) {
                Ok(events) => events.into_iter().map(Ok).collect::<Vec<_>>(),
                Err(error) => vec![Err(error)],
            })
            .filter(is_wanted)
    }

    /// Whether a row group has events from a position on, as its statistics say.
    fn may_have(&self, group: usize, from: Lsn) -> bool {
        let lsns = self.metadata.metadata().row_groups().get(group).and_then(|group| group.columns().first());
        let last = lsns.and_then(|lsns| match lsns.statistics()? {
            Statistics::Int64(lsns) => lsns.max_opt().copied(),
            _ => None,
        });
        last.is_none_or(|last| last.cast_unsigned() >= from.0)
    }

    fn group(&self, group: usize, whose: &Whose) -> Result<Vec<Recorded>> {
        let Some(is_wanted) = &whose.0 else {
            return footer::guarded(WHAT, || recorded_of(&self.batches(group, &RECORDED, None)?));
        };
        let mut wanted = Vec::new();
        for batch in &footer::guarded(WHAT, || self.batches(group, &WHOSE, None))? {
            each(batch, Lsn(u64::MAX), &mut |_, _, subject| {
                wanted.push(is_wanted(subject));
                Ok(())
            })?;
        }
        self.chosen(group, wanted)
    }

    /// The events of a row group that are chosen, row by row.
    fn chosen(&self, group: usize, chosen: Vec<bool>) -> Result<Vec<Recorded>> {
        if !chosen.contains(&true) {
            return Ok(Vec::new());
        }
        let selection = RowSelection::from_filters(&[chosen.into()]);
        let read = || self.batches(group, &RECORDED, Some(selection));
        recorded_of(&footer::guarded(WHAT, std::panic::AssertUnwindSafe(read))?)
    }

    /// Some columns of a row group, of all rows or of those chosen.
    fn batches(
        &self,
        group: usize,
        names: &[&str],
        selection: Option<RowSelection>,
    ) -> Result<Vec<RecordBatch>> {
        let places = COLUMNS.iter().enumerate().filter(|(_, name)| names.contains(name));
        let schema = self.metadata.parquet_schema();
        let mask = parquet::arrow::ProjectionMask::roots(schema, places.map(|(place, _)| place));
        let reader = Reader { source: Arc::clone(&self.source), reads: None };
        let chosen = Chosen { groups: vec![group], columns: mask, rows: selection };
        let batches = chunks::open(reader, &self.metadata, chosen, GROUP_ROWS).map_err(outside)?;
        batches.map(|batch| batch.map_err(|error| outside(error.into()))).collect()
    }

    /// Shows `choice` the events up to `last`, and gives it those it wants.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io`, and what `choice` gives.
    pub(crate) fn choose(&self, last: Lsn, choice: &mut dyn Choice) -> Result<()> {
        for group in 0..self.metadata.metadata().num_row_groups() {
            let batches = footer::guarded(WHAT, || self.batches(group, &WHOSE, None))?;
            let mut wanted = Vec::new();
            let mut is_over = false;
            for batch in &batches {
                is_over |= each(batch, last, &mut |lsn, begins, subject| {
                    wanted.push(choice.wants(lsn, begins, subject)?);
                    Ok(())
                })?;
            }
            self.chosen(group, wanted)?.into_iter().try_for_each(|recorded| choice.take(recorded))?;
            if is_over {
                break;
            }
        }
        Ok(())
    }

    /// The position of the first event that was received after a time.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io`.
    pub(crate) fn first_after(&self, time: Time) -> Result<Option<Lsn>> {
        for (group, statistics) in self.metadata.metadata().row_groups().iter().enumerate() {
            let latest =
                statistics.columns().get(RECEIVED).and_then(|received| match received.statistics()? {
                    Statistics::Int64(received) => received.max_opt().copied(),
                    _ => None,
                });
            if latest.is_some_and(|latest| latest <= time) {
                continue;
            }
            for batch in footer::guarded(WHAT, || self.batches(group, &["lsn", "received"], None))? {
                let [lsns, received] = batch.columns() else { return Err(misfit()) };
                let lsns = lsns.as_primitive_opt::<Int64Type>().ok_or_else(misfit)?;
                let received = received.as_primitive_opt::<Int64Type>().ok_or_else(misfit)?;
                let mut rows = lsns.values().iter().zip(received.values());
                if let Some((lsn, _)) = rows.find(|(_, received)| **received > time) {
                    return Ok(Some(Lsn(lsn.cast_unsigned())));
                }
            }
        }
        Ok(None)
    }
}

type IsWanted = dyn Fn(&Subject) -> bool + Send + Sync;

/// Of which subjects events are wanted.
#[derive(Clone)]
pub struct Whose(Option<Arc<IsWanted>>);

impl Whose {
    /// Of all.
    pub const ALL: Self = Self(None);

    /// Of those of which `is_wanted` says so.
    pub fn those(is_wanted: impl Fn(&Subject) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(is_wanted)))
    }

    /// Whether those of a subject are.
    #[must_use]
    pub fn are_wanted(&self, subject: &Subject) -> bool {
        self.0.as_ref().is_none_or(|is_wanted| is_wanted(subject))
    }
}

/// Who looks at events and reads some.
pub(crate) trait Choice {
    /// Whether an event is wanted, by its position, what it is about, and whether its run begins with it.
    ///
    /// # Errors
    ///
    /// What ends the reading.
    fn wants(&mut self, lsn: Lsn, begins: bool, subject: &Subject) -> Result<bool>;

    /// Takes an event that was wanted; they come in log order.
    ///
    /// # Errors
    ///
    /// What ends the reading.
    fn take(&mut self, recorded: Recorded) -> Result<()>;
}

/// Columns of which an event is made.
const RECORDED: [&str; 3] = ["lsn", "run_seq", "body"];
/// Columns that say what an event is about.
const WHOSE: [&str; 6] = ["lsn", "run_seq", "entity", "project", "run_id", "generation"];
/// The place of the time of receipt.
const RECEIVED: usize = 2;

fn misfit() -> Error {
    Error::damaged("a file of events has other columns than it should")
}

fn recorded_of(batches: &[RecordBatch]) -> Result<Vec<Recorded>> {
    let mut events = Vec::new();
    for batch in batches {
        let [lsns, seqs, bodies] = batch.columns() else { return Err(misfit()) };
        let lsns = lsns.as_primitive_opt::<Int64Type>().ok_or_else(misfit)?;
        let seqs = seqs.as_primitive_opt::<Int64Type>().ok_or_else(misfit)?;
        let bodies = bodies.as_binary_opt::<i32>().ok_or_else(misfit)?;
        for ((lsn, seq), body) in lsns.values().iter().zip(seqs.values()).zip(bodies.iter()) {
            let body = Bytes::copy_from_slice(body.ok_or_else(misfit)?);
            let lsn = Lsn(lsn.cast_unsigned());
            let event = event::decode(&body).map_err(|error| {
                Error::damaged(format!("event {lsn} of a table file does not parse: {error}"))
            })?;
            events.push(Recorded::from_file(lsn, seq.cast_unsigned(), event)?);
        }
    }
    Ok(events)
}

/// Tells of each event up to `last` what it is about; whether there are later ones.
fn each(
    batch: &RecordBatch,
    last: Lsn,
    visit: &mut dyn FnMut(Lsn, bool, &Subject) -> Result<()>,
) -> Result<bool> {
    let [lsns, seqs, entities, projects, runs, generations] = batch.columns() else { return Err(misfit()) };
    let lsns = lsns.as_primitive_opt::<Int64Type>().ok_or_else(misfit)?;
    let seqs = seqs.as_primitive_opt::<Int64Type>().ok_or_else(misfit)?;
    let generations = generations.as_primitive_opt::<Int32Type>().ok_or_else(misfit)?;
    let [entities, projects, runs] = [entities, projects, runs].map(|column| {
        let column = column.as_dictionary_opt::<Int32Type>()?;
        Some((column.keys(), column.values().as_string_opt::<i32>()?))
    });
    let (entities, projects, runs) =
        (entities.ok_or_else(misfit)?, projects.ok_or_else(misfit)?, runs.ok_or_else(misfit)?);
    let place = |(keys, _): &(&Int32Array, &StringArray), row| keys.is_valid(row).then(|| keys.value(row));
    let text = |(_, values): &(&Int32Array, &StringArray), place: i32| -> Result<Arc<str>> {
        let place = usize::try_from(place).ok().filter(|place| *place < values.len());
        Ok(Arc::from(values.value(place.ok_or_else(misfit)?)))
    };
    // Events of a run mostly stand together.
    let mut known: Option<([Option<i32>; 4], Subject)> = None;
    for row in 0..batch.num_rows() {
        let lsn = Lsn(lsns.value(row).cast_unsigned());
        if lsn > last {
            return Ok(true);
        }
        let generation = generations.is_valid(row).then(|| generations.value(row));
        let about = [place(&entities, row), place(&projects, row), place(&runs, row), generation];
        if known.as_ref().is_none_or(|(known, _)| *known != about) {
            let subject = match about {
                [None, ..] => Subject::Store,
                [Some(entity), Some(project), run, generation] => {
                    let project = ProjectKey::new(text(&entities, entity)?, text(&projects, project)?);
                    match (run, generation) {
                        (Some(run), Some(generation)) => Subject::Run(RunKey {
                            project,
                            run: text(&runs, run)?,
                            generation: generation.cast_unsigned(),
                        }),
                        _ => Subject::Project(project),
                    }
                }
                _ => return Err(misfit()),
            };
            known = Some((about, subject));
        }
        if let Some((_, subject)) = &known {
            visit(lsn, seqs.value(row) == 0, subject)?;
        }
    }
    Ok(false)
}
