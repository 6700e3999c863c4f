//! `history`, `points` and `system`: rows of what was logged.

use engine::Compaction;
use query::Limits;

use crate::fixture::Fixture;

#[test]
fn a_row_is_a_step_and_the_last_write_of_each_key_wins() {
    let fixture = Fixture::new();
    let mut run = fixture.run("a");
    run.log(&[r#"{"_step":0,"loss":1.0,"acc":0.1}"#, r#"{"_step":1,"loss":0.5}"#]);
    run.log(&[r#"{"_step":2,"loss":0.25}"#, r#"{"_step":1,"loss":0.75,"late":true}"#]);
    assert_eq!(
        fixture.rows("SELECT _step, loss, acc, late FROM history"),
        [
            r#"{"_step":0,"loss":1.0,"acc":0.1,"late":null}"#,
            r#"{"_step":1,"loss":0.75,"acc":null,"late":true}"#,
            r#"{"_step":2,"loss":0.25,"acc":null,"late":null}"#
        ]
    );
    assert_eq!(
        fixture.rows(
            "SELECT step, value, int_value, json_value FROM points WHERE key = 'loss' ORDER BY lsn, step"
        ),
        [
            r#"{"step":0,"value":1.0,"int_value":null,"json_value":1.0}"#,
            r#"{"step":1,"value":0.5,"int_value":null,"json_value":0.5}"#,
            r#"{"step":1,"value":0.75,"int_value":null,"json_value":0.75}"#,
            r#"{"step":2,"value":0.25,"int_value":null,"json_value":0.25}"#
        ]
    );
}

/// The file of the first and third write was merged, so its last row is later than the one of the second.
#[test]
fn the_last_write_of_a_step_wins_whichever_file_has_it() {
    let (file_bytes_min, file_bytes_max) = (16 << 10, 32 << 10);
    let limits =
        Compaction { fresh_files: 1, growth: 1, file_bytes_min, file_bytes_max, ..Compaction::default() };
    let fixture = Fixture::compacted_by(Limits::default(), limits);
    let mut run = fixture.run("a");
    let mut draw = 7u64;
    let digits = (0..6000).map(|_| {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:016x}", draw ^ (draw >> 29))
    });
    let large: String = digits.collect();
    let second = format!(r#"{{"_step":1,"loss":2.0,"text":"{large}"}}"#);
    for line in [r#"{"_step":1,"loss":1.0,"acc":0.1}"#, &second, r#"{"_step":1,"late":true}"#] {
        run.log(&[line]);
        fixture.runtime.block_on(fixture.store.compact()).unwrap();
    }
    let files = fixture.snapshot().table_files();
    let mut lsns: Vec<_> = files
        .iter()
        .filter(|file| file.kind == "history")
        .map(|file| (file.first_lsn, file.last_lsn))
        .collect();
    lsns.sort();
    assert!(matches!(lsns[..], [merged, second] if second.0 < merged.1), "{files:?}");
    assert_eq!(
        fixture.rows("SELECT _step, loss, acc, late FROM history"),
        [r#"{"_step":1,"loss":2.0,"acc":0.1,"late":true}"#]
    );
}

#[test]
fn an_empty_place_is_no_row_and_writers_have_their_own_rows() {
    let fixture = Fixture::new();
    let mut run = fixture.run("a");
    run.log(&[r#"{"_step":0,"x":1}"#, "{}", r#"{"_step":2,"x":3}"#]);
    run.log_as("node-1", &[r#"{"_step":0,"x":10}"#]);
    assert_eq!(
        fixture.rows("SELECT writer, _step, x FROM history"),
        [
            r#"{"writer":null,"_step":0,"x":1}"#,
            r#"{"writer":null,"_step":2,"x":3}"#,
            r#"{"writer":"node-1","_step":0,"x":10}"#
        ]
    );
}

#[test]
fn every_kind_of_value_comes_back_as_it_was_logged() {
    let fixture = Fixture::new();
    fixture.run("a").log(&[
        r#"{"_step":0,"_timestamp":1700000000.123456,"_runtime":0.5,"n":-9223372036854775808,"f":-0.0,"t":"ä","b":false,"l":[1,"x",null],"h":{"_type":"histogram","bins":[1,2]}}"#,
        r#"{"_step":1,"_timestamp":1700000001,"_runtime":2,"n":9223372036854775807,"f":NaN,"t":"","b":true,"l":[],"h":{"_type":"histogram","bins":[]}}"#,
        r#"{"_step":2,"f":Infinity}"#,
        r#"{"_step":3,"f":-Infinity,"n":null}"#,
    ]);
    assert_eq!(
        fixture.rows("SELECT _step, _timestamp, _runtime, n, f, t, b, l, h, h.bins[0] AS first FROM history"),
        [
            r#"{"_step":0,"_timestamp":"2023-11-14T22:13:20.123456Z","_runtime":0.5,"n":-9223372036854775808,"f":-0.0,"t":"ä","b":false,"l":[1,"x",null],"h":{"_type":"histogram","bins":[1,2]},"first":"1"}"#,
            r#"{"_step":1,"_timestamp":"2023-11-14T22:13:21Z","_runtime":2.0,"n":9223372036854775807,"f":"NaN","t":"","b":true,"l":[],"h":{"_type":"histogram","bins":[]},"first":null}"#,
            r#"{"_step":2,"_timestamp":null,"_runtime":null,"n":null,"f":"Infinity","t":null,"b":null,"l":null,"h":null,"first":null}"#,
            r#"{"_step":3,"_timestamp":null,"_runtime":null,"n":null,"f":"-Infinity","t":null,"b":null,"l":null,"h":null,"first":null}"#
        ]
    );
}

#[test]
fn keys_with_slashes_dots_spaces_and_capitals_are_columns() {
    let fixture = Fixture::new();
    fixture.run("a").log(&[r#"{"_step":0,"val/acc":1,"a.b":2,"two words":3,"Loss":4,"project":5}"#]);
    assert_eq!(
        fixture.rows(
            r#"SELECT "val/acc", a.b, "two words", Loss, history['project'], project AS p FROM history"#
        ),
        [r#"{"val/acc":1,"a.b":2,"two words":3,"Loss":4,"project":5,"p":"mnist"}"#]
    );
    assert_eq!(
        fixture.rows(
            "SELECT * EXCLUDE (entity, project, generation, _lsn, writer, _timestamp, _runtime) FROM history"
        ),
        [r#"{"run_id":"a","_step":0,"Loss":4,"a.b":2,"two words":3,"val/acc":1}"#]
    );
}

#[test]
fn filters_choose_runs_and_steps() {
    let fixture = Fixture::new();
    for id in ["a", "b", "c"] {
        let mut run = fixture.run(id);
        for block in 0..5 {
            let rows: Vec<String> =
                (0..10).map(|row| format!(r#"{{"_step":{},"x":{row}}}"#, block * 10 + row)).collect();
            run.log(&rows.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
    let count = |condition: &str| {
        let rows = fixture.rows(&format!("SELECT count(*) AS n FROM history WHERE {condition}"));
        rows[0].trim_start_matches(r#"{"n":"#).trim_end_matches('}').parse::<u32>().unwrap()
    };
    assert_eq!(count("true"), 150);
    assert_eq!(count("run_id = 'a'"), 50);
    assert_eq!(count("run_id IN ('a', 'c') AND project = 'mnist'"), 100);
    assert_eq!(count("run_id LIKE 'b%' AND _step >= 15 AND _step < 25"), 10);
    assert_eq!(count("_step BETWEEN 48 AND 60"), 6);
    assert_eq!(count("run_id = 'nobody'"), 0);
    assert_eq!(count("run_id = 'a' OR _step = 0"), 52);
    assert_eq!(count("NOT (run_id = 'a') AND x = 9"), 10);
    assert_eq!(fixture.rows("SELECT _step FROM history WHERE run_id = 'b' LIMIT 3").len(), 3);
    assert_eq!(
        fixture.rows(
            "SELECT run_id, max(x) AS m FROM history WHERE _step > 40 GROUP BY run_id ORDER BY run_id LIMIT 1"
        ),
        [r#"{"run_id":"a","m":9}"#]
    );
}

#[test]
fn history_joins_runs() {
    let fixture = Fixture::new();
    let mut a = fixture.run("a");
    a.name("first").summary(r#"{"loss":0.5}"#);
    a.log(&[r#"{"_step":0,"loss":1}"#, r#"{"_step":1,"loss":0.5}"#]);
    fixture.run("b").log(&[r#"{"_step":0,"loss":3}"#]);
    assert_eq!(
        fixture.rows("SELECT r.name, h._step, h.loss FROM runs r JOIN history h USING (run_id) WHERE h.loss = r.summary.loss"),
        [r#"{"name":"first","_step":1,"loss":0.5}"#]
    );
    assert_eq!(
        fixture.rows("SELECT name, (SELECT max(loss) FROM history h WHERE h.run_id = r.run_id) AS worst FROM runs r ORDER BY name"),
        [r#"{"name":"b","worst":3.0}"#, r#"{"name":"first","worst":1.0}"#]
    );
}

#[test]
fn a_key_that_is_an_integer_here_and_a_float_there_is_a_float() {
    let fixture = Fixture::new();
    let mut run = fixture.run("a");
    run.log(&[r#"{"_step":0,"x":1}"#]).log(&[r#"{"_step":1,"x":0.5}"#]);
    assert_eq!(fixture.rows("SELECT x FROM history"), [r#"{"x":1.0}"#, r#"{"x":0.5}"#]);
    assert_eq!(fixture.rows("SELECT x / 4 AS q FROM history LIMIT 1"), [r#"{"q":0.25}"#]);
}

#[test]
fn samples_of_the_system_are_rows_and_in_long_form_taken_apart() {
    let fixture = Fixture::new();
    fixture.run("a").sample(&[
        r#"{"_timestamp":1700000000.5,"_runtime":15,"system.cpu":50.5,"system.gpu.0.temp":61}"#,
        r#"{"_timestamp":1700000015.5,"_runtime":30,"system.cpu":51.5}"#,
    ]);
    assert_eq!(
        fixture.rows(
            "SELECT timestamp, runtime, system.cpu, gpu.0.temp FROM system"
                .replace("gpu.0.temp", r#""gpu.0.temp""#)
                .as_str()
        ),
        [
            r#"{"timestamp":"2023-11-14T22:13:20.500Z","runtime":15.0,"system.cpu":50.5,"gpu.0.temp":61}"#,
            r#"{"timestamp":"2023-11-14T22:13:35.500Z","runtime":30.0,"system.cpu":51.5,"gpu.0.temp":null}"#
        ]
    );
    assert_eq!(
        fixture.rows("SELECT device, index, metric, value FROM system_points WHERE key LIKE '%gpu%'"),
        [r#"{"device":"gpu","index":"0","metric":"temp","value":61.0}"#]
    );
}

#[test]
fn many_runs_come_in_order_and_a_limit_stops_early() {
    let fixture = Fixture::new();
    for index in 0..30 {
        let rows: Vec<String> = (0..600).map(|step| format!(r#"{{"_step":{step},"x":{step}}}"#)).collect();
        fixture.run(&format!("r{index:02}")).log(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    }
    assert_eq!(
        fixture.rows("SELECT count(*) AS n, sum(x) AS s FROM history"),
        [r#"{"n":18000,"s":5391000}"#]
    );
    let rows = fixture.rows("SELECT run_id, _step FROM history LIMIT 601");
    assert_eq!(rows.last().unwrap(), r#"{"run_id":"r01","_step":0}"#);
}

/// More keys than a file has columns: the rarest stand in the long layout.
#[test]
fn keys_beyond_the_columns_of_a_file_are_there_too() {
    let fixture = Fixture::new();
    let row = |step: i64, from: usize, to: usize| {
        let cells: Vec<String> =
            (from..to).map(|key| format!(r#""k{key}":{}"#, key as i64 * 10 + step)).collect();
        format!(r#"{{"_step":{step},"_timestamp":{step}.5,{}}}"#, cells.join(","))
    };
    let mut run = fixture.run("a");
    run.log(&[&row(0, 0, 1200), &row(1, 0, 900)]);
    run.log(&[&row(2, 0, 1200), r#"{"_step":1,"k1150":0.5,"k1151":"text","k1152":[1,null]}"#]);
    let mut other = fixture.run("b");
    other.log_as("node-1", &[&row(0, 1100, 1300)]);
    assert_eq!(
        fixture
            .rows("SELECT run_id, _step, _timestamp, k3, k1150, k1151, k1152 FROM history WHERE _step < 2"),
        [
            r#"{"run_id":"a","_step":0,"_timestamp":"1970-01-01T00:00:00.500Z","k3":30,"k1150":11500.0,"k1151":"11510","k1152":"11520"}"#,
            r#"{"run_id":"a","_step":1,"_timestamp":"1970-01-01T00:00:01.500Z","k3":31,"k1150":0.5,"k1151":"text","k1152":"[1,null]"}"#,
            r#"{"run_id":"b","_step":0,"_timestamp":"1970-01-01T00:00:00.500Z","k3":null,"k1150":11500.0,"k1151":"11510","k1152":"11520"}"#,
        ]
    );
    assert_eq!(
        fixture.rows("SELECT count(*) AS n, sum(value) AS sum FROM points"),
        [r#"{"n":3503,"sum":20835800.5}"#]
    );
    assert_eq!(
        fixture
            .rows("SELECT run_id, writer, step, timestamp, value, lsn FROM points WHERE key = 'k1250'")
            .len(),
        1
    );
}

/// Another project logs texts, a list and a fraction under the keys of this one.
#[test]
fn a_statement_that_asks_of_one_project_sees_its_types_alone() {
    let fixture = Fixture::new();
    fixture.run("a").log(&[r#"{"_step":0,"whole":9223372036854775807,"loss":0.5,"flag":true}"#]);
    let other = fixture.project("other");
    let key = engine::RunKey { project: other, run: "b".into(), generation: 1 };
    fixture.begin(key).log(&[r#"{"_step":0,"whole":0.5,"loss":"high","flag":[1]}"#]);
    let sql = "SELECT whole, loss, flag FROM history WHERE project = 'mnist'";
    let of = |project: Option<&str>| {
        let project = project.map(|name| engine::ProjectKey::new("ann", name));
        let options = query::QueryOptions { project, ..query::QueryOptions::default() };
        fixture.try_query(sql, &options).unwrap().0
    };
    assert_eq!(of(None), "{\"whole\":9.223372036854776e+18,\"loss\":\"0.5\",\"flag\":\"true\"}\n");
    assert_eq!(of(Some("mnist")), "{\"whole\":9223372036854775807,\"loss\":0.5,\"flag\":true}\n");
}
