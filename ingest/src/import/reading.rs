//! A log read to its end: records to an account, rows and lines, a chunk of them at a time to a sink.

use std::io::Read;

use engine::ConsoleLine;

use super::account::{Account, Output};
use super::record::Record;
use super::report::{LogReport, Skipped};
use super::rows::{self, RowRecords};
use super::wandb_file::LogReader;
use super::{ImportError, NotALog};
use crate::http::error::Refusal;
use crate::wandb::filestream::RowChunk;

/// Bytes of records that make a chunk: large enough that a sync costs little beside it, small enough
/// that many logs can be read at once.
const CHUNK_BYTES: usize = 4 << 20;
/// Bytes of lines of the console that make a chunk.
const OUTPUT_BYTES: usize = 1 << 20;
/// Bytes of output that a terminal is shown at once: a few of them can make lines of thousands of spaces.
const OUTPUT_PIECE: usize = 1 << 10;
/// Bytes of what a log tells beside rows, lines and summary: more than any run has, less than memory.
const TOLD_BYTES_MAX: usize = 256 << 20;

/// What of a run is stored at once. Lines are counted from the log's first.
#[derive(Debug, Default)]
pub(crate) struct LogChunk {
    pub(crate) history: Option<RowChunk>,
    pub(crate) system: Option<RowChunk>,
    pub(crate) console: Vec<ConsoleLine>,
    /// The log's number of the first of them.
    pub(crate) console_line: u64,
}

/// Where what is read goes.
pub(crate) trait Sink {
    /// Called before the first row of history is taken: its time and step. Gives what is added to steps.
    fn first_row(
        &mut self,
        account: &Account,
        time: Option<f64>,
        step: Option<i64>,
    ) -> Result<i64, ImportError>;
    /// The time of the first row of system metrics.
    fn first_sample(&mut self, account: &Account, time: Option<f64>) -> Result<(), ImportError>;
    fn store(&mut self, account: &Account, chunk: LogChunk) -> Result<(), ImportError>;
    /// The log is at its end.
    fn finish(&mut self, account: &Account, report: &mut LogReport) -> Result<(), ImportError>;
}

/// A sink for who only wants to know what a log holds.
pub(crate) struct Nowhere;

impl Sink for Nowhere {
    fn first_row(&mut self, _: &Account, _: Option<f64>, _: Option<i64>) -> Result<i64, ImportError> {
        Ok(0)
    }

    fn first_sample(&mut self, _: &Account, _: Option<f64>) -> Result<(), ImportError> {
        Ok(())
    }

    fn store(&mut self, _: &Account, _: LogChunk) -> Result<(), ImportError> {
        Ok(())
    }

    fn finish(&mut self, account: &Account, report: &mut LogReport) -> Result<(), ImportError> {
        report.name_files(account, |_| true);
        Ok(())
    }
}

/// Reads a log to its end.
///
/// # Errors
///
/// It is no log, tells of no run, or the sink fails.
pub(crate) fn read(source: impl Read, sink: &mut dyn Sink) -> Result<LogReport, ImportError> {
    let mut log = LogReader::begin(source)?;
    let mut reading = Reading::new(sink);
    while log.advance().map_err(NotALog::Io)? {
        reading.take(log.record())?;
    }
    let mut report = reading.finish()?;
    report.damage = log.damage();
    report.bytes = log.bytes();
    Ok(report)
}

struct Reading<'a> {
    sink: &'a mut dyn Sink,
    account: Account,
    history: RowRecords,
    system: RowRecords,
    /// Lines that are stored already.
    next: Lines,
    /// What is added to steps; none before the first row.
    shift: Option<i64>,
    has_samples: bool,
    chunk_bytes: usize,
    told_bytes: usize,
    report: LogReport,
}

#[derive(Default)]
struct Lines {
    history: u64,
    system: u64,
    console: u64,
}

