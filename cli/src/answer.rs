//! Answers to SQL, from a folder or from a server, read in the same way.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use engine::{Moment, ProjectKey, Snapshot, Time, Value};
use query::output::{Format, Writer};
use query::runs_table::{self, Request};
use query::{Database, Limits, QueryOptions};

use crate::args::{Global, Table};
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::place::Place;
use crate::remote::{Client, Rows, RunsPage, Statement};
use crate::{folder, statement};

/// How long a statement may take that no server runs: whoever waits for it has Ctrl+C.
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Whoever answers statements.
pub(crate) struct Answerer {
    who: Who,
    strict: bool,
    include_deleted: bool,
    as_of: Option<String>,
}

enum Who {
    Folder { dir: PathBuf, snapshot: Arc<Snapshot>, database: Database },
    Server(Client),
}

/// Rows on their way, and what is to be known of them.
pub(crate) struct Answer {
    pub(crate) schema: SchemaRef,
    pub(crate) warnings: Vec<String>,
    batches: Batches,
    sql: String,
}

/// A page of the runs table.
pub(crate) struct Page {
    pub(crate) answer: Answer,
    /// Rows on all pages.
    pub(crate) total: u64,
    /// Runs in all groups, where rows are groups.
    pub(crate) runs: Option<u64>,
}

enum Batches {
    Ready(Option<RecordBatch>),
    Folder { rows: query::Answer, dir: PathBuf },
    Server(Box<StreamReader<Box<dyn Read + Send>>>),
}

impl Answerer {
    /// Opens the place for reading.
    pub(crate) fn at(place: Place, global: &Global) -> Result<Self> {
        match place {
            Place::Folder(dir) => {
                let snapshot = snapshot(&dir, global)?;
                Ok(Self::over(dir, snapshot, global))
            }
            Place::Server(client) => {
                let as_of = global.as_of.as_deref().map(moment).transpose()?;
                Ok(Self { as_of: as_of.map(query::moment::write), ..Self::by(Who::Server(client), global) })
            }
        }
    }

    /// Answers from a snapshot of a folder.
    pub(crate) fn over(dir: PathBuf, snapshot: Arc<Snapshot>, global: &Global) -> Self {
        Self::by(Who::Folder { dir, snapshot, database: Database::new(Limits::default()) }, global)
    }

    fn by(who: Who, global: &Global) -> Self {
        Self { who, strict: global.strict, include_deleted: global.include_deleted, as_of: None }
    }

    /// Begins to answer a statement.
    pub(crate) async fn answer(&self, sql: &str) -> Result<Answer> {
        self.answer_of(sql, None).await
    }

    /// Begins to answer a statement that asks of one project alone: where no server is asked, keys have the
    /// types that they have there.
    pub(crate) async fn answer_of(&self, sql: &str, project: Option<&ProjectKey>) -> Result<Answer> {
        match &self.who {
            Who::Folder { snapshot, database, dir } => {
                let options = QueryOptions { project: project.cloned(), ..self.options() };
                let rows = database.query(Arc::clone(snapshot), sql, &options).await;
                Ok(Answer::of_folder(rows.map_err(|error| failure(&error, sql, Some(dir)))?, dir, sql))
            }
            Who::Server(client) => {
                let (strict, include_deleted) = (self.strict, self.include_deleted);
                let rows =
                    client.sql(&Statement { sql, strict, include_deleted, as_of: self.as_of.as_deref() });
                Answer::of_server(rows.map_err(|failure| failure.of_statement(sql))?, sql)
            }
        }
    }

    /// Begins to answer with a page of the runs table; both say what was asked for.
    pub(crate) async fn runs(&self, asked: &Table, request: &Request) -> Result<Page> {
        let text = asked.filter.as_deref().unwrap_or_default();
        match &self.who {
            Who::Folder { snapshot, database, dir } => {
                let page = database.runs_table(Arc::clone(snapshot), request, &self.options()).await;
                Ok(match page.map_err(|error| failure(&error, text, Some(dir)))? {
                    runs_table::Page::Runs { answer, total } => {
                        Page { answer: Answer::of_folder(answer, dir, text), total, runs: None }
                    }
                    runs_table::Page::Groups(groups) => Page {
                        answer: Answer {
                            schema: groups.batch.schema(),
                            warnings: groups.warnings,
                            batches: Batches::Ready(Some(groups.batch)),
                            sql: text.to_owned(),
                        },
                        total: groups.total,
                        runs: Some(groups.runs),
                    },
                })
            }
            Who::Server(client) => {
                let page = RunsPage {
                    filter: asked.filter.as_deref(),
                    sort: asked.sort.as_deref().unwrap_or_default(),
                    group: asked.group.as_deref().unwrap_or_default(),
                    columns: asked.columns.as_deref().unwrap_or_default(),
                    limit: asked.limit,
                    project: asked.project.as_deref(),
                    strict: self.strict,
                    include_deleted: self.include_deleted,
                    as_of: self.as_of.as_deref(),
                };
                let rows = client.runs(&page).map_err(|failure| failure.of_statement(text))?;
                let (total, runs) = (rows.total.unwrap_or_default(), rows.runs);
                Ok(Page { answer: Answer::of_server(rows, text)?, total, runs })
            }
        }
    }

