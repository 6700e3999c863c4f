//! `wbq diff`: what two runs, or one run at two moments, do not have in common.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use engine::Value;

use super::{Context, show};
use crate::args::{Format, Global};
use crate::failure::{Failure, Result};
use crate::output;

/// Columns that are compared beside config and summary.
const COLUMNS: [&str; 7] = ["name", "state", "exit_code", "group_name", "job_type", "tags", "notes"];

/// A path and what stands there on either side; nothing where the path is not there.
type Differences = BTreeMap<(usize, String), [Option<Value>; 2]>;

pub(crate) fn run(context: &Context<'_>, left: &str, right: &str) -> Result<()> {
    let is_json = match context.global.format {
        None | Some(Format::Table) => false,
        Some(Format::Json | Format::Ndjson) => true,
        Some(_) => return Err(Failure::usage("differences are printed as --format table or json")),
    };
    let mut found = Differences::new();
    for (side, name) in [left, right].into_iter().enumerate() {
        let row = show::nested(&fetch(context, name)?);
        for (path, value) in facts(&row) {
            if let Some(slot) = found.entry(path).or_default().get_mut(side) {
                *slot = Some(value);
            }
        }
    }
    found.retain(|_, [left, right]| left != right);
    output::print(&if is_json { json(&found) } else { text(&found, [left, right]) })
}

/// The run, at the moment behind its `@` if there is one.
fn fetch(context: &Context<'_>, name: &str) -> Result<Value> {
    let Some((run, when)) = name.split_once('@') else {
        return show::fetch(context, context.global, name);
    };
    let global = Global { as_of: Some(when.to_owned()), ..context.global.clone() };
    show::fetch(context, &global, run)
}

/// What is compared, in the order in which it is shown.
fn facts(row: &Value) -> Vec<((usize, String), Value)> {
    let mut facts = Vec::new();
    for (order, column) in COLUMNS.into_iter().enumerate() {
        let value = row.get(column).filter(|value| !matches!(value, Value::Null));
        facts.extend(value.map(|value| ((order, column.to_owned()), value.clone())));
    }
    for (order, tree) in show::TREES.into_iter().enumerate() {
        let leaves = show::leaves(row, tree);
        facts.extend(leaves.map(|(path, leaf)| ((COLUMNS.len() + order, format!("{tree}.{path}")), leaf)));
    }
    facts
}

fn json(found: &Differences) -> String {
    let side = |value: &Option<Value>| value.clone().unwrap_or(Value::Null);
    let rows = found.iter().map(|((_, path), [left, right])| {
        let members = [("path", Value::text(path.as_str())), ("a", side(left)), ("b", side(right))];
        Value::Map(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    });
    Value::List(rows.collect()).to_strict_json() + "\n"
}

fn text(found: &Differences, names: [&str; 2]) -> String {
    if found.is_empty() {
        return "no difference\n".to_owned();
    }
    let [left, right] = names;
    let mut rows = vec![[String::new(), show::escape(left), show::escape(right)]];
    let cell = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), show::plain);
    rows.extend(found.iter().map(|((_, path), [left, right])| [show::escape(path), cell(left), cell(right)]));
    let width = |at: usize| {
        rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0).min(48)
    };
    let (first, second) = (width(0), width(1));
    rows.iter().fold(String::new(), |mut out, [path, left, right]| {
        let _infallible = writeln!(out, "{path:<first$}  {left:<second$}  {right}");
        out
    })
}
