//! The corpus through the query library: one turn for all, so that a statement which does not let go
//! of it holds up the next; and what each allocates is counted.

use std::time::{Duration, Instant};

use engine::{
    Batch, BlockBuilder, Body, Chunk, Durability, Event, Options, ProjectCreated, ProjectKey, Rows,
    RunCreated, RunKey, State, Store, Subject, Value,
};
use query::output::{Format, Writer};
use query::{Database, ErrorKind, Limits, QueryOptions};

use super::corpus::{Case, cases};
use super::outside::Outside;

/// How long a statement may take that never ends.
const SHORT: Duration = Duration::from_millis(300);
/// How long any other may take, on a machine that does other work too.
const LONG: Duration = Duration::from_secs(60);
/// By how much the heap may be larger after a case than before.
const MORE_BYTES_MAX: usize = 32 << 20;

fn store(dir: &std::path::Path) -> Store {
    let options = Options { durability: Durability::Os, ..Options::new(dir.join("store")) };
    let store = Store::open(options).unwrap();
    let append = |subject: Subject, body| {
        let event = Event { subject, received: 1_700_000_000_000_000_000, actor: "ann".into(), body };
        store.append_blocking(Batch::new(vec![event])).unwrap();
    };
    let project = ProjectKey::new("ann", "mnist");
    append(project.clone().into(), Body::ProjectCreated(ProjectCreated { description: "".into() }));
    let run = RunKey { project, run: "a".into(), generation: 1 };
    append(
        run.clone().into(),
        Body::RunCreated(RunCreated { source: "wandb".into(), state: State::Running }),
    );
    let mut block = BlockBuilder::new();
    for step in 0..100 {
        block.begin_row();
        let row =
            Value::from_json(format!(r#"{{"_step":{step},"loss":0.5,"text":"x"}}"#).as_bytes()).unwrap();
        row.as_map().unwrap().iter().for_each(|(key, value)| block.push(key, value));
    }
    let chunk = Chunk { writer: "".into(), first_line: 0, lines: 100, hash: 1 };
    append(run.into(), Body::Logged(Rows { chunk, rows: 100, block: block.finish() }));
    store
}

struct Library {
    store: Store,
    database: Database,
    runtime: tokio::runtime::Runtime,
}

impl Library {
    /// The kind of what comes, and its words.
    fn ask(&self, statement: &str, timeout: Duration) -> (&'static str, String) {
        let options = QueryOptions { timeout: Some(timeout), ..QueryOptions::default() };
        let answered = self.runtime.block_on(async {
            let answer = self.database.query(self.store.snapshot(), statement, &options).await?;
            let schema = answer.schema();
            answer.collect().await.map(|batches| (schema, batches))
        });
        match answered {
            Ok((schema, batches)) => {
                let mut writer = Writer::new(Format::Ndjson, &schema, Vec::new()).unwrap();
                batches.iter().for_each(|batch| writer.write(batch).unwrap());
                ("ok", String::from_utf8(writer.finish().unwrap()).unwrap())
            }
            Err(error) => {
                let kind = match error.kind() {
                    ErrorKind::Invalid => "invalid",
                    ErrorKind::NotFound => "not_found",
                    ErrorKind::TooLarge => "too_large",
                    ErrorKind::Timeout => "timeout",
                    ErrorKind::Busy => "busy",
                    ErrorKind::Damaged => "damaged",
                    ErrorKind::Internal => "internal",
                };
                (kind, error.message().to_owned())
            }
        }
    }

    /// What is wrong with how a case is answered.
    fn fault(&self, case: &Case) -> Option<String> {
        let timeout = if case.is == "timeout" { SHORT } else { LONG };
        let (began, heap) = (Instant::now(), wbq_fuzz::heap_bytes());
        let (kind, words) = self.ask(&case.statement, timeout);
        let took = began.elapsed();
        let (next, _) = self.ask("SELECT count(*) FROM runs", LONG);
        let more = wbq_fuzz::heap_bytes().saturating_sub(heap + words.capacity());
        let is_right = kind == case.is && words.contains(&case.says) && next == "ok";
        let is_late =
            took > timeout + Duration::from_secs(5) || began.elapsed() > took + Duration::from_secs(10);
        (!is_right || is_late || more > MORE_BYTES_MAX).then(|| {
            format!(
                "{}: {} {:?}, not {kind} after {took:?}: {words:.300}; {more} bytes more; then {next} after {:?}",
                case.name,
                case.is,
                case.says,
                began.elapsed()
            )
        })
    }
}

#[test]
fn s7_hostile_sql_is_answered_as_the_corpus_says_by_the_library() {
    let outside = Outside::new();
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let lsn = store.snapshot().durable;
    let limits = Limits { running: 1, ..Limits::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let library = Library { store, database: Database::new(limits), runtime };
    let cases = cases(outside.path().to_str().unwrap(), &outside.url());
    let faults: Vec<String> = cases.iter().filter_map(|case| library.fault(case)).collect();
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
    assert_eq!(library.store.snapshot().durable, lsn, "nothing was written");
    outside.was_left_alone();
}
