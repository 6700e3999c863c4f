//! A real server and what must hold of it after each hostile case: it lives, gives its memory back, acknowledges
//! a write, and holds nothing that it did not hold before but that write.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wbq_load::http::{Answer, Client};
use wbq_load::site::{ADMIN, Server};

/// By how much memory may be more after a case than before.
const MORE_BYTES_MAX: u64 = 32 << 20;
/// How long the server may take to give it back.
const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(10);
const BEGIN: &str =
    "mutation B($e: String, $r: String, $c: JSONString) { upsertBucket(input: { entityName: $e, modelName: \"p\",
    name: $r, config: $c }) { inserted } }";
/// Wrong keys are events too; when they are stored, nobody waits for.
const COUNTS: &str = "SELECT count(*) AS n, (SELECT count(*) FROM events WHERE kind <> 'LoginFailed') AS e
    FROM history WHERE run_id = 'r'";

pub(crate) struct Served<'a> {
    pub(crate) server: &'a Server,
    pub(crate) client: Client,
    pub(crate) dir: &'a Path,
    /// Rows that were acknowledged, each written by a request of its own.
    pub(crate) rows: u64,
}

impl<'a> Served<'a> {
    /// Begins the run that is written to, `p/r`.
    pub(crate) fn new(server: &'a Server, dir: &'a Path) -> Self {
        let mut served = Self { server, client: server.client(), dir, rows: 0 };
        served.begin("r");
        served.writes();
        served
    }

    /// Begins another run of the same project.
    pub(crate) fn begin(&self, run: &str) {
        let variables = json!({ "e": ADMIN, "r": run, "c": "{\"lr\":{\"value\":0.1}}" });
        self.client.graphql(BEGIN, &variables).unwrap();
    }

    pub(crate) fn memory(&self) -> u64 {
        self.server.held(self.dir).unwrap().anonymous_bytes
    }

    /// A write is acknowledged.
    pub(crate) fn writes(&mut self) {
        let line = json!({ "_step": self.rows, "loss": 0.5 }).to_string();
        let body = json!({ "files": { "wandb-history.jsonl": { "offset": self.rows, "content": [line] } } });
        let reply = self.client.post(&format!("/files/{ADMIN}/p/r/file_stream"), &body.to_string());
        assert!(matches!(reply, Answer::Taken(_)), "{reply:?}");
        self.rows += 1;
    }

    /// Rows of that run's history, and events beside those that wrote them.
    pub(crate) fn holds(&self) -> (u64, u64) {
        let counts: Value = serde_json::from_str(&self.client.sql(COUNTS).join("")).unwrap();
        let (rows, events) = (counts["n"].as_u64().unwrap(), counts["e"].as_u64().unwrap());
        (rows, events - self.rows)
    }

    /// Waits until memory is back where it was, almost; else by how much it is more.
    pub(crate) fn gives_back(&self, before: u64) -> Option<u64> {
        let deadline = Instant::now() + GIVEN_BACK_WITHIN;
        loop {
            let more = self.memory().saturating_sub(before);
            if more <= MORE_BYTES_MAX {
                return None;
            }
            if Instant::now() > deadline {
                return Some(more);
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs a case, which tells what is wrong with how it is answered, and whether it may have changed something;
    /// then looks whether all holds.
    pub(crate) fn after(
        &mut self,
        name: &str,
        case: impl FnOnce(&Self) -> (Option<String>, bool),
    ) -> Vec<String> {
        let (memory, (_, events)) = (self.memory(), self.holds());
        let began = Instant::now();
        let (fault, may_change) = case(self);
        let took = began.elapsed();
        self.client = self.server.client();
        self.writes();
        let (rows, events_after) = self.holds();
        let stored = events_after - events;
        let more = self.gives_back(memory);
        let faults = [
            fault,
            (took > ANSWERED_WITHIN).then(|| format!("it took {took:?}")),
            (stored > 0 && !may_change).then(|| format!("{stored} events are stored of what is refused")),
            (rows != self.rows).then(|| format!("{rows} rows are there of {}", self.rows)),
            more.map(|more| format!("{more} bytes are not given back")),
        ];
        faults.into_iter().flatten().map(|fault| format!("{name}: {fault}")).collect()
    }
}

/// How long any answer may take on a machine that does other work too.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
