//! `POST /api/runs`: filters in both spellings, pages of one position, groups.

use serde_json::{Value, json};

use crate::support::{Harness, Reply, chunk};

/// Five runs, `r0` to `r4`, whose loss falls.
fn server() -> Harness {
    let server = Harness::start();
    for number in 0..5 {
        log(&server, number);
    }
    server
}

fn log(server: &Harness, number: i32) {
    let run = format!("r{number}");
    server.init("p", &run);
    let optimizer = if number % 2 == 0 { "adam" } else { "sgd" };
    let summary = json!({ "loss": 10 - number, "opt": optimizer }).to_string();
    server.streamed("p", &run, &chunk("wandb-summary.json", 0, &[&summary]));
}

fn ask(server: &Harness, accept: &str, body: &Value) -> Reply {
    let basic = server.basic();
    let headers =
        [("authorization", basic.as_str()), ("content-type", "application/json"), ("accept", accept)];
    server.send("POST", "/api/runs", &headers, body.to_string().as_bytes())
}

fn answer(server: &Harness, body: &Value) -> Value {
    let reply = ask(server, "application/json", body);
    assert_eq!(reply.status, 200, "{body}: {}", reply.text());
    reply.json()
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["rows"].as_array().unwrap().iter().map(|row| row["run_id"].as_str().unwrap()).collect()
}

#[test]
fn both_spellings_of_a_filter_find_the_same_runs_and_tell_their_sql() {
    let server = server();
    let words = answer(
        &server,
        &json!({
            "project": "alice/p", "filter": "summary.loss <= 8 and state = running", "sort": "summary.loss",
            "columns": ["summary.loss"],
        }),
    );
    assert_eq!((ids(&words), &words["total"]), (vec!["r4", "r3", "r2"], &json!(3)), "{words}");
    assert_eq!(words["rows"][0]["summary.loss"], json!(6));
    let filter = json!({ "summary_metrics.loss": { "$lte": 8 }, "state": "running" });
    let client = answer(&server, &json!({ "project": "p", "filter": filter, "sort": ["summary.loss"] }));
    assert_eq!(ids(&client), ids(&words));
    let sql = words["sql"].as_str().unwrap();
    assert!(
        sql.contains(
            "WHERE entity = 'alice' AND project = 'p' AND (summary.loss <= 8 AND state = 'Running')"
        ),
        "{sql}"
    );
    let asked = server.ask("POST", "/sql", &json!({ "sql": sql }).to_string());
    assert_eq!(asked.status, 200, "{}", asked.text());
    assert_eq!(answer(&server, &json!({}))["total"], json!(5));
}

#[test]
fn pages_of_one_position_are_stable_while_runs_log() {
    let server = server();
    let page = |offset: u64, as_of: Value| {
        answer(&server, &json!({ "sort": "-created_at,name", "offset": offset, "limit": 2, "as_of": as_of }))
    };
    let first = page(0, Value::Null);
    let pinned = json!(format!("lsn:{}", first["lsn"]));
    let mut seen: Vec<String> = ids(&first).into_iter().map(str::to_owned).collect();
    for (number, offset) in [(5, 2), (6, 4), (7, 6)] {
        log(&server, number);
        let next = page(offset, pinned.clone());
        assert_eq!((&next["lsn"], &next["total"]), (&first["lsn"], &json!(5)));
        seen.extend(ids(&next).into_iter().map(str::to_owned));
    }
    seen.sort();
    assert_eq!(seen, ["r0", "r1", "r2", "r3", "r4"]);
    assert_eq!(page(0, Value::Null)["total"], json!(8));
}

#[test]
fn groups_come_with_distributions() {
    let server = server();
    let body = json!({ "group": "summary.opt", "columns": "summary.loss" });
    let answer = answer(&server, &body);
    assert_eq!((&answer["total"], &answer["runs"]), (&json!(2), &json!(5)), "{answer}");
    let adam = &answer["groups"][0];
    assert_eq!((&adam["summary.opt"], &adam["runs"]), (&json!("adam"), &json!(3)));
    assert_eq!(
        (&adam["summary.loss.mean"], &adam["summary.loss.min"], &adam["summary.loss.max"]),
        (&json!(8.0), &json!(6), &json!(10))
    );
    assert_eq!(answer["ranges"]["summary.loss"], json!([6.0, 10.0]));
    let bins: Vec<i64> =
        adam["summary.loss.bins"].as_array().unwrap().iter().map(|bin| bin.as_i64().unwrap()).collect();
    assert_eq!((bins.len(), bins[0], bins[10], bins[19]), (20, 1, 1, 1));
    let arrow = ask(&server, "*/*", &body);
    assert_eq!((arrow.header("x-wbq-total"), arrow.header("x-wbq-runs")), (Some("2"), Some("5")));
    assert_eq!(arrow.header("content-type"), Some("application/vnd.apache.arrow.stream"));
    let csv = ask(&server, "text/csv", &json!({ "sort": "name", "limit": 1 }));
    assert_eq!((csv.text().lines().count(), csv.header("x-wbq-total")), (2, Some("5")));
}

#[test]
fn what_is_wrong_with_a_request_is_told_with_its_place_and_a_hint() {
    let server = server();
    let told = |body: Value| {
        let reply = ask(&server, "application/json", &body);
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
        reply.json()["error"].clone()
    };
    let error = told(json!({ "filter": "sate = x" }));
    assert_eq!(
        (&error["kind"], &error["position"], &error["hint"]),
        (&json!("invalid"), &json!({ "line": 1, "column": 1 }), &json!("did you mean state?"))
    );
    assert_eq!(
        told(json!({ "filter": { "state": { "$near": 1 } } }))["message"],
        "there is no operator $near"
    );
    assert_eq!(told(json!({ "filter": 5 }))["message"], "a filter is an object, not 5");
    assert_eq!(told(json!({ "sort": "nmae" }))["hint"], "did you mean name?");
    assert_eq!(told(json!({ "limit": 1_000_001 }))["kind"], "too_large");
    assert_eq!(
        told(json!({ "filter": "summary.lsos = 1", "strict": true }))["hint"],
        "did you mean summary.loss?"
    );
    for body in ["{", r#"{"fliter": "x"}"#, r#"{"limit": -1}"#] {
        assert_eq!(server.ask("POST", "/api/runs", body).status, 400, "{body}");
    }
    let anonymous = server.send("POST", "/api/runs", &[("content-type", "application/json")], b"{}");
    assert_eq!(anonymous.status, 401);
}
