//! `docs/functions.md` and `docs/sql.md`: each example on them is run and prints what the page says.

use std::fs;
use std::path::Path;

use engine::{Attribute, State, Value};
use query::QueryOptions;
use query::output::{Format, Writer};

use crate::fixture::{Fixture, SECOND, START};

/// Name, learning rate and the loss of the summary.
const RUNS: [(&str, f64, &str); 3] = [("ada", 0.1, "0.295"), ("bob", 0.05, "0.512"), ("cyd", 0.4, "NaN")];

/// The store of the page: three runs of 60 steps, of which `cyd` breaks off at step 45.
fn fixture() -> Fixture {
    let fixture = Fixture::new();
    for (nth, (name, rate, summary)) in RUNS.into_iter().enumerate() {
        let mut rows = Vec::new();
        for step in 0..60_usize {
            let is_broken = name == "cyd" && step >= 45;
            let noise = (step * 7 + nth * 3) % 10;
            let fall = 2.0 / (1.0 + rate * step as f64) + noise as f64 * 0.01;
            let climb = if name == "cyd" { step as f64 * 0.02 } else { 0.0 };
            let loss = if is_broken { "NaN".to_owned() } else { format!("{:.3}", fall + climb) };
            let mut row =
                format!(r#"{{"_step":{step},"_timestamp":{},"train/loss":{loss}"#, 1_700_000_000 + step * 30);
            if step % 10 == 9 {
                row.push_str(&format!(r#","val/acc":{:.2}"#, 0.5 + rate / 2.0 + step as f64 / 200.0));
            }
            row.push('}');
            rows.push(row);
        }
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let mut run = fixture.run(name);
        let optimizer = if name == "bob" { "sgd" } else { "adam" };
        run.log(&rows).config(&format!(r#"{{"lr":{rate},"optimizer":"{optimizer}"}}"#));
        run.summary(&format!(r#"{{"loss":{summary}}}"#));
        let tags = ["baseline", "first"].into_iter().take(2 - nth).map(Value::text).collect();
        run.set(Attribute::Tags, Value::List(tags));
        if name == "bob" {
            let lines = ["epoch 0", "resampled the batch", "epoch 1"];
            run.console_at(START + 90 * SECOND, &lines);
            run.log(&[r#"{"_step":5,"train/loss":2.4}"#]);
        }
        match name {
            "ada" => run.end(State::Finished, 0),
            "cyd" => run.end(State::Failed, 1),
            _ => &run,
        };
    }
    fixture
}

impl Fixture {
    fn printed(&self, sql: &str) -> String {
        let answer = self.ask(sql, &QueryOptions::default()).unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert!(answer.warnings().is_empty(), "{sql}: {:?}", answer.warnings());
        let schema = answer.schema();
        let batches =
            self.runtime.block_on(answer.collect()).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let mut writer = Writer::new(Format::Table, &schema, Vec::new()).unwrap();
        batches.iter().for_each(|batch| writer.write(batch).unwrap());
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }
}

/// The page with each answer as it is printed now, and the headings that have an example.
fn printed(page: &str, fixture: &Fixture) -> (String, Vec<String>) {
    let (mut out, mut with_example) = (String::new(), Vec::new());
    let (mut heading, mut rest) = (String::new(), page);
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        out.push_str(line);
        out.push('\n');
        if let Some(title) = line.strip_prefix("## ") {
            heading = title.to_owned();
        }
        if line != "```sql" {
            continue;
        }
        let (sql, after) =
            rest.split_once("\n```\n").unwrap_or_else(|| panic!("{heading}: the statement does not end"));
        let answer =
            after.strip_prefix("```text\n").unwrap_or_else(|| panic!("{heading}: no answer behind {sql}"));
        let (_, after) =
            answer.split_once("```\n").unwrap_or_else(|| panic!("{heading}: the answer does not end"));
        out.push_str(&format!("{sql}\n```\n```text\n{}```\n", fixture.printed(sql)));
        with_example.push(format!("{heading}\n{sql}"));
        rest = after;
    }
    (out + rest, with_example)
}

/// Checks the answers on a page, or with `WBQ_WRITE_DOCS=1` writes them anew; gives its examples.
fn check(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    let page = fs::read_to_string(&path).unwrap();
    let (printed, examples) = printed(&page, &fixture());
    if std::env::var_os("WBQ_WRITE_DOCS").is_some() {
        fs::write(&path, &printed).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), printed, "docs/{name} is out of date");
    examples
}

/// `WBQ_WRITE_DOCS=1 cargo nextest run --cargo-profile ci --workspace --test main -E 'test(pages)'` writes the
/// answers anew.
#[test]
fn the_page_of_functions_has_an_example_of_each_that_prints_what_it_says() {
    let examples = check("functions.md");
    for function in query::docs::functions().unwrap() {
        let call = format!("{function}(");
        let has_example = examples.iter().any(|example| {
            let (heading, sql) = example.split_once('\n').unwrap();
            heading.contains(&call) && sql.contains(&call)
        });
        assert!(has_example, "docs/functions.md has no example of {function}");
    }
}

#[test]
fn the_statements_that_people_write_most_print_what_their_page_says() {
    let examples = check("sql.md");
    assert!(examples.len() >= 12, "{}", examples.len());
}
