//! What a statement may cost, and how it ends.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use query::{ErrorKind, Limits, QueryOptions};

use crate::fixture::Fixture;

/// A statement that would take hours, and little memory.
const LONG: &str = "SELECT sum(value % 7) FROM generate_series(1, 1000000000000)";

#[test]
fn a_statement_that_takes_too_long_is_ended() {
    let fixture = Fixture::new();
    let options = QueryOptions { timeout: Some(Duration::from_millis(300)), ..QueryOptions::default() };
    let error = fixture.try_query(LONG, &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.message(), "the statement took longer than 0.3 seconds");
}

#[test]
fn a_statement_that_needs_too_much_memory_is_ended() {
    let limits = Limits { statement_bytes: 4 << 20, ..Limits::default() };
    let fixture = Fixture::with(limits);
    let sql = "SELECT v, count(*) FROM (SELECT value * 7919 % 2999999 AS v FROM generate_series(1, 3000000)) GROUP BY v";
    let error = fixture.error(sql);
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    // And the next one has all of it again.
    assert_eq!(fixture.rows("SELECT count(*) AS n FROM generate_series(1, 10)"), [r#"{"n":10}"#]);
}

#[test]
fn functions_that_repeat_are_bounded() {
    let fixture = Fixture::new();
    for sql in [
        "SELECT repeat('x', 2000000000)",
        "SELECT lpad('x', 2000000000, 'y')",
        "SELECT array_repeat(1, 2000000000)",
        "SELECT repeat(repeat('x', 1000000), 1000000)",
        "SELECT length(repeat('xxxxxxxx', value + 20000)) FROM generate_series(1, 8192)",
    ] {
        assert_eq!(fixture.error(sql).kind(), ErrorKind::Invalid, "{sql}");
    }
    assert_eq!(fixture.rows("SELECT repeat('ab', 3) AS r"), [r#"{"r":"ababab"}"#]);
}

#[test]
fn more_rows_than_the_limit_are_an_error() {
    let fixture = Fixture::new();
    let limited = |limit| QueryOptions { row_limit: Some(limit), ..QueryOptions::default() };
    let sql = "SELECT value FROM generate_series(1, 20000)";
    assert!(fixture.try_query(sql, &limited(20_000)).is_ok());
    let error = fixture.try_query(sql, &limited(19_999)).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::TooLarge, "the answer has more than 19999 rows"));
}

#[test]
fn too_many_statements_wait_and_then_are_refused_and_dropping_one_lets_the_next_run() {
    let limits = Limits { running: 1, waiting: 1, ..Limits::default() };
    let fixture = Fixture::with(limits);
    let options = QueryOptions::default();
    fixture.runtime.block_on(async {
        let query = |sql| fixture.database.query(fixture.snapshot(), sql, &options);
        let running = query(LONG).await.unwrap();
        // Of three more one waits, whichever comes first.
        let mut others: FuturesUnordered<_> =
            ["SELECT 1", "SELECT 2", "SELECT 3"].into_iter().map(query).collect();
        for _ in 0..2 {
            assert_eq!(others.next().await.unwrap().unwrap_err().kind(), ErrorKind::Busy);
        }
        drop(running);
        let answer = others.next().await.unwrap().unwrap();
        assert_eq!(answer.collect().await.unwrap().len(), 1);
    });
}

#[test]
fn deep_and_long_statements_are_refused_and_the_database_lives() {
    let fixture = Fixture::new();
    for sql in [
        format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("SELECT 1{}", " + 1".repeat(9_000)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(1_000)),
        format!("SELECT {}1", "NOT ".repeat(10_000)),
        format!("SELECT {}1{}", "CASE WHEN true THEN ".repeat(1_000), " END".repeat(1_000)),
        "x".repeat(300_000),
    ] {
        assert_eq!(fixture.error(&sql).kind(), ErrorKind::TooLarge, "{}", &sql[..40]);
    }
    // What is allowed is also planned.
    for sql in [
        format!("SELECT {}1{}", "(".repeat(64), ")".repeat(64)),
        format!("SELECT 1{}", " + 1".repeat(500)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(99)),
        format!("SELECT {}true", "NOT ".repeat(100)),
        format!("SELECT 1 IN ({})", vec!["1"; 9_000].join(",")),
    ] {
        fixture
            .try_query(&sql, &QueryOptions::default())
            .unwrap_or_else(|error| panic!("{}: {error}", &sql[..40]));
    }
}

#[test]
fn an_answer_that_is_broken_off_ends_with_an_error_and_not_as_if_it_were_whole() {
    let fixture = Fixture::new();
    let numbers = "SELECT value FROM generate_series(1, 10000000)";
    let mut answer = fixture.ask(numbers, &QueryOptions::default()).unwrap();
    assert!(fixture.runtime.block_on(answer.next()).unwrap().is_ok());
    // Its threads end with it.
    drop(fixture.database);
    let mut last = None;
    while let Some(batch) = fixture.runtime.block_on(answer.next()) {
        last = Some(batch.map(|_| ()).map_err(|error| error.message().to_owned()));
    }
    assert_eq!(last, Some(Err("the answer was broken off before its last rows".to_owned())));
}
