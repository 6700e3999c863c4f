//! Names that are wrong, unknown, or somebody else's.

use query::{ErrorKind, QueryOptions};

use crate::fixture::Fixture;

fn fixture() -> Fixture {
    let fixture = Fixture::new();
    fixture.run("a").summary(r#"{"loss":0.5}"#).config(r#"{"lr":1}"#);
    fixture
}

#[test]
fn a_key_that_no_run_has_is_null_and_warned_of() {
    let fixture = fixture();
    let (text, warnings) = fixture
        .try_query("SELECT summary.lsos FROM runs WHERE summary.other IS NULL", &QueryOptions::default())
        .unwrap();
    assert_eq!(text, "{\"summary.lsos\":null}\n");
    assert_eq!(
        warnings,
        [
            "no run has summary.lsos, so it is NULL; near: summary.loss",
            "no run has summary.other, so it is NULL"
        ]
    );
    for sql in [
        "SELECT avg(summary.nothing) AS v FROM runs",
        "SELECT max(summary.nothing) AS v FROM runs",
        "SELECT summary.nothing + 1 AS v FROM runs",
        "SELECT summary.nothing > 1 AS v FROM runs",
        "SELECT summary.nothing LIKE 'x' AS v FROM runs",
    ] {
        let (text, _) =
            fixture.try_query(sql, &QueryOptions::default()).unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(text, "{\"v\":null}\n", "{sql}");
    }
}

#[test]
fn strict_statements_fail_instead() {
    let strict = QueryOptions { strict: true, ..QueryOptions::default() };
    let error = fixture().try_query("SELECT summary.lsos FROM runs", &strict).unwrap_err();
    assert_eq!((error.kind(), error.hint()), (ErrorKind::Invalid, Some("did you mean summary.loss?")));
}

#[test]
fn wrong_statements_say_what_and_where() {
    let fixture = fixture();
    let cases = [
        ("SELECT FROM runs WHERE", ErrorKind::Invalid),
        ("SELECT nmae FROM runs", ErrorKind::Invalid),
        ("SELECT sumary.loss FROM runs", ErrorKind::Invalid),
        ("SELECT name FROM rnus", ErrorKind::NotFound),
        ("SELECT flor(1.5)", ErrorKind::Invalid),
        ("SELECT name + 1 FROM runs", ErrorKind::Invalid),
        ("SELECT 1 / 0", ErrorKind::Invalid),
        ("SELECT CAST('x' AS INT)", ErrorKind::Invalid),
        ("SELECT run_id FROM runs a JOIN files b ON true", ErrorKind::Invalid),
        ("SELECT sum(name) FROM runs", ErrorKind::Invalid),
        ("DROP TABLE runs", ErrorKind::Invalid),
        ("SELECT * FROM 'x.csv'", ErrorKind::NotFound),
        ("", ErrorKind::Invalid),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|(sql, kind)| {
            let error = fixture.error(sql);
            assert_eq!(error.kind(), *kind, "{sql}: {error}");
            assert!(!error.message().is_empty() && !error.message().contains("DataFusion"), "{error}");
            format!("{sql}\n    {error} {:?} {:?}", error.position(), error.hint())
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    SELECT FROM runs WHERE
        expected: an expression, found: the end Some((1, 23)) None
    SELECT nmae FROM runs
        there is no column "nmae" Some((1, 8)) Some("did you mean name?")
    SELECT sumary.loss FROM runs
        there is no column "sumary.loss" Some((1, 8)) Some("did you mean summary.loss?")
    SELECT name FROM rnus
        there is no table "rnus" Some((1, 18)) Some("did you mean runs?")
    SELECT flor(1.5)
        invalid function 'flor' None Some("did you mean 'floor'?")
    SELECT name + 1 FROM runs
        cannot coerce arithmetic expression Utf8 + Int64 to valid types None None
    SELECT 1 / 0
        divide by zero error None None
    SELECT CAST('x' AS INT)
        cast error: Cannot cast string 'x' to value of Int32 type None None
    SELECT run_id FROM runs a JOIN files b ON true
        ambiguous reference to unqualified field run_id None None
    SELECT sum(name) FROM runs
        no function takes these arguments: sum(Utf8) None Some("cast them, or look at their types with DESCRIBE")
    DROP TABLE runs
        only reading is possible through SQL, and DROP is not reading Some((1, 1)) Some("SELECT, WITH, VALUES, EXPLAIN, DESCRIBE and SHOW TABLES are")
    SELECT * FROM 'x.csv'
        there is no table "x.csv" None Some("SHOW TABLES lists them")

        there is no statement None None
    "#);
}

#[test]
fn statements_without_tables_work() {
    let fixture = fixture();
    assert_eq!(fixture.rows("SELECT 1 AS one, 'x' AS x"), [r#"{"one":1,"x":"x"}"#]);
    assert_eq!(fixture.rows("VALUES (1, 'a'), (2, 'b')").len(), 2);
    assert_eq!(fixture.rows("SELECT value FROM generate_series(1, 3)").len(), 3);
    assert_eq!(
        fixture.rows("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT sum(n) AS s FROM t"),
        [r#"{"s":6}"#]
    );
    assert_eq!(
        fixture.rows("SELECT name AS n, name FROM runs UNION ALL SELECT 'z', 'y' ORDER BY n DESC")[0],
        r#"{"n":"z","name":"y"}"#
    );
}

#[test]
fn explain_shows_a_plan_and_describe_the_columns() {
    let fixture = fixture();
    let plan = fixture.rows("EXPLAIN SELECT summary.loss FROM runs LIMIT 1").join("");
    assert!(plan.contains("Scan: runs, columns=[summary.loss], limit=1"), "{plan}");
    assert!(!fixture.rows("EXPLAIN ANALYZE SELECT name FROM runs").is_empty());
    let columns = fixture.rows("DESCRIBE runs");
    assert_eq!(columns, fixture.rows("SHOW COLUMNS FROM runs"));
    assert!(columns.iter().any(|row| row.contains(r#""column_name":"summary.loss","type":"float""#)));
    assert!(fixture.rows("SHOW TABLES").iter().any(|row| row.contains(r#""table_name":"wbq.segments""#)));
}
