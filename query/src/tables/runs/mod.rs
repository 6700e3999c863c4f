//! `runs`: a row a run. Its columns are made a chunk of runs at a time and kept while the chunk
//! stands, so that a statement over unchanged runs copies nothing.

mod columns;
mod provider;

use std::borrow::Cow;

use engine::{Attribute, Run, Value};

pub(crate) use columns::TABLE;
pub(crate) use provider::{Identity, RunsSource};

use super::cell::Cell;

/// A cell of a fixed column.
fn cell<'a>(column: &str, run: &'a Run) -> Cell<'a> {
    match column {
        "entity" => Cell::text(&*run.key.project.entity),
        "project" => Cell::text(&*run.key.project.project),
        "run_id" => Cell::text(&*run.key.run),
        "generation" => Cell::Int(run.key.generation.into()),
        "name" => Cell::text(run.name()),
        "state" => Cell::text(run.state.name()),
        "state_reason" => reason(run),
        "exit_code" => Cell::int(run.exit_code.map(i64::from)),
        "tags" => Cell::Texts(run.tags().collect()),
        "author" => Cell::unless_empty(&run.author),
        "created_at" => Cell::Time(run.created),
        "started_at" => Cell::Time(run.started()),
        "heartbeat_at" => Cell::Time(run.heartbeat),
        "finished_at" => Cell::time(run.finished),
        "runtime" => Cell::Float(seconds(run.runtime())),
        "duration" => Cell::Float(seconds(run.duration())),
        "last_step" => Cell::int(run.last_step),
        "history_rows" => Cell::count(run.history.rows),
        "updated_lsn" => Cell::count(run.updated.0),
        "config" => Cell::owned(visible(&run.config).to_strict_json()),
        "summary" => Cell::owned(visible(&run.summary).to_strict_json()),
        "deleted_at" => Cell::time(run.deleted),
        // The rest are attributes, or come with forks and rewinds.
        column => Attribute::ALL
            .into_iter()
            .find(|attribute| attribute.column() == column)
            .and_then(|attribute| run.attribute(attribute))
            .map_or(Cell::Null, attribute),
    }
}

fn attribute(value: &Value) -> Cell<'_> {
    match value {
        Value::Text(text) => Cell::text(&**text),
        Value::Int(number) => Cell::Int(*number),
        _ => Cell::Null,
    }
}

fn reason(run: &Run) -> Cell<'_> {
    match &run.change {
        None => Cell::Null,
        Some(change) if change.evidence.is_empty() => Cell::text(change.cause.name()),
        Some(change) => Cell::Text(Cow::Owned(format!("{}: {}", change.cause.name(), change.evidence))),
    }
}

/// A tree without what is not for people.
fn visible(tree: &engine::Tree) -> Value {
    let members = tree.iter().filter(|(key, _)| *key != engine::HIDDEN_KEY);
    Value::Map(members.map(|(key, value)| (key.into(), value.clone())).collect())
}

fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_is_a_column() {
        for attribute in Attribute::ALL {
            assert!(TABLE.column(attribute.column()).is_some(), "{}", attribute.column());
        }
    }
}
