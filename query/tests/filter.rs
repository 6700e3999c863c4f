//! Filters: what they find, beside an interpreter that follows their rules word for word.
//!
//! Runs and filters are drawn; each filter is written as an expression and as the client's JSON, becomes
//! SQL, and must find exactly the runs that the interpreter finds, from the log and from table files.

use std::fmt::Write as _;

use engine::{Attribute, RunKey, State, Value};
use query::QueryOptions;
use query::filter::{self, Predicate};

use crate::fixture::{Fixture, SECOND, START};

/// Draws numbers; the same seed draws the same.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

/// What a run is, as the interpreter sees it.
struct Run {
    id: String,
    columns: Vec<(&'static str, Value)>,
    config: Value,
    summary: Value,
}

/// A filter as it is drawn.
enum Tree {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    Is { key: &'static str, op: &'static str, value: Value },
}

const KEYS: [&str; 13] = [
    "config.a",
    "config.b",
    "config.deep.x",
    "config.x.y",
    "config.select",
    "config.it's \"odd\"",
    "summary.a",
    "summary.nobody",
    "state",
    "host",
    "exit_code",
    "tags",
    "created_at",
];
const OPS: [&str; 13] = [
    "$eq",
    "$ne",
    "$lt",
    "$lte",
    "$gt",
    "$gte",
    "$in",
    "$nin",
    "$regex",
    "$contains",
    "$exists",
    "$size",
    "$all",
];
/// What runs have, and what they are compared with.
const VALUES: [&str; 22] = [
    "null",
    "true",
    "false",
    "0",
    "-0.0",
    "0.0",
    "1",
    "10",
    "10.0",
    "0.5",
    "-3",
    "1e300",
    "NaN",
    "Infinity",
    "-Infinity",
    "\"10\"",
    "\"true\"",
    "\"a\"",
    "\"ab\"",
    "\"it's\"",
    "\"\\\\_%\\n\"",
    "\"\"",
];
const NESTED: [&str; 4] = ["[]", "[1,2]", "{\"x\":1}", "\"[1,2]\""];
const TAGS: [&str; 4] = ["a", "ab", "b", "it's"];
const STATES: [&str; 3] = ["Running", "Finished", "Failed"];

fn json(text: &str) -> Value {
    Value::from_json(text.as_bytes()).unwrap()
}

fn draw_value(draw: &mut Draw) -> Value {
    json(if draw.below(6) == 0 { draw.of(&NESTED) } else { draw.of(&VALUES) })
}

/// A value of one kind mostly, so that keys are numbers, texts or mixed.
fn draw_run(draw: &mut Draw, number: usize) -> Run {
    let mut tree = |names: &[&str]| {
        let mut members = Vec::new();
        for name in names {
            if draw.below(3) > 0 {
                let value = match *name {
                    "b" => json(draw.of(&["1", "10", "-3", "9007199254740993"])),
                    "deep" => Value::Map(vec![("x".into(), draw_value(draw))]),
                    "select" => Value::text(draw.of(&TAGS)),
                    _ => draw_value(draw),
                };
                members.push((Box::from(*name), value));
            }
        }
        Value::Map(members)
    };
    let config = tree(&["a", "b", "deep", "x.y", "select", "it's \"odd\""]);
    let summary = tree(&["a"]);
    let mut columns = vec![("state", Value::text(draw.of(&STATES)))];
    let tags: Vec<Value> = TAGS.iter().filter(|_| draw.below(3) == 0).map(|tag| Value::text(*tag)).collect();
    if draw.below(4) > 0 {
        columns.push(("tags", Value::List(tags)));
    }
    if draw.below(2) == 0 {
        columns.push(("host", Value::text(draw.of(&TAGS))));
    }
    if columns[0].1.as_str() != Some("Running") {
        columns.push(("exit_code", Value::Int(i64::try_from(draw.below(2)).unwrap())));
    }
    columns.push(("created_at", Value::text(created(number))));
    Run { id: format!("r{number:02}"), columns, config, summary }
}

fn created(number: usize) -> String {
    format!("2023-11-14T22:13:{:02}Z", 20 + number)
}

fn log(fixture: &Fixture, run: &Run, number: usize) {
    let project = engine::ProjectKey::new("ann", "mnist");
    let key = RunKey { project, run: run.id.as_str().into(), generation: 1 };
    let logger = fixture.begin_at(key, START + i64::try_from(number).unwrap() * SECOND);
    logger.config(&run.config.to_json()).summary(&run.summary.to_json());
    for (column, value) in &run.columns {
        let attribute = match *column {
            "tags" => Attribute::Tags,
            "host" => Attribute::Host,
            _ => continue,
        };
        logger.set(attribute, value.clone());
    }
    let code =
        run.columns.iter().find(|(name, _)| *name == "exit_code").map(|(_, code)| code.as_i64().unwrap());
    if let Some(code) = code {
        let state =
            if run.columns[0].1.as_str() == Some("Finished") { State::Finished } else { State::Failed };
        logger.end(state, i32::try_from(code).unwrap());
    }
}

fn draw_tree(draw: &mut Draw, depth: usize) -> Tree {
    let branches = |draw: &mut Draw| (0..1 + draw.below(3)).map(|_| draw_tree(draw, depth - 1)).collect();
    match draw.below(if depth == 0 { 1 } else { 5 }) {
        1 => Tree::And(branches(draw)),
        2 => Tree::Or(branches(draw)),
        3 => Tree::Not(Box::new(draw_tree(draw, depth - 1))),
        _ => draw_condition(draw),
    }
}

fn draw_condition(draw: &mut Draw) -> Tree {
    let (key, op) = (draw.of(&KEYS), draw.of(&OPS));
    let literal = |draw: &mut Draw| match draw.below(3) {
        0 => json(draw.of(&VALUES)),
        _ => match key {
            "tags" | "host" => Value::text(draw.of(&TAGS)),
            "state" => Value::text(draw.of(&STATES)),
            "created_at" => Value::text(created(draw.below(12))),
            _ => json(draw.of(&VALUES)),
        },
    };
    let value = match op {
        "$in" | "$nin" | "$all" => Value::List((0..draw.below(5)).map(|_| literal(draw)).collect()),
        "$regex" => Value::text(draw.of(&["a", "^a$", "b|1", "\\d", "^$", "(?i)TRUE", "'"])),
        "$contains" => Value::text(draw.of(&["a", "ab", "%", "_", "'", "1", ""])),
        "$exists" => Value::Bool(draw.below(2) == 0),
        "$size" => Value::Int(i64::try_from(draw.below(3)).unwrap()),
        _ => literal(draw),
    };
    Tree::Is { key, op, value }
}

// -- The two ways to write it ---------------------------------------------------------------------

impl Tree {
    fn json(&self) -> Value {
        let object = |key: &str, value| Value::Map(vec![(key.into(), value)]);
        let list = |trees: &[Tree]| Value::List(trees.iter().map(Tree::json).collect());
        match self {
            Self::And(trees) => object("$and", list(trees)),
            Self::Or(trees) => object("$or", list(trees)),
            Self::Not(tree) => object("$nor", Value::List(vec![tree.json()])),
            Self::Is { key, op, value } => object(key, object(op, value.clone())),
        }
    }

