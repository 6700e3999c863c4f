//! `wbq runs`: filters, order, groups, from a folder and through a server.

use insta::assert_snapshot;

use crate::routing::rumour_of;
use crate::sample;
use crate::wbq::{Served, printed, run};

#[test]
fn runs_are_chosen_sorted_and_shown_with_the_columns_asked_for() {
    let dir = sample::folder();
    let told = |args: &[&str]| run(dir.path(), &[&["runs"], args].concat()).told(dir.path());
    assert_snapshot!(told(&["state = finished or summary.loss = NaN", "--sort", "-config.optimizer.lr", "--columns", "project,config.optimizer.lr"]), @r#"
    code 0
    {"run_id":"wide","name":"dry-hill-2","state":"Failed","created_at":"2026-01-02T03:04:05Z","runtime":90.0,"project":"mnist","config.optimizer.lr":0.5}
    {"run_id":"base","name":"sunny-lake-1","state":"Finished","created_at":"2026-01-02T03:04:05Z","runtime":90.0,"project":"mnist","config.optimizer.lr":0.25}
    "#);
    assert_snapshot!(told(&["--project", "mnist", "--sort", "name", "--limit", "1", "--format", "table"]), @r#"
    code 0
    run_id  name        state   created_at            runtime
    ─────────────────────────────────────────────────────────
    wide    dry-hill-2  Failed  2026-01-02T03:04:05Z     90.0
    showing 1 of 2; --limit shows more
    "#);
    assert_snapshot!(told(&[r#"{"name": "base", "tags": "a", "config.epochs": {"$gte": 3}}"#, "--project", "ada/cifar"]), @r#"
    code 0
    {"run_id":"base","name":"calm-sea-1","state":"Running","created_at":"2026-01-02T03:04:05Z","runtime":0.0}
    "#);
    assert_snapshot!(told(&["tags in [a, z] and name contains lake", "--sql"]), @r#"
    code 0
    SELECT run_id, name, state, created_at, runtime FROM runs WHERE (array_has_any(tags, make_array('a', 'z')) AND contains(name, 'lake')) ORDER BY created_at DESC NULLS LAST, run_id, entity, project, generation LIMIT 50 OFFSET 0
    "#);
    assert_eq!(told(&["state = finished", "--format", "csv", "--quiet"]).lines().count(), 3);
}

#[test]
fn groups_are_shown_with_bars_to_people_and_with_counts_to_programs() {
    let dir = sample::folder();
    let told =
        |args: &[&str]| run(dir.path(), &[&["runs", "--group", "project"], args].concat()).told(dir.path());
    let columns = ["--columns", "config.optimizer.lr,state"];
    assert_snapshot!(told(&[&columns[..], &["--format", "table"]].concat()), @r#"
    code 0
    project  runs  config.optimizer.lr.count  config.optimizer.lr.mean  config.optimizer.lr.min  config.optimizer.lr.max  config.optimizer.lr.distribution  state
    ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
    mnist       2                          2                     0.375                     0.25                      0.5  █     █                           2 values
    cifar       1                          1                       1.0                      1.0                      1.0                     █              Running
    "#);
    assert_snapshot!(told(&columns), @r#"
    code 0
    {"project":"mnist","runs":2,"config.optimizer.lr.count":2,"config.optimizer.lr.mean":0.375,"config.optimizer.lr.min":0.25,"config.optimizer.lr.max":0.5,"config.optimizer.lr.bins":[1,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0],"state":null,"state.distinct":2}
    {"project":"cifar","runs":1,"config.optimizer.lr.count":1,"config.optimizer.lr.mean":1.0,"config.optimizer.lr.min":1.0,"config.optimizer.lr.max":1.0,"config.optimizer.lr.bins":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1],"state":"Running","state.distinct":1}
    "#);
    assert_snapshot!(told(&["--limit", "1"]), @r#"
    code 0
    {"project":"mnist","runs":2}
    showing 1 of 2 groups of 3 runs; --limit shows more
    "#);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let dir = sample::folder();
    let told = |args: &[&str]| run(dir.path(), &[&["runs"], args].concat()).told(dir.path());
    assert_snapshot!(told(&["state = finished and sate = x"]), @r#"
    code 1
    error: there is no key "sate"
      at:    line 1, column 22
               state = finished and sate = x
                                    ^
      next:  did you mean state?
    "#);
    assert_snapshot!(told(&[r#"{"state": {"$near": 1}}"#]), @r#"
    code 1
    error: there is no operator $near
      next:  there are $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $regex, $contains, $size, $all and $not on a key; $and, $or, $nor and $not around filters
    "#);
    assert_snapshot!(told(&["--sort", "-nmae"]), @r#"
    code 1
    error: in the order: there is no key "nmae"
      next:  did you mean name?
    "#);
    assert_snapshot!(told(&["summary.lsos > 1", "--strict"]), @r#"
    code 1
    error: no run has summary.lsos
      next:  did you mean summary.loss?
    "#);
    assert_snapshot!(told(&["summary.lsos > 1"]), @r#"
    code 0
    warning: no run has summary.lsos, so it is NULL; near: summary.loss
    "#);
}

#[test]
fn a_server_answers_as_the_folder_does() {
    let dir = sample::folder();
    let asked: [&[&str]; 4] = [
        &["runs", "summary.loss < 1 and tags = a", "--sort", "name", "--columns", "summary.loss"],
        &["runs", "--group", "project", "--columns", "config.optimizer.lr,state", "--format", "table"],
        &["runs", "--as-of", "lsn:3", "--limit", "1"],
        &["runs", "sate = x"],
    ];
    let before = asked.map(|args| run(dir.path(), args).told(dir.path()));
    let server = Served::start(dir.path(), &["--admin", "ada"]);
    let elsewhere = rumour_of(dir.path());
    for (args, before) in asked.into_iter().zip(before) {
        assert_eq!(run(elsewhere.path(), args).told(elsewhere.path()), before, "{args:?}");
    }
    assert!(printed(dir.path(), &["runs", "--help"]).contains("Examples:"));
    assert_eq!(server.stop().0.code(), Some(0));
}
