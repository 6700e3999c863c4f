//! Files of events: what happened, in log order; of rows and console lines what they were about.
//!
//! ```text
//!  lsn │ run_seq │ received │ entity │ project │ run_id │ generation │ kind │ actor │ body
//! ```
//!
//! What holds:
//! - An event's body is the one of the log, but for the block of rows and the lines of the console,
//!   which stand in files of rows: in their place is a [`Digest`].
//! - Folding the events of a store's files gives the state that folding its log gives.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray, BinaryBuilder, Int32Array, Int32Builder, Int64Builder, RecordBatch,
    StringArray, StringDictionaryBuilder,
};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema};
use bytes::{Bytes, BytesMut};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnPath;
use serde::{Deserialize, Serialize};

use super::footer::{self, Pages};
use super::rows::Written;
use super::source::{Reader, Source};
use crate::error::{Error, Result};
use crate::event::{self, Block, Body, Cell, Console, Event, Rows, Subject, Time};
use crate::id::{Lsn, ProjectKey, RunKey};
use crate::projection::Kinds;

/// Rows of a row group.
const GROUP_ROWS: usize = 64 << 10;
/// Bytes of the bodies in a row group, unless a single one is larger.
const GROUP_BYTES: usize = 32 << 20;
/// Columns, in their order.
const COLUMNS: [&str; 10] =
    ["lsn", "run_seq", "received", "entity", "project", "run_id", "generation", "kind", "actor", "body"];

/// What rows are about, without the rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Digest {
    /// The lowest and highest `_step`.
    pub steps: Option<(i64, i64)>,
    /// The time of the last row, as its source says, in seconds.
    pub time: Option<f64>,
    /// Each key with its cells, in the block's order.
    pub keys: Vec<DigestKey>,
}

/// A key of a [`Digest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestKey {
    /// Its name.
    pub name: Arc<str>,
    /// Its cells.
    pub points: u32,
    /// Their kinds.
    pub kinds: Kinds,
}

/// An event as it is kept for ever: of rows and console lines without what they held.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its position.
    pub lsn: Lsn,
    /// Its number among its subject's events.
    pub run_seq: u64,
    /// What happened; of rows the block may be missing.
    pub event: Event,
    /// What the rows of an event were about.
    pub digest: Option<Digest>,
}

impl Recorded {
    /// An event of the log.
    ///
    /// # Errors
    ///
    /// `Damaged` when its rows are none.
    pub(crate) fn of(lsn: Lsn, run_seq: u64, event: Event) -> Result<Self> {
        let digest = match &event.body {
            Body::Logged(rows) | Body::SystemSampled(rows) => Some(Digest::of(&block_of(rows)?)),
            _ => None,
        };
        Ok(Self { lsn, run_seq, event, digest })
    }

    /// What [`reduced`] made of an event.
    fn from_file(lsn: Lsn, run_seq: u64, mut event: Event) -> Result<Self> {
        let digest = match &mut event.body {
            Body::Logged(rows) | Body::SystemSampled(rows) => {
                let read = event::from_bincode(&rows.block);
                let (digest, _): (Digest, usize) = read.map_err(|error| {
                    Error::damaged(format!("event {lsn} of a table file has no digest: {error}"))
                })?;
                rows.block = Bytes::new();
                Some(digest)
            }
            _ => None,
        };
        Ok(Self { lsn, run_seq, event, digest })
    }
}

fn block_of(rows: &Rows) -> Result<Block> {
    Block::parse(rows.block.clone())
        .map_err(|error| Error::damaged(format!("an event holds no rows: {error}")))
}