    /// None where the short language has no words for it.
    fn expression(&self) -> Option<String> {
        let joined = |trees: &[Tree], word: &str| {
            let parts: Option<Vec<String>> = trees.iter().map(Tree::expression).collect();
            Some(format!("({})", parts?.join(word)))
        };
        match self {
            Self::And(trees) => joined(trees, " and "),
            Self::Or(trees) => joined(trees, " OR "),
            Self::Not(tree) => Some(format!("not {}", tree.expression()?)),
            Self::Is { key, op, value } => {
                let word = match *op {
                    "$eq" => "=",
                    "$ne" => "!=",
                    "$lt" => "<",
                    "$lte" => "<=",
                    "$gt" => ">",
                    "$gte" => ">=",
                    "$in" => "in",
                    "$nin" => "not in",
                    "$regex" => "matches",
                    "$contains" => "contains",
                    _ => return None,
                };
                let written = match value {
                    Value::List(values) => {
                        let values: Option<Vec<String>> =
                            values.iter().map(|value| bare(key, value)).collect();
                        format!("[{}]", values?.join(", "))
                    }
                    value => bare(key, value)?,
                };
                let name = match key.split_once('.') {
                    Some((root, name)) => format!("{root}.\"{}\"", name.replace('"', "\"\"")),
                    None => (*key).to_owned(),
                };
                Some(format!("{name} {word} {written}"))
            }
        }
    }
}

/// A value in the short language; beside a column what has no quotes is of the column's type.
fn bare(key: &str, value: &Value) -> Option<String> {
    let is_column = !key.contains('.');
    match value {
        Value::Text(_) if key == "exit_code" => None,
        Value::Text(text) if key == "created_at" && !text.starts_with("20") => None,
        Value::Text(text) => Some(format!("'{}'", text.replace('\'', "''"))),
        Value::Null => Some("null".to_owned()),
        _ if is_column && key != "exit_code" => None,
        value => Some(value.to_json()),
    }
}

// -- The interpreter ------------------------------------------------------------------------------

fn holds(tree: &Tree, run: &Run) -> bool {
    match tree {
        Tree::And(trees) => trees.iter().all(|tree| holds(tree, run)),
        Tree::Or(trees) => trees.iter().any(|tree| holds(tree, run)),
        Tree::Not(tree) => !holds(tree, run),
        Tree::Is { key, op, value } => {
            let own = value_of(run, key);
            let listed = || if let Value::List(values) = value { values.as_slice() } else { &[] };
            match *op {
                "$eq" => equals(key, own.as_ref(), value),
                "$ne" => !equals(key, own.as_ref(), value),
                "$in" => listed().iter().any(|value| equals(key, own.as_ref(), value)),
                "$nin" => !listed().iter().any(|value| equals(key, own.as_ref(), value)),
                "$all" => {
                    !listed().is_empty() && listed().iter().all(|value| equals(key, own.as_ref(), value))
                }
                "$exists" => own.is_some() == (*value == Value::Bool(true)),
                "$size" => match own {
                    Some(Value::List(items)) => {
                        i64::try_from(items.len()).unwrap() == value.as_i64().unwrap()
                    }
                    // No tags are no tags.
                    None if *key == "tags" => value.as_i64() == Some(0),
                    _ => false,
                },
                op => elements(key, own.as_ref()).iter().any(|own| is_so(key, own, op, value)),
            }
        }
    }
}

/// The exact dotted key first, then the path. Where there are no tags there is no value.
fn value_of(run: &Run, key: &str) -> Option<Value> {
    let tree = match key.split_once('.') {
        None => {
            let own = run.columns.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone());
            return own.filter(|own| *own != Value::List(Vec::new()));
        }
        Some(("config", name)) => (&run.config, name),
        Some((_, name)) => (&run.summary, name),
    };
    let (tree, name) = tree;
    let path = || tree.get(name.split_once('.')?.0)?.get(name.split_once('.')?.1);
    tree.get(name).or_else(path).cloned()
}

