//! Charts: buckets of all points, the same wherever the points stand.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type};
use engine::{ProjectKey, RunPath};
use query::chart::{Aggregate, Axis, Band, Chart, Expression, Grouping, Kernel, Smoothing, Stream};
use query::{Error, ErrorKind};

use crate::fixture::Fixture;

fn path(id: &str) -> RunPath {
    RunPath::new(ProjectKey::new("ann", "mnist"), id)
}

fn chart(ids: &[&str], buckets: u32) -> Chart {
    Chart {
        runs: ids.iter().map(|id| (path(id), None)).collect(),
        keys: vec!["loss".to_owned()],
        expressions: Vec::new(),
        stream: Stream::History,
        x: Axis::Step,
        buckets,
        range: (None, None),
        smoothing: None,
        grouping: None,
    }
}

/// A row: run or group, key, bucket, x, min, max, last, mean, count, smoothed.
type Row = (String, String, i64, f64, Option<f64>, Option<f64>, f64, Option<f64>, i64, Option<f64>);

fn rows_of(batch: &RecordBatch) -> Vec<Row> {
    let texts = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
    let floats = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Float64Type>().clone();
    let ints = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
    let (run, group, key, bucket, count) =
        (texts("run"), texts("group"), texts("key"), ints("bucket"), ints("count"));
    let some = |name: &str, row: usize| floats(name).iter().nth(row).unwrap();
    (0..batch.num_rows())
        .map(|row| {
            let of = if run.is_valid(row) { &run } else { &group };
            let name = if of.is_valid(row) { of.value(row).to_owned() } else { String::new() };
            (
                name,
                key.value(row).to_owned(),
                bucket.value(row),
                some("x", row).unwrap(),
                some("min", row),
                some("max", row),
                some("last", row).unwrap(),
                some("mean", row),
                count.value(row),
                some("smoothed", row),
            )
        })
        .collect()
}

fn try_draw(fixture: &Fixture, chart: &Chart) -> Result<Vec<Row>, Error> {
    let drawn = fixture.database.chart(fixture.snapshot(), chart.clone());
    fixture.runtime.block_on(drawn).map(|batch| rows_of(&batch))
}

/// The rows; the same from the log and from table files (D9).
fn draw(fixture: &Fixture, chart: &Chart) -> Vec<Row> {
    let before = try_draw(fixture, chart).unwrap();
    fixture.runtime.block_on(fixture.store.compact()).unwrap();
    let after = try_draw(fixture, chart).unwrap();
    assert_eq!(format!("{after:?}"), format!("{before:?}"), "D9");
    after
}