impl Digest {
    /// What a block is about.
    #[must_use]
    pub fn of(block: &Block) -> Self {
        let mut digest = Self::default();
        for column in block.columns() {
            match column.name {
                "_step" => {
                    digest.steps = column.ints().and_then(|steps| {
                        steps.map(|step| (step, step)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
                    });
                }
                "_timestamp" => {
                    digest.time = column.iter().last().and_then(|(_, cell)| match cell {
                        #[expect(clippy::cast_precision_loss, reason = "seconds of a clock")]
                        Cell::Int(seconds) => Some(seconds as f64),
                        Cell::Float(seconds) => Some(seconds),
                        _ => None,
                    });
                }
                _ => {}
            }
            let key = DigestKey {
                name: Arc::from(column.name),
                points: column.len(),
                kinds: Kinds::of_column(&column),
            };
            digest.keys.push(key);
        }
        digest
    }
}

/// An event as a file of events keeps it.
fn reduced(recorded: Recorded) -> Result<Event> {
    let Recorded { event, digest, .. } = recorded;
    let rows = |rows: Rows| -> Result<Rows> {
        let digest = event::to_bincode(digest.unwrap_or_default())
            .map_err(|error| Error::damaged(error.to_string()))?;
        Ok(Rows { block: digest.into(), ..rows })
    };
    let body = match event.body {
        Body::Logged(logged) => Body::Logged(rows(logged)?),
        Body::SystemSampled(sampled) => Body::SystemSampled(rows(sampled)?),
        Body::ConsoleWritten(console) => {
            let timed = console.lines.into_iter().rev().find(|line| line.time.is_some());
            let lines =
                timed.into_iter().map(|line| event::ConsoleLine { text: "".into(), ..line }).collect();
            Body::ConsoleWritten(Console { lines, ..console })
        }
        other => other,
    };
    Ok(Event { body, ..event })
}

/// Writes events, of the log or of other files of events, in log order, as a file.
///
/// # Errors
///
/// The first that `events` gives; `Io`.
pub(crate) fn write<W: Write + Send>(
    events: impl Iterator<Item = Result<Recorded>>,
    zstd_level: i32,
    sink: W,
) -> Result<Written<W>> {
    let schema = Arc::new(schema());
    let mut out =
        ArrowWriter::try_new(sink, Arc::clone(&schema), Some(properties(zstd_level)?)).map_err(outside)?;
    let (mut columns, mut rows) = (Columns::default(), 0);
    let flush = |columns: &mut Columns, out: &mut ArrowWriter<W>| -> Result<()> {
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns.finish())
            .map_err(|error| Error::damaged(error.to_string()))?;
        out.write(&batch).and_then(|()| out.flush()).map_err(outside)
    };
    for event in events {
        let event = event?;
        let (lsn, run_seq) = (event.lsn, event.run_seq);
        columns.push(lsn, run_seq, &reduced(event)?)?;
        rows += 1;
        if columns.rows == GROUP_ROWS || columns.bytes >= GROUP_BYTES {
            flush(&mut columns, &mut out)?;
        }
    }
    if columns.rows > 0 {
        flush(&mut columns, &mut out)?;
    }
    Ok(Written { sink: out.into_inner().map_err(outside)?, rows, index: Vec::new() })
}

#[derive(Default)]
struct Columns {
    rows: usize,
    bytes: usize,
    numbers: [Int64Builder; 3],
    texts: [StringDictionaryBuilder<Int32Type>; 4],
    small: [Int32Builder; 2],
    body: BinaryBuilder,
}

impl Columns {
    fn push(&mut self, lsn: Lsn, run_seq: u64, event: &Event) -> Result<()> {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut body = BytesMut::new();
        event::encode(event, &mut body)?;
        for (column, number) in self.numbers.iter_mut().zip([count(lsn.0), count(run_seq), event.received]) {
            column.append_value(number);
        }
        let (project, run) = match &event.subject {
            Subject::Store => (None, None),
            Subject::Project(project) => (Some(project), None),
            Subject::Run(run) => (Some(&run.project), Some(run)),
        };
        let texts = [
            project.map(|project| &*project.entity),
            project.map(|project| &*project.project),
            run.map(|run| &*run.run),
            Some(&*event.actor),
        ];
        self.texts.iter_mut().zip(texts).for_each(|(column, text)| column.append_option(text));
        let kind = body.first().map(|kind| i32::from(*kind));
        let small = [run.map(|run| i32::try_from(run.generation).unwrap_or(i32::MAX)), kind];
        self.small.iter_mut().zip(small).for_each(|(column, number)| column.append_option(number));
        self.body.append_value(&body);
        self.rows += 1;
        self.bytes += body.len();
        Ok(())
    }

