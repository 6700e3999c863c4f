//! Statements over a small store: any text is answered or refused in time, without a panic, and writes
//! nothing.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use engine::{
    Batch, BlockBuilder, Body, Chunk, Durability, Event, Options, ProjectCreated, ProjectKey, Rows,
    RunCreated, RunKey, State, Store, Subject, Value,
};
use query::{Database, ErrorKind, Limits, QueryOptions};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// What a statement may take, and how much later its end may be seen.
const TIMEOUT: Duration = Duration::from_millis(500);
const SEEN_WITHIN: Duration = Duration::from_secs(10);

/// Threads that panicked since the first statement: the answer does not tell a panic from other faults.
static PANICS: AtomicUsize = AtomicUsize::new(0);

struct Ground {
    store: Store,
    database: Database,
    runtime: Runtime,
    _dir: TempDir,
}

/// The property.
pub fn sql_run(data: &[u8]) {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    let Ok(text) = std::str::from_utf8(data) else { return };
    let ground = GROUND.get_or_init(Ground::new);
    let (lsn, began) = (ground.store.snapshot().durable, Instant::now());
    let options = QueryOptions { row_limit: Some(10_000), ..QueryOptions::default() };
    let answered = ground.runtime.block_on(async {
        let answer = ground.database.query(ground.store.snapshot(), text, &options).await?;
        answer.collect().await.map(drop)
    });
    if let Err(error) = answered {
        let is_known = matches!(
            error.kind(),
            ErrorKind::Invalid
                | ErrorKind::NotFound
                | ErrorKind::TooLarge
                | ErrorKind::Timeout
                | ErrorKind::Internal
        );
        assert!(is_known, "{:?}: {error}", error.kind());
    }
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "a thread panicked");
    assert!(began.elapsed() < TIMEOUT + SEEN_WITHIN, "answered after {:?}", began.elapsed());
    assert_eq!(ground.store.snapshot().durable, lsn, "nothing is written");
}

impl Ground {
    fn new() -> Self {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::Relaxed);
            before(panic);
        }));
        let dir = tempfile::tempdir().expect("there is room");
        let options = Options { durability: Durability::Os, ..Options::new(dir.path().join("store")) };
        let store = Store::open(options).expect("it opens");
        fill(&store);
        // One turn: a statement that does not end holds up the next.
        let limits = Limits { running: 1, statement_bytes: 32 << 20, timeout: TIMEOUT, ..Limits::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it starts");
        Self { store, database: Database::new(limits), runtime, _dir: dir }
    }
}

fn fill(store: &Store) {
    let append = |subject: Subject, body| {
        let event = Event { subject, received: 1_700_000_000_000_000_000, actor: "ann".into(), body };
        store.append_blocking(Batch::new(vec![event])).expect("it is appended");
    };
    let project = ProjectKey::new("ann", "p");
    append(project.clone().into(), Body::ProjectCreated(ProjectCreated { description: "".into() }));
    let run = RunKey { project, run: "a".into(), generation: 1 };
    append(
        run.clone().into(),
        Body::RunCreated(RunCreated { source: "wandb".into(), state: State::Running }),
    );
    let mut block = BlockBuilder::new();
    for step in 0..20 {
        block.begin_row();
        for (key, value) in
            [("_step", Value::Int(step)), ("loss", Value::Float(0.5)), ("text", Value::text("x"))]
        {
            block.push(key, &value);
        }
    }
    let chunk = Chunk { writer: "".into(), first_line: 0, lines: 20, hash: 1 };
    append(run.into(), Body::Logged(Rows { chunk, rows: 20, block: block.finish() }));
}