/// A number that looks drawn.
fn noise(seed: u64) -> f64 {
    (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / 1e3
}

#[test]
fn a_bucket_tells_the_least_greatest_and_last_of_all_its_points_and_their_mean() {
    let fixture = Fixture::new();
    let mut run = fixture.run("a");
    let mut wrote: Vec<(i64, f64)> = Vec::new();
    for chunk in 0..7u64 {
        let mut lines = Vec::new();
        for row in 0..90u64 {
            // Every third step has another key alone; of some steps a later chunk writes again.
            let step = i64::try_from(if row % 10 == 9 { chunk * 50 } else { chunk * 90 + row }).unwrap();
            if row % 3 == 2 {
                lines.push(format!(r#"{{"_step":{step},"other":1}}"#));
                continue;
            }
            let loss = noise(chunk * 1000 + row);
            wrote.retain(|(known, _)| *known != step);
            wrote.push((step, loss));
            lines.push(format!(r#"{{"_step":{step},"loss":{loss}}}"#));
        }
        run.log(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    }
    wrote.sort_by_key(|(step, _)| *step);
    let drawn = draw(&fixture, &chart(&["a"], 20));
    let (low, high) = (0.0, 628.0);
    let mut expected: Vec<Row> = Vec::new();
    for bucket in 0..20u32 {
        let is_in = |step: i64| {
            let part = (step as f64 - low) / (high - low) * 20.0;
            part >= f64::from(bucket) && (part < f64::from(bucket + 1) || bucket == 19)
        };
        let of: Vec<(i64, f64)> = wrote.iter().copied().filter(|(step, _)| is_in(*step)).collect();
        let Some((x, last)) = of.last().copied() else { continue };
        let ys = || of.iter().map(|(_, y)| *y);
        expected.push((
            "ann/mnist/a".to_owned(),
            "loss".to_owned(),
            bucket.into(),
            x as f64,
            ys().reduce(f64::min),
            ys().reduce(f64::max),
            last,
            Some(ys().sum::<f64>() / of.len() as f64),
            i64::try_from(of.len()).unwrap(),
            None,
        ));
    }
    assert_eq!(format!("{drawn:?}"), format!("{expected:?}"));
}

#[test]
fn few_points_are_told_as_they_are_and_a_narrower_range_is_cut_anew() {
    let fixture = Fixture::new();
    let lines: Vec<String> =
        (0..100).map(|step| format!(r#"{{"_step":{step},"loss":{}}}"#, step * 2)).collect();
    fixture.run("a").log(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(draw(&fixture, &chart(&["a"], 100)).len(), 100);
    let zoomed = Chart { range: (Some(10.0), Some(29.0)), ..chart(&["a"], 5) };
    let told: Vec<(f64, f64, i64)> =
        draw(&fixture, &zoomed).iter().map(|row| (row.3, row.6, row.8)).collect();
    assert_eq!(told, [(13.0, 26.0, 4), (17.0, 34.0, 4), (21.0, 42.0, 4), (25.0, 50.0, 4), (29.0, 58.0, 4)]);
}

#[test]
fn any_number_can_be_the_axis_and_a_row_without_it_is_left_out() {
    let fixture = Fixture::new();
    fixture.run("a").log(&[
        r#"{"_step":0,"loss":1,"epoch":0.5,"_timestamp":1700000010.5,"_runtime":3}"#,
        r#"{"_step":1,"loss":2,"_runtime":4}"#,
        r#"{"_step":2,"loss":3,"epoch":1.5,"_timestamp":1700000012.5,"_runtime":5}"#,
    ]);
    let xs = |x: Axis| -> Vec<(f64, f64)> {
        let drawn = draw(&fixture, &Chart { x, ..chart(&["a"], 10) });
        drawn.iter().map(|row| (row.3, row.6)).collect()
    };
    assert_eq!(xs(Axis::Key("epoch".to_owned())), [(0.5, 1.0), (1.5, 3.0)]);
    assert_eq!(xs(Axis::Runtime), [(3.0, 1.0), (4.0, 2.0), (5.0, 3.0)]);
    assert_eq!(xs(Axis::Timestamp), [(1_700_000_010.5, 1.0), (1_700_000_012.5, 3.0)]);
    assert_eq!(xs(Axis::SinceCreation), [(10.5, 1.0), (12.5, 3.0)]);
}

#[test]
fn system_metrics_are_drawn_over_the_time_that_the_run_was_at_work() {
    let fixture = Fixture::new();
    fixture.run("a").sample(&[
        r#"{"_timestamp":1700000001,"_runtime":1,"system.cpu":10.5}"#,
        r#"{"_timestamp":1700000016,"_runtime":16,"system.cpu":20}"#,
    ]);
    let keys = vec!["system.cpu".to_owned()];
    let drawn = draw(&fixture, &Chart { keys, stream: Stream::System, ..chart(&["a"], 10) });
    assert_eq!(drawn.iter().map(|row| (row.3, row.6)).collect::<Vec<_>>(), [(1.0, 10.5), (16.0, 20.0)]);
}

#[test]
fn the_runs_of_a_group_are_one_line_with_a_band() {
    let fixture = Fixture::new();
    for (id, from) in [("a", 0.0), ("b", 10.0), ("c", 50.0)] {
        let steps = if id == "a" { 8 } else { 2 };
        let lines: Vec<String> =
            (0..steps).map(|step| format!(r#"{{"_step":{},"loss":{from}}}"#, step * 8 / steps)).collect();
        fixture.run(id).log(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let grouping = Grouping { aggregate: Aggregate::Mean, band: Band::MinMax };
    let runs = [("a", "x"), ("b", "x"), ("c", "y")];
    let runs = runs.iter().map(|(id, group)| (path(id), Some((*group).to_owned()))).collect();
    let drawn = draw(&fixture, &Chart { runs, grouping: Some(grouping), ..chart(&[], 2) });
    let told: Vec<_> = drawn.iter().map(|row| (&*row.0, row.2, row.4, row.5, row.7, row.8)).collect();
    assert_eq!(
        told,
        [
            ("x", 0, Some(0.0), Some(10.0), Some(5.0), 2),
            ("x", 1, Some(0.0), Some(10.0), Some(5.0), 2),
            ("y", 0, Some(50.0), Some(50.0), Some(50.0), 1),
            ("y", 1, Some(50.0), Some(50.0), Some(50.0), 1),
        ]
    );
}

#[test]
fn a_line_is_smoothed_by_all_its_points_before_it_is_cut() {
    let fixture = Fixture::new();
    let ys: Vec<f64> = (0..500).map(noise).collect();
    let lines: Vec<String> =
        ys.iter().enumerate().map(|(step, y)| format!(r#"{{"_step":{step},"loss":{y}}}"#)).collect();
    fixture.run("a").log(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let smoothing = Some(Smoothing { kind: Kernel::Ema, value: 0.9 });
    let drawn = draw(&fixture, &Chart { smoothing, ..chart(&["a"], 10) });
    let smoothed = query::smooth::ema(&ys, 0.9);
    for row in &drawn {
        let at = (0..500usize).find(|step| *step as f64 == row.3).unwrap();
        assert_eq!((row.6, row.9), (ys[at], Some(smoothed[at])));
    }
    assert_eq!(drawn.len(), 10);
}

fn expression(text: &str) -> Expression {
    Expression::parse("it", text).unwrap()
}

#[test]
fn an_expression_is_worked_out_of_rows_that_have_all_its_keys() {
    let fixture = Fixture::new();
    let mut run = fixture.run("a");
    run.log(&[
        r#"{"_step":0,"loss":4,"val/acc":0.5}"#,
        r#"{"_step":1,"loss":8}"#,
        r#"{"_step":2,"loss":0,"val/acc":0.25}"#,
        r#"{"_step":3,"loss":"none","val/acc":0.25}"#,
    ]);
    // Of a step that is written twice the last value of each key counts.
    run.log(&[r#"{"_step":1,"val/acc":2}"#, r#"{"_step":0,"loss":6}"#]);
    let points = |chart: &Chart| -> Vec<(String, f64, f64)> {
        draw(&fixture, chart).into_iter().map(|row| (row.1, row.3, row.6)).collect()
    };
    let named = |text: &str, points: &[(f64, f64)]| -> Vec<(String, f64, f64)> {
        points.iter().map(|(x, y)| (text.to_owned(), *x, *y)).collect()
    };
    let text = "loss / `val/acc` - 1";
    let both = Chart { expressions: vec![expression(text)], ..chart(&["a"], 10) };
    let loss = named("loss", &[(0.0, 6.0), (1.0, 8.0), (2.0, 0.0)]);
    let worked = named(text, &[(0.0, 11.0), (1.0, 3.0), (2.0, -1.0)]);
    assert_eq!(points(&both), [loss, worked].concat());
    let text = "1 / loss";
    let only = Chart { keys: Vec::new(), expressions: vec![expression(text)], ..chart(&["a"], 10) };
    assert_eq!(points(&only), named(text, &[(0.0, 1.0 / 6.0), (1.0, 0.125), (2.0, f64::INFINITY)]));
    let x = Axis::Expression(expression("_step * 32 + `val/acc`"));
    assert_eq!(
        points(&Chart { x, ..chart(&["a"], 10) }),
        named("loss", &[(0.5, 6.0), (34.0, 8.0), (64.25, 0.0)])
    );
}

#[test]
fn an_expression_sees_all_points_before_they_are_cut() {
    let fixture = Fixture::new();
    let lines: Vec<String> = (0..5_000u64)
        .map(|step| format!(r#"{{"_step":{step},"loss":{},"scale":{}}}"#, noise(step), noise(step + 7) + 1.0))
        .collect();
    fixture.run("a").log(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let worked = |step: u64| noise(step) / (noise(step + 7) + 1.0);
    let chart = Chart { keys: Vec::new(), expressions: vec![expression("loss / scale")], ..chart(&["a"], 5) };
    let rows = draw(&fixture, &chart);
    assert_eq!(rows.len(), 5);
    for row in rows {
        let from = u64::try_from(row.2).unwrap() * 1_000;
        let ys = || (from..from + 1_000).map(worked);
        assert_eq!((row.4, row.5, row.8), (ys().reduce(f64::min), ys().reduce(f64::max), 1_000));
        assert_eq!((row.3, row.6), ((from + 999) as f64, worked(from + 999)));
    }
}

#[test]
fn expressions_of_system_metrics_know_the_time_and_groups_join_them() {
    let fixture = Fixture::new();
    fixture.run("a").sample(&[
        r#"{"_timestamp":1700000001,"_runtime":1,"system.cpu":10.5}"#,
        r#"{"_timestamp":1700000016,"_runtime":16,"system.cpu":20}"#,
    ]);
    let grouping = Some(Grouping { aggregate: Aggregate::Sum, band: Band::None });
    let drawn = draw(
        &fixture,
        &Chart {
            runs: vec![(path("a"), Some("all".to_owned()))],
            keys: Vec::new(),
            expressions: vec![expression("system.cpu * _runtime + _absolute_runtime")],
            stream: Stream::System,
            grouping,
            ..chart(&[], 10)
        },
    );
    assert_eq!(
        drawn.iter().map(|row| (row.3, row.7)).collect::<Vec<_>>(),
        [(1.0, Some(11.5)), (16.0, Some(336.0))]
    );
}

#[test]
fn keys_that_only_an_expression_names_are_counted_and_told_of_where_no_run_has_them() {
    let fixture = Fixture::new();
    fixture.run("a").log(&[r#"{"_step":0,"loss":4}"#]);
    let x = Axis::Expression(expression("lost * _step"));
    let unknown =
        Chart { expressions: vec![expression("loss - acc"), expression("acc")], x, ..chart(&["a"], 10) };
    assert_eq!(
        unknown.warnings(&fixture.snapshot().projection),
        ["no run has acc", "no run has lost; near: loss"]
    );
    assert!(draw(&fixture, &unknown).is_empty());
    let many = |place: usize| {
        expression(&(0..150).map(|key| format!("k{}", place + key)).collect::<Vec<_>>().join("+"))
    };
    let error = try_draw(&fixture, &Chart { expressions: vec![many(0), many(100)], ..chart(&["a"], 10) })
        .unwrap_err();
    assert_eq!(error.message(), "a chart of 251 keys, with those of its expressions; at most 200 are drawn");
}

#[test]
fn what_no_chart_can_be_is_told_with_its_limit() {
    let fixture = Fixture::new();
    fixture.run("a");
    let told = |chart: Chart| {
        let error = try_draw(&fixture, &chart).unwrap_err();
        (error.kind(), error.message().to_owned())
    };
    assert_eq!(
        told(chart(&["nobody"], 10)),
        (ErrorKind::NotFound, "there is no run ann/mnist/nobody".to_owned())
    );
    let many = chart(&vec!["a"; 1001], 10);
    assert_eq!(told(many), (ErrorKind::TooLarge, "a chart of 1001 runs; at most 1000 are drawn".to_owned()));
    assert_eq!(told(chart(&["a"], 10_001)).0, ErrorKind::TooLarge);
    assert_eq!(told(chart(&["a"], 0)).0, ErrorKind::Invalid);
    assert_eq!(told(Chart { range: (Some(2.0), Some(1.0)), ..chart(&["a"], 10) }).0, ErrorKind::Invalid);
    let smoothing = Some(Smoothing { kind: Kernel::Ema, value: 1.5 });
    assert_eq!(told(Chart { smoothing, ..chart(&["a"], 10) }).0, ErrorKind::Invalid);
    // A run without points, and a key that nobody logged, have nothing to show.
    assert!(draw(&fixture, &chart(&["a"], 10)).is_empty());
}
