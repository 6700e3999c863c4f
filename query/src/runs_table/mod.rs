//! The runs table: which runs, in which order, as rows or as groups (SEMANTICS 8).
//!
//! A [`Request`] is plain data; `statements.rs` makes statements of SQL over `runs` of it, which whoever
//! asked may read and run; `groups.rs` puts what they answer together.
//!
//! What holds:
//! - Missing values are last, whichever way is sorted; runs that are equal are in the order of their ids,
//!   so that pages of one position neither miss a run nor show one twice.
//! - All statements of one answer look at one snapshot.

mod distribution;
mod groups;
mod statements;

pub use groups::{Groups, for_people};

use groups::Making;

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use engine::{ProjectKey, RunPath, Snapshot, Time};

use crate::answer::Answer;
use crate::error::Error;
use crate::filter::{self, Key, Predicate, SortKey};
use crate::limits;
use crate::session::{Database, QueryOptions};

/// Runs of a page, where nobody says how many.
pub const PAGE_ROWS: u64 = 50;

/// What is to be shown of the runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    project: Option<Project>,
    filter: Predicate,
    sort: Vec<SortKey>,
    group: Vec<Key>,
    columns: Vec<Key>,
    offset: u64,
    limit: u64,
    /// What `within` of the filter counts from.
    now: Time,
}

/// A project, or all of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Project {
    entity: Option<String>,
    name: String,
}

/// A page of runs, or of groups of runs.
#[derive(Debug)]
pub enum Page {
    /// A row a run; how many runs there are on all pages.
    Runs {
        /// The rows.
        answer: Answer,
        /// Runs that the filter chooses.
        total: u64,
    },
    /// A row a group.
    Groups(Groups),
}

impl Request {
    /// All runs that a filter chooses, the newest first. `now` is the wall clock.
    #[must_use]
    pub fn new(filter: Predicate, now: Time) -> Self {
        let (sort, group, columns) = (Vec::new(), Vec::new(), Vec::new());
        Self { project: None, filter, sort, group, columns, offset: 0, limit: PAGE_ROWS, now }
    }

    /// Only those of a project, written as `entity/project` or as its name alone.
    ///
    /// # Errors
    ///
    /// `Invalid` when it is neither.
    pub fn in_project(mut self, text: &str) -> Result<Self, Error> {
        let (entity, name) = match text.split_once('/') {
            Some((entity, name)) => (Some(entity.to_owned()), name),
            None => (None, text),
        };
        if name.is_empty() || name.contains('/') || entity.as_deref() == Some("") {
            return Err(Error::invalid(format!("{text:?} names no project"))
                .with_hint("write it as entity/project, or as the project's name"));
        }
        self.project = Some(Project { entity, name: name.to_owned() });
        Ok(self)
    }

    /// Only those of this project.
    #[must_use]
    pub fn of_project(self, key: &ProjectKey) -> Self {
        let project = Project { entity: Some(key.entity.to_string()), name: key.project.to_string() };
        Self { project: Some(project), ..self }
    }

    /// In another order than the newest first.
    #[must_use]
    pub fn in_order(self, sort: Vec<SortKey>) -> Self {
        Self { sort, ..self }
    }

    /// In another order than the newest first: [`filter::sort_keys`].
    ///
    /// # Errors
    ///
    /// `Invalid` with the place; `TooLarge` beyond [`limits::ORDER_KEYS_MAX`].
    pub fn sorted_by(self, text: &str) -> Result<Self, Error> {
        let sort = filter::sort_keys(text).map_err(|error| error.of("the order"))?;
        at_most("sort by", sort.len())?;
        Ok(Self { sort, ..self })
    }

    /// A row for each of their values instead of for each run: [`filter::keys`].
    ///
    /// # Errors
    ///
    /// `Invalid` with the place; `TooLarge` beyond [`limits::ORDER_KEYS_MAX`].
    pub fn grouped_by(self, text: &str) -> Result<Self, Error> {
        let group = filter::keys(text).map_err(|error| error.of("the groups"))?;
        at_most("group by", group.len())?;
        Ok(Self { group, ..self })
    }

    /// With these columns too: [`filter::keys`].
    ///
    /// # Errors
    ///
    /// `Invalid` with the place.
    pub fn with_columns(self, text: &str) -> Result<Self, Error> {
        Ok(Self { columns: filter::keys(text).map_err(|error| error.of("the columns"))?, ..self })
    }

    /// Another page than the first.
    ///
    /// # Errors
    ///
    /// `TooLarge` beyond [`limits::RUNS_PAGE_MAX`].
    pub fn page_of(self, offset: u64, limit: u64) -> Result<Self, Error> {
        if limit > limits::RUNS_PAGE_MAX {
            return Err(Error::too_large(format!(
                "a page of {limit} runs is asked for; {} are allowed",
                limits::RUNS_PAGE_MAX
            )));
        }
        Ok(Self { offset, limit, ..self })
    }

    /// Whether rows are groups.
    #[must_use]
    pub fn is_grouped(&self) -> bool {
        !self.group.is_empty()
    }

    /// The statement whose rows are shown.
    #[must_use]
    pub fn sql(&self) -> String {
        if self.is_grouped() { self.groups() } else { self.page() }
    }

