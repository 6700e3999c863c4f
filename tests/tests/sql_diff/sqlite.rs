//! The same data in SQLite, in memory.

use rusqlite::Connection;
use rusqlite::types::{Value as Lite, ValueRef};

use super::answers::{Answers, Value};
use super::data::{Cell, Data};
use super::draw::{HISTORY, Query, RUNS};

fn lite(cell: Option<&Cell>) -> Lite {
    match cell {
        None => Lite::Null,
        Some(Cell::Int(number)) => Lite::Integer(*number),
        Some(Cell::Float(number)) => Lite::Real(*number),
        Some(Cell::Text(text)) => Lite::Text((*text).to_owned()),
        Some(Cell::Bool(flag)) => Lite::Integer(i64::from(*flag)),
    }
}

/// A database with the tables `runs` and `history`.
pub(super) fn filled(data: &Data) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("PRAGMA case_sensitive_like = ON").unwrap();
    for (table, columns) in [("runs", RUNS), ("history", HISTORY)] {
        let columns: Vec<String> = columns
            .iter()
            .map(|(name, kind)| format!("{} {}", name.replace('.', "_"), kind.of_sqlite()))
            .collect();
        connection.execute_batch(&format!("CREATE TABLE {table} ({})", columns.join(", "))).unwrap();
    }
    let insert = |table: &str, values: Vec<Lite>| {
        let places = vec!["?"; values.len()].join(", ");
        let mut statement =
            connection.prepare_cached(&format!("INSERT INTO {table} VALUES ({places})")).unwrap();
        statement.execute(rusqlite::params_from_iter(values)).unwrap();
    };
    for run in &data.runs {
        let of_run = |name: &str| {
            let (space, key) = name.split_once('.')?;
            let cells = if space == "config" { &run.config } else { &run.summary };
            cells.iter().find(|(known, _)| *known == key).map(|(_, cell)| cell)
        };
        let id = || Lite::Text(run.id.clone());
        let cells = RUNS.iter().skip(1).map(|(name, _)| lite(of_run(name)));
        insert("runs", std::iter::once(id()).chain(cells).collect());
        for (step, cells) in run.history() {
            let cells = HISTORY.iter().skip(2).map(|(name, _)| lite(cells.get(name)));
            insert("history", [id(), Lite::Integer(step)].into_iter().chain(cells).collect());
        }
    }
    connection
}

/// The rows of a query.
pub(super) fn ask(connection: &Connection, query: &Query) -> Result<Answers, String> {
    let rows = || -> rusqlite::Result<Answers> {
        let mut statement = connection.prepare(&query.for_sqlite())?;
        let rows = statement.query_map([], |row| {
            let cells = (0..query.columns.len()).map(|column| {
                Ok(match row.get_ref(column)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) => Value::Int(number),
                    ValueRef::Real(number) => Value::Float(number),
                    ValueRef::Text(text) | ValueRef::Blob(text) => {
                        Value::Text(String::from_utf8_lossy(text).into_owned())
                    }
                })
            });
            cells.collect()
        })?;
        rows.collect()
    };
    rows().map_err(|error| error.to_string())
}
