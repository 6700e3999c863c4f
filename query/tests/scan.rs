//! What a statement does not read: runs, columns and files that its filters, joins and limits leave out.

use query::QueryOptions;

use crate::fixture::{Fixture, START};

/// Runs `r0` … with a history of three rows each, in table files.
fn many_runs(count: usize) -> Fixture {
    let fixture = Fixture::new();
    for number in 0..count {
        let mut run = fixture.run(&format!("r{number}"));
        run.config(&format!(r#"{{"lr":{number},"name":"n{number}"}}"#));
        run.summary(&format!(r#"{{"loss":{number}}}"#));
        run.log(&[r#"{"_step":0,"loss":3}"#, r#"{"_step":1,"loss":2}"#, r#"{"_step":2,"loss":1}"#]);
    }
    fixture.runtime.block_on(fixture.store.compact()).unwrap();
    fixture
}

/// The lines of a plan that was run, each node with its metrics.
fn analyzed(fixture: &Fixture, sql: &str) -> Vec<String> {
    let (text, _) = fixture.try_query(&format!("EXPLAIN ANALYZE {sql}"), &QueryOptions::default()).unwrap();
    text.replace("\\n", "\n").lines().map(str::to_owned).collect()
}

/// The line of a scan, and the number that a metric of it has.
fn metric(plan: &[String], scan: &str, name: &str) -> usize {
    let line = plan.iter().find(|line| line.contains(&format!("Scan: {scan},"))).unwrap();
    let after = line.split(&format!("{name}=")).nth(1).unwrap_or_else(|| panic!("{name} in {line}"));
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("{name} in {line}"))
}

#[test]
fn a_join_reads_the_history_of_the_chosen_runs_alone() {
    let fixture = many_runs(40);
    let chosen = "runs.config.name IN ('n3', 'n7')";
    let plan = analyzed(
        &fixture,
        &format!(
            "SELECT runs.run_id, min(h.loss) FROM runs JOIN history h ON runs.run_id = h.run_id WHERE {chosen} GROUP BY 1"
        ),
    );
    assert_eq!(metric(&plan, "runs", "output_rows"), 2, "{plan:#?}");
    assert_eq!(metric(&plan, "history", "output_rows"), 6, "{plan:#?}");
    let plan = analyzed(
        &fixture,
        &format!(
            "SELECT count(h.loss) FROM history h JOIN runs USING (entity, project, run_id, generation) WHERE {chosen}"
        ),
    );
    assert_eq!(metric(&plan, "history", "output_rows"), 6, "{plan:#?}");
    assert_eq!(
        fixture.rows(&format!(
            "SELECT runs.run_id, count(*) AS n FROM runs JOIN points p ON runs.run_id = p.run_id WHERE {chosen} GROUP BY 1 ORDER BY 1"
        )),
        [r#"{"run_id":"r3","n":3}"#, r#"{"run_id":"r7","n":3}"#]
    );
    // Runs without a partner are not left out where the join keeps them.
    assert_eq!(
        fixture.rows(&format!(
            "SELECT count(*) AS n FROM history h LEFT JOIN runs ON runs.run_id = h.run_id AND {chosen}"
        )),
        [r#"{"n":120}"#]
    );
}

#[test]
fn filters_on_runs_are_evaluated_in_the_scan() {
    let fixture = many_runs(20);
    let sql = "SELECT name, config FROM runs WHERE summary.loss >= 5 AND config.name LIKE 'n1%' AND run_id <> 'r11'";
    let plan = fixture.try_query(&format!("EXPLAIN {sql}"), &QueryOptions::default()).unwrap().0;
    assert!(!plan.contains("FilterExec"), "{plan}");
    let plan = analyzed(&fixture, sql);
    assert_eq!(metric(&plan, "runs", "output_rows"), 9, "{plan:#?}");
    assert_eq!(
        fixture.rows("SELECT config FROM runs WHERE summary.loss = 4"),
        [r#"{"config":{"lr":4,"name":"n4"}}"#]
    );
    let plan = analyzed(&fixture, "SELECT config FROM runs WHERE summary.loss > 100");
    assert_eq!(metric(&plan, "runs", "run_chunks_skipped"), 1, "{plan:#?}");
    assert_eq!(metric(&plan, "runs", "run_chunks_read"), 0, "{plan:#?}");
    // What is only known while it runs stays above the scan.
    assert_eq!(
        fixture.rows("SELECT run_id FROM runs WHERE summary.loss = (SELECT max(summary.loss) FROM runs)"),
        [r#"{"run_id":"r19"}"#]
    );
}

#[test]
fn the_best_runs_and_a_page_of_them_are_the_same_with_whole_configs() {
    let fixture = many_runs(30);
    assert_eq!(
        fixture.rows("SELECT run_id, config FROM runs ORDER BY summary.loss DESC LIMIT 2"),
        [
            r#"{"run_id":"r29","config":{"lr":29,"name":"n29"}}"#,
            r#"{"run_id":"r28","config":{"lr":28,"name":"n28"}}"#
        ]
    );
    assert_eq!(
        fixture
            .rows("SELECT run_id FROM runs WHERE summary.loss > 10 ORDER BY summary.loss LIMIT 2 OFFSET 3"),
        [r#"{"run_id":"r14"}"#, r#"{"run_id":"r15"}"#]
    );
    assert_eq!(fixture.rows("SELECT config FROM runs LIMIT 3").len(), 3);
    assert_eq!(fixture.rows("SELECT count(*) AS n FROM runs WHERE config.lr < 7"), [r#"{"n":7}"#]);
}

#[test]
fn explain_analyze_tells_what_was_read_and_what_was_left_out() {
    let fixture = many_runs(10);
    let plan = analyzed(&fixture, "SELECT loss FROM history WHERE run_id = 'r3'");
    assert_eq!(metric(&plan, "history", "files_read"), 1, "{plan:#?}");
    assert_eq!(metric(&plan, "history", "row_groups_read"), 1, "{plan:#?}");
    assert!(metric(&plan, "history", "bytes_read") > 0, "{plan:#?}");
    assert_eq!(metric(&plan, "history", "log_events_read"), 0, "{plan:#?}");
    let plan = analyzed(&fixture, "SELECT loss FROM history WHERE run_id = 'nobody'");
    assert_eq!(metric(&plan, "history", "files_read"), 0, "{plan:#?}");
    assert_eq!(metric(&plan, "history", "files_skipped"), 1, "{plan:#?}");
    fixture.run("late").log(&[r#"{"_step":0,"loss":3}"#]);
    let plan = analyzed(&fixture, "SELECT loss FROM history WHERE run_id = 'late'");
    assert_eq!(metric(&plan, "history", "log_events_read"), 1, "{plan:#?}");
}

#[test]
fn a_large_history_is_read_in_shares_and_its_rows_come_in_order() {
    const RUNS: i64 = 24;
    const STEPS: i64 = 9_000;
    let fixture = Fixture::new();
    for number in 0..RUNS {
        let mut run = fixture.run(&format!("r{number}"));
        let rows: Vec<String> = (0..STEPS)
            .map(|step| format!(r#"{{"_step":{step},"loss":{}}}"#, number * STEPS + step))
            .collect();
        run.log(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    }
    fixture.runtime.block_on(fixture.store.compact()).unwrap();
    let plan = analyzed(&fixture, "SELECT run_id, sum(loss) FROM history GROUP BY run_id");
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if cores > 1 {
        let shares = cores.min(2);
        assert!(plan.iter().any(|line| line.contains(&format!("partitions={shares}"))), "{plan:#?}");
    }
    let last = RUNS * STEPS - 1;
    assert_eq!(
        fixture
            .rows("SELECT count(*) AS n, sum(loss) AS s, min(loss) AS low, max(loss) AS high FROM history"),
        [format!(r#"{{"n":{},"s":{},"low":0,"high":{last}}}"#, last + 1, last * (last + 1) / 2)]
    );
    // What depends on the order of rows is the same as from one share.
    assert_eq!(
        fixture.rows(
            "SELECT run_id, arg_max(_step, loss) AS s, first_at(loss, _step) AS f, last_at(loss, _step) AS l FROM history \
             GROUP BY run_id LIMIT 1 OFFSET 23"
        ),
        [format!(r#"{{"run_id":"r23","s":{},"f":{},"l":{last}}}"#, STEPS - 1, 23 * STEPS)]
    );
    let texts = "SELECT array_agg(loss) AS all FROM history WHERE _step = 7";
    let wanted: Vec<String> = (0..RUNS).map(|number| (number * STEPS + 7).to_string()).collect();
    assert_eq!(fixture.rows(texts), [format!(r#"{{"all":[{}]}}"#, wanted.join(","))]);
    // A filter that the scan does not take over stands above it, in each share.
    let rows = fixture.rows("SELECT run_id, _step FROM history WHERE loss % 1000 = 0");
    assert_eq!(rows.len(), usize::try_from(last / 1000 + 1).unwrap());
    assert_eq!(rows.last().unwrap(), r#"{"run_id":"r23","_step":8000}"#);
    assert_eq!(rows[9], r#"{"run_id":"r1","_step":0}"#);
    let some = fixture.rows("SELECT run_id FROM history WHERE loss % 1000 = 0 LIMIT 10 OFFSET 5");
    assert_eq!((some.len(), some[4].as_str()), (10, r#"{"run_id":"r1"}"#));
    // The runs that a filter chooses are shared, not those that there are.
    let plan = analyzed(&fixture, "SELECT avg(loss) FROM history WHERE run_id >= 'r5' AND run_id <= 'r9'");
    assert!(!plan.iter().any(|line| line.contains("partitions=")), "{plan:#?}");
    assert_eq!(metric(&plan, "history", "output_rows"), 45, "thousands: {plan:#?}");
}

#[test]
fn describe_tells_how_many_runs_have_a_key_and_when_one_was_last_heard() {
    let fixture = many_runs(5);
    let mut late = fixture.run("late");
    late.config(r#"{"lr":0.5,"only":{"here":true},"nothing":null}"#);
    late.log(&[r#"{"_step":0,"rare":1}"#]);
    let told = |key: &str, table: &str| {
        let rows = fixture.rows(&format!("DESCRIBE {table}"));
        let row = rows.into_iter().find(|row| row.contains(&format!(r#""column_name":"{key}""#)));
        let row: serde_json::Value = serde_json::from_str(&row.unwrap()).unwrap();
        (row["runs"].clone(), row["last_seen_at"].clone())
    };
    let heard = serde_json::json!("2023-11-14T22:13:21Z");
    assert_eq!(told("config.lr", "runs"), (6.into(), heard.clone()));
    assert_eq!(told("config.only.here", "runs"), (1.into(), heard.clone()));
    assert_eq!(told("config.nothing", "runs"), (0.into(), serde_json::Value::Null));
    assert_eq!(told("summary.loss", "runs"), (5.into(), heard.clone()));
    assert_eq!(told("loss", "history"), (5.into(), heard.clone()));
    assert_eq!(told("rare", "history"), (1.into(), heard));
    assert_eq!(told("name", "runs"), (serde_json::Value::Null, serde_json::Value::Null));
    assert_eq!(fixture.rows("DESCRIBE runs"), fixture.rows("SHOW COLUMNS FROM runs"));
    assert_eq!(START % 1_000_000_000, 0, "the times above are those of the fixture");
}
