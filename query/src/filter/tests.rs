use super::*;
use crate::error::ErrorKind;
use crate::limits;
use crate::tables::runs::TABLE;
use crate::tables::{Column, Type};

const NOW: Time = 1_795_424_400_000_000_000; // 2026-11-23 09:00:00 UTC

fn sql(text: &str) -> String {
    let predicate = parse(text, NOW).unwrap_or_else(|error| panic!("{text}: {error} {:?}", error.position()));
    condition(&predicate, NOW)
}

fn told(text: &str) -> String {
    let error = parse(text, NOW).expect_err(text);
    let place = error.position().map_or(String::new(), |(line, column)| format!(" at {line}:{column}"));
    format!("{text}\n    {error}{place} ({})", error.hint().unwrap_or("-"))
}

#[test]
fn an_expression_becomes_a_condition_that_people_can_read() {
    let texts = [
        "",
        "state = Finished and (config.lr <= 0.01 or tags in [baseline, prod]) and summary.loss != null",
        "state = finished",
        "not config.lr > 5",
        "name != base and config.opt = adam",
        r#"summary."val/acc" > 0.5 or summary['val/acc'] is null"#,
        "summary.val/acc >= -1e-3",
        "config.layers[0] = 64 and config['a b'].c = 'it''s'",
        "config.order = x and config.optimizer.beta == 2",
        "tags = a and tags != b and tags not in (c, 2024)",
        "tags matches '^v[0-9]+$' and name contains 'x' and config.note not contains y",
        "created_at >= 2026-11-23T10:00:00+01:00 and started_at within 7 days",
        "heartbeat_at > '10 minutes ago' and created_at within 90m",
        "config.x in [1, 2.5, 10.0, a, true, null, 0] and exit_code in [1, 2]",
        "config.x not in [] or config.x in [a]",
        "config.flag = true and config.flag != False",
        "config.x = NaN or config.x < Infinity or config.x = 9223372036854775808",
        "group = g and user = u and id = r and tags is not null and tags is null",
        "NOT name IS NULL AND NOT name IS NOT NULL OR runtime > 60",
    ];
    let shown: Vec<String> = texts.iter().map(|text| format!("{text}\n    {}", sql(text))).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"

        TRUE
    state = Finished and (config.lr <= 0.01 or tags in [baseline, prod]) and summary.loss != null
        state = 'Finished' AND (config.lr <= 0.01 OR array_has_any(tags, make_array('baseline', 'prod'))) AND summary.loss IS NOT NULL
    state = finished
        state = 'Finished'
    not config.lr > 5
        ((config.lr > 5 AND NOT isnan(as_number(config.lr)))) IS NOT TRUE
    name != base and config.opt = adam
        (name IS DISTINCT FROM 'base') AND as_text(config.opt) = 'adam'
    summary."val/acc" > 0.5 or summary['val/acc'] is null
        (summary."val/acc" > 0.5 AND NOT isnan(as_number(summary."val/acc"))) OR summary."val/acc" IS NULL
    summary.val/acc >= -1e-3
        (summary."val/acc" >= -0.001 AND NOT isnan(as_number(summary."val/acc")))
    config.layers[0] = 64 and config['a b'].c = 'it''s'
        config.layers[0] = 64 AND as_text(config."a b.c") = 'it''s'
    config.order = x and config.optimizer.beta == 2
        as_text(config."order") = 'x' AND config.optimizer.beta = 2
    tags = a and tags != b and tags not in (c, 2024)
        array_has(tags, 'a') AND (array_has(tags, 'b')) IS NOT TRUE AND (array_has_any(tags, make_array('c', '2024'))) IS NOT TRUE
    tags matches '^v[0-9]+$' and name contains 'x' and config.note not contains y
        any_regexp_like(tags, '^v[0-9]+$') AND contains(name, 'x') AND (contains(as_text(config.note), 'y')) IS NOT TRUE
    created_at >= 2026-11-23T10:00:00+01:00 and started_at within 7 days
        created_at >= TIMESTAMP '2026-11-23T09:00:00Z' AND started_at >= TIMESTAMP '2026-11-16T09:00:00Z'
    heartbeat_at > '10 minutes ago' and created_at within 90m
        heartbeat_at > TIMESTAMP '2026-11-23T08:50:00Z' AND created_at >= TIMESTAMP '2026-11-23T07:30:00Z'
    config.x in [1, 2.5, 10.0, a, true, null, 0] and exit_code in [1, 2]
        (config.x = true OR config.x IS NULL OR (config.x BETWEEN -0.0 AND 0.0) OR as_number(config.x) IN (1, 10) OR as_number(config.x) IN (2.5) OR as_text(config.x) IN ('a')) AND exit_code IN (1, 2)
    config.x not in [] or config.x in [a]
        (FALSE) IS NOT TRUE OR as_text(config.x) IN ('a')
    config.flag = true and config.flag != False
        config.flag = true AND (config.flag IS DISTINCT FROM false)
    config.x = NaN or config.x < Infinity or config.x = 9223372036854775808
        isnan(as_number(config.x)) OR config.x < CAST('Infinity' AS DOUBLE) OR config.x = 9.223372036854776e18
    group = g and user = u and id = r and tags is not null and tags is null
        group_name = 'g' AND author = 'u' AND run_id = 'r' AND coalesce(cardinality(tags), 0) > 0 AND coalesce(cardinality(tags), 0) = 0
    NOT name IS NULL AND NOT name IS NOT NULL OR runtime > 60
        (name IS NOT NULL AND (name IS NOT NULL) IS NOT TRUE) OR runtime > 60
    "#);
}

