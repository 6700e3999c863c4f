//! Our own functions, in statements.

use query::{ErrorKind, Limits, QueryOptions};

use crate::fixture::Fixture;

/// Two runs of five steps: `a` falls to its best at step 3 and ends in NaN, `b` has a gap and texts.
fn fixture() -> Fixture {
    let fixture = Fixture::new();
    let mut run = fixture.run("a");
    run.config(r#"{"lr":0.1,"net":{"depth":2}}"#).summary(r#"{"loss":2.0,"mixed":3}"#);
    run.log(&[
        r#"{"_step":0,"loss":8.0,"mixed":1,"train/loss":1}"#,
        r#"{"_step":1,"loss":4.0,"mixed":"x"}"#,
        r#"{"_step":2,"loss":4.0}"#,
        r#"{"_step":3,"loss":2.0}"#,
        r#"{"_step":4,"loss":NaN}"#,
    ]);
    let mut run = fixture.run("b");
    run.config(r#"{"lr":0.2}"#).summary(r#"{"loss":1.0,"mixed":"none"}"#);
    run.log(&[
        r#"{"_step":0,"loss":1.0}"#,
        r#"{"_step":1}"#,
        r#"{"_step":2,"loss":3.0,"val/loss":1}"#,
        r#"{"_step":3,"loss":5.0}"#,
    ]);
    fixture
}

fn one(fixture: &Fixture, sql: &str) -> String {
    let rows = fixture.rows(sql);
    assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
    rows.concat()
}

#[test]
fn the_step_of_the_best_loss_is_the_first_one_and_never_that_of_nan() {
    let fixture = fixture();
    assert_eq!(
        fixture.rows(
            "SELECT run_id, arg_min(_step, loss) AS low, arg_max(_step, loss) AS high, best(loss) AS best, \
             best(loss, 'max') AS worst, best(loss, 'min') AS min FROM history GROUP BY run_id ORDER BY run_id"
        ),
        [
            r#"{"run_id":"a","low":3,"high":0,"best":2.0,"worst":8.0,"min":2.0}"#,
            r#"{"run_id":"b","low":0,"high":3,"best":1.0,"worst":5.0,"min":1.0}"#
        ]
    );
    assert_eq!(
        one(&fixture, "SELECT best(loss, 'max') AS v FROM history WHERE _step = 4"),
        r#"{"v":null}"#,
        "NaN alone is nothing"
    );
    assert_eq!(one(&fixture, "SELECT best(name, 'max') AS v FROM runs"), r#"{"v":"b"}"#);
}

#[test]
fn the_value_at_the_least_and_greatest_step_is_one_that_is_there() {
    let fixture = fixture();
    assert_eq!(
        fixture.rows(
            "SELECT run_id, first_at(loss, _step) AS first, last_at(loss, _step) AS last, \
             last_at(loss, -_step) AS back FROM history WHERE NOT isnan(loss) OR loss IS NULL \
             GROUP BY run_id ORDER BY run_id"
        ),
        [
            r#"{"run_id":"a","first":8.0,"last":2.0,"back":8.0}"#,
            r#"{"run_id":"b","first":1.0,"last":5.0,"back":1.0}"#
        ]
    );
    assert_eq!(
        one(&fixture, "SELECT last_at(loss, _step) AS v FROM history WHERE run_id = 'b' AND _step < 2"),
        r#"{"v":1.0}"#
    );
}

#[test]
fn an_argument_of_any_type_comes_back_as_it_is() {
    let fixture = fixture();
    assert_eq!(
        one(
            &fixture,
            "SELECT arg_min(config, summary.loss) AS c, arg_max(config.net, summary.loss) AS n, \
             arg_max(tags, summary.loss) AS t, arg_min(created_at, name) AS at, arg_max(name, created_at) AS d \
             FROM runs"
        ),
        r#"{"c":{"lr":0.2},"n":{"depth":2},"t":[],"at":"2023-11-14T22:13:20Z","d":"a"}"#
    );
}

#[test]
fn a_mixed_key_is_a_number_where_it_is_ordered_by_and_what_tells_most_where_it_is_the_answer() {
    let fixture = fixture();
    assert_eq!(one(&fixture, "SELECT arg_min(name, summary.mixed) AS v FROM runs"), r#"{"v":"a"}"#);
    assert_eq!(
        one(&fixture, "SELECT last_at(summary.mixed, name) AS v FROM runs"),
        r#"{"v":"none"}"#,
        "a text stays a text"
    );
    assert_eq!(
        one(
            &fixture,
            "SELECT count(*) AS n FROM (SELECT 1 FROM runs HAVING last_at(summary.mixed, name) > 2)"
        ),
        r#"{"n":1}"#,
        "beside a number it is one"
    );
    assert_eq!(
        one(&fixture, "SELECT best(mixed) AS b, sparkline(mixed) AS s FROM history"),
        r#"{"b":1,"s":"▁"}"#
    );
    assert_eq!(one(&fixture, "SELECT arg_min(summary.loss, name) / 4 AS v FROM runs"), r#"{"v":0.5}"#);
}

#[test]
fn a_histogram_counts_what_is_finite_into_bins_from_the_least_to_the_greatest() {
    let fixture = fixture();
    let all = r#"[{"low":1.0,"high":4.5,"count":5},{"low":4.5,"high":8.0,"count":2}]"#;
    assert_eq!(one(&fixture, "SELECT histogram(loss, 2) AS h FROM history"), format!(r#"{{"h":{all}}}"#));
    assert_eq!(one(&fixture, "SELECT histogram(loss, 5) AS h FROM history WHERE _step = 4"), r#"{"h":[]}"#);
    assert_eq!(one(&fixture, "SELECT histogram(loss, 5) AS h FROM history WHERE false"), r#"{"h":[]}"#);
    assert_eq!(
        one(&fixture, "SELECT histogram(2, 5) AS h FROM runs"),
        r#"{"h":[{"low":2.0,"high":2.0,"count":2}]}"#
    );
    assert_eq!(
        fixture.rows(
            "SELECT bin['low'] AS low, bin['count'] AS n FROM \
             (SELECT unnest(histogram(loss, 2)) AS bin FROM history) ORDER BY low"
        ),
        [r#"{"low":1.0,"n":5}"#, r#"{"low":4.5,"n":2}"#]
    );
}

#[test]
fn an_approximate_percentile_is_near_the_exact_one_and_leaves_out_what_is_not_finite() {
    let fixture = fixture();
    let sql = "SELECT approx_percentile(value, 0.9) AS p, approx_percentile(value, 0) AS low, \
               approx_percentile(value, 1) AS high FROM generate_series(0, 1000)";
    let row: serde_json::Value = serde_json::from_str(&one(&fixture, sql)).unwrap();
    assert!((row["p"].as_f64().unwrap() - 900.0).abs() < 5.0, "{row}");
    assert_eq!((row["low"].as_f64(), row["high"].as_f64()), (Some(0.0), Some(1000.0)));
    assert_eq!(
        one(&fixture, "SELECT approx_percentile(loss, 1.0) AS v FROM history WHERE run_id = 'a'"),
        r#"{"v":8.0}"#
    );
}

#[test]
fn a_line_is_smoothed_within_its_partition_and_null_stays_null() {
    let fixture = fixture();
    assert_eq!(
        fixture.rows(
            "SELECT run_id, _step, ema(loss, 0.5) OVER w AS e, running_mean(loss, 3) OVER w AS m, \
             gaussian(loss, 0) OVER w AS g, twema(loss, 0) OVER w AS t FROM history \
             WINDOW w AS (PARTITION BY run_id ORDER BY _step) ORDER BY run_id, _step"
        ),
        [
            r#"{"run_id":"a","_step":0,"e":8.0,"m":6.0,"g":8.0,"t":8.0}"#,
            r#"{"run_id":"a","_step":1,"e":5.333333333333333,"m":5.333333333333333,"g":4.0,"t":4.0}"#,
            r#"{"run_id":"a","_step":2,"e":4.571428571428571,"m":3.3333333333333335,"g":4.0,"t":4.0}"#,
            r#"{"run_id":"a","_step":3,"e":3.2,"m":3.0,"g":2.0,"t":2.0}"#,
            r#"{"run_id":"a","_step":4,"e":"NaN","m":"NaN","g":"NaN","t":"NaN"}"#,
            r#"{"run_id":"b","_step":0,"e":1.0,"m":2.0,"g":1.0,"t":1.0}"#,
            r#"{"run_id":"b","_step":1,"e":null,"m":null,"g":null,"t":null}"#,
            r#"{"run_id":"b","_step":2,"e":2.3333333333333335,"m":3.0,"g":3.0,"t":3.0}"#,
            r#"{"run_id":"b","_step":3,"e":3.857142857142857,"m":4.0,"g":5.0,"t":5.0}"#
        ]
    );
}

/// Rows, not points, are counted: the gap at step 1 of `b` is as wide as it is by step.
#[test]
fn the_time_weighted_mean_takes_the_row_for_the_position_where_none_is_given() {
    let fixture = fixture();
    let sql = |position: &str| {
        format!(
            "SELECT twema(loss, {position}0.9) OVER (PARTITION BY run_id ORDER BY _step) AS v \
             FROM history ORDER BY run_id, _step"
        )
    };
    let by_row = fixture.rows(&sql(""));
    assert_eq!(fixture.rows(&sql("_step, ")), by_row);
    assert_eq!(fixture.rows(&sql("to_timestamp(_step), ")), by_row, "a time is a position");
    assert_ne!(fixture.rows(&sql("_step * _step, ")), by_row);
    // Points without a position are none.
    assert!(fixture.rows(&sql("nullif(_step, 0), "))[0].contains("null"));
}

#[test]
fn a_curve_is_cut_into_buckets_with_the_least_greatest_and_last_of_each() {
    let fixture = fixture();
    assert_eq!(
        fixture.rows(
            "SELECT bucket(_step, 2) AS step, best(loss) AS low, best(loss, 'max') AS high, \
             last_at(loss, _step) AS last FROM history WHERE run_id = 'a' AND _step < 4 GROUP BY 1 ORDER BY 1"
        ),
        [r#"{"step":0,"low":4.0,"high":8.0,"last":4.0}"#, r#"{"step":2,"low":2.0,"high":4.0,"last":2.0}"#]
    );
    assert_eq!(
        one(
            &fixture,
            "SELECT bucket(-1, 10) AS i, bucket(-0.5, 2) AS f, bucket(3, 0.5) AS m, bucket(NULL, 1) AS n"
        ),
        r#"{"i":-10,"f":-2.0,"m":3.0,"n":null}"#
    );
}

#[test]
fn buckets_number_equal_parts_of_the_range_of_each_partition() {
    let fixture = fixture();
    assert_eq!(
        fixture.rows(
            "SELECT run_id, loss, buckets(loss, 3) OVER (PARTITION BY run_id) AS n FROM history \
             ORDER BY run_id, _step"
        ),
        [
            r#"{"run_id":"a","loss":8.0,"n":2}"#,
            r#"{"run_id":"a","loss":4.0,"n":1}"#,
            r#"{"run_id":"a","loss":4.0,"n":1}"#,
            r#"{"run_id":"a","loss":2.0,"n":0}"#,
            r#"{"run_id":"a","loss":"NaN","n":null}"#,
            r#"{"run_id":"b","loss":1.0,"n":0}"#,
            r#"{"run_id":"b","loss":null,"n":null}"#,
            r#"{"run_id":"b","loss":3.0,"n":1}"#,
            r#"{"run_id":"b","loss":5.0,"n":2}"#
        ]
    );
}

#[test]
fn the_slope_is_the_least_squares_one() {
    let fixture = fixture();
    assert_eq!(
        one(
            &fixture,
            "SELECT slope(2 * value + 1, value) AS s, regr_slope(2 * value + 1, value) AS r \
             FROM generate_series(1, 10)"
        ),
        r#"{"s":2.0,"r":2.0}"#
    );
}

#[test]
fn a_sparkline_is_in_row_order_or_in_that_of_its_second_argument() {
    let fixture = fixture();
    assert_eq!(
        fixture
            .rows("SELECT run_id, sparkline(loss, _step) AS s FROM history GROUP BY run_id ORDER BY run_id"),
        [r#"{"run_id":"a","s":"█▃▃▁"}"#, r#"{"run_id":"b","s":"▁▅█"}"#]
    );
    let sql = "SELECT sparkline(value) AS s, sparkline(value, -value) AS back FROM generate_series(1, 8)";
    assert_eq!(one(&fixture, sql), r#"{"s":"▁▂▃▄▅▆▇█","back":"█▇▆▅▄▃▂▁"}"#);
    assert_eq!(one(&fixture, "SELECT sparkline(loss) AS s FROM history WHERE false"), r#"{"s":""}"#);
    assert_eq!(
        one(
            &fixture,
            "SELECT sparkline(loss, heartbeat_at) AS s FROM history JOIN runs USING (run_id) WHERE loss = 3"
        ),
        r#"{"s":"▁"}"#
    );
}

#[test]
fn texts_are_matched_by_shell_patterns_and_by_regular_expressions() {
    let fixture = fixture();
    assert_eq!(
        one(
            &fixture,
            "SELECT glob('train/loss', '*loss') AS a, glob('train/loss', 'loss*') AS b, \
             glob(NULL, 'x') AS c, glob('x', NULL) AS d, glob('val/acc', '{train,val}/a?[a-d]') AS e"
        ),
        r#"{"a":true,"b":false,"c":null,"d":null,"e":true}"#
    );
    assert_eq!(
        fixture.rows(
            "SELECT key FROM keys WHERE glob(key, substr(key, 1, 5) || '*') AND key LIKE '%/%' ORDER BY key"
        ),
        [r#"{"key":"train/loss"}"#, r#"{"key":"val/loss"}"#],
        "a pattern a row"
    );
    assert_eq!(
        one(
            &fixture,
            "SELECT regexp_like('Train/Loss', '^train/', 'i') AS a, regexp_like('Train/Loss', '^train/') AS b, \
             regexp_like(name, '^[ab]$') AS c FROM runs WHERE name = 'a'"
        ),
        r#"{"a":true,"b":false,"c":true}"#
    );
}

#[test]
fn keys_are_listed_by_a_shell_pattern() {
    let fixture = fixture();
    let keys =
        |from: &str| fixture.rows(&format!("SELECT key FROM {from} WHERE space = 'history' ORDER BY key"));
    assert_eq!(keys("glob_keys('*/loss')"), [r#"{"key":"train/loss"}"#, r#"{"key":"val/loss"}"#]);
    assert_eq!(keys("GLOB_KEYS('*/loss')").len(), 2, "a function's name is folded");
    assert_eq!(keys("glob_keys('loss*')"), [r#"{"key":"loss"}"#]);
    assert!(keys("glob_keys('it''s')").is_empty());
    assert_eq!(
        fixture.rows(
            "SELECT k.key, glob_keys.points FROM keys k JOIN glob_keys('t*') USING (key) WHERE k.runs = 1"
        ),
        [r#"{"key":"train/loss","points":1}"#]
    );
    assert_eq!(
        one(&fixture, "WITH keys AS (SELECT 1 AS x) SELECT x, key FROM keys, glob_keys('v*') AS g"),
        r#"{"x":1,"key":"val/loss"}"#,
        "the store's own keys"
    );
    assert_eq!(fixture.rows("SELECT * FROM glob_keys('nothing*')").len(), 0);
}

#[test]
fn what_a_function_does_not_take_is_an_error_that_names_it_and_both_types() {
    let fixture = fixture();
    for (sql, message) in [
        (
            "SELECT histogram(name, 5) FROM runs",
            "histogram takes a number as argument 1, not a text (histogram(x, bins))",
        ),
        (
            "SELECT histogram(1, 2.5) FROM runs",
            "histogram takes an integer as argument 2, not a float (histogram(x, bins))",
        ),
        ("SELECT histogram(1) FROM runs", "histogram is called as histogram(x, bins), not with 1 arguments"),
        (
            "SELECT histogram(1, 0) FROM runs",
            "histogram takes a number of bins from 1 to 1000, not 0 (histogram(x, bins))",
        ),
        (
            "SELECT histogram(1, 1001) FROM runs",
            "histogram takes a number of bins from 1 to 1000, not 1001 (histogram(x, bins))",
        ),
        (
            "SELECT histogram(1, NULL) FROM runs",
            "histogram takes a number of bins from 1 to 1000, not NULL (histogram(x, bins))",
        ),
        (
            "SELECT histogram(_step, _step) FROM history",
            "histogram takes a number of bins as a literal (histogram(x, bins))",
        ),
        (
            "SELECT histogram(DISTINCT loss, 3) FROM history",
            "histogram does not take DISTINCT (histogram(x, bins))",
        ),
        (
            "SELECT sparkline(loss ORDER BY _step DESC) FROM history",
            "sparkline does not take ORDER BY in its brackets (sparkline(x) or sparkline(x, by))",
        ),
        (
            "SELECT best(loss ORDER BY _step) FROM history",
            "best does not take ORDER BY in its brackets (best(x), best(x, 'min') or best(x, 'max'))",
        ),
        (
            "SELECT arg_min(_step, loss ORDER BY _step) FROM history",
            "arg_min does not take ORDER BY in its brackets (arg_min(arg, x))",
        ),
        (
            "SELECT approx_percentile(loss, 1.5) FROM history",
            "approx_percentile takes a percentile from 0 to 1, not 1.5 (approx_percentile(x, p))",
        ),
        (
            "SELECT approx_percentile(loss, -1) FROM history",
            "approx_percentile takes a percentile from 0 to 1, not -1 (approx_percentile(x, p))",
        ),
        (
            "SELECT ema(name, 0.5) OVER () FROM runs",
            "ema takes a number as argument 1, not a text (ema(x, p))",
        ),
        ("SELECT ema(loss, 2) OVER () FROM history", "ema takes a weight p from 0 to 1, not 2 (ema(x, p))"),
        ("SELECT ema(loss, loss) OVER () FROM history", "ema takes a weight p as a literal (ema(x, p))"),
        (
            "SELECT twema(loss, true, 0.5) OVER () FROM history",
            "twema takes a number or a time as argument 2, not a boolean (twema(x, p) or twema(x, position, p))",
        ),
        (
            "SELECT gaussian(loss, 101) OVER () FROM history",
            "gaussian takes a sigma from 0 to 100, not 101 (gaussian(x, sigma))",
        ),
        (
            "SELECT running_mean(loss, 0) OVER () FROM history",
            "running_mean takes a number of points from 1 to 1000000, not 0 (running_mean(x, n))",
        ),
        (
            "SELECT buckets(loss, 0) OVER () FROM history",
            "buckets takes a number of buckets from 1 to 10000, not 0 (buckets(x, n))",
        ),
        (
            "SELECT bucket(name, 5) FROM runs",
            "bucket takes a number as argument 1, not a text (bucket(x, width))",
        ),
        ("SELECT bucket(_step, 0) FROM history", "bucket takes a width above 0, not 0 (bucket(x, width))"),
        (
            "SELECT arg_min(name, tags) FROM runs",
            "arg_min takes what can be put in order as argument 2, not a list (arg_min(arg, x))",
        ),
        (
            "SELECT best(loss, 'low') FROM history",
            "best takes 'min' or 'max', not low (best(x), best(x, 'min') or best(x, 'max'))",
        ),
        ("SELECT slope(name, 1) FROM runs", "slope takes a number as argument 1, not a text (slope(y, x))"),
        (
            "SELECT sparkline(name) FROM runs",
            "sparkline takes a number as argument 1, not a text (sparkline(x) or sparkline(x, by))",
        ),
        ("SELECT glob(1, 'x')", "glob takes a text as argument 1, not an integer (glob(text, pattern))"),
        ("SELECT glob('x', '[a')", "glob cannot read the pattern \"[a\": a [ is not closed"),
        ("SELECT * FROM glob_keys(1)", "glob_keys takes one pattern, as text"),
        ("SELECT * FROM glob_keys('{a')", "glob cannot read the pattern \"{a\": a { is not closed"),
    ] {
        let error = fixture.error(sql);
        assert_eq!(error.message(), message, "{sql}");
        assert_eq!(error.kind(), ErrorKind::Invalid, "{sql}");
    }
    assert_eq!(fixture.error("SELECT * FROM glob_keys(1)").position(), Some((1, 15)));
}

#[test]
fn aggregates_work_over_windows_too() {
    let fixture = fixture();
    let over = |call: &str, window: &str| {
        fixture.rows(&format!(
            "SELECT {call} OVER ({window}) AS v FROM history WHERE run_id = 'b' AND loss IS NOT NULL ORDER BY _step"
        ))
    };
    let expected = |values: [&str; 3]| values.map(|value| format!(r#"{{"v":{value}}}"#));
    for (call, running) in [
        ("arg_max(_step, loss)", ["0", "2", "3"]),
        ("first_at(loss, _step)", ["1.0", "1.0", "1.0"]),
        ("best(loss, 'max')", ["1.0", "3.0", "5.0"]),
        ("sparkline(loss)", [r#""▁""#, r#""▁█""#, r#""▁▅█""#]),
        ("slope(loss, _step)", ["null", "1.0", "1.2857142857142856"]),
        ("approx_percentile(loss, 1)", ["1.0", "3.0", "5.0"]),
    ] {
        assert_eq!(over(call, "ORDER BY _step"), expected(running), "{call}");
        assert_eq!(over(call, ""), expected([running[2]; 3]), "{call}");
    }
    let sliding = "ORDER BY _step ROWS BETWEEN 1 PRECEDING AND CURRENT ROW";
    assert_eq!(over("sparkline(loss)", sliding), expected([r#""▁""#, r#""▁█""#, r#""▁█""#]));
    assert_eq!(over("best(loss)", sliding), expected(["1.0", "1.0", "3.0"]));
    let bins = |high: f64, count| format!(r#"{{"v":[{{"low":1.0,"high":{high:?},"count":{count}}}]}}"#);
    assert_eq!(over("histogram(loss, 1)", "ORDER BY _step"), [bins(1.0, 1), bins(3.0, 2), bins(5.0, 3)]);
}

#[test]
fn what_cannot_slide_says_so() {
    let fixture = fixture();
    let error = fixture.error(
        "SELECT arg_min(_step, loss) OVER (ORDER BY _step ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM history",
    );
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.message().contains("arg_min"), "{error}");
}

#[test]
fn many_groups_have_each_their_own() {
    let fixture = fixture();
    let sql = "SELECT count(*) AS groups, min(best) AS low, max(best) AS high, max(line) AS line, max(bins) AS bins \
               FROM (SELECT value % 5000 AS g, best(value) AS best, sparkline(value) AS line, \
               cardinality(histogram(value, 4)) AS bins, arg_min(value, -value) AS last \
               FROM generate_series(0, 49999) GROUP BY 1) WHERE last = g + 45000";
    assert_eq!(one(&fixture, sql), r#"{"groups":5000,"low":0,"high":4999,"line":"▁▂▃▃▄▅▆▆▇█","bins":4}"#);
}

#[test]
fn points_that_are_kept_count_as_memory_of_the_statement() {
    let fixture = Fixture::with(Limits { statement_bytes: 4 << 20, ..Limits::default() });
    for call in ["histogram(value, 10)", "sparkline(value)", "sparkline(value, -value)"] {
        let sql = format!("SELECT value % 2 AS g, {call} FROM generate_series(1, 3000000) GROUP BY 1");
        assert_eq!(fixture.error(&sql).kind(), ErrorKind::TooLarge, "{call}");
    }
}

/// What shows that they were put aside: without a place for it, the same statement is too large.
#[test]
fn states_of_many_groups_that_were_put_aside_merge_to_the_same_answer() {
    let dir = tempfile::tempdir().unwrap();
    let small = Limits { statement_bytes: 16 << 20, ..Limits::default() };
    let aside = Limits { spill_dir: Some(dir.path().into()), ..small.clone() };
    let sql = "SELECT value % 20000 AS g, sparkline(value % 977, -value) AS s, histogram(value % 977, 3) AS h, \
               arg_min(value, value % 7) AS a, last_at(value, value % 7) AS l, best(value % 977, 'max') AS b, \
               round(approx_percentile(value % 977, 0.5), 3) AS p, round(slope(value % 977, value), 6) AS d \
               FROM generate_series(1, 100000) GROUP BY 1";
    let sorted = |fixture: &Fixture| {
        let (text, _) = fixture.try_query(sql, &QueryOptions::default()).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    let expected = sorted(&Fixture::new());
    assert_eq!(expected.len(), 20_000);
    assert_eq!(Fixture::with(small).error(sql).kind(), ErrorKind::TooLarge);
    for (merged, expected) in sorted(&Fixture::with(aside)).into_iter().zip(expected) {
        assert_eq!(merged, expected);
    }
}

#[test]
fn a_histogram_shows_in_every_format() {
    use query::output::{Format, Writer};

    let fixture = fixture();
    let answer =
        fixture.ask("SELECT histogram(loss, 1) AS h FROM history", &QueryOptions::default()).unwrap();
    let schema = answer.schema();
    let batches = fixture.runtime.block_on(answer.collect()).unwrap();
    for format in Format::ALL {
        let mut writer = Writer::new(format, &schema, Vec::new()).unwrap();
        batches.iter().for_each(|batch| writer.write(batch).unwrap());
        let bytes = writer.finish().unwrap();
        let text = String::from_utf8_lossy(&bytes);
        match format {
            Format::Parquet | Format::Arrow => assert!(bytes.len() > 100 && text.contains("count")),
            Format::Csv => assert!(text.contains(r#""[{""low"":1.0,""high"":8.0,""count"":7}]""#), "{text}"),
            _ => assert!(text.contains(r#"[{"low":1.0,"high":8.0,"count":7}]"#), "{text}"),
        }
    }
}

#[test]
fn the_least_and_greatest_do_not_depend_on_the_order_of_rows_and_know_infinities() {
    let fixture = Fixture::new();
    let rows = "(VALUES (1, 0.5), (1, 'NaN'::double), (2, 'NaN'::double), (2, 0.5), (3, 'NaN'::double), \
                (4, 'inf'::double), (5, '-inf'::double), (6, NULL)) t(g, x)";
    assert_eq!(
        fixture.rows(&format!("SELECT g, min(x) AS low, max(x) AS high FROM {rows} GROUP BY g ORDER BY g")),
        [
            r#"{"g":1,"low":0.5,"high":"NaN"}"#,
            r#"{"g":2,"low":0.5,"high":"NaN"}"#,
            r#"{"g":3,"low":"NaN","high":"NaN"}"#,
            r#"{"g":4,"low":"Infinity","high":"Infinity"}"#,
            r#"{"g":5,"low":"-Infinity","high":"-Infinity"}"#,
            r#"{"g":6,"low":null,"high":null}"#
        ]
    );
    assert_eq!(
        fixture.rows(&format!("SELECT min(x) AS low, max(x) AS high FROM {rows} WHERE g < 4")),
        [r#"{"low":0.5,"high":"NaN"}"#]
    );
}
