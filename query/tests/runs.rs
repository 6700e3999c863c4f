//! `runs`: attributes, states, config and summary.

use engine::{Attribute, Body, State, Value};
use query::QueryOptions;

use crate::fixture::{Fixture, SECOND, START};

fn three_runs() -> Fixture {
    let fixture = Fixture::new();
    let a = fixture.run("a1");
    a.name("jolly-haze-1").config(r#"{"lr":0.1,"optimizer":{"name":"adam"},"_wandb":{"cli":"0.28"}}"#);
    a.summary(r#"{"loss":0.25,"val/acc":0.9,"epochs":10,"big":9007199254740993}"#).end(State::Finished, 0);
    let b = fixture.run("b2");
    b.name("calm-sea-2")
        .config(r#"{"lr":1,"layers":[64,32]}"#)
        .summary(r#"{"loss":NaN}"#)
        .end(State::Failed, 1);
    fixture.run("c3").summary(r#"{"loss":0.5}"#);
    fixture
}

#[test]
fn the_flagship_query_answers() {
    let fixture = three_runs();
    assert_eq!(
        fixture.rows("SELECT name, summary.loss FROM runs WHERE state='Finished'"),
        [r#"{"name":"jolly-haze-1","summary.loss":0.25}"#]
    );
}

#[test]
fn every_spelling_gives_the_value_and_runs_without_a_key_give_null() {
    let fixture = three_runs();
    for spelling in
        [r#"summary."val/acc""#, "summary['val/acc']", r#"r.summary."val/acc""#, "r.summary['val/acc']"]
    {
        assert_eq!(
            fixture.rows(&format!("SELECT {spelling} AS v FROM runs r ORDER BY run_id")),
            [r#"{"v":0.9}"#, r#"{"v":null}"#, r#"{"v":null}"#],
            "{spelling}"
        );
    }
    assert_eq!(
        fixture.rows("SELECT config.optimizer.name, config.layers[1], config.layers FROM runs WHERE run_id IN ('a1', 'b2') ORDER BY run_id"),
        [
            r#"{"config.optimizer.name":"adam","config.layers[1]":null,"config.layers":null}"#,
            r#"{"config.optimizer.name":null,"config.layers[1]":"32","config.layers":[64,32]}"#
        ]
    );
}

#[test]
fn numbers_are_exact_and_nan_is_a_word() {
    let fixture = three_runs();
    assert_eq!(
        fixture.rows("SELECT summary.big, summary.loss FROM runs ORDER BY run_id LIMIT 2"),
        [
            r#"{"summary.big":9007199254740993,"summary.loss":0.25}"#,
            r#"{"summary.big":null,"summary.loss":"NaN"}"#
        ]
    );
    assert_eq!(
        fixture.rows(
            "SELECT summary.epochs / 4 AS q, div(summary.epochs, 4) AS d FROM runs WHERE run_id = 'a1'"
        ),
        [r#"{"q":2.5,"d":2}"#]
    );
    assert_eq!(
        fixture.rows("SELECT sum(summary.epochs) / count(summary.epochs) / 4 AS q FROM runs"),
        [r#"{"q":2.5}"#]
    );
}

#[test]
fn nulls_are_last_in_both_directions() {
    let fixture = three_runs();
    let order = |direction: &str| {
        fixture.rows(&format!("SELECT run_id FROM runs ORDER BY summary.epochs {direction}, run_id"))
    };
    assert_eq!(order("ASC")[0], r#"{"run_id":"a1"}"#);
    assert_eq!(order("DESC")[0], r#"{"run_id":"a1"}"#);
}

#[test]
fn config_and_summary_as_a_whole_are_json_without_what_is_not_for_people() {
    let fixture = three_runs();
    assert_eq!(
        fixture.rows("SELECT config, summary FROM runs WHERE run_id = 'b2'"),
        [r#"{"config":{"layers":[64,32],"lr":1},"summary":{"loss":"NaN"}}"#]
    );
    let star = fixture.rows("SELECT * FROM runs WHERE run_id = 'a1'");
    assert!(star[0].contains(r#""config":{"lr":0.1,"optimizer":{"name":"adam"}}"#), "{star:?}");
    assert_eq!(
        fixture.rows("SELECT json_get_str(config, 'optimizer', 'name') AS o FROM runs WHERE run_id = 'a1'"),
        [r#"{"o":"adam"}"#]
    );
}

#[test]
fn a_run_says_what_it_is_and_why() {
    let fixture = Fixture::new();
    let run = fixture.run("a1");
    run.set(Attribute::Tags, Value::List(vec![Value::text("x"), Value::text("y")]));
    run.set(Attribute::CpuCount, Value::Int(8)).set(Attribute::StartedAt, Value::Int(START - 5 * SECOND));
    run.end(State::Failed, 1);
    assert_eq!(
        fixture.rows(
            "SELECT entity, project, generation, name, state, state_reason, exit_code, tags, cpu_count, author,
                    started_at, finished_at, runtime, duration, notes FROM runs"
        ),
        [concat!(
            r#"{"entity":"ann","project":"mnist","generation":1,"name":"a1","state":"Failed","#,
            r#""state_reason":"exit: exit code 1","exit_code":1,"tags":["x","y"],"cpu_count":8,"author":"ann","#,
            r#""started_at":"2023-11-14T22:13:15Z","finished_at":"2023-11-14T22:14:20Z","runtime":65.0,"duration":60.0,"notes":null}"#
        )]
    );
    assert_eq!(fixture.rows("SELECT run_id FROM runs WHERE array_has(tags, 'y')").len(), 1);
}

#[test]
fn a_change_is_seen_by_the_next_statement_and_not_by_one_on_an_older_snapshot() {
    let fixture = three_runs();
    let before = fixture.snapshot();
    let sql = "SELECT summary.loss FROM runs WHERE run_id = 'c3'";
    assert_eq!(fixture.rows(sql), [r#"{"summary.loss":0.5}"#]);
    let key = before.projection.run_at(2).unwrap().unwrap().key.clone();
    fixture.append(key, START, Body::SummaryChanged(crate::fixture::paths(r#"{"loss":0.125}"#)));
    assert_eq!(fixture.rows(sql), [r#"{"summary.loss":0.125}"#]);
    let old = fixture.runtime.block_on(async {
        let answer = fixture.database.query(before, sql, &QueryOptions::default()).await.unwrap();
        answer.collect().await.unwrap()
    });
    assert!(format!("{old:?}").contains("0.5"), "{old:?}");
}

#[test]
fn deleted_and_superseded_runs_are_shown_only_when_asked_for() {
    let fixture = three_runs();
    let key = fixture.snapshot().projection.run_at(2).unwrap().unwrap().key.clone();
    fixture.append(key, START, Body::RunDeleted);
    fixture.generation("a1", 2);
    assert_eq!(
        fixture.rows("SELECT run_id, generation FROM runs ORDER BY run_id"),
        [r#"{"run_id":"a1","generation":2}"#, r#"{"run_id":"b2","generation":1}"#]
    );
    assert_eq!(fixture.error("SELECT deleted_at FROM runs").message(), "there is no column \"deleted_at\"");
    let all = QueryOptions { include_deleted: true, ..QueryOptions::default() };
    let (text, _) = fixture
        .try_query("SELECT run_id, generation, deleted_at FROM runs ORDER BY run_id, generation", &all)
        .unwrap();
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            r#"{"run_id":"a1","generation":1,"deleted_at":null}"#,
            r#"{"run_id":"a1","generation":2,"deleted_at":null}"#,
            r#"{"run_id":"b2","generation":1,"deleted_at":null}"#,
            r#"{"run_id":"c3","generation":1,"deleted_at":"2023-11-14T22:13:20Z"}"#
        ]
    );
}

#[test]
fn runs_are_counted_grouped_and_joined() {
    let fixture = three_runs();
    assert_eq!(fixture.rows("SELECT count(*) FROM runs"), [r#"{"count(*)":3}"#]);
    assert_eq!(
        fixture.rows(
            "SELECT state, count(*) AS n, min(summary.loss) AS best FROM runs GROUP BY state ORDER BY state"
        ),
        [
            r#"{"state":"Failed","n":1,"best":"NaN"}"#,
            r#"{"state":"Finished","n":1,"best":0.25}"#,
            r#"{"state":"Running","n":1,"best":0.5}"#
        ]
    );
    assert_eq!(
        fixture.rows("SELECT a.name, b.name FROM runs a JOIN runs b ON a.summary.loss > b.summary.loss WHERE a.run_id = 'c3'"),
        [r#"{"name":"c3","b.name":"jolly-haze-1"}"#]
    );
}

#[test]
fn a_key_of_several_kinds_is_a_number_and_a_text_by_its_place() {
    let fixture = Fixture::new();
    for (id, value) in [("a", "10"), ("b", "10.0"), ("c", r#""ten""#), ("d", "2")] {
        fixture.run(id).summary(&format!(r#"{{"x":{value}}}"#));
    }
    assert_eq!(
        fixture
            .rows("SELECT summary.x, count(*) AS n FROM runs GROUP BY summary.x ORDER BY n DESC, summary.x"),
        [r#"{"summary.x":"10","n":2}"#, r#"{"summary.x":"2","n":1}"#, r#"{"summary.x":"ten","n":1}"#]
    );
    assert_eq!(fixture.rows("SELECT sum(summary.x) AS s FROM runs"), [r#"{"s":22.0}"#]);
    assert_eq!(fixture.rows("SELECT run_id FROM runs WHERE summary.x = 10").len(), 2);
    assert_eq!(fixture.rows("SELECT run_id FROM runs WHERE summary.x = 'ten'"), [r#"{"run_id":"c"}"#]);
    assert_eq!(
        fixture.rows("SELECT run_id FROM runs ORDER BY summary.x, run_id"),
        [r#"{"run_id":"d"}"#, r#"{"run_id":"a"}"#, r#"{"run_id":"b"}"#, r#"{"run_id":"c"}"#]
    );
    let is_mixed = |row: &String| row.starts_with(r#"{"column_name":"summary.x","type":"mixed","#);
    assert!(fixture.rows("DESCRIBE runs").iter().any(is_mixed));
}
