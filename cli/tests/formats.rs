//! Data on stdout, in each format.

use std::process::Stdio;

use arrow::ipc::reader::StreamReader;
use insta::assert_snapshot;

use crate::sample;
use crate::wbq::{self, printed, run_with_input};

const FLAGSHIP: &str = "SELECT name, summary.loss FROM runs WHERE state = 'Finished'";
const ROWS: &str = "SELECT run_id, _step, loss FROM history ORDER BY run_id, _step";

#[test]
fn the_flagship_query_is_answered_from_the_folder() {
    let dir = sample::folder();
    assert_snapshot!(printed(dir.path(), &[FLAGSHIP]), @r#"{"name":"sunny-lake-1","summary.loss":0.125}"#);
}

#[test]
fn a_table_is_for_people() {
    let dir = sample::folder();
    assert_snapshot!(printed(dir.path(), &["--format", "table", FLAGSHIP]), @r"
    name          summary.loss
    ──────────────────────────
    sunny-lake-1         0.125
    ");
}

#[test]
fn json_is_an_array_and_ndjson_an_object_a_line() {
    let dir = sample::folder();
    assert_snapshot!(printed(dir.path(), &["--format", "json", ROWS]), @r#"
    [
    {"run_id":"base","_step":0,"loss":0.5},
    {"run_id":"base","_step":1,"loss":0.25},
    {"run_id":"base","_step":2,"loss":0.125},
    {"run_id":"wide","_step":0,"loss":"NaN"}
    ]
    "#);
    assert_snapshot!(printed(dir.path(), &["--format", "ndjson", ROWS]), @r#"
    {"run_id":"base","_step":0,"loss":0.5}
    {"run_id":"base","_step":1,"loss":0.25}
    {"run_id":"base","_step":2,"loss":0.125}
    {"run_id":"wide","_step":0,"loss":"NaN"}
    "#);
}

#[test]
fn csv_and_markdown_are_for_other_programs() {
    let dir = sample::folder();
    assert_snapshot!(printed(dir.path(), &["--format", "csv", ROWS]), @r"
    run_id,_step,loss
    base,0,0.5
    base,1,0.25
    base,2,0.125
    wide,0,NaN
    ");
    assert_snapshot!(printed(dir.path(), &["--format", "markdown", ROWS]), @r"
    | run_id | _step |  loss |
    | ------ | ----: | ----: |
    | base   |     0 |   0.5 |
    | base   |     1 |  0.25 |
    | base   |     2 | 0.125 |
    | wide   |     0 |   NaN |
    ");
}

#[test]
fn arrow_and_parquet_are_whole_files() {
    let dir = sample::folder();
    let bytes = |format| wbq::command(dir.path(), &["--format", format, ROWS]).output().unwrap().stdout;
    let stream = bytes("arrow");
    let reader = StreamReader::try_new(stream.as_slice(), None).unwrap();
    let names: Vec<_> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["run_id", "_step", "loss"]);
    assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 4);

    let file = bytes("parquet");
    assert_eq!((&file[..4], &file[file.len() - 4..]), (b"PAR1".as_slice(), b"PAR1".as_slice()));
}

#[test]
fn several_statements_print_their_results_in_order() {
    let dir = sample::folder();
    let sql = "SELECT 1 AS a; SELECT 'x;y' AS b;\n-- the end\n";
    let expected = "{\"a\":1}\n{\"b\":\"x;y\"}\n";
    assert_eq!(printed(dir.path(), &[sql]), expected);
    assert_eq!(run_with_input(dir.path(), &["-"], sql).stdout, expected);
    let file = dir.path().join("q.sql");
    std::fs::write(&file, sql).unwrap();
    assert_eq!(printed(dir.path(), &["-f", file.to_str().unwrap()]), expected);
}

#[test]
fn a_statement_that_fails_comes_after_the_answers_before_it() {
    let dir = sample::folder();
    let done = wbq::run(dir.path(), &["SELECT 1 AS a; SELECT nothing_like_it FROM runs; SELECT 2 AS b"]);
    assert_eq!((done.code, done.stdout.as_str()), (1, "{\"a\":1}\n"));
}

#[test]
fn a_key_that_no_run_has_is_null_with_a_warning_unless_strict() {
    let dir = sample::folder();
    let sql = "SELECT summary.los FROM runs WHERE run_id = 'wide'";
    let done = wbq::run(dir.path(), &[sql]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "{\"summary.los\":null}\n"));
    assert!(done.stderr.starts_with("warning: ") && done.stderr.contains("loss"), "{}", done.stderr);
    assert_eq!(wbq::run(dir.path(), &["--quiet", sql]).stderr, "");
    let strict = wbq::run(dir.path(), &["--strict", sql]);
    assert_eq!(strict.code, 1);
    assert!(strict.stderr.contains("loss"), "{}", strict.stderr);
}

#[test]
fn whoever_closes_the_pipe_has_seen_enough() {
    let dir = sample::folder();
    let mut command = wbq::command(dir.path(), &["--format", "csv", ROWS]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
