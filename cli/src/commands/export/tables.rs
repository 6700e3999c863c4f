//! The tables of an export, file by file: the rows of one or more statements, as they come.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use engine::{ProjectKey, Snapshot, Space};
use query::output::{Format, Writer};

use super::folder::{Folder, Sink};
use super::keys;
use super::manifest::Entry;
use super::statements::{self, RunId, bracketed};
use crate::answer::Answerer;
use crate::args::{Export, Form};
use crate::failure::{Failure, Result};
use crate::folder;
use crate::output::Messages;
use crate::progress::Bar;

/// What is exported from.
#[derive(Clone, Copy)]
pub(super) struct Store<'a> {
    pub(super) dir: &'a Path,
    pub(super) snapshot: &'a Snapshot,
    /// Answers over that snapshot.
    pub(super) answerer: &'a Answerer,
}

impl Store<'_> {
    fn unreadable(&self, error: &engine::Error) -> Failure {
        folder::failure("cannot read the store in", self.dir, error)
    }
}

/// The files that are written so far, and what is needed for the next.
pub(super) struct Exporter<'a> {
    store: Store<'a>,
    folder: &'a Folder,
    bar: &'a Bar,
    asked: &'a Export,
    messages: Messages,
    /// Of each project with runs in it those that were chosen; none where all were.
    chosen: BTreeMap<ProjectKey, Option<BTreeSet<RunId>>>,
    /// Files that there will be, as far as is known.
    expected: usize,
    /// SHA-256 of the user files.
    digests: BTreeSet<String>,
    pub(super) runs: u64,
    pub(super) keys_without_column: u64,
    pub(super) files: Vec<Entry>,
}

/// A file of rows that is to be written.
struct Asked<'a> {
    path: String,
    table: &'static str,
    project: Option<&'a ProjectKey>,
    /// One after the other; all have the same columns.
    statements: Vec<String>,
}

pub(super) fn ending(form: Form) -> &'static str {
    match form {
        Form::Parquet => "parquet",
        Form::Jsonl => "jsonl",
        Form::Csv => "csv",
    }
}

impl<'a> Exporter<'a> {
    pub(super) fn new(
        store: Store<'a>,
        folder: &'a Folder,
        bar: &'a Bar,
        asked: &'a Export,
        messages: Messages,
    ) -> Self {
        Self {
            store,
            folder,
            bar,
            asked,
            messages,
            chosen: BTreeMap::new(),
            expected: 0,
            digests: BTreeSet::new(),
            runs: 0,
            keys_without_column: 0,
            files: Vec::new(),
        }
    }

    /// Writes every table.
    pub(super) async fn tables(&mut self) -> Result<()> {
        self.choose().await?;
        let chosen = std::mem::take(&mut self.chosen);
        self.expected = 2 + 5 * chosen.len();
        self.run_table(&chosen).await?;
        let mut taken = BTreeSet::new();
        for (project, runs) in &chosen {
            let path = statements::path_of(project, &mut taken);
            let conditions = statements::conditions(project, runs.as_ref());
            for (table, space) in [("history", Space::History), ("system", Space::System)] {
                let keys = keys::logged(self.store.snapshot, project, runs.as_ref(), space);
                let keys = keys.map_err(|error| self.store.unreadable(&error))?;
                self.wide(table, &path, project, &keys, &conditions).await?;
            }
            for table in ["points", "console", "files"] {
                let statement = |condition: &String| format!("SELECT * FROM {table} WHERE {condition}");
                let statements = conditions.iter().map(statement).collect();
                let path = format!("{table}/{path}");
                self.write(Asked { path, table, project: Some(project), statements }).await?;
            }
        }
        self.chosen = chosen;
        let statements = vec!["SELECT * FROM events".to_owned()];
        self.write(Asked { path: "events".to_owned(), table: "events", project: None, statements }).await
    }