impl<'a> Reading<'a> {
    fn new(sink: &'a mut dyn Sink) -> Self {
        Self {
            sink,
            account: Account::default(),
            history: RowRecords::new(),
            system: RowRecords::new(),
            next: Lines::default(),
            shift: None,
            has_samples: false,
            chunk_bytes: 0,
            told_bytes: 0,
            report: LogReport::default(),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), ImportError> {
        let Ok(record) = Record::parse(bytes) else {
            self.report.skipped.unreadable += 1;
            return Ok(());
        };
        if !matches!(record, Record::History(_) | Record::Stats(_) | Record::Summary(_) | Record::Output(_)) {
            self.hold(bytes.len())?;
        }
        let account = &mut self.account;
        let taken = match record {
            Record::History(row) => return self.history(row),
            Record::Stats(row) => return self.sample(row),
            Record::Summary(summary) => account.summary.take(summary),
            Record::Output(output) => return self.output(output),
            Record::Config(config) => account.config(config),
            Record::Files(files) => account.files(files),
            Record::Telemetry(telemetry) => account.telemetry(telemetry),
            Record::Metric(metric) => account.metric(metric),
            Record::Run(run) => account.run(run),
            Record::Exit(exit) => account.exit(exit),
            Record::Environment(environment) => account.environment.take(environment),
            Record::Header(header) => account.header(header),
            Record::Preempting | Record::Internal => Ok(()),
            Record::Artifact | Record::Alert | Record::Unknown => {
                self.report.skipped.count(record);
                Ok(())
            }
        };
        self.report.skipped.unreadable += u64::from(taken.is_err());
        Ok(())
    }

    /// What is told beside rows is held until the end of the log.
    fn hold(&mut self, bytes: usize) -> Result<(), ImportError> {
        self.told_bytes += bytes;
        if self.told_bytes <= TOLD_BYTES_MAX {
            return Ok(());
        }
        Err(Refusal::too_large("what the log tells beside rows", TOLD_BYTES_MAX as u64).into())
    }

    fn output(&mut self, message: &[u8]) -> Result<(), ImportError> {
        let Ok(Output { text: mut rest, is_stderr, time }) = Output::parse(message) else {
            self.report.skipped.unreadable += 1;
            return Ok(());
        };
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(rest.floor_char_boundary(OUTPUT_PIECE));
            self.account.terminal.write(piece, is_stderr, time);
            rest = more;
            if self.account.terminal.done_bytes() >= OUTPUT_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn history(&mut self, row: &[u8]) -> Result<(), ImportError> {
        let shift = match self.shift {
            Some(shift) => shift,
            None => {
                let (time, step) = rows::time_and_step(row);
                let shift = self.sink.first_row(&self.account, time, step)?;
                *self.shift.insert(shift)
            }
        };
        self.history.history(row, shift);
        self.grown(row.len())
    }

    fn sample(&mut self, row: &[u8]) -> Result<(), ImportError> {
        if !self.has_samples {
            self.has_samples = true;
            self.sink.first_sample(&self.account, rows::time_of_sample(row))?;
        }
        self.system.stats(row, self.account.run.as_ref().and_then(|run| run.start));
        self.grown(row.len())
    }

    fn grown(&mut self, bytes: usize) -> Result<(), ImportError> {
        self.chunk_bytes += bytes;
        if self.chunk_bytes < CHUNK_BYTES { Ok(()) } else { self.flush() }
    }

    /// Gives to the sink what was read since it last was.
    fn flush(&mut self) -> Result<(), ImportError> {
        self.chunk_bytes = 0;
        let history = std::mem::replace(&mut self.history, RowRecords::new());
        let system = std::mem::replace(&mut self.system, RowRecords::new());
        let console = self.account.terminal.take_done();
        let (rows, samples, lines) =
            (u64::from(history.rows()), u64::from(system.rows()), console.len() as u64);
        self.account.last_step = history.last_step().or(self.account.last_step);
        self.report.rows += rows;
        self.report.system_rows += samples;
        self.report.points += history.cells();
        self.report.lines += lines;
        let chunk = LogChunk {
            history: history.finish(self.next.history),
            system: system.finish(self.next.system),
            console,
            console_line: self.next.console,
        };
        self.next.history += rows;
        self.next.system += samples;
        self.next.console += lines;
        if chunk.history.is_none() && chunk.system.is_none() && chunk.console.is_empty() {
            return Ok(());
        }
        self.sink.store(&self.account, chunk)
    }

    fn finish(mut self) -> Result<LogReport, ImportError> {
        if self.account.run.as_ref().is_none_or(|run| run.id.is_empty()) {
            return Err(ImportError::NoRun);
        }
        self.account.terminal.end();
        self.flush()?;
        let Self { sink, account, mut report, .. } = self;
        report.has_end = account.exit_code.is_some();
        report.skipped.files = account.refused_files;
        sink.finish(&account, &mut report)?;
        Ok(report)
    }
}

impl Skipped {
    fn count(&mut self, record: Record<'_>) {
        match record {
            Record::Artifact => self.artifacts += 1,
            Record::Alert => self.alerts += 1,
            _ => self.unknown += 1,
        }
    }
}
