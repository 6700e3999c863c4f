//! Pages of the runs table, and groups with distributions.

use arrow::array::RecordBatch;
use engine::{Attribute, ProjectKey, RunKey, State, Value};
use query::output::{Format, Writer};
use query::runs_table::{Page, Request, for_people};
use query::{ErrorKind, QueryOptions, filter};

use crate::fixture::{Fixture, SECOND, START};

/// Eight runs of two optimizers; loss is 0 to 7, the last is NaN; two have no loss.
fn fixture() -> Fixture {
    let fixture = Fixture::new();
    let project = ProjectKey::new("ann", "mnist");
    for number in 0..10 {
        let key = RunKey { project: project.clone(), run: format!("r{number}").into(), generation: 1 };
        let run = fixture.begin_at(key, START + number / 2 * SECOND);
        let optimizer = if number % 3 == 0 { "sgd" } else { "adam" };
        run.config(&format!(r#"{{"opt":"{optimizer}","seed":{number}}}"#));
        match number {
            7 => run.summary(r#"{"loss":NaN}"#),
            8 | 9 => run.end(State::Finished, 0),
            _ => run.summary(&format!(r#"{{"loss":{number}.0,"note":"{optimizer}"}}"#)),
        };
    }
    fixture.run("tagged").set(Attribute::Tags, Value::List(vec![Value::text("x")]));
    fixture
}

fn all(text: &str) -> Request {
    Request::new(filter::parse(text, START).unwrap(), START)
}

fn page(fixture: &Fixture, request: &Request) -> (Vec<String>, u64) {
    let options = QueryOptions::default();
    let answered = fixture.database.runs_table(fixture.snapshot(), request, &options);
    match fixture.runtime.block_on(answered).unwrap_or_else(|error| panic!("{error}\n{}", request.sql())) {
        Page::Runs { answer, total } => {
            let schema = answer.schema();
            let batches = fixture.runtime.block_on(answer.collect()).unwrap();
            let mut writer = Writer::new(Format::Ndjson, &schema, Vec::new()).unwrap();
            batches.iter().for_each(|batch| writer.write(batch).unwrap());
            (lines(writer.finish().unwrap()), total)
        }
        Page::Groups(groups) => {
            assert_eq!(groups.runs, 11);
            (written(&groups.batch), groups.total)
        }
    }
}

fn written(batch: &RecordBatch) -> Vec<String> {
    let mut writer = Writer::new(Format::Ndjson, &batch.schema(), Vec::new()).unwrap();
    writer.write(batch).unwrap();
    lines(writer.finish().unwrap())
}

fn lines(text: Vec<u8>) -> Vec<String> {
    String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
}

fn ids(fixture: &Fixture, request: &Request) -> String {
    let (rows, _) = page(fixture, request);
    let id = |row: &String| {
        Value::from_json(row.as_bytes()).unwrap().get("run_id").unwrap().as_str().unwrap().to_owned()
    };
    rows.iter().map(id).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_page_shows_the_newest_first_and_always_the_id() {
    let fixture = fixture();
    let (rows, total) =
        page(&fixture, &all("").page_of(0, 1).unwrap().with_columns("config.opt, name").unwrap());
    assert_eq!(
        (rows, total),
        (
            vec![r#"{"run_id":"r8","name":"r8","state":"Finished","created_at":"2023-11-14T22:13:24Z","runtime":56.0,"config.opt":"adam"}"#.to_owned()],
            11
        )
    );
    assert_eq!(ids(&fixture, &all("config.opt = sgd")), "r9 r6 r3 r0");
    assert_eq!(ids(&fixture, &all("").in_project("ann/other").unwrap()), "");
    assert_eq!(ids(&fixture, &all("tags = x").in_project("mnist").unwrap()), "tagged");
}

#[test]
fn missing_values_are_last_in_both_directions_and_pages_meet_without_a_gap() {
    let fixture = fixture();
    let sorted = |text: &str| all("").sorted_by(text).unwrap();
    assert_eq!(ids(&fixture, &sorted("summary.loss")), "r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 tagged");
    assert_eq!(ids(&fixture, &sorted("-summary.loss")), "r7 r6 r5 r4 r3 r2 r1 r0 r8 r9 tagged");
    assert_eq!(ids(&fixture, &sorted("state,-config.seed")), "r9 r8 r7 r6 r5 r4 r3 r2 r1 r0 tagged");
    let pages: Vec<String> =
        (0..4).map(|page| ids(&fixture, &sorted("-created_at").page_of(page * 3, 3).unwrap())).collect();
    assert_eq!(pages.join(" | "), "r8 r9 r6 | r7 r4 r5 | r2 r3 r0 | r1 tagged");
}

#[test]
fn groups_have_counts_numbers_with_a_distribution_and_texts() {
    let fixture = fixture();
    let request = all("").grouped_by("config.opt").unwrap();
    let request = request.with_columns("summary.loss,summary.note,created_at,state,exit_code,tags").unwrap();
    let (rows, total) = page(&fixture, &request);
    assert_eq!(total, 3);
    insta::assert_snapshot!(rows.join("\n"), @r#"
    {"config.opt":"adam","runs":6,"summary.loss.count":4,"summary.loss.mean":3.0,"summary.loss.min":1.0,"summary.loss.max":5.0,"summary.loss.bins":[0,0,0,1,0,0,1,0,0,0,0,0,0,1,0,0,1,0,0,0],"summary.note":"adam","summary.note.distinct":1,"created_at.min":"2023-11-14T22:13:20Z","created_at.max":"2023-11-14T22:13:24Z","state":null,"state.distinct":2,"exit_code.count":1,"exit_code.mean":0.0,"exit_code.min":0,"exit_code.max":0,"exit_code.bins":[1],"tags":"","tags.distinct":1}
    {"config.opt":"sgd","runs":4,"summary.loss.count":3,"summary.loss.mean":3.0,"summary.loss.min":0.0,"summary.loss.max":6.0,"summary.loss.bins":[1,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,1],"summary.note":"sgd","summary.note.distinct":1,"created_at.min":"2023-11-14T22:13:20Z","created_at.max":"2023-11-14T22:13:24Z","state":null,"state.distinct":2,"exit_code.count":1,"exit_code.mean":0.0,"exit_code.min":0,"exit_code.max":0,"exit_code.bins":[1],"tags":"","tags.distinct":1}
    {"config.opt":null,"runs":1,"summary.loss.count":0,"summary.loss.mean":null,"summary.loss.min":null,"summary.loss.max":null,"summary.loss.bins":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"summary.note":null,"summary.note.distinct":0,"created_at.min":"2023-11-14T22:13:20Z","created_at.max":"2023-11-14T22:13:20Z","state":"Running","state.distinct":1,"exit_code.count":0,"exit_code.mean":null,"exit_code.min":null,"exit_code.max":null,"exit_code.bins":[0],"tags":"x","tags.distinct":1}
    "#);
    let options = QueryOptions::default();
    let answered = fixture.database.runs_table(fixture.snapshot(), &request, &options);
    let Page::Groups(groups) = fixture.runtime.block_on(answered).unwrap() else { panic!("groups") };
    assert_eq!(groups.ranges().next(), Some(("summary.loss".to_owned(), 0.0, 6.0)));
    insta::assert_snapshot!(written(&for_people(&groups.batch).unwrap()).join("\n"), @r#"
    {"config.opt":"adam","runs":6,"summary.loss.count":4,"summary.loss.mean":3.0,"summary.loss.min":1.0,"summary.loss.max":5.0,"summary.loss.distribution":"   █  █      █  █   ","summary.note":"adam","created_at.min":"2023-11-14T22:13:20Z","created_at.max":"2023-11-14T22:13:24Z","state":"2 values","exit_code.count":1,"exit_code.mean":0.0,"exit_code.min":0,"exit_code.max":0,"exit_code.distribution":"█","tags":""}
    {"config.opt":"sgd","runs":4,"summary.loss.count":3,"summary.loss.mean":3.0,"summary.loss.min":0.0,"summary.loss.max":6.0,"summary.loss.distribution":"█         █        █","summary.note":"sgd","created_at.min":"2023-11-14T22:13:20Z","created_at.max":"2023-11-14T22:13:24Z","state":"2 values","exit_code.count":1,"exit_code.mean":0.0,"exit_code.min":0,"exit_code.max":0,"exit_code.distribution":"█","tags":""}
    {"config.opt":null,"runs":1,"summary.loss.count":0,"summary.loss.mean":null,"summary.loss.min":null,"summary.loss.max":null,"summary.loss.distribution":"                    ","summary.note":null,"created_at.min":"2023-11-14T22:13:20Z","created_at.max":"2023-11-14T22:13:20Z","state":"Running","exit_code.count":0,"exit_code.mean":null,"exit_code.min":null,"exit_code.max":null,"exit_code.distribution":" ","tags":"x"}
    "#);
}

#[test]
fn groups_are_the_largest_first_or_sorted_by_a_key_or_a_column() {
    let fixture = fixture();
    let order = |sort: &str| {
        let request = all("").grouped_by("config.opt,state").unwrap().sorted_by(sort).unwrap();
        let (rows, total) = page(&fixture, &request);
        assert_eq!(total, 5);
        let group = |row: &String| {
            let row = Value::from_json(row.as_bytes()).unwrap();
            let text = |key| row.get(key).unwrap().as_str().unwrap_or("-").chars().next().unwrap();
            format!("{}{}", text("config.opt"), text("state"))
        };
        rows.iter().map(group).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(order(""), "aR sR aF sF -R");
    assert_eq!(order("-config.opt,state"), "sF sR aF aR -R");
    assert_eq!(order("summary.loss"), "aR sR aF sF -R");
    assert_eq!(order("-config.seed"), "sF aF aR sR -R");
}

#[test]
fn what_is_no_request_is_refused_with_the_part_that_is_wrong() {
    let error = all("").sorted_by("nmae").unwrap_err();
    assert_eq!((error.message(), error.position()), ("in the order: there is no key \"nmae\"", None));
    assert!(all("").grouped_by("config").unwrap_err().message().starts_with("in the groups: "));
    assert!(all("").with_columns("a b").is_err());
    let keys = |count: usize| vec!["name"; count].join(",");
    assert!(all("").sorted_by(&keys(64)).is_ok() && all("").grouped_by(&keys(64)).is_ok());
    let many = [all("").sorted_by(&keys(65)).unwrap_err(), all("").grouped_by(&keys(65)).unwrap_err()];
    assert_eq!(many[0].message(), "65 keys to sort by; at most 64 are taken");
    assert_eq!(many[1].message(), "65 keys to group by; at most 64 are taken");
    assert!(many.iter().all(|error| error.kind() == ErrorKind::TooLarge));
    assert!(["", "/p", "e/p/q", "e/"].iter().all(|text| all("").in_project(text).is_err()));
    assert_eq!(all("").page_of(0, 1_000_001).unwrap_err().kind(), ErrorKind::TooLarge);
}

#[test]
fn a_strict_request_fails_at_an_unknown_key_without_a_place_in_a_text_that_nobody_wrote() {
    let fixture = fixture();
    let strict = QueryOptions { strict: true, ..QueryOptions::default() };
    let request = all("summary.lsos > 1");
    let answered =
        fixture.runtime.block_on(fixture.database.runs_table(fixture.snapshot(), &request, &strict));
    let error = answered.unwrap_err();
    assert_eq!((error.position(), error.hint()), (None, Some("did you mean summary.loss?")));
}