#[test]
fn the_clients_json_becomes_the_same_conditions() {
    let texts = [
        r#"{}"#,
        r#"{"name": "r1", "displayName": "base", "state": "finished"}"#,
        r#"{"config.lr.value": {"$lte": 0.01, "$gt": 0}, "summary_metrics.loss": {"$ne": null}}"#,
        r#"{"$or": [{"tags": "a"}, {"tags": {"$in": ["b", "c"]}}], "$nor": [{"tags": {"$ne": "d"}}]}"#,
        r#"{"$and": [{"config.a": {"$not": {"$gt": 1}}}, {"$not": {"group": "g", "jobType": "train"}}]}"#,
        r#"{"createdAt": {"$gte": "2026-11-23T10:00:00"}, "heartbeatAt": {"$lt": "soon"}}"#,
        r#"{"config.a": {"$exists": true}, "host": {"$exists": false}, "tags": {"$exists": 1}}"#,
        r#"{"username": {"$regex": "^an"}, "config.n": {"$contains": "x"}, "config.l": {"$size": 2}}"#,
        r#"{"tags": {"$all": ["a", "b"]}, "config.o": {"$all": ["a"]}, "sweep": {"$nin": ["s"]}}"#,
        r#"{"config.optimizer.value.name": "adam", "summary.a.b": 1, "duration": {"$gte": 60}}"#,
        r#"{"config.x": "10", "config.y": 10.0, "state": 5, "gpu_count": {"$ne": "8"}}"#,
    ];
    let shown: Vec<String> = texts.iter().map(|text| format!("{text}\n    {}", sql(text))).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    {}
        TRUE
    {"name": "r1", "displayName": "base", "state": "finished"}
        run_id = 'r1' AND name = 'base' AND state = 'Finished'
    {"config.lr.value": {"$lte": 0.01, "$gt": 0}, "summary_metrics.loss": {"$ne": null}}
        config.lr <= 0.01 AND (config.lr > 0 AND NOT isnan(as_number(config.lr))) AND summary.loss IS NOT NULL
    {"$or": [{"tags": "a"}, {"tags": {"$in": ["b", "c"]}}], "$nor": [{"tags": {"$ne": "d"}}]}
        (array_has(tags, 'a') OR array_has_any(tags, make_array('b', 'c'))) AND ((array_has(tags, 'd')) IS NOT TRUE) IS NOT TRUE
    {"$and": [{"config.a": {"$not": {"$gt": 1}}}, {"$not": {"group": "g", "jobType": "train"}}]}
        ((config.a > 1 AND NOT isnan(as_number(config.a)))) IS NOT TRUE AND (group_name = 'g' AND job_type = 'train') IS NOT TRUE
    {"createdAt": {"$gte": "2026-11-23T10:00:00"}, "heartbeatAt": {"$lt": "soon"}}
        created_at >= TIMESTAMP '2026-11-23T10:00:00Z' AND FALSE
    {"config.a": {"$exists": true}, "host": {"$exists": false}, "tags": {"$exists": 1}}
        has_key(config.a) AND (host IS NOT NULL) IS NOT TRUE AND coalesce(cardinality(tags), 0) > 0
    {"username": {"$regex": "^an"}, "config.n": {"$contains": "x"}, "config.l": {"$size": 2}}
        regexp_like(author, '^an') AND contains(as_text(config.n), 'x') AND (as_json(config.l) LIKE '[%' AND json_length(as_json(config.l)) = 2)
    {"tags": {"$all": ["a", "b"]}, "config.o": {"$all": ["a"]}, "sweep": {"$nin": ["s"]}}
        array_has_all(tags, make_array('a', 'b')) AND (as_text(config.o) = 'a') AND (sweep_id IN ('s')) IS NOT TRUE
    {"config.optimizer.value.name": "adam", "summary.a.b": 1, "duration": {"$gte": 60}}
        as_text(config."optimizer.name") = 'adam' AND summary.a.b = 1 AND duration >= 60
    {"config.x": "10", "config.y": 10.0, "state": 5, "gpu_count": {"$ne": "8"}}
        as_text(config.x) = '10' AND config.y = 10 AND FALSE AND TRUE
    "#);
}

