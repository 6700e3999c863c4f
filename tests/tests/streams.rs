//! The table of stream cases (`tests/streams.json`, told in `docs/streams.md`) on a disk that loses
//! its power at every operation: the client sends again what was not answered, and the rows are those
//! of the table. `ingest/tests/stream.rs` drives the same table over HTTP.

use std::sync::Arc;

use engine::disk::sim::{Failure, Image, SimClock, SimDisk};
use engine::{Batch, Body, Core, Error, Lsn, Options, ProjectKey, RunPath, Snapshot};
use ingest::decisions::{self, Asked};
use serde_json::{Value, json};

struct Client {
    disk: SimDisk,
    clock: SimClock,
    options: Options,
    core: Option<Core>,
    run: RunPath,
    image: Image,
}

impl Client {
    fn new(image: Image) -> Self {
        let mut options = Options::new("");
        (options.segment_bytes_min, options.segment_bytes_max) = (4 << 10, 8 << 10);
        Self {
            disk: SimDisk::default(),
            clock: SimClock::default(),
            options,
            core: None,
            run: RunPath::new(ProjectKey::new("ada", "p"), "r"),
            image,
        }
    }

    /// The store; opened if need be, after the power came back if it was off.
    fn core(&mut self) -> Result<&mut Core, Error> {
        if self.disk.is_off() {
            self.core = None;
            self.disk = self.disk.after_image(self.image);
        }
        let core = match self.core.take() {
            Some(core) => core,
            None => Core::open(self.disk.world(&self.clock, 7), &self.options)?,
        };
        Ok(self.core.insert(core))
    }

    /// Sends a request until it is answered.
    fn send(&mut self, request: &Value) {
        for _ in 0..4 {
            if request == "restart" {
                if let Some(core) = self.core.take() {
                    let _may_fail_by_the_power_loss = core.close().is_ok();
                }
                return;
            }
            self.clock.advance(1_000_000);
            let run = self.run.clone();
            let Ok(core) = self.core() else { continue };
            let batch = decide(&core.snapshot(), &run, request);
            if batch.is_empty() || core.commit(vec![batch]).into_iter().all(|answer| answer.is_ok()) {
                return;
            }
        }
        unreachable!("{request} was never answered");
    }

    fn snapshot(&mut self) -> Arc<Snapshot> {
        self.core().unwrap().snapshot()
    }
}

fn decide(snapshot: &Snapshot, run: &RunPath, request: &Value) -> Batch {
    let asked = Asked { user: "ada", now: 1, run };
    match request.as_str() {
        Some("init") => decisions::begin(snapshot, &asked, false),
        Some("resume") => decisions::begin(snapshot, &asked, true),
        _ => decisions::stream(snapshot, &asked, body(request).as_bytes()),
    }
    .unwrap()
}

fn row(row: &Value) -> String {
    format!(r#"{{"_step":{},"x":{}}}"#, row[0], row[1].as_str().unwrap())
}

fn rows(rows: &Value) -> Vec<String> {
    rows.as_array().unwrap().iter().map(row).collect()
}

fn body(request: &Value) -> String {
    if let Some(code) = request.get("end") {
        return json!({ "complete": true, "exitcode": code }).to_string();
    }
    json!({ "files": { "wandb-history.jsonl": { "offset": request["at"], "content": rows(&request["rows"]) } } })
        .to_string()
}

/// Runs a case, with the power lost at one operation; gives how many operations there were.
fn run(case: &Value, failure: Option<(u64, Failure)>, image: Image) -> u64 {
    let mut client = Client::new(image);
    if let Some((at, failure)) = failure {
        client.disk.plan(at..at + 1, failure);
    }
    client.send(&json!("init"));
    case["requests"].as_array().unwrap().iter().for_each(|request| client.send(request));
    let snapshot = client.snapshot();
    let name = format!("{}: {failure:?}, {image:?}", case["name"]);
    assert_eq!(decisions::rows(&snapshot, &client.run).unwrap(), rows(&case["rows"]), "{name}");
    let run = snapshot.projection.run(&client.run).unwrap().unwrap();
    let generations = case.get("generations").and_then(Value::as_u64).unwrap_or(1);
    assert_eq!(run.key.generation, u32::try_from(generations).unwrap(), "{name}");
    if let Some(state) = case.get("state") {
        assert_eq!(format!("{:?}", run.state).to_lowercase(), *state, "{name}");
    }
    let bodies: Vec<Body> = snapshot.events(Lsn(1)).map(|event| event.unwrap().2.body).collect();
    let count = |wanted: fn(&Body) -> bool| bodies.iter().filter(|body| wanted(body)).count() as u64;
    assert_eq!(
        count(|body| matches!(body, Body::Logged(_))),
        case["stored"],
        "{name}: events that hold rows"
    );
    if let Some(next) = case.get("next") {
        assert_eq!(run.stream("", engine::StreamKind::History).next, *next, "{name}: the next line");
    }
    if let Some(ends) = case.get("ends") {
        assert_eq!(count(|body| matches!(body, Body::StateChanged(_))), *ends, "{name}: ends");
    }
    client.disk.op_count()
}

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("../streams.json")).unwrap()
}

#[test]
fn d4_the_table_of_stream_cases_holds_without_a_fault() {
    for case in cases() {
        assert!(run(&case, None, Image::AllKept) > 0);
    }
}

#[test]
fn d4_the_table_of_stream_cases_holds_when_the_power_goes_at_any_operation() {
    for case in cases() {
        let ops = run(&case, None, Image::AllKept);
        for at in 0..ops {
            for (failure, image) in [
                (Failure::StopBefore, Image::AllLost),
                (Failure::StopBefore, Image::AllKept),
                (Failure::StopAfter, Image::AllLost),
                (Failure::StopAfter, Image::Drawn(at)),
            ] {
                run(&case, Some((at, failure)), image);
            }
        }
    }
}