    /// Finds the projects, and the runs in them where a condition chooses some.
    async fn choose(&mut self) -> Result<()> {
        let condition = self.asked.condition.as_deref();
        let sql = match condition {
            None => "SELECT DISTINCT entity, project FROM runs".to_owned(),
            Some(_) => {
                format!("SELECT entity, project, run_id, generation FROM runs{}", bracketed(condition))
            }
        };
        let mut answer = self.store.answerer.answer(&sql).await?;
        answer.warnings.iter().for_each(|warning| self.messages.warn(warning));
        while let Some(batch) = answer.next().await {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                let text = |column: usize| text_at(&batch, column, row);
                let (Some(entity), Some(project)) = (text(0), text(1)) else { continue };
                let runs = self.chosen.entry(ProjectKey::new(entity, project)).or_default();
                if let (Some(id), Some(generation)) = (text(2), number_at(&batch, 3, row)) {
                    runs.get_or_insert_default().insert((generation, id.to_owned()));
                }
            }
        }
        Ok(())
    }

    /// Writes `runs`, with columns for as many keys as one statement can name.
    async fn run_table(&mut self, chosen: &BTreeMap<ProjectKey, Option<BTreeSet<RunId>>>) -> Result<()> {
        let mut columns = vec!["*".to_owned()];
        for (root, space) in [("config", Space::Config), ("summary", Space::Summary)] {
            let keys = keys::of_runs(self.store.snapshot, chosen, space);
            let mut pieces = statements::key_columns(root, &format!("{root}."), &keys, &[]).into_iter();
            columns.extend(pieces.next().map(|piece| piece.text));
            self.keys_without_column += pieces.map(|piece| piece.keys as u64).sum::<u64>();
        }
        if self.keys_without_column > 0 {
            let count = self.keys_without_column;
            self.messages.warn(&format!(
                "{count} keys have no column in `runs`: the columns config and summary have them"
            ));
        }
        let columns = columns.join(", ");
        // The condition is not asked again: it may tell the time, or draw.
        let of = |(project, runs): (_, &Option<_>)| statements::conditions(project, runs.as_ref());
        let conditions = match self.asked.condition {
            Some(_) if chosen.is_empty() => vec!["false".to_owned()],
            Some(_) => chosen.iter().flat_map(of).collect(),
            None => vec!["true".to_owned()],
        };
        let statement = |condition: &String| format!("SELECT {columns} FROM runs WHERE {condition}");
        let statements = conditions.iter().map(statement).collect();
        self.write(Asked { path: "runs".to_owned(), table: "runs", project: None, statements }).await?;
        self.runs = self.files.last().and_then(|file| file.rows).unwrap_or_default();
        Ok(())
    }

    /// Writes a table with a column a key: a file, or several where there are very many keys.
    async fn wide(
        &mut self,
        table: &'static str,
        path: &str,
        project: &ProjectKey,
        keys: &[Arc<str>],
        conditions: &[String],
    ) -> Result<()> {
        let own: Vec<&str> = query::docs::columns(table).collect();
        let pieces = statements::key_columns(table, "", keys, &own).into_iter().map(|piece| Some(piece.text));
        let pieces: Vec<Option<String>> = if keys.is_empty() { vec![None] } else { pieces.collect() };
        self.expected += pieces.len() - 1;
        for (number, piece) in (1..).zip(pieces) {
            let columns = own.iter().map(|column| (*column).to_owned()).chain(piece);
            let columns = columns.collect::<Vec<_>>().join(", ");
            let statement = |condition: &String| format!("SELECT {columns} FROM {table} WHERE {condition}");
            let statements = conditions.iter().map(statement).collect();
            let path = match number {
                1 => format!("{table}/{path}"),
                _ => format!("{table}/{path}.keys-{number}"),
            };
            self.write(Asked { path, table, project: Some(project), statements }).await?;
        }
        Ok(())
    }

    /// Writes the rows of statements as one file.
    async fn write(&mut self, asked: Asked<'_>) -> Result<()> {
        let Asked { path, table, project, statements } = asked;
        let path = format!("{path}.{}", ending(self.asked.form));
        let unwritten =
            |error: std::io::Error| Failure::io(format!("cannot write {path:?} of the export"), &error);
        let mut writer: Option<Writer<Sink>> = None;
        let mut rows = 0;
        for sql in &statements {
            let mut answer = self.store.answerer.answer_of(sql, project).await?;
            let writer = match &mut writer {
                Some(writer) => writer,
                None => {
                    let sink = self.folder.create(&path)?;
                    let new = Writer::new(format(self.asked.form), &answer.schema, sink);
                    writer.insert(new.map_err(unwritten)?)
                }
            };
            while let Some(batch) = answer.next().await {
                let batch = if table == "events" { self.events_of_chosen(&batch?)? } else { batch? };
                rows += batch.num_rows() as u64;
                if table == "files" && self.asked.files {
                    self.note_digests(&batch);
                }
                writer.write(&batch).map_err(unwritten)?;
                self.bar.show_file(self.files.len(), self.expected, &path, rows);
            }
        }
        let Some(writer) = writer else { return Ok(()) };
        let written = writer.finish().and_then(Sink::finish).map_err(unwritten)?;
        self.files.push(Entry::of_table(path, table, project, rows, written));
        Ok(())
    }

    /// Of some events those of the chosen runs; all where all runs were chosen.
    fn events_of_chosen(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        if self.asked.condition.is_none() {
            return Ok(batch.clone());
        }
        let is_chosen = |row: usize| {
            let (entity, project) = (text_at(batch, 0, row)?, text_at(batch, 1, row)?);
            let run = (number_at(batch, 3, row)?, text_at(batch, 2, row)?.to_owned());
            Some(self.chosen.get(&ProjectKey::new(entity, project))?.as_ref()?.contains(&run))
        };
        let chosen: BooleanArray = (0..batch.num_rows()).map(|row| is_chosen(row).or(Some(false))).collect();
        filter_record_batch(batch, &chosen)
            .map_err(|error| Failure::refused("cannot choose events").because(&error))
    }

    fn note_digests(&mut self, batch: &RecordBatch) {
        let Some(digests) = batch.column_by_name("digest").and_then(|column| column.as_string_opt::<i32>())
        else {
            return;
        };
        self.digests.extend(digests.iter().flatten().map(str::to_owned));
    }

    /// Writes the content of the user files, each once.
    pub(super) fn user_files(&mut self) -> Result<()> {
        let dir = self.store.dir;
        self.expected += self.digests.len();
        for digest in std::mem::take(&mut self.digests) {
            let path = format!("user_files/{}/{digest}", digest.get(..2).unwrap_or_default());
            let failed = |error: &engine::Error| folder::failure("cannot read a user file of", dir, error);
            let Some(bytes) = digest_of(&digest) else { continue };
            let mut pieces = engine::read_blob(dir, &bytes).map_err(|error| failed(&error))?.pieces();
            let mut sink = self.folder.create(&path)?;
            loop {
                let piece = pieces.read(1 << 20).map_err(|error| failed(&error))?;
                if piece.is_empty() {
                    break;
                }
                std::io::Write::write_all(&mut sink, &piece).map_err(|error| unwritten(&path, &error))?;
            }
            let written = sink.finish().map_err(|error| unwritten(&path, &error))?;
            self.bar.show_file(self.files.len(), self.expected, &path, 0);
            self.files.push(Entry::of_user(path, written));
        }
        Ok(())
    }
}

fn unwritten(path: &str, error: &std::io::Error) -> Failure {
    Failure::io(format!("cannot write {path:?} of the export"), error)
}

fn format(form: Form) -> Format {
    match form {
        Form::Parquet => Format::Parquet,
        Form::Jsonl => Format::Ndjson,
        Form::Csv => Format::Csv,
    }
}

fn text_at(batch: &RecordBatch, column: usize, row: usize) -> Option<&str> {
    let texts = batch.columns().get(column)?.as_string_opt::<i32>()?;
    (row < texts.len() && texts.is_valid(row)).then(|| texts.value(row))
}

fn number_at(batch: &RecordBatch, column: usize, row: usize) -> Option<i64> {
    let numbers = batch.columns().get(column)?.as_primitive_opt::<Int64Type>()?;
    (row < numbers.len() && numbers.is_valid(row)).then(|| numbers.value(row))
}

/// A digest written in hexadecimal.
fn digest_of(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    for (place, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(digest)
}
