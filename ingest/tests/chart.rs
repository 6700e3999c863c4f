//! `POST /api/chart`: runs named or chosen by a filter, the same buckets for all.

use serde_json::{Value, json};

use crate::support::{Harness, Reply, history};

fn ask(server: &Harness, body: &Value) -> Reply {
    let basic = server.basic();
    let headers = [("authorization", basic.as_str()), ("accept", "application/json")];
    server.send("POST", "/api/chart", &headers, body.to_string().as_bytes())
}

fn drawn(server: &Harness, body: &Value) -> Vec<Value> {
    let reply = ask(server, body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.header("x-wbq-lsn").is_some());
    reply.json().as_array().unwrap().clone()
}

fn filled() -> Harness {
    let server = Harness::start();
    for (run, optimizer, from) in [("a", "adam", 0), ("b", "adam", 100), ("c", "sgd", 200)] {
        server.upsert(&json!({
            "name": run, "project": "p", "host": "h", "program": "t.py",
            "config": json!({ "optimizer": { "value": optimizer } }).to_string(),
        }));
        let rows: Vec<String> =
            (0..40).map(|step| format!(r#"{{"_step":{step},"loss":{}}}"#, from + step)).collect();
        server.streamed("p", run, &history(0, &rows.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    server
}

#[test]
fn the_runs_that_are_named_are_cut_into_the_same_buckets() {
    let server = filled();
    let body = json!({ "project": "alice/p", "runs": ["b", "alice/p/c"], "keys": ["loss"], "buckets": 4 });
    let told: Vec<String> = drawn(&server, &body)
        .iter()
        .map(|row| format!("{} {} {} {} {}", row["run"], row["bucket"], row["min"], row["max"], row["count"]))
        .collect();
    assert_eq!(
        told,
        [
            r#""alice/p/b" 0 100.0 109.0 10"#,
            r#""alice/p/b" 1 110.0 119.0 10"#,
            r#""alice/p/b" 2 120.0 129.0 10"#,
            r#""alice/p/b" 3 130.0 139.0 10"#,
            r#""alice/p/c" 0 200.0 209.0 10"#,
            r#""alice/p/c" 1 210.0 219.0 10"#,
            r#""alice/p/c" 2 220.0 229.0 10"#,
            r#""alice/p/c" 3 230.0 239.0 10"#,
        ]
    );
}

#[test]
fn a_filter_chooses_runs_and_groups_are_lines_with_a_band() {
    let server = filled();
    let body = json!({
        "project": "alice/p", "filter": "config.optimizer in [adam, sgd] and run_id != c or run_id = c",
        "keys": ["loss"], "group": "config.optimizer", "buckets": 2, "band": "min_max",
    });
    let told: Vec<String> = drawn(&server, &body)
        .iter()
        .map(|row| {
            format!(
                "{} {} {} {} {} {}",
                row["group"], row["bucket"], row["mean"], row["min"], row["max"], row["count"]
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            r#""adam" 0 59.5 0.0 119.0 2"#,
            r#""adam" 1 79.5 20.0 139.0 2"#,
            r#""sgd" 0 209.5 200.0 219.0 1"#,
            r#""sgd" 1 229.5 220.0 239.0 1"#,
        ]
    );
    let some = json!({ "runs": ["a", "c"], "project": "alice/p", "keys": ["loss"], "group": ["config.optimizer"], "buckets": 1 });
    let counts: Vec<String> =
        drawn(&server, &some).iter().map(|row| format!("{} {}", row["group"], row["count"])).collect();
    assert_eq!(counts, [r#""adam" 1"#, r#""sgd" 1"#]);
}

#[test]
fn expressions_are_lines_beside_keys_and_may_be_the_axis() {
    let server = filled();
    let told = |body: &Value| -> Vec<String> {
        let row = |row: &Value| format!("{} {} {}", row["key"], row["x"], row["mean"]);
        drawn(&server, body).iter().map(row).collect()
    };
    let body = json!({
        "project": "alice/p", "runs": ["b"], "keys": ["loss"], "expressions": ["(loss - 100) ** 2"],
        "x_expression": "_step / 10", "range": [3.8, null],
    });
    assert_eq!(
        told(&body),
        [
            r#""loss" 3.8 138.0"#,
            r#""loss" 3.9 139.0"#,
            r#""(loss - 100) ** 2" 3.8 1444.0"#,
            r#""(loss - 100) ** 2" 3.9 1521.0"#,
        ]
    );
    let grouped = json!({
        "project": "alice/p", "expressions": ["-loss"], "group": "config.optimizer", "buckets": 1, "aggregate": "sum",
    });
    assert_eq!(told(&grouped), [r#""-loss" 39.0 -139.0"#, r#""-loss" 39.0 -219.5"#]);
    let wrong = ask(&server, &json!({ "runs": [], "expressions": ["loss", "2 * (loss"] }));
    assert_eq!(wrong.status, 400);
    let error = &wrong.json()["error"];
    assert_eq!(error["message"], "in expressions[1]: this ( is not closed");
    assert_eq!(error["position"], json!({ "line": 1, "column": 5 }));
    let unknown =
        ask(&server, &json!({ "project": "alice/p", "runs": ["a"], "expressions": ["loss / los"] }));
    assert_eq!((unknown.status, unknown.text().trim()), (200, "[]"));
    assert_eq!(unknown.header("x-wbq-warnings"), Some(r#"["no run has los; near: loss"]"#));
}

#[test]
fn a_chart_of_the_past_stays_what_it_was() {
    let server = filled();
    let body = json!({ "project": "alice/p", "runs": ["a"], "keys": ["loss"], "buckets": 3 });
    let reply = ask(&server, &body);
    let (lsn, then) = (reply.header("x-wbq-lsn").unwrap().to_owned(), reply.text());
    server.streamed("p", "a", &history(40, &[r#"{"_step":40,"loss":-7}"#]));
    assert_ne!(ask(&server, &body).text(), then);
    let mut pinned = body;
    pinned["as_of"] = json!(format!("lsn:{lsn}"));
    assert_eq!(ask(&server, &pinned).text(), then);
}

#[test]
fn what_no_chart_can_be_is_refused_with_what_to_write() {
    let server = filled();
    for (body, status, told) in [
        (json!({ "keys": ["loss"], "runs": ["a"] }), 400, "entity/project/id"),
        (json!({ "keys": ["loss"], "runs": ["alice/p/z"] }), 404, "there is no run alice/p/z"),
        (json!({ "keys": ["loss"], "runs": [], "buckets": 20000 }), 400, "at most 10000"),
        (json!({ "keys": ["loss"], "filter": "state = " }), 400, "expected"),
        (json!({ "runs": [] }), 400, "keys"),
        (json!({ "keys": ["loss"], "runs": [], "colour": "red" }), 400, "colour"),
        (json!({ "runs": [], "expressions": [] }), 400, "keys or expressions"),
        (json!({ "runs": [], "expressions": ["loss ^ 2"] }), 400, "means nothing here"),
        (json!({ "runs": [], "expressions": ["(".repeat(100_000)] }), 400, "4096 are allowed"),
        (json!({ "runs": [], "expressions": [format!("{}1", "-(".repeat(1_000))] }), 400, "64 levels"),
        (json!({ "runs": [], "expressions": vec!["loss"; 101] }), 400, "101 expressions; at most 100"),
        (json!({ "runs": [], "keys": ["loss"], "x_expression": "1 +" }), 400, "in x_expression: expected"),
        (json!({ "runs": [], "keys": ["loss"], "x": "_step", "x_expression": "1" }), 400, "not both"),
        (json!({ "runs": [], "keys": ["loss"], "x_expression": 7 }), 400, "expected a string"),
        (json!({ "keys": ["loss"], "runs": [], "smoothing": { "kind": "ema", "value": 2 } }), 400, "0 to 1"),
    ] {
        let reply = ask(&server, &body);
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
        assert!(reply.text().contains(told), "{body}: {}", reply.text());
    }
}

#[test]
fn a_key_that_no_run_has_is_told_with_those_that_are_near() {
    let server = filled();
    let warnings = |key: &str| {
        let reply = ask(&server, &json!({ "project": "alice/p", "runs": ["a"], "keys": [key] }));
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.header("x-wbq-warnings").unwrap().to_owned()
    };
    assert_eq!(warnings("los"), r#"["no run has los; near: loss"]"#);
    assert_eq!(warnings("loss"), "[]");
}