#[test]
fn errors_of_expressions_say_what_was_expected_and_where() {
    let texts = [
        "state",
        "state =",
        "state = Finished and",
        "state = Finished or or",
        "state = Finished config.lr < 1",
        "sate = Finished",
        "loss < 1",
        "config < 1",
        "config. < 1",
        "= 1",
        "(state = a",
        "state = a)",
        "state = 'a",
        "state ! a",
        "tags in a",
        "tags in [a",
        "tags in [a b]",
        "name is 5",
        "name not 5",
        "name\n  matches '('",
        "name within 7 days",
        "created_at within 7 moons",
        "created_at > yesterday",
        "created_at > lsn:5",
        "config.a[x] = 1",
    ];
    insta::assert_snapshot!(texts.map(told).join("\n"), @r#"
    state
        expected a comparison, found the end at 1:6 (there are = != < <= > >= in, not in, contains, matches, is null, is not null, within)
    state =
        expected a value, found the end at 1:8 (-)
    state = Finished and
        expected a key, such as state or config.lr, found the end at 1:21 (-)
    state = Finished or or
        expected a key, such as state or config.lr, found "or" at 1:21 (-)
    state = Finished config.lr < 1
        expected and, or, or the end, found "config.lr" at 1:18 (-)
    sate = Finished
        there is no key "sate" at 1:1 (did you mean state?)
    loss < 1
        there is no key "loss" at 1:1 (keys are the columns of runs, such as state and tags, and config.NAME and summary.NAME: summary.loss?)
    config < 1
        config is a tree of keys at 1:1 (name one of them, as in config.lr)
    config. < 1
        the name of a key must follow config. at 1:1 (-)
    = 1
        expected a key, such as state or config.lr, found "=" at 1:1 (-)
    (state = a
        expected and, or, or ), found the end at 1:11 (-)
    state = a)
        expected and, or, or the end, found ")" at 1:10 (-)
    state = 'a
        this quote is not closed at 1:9 (-)
    state ! a
        ! means nothing here at 1:7 (write not, or != for unequal)
    tags in a
        expected a list such as [a, b], found "a" at 1:9 (-)
    tags in [a
        expected , or ], found the end at 1:11 (-)
    tags in [a b]
        expected , or ], found "b" at 1:12 (-)
    name is 5
        expected null or not null, found "5" at 1:9 (-)
    name not 5
        expected in, contains or matches, found "5" at 1:10 (-)
    name
      matches '('
        "(" is no regular expression: unclosed group at 2:11 (-)
    name within 7 days
        name is no time at 1:6 (created_at, started_at and heartbeat_at are)
    created_at within 7 moons
        "7 moons" is no span of time at 1:19 (write it as 90 minutes, 12h or 7 days)
    created_at > yesterday
        "yesterday" is no moment at 1:14 (write it as 2026-11-23T10:00:00Z, '2026-11-23 10:00' (local time), '10 minutes ago' or lsn:4711)
    created_at > lsn:5
        a position of the log is no time at 1:14 (-)
    config.a[x] = 1
        expected a place in a list, from 0, found "x" at 1:10 (-)
    "#);
}