/// Of the tags each; any other value as it is.
fn elements(key: &str, own: Option<&Value>) -> Vec<Value> {
    match own {
        Some(Value::List(tags)) if key == "tags" => tags.clone(),
        own => own.cloned().into_iter().collect(),
    }
}

fn equals(key: &str, own: Option<&Value>, value: &Value) -> bool {
    match (own, value) {
        (None | Some(Value::Null), Value::Null) => true,
        _ => elements(key, own).iter().any(|own| is_so(key, own, "$eq", value)),
    }
}

/// Numbers with numbers, texts with texts, truth values with truth values; NaN equals NaN alone.
fn is_so(key: &str, own: &Value, op: &str, value: &Value) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = match (own, value) {
        (Value::Text(own), Value::Text(value)) => match op {
            // A time's text is a time, and no text.
            "$regex" | "$contains" if key == "created_at" => return false,
            "$regex" => return regex::Regex::new(value).unwrap().is_match(own),
            "$contains" => return own.contains(&**value),
            _ if key == "created_at" && !value.starts_with("20") => return false,
            _ => own.cmp(value),
        },
        (Value::Bool(own), Value::Bool(value)) => own.cmp(value),
        (Value::Int(own), Value::Int(value)) => own.cmp(value),
        (own, value) => match (own.as_f64(), value.as_f64()) {
            (Some(own), Some(value)) if own.is_nan() && value.is_nan() => return op == "$eq",
            (Some(own), Some(value)) => match own.partial_cmp(&value) {
                Some(order) => order,
                None => return false,
            },
            _ => return false,
        },
    };
    match op {
        "$eq" => order == Equal,
        "$lt" => order == Less,
        "$lte" => order != Greater,
        "$gt" => order == Greater,
        "$gte" => order != Less,
        _ => false,
    }
}

