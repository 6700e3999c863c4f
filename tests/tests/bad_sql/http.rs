//! The corpus over `POST /sql` of the real server. After each case it lives, gives its memory back,
//! acknowledges a write, and holds nothing that it did not hold before but that write.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wbq_load::http::Client;
use wbq_load::site::{ADMIN, Kept, Server, Site};

use super::corpus::{Case, cases};
use super::outside::Outside;

/// By how much memory may be more after a case than before.
const MORE_BYTES_MAX: u64 = 32 << 20;
/// How long the server may take to give it back.
const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(10);
/// Statements that run at once.
const TURNS: usize = 4;
const BEGIN: &str =
    "mutation B($e: String, $c: JSONString) { upsertBucket(input: { entityName: $e, modelName: \"p\",
    name: \"r\", config: $c }) { inserted } }";

struct Asked<'a> {
    server: &'a Server,
    client: Client,
    agent: ureq::Agent,
    dir: &'a Path,
    rows: u64,
}

impl Asked<'_> {
    /// The status and the text of an answer.
    fn ask(&self, statement: &str) -> (u16, String) {
        let request = self.agent.post(format!("{}/sql", self.server.url));
        let request = request.header("authorization", format!("Bearer {}", self.server.key));
        let request =
            request.header("accept", "application/ndjson").header("content-type", "application/json");
        let mut reply = request.send(json!({ "sql": statement }).to_string()).unwrap();
        let text = reply.body_mut().with_config().limit(1 << 30).read_to_string().unwrap();
        (reply.status().as_u16(), text)
    }

    fn memory(&self) -> u64 {
        self.server.held(self.dir).unwrap().anonymous_bytes
    }

    /// What is wrong with how a case is answered.
    fn fault(&self, case: &Case) -> Option<String> {
        let (status, text) = self.ask(&case.statement);
        let wanted = match case.is.as_str() {
            "ok" => 200,
            "invalid" | "too_large" => 400,
            "not_found" => 404,
            "timeout" => 504,
            _ => 500,
        };
        let error: Value = serde_json::from_str(&text).unwrap_or_default();
        let error = &error["error"];
        let is_right = status == wanted
            && (status == 200 || (error["kind"] == case.is.as_str() && error["id"].is_string()));
        let words = if status == 200 { text.as_str() } else { error["message"].as_str().unwrap_or_default() };
        // S8: an error carries an id, and no path of ours.
        let is_quiet = !text.contains(self.dir.to_str().unwrap()) && !text.contains("outside-secret");
        (!is_right || !words.contains(&case.says) || !is_quiet)
            .then(|| format!("{}: {} {:?}, not {status}: {text:.300}", case.name, case.is, case.says))
    }

    /// A write is acknowledged.
    fn writes(&mut self) {
        let line = json!({ "_step": self.rows, "loss": 0.5 }).to_string();
        let body = json!({ "files": { "wandb-history.jsonl": { "offset": self.rows, "content": [line] } } });
        let reply = self.client.post(&format!("/files/{ADMIN}/p/r/file_stream"), &body.to_string());
        assert!(matches!(reply, wbq_load::http::Answer::Taken(_)), "{reply:?}");
        self.rows += 1;
    }

    /// Rows of history, and events beside those that wrote them.
    fn holds(&self) -> (u64, u64) {
        let rows =
            self.client.sql("SELECT count(*) AS n, (SELECT count(*) FROM events) AS e FROM history").join("");
        let counts: Value = serde_json::from_str(&rows).unwrap();
        let (rows, events) = (counts["n"].as_u64().unwrap(), counts["e"].as_u64().unwrap());
        (rows, events - self.rows)
    }

    /// Waits until memory is back where it was, almost.
    fn gives_back(&self, before: u64) -> Option<u64> {
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

    /// Sends a statement, sees that it is not answered for a while, and hangs up.
    fn hang_up(&self, statements: &[&Case]) {
        let connections: Vec<TcpStream> = statements.iter().map(|case| self.sent(&case.statement)).collect();
        for (mut connection, case) in connections.into_iter().zip(statements) {
            connection.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            let read = connection.read(&mut [0; 1]);
            let is_waiting = read.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
            assert!(is_waiting, "{}: {read:?}", case.name);
        }
    }

    fn sent(&self, statement: &str) -> TcpStream {
        let mut connection = TcpStream::connect(self.server.url.strip_prefix("http://").unwrap()).unwrap();
        let body = json!({ "sql": statement }).to_string();
        let head = format!(
            "POST /sql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.server.key,
            body.len()
        );
        connection.write_all(head.as_bytes()).unwrap();
        connection.write_all(body.as_bytes()).unwrap();
        connection
    }
}

#[test]
fn s7_hostile_sql_is_answered_as_the_corpus_says_over_http() {
    let outside = Outside::new();
    let home = Kept::new();
    let mut site = Site::new(home.path().join("store"));
    let server = site.start();
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(100)))
        .build();
    let mut asked =
        Asked { server: &server, client: server.client(), agent: config.into(), dir: &site.dir, rows: 0 };
    asked.client.graphql(BEGIN, &json!({ "e": ADMIN, "c": "{\"lr\":{\"value\":0.1}}" })).unwrap();
    asked.writes();
    let (_, others_events) = asked.holds();
    let cases = cases(outside.path().to_str().unwrap(), &outside.url());
    let (endless, others): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.is == "timeout");
    let mut faults = Vec::new();
    for case in &others {
        let before = asked.memory();
        faults.extend(asked.fault(case));
        asked.writes();
        let kept = asked.gives_back(before);
        faults.extend(kept.map(|more| format!("{}: {more} bytes are not given back", case.name)));
    }
    assert_eq!(asked.holds(), (asked.rows, others_events), "nothing is written but what was acknowledged");
    let before = asked.memory();
    // As many as may run at once, to their end; of the others nobody waits for the answer.
    let (waited, left) = endless.split_at(TURNS);
    thread::scope(|scope| {
        let asked = &asked;
        let waits: Vec<_> = waited.iter().map(|case| scope.spawn(move || asked.fault(case))).collect();
        faults.extend(waits.into_iter().filter_map(|wait| wait.join().unwrap()));
    });
    faults.extend(
        asked.gives_back(before).map(|more| format!("endless statements: {more} bytes are not given back")),
    );
    for cases in left.chunks(TURNS) {
        let before = asked.memory();
        asked.hang_up(cases);
        let began = Instant::now();
        assert_eq!(asked.ask("SELECT 1 AS n"), (200, "{\"n\":1}\n".to_owned()));
        assert!(began.elapsed() < Duration::from_secs(10), "their turns are free: {:?}", began.elapsed());
        asked.writes();
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        let kept = asked.gives_back(before);
        faults.extend(kept.map(|more| format!("{names:?}: {more} bytes are not given back")));
    }
    assert_eq!(asked.holds(), (asked.rows, others_events), "nothing is written but what was acknowledged");
    assert!(faults.is_empty(), "{} faults in {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
    outside.was_left_alone();
    server.stop();
    assert!(!site.said().contains("panicked"), "{}", site.said());
}
