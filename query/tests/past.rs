//! Tables as of moments of the past, beside those of now.

use engine::{Body, State};
use query::{ErrorKind, QueryOptions};

use crate::fixture::{Fixture, START, paths};

/// A store with a run that changed, one that began later, and one that was deleted; and the position
/// before.
fn changed() -> (Fixture, u64) {
    let fixture = Fixture::new();
    fixture.run("a").name("old").summary(r#"{"val/acc":0.5,"deep":{"x":1}}"#).config(r#"{"lr":0.1}"#);
    fixture.run("gone").name("gone");
    let then = fixture.snapshot();
    let run = |ordinal| then.projection.run_at(ordinal).unwrap().unwrap().key.clone();
    fixture.append(run(0), START + 10, Body::SummaryChanged(paths(r#"{"val/acc":0.75}"#)));
    fixture.append(run(1), START + 10, Body::RunDeleted);
    fixture.run("late").name("late").end(State::Finished, 0);
    (fixture, then.durable.0)
}

#[test]
fn a_table_is_looked_at_as_it_was_beside_itself_as_it_is() {
    let (fixture, then) = changed();
    let sql = format!(
        "SELECT now.run_id, now.summary.\"val/acc\" AS now, past.summary['val/acc'] AS past, past.config.lr \
         FROM runs now LEFT JOIN runs_at('lsn:{then}') past USING (run_id) ORDER BY now.run_id"
    );
    assert_eq!(
        fixture.rows(&sql),
        [
            r#"{"run_id":"a","now":0.75,"past":0.5,"config.lr":0.1}"#,
            r#"{"run_id":"late","now":null,"past":null,"config.lr":null}"#
        ]
    );
    let sql = format!("SELECT run_id, runs_at.name FROM runs_at('lsn:{then}') ORDER BY runs_at.run_id");
    assert_eq!(fixture.rows(&sql), [r#"{"run_id":"a","name":"old"}"#, r#"{"run_id":"gone","name":"gone"}"#]);
    let sql = format!("SELECT count(*) AS n FROM events_at('lsn:{then}')");
    assert_eq!(fixture.rows(&sql), [format!(r#"{{"n":{then}}}"#)]);
    assert_eq!(fixture.rows("SELECT count(*) AS n FROM runs_at('now')"), [r#"{"n":2}"#]);
    assert_eq!(fixture.rows("SELECT * FROM runs_at('2001-01-01T00:00:00Z')"), Vec::<String>::new());
}

#[test]
fn history_is_what_was_written_last_by_then() {
    let fixture = Fixture::new();
    let mut run = fixture.run("a");
    run.log(&[r#"{"_step":0,"loss":1}"#]);
    let then = fixture.snapshot().durable.0;
    fixture.run("b");
    let sql = |table: &str| format!("SELECT _step, loss FROM {table} ORDER BY _step");
    assert_eq!(fixture.rows(&sql(&format!("history_at('lsn:{then}')"))), [r#"{"_step":0,"loss":1}"#]);
    assert_eq!(fixture.rows(&sql(&format!("history_at('lsn:{}') h", then - 1))), Vec::<String>::new());
}

#[test]
fn what_is_no_moment_is_told_where_it_stands() {
    let (fixture, _) = changed();
    let error = fixture.error("SELECT *\nFROM runs_at('yesterday-ish')");
    assert_eq!((error.kind(), error.position()), (ErrorKind::Invalid, Some((2, 6))));
    assert!(error.message().contains("is no moment") && error.hint().is_some(), "{error:?}");
    for wrong in
        ["runs_at()", "runs_at(lsn)", "runs_at('now', 'now')", "runs_at(5)", "runs_at(moment => 'now')"]
    {
        let error = fixture.error(&format!("SELECT * FROM {wrong}"));
        assert!(error.message().contains("runs_at takes one moment, as text"), "{wrong}: {error:?}");
    }
    let error = fixture.error("SELECT * FROM files_were('now')");
    assert!(error.message().contains("no table function"), "{error:?}");
}

#[test]
fn run_changes_tell_what_changed_when_and_by_whom() {
    let (fixture, then) = changed();
    assert_eq!(
        fixture.rows(&format!(
            "SELECT run_id, actor, path, value, kind FROM run_changes WHERE lsn > {then} ORDER BY lsn, path"
        )),
        [
            r#"{"run_id":"a","actor":"ann","path":"summary.val/acc","value":0.75,"kind":"set"}"#,
            r#"{"run_id":"late","actor":"ann","path":"state","value":"Running","kind":"set"}"#,
            r#"{"run_id":"late","actor":"ann","path":"name","value":"late","kind":"set"}"#,
            r#"{"run_id":"late","actor":"ann","path":"exit_code","value":0,"kind":"set"}"#,
            r#"{"run_id":"late","actor":"ann","path":"state","value":"Finished","kind":"set"}"#
        ]
    );
    let of_deleted = "SELECT count(*) AS n FROM events WHERE run_id = 'gone'";
    assert_eq!(fixture.rows(of_deleted), [r#"{"n":0}"#], "a deleted run's events are not shown");
    let all = QueryOptions { include_deleted: true, ..QueryOptions::default() };
    let shown = fixture.try_query(of_deleted, &all).unwrap().0;
    assert_eq!(shown.trim(), r#"{"n":3}"#, "begun, named, deleted");
    let last =
        "SELECT value FROM run_changes WHERE run_id = 'a' AND path = 'summary.val/acc' ORDER BY lsn DESC";
    assert_eq!(fixture.rows(last), [r#"{"value":0.75}"#, r#"{"value":0.5}"#]);
}

#[test]
fn a_filter_on_runs_shows_the_same_events_whether_it_chooses_before_or_after_reading() {
    let (fixture, _) = changed();
    fixture.generation("gone", 2).name("again");
    let all = QueryOptions { include_deleted: true, ..QueryOptions::default() };
    let filters = [
        "run_id = 'a'",
        "run_id <> 'a'",
        "run_id IS NULL",
        "run_id IN ('gone', 'late') AND generation = 1",
        "generation = 2",
        "project IS NULL OR run_id LIKE 'l%'",
        "entity = 'nobody'",
    ];
    for table in ["events", "run_changes"] {
        for filter in filters {
            // A condition that names more than the run is left to be looked at above.
            let sql = |more| format!("SELECT * FROM {table} WHERE ({filter}){more} ORDER BY lsn");
            let (before, after) = (sql(""), sql(" OR lsn < 0"));
            assert_eq!(fixture.rows(&before), fixture.rows(&after), "{before}");
            let shown = |sql: &str| fixture.try_query(sql, &all).unwrap().0;
            assert_eq!(shown(&before), shown(&after), "{before}, deleted runs shown");
        }
    }
}
