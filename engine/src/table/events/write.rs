//! Writes a file of events.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Int32Builder, Int64Builder, RecordBatch, StringDictionaryBuilder,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use bytes::BytesMut;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::{COLUMNS, Recorded, outside, reduced};
use crate::error::{Error, Result};
use crate::event::{self, Event, Subject};
use crate::id::Lsn;
use crate::table::rows::Written;

/// Rows of a row group.
pub(super) const GROUP_ROWS: usize = 64 << 10;
/// Bytes of the bodies in a row group, unless a single one is larger.
const GROUP_BYTES: usize = 32 << 20;

/// Writes events, of the log or of other files of events, in log order, as a file.
///
/// # Errors
///
/// The first that `events` gives; `Io`.
pub(crate) fn write<W: Write + Send>(
    events: impl Iterator<Item = Result<Recorded>>,
    zstd_level: i32,
    mut sink: W,
) -> Result<Written<W>> {
    let schema = Arc::new(schema());
    let properties = properties(zstd_level)?;
    let mut out = ArrowWriter::try_new(&mut sink, Arc::clone(&schema), Some(properties)).map_err(outside)?;
    let (mut columns, mut rows) = (Columns::default(), 0);
    let flush = |columns: &mut Columns, out: &mut ArrowWriter<&mut W>| -> Result<()> {
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
    // Its `into_inner` would tell an error of the disk by its words alone, as if it were damage.
    out.close().map_err(outside)?;
    Ok(Written { sink, rows, index: Vec::new() })
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
