//! The table of the stream: what repeated, overlapping, jumping and renewed requests leave (DESIGN 4).

use serde_json::{Value, json};

use crate::support::{Harness, chunk, history, sorted};

fn row(step: i64, x: &str) -> String {
    format!(r#"{{"_step":{step},"x":{x}}}"#)
}

/// Each case: what is sent to a run that was just begun, and what is there then. The page tells them
/// for people, and `tests/tests/streams.rs` sends them to a disk that loses its power.
fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("../../tests/streams.json")).unwrap()
}

/// Rows of a case, as the lines that carry them.
fn lines(rows: &Value) -> Vec<String> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|pair| row(pair[0].as_i64().unwrap(), pair[1].as_str().unwrap())).collect()
}

fn is_of(run: &str, event: &engine::Event) -> bool {
    event.run().is_some_and(|key| *key.run == *run)
}

/// How many events of a run are of a kind.
fn stored(server: &Harness, run: &str, kind: fn(&engine::Body) -> bool) -> usize {
    server.events().iter().filter(|event| is_of(run, event) && kind(&event.body)).count()
}

/// Sends one request of a case; gives the server, which may be another one then.
fn send(server: Harness, run: &str, request: &Value) -> Harness {
    let id = || server.run("p", run)["id"].clone();
    match request.as_str() {
        Some("restart") => return server.restart(),
        Some("init") => drop(server.init("p", run)),
        Some("resume") => drop(
            server
                .upsert(&json!({ "id": id(), "name": run, "project": "p", "host": "h", "program": "t.py" })),
        ),
        _ => {
            let body = match request.get("end") {
                Some(code) => json!({ "complete": true, "exitcode": code }),
                None => {
                    let lines = lines(&request["rows"]);
                    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                    history(request["at"].as_i64().unwrap(), &lines)
                }
            };
            assert_eq!(server.streamed("p", run, &body), json!({}), "{run}: {request}");
        }
    }
    server
}

#[test]
fn retries_overlaps_and_jumps_leave_each_row_once() {
    let mut server = Harness::start();
    for (index, case) in cases().iter().enumerate() {
        let (name, run) = (&case["name"], format!("case-{index}"));
        server.init("p", &run);
        for request in case["requests"].as_array().unwrap() {
            server = send(server, &run, request);
        }
        assert_eq!(server.rows("p", &run), lines(&case["rows"]), "{name}");
        let logged = stored(&server, &run, |body| matches!(body, engine::Body::Logged(_)));
        assert_eq!(json!(logged), case["stored"], "{name}: events that hold rows");
        let ended = stored(&server, &run, |body| matches!(body, engine::Body::StateChanged(_)));
        let told = server.run("p", &run);
        let expected = |key: &str| case.get(key).cloned();
        assert_eq!(
            expected("next").unwrap_or(told["historyLineCount"].clone()),
            told["historyLineCount"],
            "{name}"
        );
        assert_eq!(expected("state").unwrap_or(told["state"].clone()), told["state"], "{name}");
        assert_eq!(expected("ends").unwrap_or(json!(ended)), json!(ended), "{name}: changes of state");
        let generations =
            server.read().projection.runs().filter(|known| *known.as_ref().unwrap().key.run == *run).count();
        assert_eq!(expected("generations").unwrap_or(json!(1)), json!(generations), "{name}: generations");
    }
}

#[test]
fn the_page_of_streams_tells_every_case_and_no_other() {
    let page = include_str!("../../docs/streams.md");
    let table = page.split("\n## ").nth(1).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let told: Vec<&str> = rows.filter(|name| !["case", "---"].contains(name)).collect();
    let cases = cases();
    let known: Vec<&str> = cases.iter().map(|case| case["name"].as_str().unwrap()).collect();
    assert_eq!(told, known);
}

#[test]
fn a_retry_older_than_the_known_chunks_is_compared_with_what_stands() {
    let server = Harness::with(|options| options.durability = engine::Durability::Os);
    server.init("p", "r");
    let chunks = i64::try_from(engine::limits::CHUNK_HASHES_MAX).unwrap() + 1;
    for step in 0..chunks {
        server.streamed("p", "r", &history(step, &[&row(step, "1")]));
    }
    let before = server.events().len();
    assert_eq!(server.streamed("p", "r", &history(0, &[&row(0, "1")])), json!({}));
    assert_eq!(server.events().len(), before, "equal content stores nothing");
    server.streamed("p", "r", &history(0, &[&row(0, "2")]));
    assert_eq!(server.events().len(), before + 1, "and other content does");
    assert_eq!(server.rows("p", "r")[..2], [row(0, "2"), row(1, "1")]);
}