#[test]
fn errors_of_json_name_the_operator_or_key() {
    let texts = [
        "{",
        r#"{"state": {"$near": 1}}"#,
        r#"{"$where": "x"}"#,
        r#"{"sate": "x"}"#,
        r#"{"config.a": [1]}"#,
        r#"{"config.a": {"b": 1}}"#,
        r#"{"config.a": {}}"#,
        r#"{"$or": []}"#,
        r#"{"$or": {"state": "x"}}"#,
        r#"{"$and": ["x"]}"#,
        r#"{"tags": {"$in": "x"}}"#,
        r#"{"tags": {"$size": -1}}"#,
        r#"{"name": {"$regex": "("}}"#,
        r#"{"name": {"$contains": 1}}"#,
        r#"{"name": {"$exists": "yes"}}"#,
        r#"{"config": 1}"#,
    ];
    insta::assert_snapshot!(texts.map(told).join("\n"), @r#"
    {
        the filter is no JSON: EOF while parsing an object at line 1 column 1 (-)
    {"state": {"$near": 1}}
        there is no operator $near (there are $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $regex, $contains, $size, $all and $not on a key; $and, $or, $nor and $not around filters)
    {"$where": "x"}
        there is no operator $where (there are $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $regex, $contains, $size, $all and $not on a key; $and, $or, $nor and $not around filters)
    {"sate": "x"}
        there is no key "sate" (did you mean state?)
    {"config.a": [1]}
        config.a cannot be compared with [1] (compare it with a number, a text, true, false or null)
    {"config.a": {"b": 1}}
        config.a cannot be compared with 1 (compare it with a number, a text, true, false or null)
    {"config.a": {}}
        config.a cannot be compared with {} (compare it with a number, a text, true, false or null)
    {"$or": []}
        $or takes a list of filters, not [] (-)
    {"$or": {"state": "x"}}
        $or takes a list of filters, not {"state":"x"} (-)
    {"$and": ["x"]}
        a filter is an object, not "x" (-)
    {"tags": {"$in": "x"}}
        $in takes a list, not "x" (-)
    {"tags": {"$size": -1}}
        $size takes how many, not -1 (-)
    {"name": {"$regex": "("}}
        "(" is no regular expression: unclosed group (-)
    {"name": {"$contains": 1}}
        $contains takes a text, not 1 (-)
    {"name": {"$exists": "yes"}}
        $exists takes true or false, not "yes" (-)
    {"config": 1}
        config is a tree of keys (name one of them, as in config.lr)
    "#);
}

#[test]
fn every_column_of_runs_but_the_trees_is_a_key() {
    for Column { name, kind, .. } in TABLE.columns {
        assert_eq!(parse(&format!("{name} is null"), NOW).is_ok(), *kind != Type::Json, "{name}");
    }
}

#[test]
fn orders_are_read_in_both_languages() {
    let keys = |text| {
        let keys = sort_keys(text).unwrap();
        keys.iter().map(|sort| (sort.key.label(), sort.descending)).collect::<Vec<_>>()
    };
    assert_eq!(
        keys(r#"-created_at,+state, summary."val,acc", -config['a b']"#),
        [
            ("created_at".to_owned(), true),
            ("state".to_owned(), false),
            ("summary.val,acc".to_owned(), false),
            ("config.a b".to_owned(), true),
        ]
    );
    assert_eq!(keys(""), []);
    let client = |text| from_wandb_order(text).map(|sort| (sort.key.label(), sort.descending));
    assert_eq!(client("+created_at").unwrap(), ("created_at".to_owned(), false));
    assert_eq!(client("-summary_metrics.loss").unwrap(), ("summary.loss".to_owned(), true));
    assert_eq!(client("config.lr.value").unwrap(), ("config.lr".to_owned(), false));
    assert_eq!(client("-name").unwrap(), ("run_id".to_owned(), true));
    assert_eq!(sort_keys("state,,").unwrap_err().position(), Some((1, 7)));
    assert_eq!(super::keys("state nmae").unwrap_err().position(), Some((1, 7)));
    assert_eq!(super::keys("state, nmae").unwrap_err().hint(), Some("did you mean name?"));
    assert!(from_wandb_order("-nothing").is_err());
}

#[test]
fn a_limit_is_allowed_and_one_past_it_is_refused() {
    let nested = |n: usize| format!("{}state = a{}", "(".repeat(n), ")".repeat(n));
    let negated = |n: usize| format!("{} state = a", "not ".repeat(n));
    let terms = |n: usize| vec!["tags != a"; n].join(" or ");
    let values = |n: usize| format!("config.a in [{}]", vec!["-1"; n].join(","));
    let bytes = |n: usize| format!("name = {}", "x".repeat(n - 7));
    let json = |n: usize| format!("{}{{}}{}", r#"{"$nor":["#.repeat(n), "]}".repeat(n));
    let keys = |n: usize| {
        let members: Vec<String> = (0..n).map(|n| format!(r#""config.{n}":{{"$nin":[true]}}"#)).collect();
        format!("{{{}}}", members.join(","))
    };
    let cases: [(&dyn Fn(usize) -> String, usize); 7] = [
        (&nested, limits::FILTER_NESTING_MAX),
        (&negated, limits::FILTER_NESTING_MAX),
        (&terms, limits::FILTER_TERMS_MAX),
        (&values, limits::FILTER_VALUES_MAX),
        (&bytes, limits::FILTER_BYTES_MAX),
        (&json, limits::FILTER_NESTING_MAX),
        (&keys, limits::FILTER_TERMS_MAX),
    ];
    for (index, (text, limit)) in cases.into_iter().enumerate() {
        let condition = sql(&text(limit));
        let statement = format!("SELECT run_id FROM runs WHERE ({condition})");
        // As deep as statements are parsed, on the stack that they have.
        let parsed = std::thread::Builder::new()
            .stack_size(limits::STACK_BYTES)
            .spawn(move || crate::guard::parse(&statement).map(drop))
            .unwrap();
        parsed.join().unwrap().unwrap_or_else(|error| panic!("case {index} at {limit}: {error}"));
        for n in [limit + 1, limit * 50] {
            let error = parse(&text(n), NOW).expect_err("past the limit");
            let is_json_depth = error.message().contains("nested deeper");
            assert!(error.kind() == ErrorKind::TooLarge || is_json_depth, "case {index} at {n}: {error}");
        }
    }
}