    fn finish(&mut self) -> Vec<ArrayRef> {
        (self.rows, self.bytes) = (0, 0);
        let [lsn, run_seq, received] = &mut self.numbers;
        let [entity, project, run, actor] = &mut self.texts;
        let [generation, kind] = &mut self.small;
        vec![
            Arc::new(lsn.finish()),
            Arc::new(run_seq.finish()),
            Arc::new(received.finish()),
            Arc::new(entity.finish()),
            Arc::new(project.finish()),
            Arc::new(run.finish()),
            Arc::new(generation.finish()),
            Arc::new(kind.finish()),
            Arc::new(actor.finish()),
            Arc::new(self.body.finish()),
        ]
    }
}

fn schema() -> Schema {
    let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let field = |name: &&str| match *name {
        "lsn" | "run_seq" | "received" => Field::new(*name, DataType::Int64, false),
        "generation" => Field::new(*name, DataType::Int32, true),
        "kind" => Field::new(*name, DataType::Int32, true),
        "body" => Field::new(*name, DataType::Binary, false),
        _ => Field::new(*name, text(), true),
    };
    Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>())
}

fn properties(zstd_level: i32) -> Result<WriterProperties> {
    let level = ZstdLevel::try_new(zstd_level).map_err(outside)?;
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(None)
        .set_created_by(format!("wbq {}", env!("CARGO_PKG_VERSION")));
    for name in ["lsn", "run_seq", "received"] {
        let path = ColumnPath::new(vec![name.to_owned()]);
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    let body = ColumnPath::new(vec!["body".to_owned()]);
    Ok(properties.set_column_dictionary_enabled(body, false).build())
}

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

    /// Its events from a position on, in log order, a row group at a time.
    pub(crate) fn events(self: &Arc<Self>, from: Lsn) -> impl Iterator<Item = Result<Recorded>> + use<> {
        let file = Arc::clone(self);
        let groups = file.metadata.metadata().num_row_groups();
        let is_wanted =
            move |event: &Result<Recorded>| event.as_ref().map_or(true, |event| event.lsn >= from);
        (0..groups)
            .filter({
                let file = Arc::clone(self);
                move |group| file.may_have(*group, from)
            })
            .flat_map(move |group| match footer::guarded(WHAT, || file.group(group)) {
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

    fn group(&self, group: usize) -> Result<Vec<Recorded>> {
        recorded_of(&self.batches(group, &RECORDED, None)?)
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
        let reader = Reader(Arc::clone(&self.source));
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(reader, self.metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(mask)
            .with_batch_size(GROUP_ROWS);
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        let batches = builder.build().map_err(outside)?;
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
                is_over |= whose(batch, last, &mut |lsn, begins, subject| {
                    wanted.push(choice.wants(lsn, begins, subject)?);
                    Ok(())
                })?;
            }
            if wanted.contains(&true) {
                let selection = RowSelection::from_filters(&[wanted.into()]);
                let chosen = || self.batches(group, &RECORDED, Some(selection));
                let chosen = footer::guarded(WHAT, std::panic::AssertUnwindSafe(chosen))?;
                recorded_of(&chosen)?.into_iter().try_for_each(|recorded| choice.take(recorded))?;
            }
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
fn whose(
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

/// What errors call it.
const WHAT: &str = "a file of events";

fn outside(error: parquet::errors::ParquetError) -> Error {
    super::parquet_error(WHAT, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{BlockBuilder, Chunk, ConsoleLine, StateChanged};
    use crate::event::{Cause, State};
    use crate::id::{ProjectKey, RunPath};

    fn chunk(lines: u32) -> Chunk {
        Chunk { writer: "w".into(), first_line: 7, lines, hash: 1 }
    }

    fn events() -> Vec<(Lsn, u64, Event)> {
        let run = RunPath::new(ProjectKey::new("ada", "p"), "r").generation(2);
        let mut block = BlockBuilder::new();
        for step in [3, 1, 2] {
            block.begin_row();
            block.push_int("_step", step);
            block.push_float("_timestamp", 1.5 + step as f64);
            block.push_float("loss", f64::NAN);
        }
        let rows = Rows { chunk: chunk(3), rows: 3, block: block.finish() };
        let line =
            |time, text: &str| ConsoleLine { time, is_stderr: true, label: "l".into(), text: text.into() };
        let lines = vec![line(Some(5), "secret"), line(None, "more")];
        let changed = StateChanged {
            from: State::Running,
            to: State::Failed,
            cause: Cause::Exit,
            evidence: "exit code 1".into(),
            exit_code: Some(1),
        };
        let bodies = [
            Body::Logged(rows),
            Body::ConsoleWritten(Console { chunk: chunk(2), lines }),
            Body::StateChanged(changed),
            Body::Heartbeat,
        ];
        let event = |body| Event { subject: run.clone().into(), received: -3, actor: "ada".into(), body };
        let store = Event { subject: Subject::Store, received: 0, actor: "".into(), body: Body::Heartbeat };
        let events = std::iter::once(store).chain(bodies.into_iter().map(event));
        (10..).zip(0..).zip(events).map(|((lsn, seq), event)| (Lsn(lsn), seq, event)).collect()
    }

    #[test]
    fn events_come_back_with_a_digest_in_the_place_of_their_rows() {
        let recorded = events().into_iter().map(|(lsn, run_seq, event)| Recorded::of(lsn, run_seq, event));
        let written = write(recorded, 1, Vec::new()).unwrap();
        assert_eq!(written.rows, 5);
        let open = |file: Vec<u8>| Arc::new(EventFile::open(Arc::new(Bytes::from(file))).unwrap());
        let file = open(written.sink);
        let back: Vec<Recorded> = file.events(Lsn(0)).collect::<Result<_>>().unwrap();
        let again = open(write(file.events(Lsn(0)), 3, Vec::new()).unwrap().sink);
        let again: Vec<Recorded> = again.events(Lsn(0)).collect::<Result<_>>().unwrap();
        assert_eq!(again, back, "written once more they stay what they are");
        for ((lsn, seq, event), back) in events().into_iter().zip(&back) {
            assert_eq!((lsn, seq), (back.lsn, back.run_seq));
            assert_eq!((&event.subject, event.received), (&back.event.subject, back.event.received));
            match (event.body, &back.event.body) {
                (Body::Logged(rows), Body::Logged(kept)) => {
                    assert_eq!((&rows.chunk, rows.rows), (&kept.chunk, kept.rows));
                    let digest = back.digest.as_ref().unwrap();
                    assert_eq!((digest.steps, digest.time), (Some((1, 3)), Some(3.5)));
                    let keys: Vec<_> = digest.keys.iter().map(|key| (&*key.name, key.points)).collect();
                    assert_eq!(keys, [("_step", 3), ("_timestamp", 3), ("loss", 3)]);
                }
                (Body::ConsoleWritten(console), Body::ConsoleWritten(kept)) => {
                    assert_eq!(console.chunk, kept.chunk);
                    let times: Vec<_> = kept.lines.iter().map(|line| (line.time, &*line.text)).collect();
                    assert_eq!(times, [(Some(5), "")], "the last time, and no text");
                }
                (body, kept) => assert_eq!(&body, kept),
            }
        }
        assert_eq!((back.len(), file.events(Lsn(13)).count()), (5, 2));
    }
}
