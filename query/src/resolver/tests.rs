use engine::{
    BlockBuilder, Body, Chunk, Event, Location, Lsn, Paths, ProjectCreated, ProjectKey, Projection, Rows,
    RunCreated, RunKey, SegmentId, State, Value,
};

use super::*;
use crate::guard;

/// A store with one run: config, summary, history and system metrics of every sort.
fn projection() -> Projection {
    let run = RunKey { project: ProjectKey::new("ann", "p"), run: "r1".into(), generation: 1 };
    let tree = |json: &str| {
        let Value::Map(members) = Value::from_json(json.as_bytes()).unwrap() else { panic!("a map") };
        Paths { removed: vec![], set: members.into_iter().map(|(key, value)| (vec![key], value)).collect() }
    };
    let rows = |rows: &[&str]| {
        let mut block = BlockBuilder::new();
        for row in rows {
            block.begin_row();
            for (key, value) in Value::from_json(row.as_bytes()).unwrap().as_map().unwrap() {
                block.push(key, value);
            }
        }
        let lines = u32::try_from(rows.len()).unwrap();
        let chunk = Chunk { writer: "".into(), first_line: 0, lines, hash: 1 };
        Rows { chunk, rows: lines, block: block.finish() }
    };
    let bodies = [
        Body::RunCreated(RunCreated { source: "wandb".into(), state: State::Running }),
        Body::ConfigChanged(tree(
            r#"{"lr":0.1,"layers":[64,32],"optimizer":{"name":"adam","beta":1},"_wandb":{"cli":"x"},"Lr":1}"#,
        )),
        Body::SummaryChanged(tree(
            r#"{"loss":3,"val/acc":0.5,"note":"ok","best":{"min":1,"max":2},"img":{"_type":"image-file","path":"x"}}"#,
        )),
        Body::SummaryChanged(tree(r#"{"mixed":1}"#)),
        Body::SummaryChanged(tree(r#"{"mixed":"one"}"#)),
        Body::Logged(rows(&[
            r#"{"_step":0,"loss":2,"train/loss":1.5,"a.b":1,"note":"x","project":7,"odd":1}"#,
            r#"{"_step":1,"loss":1,"odd":"one","img":{"_type":"image-file","path":"y"}}"#,
        ])),
        Body::SystemSampled(rows(&[r#"{"_timestamp":1.5,"system.cpu":50.0,"system.gpu.0.temp":61}"#])),
    ];
    let mut projection = Projection::default();
    let location = Location { segment: SegmentId(1), offset: 0, len: 0 };
    let created = Event {
        subject: run.project.clone().into(),
        received: 1,
        actor: "ann".into(),
        body: Body::ProjectCreated(ProjectCreated { description: "".into() }),
    };
    projection.apply(Lsn(1), location, &created).unwrap();
    for (lsn, body) in (2..).zip(bodies) {
        let event = Event { subject: run.clone().into(), received: 1, actor: "ann".into(), body };
        projection.apply(Lsn(lsn), location, &event).unwrap();
    }
    projection
}

fn resolved_by(sql: &str, strict: bool) -> Result<Resolved, Error> {
    let projection = projection();
    let guard::Request::Rows(statement) = guard::parse(sql)? else { panic!("{sql} asks for rows") };
    resolve(*statement, &Catalogue::new(&projection, strict, false))
}

fn resolved(sql: &str) -> String {
    resolved_by(sql, false)
        .unwrap_or_else(|error| panic!("{sql}: {error} {:?}", error.hint()))
        .statement
        .to_string()
}

fn refused(sql: &str) -> Error {
    resolved_by(sql, false).map(|resolved| resolved.statement).expect_err(sql)
}

/// The columns that a statement makes of keys, as `table: name type`.
fn columns(sql: &str) -> Vec<String> {
    let tables = resolved_by(sql, false).unwrap().tables;
    tables
        .iter()
        .flat_map(|(table, keys)| keys.iter().map(move |key| format!("{table}: {} {:?}", key.flat, key.view)))
        .collect()
}

#[test]
fn every_spelling_of_a_key_meets_in_one_column() {
    let expected = r#"SELECT "runs"."summary.val/acc" FROM "runs""#;
    for spelling in [
        r#"summary."val/acc""#,
        "summary['val/acc']",
        r#"runs.summary."val/acc""#,
        "runs.summary['val/acc']",
        r#"RUNS.summary."val/acc""#,
    ] {
        assert_eq!(resolved(&format!("SELECT {spelling} FROM runs")), expected, "{spelling}");
    }
    assert_eq!(
        resolved("SELECT config.optimizer.name FROM runs"),
        r#"SELECT "runs"."config.optimizer.name" FROM "runs""#
    );
    for spelling in
        [r#""train/loss""#, r#"history."train/loss""#, "history['train/loss']", r#"h."train/loss""#]
    {
        let from = if spelling.starts_with("h.") { "history h" } else { "history" };
        let sql = resolved(&format!("SELECT {spelling} FROM {from}"));
        assert!(sql.contains(r#"."train/loss" FROM"#), "{sql}");
    }
    assert_eq!(columns(r#"SELECT "a.b", a.b, history.a.b FROM history"#), ["history: a.b Int"]);
}

#[test]
fn aliases_of_tables_qualify_keys() {
    assert_eq!(
        resolved(
            r#"SELECT r.name, r.summary.loss, h."train/loss" FROM runs r JOIN history h ON r.run_id = h.run_id"#
        ),
        r#"SELECT "r"."name", "r"."summary.loss", "h"."train/loss" FROM "runs" "r" JOIN "history" "h" ON "r"."run_id" = "h"."run_id""#
    );
}

#[test]
fn a_projection_without_an_alias_is_named_as_it_was_written() {
    assert_eq!(
        resolved("SELECT avg(summary.loss), summary.loss * 2, upper(name) FROM runs"),
        r#"SELECT avg("runs"."summary.loss") AS "avg(summary.loss)", "runs"."summary.loss" * 2 AS "summary.loss * 2", upper(name) AS "upper(name)" FROM "runs""#
    );
    assert_eq!(
        resolved("SELECT a.loss, b.loss FROM history a JOIN history b USING (run_id) WHERE true"),
        r#"SELECT "a"."loss", "b"."loss" AS "b.loss" FROM "history" "a" JOIN "history" "b" USING(run_id) WHERE true"#
    );
}

#[test]
fn a_cte_or_subquery_with_its_own_summary_is_left_alone() {
    assert_eq!(
        resolved("WITH x AS (SELECT 1 AS summary) SELECT summary FROM x"),
        r#"WITH "x" AS (SELECT 1 AS "summary") SELECT "x"."summary" FROM "x""#
    );
    assert_eq!(columns("SELECT s.summary FROM (SELECT name AS summary FROM runs) s"), [""; 0]);
    assert_eq!(
        resolved("SELECT v, * FROM (SELECT name AS v FROM runs) WHERE v > 'a'"),
        r#"SELECT "v", "v" AS "v_1" FROM (SELECT name AS "v" FROM "runs") WHERE "v" > 'a'"#
    );
    // What a subquery gives is found under the name that it has there.
    assert_eq!(
        resolved("SELECT summary.loss FROM (SELECT summary.loss FROM runs) s WHERE s.summary.loss > 1"),
        r#"SELECT "s"."summary.loss" FROM (SELECT "runs"."summary.loss" FROM "runs") "s" WHERE "s"."summary.loss" > 1"#
    );
}

#[test]
fn division_of_keys_is_of_floats_and_of_fixed_columns_of_integers() {
    assert!(resolved("SELECT loss / 2 FROM history").contains(r#"CAST("history"."loss" AS DOUBLE) / 2"#));
    assert!(resolved("SELECT sum(loss) / count(*) FROM history").contains("CAST(sum("));
    assert!(!resolved("SELECT _step / 2 FROM history").contains("CAST"));
    assert!(!resolved("SELECT div(loss, 2) / 3 FROM history").contains("CAST"));
    let through = resolved("WITH x AS (SELECT loss AS l FROM history) SELECT l / 2 FROM x");
    assert!(through.contains(r#"CAST("x"."l" AS DOUBLE)"#), "{through}");
}

#[test]
fn a_mixed_key_is_a_number_or_a_text_by_its_place() {
    let text = ["runs: summary.mixed Text"];
    let number = ["runs: summary.mixed Int"];
    for (sql, expected) in [
        ("SELECT summary.mixed FROM runs", &text),
        ("SELECT count(*) FROM runs GROUP BY summary.mixed", &text),
        ("SELECT 1 FROM runs WHERE summary.mixed = 'one'", &text),
        ("SELECT 1 FROM runs WHERE summary.mixed LIKE 'o%'", &text),
        ("SELECT 1 FROM runs WHERE summary.mixed IN ('one', 'two')", &text),
        ("SELECT 1 FROM runs WHERE summary.mixed > 0", &number),
        ("SELECT 1 FROM runs WHERE 1 = summary.mixed", &number),
        ("SELECT 1 FROM runs WHERE summary.mixed BETWEEN 1 AND 2", &number),
        ("SELECT 1 FROM runs WHERE summary.mixed IN (1, 2)", &number),
        ("SELECT summary.mixed + 1 FROM runs", &number),
        ("SELECT avg(summary.mixed) FROM runs", &number),
        ("SELECT max(summary.mixed) FROM runs", &number),
        ("SELECT name FROM runs ORDER BY summary.mixed", &number),
        ("SELECT coalesce(summary.mixed, 0) FROM runs", &number),
        ("SELECT 1 FROM runs WHERE summary.mixed > last_step", &number),
    ] {
        assert_eq!(columns(sql), expected, "{sql}");
    }
    assert_eq!(
        columns("SELECT summary.mixed FROM runs WHERE summary.mixed > 0"),
        ["runs: summary.mixed Text", "runs: summary.mixed (number) Int"]
    );
    // Ordered as it is grouped.
    assert_eq!(columns("SELECT summary.mixed FROM runs GROUP BY summary.mixed ORDER BY summary.mixed"), text);
}

#[test]
fn keys_have_the_type_of_their_values() {
    assert_eq!(
        columns(
            "SELECT summary.loss, config.lr, summary.note, config.layers, config.optimizer, summary.best.min, summary.img.path, config.layers[0] FROM runs"
        ),
        [
            "runs: summary.loss Int",
            "runs: config.lr Float",
            "runs: summary.note Text",
            "runs: config.layers Json",
            "runs: config.optimizer Json",
            "runs: summary.best.min Int",
            "runs: summary.img.path Text",
            "runs: config.layers[0] Text",
        ]
    );
    // A text never equals a number, and asking does not fail.
    assert_eq!(columns("SELECT 1 FROM runs WHERE summary.note = 5"), ["runs: summary.note Float"]);
}

#[test]
fn a_key_that_no_run_has_is_null_with_a_warning_or_an_error_when_strict() {
    let resolved = resolved_by("SELECT summary.lsos, summary.lsos FROM runs", false).unwrap();
    assert_eq!(resolved.warnings, ["no run has summary.lsos, so it is NULL; near: summary.loss"]);
    let error = resolved_by("SELECT name,\n summary.lsos FROM runs", true).unwrap_err();
    assert_eq!(error.message(), "no run has summary.lsos");
    assert_eq!(error.hint(), Some("did you mean summary.loss?"));
    assert_eq!(error.position(), Some((2, 2)));
    assert_eq!(resolved_by("SELECT lsos FROM history", false).unwrap().warnings.len(), 1);
}

#[test]
fn keys_keep_their_case_and_columns_and_tables_are_folded() {
    assert_eq!(resolved_by("SELECT LOSS FROM history", false).unwrap().warnings.len(), 1);
    assert_eq!(
        columns("SELECT config.Lr, config.lr FROM runs"),
        ["runs: config.Lr Int", "runs: config.lr Float"]
    );
    assert_eq!(resolved("SELECT NAME FROM Runs"), r#"SELECT "name" AS "NAME" FROM "runs""#);
}

#[test]
fn an_unknown_column_is_an_error_that_names_near_ones() {
    let error = refused("SELECT nmae FROM runs");
    assert_eq!((error.message(), error.hint()), ("there is no column \"nmae\"", Some("did you mean name?")));
    assert_eq!(error.position(), Some((1, 8)));
    assert_eq!(refused("SELECT loss FROM runs").hint(), Some("did you mean summary.loss?"));
    assert_eq!(refused("SELECT r.nmae FROM runs r").hint(), Some("did you mean name?"));
    assert_eq!(refused("SELECT b FROM (SELECT 1 AS a) x").message(), "there is no column \"b\"");
}

#[test]
fn an_unknown_table_is_not_found_and_files_are_no_tables() {
    let error = refused("SELECT * FROM rnus");
    assert_eq!((error.kind(), error.hint()), (ErrorKind::NotFound, Some("did you mean runs?")));
    for sql in [
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM 'https://example.org/a.parquet'",
        r#"SELECT * FROM "/tmp/a.csv""#,
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM store.main.runs",
    ] {
        let kind = resolved_by(sql, false).map(|_| ()).expect_err(sql).kind();
        assert!(matches!(kind, ErrorKind::NotFound | ErrorKind::Invalid), "{sql}");
    }
}

#[test]
fn star_is_the_fixed_columns_and_the_keys_of_history() {
    let sql = resolved("SELECT * FROM runs");
    assert!(sql.contains(r#""runs"."config", "runs"."summary" FROM"#), "{sql}");
    assert!(!sql.contains("deleted_at"), "{sql}");
    let sql = resolved("SELECT * FROM runs WHERE summary.loss > 1");
    assert!(!sql.contains(r#""runs"."summary.loss","#), "{sql}");
    let sql = resolved("SELECT * EXCLUDE (entity, project) FROM history");
    assert!(
        sql.contains(r#""history"."loss", "history"."note", "history"."odd", "history"."train/loss" FROM"#),
        "{sql}"
    );
    assert!(!sql.contains("_wandb") && !sql.contains("entity"), "{sql}");
    // The keys of the runs that WHERE selects, and no others.
    assert!(!resolved("SELECT * FROM history WHERE run_id = 'other'").contains("loss"));
    assert!(resolved("SELECT * FROM history h WHERE h.run_id IN ('r1', 'x')").contains("loss"));
}

#[test]
fn star_over_joins_gives_each_column_once() {
    let sql = resolved("SELECT * FROM runs r JOIN files f USING (entity, project, run_id, generation)");
    assert_eq!(sql.matches(r#""f"."run_id""#).count(), 0, "{sql}");
    assert!(sql.contains(r#""f"."name" AS "f.name""#), "{sql}");
}

#[test]
fn a_key_named_like_a_fixed_column_is_had_by_its_subscript() {
    assert_eq!(columns("SELECT project, history['project'] FROM history"), ["history: project (number) Int"]);
}

#[test]
fn system_metrics_need_no_prefix() {
    for spelling in ["system.cpu", r#""system.cpu""#, "cpu", r#"system."system.cpu""#] {
        assert_eq!(
            columns(&format!("SELECT {spelling} FROM system")),
            ["system: system.cpu Float"],
            "{spelling}"
        );
    }
    assert_eq!(columns("SELECT s.gpu[0] FROM system s").len(), 1);
}

#[test]
fn correlated_subqueries_see_the_tables_around_them() {
    let sql = resolved(
        "SELECT name FROM runs r WHERE EXISTS (SELECT 1 FROM history h WHERE h.run_id = r.run_id AND h.loss > r.summary.loss)",
    );
    assert!(sql.contains(r#""h"."loss" > "r"."summary.loss""#), "{sql}");
    assert!(
        resolved("SELECT name FROM runs WHERE run_id IN (SELECT run_id FROM history WHERE loss > 1)")
            .contains(r#""history"."loss" > 1"#)
    );
}

#[test]
fn a_bare_key_of_two_histories_is_ambiguous() {
    let error = refused("SELECT loss FROM history a JOIN history b USING (run_id)");
    assert_eq!(error.hint(), Some("write a.loss or b.loss"));
}

#[test]
fn aliases_of_the_projection_can_be_ordered_and_grouped_by() {
    let sql =
        resolved("SELECT config.lr AS x, avg(summary.loss) AS mean FROM runs GROUP BY x ORDER BY mean DESC");
    assert!(sql.ends_with("GROUP BY x ORDER BY mean DESC"), "{sql}");
    resolved("SELECT loss FROM history UNION ALL SELECT loss FROM history ORDER BY loss");
}

#[test]
fn more_relations_than_the_limit_are_refused() {
    let from = |n: usize| format!("SELECT 1 FROM {}", vec!["runs"; n].join(", "));
    resolved_by(&from(limits::SQL_RELATIONS_MAX), false).unwrap();
    let error = resolved_by(&from(limits::SQL_RELATIONS_MAX + 1), false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[test]
fn statements_within_queries_are_refused() {
    assert!(refused("SELECT * INTO t FROM runs").message().starts_with("only reading"));
    assert!(refused("WITH x AS (INSERT INTO t VALUES (1)) SELECT 1").message().starts_with("only reading"));
    refused("SELECT 1 FOR UPDATE");
}

#[test]
fn naming_a_key_does_not_depend_on_how_often_it_is_compared() {
    assert_eq!(columns("SELECT 1 FROM runs WHERE summary.loss > config.lr").len(), 2);
}
