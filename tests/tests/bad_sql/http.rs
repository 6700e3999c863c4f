//! The corpus over `POST /sql` of the real server. After each case it lives, gives its memory back,
//! acknowledges a write, and holds nothing that it did not hold before but that write.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wbq_load::site::{Kept, Site};

use super::corpus::{Case, cases};
use super::outside::Outside;
use crate::served::Served;

/// Statements that run at once.
const TURNS: usize = 4;
struct Asked<'a> {
    served: Served<'a>,
    agent: ureq::Agent,
}

impl Asked<'_> {
    /// The status and the text of an answer.
    fn ask(&self, statement: &str) -> (u16, String) {
        let request = self.agent.post(format!("{}/sql", self.served.server.url));
        let request = request.header("authorization", format!("Bearer {}", self.served.server.key));
        let request =
            request.header("accept", "application/ndjson").header("content-type", "application/json");
        let mut reply = request.send(json!({ "sql": statement }).to_string()).unwrap();
        let text = reply.body_mut().with_config().limit(1 << 30).read_to_string().unwrap();
        (reply.status().as_u16(), text)
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
        let is_quiet = !text.contains(self.served.dir.to_str().unwrap()) && !text.contains("outside-secret");
        (!is_right || !words.contains(&case.says) || !is_quiet)
            .then(|| format!("{}: {} {:?}, not {status}: {text:.300}", case.name, case.is, case.says))
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
        let mut connection =
            TcpStream::connect(self.served.server.url.strip_prefix("http://").unwrap()).unwrap();
        let body = json!({ "sql": statement }).to_string();
        let head = format!(
            "POST /sql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.served.server.key,
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
    let mut asked = Asked { served: Served::new(&server, &site.dir), agent: config.into() };
    let (_, others_events) = asked.served.holds();
    let cases = cases(outside.path().to_str().unwrap(), &outside.url());
    let (endless, others): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.is == "timeout");
    let mut faults = Vec::new();
    for case in &others {
        let before = asked.served.memory();
        faults.extend(asked.fault(case));
        asked.served.writes();
        let kept = asked.served.gives_back(before);
        faults.extend(kept.map(|more| format!("{}: {more} bytes are not given back", case.name)));
    }
    assert_eq!(
        asked.served.holds(),
        (asked.served.rows, others_events),
        "nothing is written but what was acknowledged"
    );
    let before = asked.served.memory();
    // As many as may run at once, to their end; of the others nobody waits for the answer.
    let (waited, left) = endless.split_at(TURNS);
    thread::scope(|scope| {
        let asked = &asked;
        let waits: Vec<_> = waited.iter().map(|case| scope.spawn(move || asked.fault(case))).collect();
        faults.extend(waits.into_iter().filter_map(|wait| wait.join().unwrap()));
    });
    faults.extend(
        asked
            .served
            .gives_back(before)
            .map(|more| format!("endless statements: {more} bytes are not given back")),
    );
    for cases in left.chunks(TURNS) {
        let before = asked.served.memory();
        asked.hang_up(cases);
        let began = Instant::now();
        assert_eq!(asked.ask("SELECT 1 AS n"), (200, "{\"n\":1}\n".to_owned()));
        assert!(began.elapsed() < Duration::from_secs(10), "their turns are free: {:?}", began.elapsed());
        asked.served.writes();
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        let kept = asked.served.gives_back(before);
        faults.extend(kept.map(|more| format!("{names:?}: {more} bytes are not given back")));
    }
    assert_eq!(
        asked.served.holds(),
        (asked.served.rows, others_events),
        "nothing is written but what was acknowledged"
    );
    assert!(faults.is_empty(), "{} faults in {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
    outside.was_left_alone();
    server.stop();
    assert!(!site.said().contains("panicked"), "{}", site.said());
}
