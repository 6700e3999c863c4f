//! `GET /api/events`: who follows gets each event once and in order, also across a broken line.

use std::io::{BufRead as _, BufReader};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Harness, history};

/// A followed line: position, kind and body of each event.
struct Line(Box<dyn Iterator<Item = (u64, String, Value)> + Send>);

fn follow(server: &Harness, query: &str, last_seen: Option<u64>) -> Line {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(60))).build();
    let agent = ureq::Agent::from(config);
    let url = format!("{}/api/events{query}", server.url);
    let mut request = agent.get(url).header("authorization", server.basic());
    if let Some(seen) = last_seen {
        request = request.header("last-event-id", seen.to_string());
    }
    let response = request.call().unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut lines = BufReader::new(response.into_body().into_reader()).lines();
    Line(Box::new(std::iter::from_fn(move || {
        let (mut id, mut kind) = (None, String::new());
        loop {
            let line = lines.next()?.unwrap();
            match line.split_once(": ") {
                Some(("id", number)) => id = number.parse().ok(),
                Some(("event", name)) => kind = name.to_owned(),
                Some(("data", data)) => {
                    return Some((id.unwrap(), kind, serde_json::from_str(data).unwrap()));
                }
                _ => {}
            }
        }
    })))
}

fn log(server: &Harness, run: &str, steps: std::ops::Range<i64>) {
    for step in steps {
        let row = format!(r#"{{"_step":{step},"loss":{step}}}"#);
        server.streamed("p", run, &history(step, &[&row]));
    }
}

#[test]
fn each_event_comes_once_and_in_order_across_reconnects() {
    let server = Harness::start();
    server.init("p", "a");
    std::thread::scope(|scope| {
        scope.spawn(|| log(&server, "a", 0..60));
        // The line is left again and again, while events are written.
        let (mut seen, mut rows) = (0, 0);
        while rows < 60 {
            let mut line = follow(&server, "?from=1", (seen > 0).then_some(seen));
            for (lsn, kind, event) in line.0.by_ref().take(7) {
                assert_eq!(
                    (lsn, event["lsn"].as_u64()),
                    (seen + 1, Some(lsn)),
                    "none is left out or repeated"
                );
                seen = lsn;
                if kind == "Logged" {
                    assert_eq!(event["rows"][0]["loss"], rows);
                    assert_eq!(event["run_id"], "a");
                    rows += 1;
                }
                if rows == 60 {
                    break;
                }
            }
        }
    });
    let recorded = server.events().len() as u64;
    let told = follow(&server, "?from=1", None).0.take(usize::try_from(recorded).unwrap());
    assert!(told.map(|(lsn, ..)| lsn).eq(1..=recorded));
}

#[test]
fn a_filter_chooses_runs_and_kinds_and_a_line_without_a_beginning_starts_now() {
    let server = Harness::start();
    for run in ["a", "b"] {
        server.init("p", run);
        log(&server, run, 0..3);
    }
    let mut line = follow(&server, "?filter=run:alice/p/b,kind:Logged", None);
    log(&server, "a", 3..5);
    log(&server, "b", 3..5);
    let told: Vec<Value> =
        line.0.by_ref().take(2).map(|(.., event)| event["rows"][0]["_step"].clone()).collect();
    assert_eq!(told, [3, 4]);
    let wrong = server.ask("GET", "/api/events?filter=loss", "");
    assert_eq!(wrong.status, 400, "{}", wrong.text());
    assert!(wrong.text().contains("run:ENTITY/PROJECT/ID"), "{}", wrong.text());
    let headers = [("authorization", &*server.basic()), ("last-event-id", "x")];
    assert_eq!(server.send("GET", "/api/events", &headers, b"").status, 400);
}

#[test]
fn many_who_follow_a_run_each_get_all_of_it() {
    let server = Harness::start();
    let runs: Vec<String> = (0..8).map(|run| format!("r{run}")).collect();
    runs.iter().for_each(|run| drop(server.init("p", run)));
    let (sender, told) = mpsc::channel();
    std::thread::scope(|scope| {
        for place in 0..40 {
            let run = &runs[place % runs.len()];
            let mut line = follow(&server, &format!("?filter=run:alice/p/{run},kind:Logged"), None);
            let sender = sender.clone();
            scope.spawn(move || {
                let steps: Vec<i64> = line
                    .0
                    .by_ref()
                    .take(20)
                    .map(|(.., event)| event["rows"][0]["_step"].as_i64().unwrap())
                    .collect();
                sender.send(steps).unwrap();
            });
        }
        for run in &runs {
            scope.spawn(|| log(&server, run, 0..20));
        }
    });
    drop(sender);
    let told: Vec<Vec<i64>> = told.iter().collect();
    assert_eq!(told, vec![(0..20).collect::<Vec<i64>>(); 40]);
}

#[test]
fn a_server_that_ends_lets_its_followers_go() {
    let mut server = Harness::start();
    server.init("p", "a");
    let line = follow(&server, "?from=1", None);
    let count = server.events().len();
    let told = std::thread::spawn(move || line.0.count());
    server.stop().unwrap();
    assert!(told.join().unwrap() <= count);
}