    fn options(&self) -> QueryOptions {
        QueryOptions {
            strict: self.strict,
            include_deleted: self.include_deleted,
            timeout: Some(PATIENCE),
            ..QueryOptions::default()
        }
    }
}

impl Answer {
    fn of_folder(rows: query::Answer, dir: &Path, sql: &str) -> Self {
        let (schema, warnings) = (rows.schema(), rows.warnings().to_vec());
        let batches = Batches::Folder { rows, dir: dir.to_owned() };
        Self { schema, warnings, batches, sql: sql.to_owned() }
    }

    fn of_server(rows: Rows, sql: &str) -> Result<Self> {
        let stream = StreamReader::try_new(rows.arrow, None).map_err(|error| broken_off(&error))?;
        let (schema, batches) = (stream.schema(), Batches::Server(Box::new(stream)));
        Ok(Self { schema, warnings: rows.warnings, batches, sql: sql.to_owned() })
    }

    /// The next rows; none after the last.
    pub(crate) async fn next(&mut self) -> Option<Result<RecordBatch>> {
        match &mut self.batches {
            Batches::Ready(batch) => batch.take().map(Ok),
            Batches::Folder { rows, dir } => {
                let batch = rows.next().await?;
                Some(batch.map_err(|error| failure(&error, &self.sql, Some(dir))))
            }
            Batches::Server(stream) => Some(stream.next()?.map_err(|error| broken_off(&error))),
        }
    }

    /// All rows as values: maps from column to cell, in the order of the columns.
    pub(crate) async fn rows(mut self) -> Result<Vec<Value>> {
        let unwritten = |error: std::io::Error| Failure::io("cannot turn rows into JSON", &error);
        let mut writer = Writer::new(Format::Ndjson, &self.schema, Vec::new()).map_err(unwritten)?;
        while let Some(batch) = self.next().await {
            writer.write(&batch?).map_err(unwritten)?;
        }
        let text = writer.finish().map_err(unwritten)?;
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(|line| {
                Value::from_json(line).map_err(|error| Failure::refused("cannot read a row").because(&error))
            })
            .collect()
    }
}

/// What a folder holds, at the moment that `--as-of` names if it names one.
pub(crate) fn snapshot(dir: &Path, global: &Global) -> Result<Arc<Snapshot>> {
    let moment = global.as_of.as_deref().map(moment).transpose()?;
    let now = folder::read(dir)?;
    let Some(moment) = moment else { return Ok(Arc::new(now)) };
    let past = now.as_of(moment);
    past.map(Arc::new).map_err(|error| folder::failure("cannot replay the log in", dir, &error))
}

/// The wall clock.
pub(crate) fn now() -> Time {
    engine::disk::Clock::wall(&engine::disk::RealClock::default())
}

/// The moment that `--as-of` names.
pub(crate) fn moment(text: &str) -> Result<Moment> {
    query::moment::parse(text, now()).map_err(|error| {
        let failure = Failure::usage(format!("--as-of: {}", error.message()));
        error.hint().map_or(failure.clone(), |hint| failure.next(hint))
    })
}

/// What is wrong with a statement, shown where it is.
pub(crate) fn failure(error: &query::Error, sql: &str, dir: Option<&PathBuf>) -> Failure {
    let mut failure = Failure::new(Exit::from(error.kind()), error.message());
    if let Some((line, column)) = error.position() {
        failure = failure.at(statement::point_at(sql, line, column));
    }
    if let Some(hint) = error.hint() {
        failure = failure.next(hint);
    }
    match (error.kind(), dir) {
        (query::ErrorKind::Damaged, Some(dir)) => folder::advise_on_damage(failure, dir, error.is_derived()),
        (query::ErrorKind::Internal, _) => failure.next("--verbose      prints what went wrong inside"),
        _ => failure,
    }
}

/// A server ends the stream without its last bytes when a statement fails in the middle.
fn broken_off(error: &ArrowError) -> Failure {
    Failure::refused("the server broke off its answer").because(error).next("its log says why")
}