#[test]
fn an_offset_that_no_line_can_have_is_refused() {
    let server = Harness::start();
    server.init("p", "r");
    let before = server.events().len();
    for file in ["wandb-history.jsonl", "wandb-events.jsonl", "output.log"] {
        for offset in [-1, (1 << 53) + 1, i64::MIN] {
            let reply = server.stream("p", "r", &chunk(file, offset, &["{}"]));
            assert_eq!(reply.status, 400, "{file} at {offset}");
            assert!(reply.text().contains(&format!("offset {offset} is out of range")), "{}", reply.text());
        }
    }
    assert_eq!(server.events().len(), before);
    server.streamed("p", "r", &history(1 << 53, &["{}"]));
}

#[test]
fn an_end_with_another_code_is_another_end() {
    let server = Harness::start();
    server.init("p", "r");
    for code in [0, 1, 1] {
        server.streamed("p", "r", &json!({ "complete": true, "exitcode": code }));
    }
    assert_eq!(stored(&server, "r", |body| matches!(body, engine::Body::StateChanged(_))), 2);
    assert_eq!((server.state("p", "r"), &server.run("p", "r")["exitcode"]), ("failed".to_owned(), &json!(1)));
}

#[test]
fn a_rewind_that_cannot_be_is_refused_at_once_and_changes_nothing() {
    let server = Harness::start();
    server.init("p", "r");
    let rewind = "mutation RewindRun($runName: String!, $metricName: String!, $metricValue: Float!) { rewindRun(
        input: { runName: $runName, projectName: \"p\", metricName: $metricName, metricValue: $metricValue }) {
          rewoundRun { historyLineCount } } }";
    for (run, metric, value, status, says) in [
        ("r", "loss", json!(0), 400, "not to loss 0"),
        ("r", "_step", json!(0.5), 400, "not to _step 0.5"),
        ("r", "_step", json!(1e300), 400, "whole _step"),
        ("nobody", "_step", json!(0), 404, "run alice/p/nobody not found"),
    ] {
        let variables = json!({ "runName": run, "metricName": metric, "metricValue": value });
        let reply = server.graphql_reply(rewind, &variables);
        assert_eq!(reply.status, status, "the client gives up at once and prints why: {}", reply.text());
        assert!(reply.text().contains(says), "{}", reply.text());
    }
    assert_eq!(stored(&server, "r", |body| matches!(body, engine::Body::Rewound(_))), 0);
    // The same rewind again, after an answer that was lost, is the same generation.
    server.streamed("p", "r", &history(0, &[&row(0, "0"), &row(1, "1"), &row(2, "2")]));
    for _ in 0..2 {
        let variables = json!({ "runName": "r", "metricName": "_step", "metricValue": 1 });
        let answer = server.graphql(rewind, &variables);
        assert_eq!(answer["rewindRun"]["rewoundRun"]["historyLineCount"], 2);
    }
    assert_eq!(stored(&server, "r", |body| matches!(body, engine::Body::Rewound(_))), 1);
    server.streamed("p", "r", &history(2, &[&row(7, "7")]));
    assert_eq!(server.rows("p", "r"), [row(0, "0"), row(1, "1"), row(7, "7")]);
}