    /// The one project that it is about.
    fn project_key(&self) -> Option<ProjectKey> {
        let Project { entity, name } = self.project.as_ref()?;
        Some(ProjectKey::new(entity.as_deref()?, name.as_str()))
    }
}

fn at_most(what: &str, keys: usize) -> Result<(), Error> {
    if keys > limits::ORDER_KEYS_MAX {
        let max = limits::ORDER_KEYS_MAX;
        return Err(Error::too_large(format!("{keys} keys to {what}; at most {max} are taken")));
    }
    Ok(())
}

impl Database {
    /// Answers a request over a snapshot.
    ///
    /// # Errors
    ///
    /// As [`Database::query`]; places in the statements, which nobody wrote, are not told.
    pub async fn runs_table(
        &self,
        snapshot: Arc<Snapshot>,
        request: &Request,
        options: &QueryOptions,
    ) -> Result<Page, Error> {
        let ask = self.asking(snapshot, request, options);
        if request.is_grouped() {
            return ask.groups(request).await.map(Page::Groups);
        }
        let total = ask.count(request).await?;
        Ok(Page::Runs { answer: ask.rows(&request.page()).await?, total })
    }

    /// How many runs the filter of a request chooses.
    ///
    /// # Errors
    ///
    /// As [`Database::runs_table`].
    pub async fn count_runs(
        &self,
        snapshot: Arc<Snapshot>,
        request: &Request,
        options: &QueryOptions,
    ) -> Result<u64, Error> {
        self.asking(snapshot, request, options).count(request).await
    }

    /// The runs that a request chooses, in its order, each with the group that it is in, where it asks for
    /// groups: the values of what is grouped by, with commas between them.
    ///
    /// # Errors
    ///
    /// As [`Database::runs_table`].
    pub async fn chosen_runs(
        &self,
        snapshot: Arc<Snapshot>,
        request: &Request,
        options: &QueryOptions,
    ) -> Result<Vec<(RunPath, Option<String>)>, Error> {
        let chosen = self.asking(snapshot, request, options).all(&request.chosen()).await?.batch;
        let texts: Vec<&StringArray> =
            chosen.columns().iter().filter_map(|column| column.as_string_opt::<i32>()).collect();
        let [entities, projects, ids, groups @ ..] = texts.as_slice() else { return Ok(Vec::new()) };
        let group = |row: usize| {
            let value = |texts: &&StringArray| {
                if texts.is_null(row) { "-".into() } else { texts.value(row).to_owned() }
            };
            groups.iter().map(value).collect::<Vec<_>>().join(", ")
        };
        let rows = (0..chosen.num_rows()).map(|row| {
            let project = ProjectKey::new(entities.value(row), projects.value(row));
            let group = request.is_grouped().then(|| group(row));
            (RunPath::new(project, ids.value(row)), group)
        });
        Ok(rows.collect())
    }

    fn asking(&self, snapshot: Arc<Snapshot>, request: &Request, options: &QueryOptions) -> Ask<'_> {
        let options = QueryOptions { project: request.project_key(), ..options.clone() };
        Ask { database: self, snapshot, options }
    }
}

/// Asks statements of one snapshot.
struct Ask<'a> {
    database: &'a Database,
    snapshot: Arc<Snapshot>,
    options: QueryOptions,
}

/// The rows of a statement, all at once.
struct All {
    batch: RecordBatch,
    warnings: Vec<String>,
    lsn: engine::Lsn,
}

impl Ask<'_> {
    async fn rows(&self, sql: &str) -> Result<Answer, Error> {
        let answer = self.database.query(Arc::clone(&self.snapshot), sql, &self.options).await;
        answer.map_err(Error::unplaced)
    }

    async fn all(&self, sql: &str) -> Result<All, Error> {
        let answer = self.rows(sql).await?;
        let (schema, warnings, lsn) = (answer.schema(), answer.warnings().to_vec(), answer.lsn());
        let batches = answer.collect().await.map_err(Error::unplaced)?;
        let batch = concat_batches(&schema, &batches).map_err(datafusion::common::DataFusionError::from)?;
        Ok(All { batch, warnings, lsn })
    }

    async fn count(&self, request: &Request) -> Result<u64, Error> {
        Ok(number(&self.all(&request.total()).await?.batch, 0))
    }

    async fn groups(&self, request: &Request) -> Result<Groups, Error> {
        let totals = self.all(&request.group_totals()).await?;
        let found = self.all(&request.groups()).await?;
        let mut groups = Making::new(&request.shown_in_groups(), &request.group, &found.batch)?;
        for (column, range) in groups.ranges() {
            let bins = self.all(&request.bins(column, range)).await?;
            groups.add_bins(column, &bins.batch)?;
        }
        Ok(Groups {
            total: number(&totals.batch, 0),
            runs: number(&totals.batch, 1),
            warnings: found.warnings,
            lsn: found.lsn,
            batch: groups.finish(),
        })
    }
}

/// The number in the first row of a column.
fn number(batch: &RecordBatch, column: usize) -> u64 {
    let numbers = batch.columns().get(column).and_then(|column| column.as_primitive_opt::<Int64Type>());
    let first = numbers.and_then(|numbers| numbers.iter().next().flatten());
    first.and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
}