// -- What must agree ------------------------------------------------------------------------------

/// What one statement finds: for each filter the ids of its runs.
fn found(fixture: &Fixture, filters: &[(String, Predicate)]) -> Vec<String> {
    filters
        .iter()
        .map(|(text, predicate)| {
            let condition = filter::condition(predicate, START);
            let sql = format!("SELECT run_id FROM runs WHERE {condition} ORDER BY run_id");
            let (rows, _) = fixture
                .try_query(&sql, &QueryOptions::default())
                .unwrap_or_else(|error| panic!("{text}\n{sql}\n{error}"));
            rows.lines().fold(String::new(), |mut ids, row| {
                let _infallible = write!(ids, "{} ", json(row).get("run_id").unwrap().as_str().unwrap());
                ids
            })
        })
        .collect()
}

#[test]
fn drawn_filters_find_the_runs_that_the_interpreter_finds() {
    let (mut expressions, mut hits) = (0, 0);
    for seed in 0..6 {
        let mut draw = Draw(seed);
        let fixture = Fixture::new();
        let runs: Vec<Run> = (0..12).map(|number| draw_run(&mut draw, number)).collect();
        let (mut filters, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..60 {
            let depth = draw.below(3);
            let tree = draw_tree(&mut draw, depth);
            let ids: String =
                runs.iter().filter(|run| holds(&tree, run)).map(|run| format!("{} ", run.id)).collect();
            let text = tree.json().to_json();
            let predicate = filter::parse(&text, START).unwrap_or_else(|error| panic!("{text}: {error}"));
            if let Some(expression) = tree.expression() {
                let same =
                    filter::parse(&expression, START).unwrap_or_else(|error| panic!("{expression}: {error}"));
                filters.push((expression, same));
                expected.push(ids.clone());
                expressions += 1;
            }
            hits += usize::from(!ids.is_empty() && ids.len() < 12 * 4);
            filters.push((text, predicate));
            expected.push(ids);
        }
        runs.iter().enumerate().for_each(|(number, run)| log(&fixture, run, number));
        for place in ["the log", "table files"] {
            for ((text, predicate), (ids, expected)) in
                filters.iter().zip(found(&fixture, &filters).iter().zip(&expected))
            {
                assert_eq!(
                    ids,
                    expected,
                    "seed {seed}, from {place}: {text}\n{}\n{}",
                    filter::condition(predicate, START),
                    runs.iter()
                        .map(|run| format!(
                            "{} {:?} {} {}\n",
                            run.id,
                            run.columns,
                            run.config.to_json(),
                            run.summary.to_json()
                        ))
                        .collect::<String>()
                );
            }
            fixture.runtime.block_on(fixture.store.compact()).unwrap();
        }
    }
    assert!(expressions > 150 && hits > 100, "{expressions} expressions, {hits} that part the runs");
}

#[test]
fn every_filter_of_the_manual_becomes_the_sql_that_stands_below_it() {
    let fixture = Fixture::new();
    let run = fixture.run("k3v9x2ab");
    run.config(r#"{"lr":0.1,"opt":"adam","note":null}"#).summary(r#"{"val/acc":0.95}"#);
    let manual = include_str!("../../docs/filter.md");
    let blocks = manual.split("```filter\n").skip(1).map(|block| block.split("```").next().unwrap());
    let lines: Vec<&str> = blocks.flat_map(str::lines).collect();
    assert!(lines.len() > 20 && lines.len().is_multiple_of(2), "{}", lines.len());
    for pair in lines.chunks(2) {
        let predicate = filter::parse(pair[0], START).unwrap_or_else(|error| panic!("{}: {error}", pair[0]));
        let condition = filter::condition(&predicate, START);
        assert_eq!(condition, pair[1].trim_start(), "{}", pair[0]);
        let sql = format!("SELECT run_id FROM runs WHERE {condition}");
        fixture.try_query(&sql, &QueryOptions::default()).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}
