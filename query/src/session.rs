//! Runs statements: admission, planning, execution, on threads of their own.
//!
//! ```text
//!  query() ── text ──►  wait for a turn · guard · resolve · plan · run   (a thread with a 16 MiB stack)
//!  Answer  ◄─ batches, a few ahead ──┘
//! ```
//!
//! What holds:
//! - Everything that is the same for each statement (functions, rules, settings) is built once; a
//!   statement has its own catalogue, with just the columns that it names.
//! - A statement ends when its answer is dropped, when its time is over or when it needs more memory
//!   than it may have; its turn and its memory are then free.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arrow::array::RecordBatch;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool};
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use datafusion::sql::parser::Statement as Parsed;
use engine::{Moment, ProjectKey, Snapshot};
use futures::StreamExt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, timeout_at};

use crate::answer::{Answer, Head, Shape};
use crate::chart::{Bounds, Chart};
use crate::environment::Environment;
use crate::error::{Error, ErrorKind};
use crate::limits::{self, Limits};
use crate::memory::{AllStatements, OneStatement};
use crate::resolver::{self, Catalogue, Past, Resolved};
use crate::scan::{ColumnCache, Context};
use crate::watch::Watch;
use crate::{blowup, catalog, describe, functions, guard};

/// Before the names of tables that tell of the store itself.
const STORE_SCHEMA: &str = "wbq.";

/// How a statement is run.
#[derive(Debug, Clone, Default)]
pub struct QueryOptions {
    /// A key that no run has is an error, not NULL.
    pub strict: bool,
    /// Deleted runs and superseded generations are shown too.
    pub include_deleted: bool,
    /// More rows than this are an error.
    pub row_limit: Option<u64>,
    /// How long it may take, where not the default.
    pub timeout: Option<Duration>,
    /// The one project that the statement asks of: keys have the types that they have there, whatever
    /// other projects log under the same names.
    pub project: Option<ProjectKey>,
}

/// What all statements of a process share: threads, memory, turns, and columns that are kept ready.
pub struct Database {
    /// What it became when it started; the error, if the machine gave no threads, is told to each
    /// statement. None only while it is dropped.
    started: Option<Result<Started, Error>>,
}

struct Started {
    shared: Arc<Shared>,
    runtime: Runtime,
    /// One thread that looks at the time, whatever statements do with theirs.
    keeper: Runtime,
}

struct Shared {
    limits: Limits,
    template: SessionState,
    environment: Environment,
    memory: Arc<AllStatements>,
    cache: Arc<ColumnCache>,
    turns: Semaphore,
    waiting: AtomicUsize,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

impl Database {
    /// Makes what statements share; its threads start here.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { started: Some(Started::new(limits)) }
    }

    /// The store as it was at a moment of the past. Replays the log, so it takes a turn as a statement
    /// does, on the same threads.
    ///
    /// # Errors
    ///
    /// `Busy` when too many run and wait; `Damaged`.
    pub async fn as_of(&self, now: Arc<Snapshot>, moment: Moment) -> Result<Arc<Snapshot>, Error> {
        let Started { shared, runtime, .. } = self.started()?;
        let shared = Arc::clone(shared);
        let replay = runtime.spawn(async move {
            let _turn = shared.turn().await?;
            tokio::task::block_in_place(|| now.as_of(moment).map(Arc::new).map_err(Error::from))
        });
        replay.await.unwrap_or_else(|_| {
            Err(Error::new(
                ErrorKind::Internal,
                "the past could not be replayed because of an internal error",
            ))
        })
    }

