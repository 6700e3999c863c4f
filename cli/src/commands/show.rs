//! `wbq show`: everything about one run, for people or as JSON.

use std::fmt::Write as _;

use engine::Value;

use super::Context;
use crate::answer::Answerer;
use crate::args::{Format, Global};
use crate::failure::{Failure, Result};
use crate::place::Place;
use crate::run_name::RunName;
use crate::{interrupt, output};

/// Columns that are trees and come as the text of their JSON.
pub(super) const TREES: [&str; 2] = ["config", "summary"];
/// Columns that the heading shows.
const HEADING: [&str; 4] = ["name", "entity", "project", "run_id"];

pub(crate) fn run(context: &Context<'_>, run: &str) -> Result<()> {
    let is_json = match context.global.format {
        None | Some(Format::Table) => false,
        Some(Format::Json | Format::Ndjson) => true,
        Some(_) => return Err(Failure::usage("a run is shown as --format table or json")),
    };
    let run = fetch(context, context.global, run)?;
    output::print(&if is_json { nested(&run).to_strict_json() + "\n" } else { text(&run) })
}

/// The row of the run that a name means.
pub(super) fn fetch(context: &Context<'_>, global: &Global, run: &str) -> Result<Value> {
    let name: RunName = run.parse()?;
    let (place, global) = (Place::find(global, &context.environment)?, global.clone());
    let sql = format!("SELECT * FROM runs WHERE {}", name.condition());
    let found = interrupt::unless(async move {
        let answerer = Answerer::at(place, &global)?;
        answerer.answer(&sql).await?.rows().await
    })?;
    choose(&name, found)
}

/// The newest generation of the only run that the name can mean.
fn choose(name: &RunName, found: Vec<Value>) -> Result<Value> {
    let path = |row: &Value| {
        let part = |column| row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned();
        format!("{}/{}/{}", part("entity"), part("project"), part("run_id"))
    };
    let mut paths: Vec<_> = found.iter().map(path).collect();
    paths.sort();
    paths.dedup();
    match paths.as_slice() {
        [_, _, ..] => {
            let what = format!("{name} can mean {} runs", paths.len());
            Err(paths
                .iter()
                .fold(Failure::refused(what), |failure, path| failure.next(format!("wbq show {path}"))))
        }
        _ => found
            .into_iter()
            .max_by_key(|row| row.get("generation").and_then(Value::as_i64))
            .ok_or_else(|| name.not_found()),
    }
}

/// The row with its trees as trees.
pub(super) fn nested(row: &Value) -> Value {
    let members = row.as_map().unwrap_or_default().iter().map(|(column, value)| {
        let tree = || Value::from_json(value.as_str()?.as_bytes()).ok();
        let value = if TREES.contains(&&**column) { tree() } else { None }.unwrap_or_else(|| value.clone());
        (column.clone(), value)
    });
    Value::Map(members.collect())
}

fn text(row: &Value) -> String {
    let row = nested(row);
    let part = |column| row.get(column).map(plain).unwrap_or_default();
    let mut out = format!("{}  {}/{}/{}\n", part("name"), part("entity"), part("project"), part("run_id"));
    let members = row.as_map().unwrap_or_default();
    let is_fixed = |column: &str| !TREES.contains(&column) && !HEADING.contains(&column);
    let fixed = members.iter().filter(|(column, value)| is_fixed(column) && !is_empty(value));
    section(
        &mut out,
        "",
        &fixed.map(|(column, value)| (column.to_string(), plain(value))).collect::<Vec<_>>(),
    );
    for tree in TREES {
        let leaves = leaves(&row, tree).map(|(name, leaf)| (escape(&name), plain(&leaf)));
        section(&mut out, tree, &leaves.collect::<Vec<_>>());
    }
    out
}

/// The paths of a tree of the row and what stands there, without what the client hides in it.
pub(super) fn leaves(row: &Value, tree: &str) -> impl Iterator<Item = (String, Value)> + use<> {
    let mut leaves = Vec::new();
    for (key, value) in row.get(tree).and_then(Value::as_map).unwrap_or_default() {
        if &**key != engine::HIDDEN_KEY {
            let mut found = |name: &str, leaf: &Value| leaves.push((name.to_owned(), leaf.clone()));
            engine::leaves_in(value, &mut key.to_string(), &mut found);
        }
    }
    leaves.into_iter()
}

fn section(out: &mut String, title: &str, lines: &[(String, String)]) {
    if lines.is_empty() {
        return;
    }
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default().min(40);
    let _infallible = if title.is_empty() { Ok(()) } else { writeln!(out, "\n{title}") };
    for (name, value) in lines {
        let _infallible = writeln!(out, "  {name:<width$}  {value}");
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}

/// A value on one line, without quotes around text.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => escape(text),
        Value::List(items) if items.iter().all(|item| item.as_str().is_some()) => {
            items.iter().map(plain).collect::<Vec<_>>().join(", ")
        }
        other => other.to_strict_json(),
    }
}

/// Text without the characters that would move a terminal's cursor or worse.
pub(super) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if c.is_control() {
            out.extend(c.escape_default())
        } else {
            out.push(c)
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> Value {
        Value::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn a_run_is_shown_with_its_trees_flat_for_people_and_nested_in_json() {
        let row = row(
            r#"{"entity":"a","project":"p","run_id":"r","generation":1,"name":"sunny","state":"Finished",
            "tags":["x","y"],"notes":null,"config":"{\"lr\":0.1,\"opt\":{\"b\":1},\"_wandb\":{\"t\":1}}",
            "summary":"{\"loss\":\"NaN\"}"}"#,
        );
        assert_eq!(
            text(&row),
            "sunny  a/p/r\n  generation  1\n  state       Finished\n  tags        x, y\n\n\
             config\n  lr     0.1\n  opt.b  1\n\nsummary\n  loss  NaN\n"
        );
        assert!(nested(&row).to_strict_json().contains(r#""config":{"lr":0.1,"opt":{"b":1},"#));
    }

    #[test]
    fn what_would_drive_a_terminal_is_escaped() {
        assert_eq!(escape("a\x1b[31mb\nc"), "a\\u{1b}[31mb\\nc");
    }

    #[test]
    fn a_name_that_can_mean_several_runs_lists_them() {
        let name: RunName = "r".parse().unwrap();
        let rows = ["p", "q"].map(|p| row(&format!(r#"{{"entity":"a","project":"{p}","run_id":"r"}}"#)));
        let lines: Vec<_> = choose(&name, rows.to_vec()).unwrap_err().lines().collect();
        assert_eq!(lines, ["\"r\" can mean 2 runs", "  next:  wbq show a/p/r", "         wbq show a/q/r"]);
        assert!(choose(&name, Vec::new()).is_err());
    }

    #[test]
    fn of_several_generations_the_newest_is_shown() {
        let name: RunName = "r".parse().unwrap();
        let rows = [1, 3, 2]
            .map(|g| row(&format!(r#"{{"entity":"a","project":"p","run_id":"r","generation":{g}}}"#)));
        assert_eq!(choose(&name, rows.to_vec()).unwrap().get("generation"), Some(&Value::Int(3)));
    }
}
