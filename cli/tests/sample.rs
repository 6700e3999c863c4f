//! A small store, written through the engine, so that these tests need no server.

use std::path::Path;

use engine::{
    Attribute, Batch, Blob, BlockBuilder, Body, Cause, Chunk, Event, FilePut, Options, Paths, ProjectCreated,
    ProjectKey, Rows, RunChanged, RunCreated, RunKey, RunPath, State, StateChanged, Store, Subject, Time,
    Value,
};
use tempfile::TempDir;

/// 2026-01-02 03:04:05 UTC.
const BEGIN: Time = 1_767_323_045_000_000_000;
const SECOND: Time = 1_000_000_000;

/// A folder with the small store in it.
pub(crate) fn folder() -> TempDir {
    let dir = TempDir::new().unwrap();
    store(dir.path());
    dir
}

/// Writes two projects of ada's: `mnist` with the runs `base` (finished, 3 steps) and `wide`
/// (failed, 1 step), and `cifar` with another `base`, which is running.
fn store(dir: &Path) {
    let store = Store::open(Options::new(dir)).unwrap();
    let mut events = Vec::new();
    for project in ["mnist", "cifar"] {
        let created = ProjectCreated { description: "".into() };
        events.push(event(ProjectKey::new("ada", project), Body::ProjectCreated(created)));
    }
    add_run(&mut events, &key("mnist", "base"), "sunny-lake-1", 0.25, &[0.5, 0.25, 0.125]);
    end(&mut events, &key("mnist", "base"), State::Finished, 0);
    add_run(&mut events, &key("mnist", "wide"), "dry-hill-2", 0.5, &[f64::NAN]);
    end(&mut events, &key("mnist", "wide"), State::Failed, 1);
    add_run(&mut events, &key("cifar", "base"), "calm-sea-1", 1.0, &[]);
    store.append_blocking(Batch::new(events)).unwrap();
    store.close().unwrap();
}

/// Gives two runs of the small store a file of that content; tells its SHA-256.
pub(crate) fn add_file(dir: &Path, content: &[u8]) -> String {
    let store = Store::open(Options::new(dir)).unwrap();
    let mut upload = store.blobs().begin().unwrap();
    upload.write(content).unwrap();
    let Blob { digest, md5, size } = upload.finish(None, None).unwrap();
    let put = |run: &str| {
        let (name, kind) = ("sub dir/päth.bin".into(), "".into());
        event(key("mnist", run), Body::FilePut(FilePut { name, digest, md5, size, kind }))
    };
    store.append_blocking(Batch::new(vec![put("base"), put("wide")])).unwrap();
    store.close().unwrap();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Logs a row with so many keys, `key0` and so on, to the run `wide` of the small store.
pub(crate) fn log_keys(dir: &Path, keys: i64) {
    let mut block = BlockBuilder::new();
    block.begin_row();
    block.push_int("_step", 1);
    (0..keys).for_each(|number| block.push_int(&format!("key{number}"), number));
    let chunk = Chunk { writer: "".into(), first_line: 1, lines: 1, hash: 2 };
    let store = Store::open(Options::new(dir)).unwrap();
    let logged = Body::Logged(Rows { chunk, rows: 1, block: block.finish() });
    store.append_blocking(Batch::new(vec![event(key("mnist", "wide"), logged)])).unwrap();
    store.close().unwrap();
}

fn key(project: &str, run: &str) -> RunKey {
    RunPath::new(ProjectKey::new("ada", project), run).generation(1)
}

fn event(subject: impl Into<Subject>, body: Body) -> Event {
    Event { subject: subject.into(), received: BEGIN, actor: "ada".into(), body }
}

fn add_run(events: &mut Vec<Event>, run: &RunKey, name: &str, lr: f64, losses: &[f64]) {
    let mut add = |body| events.push(event(run.clone(), body));
    add(Body::RunCreated(RunCreated { source: "test".into(), state: State::Running }));
    let set = vec![
        (Attribute::Name, Value::text(name)),
        (Attribute::Tags, Value::List(vec![Value::text("a"), Value::text("b")])),
        (Attribute::StartedAt, Value::Int(BEGIN)),
    ];
    add(Body::RunChanged(RunChanged { set }));
    add(Body::ConfigChanged(paths(&[
        (&["optimizer", "lr"], Value::Float(lr)),
        (&["epochs"], Value::Int(3)),
    ])));
    let Some(last) = losses.last() else { return };
    let mut block = BlockBuilder::new();
    for (step, loss) in (0..).zip(losses) {
        block.begin_row();
        block.push_int("_step", step);
        block.push_float("loss", *loss);
    }
    let lines = u32::try_from(losses.len()).unwrap();
    let chunk = Chunk { writer: "".into(), first_line: 0, lines, hash: 1 };
    add(Body::Logged(Rows { chunk, rows: lines, block: block.finish() }));
    add(Body::SummaryChanged(paths(&[(&["loss"], Value::Float(*last))])));
}

fn end(events: &mut Vec<Event>, run: &RunKey, to: State, code: i32) {
    let change = StateChanged {
        from: State::Running,
        to,
        cause: Cause::Exit,
        evidence: format!("exit code {code}").into(),
        exit_code: Some(code),
    };
    let mut ended = event(run.clone(), Body::StateChanged(change));
    ended.received += 90 * SECOND;
    events.push(ended);
}

fn paths(set: &[(&[&str], Value)]) -> Paths {
    let set = set.iter().map(|(path, value)| (path.iter().map(|&part| part.into()).collect(), value.clone()));
    Paths { removed: Vec::new(), set: set.collect() }
}