    /// The buckets of a chart over a snapshot. It takes a turn as a statement does, on the same threads, and
    /// ends with whoever waits for it.
    ///
    /// # Errors
    ///
    /// What [`Chart::check`] says; `NotFound` of a run; `Timeout`, `Busy`, `Damaged`.
    pub async fn chart(&self, snapshot: Arc<Snapshot>, chart: Chart) -> Result<RecordBatch, Error> {
        chart.check()?;
        let Started { shared, runtime, .. } = self.started()?;
        let shared = Arc::clone(shared);
        let waits = Arc::new(());
        let waited = Arc::downgrade(&waits);
        let drawn = runtime.spawn(async move {
            let deadline = Instant::now() + shared.limits.timeout;
            let turn = timeout_at(deadline, shared.turn()).await;
            let _turn = turn.unwrap_or_else(|_elapsed| Err(too_late(shared.limits.timeout)))?;
            let context = shared.context(snapshot, false);
            let goes_on = || waited.strong_count() > 0 && Instant::now() < deadline;
            let memory = OneStatement::new(shared.limits.statement_bytes, Arc::clone(&shared.memory));
            let memory: Arc<dyn MemoryPool> = Arc::new(memory);
            let memory = MemoryConsumer::new("chart").register(&memory);
            let bounds = Bounds { goes_on: &goes_on, memory: &memory };
            tokio::task::block_in_place(|| chart.rows(&context, bounds))
        });
        let drawn = drawn.await;
        drop(waits);
        drawn
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "the chart failed by an internal error")))
    }

    fn started(&self) -> Result<&Started, Error> {
        match &self.started {
            Some(Ok(started)) => Ok(started),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Error::new(ErrorKind::Internal, "the database is closed")),
        }
    }

    /// Runs one statement over a snapshot. The answer comes as soon as the statement is planned, its
    /// rows as they are made. Needs no particular runtime around it.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the statement; `Busy` when too many run and wait.
    pub async fn query(
        &self,
        snapshot: Arc<Snapshot>,
        sql: &str,
        options: &QueryOptions,
    ) -> Result<Answer, Error> {
        let Started { shared, runtime, keeper } = self.started()?;
        let (head, mut planned) = mpsc::channel(2);
        let (batches, rows) = mpsc::channel(limits::BATCHES_AHEAD);
        let lsn = snapshot.durable;
        let watch = Arc::new(Watch::new(shared.limits.statement_bytes));
        let statement = Statement {
            shared: Arc::clone(shared),
            snapshot,
            sql: sql.to_owned(),
            options: options.clone(),
            watch: Arc::clone(&watch),
        };
        let timeout = options.timeout.unwrap_or(shared.limits.timeout);
        let task = runtime.spawn(statement.run(head.clone(), batches.clone()));
        let running = Running { task: task.abort_handle(), watch: Arc::clone(&watch) };
        keeper.spawn(Keeper { task, watch, timeout, head, batches }.keep());
        match planned.recv().await {
            Some(Ok(head)) => Ok(Answer::new(head, lsn, rows, running, options.row_limit)),
            Some(Err(error)) => Err(error),
            // The task ended without a word: it panicked.
            None => Err(Error::new(
                ErrorKind::Internal,
                "the statement could not be run because of an internal error",
            )),
        }
    }
}

impl Started {
    fn new(limits: Limits) -> Result<Self, Error> {
        // One more than statements run: one that does not let go for a while holds up no other.
        let threads = std::thread::available_parallelism().map_or(1, usize::from).max(limits.running) + 1;
        let shared = Shared {
            template: functions::template()?,
            environment: Environment::new(&limits)?,
            memory: Arc::new(AllStatements::new(limits.all_bytes)),
            cache: Arc::new(ColumnCache::new(limits.cache_bytes)),
            turns: Semaphore::new(limits.running),
            waiting: AtomicUsize::new(0),
            limits,
        };
        // Last: a runtime may not be dropped by whoever asks the first statement.
        let runtime = runtime_of("wbq-query", threads)?;
        match runtime_of("wbq-keeper", 1) {
            Ok(keeper) => Ok(Self { shared: Arc::new(shared), runtime, keeper }),
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }
}

fn runtime_of(name: &str, threads: usize) -> Result<Runtime, Error> {
    Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name(name)
        .thread_stack_size(limits::STACK_BYTES)
        .enable_time()
        .build()
        .map_err(|error| Error::new(ErrorKind::Internal, format!("cannot start threads: {error}")))
}

impl Drop for Database {
    fn drop(&mut self) {
        // Waiting for threads is not allowed on every thread that may drop us.
        if let Some(Ok(started)) = self.started.take() {
            started.runtime.shutdown_background();
            started.keeper.shutdown_background();
        }
    }
}

/// A statement's task; dropping this ends it.
#[derive(Debug)]
pub(crate) struct Running {
    task: AbortHandle,
    watch: Arc<Watch>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.watch.end(Error::new(ErrorKind::Timeout, "nobody waits for the answer any more"));
        self.task.abort();
    }
}

type Heads = mpsc::Sender<Result<Head, Error>>;

/// Ends a statement whose time is over, and tells whoever waits for it, whether it lets go or not.
struct Keeper {
    task: JoinHandle<()>,
    watch: Arc<Watch>,
    timeout: Duration,
    head: Heads,
    batches: Batches,
}

impl Keeper {
    async fn keep(mut self) {
        if timeout_at(Instant::now() + self.timeout, &mut self.task).await.is_ok() {
            return;
        }
        self.watch.end(too_late(self.timeout));
        self.task.abort();
        // Whoever asked may be gone.
        let _gone = self.head.try_send(Err(too_late(self.timeout)));
        let _gone = self.batches.send(Err(too_late(self.timeout))).await;
    }
}

struct Statement {
    shared: Arc<Shared>,
    snapshot: Arc<Snapshot>,
    sql: String,
    options: QueryOptions,
    watch: Arc<Watch>,
}

type Batches = mpsc::Sender<Result<Option<RecordBatch>, Error>>;

impl Statement {
    async fn run(self, head: Heads, batches: Batches) {
        let planned = async {
            let turn = self.shared.turn().await?;
            Ok((turn, self.plan().await?))
        };
        let (_turn, (stream, shape, warnings)) = match planned.await {
            Ok(planned) => planned,
            Err(error) => {
                // Whoever asked may be gone.
                let _gone = head.send(Err(error)).await;
                return;
            }
        };
        if head.send(Ok(Head { schema: shape.schema(), warnings })).await.is_ok() {
            answer(stream, &shape, &batches).await;
        }
    }