#[test]
fn a_retry_across_a_restart_is_known() {
    let server = Harness::start();
    server.init("p", "r");
    let first = history(0, &[r#"{"_step":0,"x":1}"#]);
    server.streamed("p", "r", &first);
    let server = server.restart();
    server.streamed("p", "r", &first);
    server.streamed("p", "r", &history(0, &[r#"{"_step":0,"x":1}"#, r#"{"_step":1,"x":2}"#]));
    assert_eq!(server.rows("p", "r"), [row(0, "1"), row(1, "2")]);
}

#[test]
fn every_kind_of_value_comes_back_as_it_was_logged() {
    let server = Harness::start();
    server.init("p", "r");
    let line = r#"{"_step":0,"nan":NaN,"inf":Infinity,"minf":-Infinity,"zero":-0.0,"int":1152921504606846976,
        "huge":18446744073709551615,"text":"a\"\u00e9\ud83d\ude00","yes":true,"none":null,"nested":{"a":{"b":1.5},"c":2},
        "h":{"_type":"histogram","bins":[1,2,3],"values":[4,5]},"list":[1,[2,{"x":NaN}]],"val/acc":0.1,"a b.c":1}"#;
    server.streamed("p", "r", &history(0, &[line]));
    let expected = r#"{"_step":0,"a b.c":1,"h":{"_type":"histogram","bins":[1,2,3],"values":[4,5]},
        "huge":18446744073709551615,"inf":Infinity,"int":1152921504606846976,"list":[1,[2,{"x":NaN}]],"minf":-Infinity,
        "nan":NaN,"nested.a.b":1.5,"nested.c":2,"none":null,"text":"aé😀","val/acc":0.1,"yes":true,"zero":-0.0}"#;
    let expected = expected.replace("aé😀", "a\\\"é😀");
    assert_eq!(server.rows("p", "r"), [sorted(&expected)]);
}

#[test]
fn a_line_that_cannot_be_read_is_kept_aside_and_the_rest_stands() {
    let server = Harness::start();
    server.init("p", "r");
    let body = history(0, &[r#"{"_step":0}"#, "{broken", r#"{"_step":2}"#, "\u{0}"]);
    server.streamed("p", "r", &body);
    server.streamed("p", "r", &body);
    assert_eq!(server.rows("p", "r"), [r#"{"_step":0}"#, r#"{"_step":2}"#]);
    assert_eq!(server.run("p", "r")["historyLineCount"], 4, "rows stand for lines");
    let quarantined: Vec<_> = (server.events().into_iter())
        .filter_map(|event| match event.body {
            engine::Body::Quarantined(line) => Some((line.line, line.raw.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(quarantined, [(1, "{broken".to_owned()), (3, "\u{0}".to_owned())]);
}

#[test]
fn rows_without_a_step_follow_the_row_before() {
    let server = Harness::start();
    server.init("p", "r");
    server.streamed("p", "r", &history(0, &[r#"{"x":1}"#, r#"{"_step":7,"x":2}"#, r#"{"x":3}"#]));
    server.streamed("p", "r", &history(3, &[r#"{"x":4}"#]));
    assert_eq!(server.rows("p", "r"), [row(0, "1"), row(7, "2"), row(8, "3"), row(9, "4")]);
    server.streamed("p", "r", &history(0, &[r#"{"x":1}"#, r#"{"_step":7,"x":2}"#]));
    assert_eq!(server.rows("p", "r").len(), 4, "the same rows, sent again in another cut");
}

#[test]
fn console_lines_are_written_over_and_a_retry_is_known() {
    let server = Harness::start();
    server.init("p", "r");
    let say = |offset, texts: &[&str]| {
        let lines: Vec<String> = texts
            .iter()
            .map(|text| json!({ "ts": "2026-11-23T07:39:27.763256", "content": text }).to_string())
            .collect();
        server.streamed(
            "p",
            "r",
            &chunk("output.log", offset, &lines.iter().map(String::as_str).collect::<Vec<_>>()),
        );
    };
    say(0, &["|", "other"]);
    say(0, &["/"]);
    say(0, &["/"]);
    say(0, &["|"]);
    say(1, &["other", "new"]);
    assert_eq!(server.console("p", "r"), ["|", "other", "new"], "a spinner comes back to its first picture");
    let written = |event: &&engine::Event| matches!(event.body, engine::Body::ConsoleWritten(_));
    assert_eq!(server.events().iter().filter(written).count(), 4, "the repeated request stored nothing");
    server.streamed(
        "p",
        "r",
        &chunk("output.log", 3, &["ERROR 2026-11-23T06:59:35.980993 plain", "no time at all"]),
    );
    let run = server.run("p", "r");
    let node = |index: usize| run["logLines"]["edges"][index]["node"].clone();
    assert_eq!(
        node(3),
        json!({ "number": 3, "timestamp": "2026-11-23T06:59:35.980993Z", "level": "error", "label": null, "line": "plain" })
    );
    assert_eq!(node(4)["line"], "no time at all");
    assert_eq!((&node(4)["timestamp"], &run["logLineCount"]), (&Value::Null, &json!(5)));
}

#[test]
fn the_summary_is_what_the_last_line_says() {
    let server = Harness::start();
    server.init("p", "r");
    let say = |lines: &[&str]| server.streamed("p", "r", &chunk("wandb-summary.json", 0, lines));
    say(&[r#"{"a":1,"n":{"x":1,"y":2},"gone":1}"#]);
    say(&[r#"{"old":1}"#, r#"{"a":NaN,"n":{"x":1,"y":3}}"#]);
    say(&[r#"{"n":{"y":3,"x":1},"a":NaN}"#]);
    let run = server.run("p", "r");
    assert_eq!(sorted(run["summaryMetrics"].as_str().unwrap()), r#"{"a":NaN,"n":{"x":1,"y":3}}"#);
    let changes =
        server.events().iter().filter(|event| matches!(event.body, engine::Body::SummaryChanged(_))).count();
    assert_eq!(changes, 2, "the third said nothing new");
}

#[test]
fn system_rows_keep_their_metrics() {
    let server = Harness::start();
    server.init("p", "r");
    let rows = [
        r#"{"_wandb":true,"_timestamp":1.5,"_runtime":0.5,"system.cpu":1.25}"#,
        r#"{"system.cpu":NaN,"_runtime":15}"#,
    ];
    let body = chunk("wandb-events.jsonl", 0, &rows);
    server.streamed("p", "r", &body);
    server.streamed("p", "r", &body);
    let run = server.run("p", "r");
    let events: Vec<String> =
        run["events"].as_array().unwrap().iter().map(|row| sorted(row.as_str().unwrap())).collect();
    assert_eq!(
        events,
        [r#"{"_runtime":0.5,"_timestamp":1.5,"system.cpu":1.25}"#, r#"{"_runtime":15.0,"system.cpu":NaN}"#]
    );
    assert_eq!(run["eventsLineCount"], 2);
}

#[test]
fn the_same_id_again_begins_anew_and_a_resume_goes_on() {
    let server = Harness::start();
    let first = server.init("p", "r");
    assert_eq!(
        (first["historyLineCount"].clone(), server.init("p", "r")["id"].clone()),
        (json!(0), first["id"].clone())
    );
    server.streamed("p", "r", &history(0, &[&row(0, "1"), &row(1, "2")]));
    // A later update of the config is no new beginning.
    server.upsert(
        &json!({ "name": "r", "project": "p", "entity": "alice", "config": "{\"a\":{\"value\":1}}" }),
    );
    assert_eq!(server.rows("p", "r").len(), 2);
    // Resumed: the id is given, and the lines go on.
    let resumed = server
        .upsert(&json!({ "id": first["id"], "name": "r", "project": "p", "host": "h", "program": "t.py" }));
    assert_eq!((&resumed["bucket"]["historyLineCount"], &resumed["inserted"]), (&json!(2), &json!(false)));
    server.streamed("p", "r", &history(2, &[&row(2, "3")]));
    assert_eq!(server.rows("p", "r").len(), 3);
    // Begun again: what was there is another generation.
    let again = server.upsert(&json!({ "name": "r", "project": "p", "host": "h", "program": "t.py" }));
    assert_eq!((&again["bucket"]["historyLineCount"], &again["inserted"]), (&json!(0), &json!(true)));
    assert_eq!(again["bucket"]["displayName"], first["displayName"]);
    assert_eq!(server.rows("p", "r"), Vec::<String>::new());
    server.streamed("p", "r", &history(0, &[&row(0, "1"), &row(1, "2")]));
    assert_eq!(server.rows("p", "r").len(), 2, "the same chunk as before is new here");
    let snapshot = server.read();
    assert_eq!(snapshot.projection.run_count(), 2);
    assert_eq!(
        snapshot.projection.run_at(0).unwrap().unwrap().history.rows,
        3,
        "the former generation is kept"
    );
}

#[test]
fn several_writers_of_one_run_count_their_own_lines() {
    let server = Harness::start();
    server.init("p", "r");
    let say = |writer: &str, body: &Value| {
        let basic = server.basic();
        let headers = [
            ("authorization", basic.as_str()),
            ("content-type", "application/json"),
            ("x-wandb-use-async-filestream", "true"),
            ("x-wandb-async-client-id", writer),
        ];
        let reply =
            server.send("POST", "/files/alice/p/r/file_stream", &headers, body.to_string().as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    say("w1", &history(0, &[&row(0, "1")]));
    say("w2", &history(0, &[&row(0, "1")]));
    say("w2", &history(0, &[&row(0, "1")]));
    say("w1", &chunk("wandb-summary.json", 0, &[r#"{"a":1}"#]));
    say("w2", &chunk("wandb-summary.json", 0, &[r#"{"b":2}"#]));
    say("w1", &chunk("output.log", 0, &["2026-11-23T06:59:35.98 [r0] text"]));
    assert_eq!(server.rows("p", "r").len(), 2);
    let run = server.run("p", "r");
    assert_eq!(sorted(run["summaryMetrics"].as_str().unwrap()), r#"{"a":1,"b":2}"#);
    assert_eq!(run["logLines"]["edges"][0]["node"]["label"], "r0");
}

#[test]
fn a_heartbeat_stores_nothing_while_the_run_was_just_heard() {
    let server = Harness::start();
    server.init("p", "r");
    let before = server.events().len();
    assert_eq!(server.streamed("p", "r", &json!({})), json!({}));
    server.streamed("p", "r", &json!({ "uploaded": ["config.yaml"] }));
    assert_eq!(server.events().len(), before);
}

#[test]
fn many_requests_at_once_for_one_run_are_all_kept() {
    let server = Harness::start();
    server.init("p", "r");
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let server = &server;
            scope.spawn(move || {
                for step in 0..10 {
                    let line = writer * 10 + step;
                    server.streamed("p", "r", &history(line, &[&row(line, "1")]));
                }
            });
        }
    });
    assert_eq!(server.rows("p", "r").len(), 80);
}
