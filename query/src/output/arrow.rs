//! Arrow's own formats: a Parquet file, an IPC stream.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, Encoding, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::parquet::schema::types::ColumnPath;

/// Bytes of a row group in memory: a wide answer has smaller groups.
const GROUP_BYTES: usize = 64 << 20;

pub(super) struct Parquet<W: Write + Send>(ArrowWriter<W>);

impl<W: Write + Send> Parquet<W> {
    pub(super) fn new(schema: &SchemaRef, sink: W) -> io::Result<Self> {
        let compression = Compression::ZSTD(ZstdLevel::default());
        let mut properties = WriterProperties::builder().set_compression(compression);
        for field in schema.fields().iter().filter(|field| *field.data_type() == DataType::Float64) {
            // Measured values hardly repeat: a dictionary of them is made in vain.
            let path = ColumnPath::new(vec![field.name().clone()]);
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::BYTE_STREAM_SPLIT);
        }
        let properties = Some(properties.build());
        ArrowWriter::try_new(sink, SchemaRef::clone(schema), properties).map(Self).map_err(of_parquet)
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.0.write(batch).map_err(of_parquet)?;
        if self.0.memory_size() < GROUP_BYTES {
            return Ok(());
        }
        self.0.flush().map_err(of_parquet)
    }

    pub(super) fn finish(self) -> io::Result<W> {
        self.0.into_inner().map_err(of_parquet)
    }
}

pub(super) struct Stream<W: Write>(StreamWriter<W>);

impl<W: Write> Stream<W> {
    pub(super) fn new(schema: &SchemaRef, sink: W) -> io::Result<Self> {
        StreamWriter::try_new(sink, schema).map(Self).map_err(of_arrow)
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.0.write(batch).map_err(of_arrow)
    }

    pub(super) fn finish(self) -> io::Result<W> {
        self.0.into_inner().map_err(of_arrow)
    }
}

/// The sink's own error where there is one, so that a closed pipe is told from a bug.
fn of_arrow(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, error) => error,
        other => io::Error::other(other),
    }
}

fn of_parquet(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}