    async fn plan(&self) -> Result<(SendableRecordBatchStream, Shape, Vec<String>), Error> {
        let catalogue = || {
            let options = &self.options;
            Catalogue::new(&self.snapshot.projection, options.strict, options.include_deleted)
                .of(options.project.as_ref())
        };
        let resolved = match guard::parse(&self.sql)? {
            guard::Request::Rows(statement) => {
                blowup::check(&statement)?;
                resolver::resolve(*statement, &catalogue())?
            }
            guard::Request::Describe(name) => {
                let (context, project) =
                    (self.context(Arc::clone(&self.snapshot)), self.options.project.as_ref());
                return Ok(ready(describe::table(&name, &catalogue(), &context, project)?));
            }
            guard::Request::Tables => return Ok(ready(describe::tables()?)),
        };
        let Resolved { statement, tables, past, mut warnings } = resolved;
        let is_of_store = |table: &&&str| table.starts_with(STORE_SCHEMA);
        if let (Some(table), Some(_)) = (tables.keys().find(is_of_store), self.snapshot.projection.seen()) {
            return Err(Error::new(ErrorKind::NotFound, format!("{table} is for admins of the store")));
        }
        let more = warnings.len().saturating_sub(limits::WARNINGS_MAX);
        warnings.truncate(limits::WARNINGS_MAX);
        warnings.extend((more > 0).then(|| format!("and {more} warnings more")));
        warnings.extend(self.loss());
        let mut state = self.shared.template.clone();
        let context = self.context(Arc::clone(&self.snapshot));
        let past = past.into_iter().map(|past| self.past(past)).collect::<Result<Vec<_>, Error>>()?;
        state.register_catalog_list(catalog::of_statement(&context, &tables, &past)?);
        state.mark_start_execution();
        let plan = state.statement_to_plan(Parsed::Statement(Box::new(statement))).await?;
        guard::allow(&plan)?;
        let plan = functions::patterns::watched(plan)?;
        let plan = self.watch.hold(state.optimize(&plan)?)?;
        let plan = self.watch.over(state.query_planner().create_physical_plan(&plan, &state).await?)?;
        let stream = execute_stream(plan, self.task(&state))?;
        let shape = Shape::of(&stream.schema());
        Ok((stream, shape, warnings))
    }

    /// What every answer lacks, where the store is served although it is damaged (F3).
    fn loss(&self) -> Option<String> {
        let missing = self.snapshot.missing();
        (!missing.is_empty()).then(|| format!("the store is damaged: {missing}"))
    }

    fn context(&self, snapshot: Arc<Snapshot>) -> Arc<Context> {
        self.shared.context(snapshot, self.options.include_deleted)
    }

    /// What scans of a table of the past see.
    fn past(&self, past: Past) -> Result<(Past, Arc<Context>), Error> {
        let then = tokio::task::block_in_place(|| self.snapshot.as_of(past.moment))?;
        Ok((past, self.context(Arc::new(then))))
    }

    /// What operators run in: the shared functions, and memory that is counted for this statement.
    fn task(&self, state: &SessionState) -> Arc<TaskContext> {
        let memory = OneStatement::new(self.shared.limits.statement_bytes, Arc::clone(&self.shared.memory));
        let environment = self.shared.environment.with_memory(Arc::new(memory));
        Arc::new(TaskContext::from(state).with_runtime(Arc::new(environment)))
    }
}

async fn answer(mut stream: SendableRecordBatchStream, shape: &Shape, batches: &Batches) {
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(Error::from).and_then(|batch| shape.fit(&batch).map(Some));
        let is_last = batch.is_err();
        if batches.send(batch).await.is_err() || is_last {
            return;
        }
    }
    // Whoever asked may be gone.
    let _gone = batches.send(Ok(None)).await;
}

fn ready(batch: RecordBatch) -> (SendableRecordBatchStream, Shape, Vec<String>) {
    use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
    let (schema, shape) = (batch.schema(), Shape::of(&batch.schema()));
    let stream = RecordBatchStreamAdapter::new(schema, futures::stream::iter([Ok(batch)]));
    (Box::pin(stream), shape, Vec::new())
}

fn too_late(timeout: Duration) -> Error {
    let message = format!("the statement took longer than {} seconds", timeout.as_secs_f64());
    Error::new(ErrorKind::Timeout, message)
}

impl Shared {
    /// What scans of a snapshot see.
    fn context(&self, snapshot: Arc<Snapshot>, include_deleted: bool) -> Arc<Context> {
        let cache = Arc::clone(&self.cache);
        Arc::new(Context { snapshot, include_deleted, cache, limits: self.limits.clone() })
    }

    /// Waits for a turn, unless too many wait already.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, Error> {
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        let _waiting = Waiting::new(&self.waiting, self.limits.waiting)?;
        self.turns.acquire().await.map_err(|closed| Error::new(ErrorKind::Busy, closed.to_string()))
    }
}

/// One that waits, counted as long as it does.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize, limit: usize) -> Result<Self, Error> {
        if count.fetch_add(1, Ordering::Relaxed) >= limit {
            count.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::new(
                ErrorKind::Busy,
                format!("{limit} statements wait already; try again later"),
            ));
        }
        Ok(Self(count))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
